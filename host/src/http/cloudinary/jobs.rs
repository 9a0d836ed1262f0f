//! Calls that become jobs: submitted, waited for, answered.

use std::time::Duration;

use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    caller::Caller,
    reply::{Refusal, json_response},
};
use crate::{
    dialect::cloudinary::{
        answer::Object,
        call,
        engine::{Ended, told},
        signature::response_signature,
    },
    http::{State, submit, wait},
    job::State as JobState,
    store::{JobRow, NewJob, Submission},
};

/// How long a call is waited for. Clients give up before, and the work goes on without them.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// Accepts a job; answers its id.
pub(super) async fn accept(state: &State, account: &str, job: NewJob) -> Result<Uuid, Refusal> {
    let id = job.id;
    let submission = Submission {
        account: account.to_owned(),
        jobs: vec![job],
        batch: None,
        idempotency: None,
        queue_limit: state.limits.queue_limit,
    };
    submit::accept(state, submission).await?;
    Ok(id)
}

/// Does a job while the client waits.
///
/// Errors: why it failed, or that it is still under way.
pub(super) async fn run(state: &State, account: &str, mut job: NewJob) -> Result<JobRow, Refusal> {
    job.spec.intake.waited = true;
    let id = accept(state, account, job).await?;
    end(state, account, id).await
}

/// Waits for the end of a job.
///
/// Errors: why it failed, or that it is still under way.
async fn end(state: &State, account: &str, id: Uuid) -> Result<JobRow, Refusal> {
    let row = wait::until_final(state, account, id, LONGEST_WAIT).await?;
    match row.state {
        JobState::Succeeded => Ok(row),
        JobState::Queued | JobState::Running => {
            Err(Refusal::new(500, format!("General Error: the request is still being worked on as job {id}")))
        }
        _ => {
            let (status, message) = told(&row);
            Err(Refusal::new(status, message))
        }
    }
}

/// The answer of a job that ended well, signed.
pub(super) fn answer(caller: &Caller, row: &JobRow) -> Result<Response, Refusal> {
    let ended = Ended::of(row).ok_or_else(|| Refusal::new(500, "General Error: the job has no answer"))?;
    Ok(json_response(&signed(caller, ended.answer)))
}

/// Sends a browser on, with what describes the asset in the query.
pub(super) fn redirect(caller: &Caller, row: &JobRow, callback: &str) -> Result<Response, Refusal> {
    let ended = Ended::of(row).ok_or_else(|| Refusal::new(500, "General Error: the job has no answer"))?;
    let answer = signed(caller, ended.answer);
    let mut url = url::Url::parse(callback).map_err(|_| Refusal::bad("Invalid value for parameter callback"))?;
    for (name, value) in answer.iter().filter(|(_, value)| !value.is_array() && !value.is_object()) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        url.query_pairs_mut().append_pair(name, &text);
    }
    Ok(Redirect::to(url.as_str()).into_response())
}

/// The answer of a job that ended well, as it is.
pub(super) fn plain_answer(row: &JobRow) -> Result<Response, Refusal> {
    let ended = Ended::of(row).ok_or_else(|| Refusal::new(500, "General Error: the job has no answer"))?;
    Ok(json_response(&ended.answer))
}

/// An answer that describes a resource, with its signature and the API key.
pub(super) fn signed(caller: &Caller, mut answer: Object) -> Object {
    if let (Some(Value::String(id)), Some(version)) =
        (answer.get("public_id"), answer.get("version").and_then(Value::as_u64))
    {
        let signature = response_signature(id, version, &caller.secret, caller.cloud.algorithm);
        answer.insert("signature".to_owned(), signature.into());
    }
    answer.insert("api_key".to_owned(), caller.key.clone().into());
    answer
}

/// What is answered at once when the work is done later.
pub(super) fn pending(call: &call::Call) -> Response {
    let mut shown = json!({
        "status": "pending",
        "resource_type": call.kind,
        "type": call.delivery,
        "public_id": call.name,
    });
    if let Some(batch_id) = &call.origin.batch_id {
        shown["batch_id"] = batch_id.clone().into();
    }
    json_response(&shown)
}
