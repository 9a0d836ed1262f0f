//! Numbers about pictures: spread of values, blur, noise, colourfulness.

use crate::Histogram;

/// What a histogram says about its values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The smallest value that occurs.
    pub min: u8,
    /// The largest value that occurs.
    pub max: u8,
    /// The mean.
    pub mean: f64,
    /// The standard deviation (of the whole population, not of a sample).
    pub deviation: f64,
    /// Shannon's entropy in bits: 0 when there is one value, 8 when all 256 are equally frequent.
    pub entropy_bits: f64,
}

/// Sums a histogram up; none when it is empty.
pub fn summary(histogram: &Histogram) -> Option<Summary> {
    let total: u64 = histogram.iter().sum();
    let min = histogram.iter().position(|&count| count > 0)?;
    let max = histogram.iter().rposition(|&count| count > 0)?;
    let moment =
        |power: u32| -> u64 { histogram.iter().zip(0u64..).map(|(count, value)| count * value.pow(power)).sum() };
    let n = total as f64;
    let mean = moment(1) as f64 / n;
    let share = |count: u64| count as f64 / n;
    let entropy: f64 =
        histogram.iter().filter(|&&count| count > 0).map(|&count| -share(count) * share(count).log2()).sum();
    Some(Summary {
        min: min as u8,
        max: max as u8,
        mean,
        deviation: (moment(2) as f64 / n - mean * mean).max(0.0).sqrt(),
        // A negative zero would be written as such.
        entropy_bits: entropy.max(0.0),
    })
}

/// How often each alpha occurs in an RGBA picture.
pub fn alpha_histogram(pixels: &[u8]) -> Histogram {
    let mut found = [0; 256];
    for pixel in pixels.as_chunks::<4>().0 {
        found[usize::from(pixel[3])] += 1;
    }
    found
}

/// Whether no pixel that shows has a colour: red, green and blue are the same in each. Pixels that are
/// fully transparent do not count.
///
/// # Panics
/// When `channels` is not 1, 3 or 4.
pub fn is_gray(pixels: &[u8], channels: usize) -> bool {
    match channels {
        1 => true,
        3 => pixels.as_chunks::<3>().0.iter().all(|[r, g, b]| r == g && g == b),
        4 => pixels.as_chunks::<4>().0.iter().all(|[r, g, b, a]| *a == 0 || (r == g && g == b)),
        _ => panic!("{channels} channels"),
    }
}

/// The variance of the Laplacian (0 1 0, 1 -4 1, 0 1 0) of a gray picture: small where nothing is sharp.
///
/// Edges: the picture's edge pixels are repeated.
/// Source: J. L. Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy: a comparative study,
/// ICPR 2000.
pub fn laplacian_variance(gray: &[u8], (width, height): (u32, u32)) -> f64 {
    let (mut sum, mut squares) = (0i64, 0i64);
    each_row(gray, (width, height), |above, row, below| {
        let last = row.len() - 1;
        let mut add = |value: i32| {
            sum += i64::from(value);
            squares += i64::from(value * value);
        };
        let inner = laplacian_inside(above, row, below);
        let at = |x: usize| {
            let (left, right) = (x.saturating_sub(1), (x + 1).min(last));
            [above[x], below[x], row[left], row[right]].map(i32::from).iter().sum::<i32>() - 4 * i32::from(row[x])
        };
        add(at(0));
        if last > 0 {
            add(at(last));
        }
        sum += inner.0;
        squares += inner.1;
    });
    let n = f64::from(width) * f64::from(height);
    let mean = sum as f64 / n;
    (squares as f64 / n - mean * mean).max(0.0)
}

/// Sum and sum of squares of the Laplacian over all pixels of a row but the two at its ends.
fn laplacian_inside(above: &[u8], row: &[u8], below: &[u8]) -> (i64, i64) {
    const BLOCK: usize = 64;
    let (mut sum, mut squares) = (0i64, 0i64);
    let inside = row.len().saturating_sub(2);
    let mut x = 1;
    while x <= inside {
        let n = BLOCK.min(inside + 1 - x);
        let (up, down) = (&above[x..x + n], &below[x..x + n]);
        let (left, middle, right) = (&row[x - 1..x - 1 + n], &row[x..x + n], &row[x + 1..x + 1 + n]);
        let (mut part, mut part_squares) = (0i32, 0i32);
        for i in 0..n {
            let value = i32::from(up[i]) + i32::from(down[i]) + i32::from(left[i]) + i32::from(right[i])
                - 4 * i32::from(middle[i]);
            part += value;
            // At most 64 * 1020^2, far below 2^31.
            part_squares += value * value;
        }
        sum += i64::from(part);
        squares += i64::from(part_squares);
        x += n;
    }
    (sum, squares)
}

/// The standard deviation of the noise in a gray picture, in levels; 0 for pictures under 3 pixels a side.
///
/// Lines and texture count as noise to some degree.
/// Source: J. Immerkær, Fast Noise Variance Estimation, Computer Vision and Image Understanding 64 (1996).
pub fn noise_deviation(gray: &[u8], (width, height): (u32, u32)) -> f64 {
    if width < 3 || height < 3 {
        return 0.0;
    }
    let stride = width as usize;
    let rows: Vec<&[u8]> = gray.chunks_exact(stride).collect();
    let mut sum = 0u64;
    for three in rows.windows(3) {
        for x in 1..stride - 1 {
            let column = |x: usize, weight: i32| {
                weight * (i32::from(three[0][x]) - 2 * i32::from(three[1][x]) + i32::from(three[2][x]))
            };
            sum += u64::from((column(x - 1, 1) + column(x, -2) + column(x + 1, 1)).unsigned_abs());
        }
    }
    let inside = f64::from(width - 2) * f64::from(height - 2);
    (std::f64::consts::PI / 2.0).sqrt() * sum as f64 / (6.0 * inside)
}

/// How colourful a picture looks: 0 for gray, about 15 slightly, 45 quite, over 80 extremely. Pixels that
/// are fully transparent do not count.
///
/// Source: D. Hasler and S. Süsstrunk, Measuring Colourfulness in Natural Images, SPIE 5007 (2003),
/// section 7.
///
/// # Panics
/// When `channels` is not 1, 3 or 4.
pub fn colorfulness(pixels: &[u8], channels: usize) -> f64 {
    let mut sums = [0i64; 4];
    let mut count = 0i64;
    let mut add = |r: u8, g: u8, b: u8| {
        let (r, g, b) = (i64::from(r), i64::from(g), i64::from(b));
        // The second axis doubled, so that it stays a whole number.
        let (red_green, yellow_blue) = (r - g, r + g - 2 * b);
        sums[0] += red_green;
        sums[1] += red_green * red_green;
        sums[2] += yellow_blue;
        sums[3] += yellow_blue * yellow_blue;
        count += 1;
    };
    match channels {
        1 => return 0.0,
        3 => pixels.as_chunks::<3>().0.iter().for_each(|[r, g, b]| add(*r, *g, *b)),
        4 => pixels.as_chunks::<4>().0.iter().filter(|pixel| pixel[3] > 0).for_each(|[r, g, b, _]| add(*r, *g, *b)),
        _ => panic!("{channels} channels"),
    }
    if count == 0 {
        return 0.0;
    }
    let n = count as f64;
    let [rg, rg2, yb, yb2] = sums.map(|sum| sum as f64 / n);
    let (mean_rg, mean_yb) = (rg, yb / 2.0);
    let variance = (rg2 - rg * rg).max(0.0) + (yb2 - yb * yb).max(0.0) / 4.0;
    variance.sqrt() + 0.3 * (mean_rg * mean_rg + mean_yb * mean_yb).sqrt()
}

/// Mean structural similarity of two gray pictures of one size, by a uniform window of 8 x 8 pixels that
/// moves by 4: 1 for equal ones. Pictures under 8 pixels a side are one window.
///
/// Source: Z. Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity, IEEE
/// Trans. Image Processing 13 (2004), equation 13, with K1 = 0.01 and K2 = 0.03.
pub fn ssim(a: &[u8], b: &[u8], (width, height): (u32, u32)) -> f64 {
    const SIDE: usize = 8;
    const STEP: usize = 4;
    let (width, height) = (width as usize, height as usize);
    let (c1, c2) = ((0.01f64 * 255.0).powi(2), (0.03f64 * 255.0).powi(2));
    let starts = |length: usize| {
        let last = length.saturating_sub(SIDE);
        (0..=last).step_by(STEP)
    };
    let (mut total, mut windows) = (0.0, 0u32);
    for y in starts(height) {
        for x in starts(width) {
            let (bottom, right) = ((y + SIDE).min(height), (x + SIDE).min(width));
            let mut sums = [0u32; 5];
            for row in y..bottom {
                let at = row * width;
                for (&p, &q) in a[at + x..at + right].iter().zip(&b[at + x..at + right]) {
                    let (p, q) = (u32::from(p), u32::from(q));
                    for (sum, value) in sums.iter_mut().zip([p, q, p * p, q * q, p * q]) {
                        *sum += value;
                    }
                }
            }
            let n = ((bottom - y) * (right - x)) as f64;
            let [p, q, pp, qq, pq] = sums.map(|sum| f64::from(sum) / n);
            let (variances, covariance) = (pp - p * p + qq - q * q, pq - p * q);
            total += (2.0 * p * q + c1) * (2.0 * covariance + c2) / ((p * p + q * q + c1) * (variances + c2));
            windows += 1;
        }
    }
    total / f64::from(windows)
}

/// The mean of the squared differences of two buffers of one length.
pub fn mean_squared_error(a: &[u8], b: &[u8]) -> f64 {
    let mut sum = 0u64;
    for (a, b) in a.chunks(1024).zip(b.chunks(1024)) {
        let part: u32 = a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum();
        sum += u64::from(part);
    }
    sum as f64 / a.len() as f64
}

/// Calls `work` with every row and its neighbours; beyond the ends a row is its own neighbour.
fn each_row(gray: &[u8], (width, height): (u32, u32), mut work: impl FnMut(&[u8], &[u8], &[u8])) {
    let (stride, last) = (width as usize, height as usize - 1);
    let row = |y: usize| &gray[y * stride..(y + 1) * stride];
    for y in 0..=last {
        work(row(y.saturating_sub(1)), row(y), row((y + 1).min(last)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(values: &[u8]) -> Histogram {
        let mut found = [0; 256];
        for value in values {
            found[usize::from(*value)] += 1;
        }
        found
    }

    #[test]
    fn a_histogram_is_summed_up() {
        let found = summary(&histogram(&[0, 0, 10, 30])).expect("values");
        assert_eq!((found.min, found.max, found.mean), (0, 30, 10.0));
        // Squares: 0, 0, 100, 900, mean 250; 250 - 100 = 150.
        assert!((found.deviation - 150f64.sqrt()).abs() < 1e-12);
        // Shares 1/2, 1/4, 1/4.
        assert!((found.entropy_bits - 1.5).abs() < 1e-12);
        assert_eq!(summary(&[1; 256]).map(|all| all.entropy_bits), Some(8.0));
        assert_eq!(summary(&[0; 256]), None);
    }

    #[test]
    fn the_laplacian_of_a_spike_by_hand() {
        // 5 x 3, one pixel of 10 in the middle: values -40 once, 10 four times, 0 ten times.
        let mut gray = vec![0; 15];
        gray[7] = 10;
        let expected = (1600.0 + 400.0) / 15.0;
        assert!((laplacian_variance(&gray, (5, 3)) - expected).abs() < 1e-9);
        assert_eq!(laplacian_variance(&[9], (1, 1)), 0.0);
        // 0 0 0 | 8: the Laplacian of a row is 0 0 8 -8.
        assert_eq!(laplacian_variance(&[0, 0, 0, 8], (4, 1)), 32.0);
    }

    #[test]
    fn noise_is_not_a_slope() {
        let slope: Vec<u8> = (0..64 * 64).map(|i| (i % 64 + i / 64) as u8).collect();
        assert_eq!(noise_deviation(&slope, (64, 64)), 0.0);
        // Plus and minus 3 at random has the deviation 3.
        let mut state = 1u32;
        let noisy: Vec<u8> = slope
            .iter()
            .map(|value| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if state >> 31 == 0 { value + 20 } else { value + 26 }
            })
            .collect();
        let found = noise_deviation(&noisy, (64, 64));
        assert!((found - 3.0).abs() < 0.35, "{found}");
    }

    #[test]
    fn colourfulness_of_two_colours_by_hand() {
        // Red-green +-255, yellow-blue (255, 0, 0) and (0, 255, 0) both 127.5.
        let found = colorfulness(&[255, 0, 0, 0, 255, 0], 3);
        assert!((found - (255.0 + 0.3 * 127.5)).abs() < 1e-9, "{found}");
        assert_eq!(colorfulness(&[7, 7, 7, 200, 200, 200], 3), 0.0);
        assert_eq!(colorfulness(&[255, 0, 0, 0], 4), 0.0);
    }

    #[test]
    fn similarity_is_one_for_equal_pictures_and_low_for_inverted_ones() {
        let picture: Vec<u8> = (0..400).map(|i| (i * 37 % 251) as u8).collect();
        let inverted: Vec<u8> = picture.iter().map(|value| 255 - value).collect();
        assert!((ssim(&picture, &picture, (20, 20)) - 1.0).abs() < 1e-12);
        assert!(ssim(&picture, &inverted, (20, 20)) < 0.0);
        assert!((ssim(&[3], &[3], (1, 1)) - 1.0).abs() < 1e-12);
        assert_eq!(mean_squared_error(&[0, 10], &[2, 4]), 20.0);
    }

    #[test]
    fn colours_that_nobody_sees_do_not_count() {
        assert!(is_gray(&[1, 1, 1, 255, 9, 0, 0, 0], 4));
        assert!(!is_gray(&[1, 1, 1, 255, 9, 0, 0, 1], 4));
        assert_eq!(alpha_histogram(&[0, 0, 0, 7, 0, 0, 0, 7])[7], 2);
    }
}
