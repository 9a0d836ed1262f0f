//! What is made here and stored under a name: sheets, animations, documents, texts.

use std::time::SystemTime;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    answer::{Object, Site, fact, shown_place},
    call::{Action, Call, MADE},
    engine::{Outcome, storage, unix},
    intake::extension_of,
};
use crate::{
    error::{Code, Failure},
    job::OutputReport,
    store::{Change, DerivedRow, JobRow, ResourceRow, Store},
};

/// The fact of a sheet that says, by transformation, where each picture lies.
pub const SHEETS: &str = "sheets";

/// The fact of a text that says how it looks.
pub const STYLE: &str = "text_style";

/// What the end of such a job changes and answers.
pub(super) async fn ending(
    call: &Call,
    job: &JobRow,
    store: &dyn Store,
    site: &Site<'_>,
    at: SystemTime,
) -> Result<Outcome, Failure> {
    let missing = |what: &str| Failure::new(Code::Internal, format!("the job's report has no {what}"));
    let output = job.report.outputs.iter().find(|output| output.id == MADE).ok_or_else(|| missing("result"))?;
    let key = call.key(&job.account, &call.kind, &call.name);
    let previous = store.resource(&key).await.map_err(storage)?;
    let (folder, name) = shown_place(&call.name);
    let new = ResourceRow::new(key, at);
    let mut row = ResourceRow {
        id: previous.as_ref().map_or(new.id, |previous| previous.id),
        version: unix(at),
        sha256: output.sha256.clone().ok_or_else(|| missing("SHA-256"))?,
        etag: output.md5.clone().ok_or_else(|| missing("MD5"))?,
        bytes: output.bytes.unwrap_or_default(),
        format: extension_of(output.format.as_deref().unwrap_or_default()).to_owned(),
        width: output.width.unwrap_or_default(),
        height: output.height.unwrap_or_default(),
        pages: output.frames.unwrap_or(1),
        asset_folder: folder.clone(),
        folder,
        display_name: name,
        created_at: previous.as_ref().map_or(at, |previous| previous.created_at),
        ..new
    };
    let extra = &mut row.facts.extra;
    extra.insert(fact::VERSION_ID.to_owned(), Uuid::new_v4().simple().to_string().into());
    let mut answer = Object::new();
    match call.action {
        Action::Sprite => {
            let infos = places(output);
            let mut sheets = previous
                .as_ref()
                .and_then(|previous| previous.facts.extra.get(SHEETS)?.as_object().cloned())
                .unwrap_or_default();
            sheets.insert(call.made_by.clone(), infos.clone());
            extra.insert(SHEETS.to_owned(), sheets.into());
            for (name, extension) in [("css", "css"), ("image", row.format.as_str()), ("json", "json")] {
                let (url, secure_url) = site.urls(&row, &call.made_by, Some(extension));
                answer.insert(format!("{name}_url"), url.into());
                answer.insert(format!("secure_{name}_url"), secure_url.into());
            }
            answer.insert("image_infos".to_owned(), infos);
        }
        Action::Text => {
            extra.insert(STYLE.to_owned(), call.made_by.clone().into());
            answer = site.asset(&row);
        }
        _ => {
            let (url, secure_url) = site.urls(&row, &call.made_by, Some(row.format.as_str()));
            answer.insert("url".to_owned(), url.into());
            answer.insert("secure_url".to_owned(), secure_url.into());
            answer.insert("asset_id".to_owned(), row.id.simple().to_string().into());
        }
    }
    answer.insert("public_id".to_owned(), row.key.public_id.clone().into());
    answer.insert("version".to_owned(), row.version.into());
    let derived = DerivedRow {
        id: Uuid::new_v4(),
        account: row.key.account.clone(),
        resource: row.id,
        transformation: call.made_by.clone(),
        extension: row.format.clone(),
        key: String::new(),
        sha256: row.sha256.clone(),
        etag: row.etag.clone(),
        bytes: row.bytes,
        format: row.format.clone(),
        width: row.width,
        height: row.height,
        created_at: at,
    };
    let over = previous.map(|previous| previous.revision);
    let mut changes = vec![Change::PutResource { row: Box::new(row), over }];
    if call.action != Action::Text {
        changes.push(Change::PutDerived(derived));
    }
    Ok(Outcome { answer, changes })
}

/// Where each picture of a sheet lies, by its name.
fn places(output: &OutputReport) -> Value {
    let images = output.data.iter().find_map(|data| data.get("images")?.as_array());
    let place = |image: &Value| {
        let name = image.get("name")?.as_str()?.to_owned();
        Some((name, json!({"width": image["width"], "height": image["height"], "x": image["x"], "y": image["y"]})))
    };
    images.into_iter().flatten().filter_map(place).collect::<Map<_, _>>().into()
}
