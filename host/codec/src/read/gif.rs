//! GIF: frames composed to full canvases.
//!
//! Source: CompuServe, "Graphics Interchange Format, Version 89a", sections 18 (screen), 20 (image),
//! 23 (graphic control), 27 (trailer); the loop count is Netscape's application extension.

use gif::{ColorOutput, DisposalMethod, MemoryLimit};

use super::{Content, Headers, le16};
use crate::error::is_early_end;
use crate::{DecodeOptions, Error, Format, Frame, Limits, Loops, PixelFormat, Raster};

const GIF: Format = Format::Gif;

pub(super) fn headers(bytes: &[u8], limits: &Limits) -> Result<Headers, Error> {
    let outline = Outline::read(bytes)?;
    if outline.frames == 0 && !outline.ends_early {
        return Err(Error::corrupt(GIF, "it holds no picture"));
    }
    // A frame may be larger than the canvas, and is then decoded whole before it is cut.
    limits.check_size(outline.largest.0, outline.largest.1)?;
    let mut headers = Headers::new(GIF, outline.width, outline.height);
    headers.frames = outline.frames.max(1);
    headers.has_alpha = outline.has_alpha;
    headers.delays_ms = outline.delays_ms;
    headers.loops = outline.loops;
    if outline.ends_early {
        headers.ends_early = Some("its end mark is missing");
    }
    // The canvas beside the frames, a saved canvas, and the indices of one frame.
    headers.work = 9;
    Ok(headers)
}

pub(super) fn content(bytes: &[u8], headers: &Headers, options: &DecodeOptions) -> Result<Content, Error> {
    let outline = Outline::read(bytes)?;
    let mut decode = gif::DecodeOptions::new();
    decode.set_color_output(ColorOutput::Indexed);
    let memory = options.limits.max_memory_bytes.max(1);
    decode.set_memory_limit(MemoryLimit::Bytes(memory.try_into().expect("at least 1")));
    let mut decoder = decode.read_info(bytes).map_err(sort)?;

    let wanted = if options.animated { headers.frames as usize } else { 1 };
    let (width, height) = (headers.width as usize, headers.height as usize);
    let mut canvas = vec![0; width * height * 4];
    let mut frames: Vec<Frame> = Vec::with_capacity(wanted);
    let global = decoder.global_palette().map(<[u8]>::to_vec);
    while frames.len() < wanted {
        let Some(part) = decoder.read_next_frame().map_err(|error| {
            let what = format!("frame {}", frames.len() + 1);
            sort_at(error, &what)
        })?
        else {
            break;
        };
        let palette = part.palette.as_deref().or(global.as_deref()).unwrap_or_default();
        let palette = Palette::new(palette, part.transparent);
        let before = match part.dispose {
            DisposalMethod::Previous if frames.len() + 1 < wanted => Some(canvas.clone()),
            _ => None,
        };
        draw(&mut canvas, (width, height), part, &palette);
        let delay_ms = u32::from(part.delay) * 10;
        let dispose = part.dispose;
        let window = Window::of(part, width, height);
        let last = frames.len() + 1 == wanted;
        let pixels = if last { std::mem::take(&mut canvas) } else { canvas.clone() };
        let raster = Raster::new(headers.width, headers.height, PixelFormat::Rgba8, pixels);
        frames.push(Frame { raster: raster.map_err(Error::shape(GIF))?, delay_ms });
        if last {
            break;
        }
        match (dispose, before) {
            (DisposalMethod::Background, _) => window.clear(&mut canvas, width),
            (_, Some(before)) => canvas = before,
            _ => {}
        }
    }
    if frames.is_empty() {
        return Err(Error::truncated(GIF, "its first frame is missing"));
    }
    let icc = decoder.icc_profile().map(<[u8]>::to_vec);
    let xmp = decoder.xmp_metadata().map(<[u8]>::to_vec);
    let mut content = if options.animated && frames.len() > 1 {
        Content::animated(frames, outline.loops)
    } else {
        Content::still(frames.swap_remove(0).raster)
    };
    content.icc = icc;
    content.xmp = xmp;
    Ok(content)
}

/// RGBA for each index. An index past the end of the palette is transparent, as in browsers.
struct Palette([[u8; 4]; 256]);

impl Palette {
    fn new(rgb: &[u8], transparent: Option<u8>) -> Palette {
        let mut colors = [[0; 4]; 256];
        for (to, &[r, g, b]) in colors.iter_mut().zip(rgb.as_chunks::<3>().0) {
            *to = [r, g, b, 255];
        }
        if let Some(index) = transparent {
            colors[usize::from(index)] = [0; 4];
        }
        Palette(colors)
    }
}

/// The part of a frame that lies on the canvas.
struct Window {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl Window {
    fn of(frame: &gif::Frame, width: usize, height: usize) -> Window {
        let (left, top) = (usize::from(frame.left).min(width), usize::from(frame.top).min(height));
        Window {
            left,
            top,
            width: usize::from(frame.width).min(width - left),
            height: usize::from(frame.height).min(height - top),
        }
    }

    fn clear(&self, canvas: &mut [u8], width: usize) {
        let rows = canvas.chunks_exact_mut(width * 4).skip(self.top).take(self.height);
        for row in rows {
            row[self.left * 4..(self.left + self.width) * 4].fill(0);
        }
    }
}

fn draw(canvas: &mut [u8], (width, height): (usize, usize), frame: &gif::Frame, palette: &Palette) {
    let window = Window::of(frame, width, height);
    if window.width == 0 || window.height == 0 {
        return;
    }
    let rows = canvas.chunks_exact_mut(width * 4).skip(window.top).take(window.height);
    for (row, indices) in rows.zip(frame.buffer.chunks_exact(usize::from(frame.width))) {
        let row = &mut row[window.left * 4..(window.left + window.width) * 4];
        for (pixel, &index) in row.as_chunks_mut::<4>().0.iter_mut().zip(indices) {
            let color = palette.0[usize::from(index)];
            if color[3] != 0 {
                *pixel = color;
            }
        }
    }
}

/// What the blocks say, without decompressing anything.
struct Outline {
    width: u32,
    height: u32,
    frames: u32,
    /// By frame, in milliseconds.
    delays_ms: Vec<u32>,
    /// What the last graphic control said for the image that follows it, in hundredths of a second.
    delay: u16,
    /// The frame with most pixels.
    largest: (u32, u32),
    has_alpha: bool,
    loops: Loops,
    ends_early: bool,
}

impl Outline {
    fn read(bytes: &[u8]) -> Result<Outline, Error> {
        let (Some(width), Some(height), Some(&flags)) = (le16(bytes, 6), le16(bytes, 8), bytes.get(10)) else {
            return Err(Error::truncated(GIF, "the data ends within the header"));
        };
        let mut outline = Outline {
            width: width.into(),
            height: height.into(),
            frames: 0,
            delays_ms: Vec::new(),
            delay: 0,
            largest: (1, 1),
            has_alpha: false,
            loops: Loops::Times(1),
            ends_early: true,
        };
        let mut at = 13 + palette_length(flags);
        while let Some(&kind) = bytes.get(at) {
            let next = match kind {
                0x21 => outline.extension(bytes, at + 1),
                0x2c => outline.image(bytes, at + 1),
                // The trailer, or a block that the decoder will complain about.
                _ => {
                    outline.ends_early = false;
                    break;
                }
            };
            let Some(next) = next else { break };
            at = next;
        }
        Ok(outline)
    }

    /// Reads an extension from its label on; gives where the next block starts.
    fn extension(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        let label = *bytes.get(at)?;
        match label {
            0xf9 => {
                self.has_alpha |= bytes.get(at + 2)? & 1 == 1;
                self.delay = le16(bytes, at + 3)?;
            }
            0xff if bytes.get(at + 2..at + 13) == Some(b"NETSCAPE2.0")
                && bytes.get(at + 13..at + 15) == Some(&[3, 1]) =>
            {
                // The file counts repetitions after the first round; browsers agree since 2022.
                self.loops = match le16(bytes, at + 15)? {
                    0 => Loops::Forever,
                    count => Loops::Times(u32::from(count) + 1),
                };
            }
            _ => {}
        }
        skip_blocks(bytes, at + 1)
    }

    /// Reads an image descriptor; gives where the next block starts.
    fn image(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        let (left, top) = (le16(bytes, at)?, le16(bytes, at + 2)?);
        let size = (u32::from(le16(bytes, at + 4)?), u32::from(le16(bytes, at + 6)?));
        let flags = *bytes.get(at + 8)?;
        if self.frames == 0 {
            let covers = (left, top) == (0, 0) && size.0 >= self.width && size.1 >= self.height;
            self.has_alpha |= !covers;
        }
        let pixels = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
        if pixels(size) > pixels(self.largest) {
            self.largest = size;
        }
        self.frames = self.frames.saturating_add(1);
        self.delays_ms.push(u32::from(std::mem::take(&mut self.delay)) * 10);
        // The palette, then the code size, then the data.
        skip_blocks(bytes, at + 9 + palette_length(flags) + 1)
    }
}

fn palette_length(flags: u8) -> usize {
    if flags & 0x80 != 0 { 3 << ((flags & 7) + 1) } else { 0 }
}

/// Steps over length-prefixed blocks up to the empty one.
fn skip_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}

fn sort(error: gif::DecodingError) -> Error {
    sort_at(error, "its header")
}

fn sort_at(error: gif::DecodingError, place: &str) -> Error {
    let early = matches!(error, gif::DecodingError::UnexpectedEof) || is_early_end(&error);
    if early {
        Error::truncated(GIF, format!("the data ends within {place}"))
    } else {
        Error::corrupt(GIF, format!("{place}: {error}"))
    }
}
