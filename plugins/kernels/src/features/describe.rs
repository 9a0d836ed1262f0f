//! Corners and what surrounds them.

use super::Feature;
use crate::gaussian_blur;

/// How far corners stay from the edges: what the rotated pairs of pixels reach, and a little.
pub(super) const BORDER: u32 = 20;

/// By how many levels the circle must differ from its middle.
const THRESHOLD: i32 = 12;

/// The circle of radius 3, clockwise from the top.
const CIRCLE: [(isize, isize); 16] = [
    (0, -3),
    (1, -3),
    (2, -2),
    (3, -1),
    (3, 0),
    (3, 1),
    (2, 2),
    (1, 3),
    (0, 3),
    (-1, 3),
    (-2, 2),
    (-3, 1),
    (-3, 0),
    (-3, -1),
    (-2, -2),
    (-1, -3),
];

/// How many neighbours on the circle must all be lighter, or all darker.
const ARC: u32 = 9;

/// The radius of the disc whose centre of gravity gives the angle.
const DISC: isize = 15;

/// The side of the squares that each may give a like number of corners, in pixels.
const CELL: usize = 40;

/// Finds at most `most` corners, spread over the picture. The picture is then blurred in place.
pub(super) fn features(pixels: &mut [u8], (width, height): (u32, u32), most: usize) -> Vec<Feature> {
    let corners = spread(corners(pixels, (width as usize, height as usize)), width as usize, most);
    gaussian_blur(pixels, (width, height), 1, 2.0);
    let pattern = pattern();
    corners
        .into_iter()
        .map(|(x, y, _)| {
            let angle = angle(pixels, width as usize, x, y);
            let bits = describe(pixels, width as usize, (x, y), angle, &pattern);
            Feature { x: x as f64, y: y as f64, size: 1.0, bits }
        })
        .collect()
}

/// Corners by FAST-9 that are stronger than their eight neighbours.
///
/// Source: E. Rosten and T. Drummond, Machine learning for high-speed corner detection, ECCV 2006.
fn corners(pixels: &[u8], (width, height): (usize, usize)) -> Vec<(usize, usize, u32)> {
    let border = BORDER as usize;
    let offsets = CIRCLE.map(|(x, y)| y * width as isize + x);
    let mut strengths = vec![0u32; width * height];
    for y in border..height - border {
        for x in border..width - border {
            let at = y * width + x;
            strengths[at] = strength(pixels, at, &offsets);
        }
    }
    let mut found = Vec::new();
    for y in border..height - border {
        for x in border..width - border {
            let at = y * width + x;
            let own = strengths[at];
            let neighbours = [
                at - width - 1,
                at - width,
                at - width + 1,
                at - 1,
                at + 1,
                at + width - 1,
                at + width,
                at + width + 1,
            ];
            // Of equal neighbours the first one counts.
            if own > 0
                && neighbours.iter().all(|&other| strengths[other] < own || (strengths[other] == own && other > at))
            {
                found.push((x, y, own));
            }
        }
    }
    found
}

/// The sum of how far the circle's pixels exceed the threshold; 0 when there is no corner.
fn strength(pixels: &[u8], at: usize, offsets: &[isize; 16]) -> u32 {
    let middle = i32::from(pixels[at]);
    let around = |i: usize| i32::from(pixels[at.wrapping_add_signed(offsets[i])]) - middle;
    // An arc of nine holds two of these four.
    let quarters = [0, 4, 8, 12].map(around);
    let beyond = |sign: i32| quarters.iter().filter(|difference| **difference * sign > THRESHOLD).count() >= 2;
    if !beyond(1) && !beyond(-1) {
        return 0;
    }
    let (mut lighter, mut darker) = (0u32, 0u32);
    let mut sums = [0; 2];
    for i in 0..16 {
        let difference = around(i);
        if difference > THRESHOLD {
            lighter |= 1 << i;
            sums[0] += difference - THRESHOLD;
        } else if difference < -THRESHOLD {
            darker |= 1 << i;
            sums[1] -= difference + THRESHOLD;
        }
    }
    if has_arc(lighter) {
        sums[0] as u32
    } else if has_arc(darker) {
        sums[1] as u32
    } else {
        0
    }
}

fn has_arc(bits: u32) -> bool {
    let twice = bits | bits << 16;
    let mut run = twice;
    for step in 1..ARC {
        run &= twice >> step;
    }
    run != 0
}

/// The strongest of each square first, then the second ones, and so on.
fn spread(mut corners: Vec<(usize, usize, u32)>, width: usize, most: usize) -> Vec<(usize, usize, u32)> {
    let cells_across = width / CELL + 1;
    let cell = |&(x, y, _): &(usize, usize, u32)| (y / CELL) * cells_across + x / CELL;
    corners.sort_by_key(|corner| (cell(corner), std::cmp::Reverse(corner.2), corner.1, corner.0));
    let mut ranked = Vec::with_capacity(corners.len());
    let mut rank = 0;
    for (index, corner) in corners.iter().enumerate() {
        rank = if index > 0 && cell(&corners[index - 1]) == cell(corner) { rank + 1 } else { 0 };
        ranked.push((rank, *corner));
    }
    ranked.sort_by_key(|(rank, corner)| (*rank, std::cmp::Reverse(corner.2), corner.1, corner.0));
    ranked.into_iter().take(most).map(|(_, corner)| corner).collect()
}

/// The direction from a corner to the centre of gravity around it: (cosine, sine).
fn angle(pixels: &[u8], width: usize, x: usize, y: usize) -> (f64, f64) {
    let (mut across, mut down) = (0i64, 0i64);
    for dy in -DISC..=DISC {
        for dx in -DISC..=DISC {
            if dx * dx + dy * dy <= DISC * DISC {
                let value = i64::from(pixels[y.wrapping_add_signed(dy) * width + x.wrapping_add_signed(dx)]);
                across += dx as i64 * value;
                down += dy as i64 * value;
            }
        }
    }
    let length = (across as f64).hypot(down as f64);
    if length == 0.0 { (1.0, 0.0) } else { (across as f64 / length, down as f64 / length) }
}

/// 256 pairs of places within 13 pixels, by a normal distribution; always the same.
fn pattern() -> Vec<[(f64, f64); 2]> {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    // The sum of twelve has the deviation 1; times 5.5.
    let mut coordinate = move || ((0..12).map(|_| uniform()).sum::<f64>() - 6.0) * 5.5;
    let mut place = move || {
        loop {
            let (x, y) = (coordinate().round(), coordinate().round());
            if x.hypot(y) <= 13.0 {
                return (x, y);
            }
        }
    };
    (0..256)
        .map(|_| {
            let first = place();
            let second = std::iter::repeat_with(&mut place).find(|second| *second != first);
            [first, second.unwrap_or(first)]
        })
        .collect()
}

fn describe(
    pixels: &[u8],
    width: usize,
    (x, y): (usize, usize),
    (cos, sin): (f64, f64),
    pattern: &[[(f64, f64); 2]],
) -> [u64; 4] {
    let value = |(dx, dy): (f64, f64)| {
        let turned = ((dx * cos - dy * sin).round() as isize, (dx * sin + dy * cos).round() as isize);
        pixels[y.wrapping_add_signed(turned.1) * width + x.wrapping_add_signed(turned.0)]
    };
    let mut bits = [0; 4];
    for (index, [first, second]) in pattern.iter().enumerate() {
        bits[index / 64] |= u64::from(value(*first) < value(*second)) << (index % 64);
    }
    bits
}
