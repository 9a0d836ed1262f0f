//! What a camera wrote about a picture, as names and texts.
//!
//! Source: CIPA DC-008 (Exif 2.32), tables of tags of the image, of Exif and of GPS. Names are those of the standard.
//! Fields of other tags, thumbnails and what makers keep for themselves are left out.

use std::collections::BTreeMap;

use super::{long, short, strip_prefix};

/// Fields of one directory, at most.
const MAX_FIELDS: usize = 500;

/// Bytes of one text, at most.
const MAX_TEXT: usize = 1000;

/// Values of one field, at most.
const MAX_VALUES: usize = 16;

const EXIF_DIRECTORY: u16 = 0x8769;
const GPS_DIRECTORY: u16 = 0x8825;

const IMAGE: &[(u16, &str)] = &[
    (0x010e, "ImageDescription"),
    (0x010f, "Make"),
    (0x0110, "Model"),
    (0x0112, "Orientation"),
    (0x011a, "XResolution"),
    (0x011b, "YResolution"),
    (0x0128, "ResolutionUnit"),
    (0x0131, "Software"),
    (0x0132, "DateTime"),
    (0x013b, "Artist"),
    (0x0213, "YCbCrPositioning"),
    (0x8298, "Copyright"),
];

const EXIF: &[(u16, &str)] = &[
    (0x829a, "ExposureTime"),
    (0x829d, "FNumber"),
    (0x8822, "ExposureProgram"),
    (0x8827, "ISO"),
    (0x9000, "ExifVersion"),
    (0x9003, "DateTimeOriginal"),
    (0x9004, "DateTimeDigitized"),
    (0x9010, "OffsetTime"),
    (0x9011, "OffsetTimeOriginal"),
    (0x9201, "ShutterSpeedValue"),
    (0x9202, "ApertureValue"),
    (0x9203, "BrightnessValue"),
    (0x9204, "ExposureBiasValue"),
    (0x9205, "MaxApertureValue"),
    (0x9206, "SubjectDistance"),
    (0x9207, "MeteringMode"),
    (0x9208, "LightSource"),
    (0x9209, "Flash"),
    (0x920a, "FocalLength"),
    (0x9290, "SubSecTime"),
    (0x9291, "SubSecTimeOriginal"),
    (0x9292, "SubSecTimeDigitized"),
    (0xa000, "FlashpixVersion"),
    (0xa001, "ColorSpace"),
    (0xa002, "ExifImageWidth"),
    (0xa003, "ExifImageHeight"),
    (0xa20e, "FocalPlaneXResolution"),
    (0xa20f, "FocalPlaneYResolution"),
    (0xa210, "FocalPlaneResolutionUnit"),
    (0xa215, "ExposureIndex"),
    (0xa217, "SensingMethod"),
    (0xa401, "CustomRendered"),
    (0xa402, "ExposureMode"),
    (0xa403, "WhiteBalance"),
    (0xa404, "DigitalZoomRatio"),
    (0xa405, "FocalLengthIn35mmFormat"),
    (0xa406, "SceneCaptureType"),
    (0xa407, "GainControl"),
    (0xa408, "Contrast"),
    (0xa409, "Saturation"),
    (0xa40a, "Sharpness"),
    (0xa40c, "SubjectDistanceRange"),
    (0xa430, "OwnerName"),
    (0xa431, "SerialNumber"),
    (0xa432, "LensInfo"),
    (0xa433, "LensMake"),
    (0xa434, "LensModel"),
    (0xa435, "LensSerialNumber"),
];

const GPS: &[(u16, &str)] = &[
    (0x0001, "GPSLatitudeRef"),
    (0x0002, "GPSLatitude"),
    (0x0003, "GPSLongitudeRef"),
    (0x0004, "GPSLongitude"),
    (0x0005, "GPSAltitudeRef"),
    (0x0006, "GPSAltitude"),
    (0x0007, "GPSTimeStamp"),
    (0x000c, "GPSSpeedRef"),
    (0x000d, "GPSSpeed"),
    (0x0010, "GPSImgDirectionRef"),
    (0x0011, "GPSImgDirection"),
    (0x0012, "GPSMapDatum"),
    (0x001b, "GPSProcessingMethod"),
    (0x001d, "GPSDateStamp"),
];

/// The fields of EXIF that are known here. What is damaged is left out.
///
/// Numbers are decimal, an exposure time is a fraction (`1/250`), several values are joined by spaces.
pub fn exif_fields(exif: &[u8]) -> BTreeMap<String, String> {
    let exif = strip_prefix(exif);
    let mut fields = BTreeMap::new();
    let little = match exif.get(..4) {
        Some(b"II\x2a\0") => true,
        Some(b"MM\0\x2a") => false,
        _ => return fields,
    };
    let reader = Reader { exif, little };
    let Some(first) = long(exif, 4, little) else { return fields };
    reader.directory(first, IMAGE, &mut fields);
    for (tag, names) in [(EXIF_DIRECTORY, EXIF), (GPS_DIRECTORY, GPS)] {
        let pointer = reader.entry(first, tag).and_then(|entry| long(exif, entry + 8, little));
        if let Some(directory) = pointer {
            reader.directory(directory, names, &mut fields);
        }
    }
    fields
}

struct Reader<'a> {
    exif: &'a [u8],
    little: bool,
}

impl Reader<'_> {
    /// The places of a directory's entries.
    fn entries(&self, directory: u32) -> impl Iterator<Item = usize> {
        let directory = directory as usize;
        let count = short(self.exif, directory, self.little).unwrap_or(0) as usize;
        let fitting = self.exif.len().saturating_sub(directory + 2) / 12;
        (0..count.min(fitting).min(MAX_FIELDS)).map(move |index| directory + 2 + index * 12)
    }

    fn entry(&self, directory: u32, tag: u16) -> Option<usize> {
        self.entries(directory).find(|&entry| short(self.exif, entry, self.little) == Some(tag))
    }

    fn directory(&self, directory: u32, names: &[(u16, &str)], fields: &mut BTreeMap<String, String>) {
        for entry in self.entries(directory) {
            let tag = short(self.exif, entry, self.little);
            let known = names.iter().find(|(known, _)| Some(*known) == tag);
            if let Some((tag, name)) = known
                && let Some(text) = self.value(entry, *tag)
            {
                fields.insert((*name).to_owned(), text);
            }
        }
    }

    /// The value of an entry as text; none when it is empty or not there.
    fn value(&self, entry: usize, tag: u16) -> Option<String> {
        let kind = short(self.exif, entry + 2, self.little)?;
        let count = long(self.exif, entry + 4, self.little)? as usize;
        let size = match kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 => 4,
            5 | 10 => 8,
            _ => return None,
        };
        let bytes = count.checked_mul(size)?;
        let at = if bytes <= 4 { entry + 8 } else { long(self.exif, entry + 8, self.little)? as usize };
        let data = self.exif.get(at..at.checked_add(bytes)?)?;
        if matches!(kind, 2 | 7) {
            return text(data);
        }
        let values = data.chunks_exact(size).take(MAX_VALUES).map(|value| self.number(kind, value, tag));
        let values: Vec<String> = values.collect::<Option<_>>()?;
        (!values.is_empty()).then(|| values.join(" "))
    }

    fn number(&self, kind: u16, value: &[u8], tag: u16) -> Option<String> {
        let unsigned = |at| long(value, at, self.little);
        match kind {
            1 => Some(value[0].to_string()),
            6 => Some((value[0] as i8).to_string()),
            3 => Some(short(value, 0, self.little)?.to_string()),
            8 => Some((short(value, 0, self.little)? as i16).to_string()),
            4 => Some(unsigned(0)?.to_string()),
            9 => Some((unsigned(0)? as i32).to_string()),
            _ => {
                let (above, below) = (unsigned(0)?, unsigned(4)?);
                let (above, below) = match kind {
                    5 => (f64::from(above), f64::from(below)),
                    _ => (f64::from(above as i32), f64::from(below as i32)),
                };
                if below == 0.0 {
                    return None;
                }
                let quotient = above / below;
                // 0x829a is the exposure time.
                if tag == 0x829a && quotient > 0.0 && quotient < 0.5 {
                    return Some(format!("1/{}", (1.0 / quotient).round()));
                }
                Some(decimal(quotient))
            }
        }
    }
}

/// At most six decimals, without zeros at the end.
fn decimal(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Text up to its first zero byte; none when nothing of it can be read.
fn text(data: &[u8]) -> Option<String> {
    // Comments say their encoding in their first eight bytes.
    let data = data.strip_prefix(b"ASCII\0\0\0").unwrap_or(data);
    let end = data.iter().position(|&byte| byte == 0).unwrap_or(data.len()).min(MAX_TEXT);
    let text = String::from_utf8_lossy(&data[..end]);
    let text = text.trim();
    let is_readable = !text.is_empty() && !text.chars().any(|character| character.is_control() && character != '\n');
    is_readable.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of entries: tag, kind, count, and the value or its place.
    fn directory(entries: &[(u16, u16, u32, [u8; 4])]) -> Vec<u8> {
        let mut bytes = (entries.len() as u16).to_be_bytes().to_vec();
        for (tag, kind, count, value) in entries {
            bytes.extend(tag.to_be_bytes());
            bytes.extend(kind.to_be_bytes());
            bytes.extend(count.to_be_bytes());
            bytes.extend(value);
        }
        bytes.extend([0; 4]);
        bytes
    }

    fn sample() -> Vec<u8> {
        let mut exif = b"MM\0\x2a".to_vec();
        exif.extend(8_u32.to_be_bytes());
        // The first directory takes 2 + 4 * 12 + 4 bytes, from 8 on; the one of Exif follows at 62, the values at 104.
        exif.extend(directory(&[
            (0x010f, 2, 6, 104_u32.to_be_bytes()),
            (0x0112, 3, 1, [0, 6, 0, 0]),
            (0x8769, 4, 1, 62_u32.to_be_bytes()),
            (0x9999, 4, 1, [0; 4]),
        ]));
        exif.extend(directory(&[
            (0x829a, 5, 1, 110_u32.to_be_bytes()),
            (0x829d, 5, 1, 118_u32.to_be_bytes()),
            (0x9204, 10, 1, 126_u32.to_be_bytes()),
        ]));
        assert_eq!(exif.len(), 104);
        exif.extend(b"Maker\0");
        let numbers: [(i32, i32); 3] = [(10, 2500), (28, 10), (-2, 3)];
        for (above, below) in numbers {
            exif.extend(above.to_be_bytes());
            exif.extend(below.to_be_bytes());
        }
        exif
    }

    #[test]
    fn fields_are_read_by_name() {
        let fields = exif_fields(&sample());
        let expected = [
            ("ExposureBiasValue", "-0.666667"),
            ("ExposureTime", "1/250"),
            ("FNumber", "2.8"),
            ("Make", "Maker"),
            ("Orientation", "6"),
        ];
        assert_eq!(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn damage_leaves_fields_out() {
        let whole = sample();
        for end in 0..whole.len() {
            let fields = exif_fields(&whole[..end]);
            assert!(fields.len() <= 5, "{end}");
        }
        for at in 0..whole.len() {
            let mut wrong = whole.clone();
            wrong[at] ^= 0xff;
            exif_fields(&wrong);
        }
        assert!(exif_fields(b"").is_empty());
    }
}
