//! `folders`: those that names and asset folders make, and those that were made empty.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Admin;
use crate::{
    http::cloudinary::reply::{Refusal, anew},
    store::{Change, Column, DocumentQuery, DocumentRow, Filter, ResourceQuery, Test},
};

/// The class of documents that folders are.
const CLASS: &str = "folder";

/// Resources that move with a folder, at most.
const MAX_MOVED: usize = 1000;

/// What a folder's document says: nothing but that it is there.
#[derive(Serialize, Deserialize)]
struct Folder {}

pub(super) async fn dispatch(admin: &Admin, method: &str, path: &str) -> Result<Value, Refusal> {
    match method {
        "GET" => list(admin, path).await,
        "POST" if !path.is_empty() => create(admin, path).await,
        "PUT" if !path.is_empty() => anew!(rename(admin, path).await),
        "DELETE" if !path.is_empty() => delete(admin, path).await,
        _ => Err(admin.no_route(&["folders", path])),
    }
}

fn shown(path: &str) -> Value {
    let name = path.rsplit('/').next().unwrap_or(path);
    json!({"name": name, "path": path, "external_id": external_id(path)})
}

/// The same for the same path: folders have no rows of their own unless they are empty.
fn external_id(path: &str) -> String {
    hex::encode(&Sha256::digest(path.as_bytes())[..16])
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// All folders of the account with those above them.
pub(super) async fn all(admin: &Admin) -> Result<BTreeSet<String>, Refusal> {
    let store = &admin.state().store;
    let mut paths = BTreeSet::new();
    let mut add = |path: &str| {
        let mut path = path;
        while !path.is_empty() && paths.insert(path.to_owned()) {
            path = path.rsplit_once('/').map_or("", |(above, _)| above);
        }
    };
    for column in [Column::Folder, Column::AssetFolder] {
        for (path, _) in store.count_resources(admin.account(), &Filter::default(), Some(column)).await? {
            add(&path);
        }
    }
    let mut query = DocumentQuery { class: CLASS.to_owned(), limit: 500, ..DocumentQuery::default() };
    loop {
        let page = store.documents(admin.account(), query.clone()).await?;
        page.items.iter().for_each(|row| add(&row.name));
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return Ok(paths),
        }
    }
}

fn missing(path: &str) -> Refusal {
    Refusal::new(404, format!("Can't find folder with path {path}"))
}

async fn list(admin: &Admin, path: &str) -> Result<Value, Refusal> {
    let all = all(admin).await?;
    if !path.is_empty() && !all.contains(path) {
        return Err(missing(path));
    }
    let direct = |one: &&String| is_below(one, path) && !one[path.len()..].trim_start_matches('/').contains('/');
    let wanted: Vec<&String> = all.iter().filter(direct).collect();
    let total = wanted.len();
    let limit = if admin.form.has("max_results") { admin.page()? as usize } else { 500 };
    // The cursor is the last path of the page before.
    let after = admin.cursor().unwrap_or_default();
    let page: Vec<&&String> = wanted.iter().filter(|one| one.as_str() > after.as_str()).take(limit).collect();
    let next = page.last().filter(|last| wanted.last().is_some_and(|end| end != **last)).map(|last| last.to_string());
    let folders: Vec<Value> = page.iter().map(|one| shown(one)).collect();
    Ok(json!({"folders": folders, "next_cursor": next, "total_count": total}))
}

/// A path that a folder can have.
fn checked(path: &str) -> Result<&str, Refusal> {
    let path = path.trim_matches('/');
    let bad = path.is_empty()
        || path.len() > 255
        || path.contains(|character: char| "?&#\\%<>+".contains(character) || character.is_control())
        || path.split('/').any(|part| part.trim().is_empty());
    if bad {
        return Err(Refusal::bad(format!(
            "Invalid folder path: {path} (expected at most 255 bytes without ? & # \\ % < > +)"
        )));
    }
    Ok(path)
}

async fn create(admin: &Admin, path: &str) -> Result<Value, Refusal> {
    let path = checked(path)?;
    let owed =
        if all(admin).await?.contains(path) { Vec::new() } else { admin.notices("create_folder", told(path)).await? };
    admin.state().store.change(vec![put(admin, path)], owed).await?;
    let mut answer = shown(path);
    answer["success"] = true.into();
    Ok(answer)
}

fn told(path: &str) -> Value {
    json!({"source": "api", "folder_path": path, "folder_name": path.rsplit('/').next().unwrap_or(path)})
}

fn put(admin: &Admin, path: &str) -> Change {
    let now = admin.state().clock.now();
    let row = DocumentRow {
        account: admin.account().to_owned(),
        class: CLASS.to_owned(),
        name: path.to_owned(),
        body: json!(Folder {}),
        created_at: now,
        updated_at: now,
    };
    Change::PutDocument { row, new: false }
}

fn drop_document(admin: &Admin, path: &str) -> Change {
    Change::DropDocument { account: admin.account().to_owned(), class: CLASS.to_owned(), name: path.to_owned() }
}

/// In either of the two folders of a resource.
fn within(path: &str) -> Filter {
    let under = |column| Filter::Column(column, Test::Under(path.to_owned()));
    Filter::Any(vec![under(Column::Folder), under(Column::AssetFolder)])
}

async fn delete(admin: &Admin, path: &str) -> Result<Value, Refusal> {
    let all = all(admin).await?;
    if !all.contains(path) {
        return Err(missing(path));
    }
    let held = admin.state().store.count_resources(admin.account(), &within(path), None).await?;
    if held.first().is_some_and(|(_, count)| *count > 0) {
        return Err(Refusal::bad("Folder is not empty"));
    }
    let gone: Vec<&String> = all.iter().filter(|one| *one == path || is_below(one, path)).collect();
    let changes = gone.iter().map(|one| drop_document(admin, one)).collect();
    let owed = admin.notices("delete_folder", told(path)).await?;
    admin.state().store.change(changes, owed).await?;
    Ok(json!({"deleted": gone}))
}

/// Moves a folder with everything in it.
async fn rename(admin: &Admin, path: &str) -> Result<Value, Refusal> {
    let to = checked(admin.required("to_folder")?)?;
    let all = all(admin).await?;
    if !all.contains(path) {
        return Err(missing(path));
    }
    if to == path || is_below(to, path) || all.contains(to) {
        return Err(Refusal::new(409, format!("Folder {to} already exists or lies within {path}")));
    }
    let moved = |old: &str| {
        let rest = if old == path { Some("") } else { old.strip_prefix(path).filter(|rest| rest.starts_with('/')) };
        rest.map(|rest| format!("{to}{rest}"))
    };
    let query = ResourceQuery { filter: within(path), limit: 500, ..ResourceQuery::default() };
    let mut changes = Vec::new();
    let mut cursor = None;
    loop {
        let page = admin.state().store.resources(admin.account(), ResourceQuery { cursor, ..query.clone() }).await?;
        for mut row in page.items {
            if let Some(folder) = moved(&row.folder) {
                let name = row.key.public_id[row.folder.len()..].to_owned();
                row.key.public_id = format!("{folder}{name}");
                row.folder = folder;
            }
            if let Some(folder) = moved(&row.asset_folder) {
                row.asset_folder = folder;
            }
            row.updated_at = admin.state().clock.now();
            let over = Some(row.revision);
            changes.push(Change::PutResource { row: Box::new(row), over });
        }
        if changes.len() > MAX_MOVED {
            return Err(Refusal::bad(format!("The folder holds more than {MAX_MOVED} assets")));
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    for old in all.iter().filter(|one| *one == path || is_below(one, path)) {
        changes.push(drop_document(admin, old));
        changes.extend(moved(old).map(|new| put(admin, &new)));
    }
    let body = json!({"source": "api", "from_path": path, "to_path": to});
    let owed = admin.notices("move_or_rename_asset_folder", body).await?;
    admin.state().store.change(changes, owed).await?;
    let named = |path: &str| json!({"name": path.rsplit('/').next().unwrap_or(path), "path": path});
    Ok(json!({"from": named(path), "to": named(to)}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_checked_and_compared_by_their_parts() {
        assert!(is_below("a/b", "a") && is_below("a", "") && !is_below("ab", "a") && !is_below("a", "a"));
        assert_eq!(checked("/a/b/").unwrap(), "a/b");
        for wrong in ["", "/", "a//b", "a/ /b", "a?b", "a\u{0}"] {
            assert_eq!(checked(wrong).unwrap_err().status, 400, "{wrong:?}");
        }
        assert_eq!(external_id("a").len(), 32);
    }
}
