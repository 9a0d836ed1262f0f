//! Which format a result is written in.

use super::super::transformation::{AutoFormat, Error, Format, FormatName};
use crate::job::AUTO;

/// The formats of browsers that the choice of `f_auto` depends on.
const NEGOTIATED: [&str; 2] = ["image/avif", "image/webp"];

/// Formats that are written, as they are called in addresses.
const WRITTEN: &str = "one of avif, bmp, gif, ico, jpg, pdf, png, tif and webp";

/// The format that was chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The engine's name of it, or [`AUTO`]; none is that of the source.
    pub format: Option<String>,
    /// What [`AUTO`] may choose among: the part of the `Accept` header that matters.
    pub accept: Option<String>,
    /// Whether the answer depends on the `Accept` header.
    pub varies: bool,
}

/// Chooses: `f_` wins over the extension, which wins over the source's format.
///
/// # Errors
/// A format that is not written here.
pub fn choose(asked: Option<&Format>, extension: Option<FormatName>, accept: Option<&str>) -> Result<Choice, Error> {
    match asked {
        Some(Format::Auto(Some(AutoFormat::Video))) => {
            Err(Error::new("fetch format", "auto:video", "auto:image or auto:animated"))
        }
        Some(Format::Auto(_)) => {
            let accept = accept.unwrap_or_default();
            let named: Vec<&str> = NEGOTIATED.into_iter().filter(|name| accepts(accept, name)).collect();
            Ok(Choice { format: Some(AUTO.to_owned()), accept: Some(named.join(",")), varies: true })
        }
        Some(Format::Name(name)) => named("fetch format", *name),
        None => extension.map_or(Ok(Choice::default()), |name| named("extension", name)),
    }
}

fn named(parameter: &'static str, name: FormatName) -> Result<Choice, Error> {
    let format = match safelight_codec::Format::from_name(name.name()) {
        Some(format) => format.name(),
        // Written by a codec plugin.
        None if name.name() == "pdf" => "pdf",
        None => return Err(Error::new(parameter, name.name(), WRITTEN)),
    };
    Ok(Choice { format: Some(format.to_owned()), ..Choice::default() })
}

/// Whether an `Accept` header names a type with a weight above zero.
fn accepts(header: &str, media_type: &str) -> bool {
    header.split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(media_type));
        let weight =
            parts.filter_map(|part| part.split_once('=')).find(|(key, _)| key.trim().eq_ignore_ascii_case("q"));
        named && weight.is_none_or(|(_, weight)| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> FormatName {
        FormatName::from_name(text).unwrap()
    }

    #[test]
    fn the_parameter_wins_over_the_extension() {
        let chosen = |asked: Option<&str>, extension: Option<&str>| {
            let asked = asked.map(|text| Format::parse(text).unwrap());
            choose(asked.as_ref(), extension.map(name), None).map(|choice| choice.format)
        };
        assert_eq!(chosen(None, None), Ok(None));
        assert_eq!(chosen(None, Some("jpe")), Ok(Some("jpeg".into())));
        assert_eq!(chosen(Some("tif"), Some("jpg")), Ok(Some("tiff".into())));
        assert_eq!(chosen(None, Some("pdf")), Ok(Some("pdf".into())));
        let error = chosen(None, Some("mp4")).unwrap_err().to_string();
        assert_eq!(error, format!("Invalid extension in transformation: mp4 (expected {WRITTEN})"));
        assert!(chosen(Some("heic"), None).is_err());
    }

    #[test]
    fn automatic_formats_keep_of_the_header_what_matters() {
        let accept = |header: Option<&str>| choose(Some(&Format::Auto(None)), None, header).unwrap();
        let chrome = accept(Some("text/html, image/avif,image/webp;q=0.9, image/png, */*;q=0.8"));
        assert_eq!(chrome.accept.as_deref(), Some("image/avif,image/webp"));
        assert!(chrome.varies);
        assert_eq!(accept(Some("image/webp;q=0, image/*")).accept.as_deref(), Some(""));
        assert_eq!(accept(None).accept.as_deref(), Some(""));
        assert!(choose(Some(&Format::Auto(Some(AutoFormat::Video))), None, None).is_err());
    }
}
