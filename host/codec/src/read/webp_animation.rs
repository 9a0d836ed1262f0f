//! Frames of an animated WebP, composed to full canvases.
//!
//! Each frame is handed to the decoder as a still picture, and put on the canvas here, so that every
//! opaque pixel comes through as it is.
//!
//! Source: RFC 9649 section 2.7.1.1: ANIM and ANMF, disposal and blending. The canvas starts clear
//! whatever background the file suggests, as in browsers and libwebp's player.

use std::io::Cursor;

use image::ImageDecoder;
use image::codecs::webp::WebPDecoder;

use super::webp::{Chunks, WEBP};
use super::{Content, Headers, le16, le24, samples};
use crate::error::from_image;
use crate::{DecodeOptions, Error, Frame, Loops, PixelFormat, Raster};

pub(super) fn read(bytes: &[u8], headers: &Headers, options: &DecodeOptions) -> Result<Content, Error> {
    let wanted = if options.animated { headers.frames as usize } else { 1 };
    let (width, height) = (headers.width as usize, headers.height as usize);
    let mut canvas = vec![0; width * height * 4];
    let mut frames: Vec<Frame> = Vec::with_capacity(wanted);
    let mut loops = Loops::Forever;
    for (name, data) in Chunks::new(bytes) {
        match &name {
            b"ANIM" => loops = self::loops(data),
            b"ANMF" if frames.len() < wanted => {
                let number = frames.len() + 1;
                let part = Part::read(data, (headers.width, headers.height))
                    .ok_or_else(|| corrupt(number, "does not lie on the canvas"))?;
                let picture = part.decode(headers).map_err(|error| within(number, error))?;
                part.draw(&mut canvas, width, &picture);
                let last = number == wanted;
                let pixels = if last { std::mem::take(&mut canvas) } else { canvas.clone() };
                let raster = Raster::new(headers.width, headers.height, PixelFormat::Rgba8, pixels);
                let raster = raster.map_err(Error::shape(WEBP))?;
                frames.push(Frame { raster, delay_ms: part.delay_ms });
                if part.clears && !last {
                    part.clear(&mut canvas, width);
                }
            }
            _ => {}
        }
    }
    if frames.len() < wanted {
        return Err(Error::truncated(WEBP, format!("frame {} is missing", frames.len() + 1)));
    }
    match options.animated {
        true => Ok(Content::animated(frames, loops)),
        false => Ok(Content::still(frames.swap_remove(0).raster)),
    }
}

/// What an ANIM chunk says of repetition.
pub(super) fn loops(data: &[u8]) -> Loops {
    match le16(data, 4) {
        Some(0) | None => Loops::Forever,
        Some(count) => Loops::Times(count.into()),
    }
}

fn corrupt(number: usize, what: &str) -> Error {
    Error::corrupt(WEBP, format!("frame {number} {what}"))
}

/// Names the frame in an error about it.
fn within(number: usize, error: Error) -> Error {
    match error {
        Error::Truncated { what, .. } => Error::truncated(WEBP, format!("frame {number}: {what}")),
        Error::Corrupt { what, .. } => Error::corrupt(WEBP, format!("frame {number}: {what}")),
        other => other,
    }
}

/// One ANMF chunk.
struct Part<'a> {
    left: usize,
    top: usize,
    width: u32,
    height: u32,
    delay_ms: u32,
    /// Mixed with what is there, instead of replacing it.
    blends: bool,
    /// Its place is clear again before the next frame.
    clears: bool,
    data: &'a [u8],
}

impl<'a> Part<'a> {
    /// Reads the frame's header; none if the frame reaches outside the canvas.
    fn read(data: &'a [u8], canvas: (u32, u32)) -> Option<Part<'a>> {
        // Places are stored halved, sizes less one.
        let (left, top) = (2 * le24(data, 0)?, 2 * le24(data, 3)?);
        let (width, height) = (le24(data, 6)? + 1, le24(data, 9)? + 1);
        let flags = *data.get(15)?;
        if left + width > canvas.0 || top + height > canvas.1 {
            return None;
        }
        Some(Part {
            left: left as usize,
            top: top as usize,
            width,
            height,
            delay_ms: le24(data, 12)?,
            blends: flags & 2 == 0,
            clears: flags & 1 != 0,
            data: &data[16..],
        })
    }

    /// Decodes the frame as a still picture of its own.
    fn decode(&self, headers: &Headers) -> Result<Raster, Error> {
        let sort = |error| from_image(WEBP, error);
        let has_alpha = self.data.starts_with(b"ALPH");
        let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
        if has_alpha {
            const HAS_ALPHA: u8 = 0x10;
            file.extend_from_slice(b"VP8X\x0a\0\0\0");
            file.extend_from_slice(&[HAS_ALPHA, 0, 0, 0]);
            file.extend_from_slice(&(self.width - 1).to_le_bytes()[..3]);
            file.extend_from_slice(&(self.height - 1).to_le_bytes()[..3]);
        }
        file.extend_from_slice(self.data);
        let length = (file.len() - 8) as u32;
        file[4..8].copy_from_slice(&length.to_le_bytes());
        let mut decoder = WebPDecoder::new(Cursor::new(&file)).map_err(sort)?;
        if decoder.dimensions() != (self.width, self.height) {
            let (width, height) = decoder.dimensions();
            let what = format!("it is {width} x {height} px, announced are {} x {} px", self.width, self.height);
            return Err(Error::corrupt(WEBP, what));
        }
        decoder.set_limits(samples::image_limits(headers)).map_err(sort)?;
        samples::read(WEBP, decoder)
    }

    fn rows<'c>(&self, canvas: &'c mut [u8], width: usize) -> impl Iterator<Item = &'c mut [u8]> {
        let (from, to) = (self.left * 4, (self.left + self.width as usize) * 4);
        canvas.chunks_exact_mut(width * 4).skip(self.top).take(self.height as usize).map(move |row| &mut row[from..to])
    }

    fn draw(&self, canvas: &mut [u8], width: usize, picture: &Raster) {
        let bytes_per_pixel = picture.format().bytes_per_pixel();
        let sources = picture.pixels().chunks_exact(self.width as usize * bytes_per_pixel);
        for (row, source) in self.rows(canvas, width).zip(sources) {
            let row = row.as_chunks_mut::<4>().0;
            if picture.format() == PixelFormat::Rgba8 {
                for (under, over) in row.iter_mut().zip(source.as_chunks::<4>().0) {
                    *under = if self.blends { blend(*under, *over) } else { *over };
                }
            } else {
                for (under, &[r, g, b]) in row.iter_mut().zip(source.as_chunks::<3>().0) {
                    *under = [r, g, b, 255];
                }
            }
        }
    }

    fn clear(&self, canvas: &mut [u8], width: usize) {
        self.rows(canvas, width).for_each(|row| row.fill(0));
    }
}

/// Puts a straight-alpha pixel over another, rounded to nearest.
fn blend(under: [u8; 4], over: [u8; 4]) -> [u8; 4] {
    match (over[3], under[3]) {
        (255, _) | (_, 0) => return over,
        (0, _) => return under,
        _ => {}
    }
    // Weights of the two, in 255ths of 255ths.
    let upper = u32::from(over[3]) * 255;
    let lower = u32::from(under[3]) * (255 - u32::from(over[3]));
    let whole = upper + lower;
    let mix = |at: usize| {
        let sum = u32::from(over[at]) * upper + u32::from(under[at]) * lower;
        ((sum + whole / 2) / whole) as u8
    };
    [mix(0), mix(1), mix(2), ((whole + 127) / 255) as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opaque_pixels_replace_and_clear_ones_do_nothing() {
        assert_eq!(blend([1, 2, 3, 255], [40, 60, 205, 255]), [40, 60, 205, 255]);
        assert_eq!(blend([1, 2, 3, 200], [40, 60, 205, 0]), [1, 2, 3, 200]);
        assert_eq!(blend([9, 9, 9, 0], [40, 60, 205, 7]), [40, 60, 205, 7]);
    }

    #[test]
    fn half_over_half_is_three_quarters() {
        // 128/255 + 128/255 * 127/255 = 0.7520, times 255 = 191.75; the upper weighs 2/3 of it.
        assert_eq!(blend([0, 0, 0, 128], [255, 255, 255, 128]), [170, 170, 170, 192]);
    }
}
