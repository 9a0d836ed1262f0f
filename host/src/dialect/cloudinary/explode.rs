//! The pages of a document as pictures: one job for each page, told of together.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    answer::Object,
    apart,
    call::{Action, Call},
    callback::Notice,
    engine::{Ended, storage, told},
    lower,
    params::ParamError,
    transformation::{FormatName, Transformation},
    trigger, works,
};
use crate::{
    error::{Code, Failure},
    job::Accepts,
    source::Source,
    store::{BatchRow, JobFilter, JobRow, NewJob, ResourceRow, Store},
    webhook::NewDelivery,
};

/// Pages of one call, at most.
pub const MAX_PAGES: u32 = 500;

/// What the extra of a batch says: what its jobs are for together.
#[derive(Debug, Serialize, Deserialize)]
pub struct Together {
    /// The call: of a page, or of eager transformations.
    pub call: Call,
    /// The asset's id.
    pub asset_id: String,
}

/// The transformations of all pages: `pg_all` replaced by each page's number, in canonical form.
///
/// # Errors
/// A transformation without `pg_all`.
pub fn pages(text: &str, count: u32) -> Result<Vec<String>, ParamError> {
    let expected = || ParamError::Invalid {
        field: "transformation",
        value: text.to_owned(),
        expected: "a transformation with pg_all".to_owned(),
    };
    Transformation::parse(text)?;
    let all = |part: &str| part == "pg_all";
    if !text.split(['/', ',']).any(all) {
        return Err(expected());
    }
    let page = |number: u32| {
        let replaced: Vec<String> = text
            .split('/')
            .map(|component| {
                let parts =
                    component.split(',').map(|part| if all(part) { format!("pg_{number}") } else { part.to_owned() });
                parts.collect::<Vec<_>>().join(",")
            })
            .collect();
        Ok(Transformation::parse(&replaced.join("/"))?.to_string())
    };
    (1..=count).map(page).collect()
}

/// The jobs that make the pages.
///
/// # Errors
/// As [`pages`].
pub fn jobs(call: &Call, row: &ResourceRow, text: &str, format: FormatName) -> Result<Vec<NewJob>, Failure> {
    let invalid = |error: ParamError| Failure::new(Code::InvalidParams, error.to_string());
    let mut jobs = Vec::new();
    for page in pages(text, row.pages.clamp(1, MAX_PAGES)).map_err(invalid)? {
        let transformation =
            Transformation::parse(&page).map_err(|error| Failure::new(Code::InvalidParams, error.to_string()))?;
        let form = vec![("eager".to_owned(), format!("{page}/{}", format.name()))];
        let page = Call { action: Action::Page, form, ..call.clone() };
        let source = Source::Blob { sha256: row.sha256.clone(), asset: None };
        let params = page.params().map_err(|failure| Failure::new(Code::InvalidParams, failure.message))?;
        let mut job = page.job(source, Accepts::Pictures, works::output_ids(&params, false))?;
        job.spec.rendering = lower::rendering(&transformation);
        jobs.push(job);
    }
    Ok(jobs)
}

/// What is told when all jobs of a batch have ended.
pub(super) async fn deliveries(batch: &BatchRow, store: &dyn Store) -> Result<Vec<NewDelivery>, Failure> {
    let Ok(Together { call, asset_id }) = Together::deserialize(&batch.extra) else { return Ok(Vec::new()) };
    let kind = match call.action {
        Action::Eager => "eager",
        _ => "explode",
    };
    let mut urls = call.origin.notify.clone();
    if urls.is_empty() {
        urls = trigger::addresses(store, &batch.account, kind).await.map_err(storage)?;
    }
    if urls.is_empty() {
        return Ok(Vec::new());
    }
    let filter = JobFilter { batch: Some(batch.id), limit: MAX_PAGES, ..JobFilter::default() };
    let mut jobs = store.jobs(&batch.account, filter).await.map_err(storage)?.items;
    // Newest first, in the order in which they were made.
    jobs.reverse();
    let body = match call.action {
        Action::Eager => apart::ended(&call, &asset_id, &jobs),
        _ => exploded(&call, asset_id, &jobs),
    };
    let notice = Notice {
        kind,
        account: &batch.account,
        origin: &call.origin,
        job: None,
        event: batch.id,
        at: batch.finished_at.unwrap_or(batch.created_at),
        body,
    };
    Ok(notice.to(&urls))
}

fn exploded(call: &Call, asset_id: String, jobs: &[JobRow]) -> Object {
    let infos: Vec<Value> = jobs.iter().map(page).collect();
    let mut body = Object::new();
    body.insert("pages".to_owned(), infos.len().into());
    body.insert("image_infos".to_owned(), infos.into());
    body.insert("asset_id".to_owned(), asset_id.into());
    body.insert("public_id".to_owned(), call.name.clone().into());
    body
}

/// What is told of one page.
fn page(job: &JobRow) -> Value {
    let ended = Ended::of(job);
    let made = ended.as_ref().and_then(|ended| ended.answer.get("eager")?.get(0));
    match made {
        Some(made) if made.get("bytes").is_some() => {
            json!({"bytes": made["bytes"], "url": made["url"], "secure_url": made["secure_url"]})
        }
        Some(failed) => failed.clone(),
        None => json!({"status": "failed", "reason": told(job).1}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_a_transformation_of_its_own() {
        assert_eq!(pages("pg_all", 2).unwrap(), ["pg_1", "pg_2"]);
        assert_eq!(pages("w_200,c_scale,pg_all/e_sepia", 1).unwrap(), ["c_scale,pg_1,w_200/e_sepia"]);
        for wrong in ["", "pg_1", "w_200", "e_pg_all"] {
            assert!(pages(wrong, 1).is_err(), "{wrong}");
        }
    }
}
