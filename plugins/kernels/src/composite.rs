//! A picture laid over a part of another one, or over all of it again and again.

use crate::blend::{Blend, blend_row};
use crate::bytes;

/// A picture to lay over another one: RGBA with straight alpha.
#[derive(Debug, Clone, Copy)]
pub struct Layer<'a> {
    /// Packed rows from top to bottom.
    pub pixels: &'a [u8],
    /// Columns and rows.
    pub size: (u32, u32),
}

/// How a layer joins with what is below.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paint {
    /// The operator or blend mode.
    pub blend: Blend,
    /// What the layer's alpha is multiplied with, 0 to 1.
    pub opacity: f64,
    /// Whether pixels where no layer is stay, even under operators that clear them (`In`, `Src`...).
    pub keeps_outside: bool,
}

impl Paint {
    /// The usual way: over what is below, as it is.
    pub const OVER: Paint = Paint { blend: Blend::Over, opacity: 1.0, keeps_outside: true };
}

/// Lays a layer over a picture, in place, with its top left corner at `at`; what reaches out is cut.
///
/// Shape: `channels` is 1, 3 or 4. Fewer than 4 channels are taken as opaque, and only with operators that keep
/// them so (see [`Blend::keeps_opaque`]); of 1 channel the layer's red counts.
/// Rounding: as [`blend_row`]. Cost: the rows that the layer covers, and the rest when it is cleared.
///
/// # Panics
/// When a buffer has not the stated size, or the operator needs alpha where there is none.
pub fn composite(pixels: &mut [u8], size: (u32, u32), channels: usize, layer: Layer<'_>, at: (i64, i64), paint: Paint) {
    check(pixels, size, channels, layer, paint);
    let clears = paint.blend.clears_outside() && !paint.keeps_outside;
    let span = |at: i64, length: u32, room: u32| {
        let start = at.clamp(0, i64::from(room));
        let end = at.saturating_add(i64::from(length)).clamp(start, i64::from(room));
        (start as usize, end as usize, start.saturating_sub(at) as usize)
    };
    let (left, right, skipped) = span(at.0, layer.size.0, size.0);
    let (top, bottom, skipped_rows) = span(at.1, layer.size.1, size.1);
    let stride = size.0 as usize * channels;
    let source = layer.pixels.as_chunks::<4>().0;
    let mut work = Vec::new();
    for (y, row) in pixels.chunks_exact_mut(stride.max(1)).enumerate() {
        if left == right || !(top..bottom).contains(&y) {
            if clears {
                row.fill(0);
            }
            continue;
        }
        let line = (y - top + skipped_rows) * layer.size.0 as usize + skipped;
        let source = &source[line..line + right - left];
        blend_into(&mut row[left * channels..right * channels], channels, source, paint, &mut work);
        if clears {
            row[..left * channels].fill(0);
            row[right * channels..].fill(0);
        }
    }
}

/// Covers a picture with copies of a layer, in place. One has its top left corner at `origin`, the next ones
/// follow in all directions at the distances `step` (at least the layer's size; what is more is a gap).
/// Every row of copies is shifted by `shift` pixels to the right against the one above.
///
/// Shape, rounding: as [`composite`]. Cost: one pass, whatever the layer's size.
///
/// # Panics
/// As `composite`; also when the steps are smaller than the layer.
pub fn tile(
    pixels: &mut [u8],
    size: (u32, u32),
    channels: usize,
    layer: Layer<'_>,
    (origin, step, shift): ((i64, i64), (u32, u32), i64),
    paint: Paint,
) {
    check(pixels, size, channels, layer, paint);
    assert!(
        step.0 >= layer.size.0 && step.1 >= layer.size.1 && step.0 > 0 && step.1 > 0,
        "steps over the layer's size"
    );
    let stride = size.0 as usize * channels;
    let (width, source) = (layer.size.0 as usize, layer.pixels.as_chunks::<4>().0);
    let mut line = vec![[0; 4]; size.0 as usize];
    let mut work = Vec::new();
    for (y, row) in pixels.chunks_exact_mut(stride.max(1)).enumerate() {
        let down = y as i64 - origin.1;
        let (copy, within) = (down.div_euclid(i64::from(step.1)), down.rem_euclid(i64::from(step.1)));
        line.fill([0; 4]);
        if within < i64::from(layer.size.1) {
            let from = &source[within as usize * width..][..width];
            // The first copy that reaches into the row, with its left edge at or before 0.
            let left = origin.0.saturating_add(copy.saturating_mul(shift)).rem_euclid(i64::from(step.0));
            let mut left = if left > 0 { left - i64::from(step.0) } else { 0 };
            while left < i64::from(size.0) {
                let (start, skipped) = (left.max(0) as usize, (-left).max(0) as usize);
                let count = width.saturating_sub(skipped).min(line.len() - start);
                line[start..start + count].copy_from_slice(&from[skipped.min(width)..][..count]);
                left += i64::from(step.0);
            }
        }
        blend_into(row, channels, &line, paint, &mut work);
    }
}

fn check(pixels: &[u8], size: (u32, u32), channels: usize, layer: Layer<'_>, paint: Paint) {
    assert_eq!(pixels.len(), bytes(size.0, size.1, channels), "bytes of the picture");
    assert_eq!(layer.pixels.len(), bytes(layer.size.0, layer.size.1, 4), "bytes of the layer");
    assert!(channels == 4 || paint.blend.keeps_opaque(), "{:?} without alpha", paint.blend);
}

/// Blends into a part of a row with any number of channels; `work` is room for it as RGBA.
fn blend_into(row: &mut [u8], channels: usize, source: &[[u8; 4]], paint: Paint, work: &mut Vec<[u8; 4]>) {
    let blend = |row: &mut [[u8; 4]]| blend_row(row, source, paint.blend, paint.opacity);
    match channels {
        1 => {
            work.clear();
            work.extend(row.iter().map(|value| [*value, *value, *value, 255]));
            blend(work);
            row.iter_mut().zip(work).for_each(|(to, from)| *to = from[0]);
        }
        3 => {
            let row = row.as_chunks_mut::<3>().0;
            work.clear();
            work.extend(row.iter().map(|[red, green, blue]| [*red, *green, *blue, 255]));
            blend(work);
            row.iter_mut().zip(work).for_each(|(to, from)| *to = [from[0], from[1], from[2]]);
        }
        4 => blend(row.as_chunks_mut::<4>().0),
        _ => panic!("{channels} channels"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: [u8; 4] = [255, 0, 0, 255];

    fn layer(pixels: &[u8], size: (u32, u32)) -> Layer<'_> {
        Layer { pixels, size }
    }

    /// Where a 2 x 2 layer lands in a 4 x 3 gray picture: `#` where it is.
    fn shown(at: (i64, i64)) -> String {
        let mut pixels = vec![0; 12];
        composite(&mut pixels, (4, 3), 1, layer(&RED.repeat(4), (2, 2)), at, Paint::OVER);
        let rows: Vec<String> = pixels
            .chunks_exact(4)
            .map(|row| row.iter().map(|value| if *value == 255 { '#' } else { '.' }).collect())
            .collect();
        rows.join(" ")
    }

    #[test]
    fn a_layer_lies_where_it_is_put_and_is_cut_at_the_edges() {
        assert_eq!(shown((1, 1)), ".... .##. .##.");
        assert_eq!(shown((-1, -1)), "#... .... ....");
        assert_eq!(shown((3, 2)), ".... .... ...#");
        for outside in [(4, 0), (-2, 0), (0, 3), (0, -2), (i64::MAX, i64::MIN), (i64::MIN, i64::MAX)] {
            assert_eq!(shown(outside), ".... .... ....", "{outside:?}");
        }
    }

    #[test]
    fn fewer_channels_give_what_rgba_gives() {
        let source: Vec<u8> = (0..40 * 4).map(|index| (index * 37 % 256) as u8).collect();
        let rgb: Vec<u8> = (0..50 * 3).map(|index| (index * 91 % 256) as u8).collect();
        let mut rgba: Vec<u8> = rgb.as_chunks::<3>().0.iter().flat_map(|[r, g, b]| [*r, *g, *b, 255]).collect();
        let mut made = rgb.clone();
        for blend in [Blend::Over, Blend::Multiply, Blend::Hue] {
            let paint = Paint { blend, opacity: 0.7, keeps_outside: false };
            composite(&mut made, (10, 5), 3, layer(&source, (8, 5)), (1, 0), paint);
            composite(&mut rgba, (10, 5), 4, layer(&source, (8, 5)), (1, 0), paint);
            let expected: Vec<u8> = rgba.as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect();
            assert_eq!(made, expected, "{blend:?}");
        }
    }

    #[test]
    fn operators_that_clear_do_so_outside_unless_told_otherwise() {
        for (keeps_outside, beside) in [(false, [0; 4]), (true, [9, 9, 9, 200])] {
            let mut pixels = [9, 9, 9, 200].repeat(6);
            let paint = Paint { blend: Blend::Src, opacity: 1.0, keeps_outside };
            composite(&mut pixels, (3, 2), 4, layer(&RED, (1, 1)), (1, 0), paint);
            let expected = [beside, RED, beside, beside, beside, beside].concat();
            assert_eq!(pixels, expected, "{keeps_outside}");
        }
    }

    #[test]
    fn tiles_repeat_in_all_directions() {
        let two = [[10, 10, 10, 255], [20, 20, 20, 255]].concat();
        let tiled = |origin, step, shift| {
            let mut pixels = vec![0; 15];
            tile(&mut pixels, (5, 3), 1, layer(&two, (2, 1)), (origin, step, shift), Paint::OVER);
            pixels
        };
        assert_eq!(tiled((0, 0), (2, 1), 0), [10, 20, 10, 20, 10].repeat(3));
        assert_eq!(tiled((1, 0), (2, 1), 0), [20, 10, 20, 10, 20].repeat(3));
        assert_eq!(tiled((-3, 5), (2, 1), 0), [20, 10, 20, 10, 20].repeat(3));
        assert_eq!(tiled((0, 0), (3, 2), 0), [10, 20, 0, 10, 20, 0, 0, 0, 0, 0, 10, 20, 0, 10, 20]);
        assert_eq!(tiled((0, 0), (2, 1), 1), [10, 20, 10, 20, 10, 20, 10, 20, 10, 20, 10, 20, 10, 20, 10]);
        assert_eq!(tiled((0, 0), (9, 9), 0), [10, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        // The copies end above the picture and begin below it.
        assert_eq!(tiled((8, 8), (9, 9), 0), [0; 15]);
    }
}
