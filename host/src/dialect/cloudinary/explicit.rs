//! What an `explicit` call says of an asset that is there.

use std::time::SystemTime;

use super::{
    answer::Site,
    call::Call,
    eager,
    engine::{Outcome, storage},
    intake::{asked, describe},
    params::UploadParams,
};
use crate::{
    error::{Code, Failure},
    store::{Change, JobRow, ResourceRow, Store},
};

/// Writes what the call says into the asset; tags and context that it names replace those that were there.
pub fn apply(row: &mut ResourceRow, params: &UploadParams, at: SystemTime) {
    if !params.tags.is_empty() {
        row.facts.tags.clear();
    }
    if !params.context.is_empty() {
        row.facts.context.clear();
    }
    describe(row, params);
    row.updated_at = at;
}

/// The end of a call that made transformations.
pub(super) async fn ending(
    call: &Call,
    job: &JobRow,
    store: &dyn Store,
    site: &Site<'_>,
    at: SystemTime,
) -> Result<Outcome, Failure> {
    let params = call.params().map_err(|error| Failure::new(Code::InvalidRequest, error.to_string()))?;
    let found = store.resource(&call.key(&job.account, &call.kind, &call.name)).await.map_err(storage)?;
    let mut row = found.ok_or_else(|| Failure::new(Code::NotFound, format!("Resource not found - {}", call.name)))?;
    apply(&mut row, &params, at);
    let mut answer = site.asset(&row);
    asked(&mut answer, &row, &params);
    let (told, results) = eager::results_of(&params, job, &row, store, site, at).await?;
    answer.insert("eager".to_owned(), told.into());
    let over = Some(row.revision);
    let mut changes = vec![Change::PutResource { row: Box::new(row), over }];
    changes.extend(results);
    Ok(Outcome { answer, changes })
}
