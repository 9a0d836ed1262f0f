//! GIF: only what differs from the frame before, in a palette of all frames where their colours fit, else in one of its
//! own.

use std::collections::HashMap;

use gif::{DisposalMethod, Encoder, ExtensionData, Repeat};
use safelight_kernels as kernels;

use crate::{EncodeOptions, Error, Format, Loops, Picture, Raster};

const GIF: Format = Format::Gif;

/// Alpha below this becomes transparent, the rest opaque; the quantiser draws the line there as well.
const OPAQUE_FROM: u8 = 128;

/// The colour of a pixel; none is clear.
type Color = Option<[u8; 3]>;

pub(crate) fn write(picture: &Picture, options: &EncodeOptions) -> Result<Vec<u8>, Error> {
    let fail = |error| Error::encode(GIF, error);
    let first = &picture.frames[0].raster;
    // The caller has checked that the sides fit.
    let (width, height) = (first.width() as u16, first.height() as u16);
    let most = usize::from(options.colors.unwrap_or(256));
    let rasters = || picture.frames.iter().map(|frame| &frame.raster);
    // Where something opaque becomes clear, each frame is drawn on a canvas that is cleared before.
    let clears = rasters().zip(rasters().skip(1)).any(|(before, raster)| clears(before, raster));
    let see_through = rasters().any(|raster| colors(raster, raster.pixels()).any(|color| color.is_none()));
    let moves = picture.frames.len() > 1;
    // What does not differ is clear, too.
    let shared = Shared::of(rasters(), most, see_through || (moves && !clears));
    let global = shared.as_ref().map(|shared| shared.palette.clone()).unwrap_or_default();
    let mut encoder = Encoder::new(Vec::new(), width, height, &global).map_err(fail)?;
    if moves {
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
    let mut before = None;
    for frame in &picture.frames {
        let raster = &frame.raster;
        let part = match before {
            Some(before) if !clears => Part::changed(before, raster),
            _ => Part::seen(raster),
        };
        let mut indexed = match &shared {
            Some(shared) => shared.index(&part.pixels),
            None => index(&part, (most - usize::from(clears)).max(2), options.dither),
        };
        if clears {
            // Some readers clear a frame to its transparent colour, and where it has none to the background's.
            indexed.transparent = Some(indexed.transparent.unwrap_or_else(|| indexed.add_clear(&shared)));
        }
        let delay = (frame.delay_ms.saturating_add(5) / 10).min(u32::from(u16::MAX)) as u16;
        encoder
            .write_frame(&gif::Frame {
                left: part.left,
                top: part.top,
                width: part.width,
                height: part.height,
                delay,
                dispose: if clears { DisposalMethod::Background } else { DisposalMethod::Keep },
                transparent: indexed.transparent,
                palette: indexed.palette,
                buffer: indexed.indices.into(),
                ..gif::Frame::default()
            })
            .map_err(fail)?;
        before = Some(raster);
    }
    encoder.into_inner().map_err(fail)
}

/// Whether a pixel that shows is clear in the next frame.
fn clears(before: &Raster, raster: &Raster) -> bool {
    raster.format().has_alpha()
        && colors(before, before.pixels())
            .zip(colors(raster, raster.pixels()))
            .any(|(old, new)| old.is_some() && new.is_none())
}

/// A window of a frame, within the 65535 pixels of a side that the caller has checked.
struct Part {
    left: u16,
    top: u16,
    width: u16,
    height: u16,
    pixels: Vec<Color>,
}

impl Part {
    /// The smallest window around all that is not clear.
    fn seen(raster: &Raster) -> Part {
        Part::around(raster, |row| colors(raster, row).map(|color| (color, color.is_some())).collect())
    }

    /// The smallest window around all pixels that differ; those in it that do not are clear, so that they keep
    /// what is shown.
    fn changed(before: &Raster, raster: &Raster) -> Part {
        let mut rows = before.pixels().chunks_exact(stride(before));
        Part::around(raster, |row| {
            let old = rows.next().unwrap_or_default();
            let pairs = colors(before, old).zip(colors(raster, row));
            pairs.map(|(old, new)| if old == new { (None, false) } else { (new, true) }).collect()
        })
    }

    /// The window around all pixels that count, which `of` tells for each row; one clear pixel if none does.
    fn around(raster: &Raster, mut of: impl FnMut(&[u8]) -> Vec<(Color, bool)>) -> Part {
        let (width, height) = (raster.width() as usize, raster.height() as usize);
        let (mut left, mut right, mut top, mut bottom) = (width, 0, height, 0);
        let mut all = Vec::with_capacity(width * height);
        for (y, row) in raster.pixels().chunks_exact(stride(raster)).enumerate() {
            let row = of(row);
            if let Some(first) = row.iter().position(|(_, counts)| *counts) {
                let last = row.iter().rposition(|(_, counts)| *counts).unwrap_or(first);
                (left, right) = (left.min(first), right.max(last + 1));
                (top, bottom) = (top.min(y), y + 1);
            }
            all.extend(row.into_iter().map(|(color, _)| color));
        }
        if top >= bottom {
            return Part { left: 0, top: 0, width: 1, height: 1, pixels: vec![None] };
        }
        let rows = all.chunks_exact(width).skip(top).take(bottom - top);
        let pixels = rows.flat_map(|row| row[left..right].iter().copied()).collect();
        Part { left: left as u16, top: top as u16, width: (right - left) as u16, height: (bottom - top) as u16, pixels }
    }
}

fn stride(raster: &Raster) -> usize {
    raster.width() as usize * raster.format().bytes_per_pixel()
}

/// The colour of each pixel in some rows of a raster.
fn colors(raster: &Raster, pixels: &[u8]) -> impl Iterator<Item = Color> {
    let format = raster.format();
    pixels.chunks_exact(format.bytes_per_pixel()).map(move |pixel| match *pixel {
        [r, g, b] => Some([r, g, b]),
        [r, g, b, alpha] => (alpha >= OPAQUE_FROM).then_some([r, g, b]),
        _ => Some([pixel[0]; 3]),
    })
}

struct Indexed {
    /// Red, green, blue for each index; none for the palette of all frames.
    palette: Option<Vec<u8>>,
    indices: Vec<u8>,
    transparent: Option<u8>,
}

impl Indexed {
    /// The place of a clear colour in a palette that has not used one.
    fn add_clear(&mut self, shared: &Option<Shared>) -> u8 {
        if let Some(shared) = shared.as_ref().and_then(|shared| shared.transparent) {
            return shared;
        }
        let palette = self.palette.get_or_insert_default();
        palette.extend([0; 3]);
        (palette.len() / 3 - 1) as u8
    }
}

/// One palette for all frames, when it holds all their colours.
struct Shared {
    palette: Vec<u8>,
    places: HashMap<[u8; 3], u8>,
    transparent: Option<u8>,
}

impl Shared {
    /// None when there are more than `most` colours, with that of what is clear if it is needed.
    fn of<'a>(rasters: impl Iterator<Item = &'a Raster>, most: usize, clear: bool) -> Option<Shared> {
        let room = most - usize::from(clear);
        let mut places: HashMap<[u8; 3], u8> = HashMap::new();
        let mut palette = Vec::new();
        let mut last = None;
        for raster in rasters {
            for color in colors(raster, raster.pixels()).flatten() {
                if last != Some(color) && !places.contains_key(&color) {
                    if places.len() == room {
                        return None;
                    }
                    places.insert(color, places.len() as u8);
                    palette.extend(color);
                }
                last = Some(color);
            }
        }
        let transparent = clear.then_some(places.len() as u8);
        palette.extend(transparent.map(|_| [0; 3]).iter().flatten());
        Some(Shared { palette, places, transparent })
    }

    fn index(&self, pixels: &[Color]) -> Indexed {
        let clear = self.transparent.unwrap_or_default();
        let place = |color: &Color| color.map_or(clear, |color| self.places[&color]);
        // Neighbours are often alike.
        let mut last = (None, clear);
        let indices = pixels.iter().map(|color| {
            if last.0 != *color {
                last = (*color, place(color));
            }
            last.1
        });
        let indices: Vec<u8> = indices.collect();
        let transparent = self.transparent.filter(|clear| indices.contains(clear));
        Indexed { palette: None, indices, transparent }
    }
}

/// Chooses a palette for a window of one frame.
fn index(part: &Part, most: usize, dither: bool) -> Indexed {
    let rgba = |color: &Color| color.map_or([0; 4], |[r, g, b]| [r, g, b, 255]);
    let pixels: Vec<u8> = part.pixels.iter().flat_map(rgba).collect();
    let size = (u32::from(part.width), u32::from(part.height));
    let kernels::Indexed { palette, indices } = kernels::quantize(&pixels, size, 4, most, dither);
    let transparent = palette.iter().position(|entry| entry[3] == 0).map(|at| at as u8);
    let palette = palette.iter().flat_map(|entry| entry[..3].to_vec()).collect();
    Indexed { palette: Some(palette), indices, transparent }
}
