//! Few colours with alpha of their own: a palette for pictures with soft edges.
//!
//! As in `quantize`, boxes of colours are cut at their mean where the error is largest (X. Wu's criterion,
//! Graphics Gems II, 1991), and some rounds of k-means follow. Here in four dimensions: colours multiplied by
//! alpha, and alpha. Errors are squared differences of these, weighted as the luma of a colour and, for alpha, as
//! what it lets through of a background from black to white.

use crate::Indexed;

/// Levels of each channel in the histogram and in the table of nearest entries, as bits.
const BITS: u32 = 5;

/// Rounds of k-means: more change little.
const ROUNDS: usize = 6;

/// How much errors count: red, green, blue, alpha.
const WEIGHTS: [f32; 4] = [0.30, 0.55, 0.15, 0.33];

/// Colours multiplied by alpha, and alpha.
type Color = [f32; 4];

struct Bin {
    count: f32,
    mean: Color,
}

/// Chooses at most `colors` colours with alpha for an RGBA picture and maps it to them, with `dither` by error
/// diffusion. The palette begins with what is not opaque.
///
/// A picture that has no more colours than that keeps them exactly. What is clear stays clear, as one colour.
///
/// Cost: as `quantize`.
///
/// # Panics
/// When `colors` is not in 2..=256.
pub fn quantize_alpha(pixels: &[u8], width: u32, colors: usize, dither: bool) -> Indexed {
    assert!((2..=256).contains(&colors), "{colors} colours");
    let pixels = pixels.as_chunks::<4>().0;
    let exact = few_colors(pixels, colors);
    let spread = dither && exact.is_none();
    let mut palette = exact.unwrap_or_else(|| self::palette(pixels, colors));
    palette.sort_by_key(|color| (color[3] == 255, *color));
    palette.dedup();
    let entries: Vec<Color> = palette.iter().map(|color| multiplied(*color)).collect();
    let mut cells = vec![u16::MAX; 1 << (4 * BITS)];
    let mut nearest = |color: Color| {
        let cell = cell(color.map(|value| value as u8));
        if cells[cell] == u16::MAX || entries.len() <= 16 {
            cells[cell] = closest(&entries, color) as u16;
        }
        usize::from(cells[cell])
    };
    let clear = entries.iter().position(|entry| entry[3] == 0.0);
    let known: std::collections::HashMap<[u8; 4], usize> = palette.iter().copied().zip(0..).collect();
    let mut indices = Vec::with_capacity(pixels.len());
    let mut errors = vec![[[0.0_f32; 4]; 2]; width as usize + 2];
    for row in pixels.chunks(width.max(1) as usize) {
        for (x, pixel) in row.iter().enumerate() {
            let pixel = seen(*pixel);
            if !spread {
                indices.push(known.get(&pixel).copied().unwrap_or_else(|| nearest(multiplied(pixel))) as u8);
                continue;
            }
            // Nothing is spread into what is clear, so that it stays so.
            if let (0, Some(clear)) = (pixel[3], clear) {
                indices.push(clear as u8);
                continue;
            }
            let own = multiplied(pixel);
            let wanted: Color = std::array::from_fn(|part| (own[part] + errors[x + 1][0][part]).clamp(0.0, 255.0));
            let index = nearest(wanted);
            indices.push(index as u8);
            for part in 0..4 {
                let error = wanted[part] - entries[index][part];
                errors[x + 2][0][part] += error * 7.0 / 16.0;
                errors[x][1][part] += error * 3.0 / 16.0;
                errors[x + 1][1][part] += error * 5.0 / 16.0;
                errors[x + 2][1][part] += error / 16.0;
            }
        }
        errors.iter_mut().for_each(|[here, below]| *here = std::mem::take(below));
    }
    Indexed { palette, indices }
}

/// A colour as it is seen: none where it is clear.
fn seen(pixel: [u8; 4]) -> [u8; 4] {
    if pixel[3] == 0 { [0; 4] } else { pixel }
}

fn multiplied([r, g, b, a]: [u8; 4]) -> Color {
    let alpha = f32::from(a) / 255.0;
    [f32::from(r) * alpha, f32::from(g) * alpha, f32::from(b) * alpha, f32::from(a)]
}

fn divided([r, g, b, a]: Color) -> [u8; 4] {
    let alpha = a.round().clamp(0.0, 255.0);
    let straight = |value: f32| if alpha == 0.0 { 0 } else { (value * 255.0 / a).round().clamp(0.0, 255.0) as u8 };
    [straight(r), straight(g), straight(b), alpha as u8]
}

fn cell(color: [u8; 4]) -> usize {
    color.iter().fold(0, |cell, value| cell << BITS | usize::from(value >> (8 - BITS)))
}

fn few_colors(pixels: &[[u8; 4]], most: usize) -> Option<Vec<[u8; 4]>> {
    let mut found = std::collections::BTreeSet::new();
    let mut last = None;
    for pixel in pixels.iter().map(|pixel| seen(*pixel)) {
        if last != Some(pixel) {
            found.insert(pixel);
            if found.len() > most {
                return None;
            }
        }
        last = Some(pixel);
    }
    Some(found.into_iter().collect())
}

/// At most `most` colours; what is clear has one of them for itself.
fn palette(pixels: &[[u8; 4]], most: usize) -> Vec<[u8; 4]> {
    let mut bins = histogram(pixels);
    let clear = usize::from(pixels.iter().any(|pixel| pixel[3] == 0));
    let most = most - clear;
    let mut boxes = vec![(0, bins.len(), error(&bins).0)];
    while boxes.len() < most {
        let worst = (0..boxes.len()).max_by(|&a, &b| boxes[a].2.total_cmp(&boxes[b].2)).unwrap_or(0);
        let (begin, end, error_of_box) = boxes[worst];
        if error_of_box <= 0.0 || end - begin < 2 {
            break;
        }
        let middle = begin + cut(&mut bins[begin..end]);
        boxes[worst] = (begin, middle, error(&bins[begin..middle]).0);
        boxes.push((middle, end, error(&bins[middle..end]).0));
    }
    let mut centres: Vec<Color> = boxes.iter().map(|&(begin, end, _)| error(&bins[begin..end]).1).collect();
    for _ in 0..ROUNDS {
        let mut sums = vec![([0.0_f32; 4], 0.0_f32); centres.len()];
        for bin in &bins {
            let (sum, count) = &mut sums[closest(&centres, bin.mean)];
            (0..4).for_each(|part| sum[part] += bin.mean[part] * bin.count);
            *count += bin.count;
        }
        for (centre, (sum, count)) in centres.iter_mut().zip(sums) {
            if count > 0.0 {
                *centre = sum.map(|value| value / count);
            }
        }
    }
    let clear = std::iter::repeat_n([0; 4], clear);
    clear.chain(centres.into_iter().map(divided)).collect()
}

/// The colours that are seen.
fn histogram(pixels: &[[u8; 4]]) -> Vec<Bin> {
    let mut sums = vec![([0.0_f64; 4], 0_u64); 1 << (4 * BITS)];
    for pixel in pixels.iter().filter(|pixel| pixel[3] > 0) {
        let color = multiplied(*pixel);
        let (sum, count) = &mut sums[cell(color.map(|value| value as u8))];
        (0..4).for_each(|part| sum[part] += f64::from(color[part]));
        *count += 1;
    }
    let seen = sums.into_iter().filter(|(_, count)| *count > 0);
    seen.map(|(sum, count)| Bin { count: count as f32, mean: sum.map(|value| (value / count as f64) as f32) }).collect()
}

/// The weighted squared error of a box when it becomes one colour, and that colour.
fn error(bins: &[Bin]) -> (f32, Color) {
    let count: f32 = bins.iter().map(|bin| bin.count).sum();
    let mean: Color =
        std::array::from_fn(|part| bins.iter().map(|bin| bin.mean[part] * bin.count).sum::<f32>() / count.max(1.0));
    (bins.iter().map(|bin| distance(bin.mean, mean) * bin.count).sum(), mean)
}

/// Sorts a box along its longest direction and tells where to cut it: at its mean, with both parts not empty.
fn cut(bins: &mut [Bin]) -> usize {
    let mean = error(bins).1;
    let spread = |part: usize| -> f32 {
        bins.iter().map(|bin| (bin.mean[part] - mean[part]).powi(2) * bin.count).sum::<f32>() * WEIGHTS[part]
    };
    let spreads: [f32; 4] = std::array::from_fn(spread);
    let longest = (0..4).max_by(|&a, &b| spreads[a].total_cmp(&spreads[b])).unwrap_or(0);
    // A stable sort of what came in a fixed order: the same picture gives the same palette.
    bins.sort_by(|a, b| a.mean[longest].total_cmp(&b.mean[longest]));
    bins.partition_point(|bin| bin.mean[longest] < mean[longest]).clamp(1, bins.len() - 1)
}

fn distance(a: Color, b: Color) -> f32 {
    (0..4).map(|part| (a[part] - b[part]).powi(2) * WEIGHTS[part]).sum()
}

fn closest(palette: &[Color], color: Color) -> usize {
    let (mut best, mut least) = (0, f32::INFINITY);
    for (index, entry) in palette.iter().enumerate() {
        let far = distance(*entry, color);
        if far < least {
            (best, least) = (index, far);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A red disc that fades out, on nothing.
    fn glow() -> Vec<u8> {
        let alpha = |x: f64, y: f64| (255.0 - 8.5 * (x - 31.5).hypot(y - 31.5)).clamp(0.0, 255.0) as u8;
        (0..64 * 64).flat_map(|at| [200, (at % 64) as u8, 40, alpha(f64::from(at % 64), f64::from(at / 64))]).collect()
    }

    fn error_of(pixels: &[u8], made: &Indexed) -> f32 {
        let pairs = pixels.as_chunks::<4>().0.iter().zip(&made.indices);
        let sum: f32 = pairs
            .map(|(pixel, index)| distance(multiplied(*pixel), multiplied(made.palette[usize::from(*index)])))
            .sum();
        sum / made.indices.len() as f32
    }

    #[test]
    fn few_colours_stay_exact_and_what_is_clear_is_one() {
        let pixels = [[1, 2, 3, 255], [9, 9, 9, 0], [1, 2, 3, 100], [7, 7, 7, 0]].concat();
        let made = quantize_alpha(&pixels, 4, 3, true);
        assert_eq!(made.palette, [[0; 4], [1, 2, 3, 100], [1, 2, 3, 255]]);
        assert_eq!(made.indices, [2, 0, 1, 0]);
    }

    #[test]
    fn soft_edges_stay_soft() {
        let pixels = glow();
        let mut last = f32::INFINITY;
        for colors in [2, 8, 64, 256] {
            let made = quantize_alpha(&pixels, 64, colors, false);
            assert!(made.palette.len() <= colors && made.indices.len() == 64 * 64);
            let error = error_of(&pixels, &made);
            assert!(error < last, "{colors}: {error}");
            last = error;
        }
        // About 3000 colours are in it; a root mean square of under 4 levels is left.
        assert!(last < 16.0, "{last}");
        assert_eq!(quantize_alpha(&pixels, 64, 64, true).palette[0][3], 0);
    }

    #[test]
    fn dithering_keeps_the_mean_and_what_is_clear() {
        let pixels = glow();
        let mean = |made: &Indexed| {
            let sum: f32 = made.indices.iter().map(|index| f32::from(made.palette[usize::from(*index)][3])).sum();
            sum / made.indices.len() as f32
        };
        let exact = pixels.as_chunks::<4>().0.iter().map(|pixel| f32::from(pixel[3])).sum::<f32>() / 4096.0;
        let made = quantize_alpha(&pixels, 64, 8, true);
        assert!((mean(&made) - exact).abs() < 3.0, "{} of {exact}", mean(&made));
        let corner = made.palette[usize::from(made.indices[0])];
        assert_eq!(corner[3], 0);
    }
}
