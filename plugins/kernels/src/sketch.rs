//! Drawings by pencil and charcoal, and cartoons.

use crate::blur::blur_channels;
use crate::edge::{Edges, edge};
use crate::noise::texture;
use crate::rows::premultiplied;
use crate::taps::{line, weigh};
use crate::{bilateral, bytes, luma};

/// Makes a charcoal drawing of a picture: its edges, soft and dark on white, in place.
///
/// Shape: `channels` is 1, 3 or 4; red, green and blue become equal, alpha stays.
/// Units: `sigma` is the width of the strokes, in pixels (0.1 to 50); `strength` 0.1 to 10 multiplies the edges first.
/// Method: the Laplacian of luma, blurred, stretched so that the 0.15 % darkest values are black and the 0.05 %
/// brightest white, and inverted: the steps of ImageMagick's `-charcoal`.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn charcoal(pixels: &mut [u8], (width, height): (u32, u32), channels: usize, sigma: f64, strength: f64) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    if pixels.is_empty() {
        return;
    }
    let mut drawing = Vec::new();
    // What is transparent counts as black, whatever its colour.
    premultiplied(pixels, channels, |pixels| {
        drawing = if channels == 1 { pixels.to_vec() } else { luma(pixels, channels) };
    });
    edge(&mut drawing, (width, height), 1, Edges::Laplacian, strength);
    if sigma >= 0.1 {
        blur_channels(&mut drawing, (width as usize, height as usize), 1, sigma, f64::INFINITY);
    }
    let stretched = stretch(&drawing, 0.0015, 0.0005);
    for (pixel, drawn) in pixels.chunks_exact_mut(channels).zip(&drawing) {
        let value = 255 - stretched[usize::from(*drawn)];
        pixel.iter_mut().take(3).for_each(|channel| *channel = value);
    }
}

/// The table that makes the given shares of a gray picture's values black and white, and spreads the rest evenly.
/// A picture of one value becomes black, as one without edges.
fn stretch(gray: &[u8], black: f64, white: f64) -> [u8; 256] {
    let mut counts = [0usize; 256];
    gray.iter().for_each(|value| counts[usize::from(*value)] += 1);
    let low = first_beyond(&counts, 0..256, black * gray.len() as f64);
    let high = first_beyond(&counts, (0..256).rev(), white * gray.len() as f64);
    let span = high.saturating_sub(low).max(1);
    std::array::from_fn(|value| ((value.saturating_sub(low) * 255 + span / 2) / span).min(255) as u8)
}

/// The value at which more than `enough` have been counted.
fn first_beyond(counts: &[usize; 256], mut values: impl Iterator<Item = usize>, enough: f64) -> usize {
    let mut sum = 0;
    let beyond = values.find(|value| {
        sum += counts[*value];
        sum as f64 > enough
    });
    beyond.unwrap_or(0)
}

/// Makes a pencil drawing of a picture: its colours are dodged by a texture of strokes, in place.
///
/// Shape: `channels` is 1, 3 or 4; colours stay coloured, alpha stays.
/// Units: strokes are about `4 * sigma` pixels long (sigma 0.1 to 40) and lie along `angle` degrees, clockwise from the right.
/// `strength` 0 to 1 is the share of the drawing in the result. `seed` chooses the texture.
/// Method: even noise is blurred along the angle by a Gaussian, its Laplacian is stretched and inverted, every value is
/// divided by 1 minus that (colour dodge), and mixed with the picture: the steps of ImageMagick's `-sketch`.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn sketch(
    pixels: &mut [u8],
    (width, height): (u32, u32),
    channels: usize,
    (sigma, angle): (f64, f64),
    strength: f64,
    seed: u32,
) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    if pixels.is_empty() {
        return;
    }
    let sigma = sigma.clamp(0.1, 40.0);
    let mut strokes = texture(width as usize * height as usize, seed);
    let taps = line(6.0 * sigma, angle, |distance| (-0.5 * (distance / sigma).powi(2)).exp());
    weigh(&mut strokes, width as usize, 1, &taps, 0.0);
    edge(&mut strokes, (width, height), 1, Edges::Laplacian, 1.0);
    let stretched = stretch(&strokes, 0.0015, 0.0005);
    let share = (strength.clamp(0.0, 1.0) * 256.0).round() as u32;
    // What a value is multiplied by, in 1/256: 1 / (1 - x), x the inverted stroke; at most 255 times.
    let factors: [u32; 256] = std::array::from_fn(|stroke| 255 * 256 / u32::from(stretched[stroke]).max(1));
    for (pixel, stroke) in pixels.chunks_exact_mut(channels).zip(&strokes) {
        let factor = factors[usize::from(*stroke)];
        for value in pixel.iter_mut().take(3) {
            let dodged = ((u32::from(*value) * factor + 128) >> 8).min(255);
            *value = ((dodged * share + u32::from(*value) * (256 - share) + 128) >> 8) as u8;
        }
    }
}

/// How a cartoon is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Cartoon {
    /// How dark the lines are, 0 to 1.
    pub line: f64,
    /// How few colours are left, 0 (all) to 1 (two steps for each channel).
    pub reduction: f64,
    /// Black and white by luma, in place of reduced colours.
    pub black_and_white: bool,
}

/// Makes a cartoon of a picture: flat colours and dark lines, in place.
///
/// Shape: `channels` is 1, 3 or 4; alpha stays nearly (it is smoothed with the colours).
/// Method: an edge-keeping smoothing (`bilateral`, 3 pixels, 30 levels); colours to evenly spaced steps; lines where
/// luma lies below its surroundings (difference of Gaussians of 0.8 and 1.6 pixels) by more than a threshold that
/// `line` lowers from 8 to 2 levels. Source: H. Winnemoeller et al., "Real-time video abstraction", SIGGRAPH 2006.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn cartoonify(pixels: &mut [u8], (width, height): (u32, u32), channels: usize, cartoon: &Cartoon) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    if pixels.is_empty() {
        return;
    }
    let size = (width as usize, height as usize);
    bilateral(pixels, (width, height), channels, 3.0, 30.0);
    let gray = if channels == 1 { pixels.to_vec() } else { luma(pixels, channels) };
    let (mut near, mut far) = (gray.clone(), gray.clone());
    blur_channels(&mut near, size, 1, 0.8, f64::INFINITY);
    blur_channels(&mut far, size, 1, 1.6, f64::INFINITY);
    let line = cartoon.line.clamp(0.0, 1.0);
    let threshold = 8.0 - 6.0 * line;
    // How much is left of a colour, in 1/256, by how far luma lies below its surroundings.
    let left: [u32; 256] = std::array::from_fn(|below| {
        let inked = ((below as f64 - threshold) / 4.0).clamp(0.0, 1.0) * line;
        (256.0 * (1.0 - inked)).round() as u32
    });
    let steps = steps(cartoon.reduction);
    premultiplied(pixels, channels, |pixels| {
        let differences = near.iter().zip(&far).map(|(near, far)| far.saturating_sub(*near));
        for ((pixel, gray), below) in pixels.chunks_exact_mut(channels).zip(&gray).zip(differences) {
            let left = left[usize::from(below)];
            let alpha = pixel.get(3).copied().unwrap_or(255);
            for value in pixel.iter_mut().take(3) {
                let flat = if cartoon.black_and_white {
                    if *gray < 128 { 0 } else { alpha }
                } else {
                    steps[usize::from(*value)].min(alpha)
                };
                *value = ((u32::from(flat) * left + 128) >> 8) as u8;
            }
        }
    });
}

/// Values in evenly spaced steps, from 0 to 255: from 256 of them down to 2, halved seven times.
fn steps(reduction: f64) -> [u8; 256] {
    let count = (256.0 * 0.5f64.powf(7.0 * reduction.clamp(0.0, 1.0))).round().max(2.0);
    std::array::from_fn(|value| {
        let step = (value as f64 / 255.0 * (count - 1.0)).round();
        (step / (count - 1.0) * 255.0).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bright square on a dark ground.
    fn square() -> Vec<u8> {
        let bright = |at: usize| (12..28).contains(&at);
        (0..1600).map(|index| if bright(index % 40) && bright(index / 40) { 200 } else { 60 }).collect()
    }

    #[test]
    fn charcoal_draws_dark_edges_on_white() {
        let mut pixels = square();
        charcoal(&mut pixels, (40, 40), 1, 1.0, 1.0);
        assert!(pixels[20 * 40 + 12] < 60, "the edge: {}", pixels[20 * 40 + 12]);
        assert!(pixels[20 * 40 + 20] > 240 && pixels[5 * 40 + 5] > 240, "flat parts");
        let mut pixels = [50, 90, 130, 77].repeat(40);
        charcoal(&mut pixels, (8, 5), 4, 1.0, 1.0);
        assert_eq!(pixels, [255, 255, 255, 77].repeat(40));
    }

    #[test]
    fn sketch_dodges_by_strokes_along_the_angle() {
        let mut pixels = vec![60; 120 * 120];
        sketch(&mut pixels, (120, 120), 1, (4.0, 0.0), 1.0, 5);
        assert!(pixels.iter().all(|value| *value >= 60), "dodging brightens");
        let differences = |distance: usize| -> u64 {
            let pairs = pixels.iter().zip(&pixels[distance..]);
            pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum()
        };
        assert!(differences(1) * 3 < differences(120) * 2, "{} {}", differences(1), differences(120));
        let mut same = vec![60; 120 * 120];
        sketch(&mut same, (120, 120), 1, (4.0, 0.0), 0.0, 5);
        assert_eq!(same, vec![60; 120 * 120]);
    }

    #[test]
    fn a_cartoon_has_few_colours_and_dark_lines() {
        let mut pixels = square();
        cartoonify(&mut pixels, (40, 40), 1, &Cartoon { line: 1.0, reduction: 0.6, black_and_white: false });
        assert!(pixels[20 * 40 + 11] < 20, "a line beside the square: {}", pixels[20 * 40 + 11]);
        let steps = steps(0.6);
        assert_eq!(pixels[20 * 40 + 20], steps[200]);
        let mut pixels = square();
        cartoonify(&mut pixels, (40, 40), 1, &Cartoon { line: 0.0, reduction: 0.0, black_and_white: true });
        assert_eq!((pixels[20 * 40 + 20], pixels[5 * 40 + 5]), (255, 0));
    }

    #[test]
    fn steps_go_from_all_values_to_two() {
        assert!((0..=255).all(|value| steps(0.0)[usize::from(value)] == value));
        let mut two = steps(1.0).to_vec();
        two.dedup();
        assert_eq!(two, [0, 255]);
    }
}
