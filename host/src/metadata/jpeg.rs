//! Segments of JPEG files (ITU T.81 annex B) that hold metadata.

/// Centimetres of an inch.
const CM_PER_INCH: f64 = 2.54;

/// The payloads of all segments before the pixels, each with its marker's second byte.
pub(super) fn segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8").unwrap_or_default();
    std::iter::from_fn(move || {
        let (&[0xff, marker, high, low], _) = rest.split_first_chunk::<4>()? else { return None };
        // Pixels begin.
        if marker == 0xda {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let payload = rest.get(4..2 + length.max(2))?;
        rest = &rest[2 + length.max(2)..];
        Some((marker, payload))
    })
}

/// The density of a JFIF header (ITU T.871 section 10.1), in pixels an inch.
pub(super) fn density(bytes: &[u8]) -> Option<(f64, f64)> {
    let (_, header) = segments(bytes).find(|(marker, payload)| *marker == 0xe0 && payload.starts_with(b"JFIF\0"))?;
    let &[unit, x1, x2, y1, y2] = header.get(7..12)? else { return None };
    let factor = match unit {
        1 => 1.0,
        2 => CM_PER_INCH,
        _ => return None,
    };
    let of = |high, low| f64::from(u16::from_be_bytes([high, low])) * factor;
    Some((of(x1, x2), of(y1, y2)))
}
