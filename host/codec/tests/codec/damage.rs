//! Damaged and truncated pictures give an error or a picture, never a panic or a hang.

use crate::support::{Random, animation, options, peak_kib, photo, read, write, write_as};
use safelight_codec::{EncodeOptions, Error, Format, Limits, Picture, PixelFormat, decode, encode, probe};

/// Files of every kind that is written here.
fn samples() -> Vec<(&'static str, Format, Vec<u8>)> {
    let mut files = Vec::new();
    for format in Format::ALL {
        for pixels in [PixelFormat::Gray8, PixelFormat::Rgb8, PixelFormat::Rgba8] {
            files.push(("still", format, write_as(&photo(53, 37, pixels), format)));
        }
    }
    let raster = photo(53, 37, PixelFormat::Rgba8);
    let lossless = EncodeOptions { lossless: true, ..EncodeOptions::new(Format::WebP) };
    files.push(("lossless", Format::WebP, write(&raster, &lossless)));
    let progressive = EncodeOptions { progressive: true, ..EncodeOptions::new(Format::Jpeg) };
    files.push(("progressive", Format::Jpeg, write(&raster, &progressive)));
    for format in [Format::Gif, Format::WebP] {
        let bytes = encode(&animation(53, 37), &EncodeOptions::new(format)).unwrap();
        files.push(("animated", format, bytes));
    }
    files
}

#[test]
fn a_picture_cut_short_is_an_error_at_every_length() {
    for (kind, format, bytes) in samples() {
        // The end mark of a JPEG says nothing that the rows do not.
        let end = if format == Format::Jpeg { bytes.len() - 2 } else { bytes.len() };
        for length in 0..end {
            let cut = &bytes[..length];
            let result = read(cut);
            let Err(error) = result else {
                panic!("{kind} {format} of {} bytes was read from {length}", bytes.len());
            };
            if length >= bytes.len() / 2 {
                let early = matches!(error, Error::Truncated { .. });
                assert!(early, "{kind} {format} of {} bytes cut to {length}: {error}", bytes.len());
            }
            let _ = probe(cut, &Limits::default());
        }
        assert!(read(&bytes).is_ok(), "{kind} {format}");
    }
}

#[test]
fn flipped_bytes_never_panic() {
    // Small enough that a wrong size in a header cannot make one try slow.
    let limits = Limits {
        max_pixels: 1 << 16,
        max_frames: 10,
        max_total_pixels: 1 << 18,
        max_memory_bytes: 1 << 24,
        ..Limits::default()
    };
    let mut random = Random(0x5afe_1187);
    for (_, format, bytes) in samples() {
        for round in 0..300 {
            let mut damaged = bytes.clone();
            // Headers are met more often than their share.
            let reach = if round % 2 == 0 { damaged.len() } else { damaged.len().min(200) };
            for _ in 0..=random.below(4) {
                let at = random.below(reach);
                damaged[at] = match random.below(3) {
                    0 => damaged[at] ^ 1 << random.below(8),
                    1 => 0xff,
                    _ => random.next() as u8,
                };
            }
            let _ = probe(&damaged, &limits);
            match decode(&damaged, &options(&limits)) {
                Ok(picture) => assert!(!picture.frames.is_empty(), "{format}"),
                Err(error) => assert!(!error.to_string().is_empty(), "{format}"),
            }
        }
    }
    // Other tests run beside this one; none needs more than a part of this.
    assert!(peak_kib() < 512 << 10, "{} KiB", peak_kib());
}

#[test]
fn noise_behind_any_first_bytes_is_refused() {
    let starts: [&[u8]; 8] = [
        b"\xff\xd8\xff\xe0",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF\xff\0\0\0WEBPVP8X",
        b"\0\0\0\x18ftypavif\0\0\0\0avifmif1",
        b"II\x2a\0\x08\0\0\0",
        b"BM\xff\xff\0\0\0\0\0\0",
        b"\0\0\x01\0\x01\0",
    ];
    let mut random = Random(7);
    for start in starts {
        for _ in 0..200 {
            let mut bytes = start.to_vec();
            bytes.extend((0..random.below(400)).map(|_| random.next() as u8));
            assert!(read(&bytes).is_err(), "{}", start.escape_ascii());
        }
    }
}

#[test]
fn a_wrong_name_changes_nothing() {
    // There is no name to give: the first bytes are all that is looked at.
    let picture = Picture::still(photo(20, 10, PixelFormat::Rgb8));
    for format in Format::ALL {
        let bytes = encode(&picture, &EncodeOptions::new(format)).unwrap();
        assert_eq!(Format::sniff(&bytes), Some(format));
        assert_eq!(probe(&bytes, &Limits::default()).unwrap().format, format);
    }
    let error = read(b"<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap_err();
    assert_eq!(error.to_string(), "not a picture in a known format, it starts with \"<svg xmlns=\\'\"");
}
