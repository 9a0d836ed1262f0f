//! Saves of assets that are kept (`backup`): listed, and made the asset again.

use std::time::SystemTime;

use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{fact, seconds};
use crate::store::{Change, ResourceRow, VersionRow};

/// The name of the save that an asset is.
pub fn version_id(row: &ResourceRow) -> &str {
    row.facts.extra.get(fact::VERSION_ID).and_then(Value::as_str).unwrap_or_default()
}

/// Keeps what an asset is now, whatever becomes of it. Files that nobody uploaded get the name of their save here.
pub fn keep(row: &mut ResourceRow) -> Change {
    let extra = &mut row.facts.extra;
    extra.entry(fact::VERSION_ID).or_insert_with(|| Uuid::new_v4().simple().to_string().into());
    Change::PutVersion(Box::new(VersionRow { version_id: version_id(row).to_owned(), row: row.clone() }))
}

/// Whether what an asset is now is among the saves that are kept.
pub fn is_kept(row: &ResourceRow, kept: &[VersionRow]) -> bool {
    kept.iter().any(|version| version.version_id == version_id(row))
}

/// The list of an asset's saves.
pub fn told(kept: &[VersionRow]) -> Value {
    let one = |version: &VersionRow| {
        json!({
            "version_id": version.version_id, "version": version.row.version.to_string(),
            "time": seconds(version.row.uploaded_at), "size": version.row.bytes, "restorable": true,
        })
    };
    kept.iter().map(one).collect()
}

/// The save that is to be the asset again: the one that is named among `wanted`, the newest when none is.
pub fn chosen<'a>(kept: &'a [VersionRow], wanted: &[&str]) -> Option<&'a VersionRow> {
    match wanted {
        [] => kept.last(),
        wanted => kept.iter().find(|version| wanted.contains(&version.version_id.as_str())),
    }
}

/// The asset as the save has it, in the place of what has its name now.
pub fn restored(save: &VersionRow, now: Option<&ResourceRow>, at: SystemTime) -> (ResourceRow, Vec<Change>) {
    let mut row = ResourceRow { updated_at: at, ..save.row.clone() };
    if let Some(now) = now {
        row.id = now.id;
        row.created_at = now.created_at;
    }
    // The save is one of this asset from now on.
    let kept = keep(&mut row);
    let over = now.map(|now| now.revision);
    let mut changes = vec![Change::PutResource { row: Box::new(row.clone()), over }];
    if let Some(now) = now.filter(|now| now.sha256 != row.sha256) {
        changes.push(Change::DropDerivedOf { account: now.key.account.clone(), resource: now.id });
    }
    changes.push(kept);
    (row, changes)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::store::ResourceKey;

    fn save(id: &str, sha256: &str) -> VersionRow {
        let key = ResourceKey {
            account: "demo".into(),
            kind: "image".into(),
            delivery: "upload".into(),
            public_id: "a".into(),
        };
        let mut row = ResourceRow { sha256: sha256.into(), version: 7, bytes: 5, ..ResourceRow::new(key, UNIX_EPOCH) };
        row.facts.extra.insert(fact::VERSION_ID.into(), id.into());
        VersionRow { version_id: id.into(), row }
    }

    #[test]
    fn a_save_is_chosen_by_its_name_or_by_its_age() {
        let kept = [save("1", "x"), save("2", "y")];
        let name = |wanted: &[&str]| chosen(&kept, wanted).map(|version| version.version_id.as_str());
        assert_eq!(
            [name(&[]), name(&["1"]), name(&["of another", "2"]), name(&["3"])],
            [Some("2"), Some("1"), Some("2"), None]
        );
        assert!(is_kept(&kept[0].row, &kept) && !is_kept(&kept[0].row, &kept[1..]));
        let entry = json!({
            "version_id": "1", "version": "7", "time": "1970-01-01T00:00:00Z", "size": 5, "restorable": true,
        });
        assert_eq!(told(&kept[..1]), json!([entry]));
    }

    #[test]
    fn a_save_takes_the_place_of_what_is_there() {
        let at = UNIX_EPOCH + Duration::from_secs(9);
        let (old, now) = (save("1", "x"), save("2", "y").row);
        let (row, changes) = restored(&old, Some(&now), at);
        assert_eq!((row.id, row.sha256.as_str(), version_id(&row), row.updated_at), (now.id, "x", "1", at));
        assert!(matches!(
            &changes[..],
            [
                Change::PutResource { over: Some(0), .. },
                Change::DropDerivedOf { .. },
                Change::PutVersion(version)
            ] if version.row == row
        ));
        let (row, changes) = restored(&old, None, at);
        assert_eq!(row.id, old.row.id);
        assert!(matches!(&changes[..], [Change::PutResource { over: None, .. }, Change::PutVersion(_)]));
    }
}
