//! Who submits: an application id, or a signature for jobs that browsers send.
//!
//! An application id is the account's key, a colon and its secret, or one that `blitline.applications` maps to an
//! account, so that clients keep theirs. A signed job names the account's key as `public_token`.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

use super::values::Members;
use crate::dialect::native::auth::{Credentials, parse};

/// What a job says of who sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// An application that the settings know: its account.
    Account(String),
    /// An account's key and secret.
    Credentials(Credentials),
    /// A signed job: the account's key, and what was signed.
    Signed(Signed),
}

/// The signature of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The account's key.
    pub key: String,
    expires: String,
    expires_at: SystemTime,
    /// A regular expression that the key of every destination matches.
    pub key_transform: String,
    signature: String,
}

/// Reads who sends a job. `in_query` is an application id from the address, which counts when the job has none.
///
/// Errors: a sentence.
pub fn sender(
    job: &Map<String, Value>,
    in_query: Option<&str>,
    applications: &BTreeMap<String, String>,
) -> Result<Sender, String> {
    let job = Members::new("", job);
    if job.get("signature").is_some() || job.get("public_token").is_some() {
        return signed(job).map(Sender::Signed);
    }
    let id = job.text("application_id")?.or(in_query.map(str::to_owned)).filter(|id| !id.is_empty());
    let id = id.ok_or("Your application ID is required to process any job. It goes into 'application_id'.")?;
    if let Some(account) = applications.get(&id) {
        return Ok(Sender::Account(account.clone()));
    }
    let credentials = parse(&format!("Bearer {id}"));
    credentials.map(Sender::Credentials).map_err(|_| "Your application ID is not known here.".to_owned())
}

fn signed(job: Members<'_>) -> Result<Signed, String> {
    let expires = job.needed_text("expires")?;
    let expires_at = rfc822(&expires).ok_or_else(|| job.wrong("expires", "a date of RFC 822"))?;
    Ok(Signed {
        key: job.needed_text("public_token")?,
        expires,
        expires_at,
        key_transform: job.needed_text("key_transform")?,
        signature: job.needed_text("signature")?,
    })
}

impl Signed {
    /// Checks the signature with the account's secret, and that it is still good.
    ///
    /// Errors: a sentence.
    pub fn check(&self, secret: Option<&str>, now: SystemTime) -> Result<(), String> {
        let known = secret.is_some();
        let text = format!("{}{}{}", secret.unwrap_or_default(), self.expires, self.key_transform);
        let expected = hex::encode(Sha1::digest(text));
        let equal: bool = expected.as_bytes().ct_eq(self.signature.to_ascii_lowercase().as_bytes()).into();
        if !(equal && known) {
            return Err("The signature does not fit the job.".to_owned());
        }
        if self.expires_at < now {
            return Err(format!("The signature expired at {}.", self.expires));
        }
        Ok(())
    }
}

/// Reads `Mon, 20 Jun 2011 17:34:20 +0000`; the day of the week may be left out, the zone may be `GMT` or `UTC`.
fn rfc822(text: &str) -> Option<SystemTime> {
    let text = text.trim();
    if let Ok(date) = httpdate::parse_http_date(text) {
        return Some(date);
    }
    let rest = text.split_once(',').map_or(text, |(_, rest)| rest).trim();
    let mut parts = rest.split_whitespace();
    let (day, month, year, time) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let zone = parts.next().unwrap_or("GMT");
    let (sign, digits) = match zone {
        "GMT" | "UTC" | "UT" | "Z" => (1, "0000"),
        _ => (if zone.starts_with('-') { -1 } else { 1 }, zone.strip_prefix(['+', '-'])?),
    };
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let shift = sign * (digits[..2].parse::<i64>().ok()? * 3600 + digits[2..].parse::<i64>().ok()? * 60);
    let day: u32 = day.parse().ok()?;
    // The weekday is not checked by those who read dates; the library wants one that fits, so each is tried.
    let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let date = weekdays.iter().find_map(|weekday| {
        httpdate::parse_http_date(&format!("{weekday}, {day:02} {month} {year} {time} GMT")).ok()
    })?;
    let seconds = date.duration_since(UNIX_EPOCH).ok()?.as_secs() as i64 - shift;
    Some(UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(job: Value) -> Result<Sender, String> {
        let applications = BTreeMap::from([("old-id".to_owned(), "shop".to_owned())]);
        sender(job.as_object().unwrap(), None, &applications)
    }

    #[test]
    fn an_application_id_is_a_known_one_or_key_and_secret() {
        assert_eq!(of(json!({"application_id": "old-id"})), Ok(Sender::Account("shop".into())));
        let credentials = Credentials { key: "demo".into(), secret: "right".into() };
        assert_eq!(of(json!({"application_id": "demo:right"})), Ok(Sender::Credentials(credentials)));
        assert!(of(json!({"application_id": "who"})).unwrap_err().contains("not known"));
        assert!(of(json!({"application_id": null})).unwrap_err().starts_with("Your application ID is required"));
        let found = sender(&Map::new(), Some("old-id"), &BTreeMap::from([("old-id".into(), "shop".into())]));
        assert_eq!(found, Ok(Sender::Account("shop".into())));
    }

    #[test]
    fn a_signed_job_is_good_until_it_expires() {
        let expires = "Mon, 20 Jun 2011 17:34:20 +0200";
        let signature = hex::encode(Sha1::digest(format!("secret{expires}^uploads/")));
        let job =
            json!({"public_token": "demo", "expires": expires, "key_transform": "^uploads/", "signature": signature});
        let Ok(Sender::Signed(signed)) = of(job.clone()) else { panic!("{:?}", of(job)) };
        // 15:34:20 UTC
        let until = UNIX_EPOCH + Duration::from_secs(1_308_584_060);
        assert_eq!(signed.check(Some("secret"), until), Ok(()));
        assert!(signed.check(Some("secret"), until + Duration::from_secs(1)).unwrap_err().contains("expired"));
        assert!(signed.check(Some("other"), until).unwrap_err().contains("does not fit"));
        assert!(signed.check(None, until).unwrap_err().contains("does not fit"));
        for missing in ["expires", "key_transform", "signature"] {
            let mut job = job.clone();
            job[missing] = Value::Null;
            assert!(of(job).unwrap_err().starts_with(missing), "{missing}");
        }
        assert!(of(json!({"public_token": "demo", "expires": "soon"})).unwrap_err().contains("RFC 822"));
    }

    #[test]
    fn dates_come_in_several_forms() {
        let expected = Some(UNIX_EPOCH + Duration::from_secs(1_308_584_060));
        for text in [
            "Mon, 20 Jun 2011 15:34:20 GMT",
            "Mon, 20 Jun 2011 15:34:20 +0000",
            "20 Jun 2011 17:34:20 +0200",
            "Mon, 20 Jun 2011 10:04:20 -0530",
        ] {
            assert_eq!(rfc822(text), expected, "{text}");
        }
        for text in ["", "2011-06-20", "Mon, 20 Jun 2011 15:34:20 +2", "Mon, 32 Jun 2011 15:34:20 GMT"] {
            assert_eq!(rfc822(text), None, "{text}");
        }
    }
}
