//! Files made by hand.

use super::*;

/// A JPEG that has these segments and no pixels.
fn jpeg(segments: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = b"\xff\xd8".to_vec();
    for (marker, payload) in segments {
        bytes.extend([0xff, *marker]);
        bytes.extend((payload.len() as u16 + 2).to_be_bytes());
        bytes.extend(*payload);
    }
    bytes.extend(b"\xff\xda\0\x02\xff\xd9");
    bytes
}

fn dataset(number: u8, text: &[u8]) -> Vec<u8> {
    [&[0x1c, 2, number, 0, text.len() as u8], text].concat()
}

#[test]
fn iptc_is_found_behind_other_resources() {
    let iptc =
        [dataset(0, b"\0\x02"), dataset(25, b"sea"), dataset(25, "M\u{fc}nchen".as_bytes()), dataset(80, b"\xdcmit")];
    let iptc = iptc.concat();
    let other: &[u8] = b"8BIM\x04\x0a\x03abc\0\0\0\x01x\0";
    let ours = [b"8BIM\x04\x04\0\0".as_slice(), &(iptc.len() as u32).to_be_bytes(), &iptc].concat();
    let file = jpeg(&[(0xed, &[b"Photoshop 3.0\0".as_slice(), other, &ours].concat())]);
    let facts = read(&file);
    let expected = [("Keywords", "sea"), ("Keywords", "M\u{fc}nchen"), ("By-line", "\u{dc}mit")];
    assert_eq!(facts.iptc, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    assert_eq!(facts.crc32, format!("{:08x}", crc32fast::hash(&file)));
    // Damage at any place is no reason to panic.
    for length in 0..file.len() {
        read(&file[..length]);
    }
}

#[test]
fn exif_is_read_as_it_was_written() {
    let texts = [("Copyright", "nobody"), ("DateTimeOriginal", "2014:06:12 10:20:30"), ("Artist", "A. Uthor")];
    let texts = texts.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let block = write_exif(&texts).unwrap();
    let file = jpeg(&[(0xe1, &[b"Exif\0\0".as_slice(), &block].concat())]);
    let facts = read(&file);
    let mut found: Vec<(&str, &str)> = facts.exif.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    found.sort_unstable();
    let expected =
        [("Artist", "\"A. Uthor\""), ("Copyright", "\"nobody\""), ("DateTimeOriginal", "2014-06-12 10:20:30")];
    assert_eq!(found, expected);
    assert_eq!(facts.taken_at.as_deref(), Some("2014:06:12 10:20:30"));
    assert_eq!((facts.latitude, facts.density), (None, None));
    for length in 0..file.len() {
        read(&file[..length]);
    }
}

#[test]
fn places_and_densities_are_numbers() {
    use ::exif::{Field, In, Rational, Tag, Value, experimental::Writer};
    let rational =
        |values: &[(u32, u32)]| Value::Rational(values.iter().map(|&(num, denom)| Rational { num, denom }).collect());
    let fields = [
        (Tag::GPSLatitude, rational(&[(33, 1), (51, 1), (36, 1)])),
        (Tag::GPSLatitudeRef, Value::Ascii(vec![b"S".to_vec()])),
        (Tag::GPSLongitude, rational(&[(151, 1), (30, 1), (0, 1)])),
        (Tag::GPSLongitudeRef, Value::Ascii(vec![b"E".to_vec()])),
        (Tag::XResolution, rational(&[(100, 1)])),
        (Tag::YResolution, rational(&[(50, 1)])),
        (Tag::ResolutionUnit, Value::Short(vec![3])),
    ];
    let fields = fields.map(|(tag, value)| Field { tag, ifd_num: In::PRIMARY, value });
    let mut writer = Writer::new();
    for field in &fields {
        writer.push_field(field);
    }
    let mut block = std::io::Cursor::new(Vec::new());
    writer.write(&mut block, true).unwrap();
    let facts = read(&jpeg(&[(0xe1, &[b"Exif\0\0".as_slice(), block.get_ref()].concat())]));
    assert!((facts.latitude.unwrap() + 33.86).abs() < 1e-9, "{facts:?}");
    assert_eq!((facts.longitude, facts.density), (Some(151.5), Some((254.0, 127.0))));
    let jfif = jpeg(&[(0xe0, b"JFIF\0\x01\x01\x01\0\x48\0\x60\0\0")]);
    assert_eq!(read(&jfif).density, Some((72.0, 96.0)));
}

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
    for (above, below) in [(10_i32, 2500_i32), (28, 10), (-2, 3)] {
        exif.extend(above.to_be_bytes());
        exif.extend(below.to_be_bytes());
    }
    exif
}

#[test]
fn camera_fields_are_read_by_name() {
    let fields = camera_fields(&sample());
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
fn damage_leaves_camera_fields_out() {
    let whole = sample();
    for end in 0..whole.len() {
        let fields = camera_fields(&whole[..end]);
        assert!(fields.len() <= 5, "{end}");
    }
    for at in 0..whole.len() {
        let mut wrong = whole.clone();
        wrong[at] ^= 0xff;
        camera_fields(&wrong);
    }
    assert!(camera_fields(b"").is_empty());
}
