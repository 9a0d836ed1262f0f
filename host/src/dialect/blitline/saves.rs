//! Where a result goes and how it is written: a function's `save`.

use safelight_codec::Format;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    destinations::{self, extension, going},
    functions::{Writing, interlaced},
    lower::Context,
    values::Members,
};
use crate::{
    job::{Destination, Encoding, MAX_DPI, Quality},
    metadata::EXIF_TEXTS,
    pipeline::written_format,
    schema::show,
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

impl Shown {
    /// The same of a page.
    pub(super) fn numbered(&self, mark: &str, page: u32) -> Shown {
        let of = |name: &String| destinations::numbered(name, mark, page);
        Shown {
            identifier: format!("{}{mark}{page}", self.identifier),
            url: self.url.as_ref().map(of),
            key: self.key.as_ref().map(of),
            ..self.clone()
        }
    }
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
    let max_bytes = match save.number("max_filesize")? {
        Some(most) if most >= 1.0 => Some(most as u64),
        Some(_) => return Err(save.wrong("max_filesize", "a number of bytes")),
        None => None,
    };
    Ok(Encoding {
        max_bytes,
        exif: exif(save)?,
        quality,
        progressive: interlaced && is(Format::Jpeg),
        colors: (quantized && is(Format::Png)).then_some(COLORS),
        dpi: writing.dpi.map(|dpi| dpi as f32),
        keep_metadata: save.flag("save_metadata")?,
        format: Some(format),
        ..Encoding::default()
    })
}

/// Texts that a result is given.
fn exif(save: Members<'_>) -> Result<Vec<(String, String)>, String> {
    let mut texts = Vec::new();
    for (name, value) in save.object("set_exif")?.unwrap_or_default() {
        let same = |known: &&(&str, _)| known.0.eq_ignore_ascii_case(&name);
        let Some((known, _)) = EXIF_TEXTS.iter().find(same) else {
            let known: Vec<&str> = EXIF_TEXTS.iter().map(|(known, _)| *known).collect();
            return Err(format!(
                "{}.{name} is not known, expected one of {}",
                save.place("set_exif"),
                known.join(", ")
            ));
        };
        match value {
            Value::String(text) if !text.contains('\0') => texts.push(((*known).to_owned(), text)),
            Value::Number(number) => texts.push(((*known).to_owned(), number.to_string())),
            other => return Err(format!("{}.{name} is {}, expected a text", save.place("set_exif"), show(&other))),
        }
    }
    Ok(texts)
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
