//! Two documents, of which one may have other ids, times and URLs.

use std::collections::BTreeMap;

use serde_json::Value;

/// How near numbers with a fraction have to be: confidences are told with four digits.
const NEAR: f64 = 5e-5;

/// Members whose values are ids.
const IDS: [&str; 4] = ["id", "job_id", "renderId", "batchId"];

/// Members whose values are URLs.
const URLS: [&str; 5] = ["url", "proxyUrl", "webhookUrl", "s3_url", "renderUrl"];

/// Members whose values are milliseconds since 1970.
const TIMES: [&str; 1] = ["createdAt"];

#[track_caller]
pub(super) fn assert_as_documented(sent: &Value, documented: &Value) {
    let mut ids = BTreeMap::new();
    if let Err(problem) = compare("", "", sent, documented, &mut ids) {
        panic!("{problem}\nsent: {sent:#}\ndocumented: {documented:#}");
    }
}

/// What begins an id, before its opaque part.
fn prefix(id: &str) -> &str {
    id.split_once('_').map_or("", |(prefix, _)| prefix)
}

fn compare<'a>(
    at: &str,
    name: &str,
    sent: &'a Value,
    documented: &'a Value,
    ids: &mut BTreeMap<&'a str, &'a str>,
) -> Result<(), String> {
    let differ = |what: &str| Err(format!("{at}: {what}: {sent} is sent, {documented} is documented"));
    match (sent, documented) {
        (Value::Object(sent), Value::Object(wanted)) => {
            let keys = |members: &'a serde_json::Map<String, Value>| {
                let mut keys: Vec<&str> = members.keys().map(String::as_str).collect();
                keys.sort_unstable();
                keys
            };
            if keys(sent) != keys(wanted) {
                return differ("other members");
            }
            wanted.iter().try_for_each(|(key, wanted)| compare(&format!("{at}.{key}"), key, &sent[key], wanted, ids))
        }
        (Value::Array(sent), Value::Array(wanted)) if sent.len() == wanted.len() => {
            let mut pairs = sent.iter().zip(wanted).enumerate();
            pairs.try_for_each(|(index, (sent, wanted))| compare(&format!("{at}[{index}]"), name, sent, wanted, ids))
        }
        (Value::String(sent), Value::String(wanted)) if IDS.contains(&name) => {
            let known = ids.entry(wanted).or_insert(sent);
            let same_kind = name == "job_id" && sent.len() == wanted.len() || prefix(sent) == prefix(wanted);
            if *known == sent && same_kind { Ok(()) } else { differ("another id") }
        }
        (Value::String(sent), Value::String(wanted)) if URLS.contains(&name) && !wanted.is_empty() => {
            if url::Url::parse(sent).is_ok() {
                Ok(())
            } else {
                differ("no URL")
            }
        }
        (Value::Number(sent), Value::Number(_)) if TIMES.contains(&name) => {
            // Between 2020 and 2200.
            let millis = sent.as_u64().unwrap_or_default();
            if (1_577_836_800_000..7_258_118_400_000).contains(&millis) { Ok(()) } else { differ("no time") }
        }
        (Value::Number(sent), Value::Number(wanted)) if wanted.is_f64() => {
            let near = (sent.as_f64().unwrap_or(f64::NAN) - wanted.as_f64().unwrap_or(f64::NAN)).abs() < NEAR;
            if near { Ok(()) } else { differ("another number") }
        }
        _ if sent == documented => Ok(()),
        _ => differ("another value"),
    }
}
