//! Who is told of a job's end, and how: `postback_url` and what stands beside it.

use serde::{Deserialize, Serialize};

use super::{destinations::going, lower::Context, values::Members};
use crate::{dialect::native::lower::web_url, job::Destination, schema::show};

/// The longest time between two tries of a job, and the one that stands in for others, in seconds.
const MAX_DELAY_S: f64 = 100.0;
const USUAL_DELAY_S: u32 = 5;

/// How often a job is tried again.
const TRIES: u32 = 5;

/// Where the JSON of a postback is written to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// The place.
    pub to: Destination,
}

/// Who is told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Told {
    /// By a call.
    pub(super) url: Option<String>,
    /// By a file.
    pub(super) written: Option<Written>,
}

/// Reads `postback_url`: an address, or `{"save": {...}}` with a destination.
///
/// Errors: a sentence.
pub(super) fn postback(job: Members<'_>, context: &Context<'_>) -> Result<Told, String> {
    if let Some(serde_json::Value::Object(members)) = job.get("postback_url") {
        let place = job.place("postback_url");
        let save = Members::new(&place, members).object("save")?;
        let save = save.ok_or_else(|| format!("{place}.save is missing, expected an object with a destination"))?;
        let place = format!("{place}.save");
        let to = going(Members::new(&place, &save), context)?.destination;
        let to =
            to.ok_or_else(|| format!("{place} has no destination, expected s3_destination or azure_destination"))?;
        if matches!(to, Destination::S3 { .. }) && !context.writes_buckets {
            return Err(format!("{place}.s3_destination cannot be written to, the server has no keys for buckets"));
        }
        return Ok(Told { url: None, written: Some(Written { to }) });
    }
    let Some(text) = job.text("postback_url")? else { return Ok(Told::default()) };
    let url = web_url(&text).map_err(|problem| format!("postback_url {problem}"))?;
    (context.rules.check_address)(&url).map_err(|failure| format!("postback_url: {}", failure.message))?;
    Ok(Told { url: Some(text), written: None })
}

/// Reads `postback_headers`.
///
/// Errors: a sentence.
pub(super) fn headers(job: Members<'_>) -> Result<Vec<(String, String)>, String> {
    let mut headers = Vec::new();
    for (name, value) in job.object("postback_headers")?.unwrap_or_default() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if http::HeaderName::try_from(&name).is_err() || http::HeaderValue::try_from(&text).is_err() {
            return Err(format!("postback_headers.{name} is {}, expected a header and its text", show(&value)));
        }
        headers.push((name, text));
    }
    Ok(headers)
}

/// Reads `wait_retry_delay`: after how many seconds a job that failed is tried again.
///
/// Errors: a sentence.
pub(super) fn patience(job: Members<'_>) -> Result<Option<crate::job::Patience>, String> {
    let delay = job.number("wait_retry_delay")?;
    Ok(delay.map(|delay| crate::job::Patience {
        tries: TRIES,
        delay_s: if (0.0..=MAX_DELAY_S).contains(&delay) { delay.round() as u32 } else { USUAL_DELAY_S },
    }))
}
