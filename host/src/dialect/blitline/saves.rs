//! Where a result goes and how it is written: a function's `save`.

use safelight_codec::Format;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::{
    functions::{Writing, interlaced},
    lower::Context,
    sources::bucket,
    values::Members,
};
use crate::{
    job::{Destination, Encoding, MAX_DPI, Quality},
    pipeline::written_format,
};

/// The quality of a JPEG that does not say.
const QUALITY: u8 = 85;

/// Colours of a PNG that is to be quantized.
const COLORS: u16 = 256;

/// How a result is shown to the client; kept with the job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The output's id.
    pub output: String,
    /// As it was sent.
    pub identifier: String,
    /// Where it is, if it goes elsewhere; else at the output's own URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whether that is an Azure blob.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_azure: bool,
    /// Whether it is told when the picture is of one colour.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checks_blank: bool,
    /// The object's name, if it is to be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// A `save` that was checked.
#[derive(Clone, Debug)]
pub(super) struct Save {
    /// As it was sent; the output's id comes later.
    pub(super) shown: Shown,
    /// How it is written.
    pub(super) encoding: Encoding,
    /// Where it goes beside our own store.
    pub(super) destination: Option<Destination>,
    /// Whether nothing is to be kept.
    pub(super) skip: bool,
}

/// Where a result goes.
#[derive(Default)]
struct Going {
    destination: Option<Destination>,
    /// What is shown of it.
    url: Option<String>,
    is_azure: bool,
    /// The name whose extension tells the format.
    name: Option<String>,
    /// The name in a bucket.
    key: Option<String>,
    returns_key: bool,
    force_type: Option<String>,
}

/// Reads a `save`.
///
/// Errors: a sentence that names the member, its value and what was expected.
pub(super) fn read(save: Members<'_>, writing: Writing, context: &Context<'_>) -> Result<Save, String> {
    let identifier = save.needed_text("image_identifier")?;
    let going = going(save, context)?;
    let named = save.text("extension")?;
    let extension = going.name.as_deref().and_then(extension).or(named.as_deref()).unwrap_or("jpg");
    let wanted = going.force_type.as_deref().unwrap_or(extension);
    let codecs = context.rules.transforms.codecs();
    let format = match format(wanted).and_then(|name| written_format(codecs, &name)) {
        Some(format) => format.name.into_owned(),
        // A name in a bucket may end in anything; what was asked for by name may not.
        None if going.force_type.is_none() && named.as_deref() != Some(wanted) => Format::Jpeg.name().to_owned(),
        None => {
            return Err(format!(
                "{} is {wanted:?}, expected jpg, png, webp, gif, tiff, bmp or avif",
                save.place("extension")
            ));
        }
    };
    if writing.needs_png && format != Format::Png.name() {
        return Err(format!(
            "{} is {format}, expected png: only a lossless format keeps what stegano hides",
            save.place("extension")
        ));
    }
    let shown = Shown {
        output: String::new(),
        identifier,
        url: going.url,
        is_azure: going.is_azure,
        checks_blank: save.flag("check_blank")?,
        key: if going.returns_key { going.key } else { None },
    };
    let encoding = encoding(save, writing, format)?;
    Ok(Save { shown, encoding, destination: going.destination, skip: save.flag("skip")? })
}

fn encoding(save: Members<'_>, writing: Writing, format: String) -> Result<Encoding, String> {
    let is = |wanted: Format| format == wanted.name();
    let quality = match save.number("quality")? {
        Some(quality) if (1.0..=100.0).contains(&quality) => Some(Quality::Fixed(quality.round() as u8)),
        Some(_) => return Err(save.wrong("quality", "1 to 100")),
        None => is(Format::Jpeg).then_some(Quality::Fixed(QUALITY)),
    };
    let interlaced = match save.get("interlace") {
        Some(_) => interlaced(save, "interlace")?,
        None => writing.interlaced.unwrap_or(false),
    };
    let quantized =
        save.get("png_quantize").is_some_and(|value| !matches!(value, Value::Bool(false)) && value != "false");
    if let Some(dpi) = writing.dpi.filter(|dpi| !(1.0..=MAX_DPI).contains(dpi)) {
        return Err(format!("dpi is {dpi}, expected 1 to {MAX_DPI}"));
    }
    Ok(Encoding {
        quality,
        progressive: interlaced && is(Format::Jpeg),
        colors: (quantized && is(Format::Png)).then_some(COLORS),
        dpi: writing.dpi.map(|dpi| dpi as f32),
        keep_metadata: save.flag("save_metadata")?,
        format: Some(format),
        ..Encoding::default()
    })
}

/// The part of a name behind the last dot.
fn extension(name: &str) -> Option<&str> {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.rsplit_once('.').map(|(_, extension)| extension).filter(|extension| !extension.is_empty())
}

/// The format's name for an extension, with or without its dot.
fn format(extension: &str) -> Option<String> {
    let name = extension.trim_start_matches('.').to_ascii_lowercase();
    Some(match name.as_str() {
        "jpg" | "jpe" | "jfif" => "jpeg".to_owned(),
        "tif" => "tiff".to_owned(),
        "" => return None,
        _ => name,
    })
}

fn going(save: Members<'_>, context: &Context<'_>) -> Result<Going, String> {
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
        let wrong = || format!("{place}.{name} is {value}, expected a header and its text");
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
    use serde_json::json;

    use super::{super::lower::tests::with_context, *};

    fn saved(save: Value) -> Result<Save, String> {
        with_context(|context| read(Members::new("save", save.as_object().unwrap()), Writing::default(), context))
    }

    #[test]
    fn the_format_comes_from_the_key_then_the_extension_then_it_is_jpeg() {
        let format = |save: Value| saved(save).unwrap().encoding.format.unwrap();
        let s3 = |key: &str, more: Value| {
            let mut save =
                json!({"image_identifier": "a", "s3_destination": {"bucket": "b", "key": key}, "extension": ".png"});
            for (name, value) in more.as_object().unwrap() {
                save["s3_destination"][name] = value.clone();
            }
            save
        };
        assert_eq!(format(json!({"image_identifier": "a"})), "jpeg");
        assert_eq!(format(json!({"image_identifier": "a", "extension": ".png"})), "png");
        assert_eq!(format(json!({"image_identifier": "a", "extension": "tif"})), "tiff");
        assert_eq!(format(s3("x/y.webp", json!({}))), "webp");
        assert_eq!(format(s3("x.y/z", json!({}))), "png");
        assert_eq!(format(s3("x.jpg", json!({"force_type": "gif"}))), "gif");
        assert_eq!(format(json!({"image_identifier": "a", "s3_destination": {"bucket": "b", "key": "a.v2"}})), "jpeg");
    }

    #[test]
    fn results_are_written_with_the_documented_defaults() {
        let encoding = |save: Value| saved(save).unwrap().encoding;
        assert_eq!(encoding(json!({"image_identifier": "a"})).quality, Some(Quality::Fixed(85)));
        assert_eq!(encoding(json!({"image_identifier": "a", "extension": "png"})).quality, None);
        let all = json!({
            "image_identifier": "a", "quality": "90", "interlace": "PlaneInterlace", "save_metadata": "true"
        });
        let found = encoding(all);
        assert_eq!((found.quality, found.progressive, found.keep_metadata), (Some(Quality::Fixed(90)), true, true));
        let quantized = encoding(json!({"image_identifier": "a", "extension": "png", "png_quantize": 3}));
        assert_eq!(quantized.colors, Some(256));
    }

    #[test]
    fn every_destination_is_read() {
        let to = |name: &str, members: Value| saved(json!({"image_identifier": "a", name: members})).unwrap();
        let s3 = to(
            "s3_destination",
            json!({"bucket": {"name": "b", "location": "eu"}, "key": "/k.jpg", "return_keys": true,
            "headers": {"X-Amz-ACL": "", "Cache-Control": "max-age=5"}}),
        );
        let headers = vec![("x-amz-acl".into(), String::new()), ("cache-control".into(), "max-age=5".into())];
        let expected = Destination::S3 { bucket: "b".into(), region: Some("eu".into()), key: "k.jpg".into(), headers };
        let sorted = |mut to: Destination| {
            let (Destination::S3 { headers, .. } | Destination::Url { headers, .. }) = &mut to;
            headers.sort();
            to
        };
        assert_eq!(s3.destination.map(sorted), Some(sorted(expected)));
        assert_eq!((s3.shown.url.as_deref(), s3.shown.key.as_deref()), (Some("http://s3/b/k.jpg"), Some("k.jpg")));
        let azure = to(
            "azure_destination",
            json!({"account_name": "x", "shared_access_signature": "https://x.test/c/a.png?sig=s"}),
        );
        assert_eq!((azure.shown.url.as_deref(), azure.shown.is_azure), (Some("https://x.test/c/a.png"), true));
        let headers = vec![("x-ms-blob-type".into(), "BlockBlob".into())];
        assert_eq!(azure.destination, Some(Destination::Url { url: "https://x.test/c/a.png?sig=s".into(), headers }));
        for name in ["signed_destination", "s3_destination"] {
            let signed = to(name, json!({"signed_url": "https://x.test/c/a.gif?sig=s"}));
            assert_eq!(signed.shown.url.as_deref(), Some("https://x.test/c/a.gif"));
            assert_eq!(signed.encoding.format.as_deref(), Some("gif"));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (save, part) in [
            (json!({}), "save.image_identifier is missing"),
            (json!({"image_identifier": "a", "quality": 0}), "save.quality is 0, expected 1 to 100"),
            (json!({"image_identifier": "a", "extension": "xyz"}), "save.extension is \"xyz\""),
            (json!({"image_identifier": "a", "s3_destination": {"bucket": "b"}}), "save.s3_destination.key is missing"),
            (json!({"image_identifier": "a", "ftp_destination": {"server": "x"}}), "not offered here"),
            (json!({"image_identifier": "a", "signed_destination": {"signed_url": "file:///x"}}), "http or https"),
            (
                json!({"image_identifier": "a", "s3_destination": {"bucket": "b", "key": "k", "headers": {"host": "x"}}}),
                "headers.host",
            ),
            (
                json!({"image_identifier": "a", "s3_destination": {"bucket": "b", "key": "k"}, "azure_destination": {"a": 1}}),
                "expected one destination",
            ),
        ] {
            let problem = saved(save.clone()).unwrap_err();
            assert!(problem.contains(part), "{save}: {problem}");
        }
    }
}
