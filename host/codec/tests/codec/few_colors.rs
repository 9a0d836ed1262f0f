//! PNG with a palette, and the palettes of GIF.

use safelight_codec::{EncodeOptions, Format, Frame, Loops, Metadata, Picture, PixelFormat, Raster, encode};

use crate::support::{animation, photo, poster, psnr, read, read_one, write, write_as};

fn few(format: Format, colors: u16, dither: bool) -> EncodeOptions {
    EncodeOptions { colors: Some(colors), dither, ..EncodeOptions::new(format) }
}

/// Bit depth, colour type, and the chunks' names with their lengths.
fn png_parts(bytes: &[u8]) -> (u8, u8, Vec<(String, u32)>) {
    let mut chunks = Vec::new();
    let mut at = 8;
    while at < bytes.len() {
        let length = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        chunks.push((String::from_utf8_lossy(&bytes[at + 4..at + 8]).into_owned(), length));
        at += 12 + length as usize;
    }
    (bytes[24], bytes[25], chunks)
}

fn length(chunks: &[(String, u32)], name: &str) -> Option<u32> {
    chunks.iter().find(|(chunk, _)| chunk == name).map(|(_, length)| *length)
}

#[test]
fn a_png_gets_a_palette_in_as_few_bits_as_do() {
    let raster = photo(70, 50, PixelFormat::Rgb8);
    let plain = write_as(&raster, Format::Png);
    let mut last = 0.0;
    for (colors, depth) in [(2, 1), (4, 2), (16, 4), (64, 8), (256, 8)] {
        let bytes = write(&raster, &few(Format::Png, colors, false));
        let (bits, kind, chunks) = png_parts(&bytes);
        assert_eq!((bits, kind), (depth, 3), "{colors}");
        assert!(length(&chunks, "PLTE").unwrap() <= u32::from(colors) * 3, "{colors}");
        assert_eq!(length(&chunks, "tRNS"), None);
        let back = read_one(&bytes);
        let quality = psnr(&back, &raster);
        assert!(quality > last, "{colors}: {quality:.1} dB after {last:.1} dB");
        assert!(bytes.len() < plain.len(), "{colors}");
        last = quality;
    }
    assert!(last > 33.0, "{last:.1} dB with 256 colours");
}

#[test]
fn indices_are_packed_well_at_every_effort() {
    let row: Vec<u8> = (0..200).flat_map(|x| [x, 255 - x, 7]).collect();
    let raster = Raster::new(200, 100, PixelFormat::Rgb8, row.repeat(100)).unwrap();
    for effort in [0, 3, 9] {
        let bytes = write(&raster, &EncodeOptions { effort, ..few(Format::Png, 256, true) });
        assert!(read_one(&bytes) == raster);
        // 20 000 indices, in rows that are all alike; the palette takes 600.
        assert!(bytes.len() < 1500, "effort {effort}: {} bytes", bytes.len());
    }
}

#[test]
fn soft_alpha_keeps_its_steps_in_a_palette() {
    let raster = photo(70, 50, PixelFormat::Rgba8);
    let bytes = write(&raster, &few(Format::Png, 256, false));
    let (_, kind, chunks) = png_parts(&bytes);
    assert_eq!(kind, 3);
    assert!(length(&chunks, "tRNS").is_some());
    let back = read_one(&bytes);
    let alphas = |raster: &Raster| raster.pixels().as_chunks::<4>().0.iter().map(|pixel| pixel[3]).collect::<Vec<_>>();
    let far = alphas(&back).iter().zip(alphas(&raster)).map(|(a, b)| a.abs_diff(b)).max().unwrap();
    assert!(far < 24, "{far} levels of alpha");
    for background in [[0; 3], [255; 3]] {
        let shown = |raster: &Raster| {
            let flat = Picture::still(raster.clone());
            read_one(&encode(&flat, &EncodeOptions { background, ..EncodeOptions::new(Format::Bmp) }).unwrap())
        };
        let shown = (shown(&back), shown(&raster));
        if shown.0.format() == shown.1.format() && shown.0.format() == PixelFormat::Rgb8 {
            let quality = psnr(&shown.0, &shown.1);
            assert!(quality > 30.0, "{quality:.1} dB on {background:?}");
        }
    }
}

#[test]
fn pictures_of_few_colours_are_kept_exactly() {
    let raster = poster(40, 32, 0);
    for (format, colors) in [(Format::Png, 64), (Format::Png, 256), (Format::Gif, 64)] {
        assert!(read_one(&write(&raster, &few(format, colors, true))) == raster, "{format} {colors}");
    }
    let gray = Raster::new(8, 1, PixelFormat::Gray8, vec![0, 0, 9, 200, 200, 9, 0, 255]).unwrap();
    let back = read_one(&write(&gray, &few(Format::Png, 4, true)));
    assert_eq!(back.convert(PixelFormat::Gray8).pixels(), gray.pixels());
}

#[test]
fn the_same_picture_gives_the_same_bytes_and_bad_numbers_are_refused() {
    for format in [Format::Png, Format::Gif] {
        let raster = photo(64, 48, PixelFormat::Rgba8);
        assert_eq!(write(&raster, &few(format, 32, true)), write(&raster, &few(format, 32, true)));
        for colors in [0, 1, 257] {
            let error = encode(&Picture::still(raster.clone()), &few(format, colors, true)).unwrap_err();
            assert_eq!(error.to_string(), format!("colors is {colors}, expected 2 to 256"));
        }
        // Odd sizes fill their last byte.
        for (width, height) in [(1, 1), (1, 9), (9, 1), (3, 3)] {
            let back = read_one(&write(&photo(width, height, PixelFormat::Rgb8), &few(format, 3, true)));
            assert_eq!((back.width(), back.height()), (width, height));
        }
    }
}

fn frames(rasters: Vec<Raster>) -> Picture {
    let frames = rasters.into_iter().map(|raster| Frame { raster, delay_ms: 50 }).collect();
    Picture { frames, loops: Loops::Forever, metadata: Metadata::default() }
}

/// Bytes of the file and what is read back.
fn gif(picture: &Picture) -> (usize, Picture) {
    let bytes = encode(picture, &EncodeOptions::new(Format::Gif)).unwrap();
    (bytes.len(), read(&bytes).unwrap())
}

/// The raster with a square of one colour at a place.
fn with_square(raster: &Raster, left: usize, color: &[u8]) -> Raster {
    let (width, bytes) = (raster.width() as usize, color.len());
    let mut pixels = raster.pixels().to_vec();
    for y in 4..12 {
        let start = (y * width + left) * bytes;
        pixels[start..start + 8 * bytes].copy_from_slice(&color.repeat(8));
    }
    Raster::new(raster.width(), raster.height(), raster.format(), pixels).unwrap()
}

#[test]
fn what_stands_still_in_a_gif_costs_little() {
    let still = photo(120, 80, PixelFormat::Rgb8);
    let (alone, _) = gif(&Picture::still(still.clone()));
    let moving: Vec<Raster> = (0..10).map(|step| with_square(&still, 4 + step * 8, &[255, 0, 0])).collect();
    let (bytes, back) = gif(&frames(moving));
    assert_eq!(back.frames.len(), 10);
    // Each further frame holds a square and what it uncovered, with a palette for that.
    assert!(bytes < alone + 9 * 1000, "{bytes} bytes, {alone} for one frame");
    // Nothing at all changes.
    let (bytes, back) = gif(&frames(vec![still; 10]));
    assert!(bytes < alone + 9 * 60, "{bytes} bytes, {alone} for one frame");
    assert!(back.frames.iter().all(|frame| frame.raster == back.frames[0].raster));
}

#[test]
fn what_stands_still_on_nothing_costs_little_too() {
    let clear = Raster::filled(120, 80, [0, 0, 0, 0]);
    // The same photo in the middle of each frame, and more and more around it.
    let middle = photo(60, 40, PixelFormat::Rgb8);
    let mut pixels = clear.pixels().to_vec();
    for (y, row) in middle.pixels().chunks_exact(60 * 3).enumerate() {
        for (x, pixel) in row.as_chunks::<3>().0.iter().enumerate() {
            let at = ((y + 30) * 120 + x + 30) * 4;
            pixels[at..at + 4].copy_from_slice(&[pixel[0], pixel[1], pixel[2], 255]);
        }
    }
    let start = Raster::new(120, 80, PixelFormat::Rgba8, pixels).unwrap();
    let (alone, _) = gif(&Picture::still(start.clone()));
    let mut growing = vec![start.clone()];
    for step in 0..9 {
        growing.push(with_square(&growing[step], 4 + step * 8, &[0, 0, 255, 255]));
    }
    let (bytes, back) = gif(&frames(growing.clone()));
    assert!(bytes < alone + 9 * 400, "{bytes} bytes, {alone} for one frame");
    let corner = |raster: &Raster, x: u32| raster.crop(x, 5, 1, 1).unwrap().pixels().to_vec();
    assert_eq!(corner(&back.frames[9].raster, 70), [0, 0, 255, 255]);
    assert_eq!(corner(&back.frames[9].raster, 110), [0, 0, 0, 0]);
    // One that goes away leaves nothing behind.
    let there_and_gone = vec![with_square(&clear, 4, &[255, 0, 0, 255]), with_square(&clear, 40, &[255, 0, 0, 255])];
    // Each of them names a colour that is clear, for readers that clear a frame to it.
    let bytes = encode(&frames(there_and_gone.clone()), &EncodeOptions::new(Format::Gif)).unwrap();
    let controls = bytes.windows(4).filter(|window| window[..3] == [0x21, 0xf9, 4]);
    assert_eq!(controls.map(|control| control[3] & 1).collect::<Vec<_>>(), [1, 1]);
    let photos = [0, 1].map(|shift| {
        let mut pixels = photo(40, 30, PixelFormat::Rgba8).pixels().to_vec();
        pixels.iter_mut().skip(3).step_by(4).for_each(|alpha| *alpha = 255);
        pixels[shift * 400 + 3] = 0;
        Raster::new(40, 30, PixelFormat::Rgba8, pixels).unwrap()
    });
    let (_, back) = gif(&frames(photos.to_vec()));
    for (made, exact) in back.frames.iter().zip(&photos) {
        let alphas = |raster: &Raster| raster.pixels().iter().skip(3).step_by(4).copied().collect::<Vec<u8>>();
        assert_eq!(alphas(&made.raster), alphas(exact));
    }
    let (_, back) = gif(&frames(there_and_gone.clone()));
    for (made, exact) in back.frames.iter().zip(there_and_gone) {
        assert!(made.raster == exact);
    }
}

#[test]
fn frames_of_few_colours_share_one_palette() {
    let picture = animation(60, 40);
    let bytes = encode(&picture, &EncodeOptions::new(Format::Gif)).unwrap();
    // The flags of the screen tell how long its palette is; the encoder leaves none away entirely.
    let shared = |bytes: &[u8]| 2 << (bytes[10] & 7);
    assert!(shared(&bytes) >= 8, "one palette for all");
    assert!(read(&bytes).unwrap() == picture);
    let photos =
        frames([0, 1].map(|shift| photo(60 + shift, 40, PixelFormat::Rgb8).crop(shift, 0, 60, 40).unwrap()).into());
    let bytes = encode(&photos, &EncodeOptions::new(Format::Gif)).unwrap();
    assert!(shared(&bytes) <= 4, "each has its own");
}
