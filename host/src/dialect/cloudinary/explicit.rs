//! What an `explicit` call says of an asset that is there.

use std::time::SystemTime;

use super::{
    answer::Site,
    call::Call,
    eager,
    engine::Outcome,
    intake::{asked, describe},
    params::UploadParams,
};
use crate::{
    error::Failure,
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
    let params = call.params()?;
    let mut row = call.asset(&job.account, store).await?;
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
