//! From the samples of the components to rows of pixels: upsampling and colour.
//!
//! Chroma stored at half resolution is interpolated: the samples of an original pair of pixels lie between the
//! two, so that each output is 3/4 of the nearer sample and 1/4 of the next one (a triangle filter). Other ratios
//! repeat samples.

use super::plane::{Geometry, Placement, Plane};
use super::{Color, Layout};

/// Turns planes into pixels, row by row.
pub(super) struct Output {
    color: Color,
    inverted: bool,
    pub(super) pixels: Vec<u8>,
    next_row: usize,
    /// Output rows held back because they need samples of the next row of MCUs.
    delay: usize,
    /// One row of each component at output resolution, and the column sums it is made of.
    rows: Vec<Vec<u8>>,
    sums: Vec<i16>,
}

impl Output {
    /// The number of bytes of pixels and working rows.
    pub(super) fn bytes(geometry: &Geometry, layout: Layout) -> u64 {
        let row = geometry.width as u64 + 64;
        row * geometry.height as u64 * layout.channels() as u64 + row * (geometry.components.len() as u64 + 2)
    }

    pub(super) fn new(geometry: &Geometry, color: Color, inverted: bool) -> Output {
        let channels = Layout::of(color).channels();
        let interpolated = geometry.components.iter().any(|place| Placement::is_factor(place.down, 2));
        Output {
            color,
            inverted,
            pixels: Vec::with_capacity(geometry.width * geometry.height * channels),
            next_row: 0,
            delay: usize::from(interpolated),
            rows: geometry.components.iter().map(|_| vec![0; geometry.width + 16]).collect(),
            sums: vec![0; geometry.width + 16],
        }
    }

    /// Writes the pixels that row `mcu_row` of MCUs completes.
    pub(super) fn emit(&mut self, geometry: &Geometry, planes: &[Plane], mcu_row: usize) {
        let end = if mcu_row + 1 == geometry.mcus_down {
            geometry.height
        } else {
            ((mcu_row + 1) * geometry.rows).saturating_sub(self.delay).min(geometry.height)
        };
        let row_bytes = geometry.width * Layout::of(self.color).channels();
        for y in self.next_row..end {
            for ((row, plane), place) in self.rows.iter_mut().zip(planes).zip(&geometry.components) {
                upsample(row, &mut self.sums, plane, place, geometry.width, y);
            }
            // Grown row by row, the memory is first touched here and still in the cache when it is written.
            self.pixels.resize((y + 1) * row_bytes, 0);
            let pixels = &mut self.pixels[y * row_bytes..];
            let direct = |index: usize| -> &[u8] {
                let place = &geometry.components[index];
                let is_direct = Placement::is_factor(place.across, 1) && Placement::is_factor(place.down, 1);
                let row = if is_direct { planes[index].row(y) } else { &self.rows[index] };
                &row[..geometry.width]
            };
            match self.color {
                Color::Gray => pixels.copy_from_slice(direct(0)),
                Color::YCbCr => ycc_to_rgb(pixels, direct(0), direct(1), direct(2)),
                Color::Rgb => interleave(pixels, direct(0), direct(1), direct(2)),
                Color::Cmyk | Color::Ycck => {
                    let rows = [direct(0), direct(1), direct(2), direct(3)];
                    cmyk(pixels, rows, self.color == Color::Ycck, self.inverted);
                }
            }
        }
        self.next_row = end.max(self.next_row);
    }
}

/// Makes row `y` of the output from a component; nothing to do when the component has output resolution already.
fn upsample(row: &mut [u8], sums: &mut [i16], plane: &Plane, place: &Placement, width: usize, y: usize) {
    let (double_x, double_y) = (Placement::is_factor(place.across, 2), Placement::is_factor(place.down, 2));
    let (same_x, same_y) = (Placement::is_factor(place.across, 1), Placement::is_factor(place.down, 1));
    if same_x && same_y {
        return;
    }
    let last_row = place.height - 1;
    if (double_x || same_x) && (double_y || same_y) && place.width > 2 {
        let (near, far) = if double_y {
            let near = (y / 2).min(last_row);
            let far = if y.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(last_row) };
            (plane.row(near), plane.row(far))
        } else {
            (plane.row(y), plane.row(y))
        };
        let sums = &mut sums[..place.width];
        if double_x && double_y {
            for ((sum, &near), &far) in sums.iter_mut().zip(near).zip(far) {
                *sum = i16::from(near) * 3 + i16::from(far);
            }
            // The two roundings alternate between 8/16 and 7/16 so that there is no drift.
            triangle::<4, 8, 7>(row, sums);
        } else if double_x {
            for (sum, &near) in sums.iter_mut().zip(near) {
                *sum = i16::from(near);
            }
            triangle::<2, 1, 2>(row, sums);
        } else {
            let rounding = if y.is_multiple_of(2) { 1 } else { 2 };
            for ((out, &near), &far) in row.iter_mut().zip(&near[..place.width]).zip(far) {
                *out = ((i16::from(near) * 3 + i16::from(far) + rounding) >> 2) as u8;
            }
        }
        return;
    }
    let source = plane.row((y * place.down.1 / place.down.0).min(last_row));
    if same_x {
        row[..width].copy_from_slice(&source[..width]);
    } else {
        for (x, out) in row[..width].iter_mut().enumerate() {
            *out = source[x * place.across.1 / place.across.0];
        }
    }
}

/// Doubles a row: `row[2x]` is 3/4 of sample x and 1/4 of the one before, `row[2x + 1]` with the one after. At
/// both ends the sample itself takes the place of the missing one. `SHIFT` divides by 4 and by the sums' own factor.
fn triangle<const SHIFT: u32, const LEFT: i16, const RIGHT: i16>(row: &mut [u8], sums: &[i16]) {
    let count = sums.len();
    let (first, last) = (sums[0], sums[count - 1]);
    let inner = row[1..].chunks_exact_mut(2).zip(sums).zip(&sums[1..]);
    // Between two neighbours lie the right half of one and the left half of the other.
    for ((out, &a), &b) in inner {
        out[0] = ((a * 3 + b + RIGHT) >> SHIFT) as u8;
        out[1] = ((b * 3 + a + LEFT) >> SHIFT) as u8;
    }
    row[0] = ((first * 4 + LEFT) >> SHIFT) as u8;
    if let Some(out) = row.get_mut(count * 2 - 1) {
        *out = ((last * 4 + RIGHT) >> SHIFT) as u8;
    }
}

/// One pixel of JFIF's YCbCr (ITU-R BT.601 at full range): R = Y + 1.402 Cr, B = Y + 1.772 Cb,
/// G = Y - 0.344136 Cb - 0.714136 Cr, with Cb and Cr less 128.
///
/// All in 16 bits: products are the upper halves of chroma * 128 times a factor * 8192, so in sixteenths.
#[inline(always)]
fn rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    const R_CR: i16 = 11485; // 1.402 * 8192
    const B_CB: i16 = 14516; // 1.772 * 8192
    const G_CB: i16 = -2819; // -0.344136 * 8192
    const G_CR: i16 = -5850; // -0.714136 * 8192
    let high = |a: i16, b: i16| ((i32::from(a) * i32::from(b)) >> 16) as i16;
    let y = (i16::from(y) << 4) + 8;
    let cb = (i16::from(cb) - 128) << 7;
    let cr = (i16::from(cr) - 128) << 7;
    let limit = |value: i16| (value >> 4).clamp(0, 255) as u8;
    [limit(y + high(cr, R_CR)), limit(y + high(cb, G_CB) + high(cr, G_CR)), limit(y + high(cb, B_CB))]
}

/// Pixels converted at a time: the three channels are computed in loops over arrays of this length, which
/// compilers turn into vector code, and interleaved after that.
const CHUNK: usize = 32;

fn ycc_to_rgb(pixels: &mut [u8], y: &[u8], cb: &[u8], cr: &[u8]) {
    let whole = y.len() / CHUNK * CHUNK;
    let (pixels, pixels_rest) = pixels.split_at_mut(whole * 3);
    let (y, y_rest) = y.split_at(whole);
    let (cb, cb_rest) = cb.split_at(whole);
    let (cr, cr_rest) = cr.split_at(whole);
    let chunks = pixels
        .chunks_exact_mut(CHUNK * 3)
        .zip(y.chunks_exact(CHUNK))
        .zip(cb.chunks_exact(CHUNK))
        .zip(cr.chunks_exact(CHUNK));
    for (((pixels, y), cb), cr) in chunks {
        let mut channels = [[0u8; CHUNK]; 3];
        for index in 0..CHUNK {
            let [r, g, b] = rgb(y[index], cb[index], cr[index]);
            channels[0][index] = r;
            channels[1][index] = g;
            channels[2][index] = b;
        }
        interleave(pixels, &channels[0], &channels[1], &channels[2]);
    }
    for (((pixel, &y), &cb), &cr) in pixels_rest.chunks_exact_mut(3).zip(y_rest).zip(cb_rest).zip(cr_rest) {
        pixel.copy_from_slice(&rgb(y, cb, cr));
    }
}

/// Four pixels at a time are put together in registers, which takes two stores instead of twelve.
#[inline(always)]
fn interleave(pixels: &mut [u8], r: &[u8], g: &[u8], b: &[u8]) {
    let whole = r.len() / 4 * 4;
    let fours = pixels.chunks_exact_mut(12).zip(r.chunks_exact(4)).zip(g.chunks_exact(4)).zip(b.chunks_exact(4));
    for (((out, r), g), b) in fours {
        let pixel = |index: usize| u64::from(r[index]) | u64::from(g[index]) << 8 | u64::from(b[index]) << 16;
        let (p0, p1, p2, p3) = (pixel(0), pixel(1), pixel(2), pixel(3));
        out[..8].copy_from_slice(&(p0 | p1 << 24 | p2 << 48).to_le_bytes());
        out[8..].copy_from_slice(&((p2 >> 16 | p3 << 8) as u32).to_le_bytes());
    }
    let rest = pixels.chunks_exact_mut(3).zip(r).zip(g).zip(b).skip(whole);
    for (((pixel, &r), &g), &b) in rest {
        pixel[0] = r;
        pixel[1] = g;
        pixel[2] = b;
    }
}

/// Four channels with 0 for no ink. In YCCK files the colours are stored as the RGB of an ink-free black channel.
fn cmyk(pixels: &mut [u8], rows: [&[u8]; 4], ycck: bool, inverted: bool) {
    let flip = if inverted { 255 } else { 0 };
    for (x, pixel) in pixels.chunks_exact_mut(4).enumerate() {
        let mut inks = [rows[0][x], rows[1][x], rows[2][x]];
        if ycck {
            inks = rgb(inks[0], inks[1], inks[2]).map(|value| 255 - value);
        }
        pixel[..3].copy_from_slice(&inks.map(|ink| ink ^ flip));
        pixel[3] = rows[3][x] ^ flip;
    }
}
