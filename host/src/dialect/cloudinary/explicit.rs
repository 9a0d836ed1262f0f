//! What an `explicit` call says of an asset that is there.

use std::time::SystemTime;

use serde_json::{Map, Value};

use super::{
    analysis::Analyses,
    answer::{Object, Site},
    call::Call,
    eager::Results,
    engine::Outcome,
    fields,
    intake::{asked, describe},
    params::UploadParams,
    versions,
};
use crate::{
    error::Failure,
    store::{Change, JobRow, ResourceRow, Store},
};

/// Writes what the call says into the asset; tags and context that it names replace those that were there.
fn apply(row: &mut ResourceRow, params: &UploadParams, metadata: Map<String, Value>, at: SystemTime) {
    if !params.tags.is_empty() {
        row.facts.tags.clear();
    }
    if !params.context.is_empty() {
        row.facts.context.clear();
    }
    describe(row, params, metadata);
    row.updated_at = at;
}

/// The end of a call.
pub(super) async fn ending(
    call: &Call,
    job: &JobRow,
    store: &dyn Store,
    site: &Site<'_>,
    at: SystemTime,
) -> Result<Outcome, Failure> {
    let params = call.params()?;
    let mut row = call.asset(&job.account, store).await?;
    let metadata = fields::checked(store, &job.account, &params.metadata, false).await?;
    apply(&mut row, &params, metadata, at);
    Analyses::of(&params).note(&mut row, job);
    let mut answer = site.asset(&row);
    asked(&mut answer, &row, &params);
    let over = Some(row.revision);
    let results = Results { params: &params, job, row: &row, store, site, at }.tell(&mut answer, call).await?;
    if let Some(batch_id) = &call.origin.batch_id {
        answer.entry("batch_id").or_insert_with(|| batch_id.clone().into());
    }
    let kept = (params.backup == Some(true)).then(|| versions::keep(&mut row));
    let mut changes = vec![Change::PutResource { row: Box::new(row), over }];
    changes.extend(kept);
    changes.extend(results);
    Ok(Outcome { answer, changes })
}

/// The end of a look at an asset that is there: what was found out is noted, and nobody is told.
pub(super) async fn looked(call: &Call, job: &JobRow, store: &dyn Store) -> Result<Outcome, Failure> {
    let mut row = call.asset(&job.account, store).await?;
    Analyses::of(&call.params()?).note(&mut row, job);
    let over = Some(row.revision);
    Ok(Outcome { answer: Object::new(), changes: vec![Change::PutResource { row: Box::new(row), over }] })
}
