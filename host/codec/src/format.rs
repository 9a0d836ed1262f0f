//! The picture formats, told apart by their first bytes.

/// A picture format that can be read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG (ITU-T T.81), baseline and progressive.
    Jpeg,
    /// PNG, animated PNG when read.
    Png,
    /// WebP, lossy, lossless and animated.
    WebP,
    /// GIF, animated.
    Gif,
    /// AVIF: AV1 still pictures in HEIF.
    Avif,
    /// TIFF; the first page.
    Tiff,
    /// Windows bitmap.
    Bmp,
    /// Windows icon; the largest picture in it.
    Ico,
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// The formats with all their names, the first of each being the one we use.
const NAMES: [(Format, &[&str]); 8] = [
    (Format::Jpeg, &["jpeg", "jpg", "jpe", "jfif", "pjpeg"]),
    (Format::Png, &["png", "apng"]),
    (Format::WebP, &["webp"]),
    (Format::Gif, &["gif"]),
    (Format::Avif, &["avif"]),
    (Format::Tiff, &["tiff", "tif"]),
    (Format::Bmp, &["bmp", "dib"]),
    (Format::Ico, &["ico"]),
];

impl Format {
    /// All formats.
    pub const ALL: [Format; 8] =
        [Format::Jpeg, Format::Png, Format::WebP, Format::Gif, Format::Avif, Format::Tiff, Format::Bmp, Format::Ico];

    /// Tells the format by the first bytes alone; names and declared types are never believed.
    ///
    /// Source: the signature each format's specification gives. AVIF is an `ftyp` box with the
    /// brand `avif` or `avis` among its brands.
    pub fn sniff(bytes: &[u8]) -> Option<Format> {
        let starts = |magic: &[u8]| bytes.starts_with(magic);
        if starts(&[0xff, 0xd8, 0xff]) {
            Some(Format::Jpeg)
        } else if starts(b"\x89PNG\r\n\x1a\n") {
            Some(Format::Png)
        } else if starts(b"GIF87a") || starts(b"GIF89a") {
            Some(Format::Gif)
        } else if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Some(Format::WebP)
        } else if starts(b"II\x2a\0") || starts(b"MM\0\x2a") || starts(b"II\x2b\0") || starts(b"MM\0\x2b") {
            Some(Format::Tiff)
        } else if bytes.get(4..8) == Some(b"ftyp") && has_avif_brand(bytes) {
            Some(Format::Avif)
        } else if starts(b"BM") && bytes.get(6..10) == Some(&[0; 4]) {
            Some(Format::Bmp)
        } else if starts(&[0, 0, 1, 0]) && bytes.get(4..6).is_some_and(|count| count != [0, 0]) {
            Some(Format::Ico)
        } else {
            None
        }
    }

    /// Finds a format by name or extension, without regard to case: `jpg`, `jpeg`, `tif`, ...
    pub fn from_name(name: &str) -> Option<Format> {
        NAMES
            .iter()
            .find(|(_, names)| names.iter().any(|known| known.eq_ignore_ascii_case(name)))
            .map(|(format, _)| *format)
    }

    /// Our name of the format: `jpeg`, `png`, `webp`, `gif`, `avif`, `tiff`, `bmp`, `ico`.
    pub fn name(self) -> &'static str {
        match self {
            Format::Jpeg => "jpeg",
            Format::Png => "png",
            Format::WebP => "webp",
            Format::Gif => "gif",
            Format::Avif => "avif",
            Format::Tiff => "tiff",
            Format::Bmp => "bmp",
            Format::Ico => "ico",
        }
    }

    /// The registered media type, as for a `Content-Type` header.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Jpeg => "image/jpeg",
            Format::Png => "image/png",
            Format::WebP => "image/webp",
            Format::Gif => "image/gif",
            Format::Avif => "image/avif",
            Format::Tiff => "image/tiff",
            Format::Bmp => "image/bmp",
            Format::Ico => "image/vnd.microsoft.icon",
        }
    }

    /// The usual file name extension, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Jpeg => "jpg",
            other => other.name(),
        }
    }

    /// True when [`encode`](crate::encode) keeps transparency in this format. GIF keeps it as on or
    /// off.
    pub fn supports_alpha(self) -> bool {
        self != Format::Jpeg
    }

    /// True when [`encode`](crate::encode) writes all frames in this format; the others take the
    /// first.
    pub fn supports_animation(self) -> bool {
        matches!(self, Format::Gif | Format::WebP)
    }

    /// Largest width and height the format can hold.
    pub fn max_side(self) -> u32 {
        match self {
            Format::Jpeg | Format::Gif => 65_535,
            Format::WebP => 16_383,
            Format::Ico => 256,
            // An AV1 frame has at most 16 bits for each side.
            Format::Avif => 65_536,
            Format::Png | Format::Tiff | Format::Bmp => i32::MAX as u32,
        }
    }
}

fn has_avif_brand(bytes: &[u8]) -> bool {
    let length = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
    let end = length.min(bytes.len()).min(512);
    let Some(brands) = bytes.get(8..end) else {
        return false;
    };
    // The major brand, its version (which never spells a brand), then the compatible brands.
    brands.chunks_exact(4).any(|brand| brand == b"avif" || brand == b"avis")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_format() {
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(format));
            assert_eq!(Format::from_name(format.extension()), Some(format));
            assert_eq!(Format::from_name(&format.name().to_uppercase()), Some(format));
        }
        assert_eq!(Format::from_name("jpg"), Some(Format::Jpeg));
        assert_eq!(Format::from_name("image/png"), None);
    }

    #[test]
    fn first_bytes_decide() {
        let cases: [(&[u8], Option<Format>); 10] = [
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some(Format::Jpeg)),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Some(Format::Png)),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Some(Format::WebP)),
            (b"RIFF\x24\0\0\0WAVEfmt ", None),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", Some(Format::Avif)),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", None),
            (b"MM\0\x2a\0\0\0\x08", Some(Format::Tiff)),
            (b"BMW is not a bitmap", None),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
            (b"", None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(Format::sniff(bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
