//! EXIF 2.32 of sources, and the texts of it that results may be given.

use std::io::Cursor;

use exif::{Exif, Field, In, Reader, Tag, Value, experimental::Writer};

use super::{MAX_ENTRIES, SourceFacts, bounded};

/// Texts that can be written, by name.
pub const TEXTS: [(&str, Tag); 10] = [
    ("Artist", Tag::Artist),
    ("Copyright", Tag::Copyright),
    ("DateTime", Tag::DateTime),
    ("DateTimeDigitized", Tag::DateTimeDigitized),
    ("DateTimeOriginal", Tag::DateTimeOriginal),
    ("HostComputer", HOST_COMPUTER),
    ("ImageDescription", Tag::ImageDescription),
    ("Make", Tag::Make),
    ("Model", Tag::Model),
    ("Software", Tag::Software),
];

/// TIFF 6.0 page 34.
const HOST_COMPUTER: Tag = Tag(exif::Context::Tiff, 0x13c);

/// Centimetres of an inch.
const CM_PER_INCH: f64 = 2.54;

/// Adds what a file's EXIF says.
pub(super) fn read(bytes: &[u8], facts: &mut SourceFacts) {
    let mut reader = Reader::new();
    reader.continue_on_error(true);
    let read = reader.read_from_container(&mut Cursor::new(bytes));
    let exif = match read.or_else(|error| error.distill_partial_result(|_| {})) {
        Ok(exif) => exif,
        Err(_) => return,
    };
    let primary = exif.fields().filter(|field| field.ifd_num == In::PRIMARY);
    let shown = primary.filter(|field| field.tag != Tag::MakerNote).take(MAX_ENTRIES);
    facts.exif = shown
        .map(|field| (field.tag.to_string(), bounded(field.display_value().with_unit(&exif).to_string())))
        .collect();
    facts.taken_at = ascii(&exif, Tag::DateTimeOriginal).or_else(|| ascii(&exif, Tag::DateTime));
    facts.latitude = degrees(&exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, "S", 90.0);
    facts.longitude = degrees(&exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, "W", 180.0);
    facts.density = density(&exif);
}

fn ascii(exif: &Exif, tag: Tag) -> Option<String> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(texts) => {
            let text = String::from_utf8_lossy(texts.first()?).trim().to_owned();
            (!text.is_empty()).then(|| bounded(text))
        }
        _ => None,
    }
}

fn rationals(exif: &Exif, tag: Tag) -> Option<Vec<f64>> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Rational(values) => Some(values.iter().map(exif::Rational::to_f64).collect()),
        _ => None,
    }
}

/// Degrees, minutes and seconds as one number, which is negative on the side of `negative`.
fn degrees(exif: &Exif, tag: Tag, side: Tag, negative: &str, most: f64) -> Option<f64> {
    let parts = rationals(exif, tag)?;
    let &[degrees, minutes, seconds] = parts.as_slice() else { return None };
    let value = degrees + minutes / 60.0 + seconds / 3600.0;
    let value = if ascii(exif, side)?.eq_ignore_ascii_case(negative) { -value } else { value };
    value.is_finite().then_some(value).filter(|value| value.abs() <= most)
}

fn density(exif: &Exif) -> Option<(f64, f64)> {
    let one = |tag| rationals(exif, tag)?.first().copied().filter(|value| value.is_finite() && *value > 0.0);
    let (x, y) = (one(Tag::XResolution)?, one(Tag::YResolution)?);
    let unit = exif.get_field(Tag::ResolutionUnit, In::PRIMARY).and_then(|field| field.value.get_uint(0));
    let factor = if unit == Some(3) { CM_PER_INCH } else { 1.0 };
    Some((x * factor, y * factor))
}

/// A block of EXIF with these texts, whose names are those of [`TEXTS`]; none when it cannot be made.
pub fn write(texts: &[(String, String)]) -> Option<Vec<u8>> {
    let field = |(name, text): &(String, String)| {
        let (_, tag) = TEXTS.iter().find(|(known, _)| known == name)?;
        Some(Field { tag: *tag, ifd_num: In::PRIMARY, value: Value::Ascii(vec![text.clone().into_bytes()]) })
    };
    let fields: Vec<Field> = texts.iter().filter_map(field).collect();
    let mut writer = Writer::new();
    for field in &fields {
        writer.push_field(field);
    }
    let mut block = Cursor::new(Vec::new());
    writer.write(&mut block, false).ok()?;
    Some(block.into_inner())
}
