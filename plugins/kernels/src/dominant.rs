//! The colours that a picture mostly consists of.

use crate::to_oklab;

/// A colour and how many pixels are nearer to it than to any other of the palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dominant {
    /// The mean of those pixels, sRGB-encoded.
    pub color: [u8; 3],
    /// Their number.
    pub pixels: u64,
}

/// Bits of a channel that tell cells apart.
const BITS: u32 = 5;

/// Rounds of moving the centres. They hardly move after that.
const ROUNDS: usize = 8;

/// Pixels whose colours agree in their five highest bits.
#[derive(Clone, Copy)]
struct Cell {
    count: u64,
    sums: [u64; 3],
    /// Their mean in Oklab.
    at: [f32; 3],
}

/// Finds at most `most` colours, the most frequent first.
///
/// Pixels with an alpha below 128 do not count; without others the list is empty. Colours are grouped by
/// how they look (distances in Oklab): groups are split where they spread most, then each pixel joins the
/// nearest mean, repeatedly (k-means). Colours that differ by less than 8 levels may be taken for one.
///
/// Cost: a pass over the pixels, then at most 32768 cells times `most` times 8.
///
/// # Panics
/// When `channels` is not 1, 3 or 4.
pub fn dominant_colors(pixels: &[u8], channels: usize, most: usize) -> Vec<Dominant> {
    let cells = cells(pixels, channels);
    if cells.is_empty() || most == 0 {
        return Vec::new();
    }
    let mut groups = split(&cells, most);
    for _ in 0..ROUNDS {
        let centers: Vec<[f32; 3]> = groups.iter().map(|group| center(&cells, group)).collect();
        let mut next = vec![Vec::new(); centers.len()];
        for (index, cell) in cells.iter().enumerate() {
            next[nearest(&centers, cell.at)].push(index);
        }
        next.retain(|group| !group.is_empty());
        if next == groups {
            break;
        }
        groups = next;
    }
    let mut found: Vec<Dominant> = groups.iter().map(|group| dominant(&cells, group)).collect();
    found.sort_by_key(|dominant| (std::cmp::Reverse(dominant.pixels), dominant.color));
    found
}

fn cells(pixels: &[u8], channels: usize) -> Vec<Cell> {
    let mut found = vec![(0u64, [0u64; 3]); 1 << (3 * BITS)];
    let mut add = |color: [u8; 3]| {
        let index = color.iter().fold(0, |index, value| index << BITS | usize::from(value >> (8 - BITS)));
        let (count, sums) = &mut found[index];
        *count += 1;
        for (sum, value) in sums.iter_mut().zip(color) {
            *sum += u64::from(value);
        }
    };
    match channels {
        1 => pixels.iter().for_each(|&v| add([v; 3])),
        3 => pixels.as_chunks::<3>().0.iter().for_each(|&color| add(color)),
        4 => pixels.as_chunks::<4>().0.iter().filter(|pixel| pixel[3] >= 128).for_each(|&[r, g, b, _]| add([r, g, b])),
        _ => panic!("{channels} channels"),
    }
    let used = found.into_iter().filter(|(count, _)| *count > 0);
    used.map(|(count, sums)| {
        let mean = sums.map(|sum| (sum as f64 / count as f64 / 255.0) as f32);
        Cell { count, sums, at: to_oklab(mean) }
    })
    .collect()
}

/// Divides all cells into groups: always the one that spreads most, across its widest axis at its mean.
fn split(cells: &[Cell], most: usize) -> Vec<Vec<usize>> {
    let all: Vec<usize> = (0..cells.len()).collect();
    let mut groups = vec![(spread(cells, &all), all)];
    while groups.len() < most {
        let error = |index: usize| groups[index].0.iter().sum::<f64>();
        let widest = (0..groups.len()).max_by(|&a, &b| error(a).total_cmp(&error(b)).then(b.cmp(&a)));
        let Some(widest) = widest.filter(|&index| error(index) > 0.0) else {
            break;
        };
        let (spreads, group) = groups.swap_remove(widest);
        let axis = (0..3).max_by(|&a, &b| spreads[a].total_cmp(&spreads[b])).unwrap_or(0);
        let middle = center(cells, &group)[axis];
        let (low, high): (Vec<usize>, Vec<usize>) =
            group.into_iter().partition(|&index| cells[index].at[axis] < middle);
        if low.is_empty() {
            // They differ by less than what can be told apart.
            groups.push(([0.0; 3], high));
        } else {
            groups.push((spread(cells, &low), low));
            groups.push((spread(cells, &high), high));
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// The summed squared distances from the mean, for each axis.
fn spread(cells: &[Cell], group: &[usize]) -> [f64; 3] {
    let center = center(cells, group);
    let mut spread = [0.0; 3];
    for &index in group {
        for axis in 0..3 {
            spread[axis] += cells[index].count as f64 * f64::from(cells[index].at[axis] - center[axis]).powi(2);
        }
    }
    spread
}

fn center(cells: &[Cell], group: &[usize]) -> [f32; 3] {
    let mut sums = [0.0f64; 3];
    let mut count = 0.0;
    for &index in group {
        let weight = cells[index].count as f64;
        count += weight;
        for (sum, value) in sums.iter_mut().zip(cells[index].at) {
            *sum += weight * f64::from(value);
        }
    }
    sums.map(|sum| (sum / count) as f32)
}

fn nearest(centers: &[[f32; 3]], at: [f32; 3]) -> usize {
    let mut best = (f32::INFINITY, 0);
    for (index, center) in centers.iter().enumerate() {
        let distance: f32 = (0..3).map(|axis| (center[axis] - at[axis]).powi(2)).sum();
        if distance < best.0 {
            best = (distance, index);
        }
    }
    best.1
}

fn dominant(cells: &[Cell], group: &[usize]) -> Dominant {
    let pixels: u64 = group.iter().map(|&index| cells[index].count).sum();
    let mean = |channel: usize| {
        let sum: u64 = group.iter().map(|&index| cells[index].sums[channel]).sum();
        ((sum + pixels / 2) / pixels) as u8
    };
    Dominant { color: [mean(0), mean(1), mean(2)], pixels }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_are_found_exactly_with_their_pixels() {
        let colors = [[255, 0, 0], [0, 0, 255], [250, 250, 250], [1, 2, 3]];
        let counts = [50, 30, 15, 5];
        let pixels: Vec<u8> = colors.iter().zip(counts).flat_map(|(color, count)| color.repeat(count)).collect();
        let found = dominant_colors(&pixels, 3, 10);
        let expected: Vec<Dominant> =
            colors.iter().zip(counts).map(|(&color, pixels)| Dominant { color, pixels: pixels as u64 }).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn near_colours_are_taken_together() {
        let mut pixels = Vec::new();
        for i in 0..100u8 {
            pixels.extend([200 + i % 10, 10, 10]);
            pixels.extend([10, 200 + i % 10, 10]);
        }
        let found = dominant_colors(&pixels, 3, 2);
        assert_eq!(found.iter().map(|found| found.pixels).collect::<Vec<_>>(), [100, 100]);
        assert!(found.iter().all(|found| found.color.contains(&205) || found.color.contains(&204)), "{found:?}");
    }

    #[test]
    fn what_does_not_show_does_not_count() {
        assert_eq!(dominant_colors(&[9, 9, 9, 127], 4, 3), []);
        let found = dominant_colors(&[9, 9, 9, 127, 1, 2, 3, 128], 4, 3);
        assert_eq!(found, [Dominant { color: [1, 2, 3], pixels: 1 }]);
        assert_eq!(dominant_colors(&[70, 70, 70], 1, 64), [Dominant { color: [70; 3], pixels: 3 }]);
    }
}
