//! Few colours: a palette chosen for the picture, and each pixel mapped to it.
//!
//! The palette comes from cutting boxes of colours at their mean where the error is largest (X. Wu's
//! criterion, Graphics Gems II, 1991, on a histogram of 32 levels a channel), then from some rounds of
//! k-means. Errors are squared differences of sRGB values, weighted like luma.

/// A picture of indices into a palette.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indexed {
    /// Red, green, blue, alpha; alpha is 0 (at most one entry, the last) or 255.
    pub palette: Vec<[u8; 4]>,
    /// One for each pixel.
    pub indices: Vec<u8>,
}

/// Levels of a channel in the histogram, as bits.
const BITS: u32 = 5;
const SIDE: usize = 1 << BITS;

/// Rounds of k-means: more change little.
const ROUNDS: usize = 6;

/// How much errors of red, green and blue count: about their share in luma, evened out so that blue is
/// not lost.
const WEIGHTS: [f32; 3] = [0.30, 0.55, 0.15];

/// One colour of the histogram: how many pixels, and their mean.
#[derive(Clone, Copy)]
struct Bin {
    count: f32,
    mean: [f32; 3],
}

/// Chooses at most `colors` colours and maps the picture to them, with `dither` by error diffusion.
///
/// A picture that has no more colours than that keeps them exactly. Pixels with alpha below 128 share
/// one transparent entry, the last.
///
/// Cost: a pass over the pixels, then some hundred thousand steps for the palette, then for each pixel
/// that differs from the last one a look into a table of nearest entries.
///
/// # Panics
/// When `channels` is not 1, 3 or 4, or `colors` is not in 2..=256.
pub fn quantize(pixels: &[u8], (width, height): (u32, u32), channels: usize, colors: usize, dither: bool) -> Indexed {
    assert!((2..=256).contains(&colors), "{colors} colours");
    assert!(matches!(channels, 1 | 3 | 4), "{channels} channels");
    let is_clear = |pixel: &[u8]| channels == 4 && pixel[3] < 128;
    let color = |pixel: &[u8]| if channels == 1 { [pixel[0]; 3] } else { [pixel[0], pixel[1], pixel[2]] };
    let all = || pixels.chunks_exact(channels);
    let clear = all().any(is_clear);
    let room = colors - usize::from(clear);
    let exact = few_colors(all().filter(|pixel| !is_clear(pixel)).map(color), room);
    let palette = exact.clone().unwrap_or_else(|| palette(all().filter(|pixel| !is_clear(pixel)).map(color), room));
    let mut nearest = Nearest::new(&palette);
    let mut errors = vec![[0.0_f32; 3]; (width as usize + 2) * 2];
    let mut indices = Vec::with_capacity(width as usize * height as usize);
    let spread = dither && exact.is_none();
    for row in pixels.chunks_exact((width as usize * channels).max(1)) {
        let (here, below) = errors.split_at_mut(width as usize + 2);
        let mut last: Option<([u8; 3], u8)> = None;
        for (x, pixel) in row.chunks_exact(channels).enumerate() {
            if is_clear(pixel) {
                indices.push(palette.len() as u8);
                continue;
            }
            let own = color(pixel);
            if !spread {
                let index = match last {
                    Some((same, index)) if same == own => index,
                    _ => nearest.index(own),
                };
                last = Some((own, index));
                indices.push(index);
                continue;
            }
            let wanted: [f32; 3] =
                std::array::from_fn(|part| (f32::from(own[part]) + here[x + 1][part]).clamp(0.0, 255.0));
            let index = nearest.index(wanted.map(|value| value.round() as u8));
            indices.push(index);
            for part in 0..3 {
                let error = wanted[part] - f32::from(palette[usize::from(index)][part]);
                here[x + 2][part] += error * 7.0 / 16.0;
                below[x][part] += error * 3.0 / 16.0;
                below[x + 1][part] += error * 5.0 / 16.0;
                below[x + 2][part] += error / 16.0;
            }
        }
        here.copy_from_slice(below);
        below.fill([0.0; 3]);
    }
    let mut palette: Vec<[u8; 4]> = palette.into_iter().map(|[r, g, b]| [r, g, b, 255]).collect();
    if clear {
        palette.push([0; 4]);
    }
    Indexed { palette, indices }
}

/// The colours that there are, when there are no more than `most`, in their order.
fn few_colors(colors: impl Iterator<Item = [u8; 3]>, most: usize) -> Option<Vec<[u8; 3]>> {
    let mut found = std::collections::BTreeSet::new();
    let mut last = None;
    for color in colors {
        if last != Some(color) {
            found.insert(color);
            if found.len() > most {
                return None;
            }
        }
        last = Some(color);
    }
    Some(found.into_iter().collect())
}

fn palette(colors: impl Iterator<Item = [u8; 3]>, most: usize) -> Vec<[u8; 3]> {
    let mut bins = histogram(colors);
    let mut boxes = vec![(0, bins.len())];
    while boxes.len() < most {
        let errors = boxes.iter().map(|&(begin, end)| error(&bins[begin..end]).0);
        let worst = errors.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((worst, error)) = worst else { break };
        let (begin, end) = boxes[worst];
        if error <= 0.0 || end - begin < 2 {
            break;
        }
        let middle = begin + cut(&mut bins[begin..end]);
        boxes[worst] = (begin, middle);
        boxes.push((middle, end));
    }
    let mut centres: Vec<[f32; 3]> = boxes.iter().map(|&(begin, end)| error(&bins[begin..end]).1).collect();
    for _ in 0..ROUNDS {
        let mut sums = vec![([0.0_f32; 3], 0.0_f32); centres.len()];
        for bin in &bins {
            let (sum, count) = &mut sums[closest(&centres, bin.mean)];
            (0..3).for_each(|part| sum[part] += bin.mean[part] * bin.count);
            *count += bin.count;
        }
        for (centre, (sum, count)) in centres.iter_mut().zip(sums) {
            // One that nothing is nearest to stays: it costs nothing.
            if count > 0.0 {
                *centre = sum.map(|value| value / count);
            }
        }
    }
    centres.into_iter().map(|centre| centre.map(|value| value.round().clamp(0.0, 255.0) as u8)).collect()
}

fn histogram(colors: impl Iterator<Item = [u8; 3]>) -> Vec<Bin> {
    let mut sums = vec![([0_u64; 3], 0_u64); SIDE * SIDE * SIDE];
    for color in colors {
        let part = |channel: usize| usize::from(color[channel] >> (8 - BITS));
        let (sum, count) = &mut sums[(part(0) * SIDE + part(1)) * SIDE + part(2)];
        (0..3).for_each(|channel| sum[channel] += u64::from(color[channel]));
        *count += 1;
    }
    let seen = sums.into_iter().filter(|(_, count)| *count > 0);
    seen.map(|(sum, count)| Bin { count: count as f32, mean: sum.map(|value| value as f32 / count as f32) }).collect()
}

/// The weighted squared error of a box when it becomes one colour, and that colour.
fn error(bins: &[Bin]) -> (f32, [f32; 3]) {
    let count: f32 = bins.iter().map(|bin| bin.count).sum();
    let mean: [f32; 3] =
        std::array::from_fn(|part| bins.iter().map(|bin| bin.mean[part] * bin.count).sum::<f32>() / count.max(1.0));
    (bins.iter().map(|bin| distance(bin.mean, mean) * bin.count).sum(), mean)
}

/// Sorts a box along its longest direction and tells where to cut it: at its mean, with both parts not
/// empty.
fn cut(bins: &mut [Bin]) -> usize {
    let mean = error(bins).1;
    let spread = |part: usize| -> f32 {
        bins.iter().map(|bin| (bin.mean[part] - mean[part]).powi(2) * bin.count).sum::<f32>() * WEIGHTS[part]
    };
    let spreads = [spread(0), spread(1), spread(2)];
    let longest = (0..3).max_by(|&a, &b| spreads[a].total_cmp(&spreads[b])).unwrap_or(0);
    bins.sort_unstable_by(|a, b| {
        a.mean[longest].total_cmp(&b.mean[longest]).then_with(|| a.mean[1].total_cmp(&b.mean[1]))
    });
    bins.partition_point(|bin| bin.mean[longest] < mean[longest]).clamp(1, bins.len() - 1)
}

fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    (0..3).map(|part| (a[part] - b[part]).powi(2) * WEIGHTS[part]).sum()
}

fn closest(palette: &[[f32; 3]], color: [f32; 3]) -> usize {
    let (mut best, mut least) = (0, f32::INFINITY);
    for (index, entry) in palette.iter().enumerate() {
        let far = distance(*entry, color);
        if far < least {
            (best, least) = (index, far);
        }
    }
    best
}

/// The nearest entry of a colour: found once for each cell of 6 bits a channel, from the cell's middle. In a
/// cell with entries of its own, the nearest of those: a colour that the palette holds finds itself.
struct Nearest {
    palette: Vec<[f32; 3]>,
    /// Cell and index of each entry, by cell.
    entries: Vec<(usize, u8)>,
    /// What is known of a cell: an entry, or `OWN` and the place in `entries` where its own begin.
    cells: Vec<u16>,
}

const CELL_BITS: u32 = 6;
const UNKNOWN: u16 = u16::MAX;
const OWN: u16 = 0x8000;

impl Nearest {
    fn new(palette: &[[u8; 3]]) -> Nearest {
        let mut entries: Vec<(usize, u8)> = (0..).zip(palette).map(|(index, entry)| (cell(*entry), index)).collect();
        entries.sort_unstable();
        let cells = vec![UNKNOWN; 1 << (3 * CELL_BITS)];
        Nearest { palette: palette.iter().map(|entry| entry.map(f32::from)).collect(), entries, cells }
    }

    fn index(&mut self, color: [u8; 3]) -> u8 {
        let cell = cell(color);
        if self.cells[cell] == UNKNOWN {
            self.cells[cell] = self.look(cell, color);
        }
        let found = self.cells[cell];
        if found & OWN == 0 {
            return found as u8;
        }
        let own = self.entries[usize::from(found & !OWN)..].iter().take_while(|entry| entry.0 == cell);
        let color = color.map(f32::from);
        let far = |index: u8| distance(self.palette[usize::from(index)], color);
        own.map(|entry| entry.1).min_by(|a, b| far(*a).total_cmp(&far(*b))).unwrap_or(0)
    }

    fn look(&self, cell: usize, color: [u8; 3]) -> u16 {
        let first = self.entries.partition_point(|entry| entry.0 < cell);
        if self.entries.get(first).is_some_and(|entry| entry.0 == cell) {
            return OWN | first as u16;
        }
        let middle = color.map(|value| f32::from(value >> (8 - CELL_BITS) << (8 - CELL_BITS)) + 1.5);
        closest(&self.palette, middle) as u16
    }
}

fn cell(color: [u8; 3]) -> usize {
    color.into_iter().fold(0, |cell, value| cell << CELL_BITS | usize::from(value >> (8 - CELL_BITS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradient() -> Vec<u8> {
        (0..64_u32 * 64).flat_map(|at| [(at % 64 * 4) as u8, (at / 64 * 4) as u8, 128]).collect()
    }

    fn mean_error(pixels: &[u8], made: &Indexed) -> f64 {
        let pairs = pixels.as_chunks::<3>().0.iter().zip(&made.indices);
        let sum: f64 = pairs
            .map(|(pixel, index)| {
                let entry = made.palette[usize::from(*index)];
                (0..3).map(|part| f64::from(pixel[part].abs_diff(entry[part]))).sum::<f64>()
            })
            .sum();
        sum / made.indices.len() as f64
    }

    #[test]
    fn few_colours_stay_exact() {
        let pixels = [[1, 2, 3], [200, 0, 9], [1, 2, 3], [4, 4, 4]].concat();
        let made = quantize(&pixels, (4, 1), 3, 16, true);
        let back: Vec<u8> =
            made.indices.iter().flat_map(|index| made.palette[usize::from(*index)][..3].to_vec()).collect();
        assert_eq!(back, pixels);
        assert_eq!(made.palette.len(), 3);
    }

    #[test]
    fn a_palette_follows_the_picture() {
        let pixels = gradient();
        let mut last = f64::INFINITY;
        for colors in [2, 8, 64, 256] {
            let made = quantize(&pixels, (64, 64), 3, colors, false);
            assert!(made.palette.len() <= colors && made.indices.iter().all(|&i| usize::from(i) < made.palette.len()));
            let error = mean_error(&pixels, &made);
            assert!(error < last, "{colors}: {error}");
            last = error;
        }
        // 256 colours on 64 x 64 different ones: cells of 4 x 4, some 8 levels apart.
        assert!(last < 12.0, "{last}");
    }

    #[test]
    fn dithering_keeps_the_mean() {
        let pixels: Vec<u8> =
            (0..64 * 64).flat_map(|at| [if at == 0 { 0 } else { 100 }, 100, if at == 1 { 255 } else { 100 }]).collect();
        let mean = |made: &Indexed| -> f64 {
            let sum: f64 = made.indices.iter().map(|index| f64::from(made.palette[usize::from(*index)][1])).sum();
            sum / made.indices.len() as f64
        };
        let made = quantize(&pixels, (64, 64), 3, 2, true);
        assert!((mean(&made) - 100.0).abs() < 3.0, "{}", mean(&made));
    }

    #[test]
    fn what_is_clear_has_an_entry_of_its_own() {
        let pixels = [[10, 20, 30, 255], [9, 9, 9, 0], [10, 20, 30, 127], [40, 50, 60, 128]].concat();
        let made = quantize(&pixels, (2, 2), 4, 256, false);
        assert_eq!(made.palette, [[10, 20, 30, 255], [40, 50, 60, 255], [0; 4]]);
        assert_eq!(made.indices, [0, 2, 2, 1]);
        // All of it clear, and gray.
        assert_eq!(quantize(&[5, 5, 5, 0], (1, 1), 4, 2, true).palette, [[0; 4]]);
        assert_eq!(quantize(&[5, 9], (2, 1), 1, 2, true).palette, [[5, 5, 5, 255], [9, 9, 9, 255]]);
    }
}
