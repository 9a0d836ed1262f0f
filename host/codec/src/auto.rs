//! Automatic quality and automatic format.
//!
//! **Quality**: the smallest one at which the result still scores as wished under SSIMULACRA2, a measure
//! that was fitted to what people see: 90 is visually lossless, 70 high, 50 medium quality (J. Sneyers,
//! Cloudinary 2022). It is found by bisection. Large pictures are judged by a mosaic of nine parts, so
//! that the search costs the same for every size.
//!
//! **Format**: what the client accepts and the picture needs; see [`Format::negotiate`].

use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

use crate::{DecodeOptions, EncodeOptions, Error, Format, Limits, Picture, PixelFormat, Raster, encode};

/// How good a result of automatic quality has to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// Hardly to be told from the original.
    Best,
    /// High quality.
    #[default]
    Good,
    /// Small, with flaws that show in a comparison.
    Eco,
    /// Smallest, with flaws that show.
    Low,
}

impl Look {
    /// The SSIMULACRA2 score that the result must have.
    pub fn score(self) -> f64 {
        match self {
            Look::Best => 85.0,
            Look::Good => 75.0,
            Look::Eco => 65.0,
            Look::Low => 50.0,
        }
    }

    /// `best`, `good`, `eco`, `low`.
    pub fn from_name(name: &str) -> Option<Look> {
        match name {
            "best" => Some(Look::Best),
            "good" => Some(Look::Good),
            "eco" => Some(Look::Eco),
            "low" => Some(Look::Low),
            _ => None,
        }
    }
}

/// The qualities among which one is looked for: below, blocks show in every picture; above, files
/// grow and nobody sees why.
const SEARCHED: (u8, u8) = (20, 95);

/// How near the search comes. Three steps of quality are a few per cent of the file.
const STEP: u8 = 3;

/// Side of one part of the mosaic, a multiple of the 16 pixels that JPEG codes together.
const PART: u32 = 192;

/// The smallest side that the measure takes.
const LEAST_SIDE: u32 = 8;

/// The lowest quality, within a few steps, at which the first frame looks as wished; the highest of the
/// searched ones when none does. None for pictures under 8 px a side, which the measure does not take.
///
/// Cost: about five times encoding, decoding and comparing a third of a megapixel at most.
pub(crate) fn quality(picture: &Picture, options: &EncodeOptions, look: Look) -> Result<Option<u8>, Error> {
    let Some(first) = picture.frames.first() else { return Ok(None) };
    let sample = sample(&first.raster, options.background);
    if sample.width() < LEAST_SIDE || sample.height() < LEAST_SIDE {
        return Ok(None);
    }
    let original = rgb(&sample);
    let trial = Picture::still(sample);
    let (mut low, mut high) = SEARCHED;
    while high - low > STEP {
        let middle = low.midpoint(high);
        if score(&trial, &original, options, middle)? >= look.score() { high = middle } else { low = middle + 1 }
    }
    Ok(Some(high))
}

/// How near the encoded picture comes to the original: 100 is the same.
fn score(trial: &Picture, original: &Rgb, options: &EncodeOptions, quality: u8) -> Result<f64, Error> {
    let options = EncodeOptions { quality, look: None, metadata: false, progressive: false, ..options.clone() };
    let bytes = encode(trial, &options)?;
    let limits = Limits::default();
    let decoding = DecodeOptions { limits: &limits, enough: None, keep_metadata: false, animated: false };
    let decoded = crate::decode(&bytes, &decoding)?;
    let distorted = rgb(&decoded.frames[0].raster);
    compute_frame_ssimulacra2(original.clone(), distorted).map_err(|error| Error::encode(options.format, error))
}

/// The picture itself, without alpha, or nine parts of it side by side when it is larger than those.
fn sample(raster: &Raster, background: [u8; 3]) -> Raster {
    let opaque = |raster: Raster| {
        let raster = if raster.format().has_alpha() { raster.composite(background) } else { raster };
        raster.convert(PixelFormat::Rgb8)
    };
    let (width, height) = (raster.width(), raster.height());
    if width <= 3 * PART || height <= 3 * PART {
        return opaque(raster.clone());
    }
    let channels = raster.format().bytes_per_pixel();
    let mut pixels = Vec::with_capacity((3 * PART * 3 * PART) as usize * channels);
    // Evenly spread, at multiples of 16: JPEG then codes the same blocks as in the whole.
    let place = |part: u32, side: u32| (part * (side - PART) / 2) & !15;
    for y in 0..3 * PART {
        let row = place(y / PART, height) + y % PART;
        for part in 0..3 {
            let begin = (row as usize * width as usize + place(part, width) as usize) * channels;
            pixels.extend_from_slice(&raster.pixels()[begin..][..PART as usize * channels]);
        }
    }
    match Raster::new(3 * PART, 3 * PART, raster.format(), pixels) {
        Ok(mosaic) => opaque(mosaic),
        Err(_) => opaque(raster.clone()),
    }
}

fn rgb(raster: &Raster) -> Rgb {
    let raster = raster.clone().convert(PixelFormat::Rgb8);
    let level = |byte: u8| f32::from(byte) / 255.0;
    let data = raster.pixels().as_chunks::<3>().0.iter().map(|pixel| pixel.map(level)).collect();
    let (width, height) = (raster.width() as usize, raster.height() as usize);
    Rgb::new(data, width, height, TransferCharacteristic::SRGB, ColorPrimaries::BT709)
        .expect("as many pixels as the raster has")
}

/// The most colours of a picture that is a drawing rather than a photo.
const DRAWN_COLORS: usize = 256;

impl Format {
    /// The format that an HTTP `Accept` header (RFC 9110 section 12.5.1) and a picture ask for.
    ///
    /// AVIF for still pictures and WebP for all come before the formats that everybody reads, when they
    /// are named with a weight above zero; `image/*` and `*/*` name neither, since old programs send
    /// those. AVIF only where it can be written within `avif_seconds`, see
    /// [`EncodeOptions::avif_seconds`]. Of the others: GIF for animations, PNG for what has
    /// transparency or few colours, JPEG for the rest.
    pub fn negotiate(accept: &str, picture: &Picture, avif_seconds: f32) -> Format {
        let accepts = |format: Format| accept.split(',').any(|range| names(range, format.media_type()));
        let Some(first) = picture.frames.first() else { return Format::Png };
        let fits = |format: Format| first.raster.width().max(first.raster.height()) <= format.max_side();
        let still = picture.frames.len() == 1;
        if still && accepts(Format::Avif) && fits(Format::Avif) && crate::write::avif_fits(&first.raster, avif_seconds)
        {
            Format::Avif
        } else if accepts(Format::WebP) && fits(Format::WebP) {
            Format::WebP
        } else if !still {
            Format::Gif
        } else if !first.raster.is_opaque() || is_drawn(&first.raster) {
            Format::Png
        } else {
            Format::Jpeg
        }
    }
}

/// Whether a range of an `Accept` header names this type, with a weight above zero.
fn names(range: &str, media_type: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(media_type));
    let weight = parts.filter_map(|part| part.split_once('=')).find(|(key, _)| key.trim().eq_ignore_ascii_case("q"));
    named && weight.is_none_or(|(_, weight)| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0))
}

/// Whether a picture has few colours: lossy formats make noise around its edges and larger files.
fn is_drawn(raster: &Raster) -> bool {
    let mut colors = std::collections::HashSet::with_capacity(DRAWN_COLORS + 1);
    let mut last: Option<&[u8]> = None;
    for pixel in raster.pixels().chunks_exact(raster.format().bytes_per_pixel()) {
        // Drawings are made of runs: looking up each pixel would take longer than encoding it.
        if last != Some(pixel) {
            colors.insert(pixel);
            if colors.len() > DRAWN_COLORS {
                return false;
            }
        }
        last = Some(pixel);
    }
    // A photo of few pixels has few colours too.
    colors.len() * 4 < raster.pixels().len() / raster.format().bytes_per_pixel()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Smooth shapes with fine grain: what photos are made of.
    fn photo(width: u32, height: u32) -> Picture {
        let mut seed = 1_u32;
        let mut pixels = Vec::new();
        for y in 0..height {
            for x in 0..width {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let grain = (seed >> 28) as f32;
                let wave = (x as f32 / 23.0).sin() * 60.0 + (y as f32 / 31.0).cos() * 50.0;
                pixels.extend(
                    [128.0 + wave + grain, 110.0 + wave * 0.7 + grain, 90.0 - wave * 0.5 + grain].map(|v| v as u8),
                );
            }
        }
        Picture::still(Raster::new(width, height, PixelFormat::Rgb8, pixels).unwrap())
    }

    #[test]
    fn a_better_look_costs_more_bytes_and_scores_what_was_asked() {
        let picture = photo(300, 200);
        for format in [Format::Jpeg, Format::WebP, Format::Avif] {
            let mut sizes = Vec::new();
            for look in [Look::Low, Look::Eco, Look::Good, Look::Best] {
                let options = EncodeOptions { look: Some(look), ..EncodeOptions::new(format) };
                let found = quality(&picture, &options, look).unwrap().unwrap();
                let reached = score(&picture, &rgb(&picture.frames[0].raster), &options, found).unwrap();
                assert!(reached >= look.score() || found == SEARCHED.1, "{format} {look:?}: {reached} at {found}");
                if found > SEARCHED.0 + STEP {
                    let below = score(&picture, &rgb(&picture.frames[0].raster), &options, found - STEP - 1).unwrap();
                    assert!(below < look.score() + 2.0, "{format} {look:?}: {below} below {found} would have done");
                }
                sizes.push(encode(&picture, &options).unwrap().len());
            }
            assert!(sizes.is_sorted() && sizes[0] < sizes[3], "{format}: {sizes:?}");
        }
    }

    #[test]
    fn a_large_picture_is_judged_by_parts() {
        let large = photo(1000, 800);
        let mosaic = sample(&large.frames[0].raster, [255; 3]);
        assert_eq!((mosaic.width(), mosaic.height()), (576, 576));
        let options = EncodeOptions::new(Format::Jpeg);
        let found = quality(&large, &options, Look::Good).unwrap().unwrap();
        let whole = score(&large, &rgb(&large.frames[0].raster), &options, found).unwrap();
        assert!((whole - Look::Good.score()).abs() < 8.0, "{whole}");
    }

    #[test]
    fn tiny_pictures_get_the_default() {
        let options = EncodeOptions { look: Some(Look::Good), ..EncodeOptions::new(Format::Jpeg) };
        assert_eq!(quality(&photo(7, 100), &options, Look::Good), Ok(None));
        assert!(encode(&photo(7, 100), &options).is_ok());
    }

    #[test]
    fn the_format_follows_the_client_and_the_picture() {
        let check = |accept: &str, picture: &Picture, expected: Format| {
            assert_eq!(Format::negotiate(accept, picture, 10.0), expected, "{accept}");
        };
        let photo = photo(64, 64);
        let mut moving = photo.clone();
        moving.frames.push(moving.frames[0].clone());
        let clear = Picture::still(Raster::filled(8, 8, [1, 2, 3, 0]));
        let drawn = Picture::still(Raster::filled(80, 80, [1, 2, 3, 255]));
        check("image/avif,image/webp,*/*;q=0.8", &photo, Format::Avif);
        check("image/AVIF;q=0, image/webp;q=0.5", &photo, Format::WebP);
        check("image/avif,image/webp", &moving, Format::WebP);
        check("*/*", &photo, Format::Jpeg);
        check("", &drawn, Format::Png);
        check("image/*", &clear, Format::Png);
        check("image/png", &moving, Format::Gif);
        check("image/avif;q=nonsense", &photo, Format::Jpeg);
        assert_eq!(Format::negotiate("image/avif,image/webp", &photo, 0.0), Format::WebP);
    }
}
