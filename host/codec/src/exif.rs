//! The one field of EXIF that changes how a picture looks: its orientation. TIFF files, which have
//! the same structure, are looked into in the same way.
//!
//! Source: TIFF 6.0 section 2 (header, directories, entries). Every read is bounded by the slice;
//! only the first directory is visited, so a loop of directories cannot hold us.

use crate::orient::Orientation;

const ORIENTATION: u16 = 0x0112;
const SHORT: u16 = 3;

/// The orientation in the first directory; upright when there is none, or it cannot be read.
pub(crate) fn orientation(exif: &[u8]) -> Orientation {
    let exif = strip_prefix(exif);
    let Some((at, little)) = find_short(exif, ORIENTATION) else {
        return Orientation::UPRIGHT;
    };
    Orientation::from_exif(short(exif, at, little).unwrap_or(1))
}

/// Writes 1 (upright) over the orientation, if there is one.
pub(crate) fn reset_orientation(exif: &mut [u8]) {
    if let Some((at, little)) = find_short(exif, ORIENTATION) {
        let one = if little { [1, 0] } else { [0, 1] };
        exif[at..at + 2].copy_from_slice(&one);
    }
}

/// The TIFF structure without the `Exif\0\0` that JPEG, and some writers of other formats, put in
/// front of it.
pub(crate) fn strip_prefix(exif: &[u8]) -> &[u8] {
    exif.strip_prefix(b"Exif\0\0").unwrap_or(exif)
}

/// Where the value of a tag of one 16-bit number is in the first directory, and whether numbers are
/// little-endian.
pub(crate) fn find_short(exif: &[u8], tag: u16) -> Option<(usize, bool)> {
    let little = match exif.get(..4)? {
        b"II\x2a\0" => true,
        b"MM\0\x2a" => false,
        _ => return None,
    };
    let directory = long(exif, 4, little)? as usize;
    let count = short(exif, directory, little)? as usize;
    for index in 0..count {
        let entry = directory.checked_add(2 + index * 12)?;
        if short(exif, entry, little)? == tag {
            let is_one_short = short(exif, entry + 2, little)? == SHORT
                && long(exif, entry + 4, little)? == 1
                && exif.len() >= entry + 12;
            return is_one_short.then_some((entry + 8, little));
        }
    }
    None
}

fn short(bytes: &[u8], at: usize, little: bool) -> Option<u16> {
    let bytes = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
    Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
}

fn long(bytes: &[u8], at: usize, little: bool) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A minimal EXIF block with one orientation entry.
    pub(crate) fn exif_with(orientation: u16, little: bool) -> Vec<u8> {
        let short = |value: u16| {
            if little { value.to_le_bytes() } else { value.to_be_bytes() }
        };
        let long = |value: u32| {
            if little { value.to_le_bytes() } else { value.to_be_bytes() }
        };
        let mut exif = if little { b"II\x2a\0".to_vec() } else { b"MM\0\x2a".to_vec() };
        exif.extend(long(8));
        exif.extend(short(1));
        exif.extend(short(ORIENTATION));
        exif.extend(short(SHORT));
        exif.extend(long(1));
        exif.extend(short(orientation));
        exif.extend([0, 0]);
        exif.extend(long(0));
        exif
    }

    #[test]
    fn orientation_is_found_and_reset_in_both_byte_orders() {
        for little in [true, false] {
            let mut exif = exif_with(6, little);
            assert_eq!(orientation(&exif), Orientation::from_exif(6));
            let prefixed = [b"Exif\0\0".as_slice(), &exif].concat();
            assert_eq!(orientation(&prefixed), Orientation::from_exif(6));
            reset_orientation(&mut exif);
            assert_eq!(exif, exif_with(1, little));
        }
    }

    #[test]
    fn damage_means_upright() {
        let exif = exif_with(6, false);
        for length in 0..20 {
            assert_eq!(orientation(&exif[..length]), Orientation::UPRIGHT, "{length} bytes");
        }
        let mut far = exif.clone();
        far[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(orientation(&far), Orientation::UPRIGHT);
        let mut many = exif;
        many[8..10].copy_from_slice(&u16::MAX.to_be_bytes());
        many[10] = 0xff;
        assert_eq!(orientation(&many), Orientation::UPRIGHT);
        reset_orientation(&mut many);
    }
}
