//! Planes of brightness and colour differences to RGB.
//!
//! Source: ITU-T H.273 section 8.3: scaling of full and limited range, equations 38 to 43 for the
//! matrices, 8.3 "identity" and YCgCo. Halved colour is interpolated linearly between sample
//! centres, which are taken to lie in the middle of the pixels they stand for.

use super::AVIF;
use super::av1::Frame;
use crate::{Error, PixelFormat, Raster};

/// How to come from differences to colours.
enum Matrix {
    /// The planes are green, blue, red.
    Identity,
    YCgCo,
    /// Weights of red and blue in the brightness.
    Weighted {
        red: f32,
        blue: f32,
    },
}

impl Matrix {
    fn new(number: u8) -> Result<Matrix, Error> {
        let weighted = |red, blue| Ok(Matrix::Weighted { red, blue });
        match number {
            0 => Ok(Matrix::Identity),
            1 => weighted(0.2126, 0.0722),
            // Not told: BT.601, as libavif does.
            2 | 5 | 6 => weighted(0.299, 0.114),
            4 => weighted(0.30, 0.11),
            7 => weighted(0.212, 0.087),
            8 => Ok(Matrix::YCgCo),
            9 => weighted(0.2627, 0.0593),
            other => Err(Error::unsupported(AVIF, format!("matrix coefficients {other}"))),
        }
    }
}

/// Converts a frame: grey when it has no colour planes, else RGB.
pub(super) fn to_raster(frame: &Frame) -> Result<Raster, Error> {
    let color = frame.color;
    let (width, height) = (frame.width, frame.height);
    let Some(halved) = frame.halved else {
        let pixels = scale_luma(frame, color.full_range);
        let raster = Raster::new(width as u32, height as u32, PixelFormat::Gray8, pixels);
        return raster.map_err(Error::shape(AVIF));
    };
    let matrix = Matrix::new(color.matrix)?;
    if matches!(matrix, Matrix::Identity) && halved != (false, false) {
        return Err(Error::corrupt(AVIF, "it has RGB planes of different size"));
    }
    let range = Range::new(frame.bits, color.full_range);
    let mut pixels = vec![0; width * height * 3];
    let mut luma = vec![0; width];
    let mut differences = [Difference::new(frame, 1, halved), Difference::new(frame, 2, halved)];
    for (y, row) in pixels.chunks_exact_mut(width * 3).enumerate() {
        frame.row(0, y, &mut luma);
        let [first, second] = &mut differences;
        let (first, second) = (first.row(frame, y), second.row(frame, y));
        let row = row.as_chunks_mut::<3>().0;
        let samples = luma.iter().zip(first).zip(second);
        match matrix {
            Matrix::Identity => {
                for (pixel, ((&green, &blue), &red)) in row.iter_mut().zip(samples) {
                    *pixel = [
                        to_byte(range.brightness(f32::from(red as u16) / 16.0)),
                        to_byte(range.brightness(f32::from(green))),
                        to_byte(range.brightness(f32::from(blue as u16) / 16.0)),
                    ];
                }
            }
            Matrix::YCgCo => {
                for (pixel, ((&luma, &green), &orange)) in row.iter_mut().zip(samples) {
                    let luma = range.brightness(f32::from(luma));
                    let (green, orange) = (range.difference(green), range.difference(orange));
                    *pixel = [to_byte(luma - green + orange), to_byte(luma + green), to_byte(luma - green - orange)];
                }
            }
            Matrix::Weighted { red, blue } => {
                let green = 1.0 - red - blue;
                let (from_red, from_blue) = (2.0 * (1.0 - red), 2.0 * (1.0 - blue));
                let (green_red, green_blue) = (red * from_red / green, blue * from_blue / green);
                for (pixel, ((&luma, &cb), &cr)) in row.iter_mut().zip(samples) {
                    let luma = range.brightness(f32::from(luma));
                    let (cb, cr) = (range.difference(cb), range.difference(cr));
                    *pixel = [
                        to_byte(luma + from_red * cr),
                        to_byte(luma - green_red * cr - green_blue * cb),
                        to_byte(luma + from_blue * cb),
                    ];
                }
            }
        }
    }
    Raster::new(width as u32, height as u32, PixelFormat::Rgb8, pixels).map_err(Error::shape(AVIF))
}

/// The brightness alone in 8 bits, for alpha.
pub(super) fn luma(frame: &Frame) -> Vec<u8> {
    scale_luma(frame, frame.color.full_range)
}

fn scale_luma(frame: &Frame, full_range: bool) -> Vec<u8> {
    let range = Range::new(frame.bits, full_range);
    let mut row = vec![0; frame.width];
    let mut out = Vec::with_capacity(frame.width * frame.height);
    for y in 0..frame.height {
        frame.row(0, y, &mut row);
        out.extend(row.iter().map(|&value| to_byte(range.brightness(f32::from(value)))));
    }
    out
}

/// From 0.0 to 1.0 to a byte, to nearest; what lies outside is cut (`as` saturates).
fn to_byte(value: f32) -> u8 {
    (value * 255.0 + 0.5) as u8
}

/// Where black and white lie.
struct Range {
    black: f32,
    brightness_scale: f32,
    /// The neutral difference, in sixteenths.
    neutral: f32,
    difference_scale: f32,
}

impl Range {
    fn new(bits: u32, full: bool) -> Range {
        let unit = (1_u32 << (bits - 8)) as f32;
        let top = ((1_u32 << bits) - 1) as f32;
        let neutral = 128.0 * unit * 16.0;
        let (black, brightness, difference) =
            if full { (0.0, top, top) } else { (16.0 * unit, 219.0 * unit, 224.0 * unit) };
        Range { black, brightness_scale: 1.0 / brightness, neutral, difference_scale: 1.0 / (16.0 * difference) }
    }

    fn brightness(&self, value: f32) -> f32 {
        (value - self.black) * self.brightness_scale
    }

    /// From sixteenths to -0.5 to 0.5.
    fn difference(&self, sixteenths: i32) -> f32 {
        (sixteenths as f32 - self.neutral) * self.difference_scale
    }
}

/// Rows of one colour difference at full width, in sixteenths.
struct Difference {
    plane: usize,
    halved: (bool, bool),
    /// Stored rows and columns.
    rows: usize,
    near: Vec<u16>,
    far: Vec<u16>,
    /// The two rows mixed, in quarters.
    mixed: Vec<i32>,
    out: Vec<i32>,
}

impl Difference {
    fn new(frame: &Frame, plane: usize, halved: (bool, bool)) -> Difference {
        let columns = if halved.0 { frame.width.div_ceil(2) } else { frame.width };
        let rows = if halved.1 { frame.height.div_ceil(2) } else { frame.height };
        Difference {
            plane,
            halved,
            rows,
            near: vec![0; columns],
            far: vec![0; columns],
            mixed: vec![0; columns],
            out: vec![0; frame.width],
        }
    }

    fn row(&mut self, frame: &Frame, y: usize) -> &[i32] {
        if self.halved.1 {
            // The nearer row counts three times as much as the one on the other side.
            let near = y / 2;
            let far = if y % 2 == 1 { (near + 1).min(self.rows - 1) } else { near.saturating_sub(1) };
            frame.row(self.plane, near, &mut self.near);
            frame.row(self.plane, far, &mut self.far);
            for (to, (near, far)) in self.mixed.iter_mut().zip(self.near.iter().zip(&self.far)) {
                *to = 3 * i32::from(*near) + i32::from(*far);
            }
        } else {
            frame.row(self.plane, y, &mut self.near);
            for (to, near) in self.mixed.iter_mut().zip(&self.near) {
                *to = 4 * i32::from(*near);
            }
        }
        if self.halved.0 {
            let last = self.mixed.len() - 1;
            for (x, pair) in self.out.chunks_mut(2).enumerate() {
                let near = 3 * self.mixed[x];
                pair[0] = near + self.mixed[x.saturating_sub(1)];
                if let Some(right) = pair.get_mut(1) {
                    *right = near + self.mixed[(x + 1).min(last)];
                }
            }
        } else {
            for (to, from) in self.out.iter_mut().zip(&self.mixed) {
                *to = 4 * from;
            }
        }
        &self.out
    }
}
