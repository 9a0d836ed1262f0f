//! GIF: each frame with a palette of its own, and only what differs from the one before.

use std::collections::HashMap;

use color_quant::NeuQuant;
use gif::{DisposalMethod, Encoder, ExtensionData, Repeat};

use crate::{EncodeOptions, Error, Format, Loops, Picture, Raster};

const GIF: Format = Format::Gif;

/// Alpha below this becomes transparent, the rest opaque.
const OPAQUE_FROM: u8 = 128;

pub(crate) fn write(picture: &Picture, options: &EncodeOptions) -> Result<Vec<u8>, Error> {
    let fail = |error| Error::encode(GIF, error);
    let first = &picture.frames[0].raster;
    // The caller has checked that the sides fit.
    let (width, height) = (first.width() as u16, first.height() as u16);
    let mut encoder = Encoder::new(Vec::new(), width, height, &[]).map_err(fail)?;
    if picture.frames.len() > 1 {
        // The file counts repetitions after the first round; without a count it plays once.
        let repeat = match picture.loops {
            Loops::Forever => Some(Repeat::Infinite),
            Loops::Times(0 | 1) => None,
            Loops::Times(times) => Some(Repeat::Finite(u16::try_from(times - 1).unwrap_or(u16::MAX))),
        };
        if let Some(repeat) = repeat {
            encoder.write_extension(ExtensionData::Repetitions(repeat)).map_err(fail)?;
        }
    }
    let see_through = picture.frames.iter().any(|frame| !frame.raster.is_opaque());
    let mut before = None;
    for frame in &picture.frames {
        // Where frames have clear parts, each is drawn whole on a cleared canvas; otherwise only
        // what changes is written.
        let part = match before {
            Some(before) if !see_through => Part::changed(before, &frame.raster),
            _ => Part::whole(&frame.raster),
        };
        let indexed = index(&part.pixels, options.effort);
        let delay = (frame.delay_ms.saturating_add(5) / 10).min(u32::from(u16::MAX)) as u16;
        encoder
            .write_frame(&gif::Frame {
                left: part.left,
                top: part.top,
                width: part.width,
                height: part.height,
                delay,
                dispose: if see_through { DisposalMethod::Background } else { DisposalMethod::Keep },
                transparent: indexed.transparent,
                palette: Some(indexed.palette),
                buffer: indexed.indices.into(),
                ..gif::Frame::default()
            })
            .map_err(fail)?;
        before = Some(&frame.raster);
    }
    encoder.into_inner().map_err(fail)
}

/// A window of a frame, within the 65535 pixels of a side that the caller has checked.
struct Part {
    left: u16,
    top: u16,
    width: u16,
    height: u16,
    /// None is clear.
    pixels: Vec<Option<[u8; 3]>>,
}

impl Part {
    fn whole(raster: &Raster) -> Part {
        let (width, height) = (raster.width() as u16, raster.height() as u16);
        let pixels = colors(raster, raster.pixels()).collect();
        Part { left: 0, top: 0, width, height, pixels }
    }

    /// The smallest window around all pixels that differ; those in it that do not are clear, so that
    /// they keep what is shown. One clear pixel if nothing differs.
    fn changed(before: &Raster, raster: &Raster) -> Part {
        if before.format() != raster.format() {
            return Part::whole(raster);
        }
        let bytes_per_pixel = raster.format().bytes_per_pixel();
        let stride = raster.width() as usize * bytes_per_pixel;
        let rows = || {
            let before = before.pixels().chunks_exact(stride);
            before.zip(raster.pixels().chunks_exact(stride)).enumerate()
        };
        let (mut left, mut right) = (raster.width() as usize, 0);
        let (mut top, mut bottom) = (raster.height() as usize, 0);
        for (y, (old, new)) in rows().filter(|(_, (old, new))| old != new) {
            let differ = |(old, new): (&u8, &u8)| old != new;
            let pairs = || old.iter().zip(new);
            let first = pairs().position(differ).unwrap_or(0);
            let last = pairs().rposition(differ).unwrap_or(0);
            (left, right) = (left.min(first / bytes_per_pixel), right.max(last / bytes_per_pixel + 1));
            (top, bottom) = (top.min(y), y + 1);
        }
        if top >= bottom {
            return Part { left: 0, top: 0, width: 1, height: 1, pixels: vec![None] };
        }
        let mut pixels = Vec::with_capacity((right - left) * (bottom - top));
        for (_, (old, new)) in rows().skip(top).take(bottom - top) {
            let window = left * bytes_per_pixel..right * bytes_per_pixel;
            let (old, new) = (&old[window.clone()], &new[window]);
            let pairs = colors(raster, old).zip(colors(raster, new));
            pixels.extend(pairs.map(|(old, new)| if old == new { None } else { new }));
        }
        Part { left: left as u16, top: top as u16, width: (right - left) as u16, height: (bottom - top) as u16, pixels }
    }
}

/// The colour of each pixel in some rows of a raster.
fn colors(raster: &Raster, pixels: &[u8]) -> impl Iterator<Item = Option<[u8; 3]>> {
    let format = raster.format();
    pixels.chunks_exact(format.bytes_per_pixel()).map(move |pixel| match *pixel {
        [r, g, b] => Some([r, g, b]),
        [r, g, b, alpha] => (alpha >= OPAQUE_FROM).then_some([r, g, b]),
        _ => Some([pixel[0]; 3]),
    })
}

struct Indexed {
    /// Red, green, blue for each index.
    palette: Vec<u8>,
    indices: Vec<u8>,
    transparent: Option<u8>,
}

/// Finds a palette and each pixel's place in it: exact where the colours fit, else by a self-
/// organising map.
///
/// Source: A. Dekker, "Kohonen neural networks for optimal colour quantization", Network:
/// Computation in Neural Systems 5 (1994), as the `color_quant` crate does it.
fn index(pixels: &[Option<[u8; 3]>], effort: u8) -> Indexed {
    let pixels = pixels.iter().copied();
    exact(pixels.clone()).unwrap_or_else(|| quantize(pixels, effort))
}

/// The palette of all colours, when they are 256 at most, a clear one included.
fn exact(pixels: impl Iterator<Item = Option<[u8; 3]>>) -> Option<Indexed> {
    let mut places: HashMap<Option<[u8; 3]>, u8> = HashMap::new();
    let mut palette = Vec::new();
    let mut indices = Vec::with_capacity(pixels.size_hint().0);
    let mut last = None;
    for pixel in pixels {
        let index = match last {
            Some((color, index)) if color == pixel => index,
            _ => match places.get(&pixel) {
                Some(index) => *index,
                None => {
                    let index = u8::try_from(places.len()).ok()?;
                    palette.extend(pixel.unwrap_or_default());
                    places.insert(pixel, index);
                    index
                }
            },
        };
        last = Some((pixel, index));
        indices.push(index);
    }
    let transparent = places.get(&None).copied();
    Some(Indexed { palette, indices, transparent })
}

fn quantize(pixels: impl Iterator<Item = Option<[u8; 3]>> + Clone, effort: u8) -> Indexed {
    // The map learns from every n-th pixel; 1 is best, 10 the usual compromise, 30 fastest.
    let every = match effort {
        0 => 30,
        1..=4 => 10,
        5..=7 => 4,
        _ => 1,
    };
    let clear = pixels.clone().any(|pixel| pixel.is_none());
    let colors = if clear { 255 } else { 256 };
    let opaque: Vec<u8> = pixels.clone().flatten().flat_map(|[r, g, b]| [r, g, b, 255]).collect();
    let map = NeuQuant::new(every, colors, &opaque);
    let mut palette = map.color_map_rgb();
    let transparent = clear.then_some(colors as u8);
    if clear {
        palette.extend([0; 3]);
    }
    // Neighbours are often alike, and so are pixels of one colour far apart.
    let mut seen: HashMap<[u8; 3], u8> = HashMap::new();
    let indices = pixels.map(|pixel| match pixel {
        Some(rgb) => *seen.entry(rgb).or_insert_with(|| map.index_of(&[rgb[0], rgb[1], rgb[2], 255]) as u8),
        None => colors as u8,
    });
    Indexed { indices: indices.collect(), palette, transparent }
}
