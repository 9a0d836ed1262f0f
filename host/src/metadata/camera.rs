//! What a camera wrote about a picture, as names and plain values.

use std::collections::BTreeMap;

use exif::{Context, Field, In, Rational, Reader, Tag, Value};

use super::{MAX_ENTRIES, bounded};

/// Values of one field, at most.
const MAX_VALUES: usize = 16;

/// Fields that programs know by another name than the standard's.
const USUAL_NAMES: [(Tag, &str); 7] = [
    (Tag::PhotographicSensitivity, "ISO"),
    (Tag::PixelXDimension, "ExifImageWidth"),
    (Tag::PixelYDimension, "ExifImageHeight"),
    (Tag::FocalLengthIn35mmFilm, "FocalLengthIn35mmFormat"),
    (Tag::CameraOwnerName, "OwnerName"),
    (Tag::BodySerialNumber, "SerialNumber"),
    (Tag::LensSpecification, "LensInfo"),
];

/// The fields of a block of EXIF 2.32 (CIPA DC-008). What is damaged or only makers understand is left out.
///
/// Numbers are decimal, an exposure time is a fraction (`1/250`), several values are joined by spaces.
pub fn camera_fields(block: &[u8]) -> BTreeMap<String, String> {
    let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    let mut reader = Reader::new();
    reader.continue_on_error(true);
    let read = reader.read_raw(block.to_vec());
    let Ok(exif) = read.or_else(|error| error.distill_partial_result(|_| {})) else { return BTreeMap::new() };
    let known = exif.fields().filter(|field| field.ifd_num == In::PRIMARY && is_told(field.tag)).take(MAX_ENTRIES);
    known.filter_map(|field| Some((name(field.tag), value(field)?))).collect()
}

/// Not what only its maker reads, and no place in the file.
fn is_told(tag: Tag) -> bool {
    let is_standard = matches!(tag.context(), Context::Tiff | Context::Exif | Context::Gps);
    let is_place = [Tag::MakerNote, Tag::StripOffsets, Tag::StripByteCounts, Tag::JPEGInterchangeFormat].contains(&tag);
    is_standard && !is_place && tag.description().is_some()
}

fn name(tag: Tag) -> String {
    let usual = USUAL_NAMES.iter().find(|(known, _)| *known == tag);
    usual.map_or_else(|| tag.to_string(), |(_, name)| (*name).to_owned())
}

fn value(field: &Field) -> Option<String> {
    let is_exposure = field.tag == Tag::ExposureTime;
    match &field.value {
        Value::Ascii(texts) => text(&texts.join(&b' ')),
        // Comments say their encoding in their first eight bytes.
        Value::Undefined(bytes, _) => text(bytes.strip_prefix(b"ASCII\0\0\0").unwrap_or(bytes)),
        Value::Byte(values) => joined(values, |value| Some(value.to_string())),
        Value::SByte(values) => joined(values, |value| Some(value.to_string())),
        Value::Short(values) => joined(values, |value| Some(value.to_string())),
        Value::SShort(values) => joined(values, |value| Some(value.to_string())),
        Value::Long(values) => joined(values, |value| Some(value.to_string())),
        Value::SLong(values) => joined(values, |value| Some(value.to_string())),
        Value::Rational(values) if is_exposure => joined(values, exposure),
        Value::Rational(values) => joined(values, |value| decimal(value.to_f64())),
        Value::SRational(values) => joined(values, |value| decimal(value.to_f64())),
        Value::Float(_) | Value::Double(_) | Value::Unknown(..) => None,
    }
}

fn joined<T>(values: &[T], show: impl Fn(&T) -> Option<String>) -> Option<String> {
    let shown: Vec<String> = values.iter().take(MAX_VALUES).map(show).collect::<Option<_>>()?;
    (!shown.is_empty()).then(|| shown.join(" "))
}

/// A fraction of a second, or seconds.
fn exposure(time: &Rational) -> Option<String> {
    let seconds = time.to_f64();
    if seconds > 0.0 && seconds < 0.5 { Some(format!("1/{}", (1.0 / seconds).round())) } else { decimal(seconds) }
}

/// At most six decimals, without zeros at the end; none for what is no number.
fn decimal(number: f64) -> Option<String> {
    let text = format!("{number:.6}");
    number.is_finite().then(|| text.trim_end_matches('0').trim_end_matches('.').to_owned())
}

/// Text up to its first zero byte; none when nothing of it can be read.
fn text(data: &[u8]) -> Option<String> {
    let end = data.iter().position(|&byte| byte == 0).unwrap_or(data.len());
    let text = String::from_utf8_lossy(&data[..end]).trim().to_owned();
    let is_readable = !text.is_empty() && !text.chars().any(|character| character.is_control() && character != '\n');
    is_readable.then(|| bounded(text))
}
