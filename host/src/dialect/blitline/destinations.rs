//! Places that results go to: a bucket, a blob of Azure, a signed URL.

use serde_json::{Map, Value};
use url::Url;

use super::{lower::Context, sources::bucket, values::Members};
use crate::{job::Destination, schema::show};

/// Where a result goes.
#[derive(Debug, Default)]
pub(super) struct Going {
    /// Where it is put.
    pub(super) destination: Option<Destination>,
    /// What is shown of it.
    pub(super) url: Option<String>,
    /// Whether that is an Azure blob.
    pub(super) is_azure: bool,
    /// The name whose extension tells the format.
    pub(super) name: Option<String>,
    /// The name in a bucket.
    pub(super) key: Option<String>,
    /// Whether that is told.
    pub(super) returns_key: bool,
    /// The format, whatever the name says.
    pub(super) force_type: Option<String>,
}

/// The part of a name behind the last dot.
pub(super) fn extension(name: &str) -> Option<&str> {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.rsplit_once('.').map(|(_, extension)| extension).filter(|extension| !extension.is_empty())
}

/// A name with a page's number before its extension.
pub(super) fn numbered(name: &str, mark: &str, page: u32) -> String {
    let end = extension(name).map_or(name.len(), |extension| name.len() - extension.len() - 1);
    format!("{}{mark}{page}{}", &name[..end], &name[end..])
}

/// Reads where a result goes; nowhere, when nothing is said.
///
/// Errors: a sentence.
pub(super) fn going(save: Members<'_>, context: &Context<'_>) -> Result<Going, String> {
    let kinds = ["s3_destination", "azure_destination", "signed_destination", "ftp_destination"];
    let given: Vec<&str> = kinds.into_iter().filter(|name| save.get(name).is_some()).collect();
    let Some(name) = given.first() else { return Ok(Going::default()) };
    if given.len() > 1 {
        return Err(format!("{} and {} are given, expected one destination", save.place(name), given[1]));
    }
    let members = save.object(name)?.unwrap_or_default();
    if members.is_empty() {
        return Ok(Going::default());
    }
    let place = save.place(name);
    let destination = Members::new(&place, &members);
    let force_type = destination.text("force_type")?;
    let going = match *name {
        "azure_destination" => azure(destination, context)?,
        "signed_destination" => signed(destination, context)?,
        "s3_destination" if destination.get("signed_url").is_some() => signed(destination, context)?,
        "s3_destination" => s3(destination, context)?,
        _ => {
            return Err(format!(
                "{place} is not offered here, expected s3_destination, azure_destination or signed_destination"
            ));
        }
    };
    Ok(Going { force_type, ..going })
}

/// Headers with names in lower case, after these.
fn headers(destination: Members<'_>, first: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
    let mut headers: Vec<(String, String)> =
        first.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let own: Map<String, Value> = destination.object("headers")?.unwrap_or_default();
    for (name, value) in own {
        let place = destination.place("headers");
        let wrong = || format!("{place}.{name} is {}, expected a header and its text", show(&value));
        let text = match &value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return Err(wrong()),
        };
        let is_header = http::HeaderName::try_from(&name).is_ok() && http::HeaderValue::try_from(&text).is_ok();
        if !is_header || ["host", "content-length", "authorization"].contains(&name.to_ascii_lowercase().as_str()) {
            return Err(wrong());
        }
        let name = name.to_ascii_lowercase();
        headers.retain(|(known, _)| *known != name);
        headers.push((name, text));
    }
    Ok(headers)
}

/// A URL that may be put to, and the same without its permission.
fn url(destination: Members<'_>, name: &str, context: &Context<'_>) -> Result<(String, Url), String> {
    let text = destination.needed_text(name)?;
    let place = destination.place(name);
    let url = crate::dialect::native::lower::web_url(&text).map_err(|problem| format!("{place} {problem}"))?;
    (context.rules.check_address)(&url).map_err(|failure| format!("{place}: {}", failure.message))?;
    let mut bare = url.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    Ok((text, bare))
}

fn signed(destination: Members<'_>, context: &Context<'_>) -> Result<Going, String> {
    let (url, bare) = url(destination, "signed_url", context)?;
    context.check_key(bare.path().trim_start_matches('/'))?;
    let to = Destination::Url { url, headers: headers(destination, &[])? };
    Ok(Going { destination: Some(to), name: Some(bare.path().to_owned()), url: Some(bare.into()), ..Going::default() })
}

fn azure(destination: Members<'_>, context: &Context<'_>) -> Result<Going, String> {
    let (url, bare) = url(destination, "shared_access_signature", context)?;
    context.check_key(bare.path().trim_start_matches('/'))?;
    let to = Destination::Url { url, headers: headers(destination, &[("x-ms-blob-type", "BlockBlob")])? };
    let name = Some(bare.path().to_owned());
    Ok(Going { destination: Some(to), name, url: Some(bare.into()), is_azure: true, ..Going::default() })
}

fn s3(destination: Members<'_>, context: &Context<'_>) -> Result<Going, String> {
    let (bucket, region) = bucket(destination)?;
    let key = destination.needed_text("key")?.trim_start_matches('/').to_owned();
    context.check_key(&key)?;
    let url = (context.place_url)(&bucket, &key)?;
    let headers = headers(destination, &[("x-amz-acl", "public-read")])?;
    let to = Destination::S3 { bucket, region, key: key.clone(), headers };
    Ok(Going {
        destination: Some(to),
        url: Some(url),
        name: Some(key.clone()),
        key: Some(key),
        returns_key: destination.flag("return_keys")?,
        ..Going::default()
    })
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn the_number_of_a_page_stands_before_the_extension() {
        for (name, expected) in [
            ("x.y/k.png", "x.y/k__3.png"),
            ("x.y/k", "x.y/k__3"),
            ("http://s3/b/k.tar.gz", "http://s3/b/k.tar__3.gz"),
            ("k.", "k.__3"),
        ] {
            assert_eq!(numbered(name, "__", 3), expected);
        }
    }
}
