//! Tables made from what a picture holds: histograms, stretching, equalising, curves.

use crate::{Table, color::apply_table, luma};

/// How often each value occurs.
pub type Histogram = [u64; 256];

/// The histogram of every colour channel: one of a gray picture, three of others.
///
/// Pixels that are fully transparent are left out: nobody sees their colour.
///
/// # Panics
/// When `channels` is not 1, 3 or 4.
pub fn histograms(pixels: &[u8], channels: usize) -> Vec<Histogram> {
    match channels {
        1 => vec![count(pixels)],
        3 => {
            let mut found = vec![[0; 256]; 3];
            for pixel in pixels.as_chunks::<3>().0 {
                for (histogram, value) in found.iter_mut().zip(pixel) {
                    histogram[usize::from(*value)] += 1;
                }
            }
            found
        }
        4 => {
            let mut found = vec![[0; 256]; 3];
            for pixel in pixels.as_chunks::<4>().0.iter().filter(|pixel| pixel[3] > 0) {
                for (histogram, value) in found.iter_mut().zip(pixel) {
                    histogram[usize::from(*value)] += 1;
                }
            }
            found
        }
        _ => panic!("{channels} channels"),
    }
}

/// The histogram of a picture's luma (BT.709); of a gray one, of its values.
///
/// # Panics
/// When `channels` is not 1, 3 or 4.
pub fn luma_histogram(pixels: &[u8], channels: usize) -> Histogram {
    match channels {
        1 => count(pixels),
        4 => {
            let mut found = [0; 256];
            for (value, pixel) in luma(pixels, 4).into_iter().zip(pixels.as_chunks::<4>().0) {
                found[usize::from(value)] += u64::from(pixel[3] > 0);
            }
            found
        }
        _ => count(&luma(pixels, channels)),
    }
}

fn count(values: &[u8]) -> Histogram {
    // Four counters side by side: a value that repeats does not wait for itself.
    let mut parts = [[0u64; 256]; 4];
    let (blocks, rest) = values.as_chunks::<4>();
    for block in blocks {
        for (part, value) in parts.iter_mut().zip(block) {
            part[usize::from(*value)] += 1;
        }
    }
    for value in rest {
        parts[0][usize::from(*value)] += 1;
    }
    std::array::from_fn(|value| parts.iter().map(|part| part[value]).sum())
}

/// The darkest and the lightest value that remain when so many pixels are cut off at either end. Equal
/// or crossed ends (a picture of one colour) give none.
pub fn ends(histogram: &Histogram, cut_dark: u64, cut_light: u64) -> Option<(u8, u8)> {
    let dark = beyond(histogram, 0..256, cut_dark)?;
    let light = beyond(histogram, (0..256).rev(), cut_light)?;
    (dark < light).then_some((dark as u8, light as u8))
}

/// The first value at which more than `cut` pixels were passed.
fn beyond(histogram: &Histogram, mut values: impl Iterator<Item = usize>, cut: u64) -> Option<usize> {
    let mut sum = 0;
    values.find(|&value| {
        sum += histogram[value];
        sum > cut
    })
}

/// Spreads `dark..=light` over 0..=255, rounded to nearest.
pub fn stretch((dark, light): (u8, u8)) -> Table {
    let (dark, range) = (f64::from(dark), f64::from(light) - f64::from(dark));
    crate::table(|value| (value * 255.0 - dark) / range)
}

/// The table that makes all values about equally frequent: `(cdf(v) - cdf_min) / (n - cdf_min)`, as in
/// Gonzalez and Woods, Digital Image Processing, section 3.3.1. A picture of one value stays.
pub fn equalize(histogram: &Histogram) -> Table {
    let total: u64 = histogram.iter().sum();
    let least = histogram.iter().copied().find(|&count| count > 0).unwrap_or(0);
    if total == least {
        return crate::table(|value| value);
    }
    let mut sum = 0;
    std::array::from_fn(|value| {
        sum += histogram[value];
        let share = sum.saturating_sub(least) as f64 / (total - least) as f64;
        (share * 255.0).round() as u8
    })
}

/// The mean of a histogram as a fraction of 255; none when it is empty.
pub fn mean(histogram: &Histogram) -> Option<f64> {
    let total: u64 = histogram.iter().sum();
    let sum: u64 = histogram.iter().zip(0u64..).map(|(count, value)| count * value).sum();
    (total > 0).then(|| sum as f64 / total as f64 / 255.0)
}

/// Replaces the values of each colour channel by its own table; alpha stays. A gray picture takes the
/// first table.
///
/// # Panics
/// When `channels` is not 1, 3 or 4, or there are fewer tables than colours.
pub fn apply_tables(pixels: &mut [u8], channels: usize, tables: &[Table]) {
    match channels {
        1 => apply_table(pixels, 1, &tables[0]),
        3 => tables_of::<3>(pixels, tables),
        4 => tables_of::<4>(pixels, tables),
        _ => panic!("{channels} channels"),
    }
}

fn tables_of<const N: usize>(pixels: &mut [u8], tables: &[Table]) {
    let [red, green, blue] = [&tables[0], &tables[1], &tables[2]];
    for pixel in pixels.as_chunks_mut::<N>().0 {
        pixel[0] = red[usize::from(pixel[0])];
        pixel[1] = green[usize::from(pixel[1])];
        pixel[2] = blue[usize::from(pixel[2])];
    }
}

/// A mixture of two tables: 0 gives the first, 1 the second.
pub fn mix(first: &Table, second: &Table, share: f64) -> Table {
    std::array::from_fn(|value| {
        let (a, b) = (f64::from(first[value]), f64::from(second[value]));
        (a + (b - a) * share).round().clamp(0.0, 255.0) as u8
    })
}

/// The table of a smooth curve through points, each an input and an output from 0 to 1, inputs rising.
/// Before the first and after the last point the curve is level. It never overshoots: between two
/// points it stays between their outputs.
///
/// Source: F. N. Fritsch and R. E. Carlson, Monotone Piecewise Cubic Interpolation, SIAM J. Numer. Anal.
/// 17 (1980), with the slopes of their section 4.
///
/// # Panics
/// When there is no point.
pub fn curve(points: &[[f64; 2]]) -> Table {
    let last = points.len() - 1;
    let secant = |i: usize| (points[i + 1][1] - points[i][1]) / (points[i + 1][0] - points[i][0]);
    let mut slopes: Vec<f64> = (0..=last)
        .map(|i| match i {
            _ if last == 0 => 0.0,
            0 => secant(0),
            i if i == last => secant(last - 1),
            i if secant(i - 1) * secant(i) <= 0.0 => 0.0,
            i => f64::midpoint(secant(i - 1), secant(i)),
        })
        .collect();
    for i in 0..last {
        let secant = secant(i);
        if secant == 0.0 {
            (slopes[i], slopes[i + 1]) = (0.0, 0.0);
            continue;
        }
        let (a, b) = (slopes[i] / secant, slopes[i + 1] / secant);
        let length = a.hypot(b);
        if length > 3.0 {
            slopes[i] = 3.0 * a / length * secant;
            slopes[i + 1] = 3.0 * b / length * secant;
        }
    }
    crate::table(|x| {
        let Some(i) = points.iter().rposition(|point| point[0] <= x) else { return points[0][1] };
        if i == last {
            return points[last][1];
        }
        let width = points[i + 1][0] - points[i][0];
        let t = (x - points[i][0]) / width;
        // Cubic Hermite form.
        let (t2, t3) = (t * t, t * t * t);
        points[i][1] * (2.0 * t3 - 3.0 * t2 + 1.0)
            + slopes[i] * width * (t3 - 2.0 * t2 + t)
            + points[i + 1][1] * (3.0 * t2 - 2.0 * t3)
            + slopes[i + 1] * width * (t3 - t2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_count_what_is_seen() {
        let found = histograms(&[1, 2, 3, 255, 1, 9, 9, 0], 4);
        assert_eq!((found[0][1], found[1][2], found[1][9]), (1, 1, 0));
        assert_eq!(histograms(&[7, 7, 7, 7, 8], 1)[0][7], 4);
        assert_eq!(luma_histogram(&[255, 255, 255, 0, 0, 0], 3)[255], 1);
    }

    #[test]
    fn ends_leave_out_the_cut_pixels() {
        let mut histogram = [0; 256];
        (histogram[10], histogram[20], histogram[200], histogram[250]) = (1, 50, 40, 2);
        assert_eq!(ends(&histogram, 0, 0), Some((10, 250)));
        assert_eq!(ends(&histogram, 1, 2), Some((20, 200)));
        assert_eq!(ends(&histogram, 60, 60), None);
        let table = stretch((20, 200));
        assert_eq!((table[20], table[200], table[110], table[0], table[255]), (0, 255, 128, 0, 255));
    }

    #[test]
    fn equalised_values_follow_their_cumulated_frequency() {
        let mut histogram = [0; 256];
        (histogram[50], histogram[60], histogram[70]) = (10, 10, 20);
        let table = equalize(&histogram);
        assert_eq!((table[50], table[60], table[70]), (0, 85, 255));
        let mut one = [0; 256];
        one[9] = 5;
        assert_eq!(equalize(&one)[9], 9);
    }

    #[test]
    fn curves_pass_their_points_and_never_overshoot() {
        assert!(curve(&[[0.0, 0.0], [1.0, 1.0]]).iter().zip(0..=255).all(|(made, value)| *made == value));
        let table = curve(&[[0.2, 0.1], [0.4, 0.8], [0.6, 0.8], [1.0, 0.0]]);
        assert_eq!((table[0], table[51], table[102], table[153], table[255]), (26, 26, 204, 204, 0));
        assert!(table[51..=102].is_sorted() && table[153..].iter().rev().is_sorted());
        assert!(table[102..=153].iter().all(|&value| value == 204));
        assert_eq!(curve(&[[0.5, 0.25]])[200], 64);
    }

    #[test]
    fn each_channel_has_its_table() {
        let tables = [crate::table(|v| v), crate::table(|v| 1.0 - v), crate::table(|_| 0.0)];
        let mut pixels = [10, 20, 30, 40];
        apply_tables(&mut pixels, 4, &tables);
        assert_eq!(pixels, [10, 235, 0, 40]);
        assert_eq!(mix(&tables[0], &tables[2], 0.25)[100], 75);
    }
}
