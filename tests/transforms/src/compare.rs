//! How far two pictures are apart.

use safelight_sdk::{Image, PixelFormat, to_format};

use crate::files::{output_dir, write_png};

/// What may differ. Levels are of 0 to 255.
#[derive(Debug, Clone, Copy)]
pub struct Tolerance {
    /// The largest difference of one channel of one pixel, in levels.
    max: u8,
    /// The mean difference over all channels, in levels; none when only `max` counts.
    mean: Option<f64>,
    /// The least peak signal-to-noise ratio, in dB.
    psnr_db: Option<f64>,
    /// The share of pixels that may differ by more than `max`.
    exempt: f64,
    /// How many pixels from the picture's edge are not looked at.
    border: u32,
}

impl Tolerance {
    /// Not a bit.
    pub const EXACT: Tolerance = Tolerance::max(0);

    /// Every channel of every pixel within `levels`.
    pub const fn max(levels: u8) -> Self {
        Tolerance { max: levels, mean: None, psnr_db: None, exempt: 0.0, border: 0 }
    }

    /// Also the mean difference within `levels`.
    pub const fn mean(mut self, levels: f64) -> Self {
        self.mean = Some(levels);
        self
    }

    /// Also a peak signal-to-noise ratio of at least this.
    pub const fn psnr(mut self, db: f64) -> Self {
        self.psnr_db = Some(db);
        self
    }

    /// A share of the pixels, 0 to 1, may differ by more than the maximum: for results that hang on
    /// a decision, as at a threshold.
    pub const fn but_for(mut self, share: f64) -> Self {
        self.exempt = share;
        self
    }

    /// Leaves out so many pixels along the edges: for references that treat edges in another way.
    pub const fn inside(mut self, border_px: u32) -> Self {
        self.border = border_px;
        self
    }
}

/// How far two pictures of one size are apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The largest difference of a channel, in levels.
    pub max: u8,
    /// Where it is.
    pub at: (u32, u32),
    /// The mean over all channels, in levels.
    pub mean: f64,
    /// Peak signal-to-noise ratio; infinite for the same pixels.
    pub psnr_db: f64,
    /// The share of pixels with a channel over the maximum that was allowed.
    pub over: f64,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Difference { max, at, mean, psnr_db, over } = self;
        let (x, y) = at;
        write!(f, "max {max} at {x}, {y}; mean {mean:.4}; PSNR {psnr_db:.1} dB; {:.3} % of pixels over", over * 100.0)
    }
}

/// Fails unless `actual` is as `expected`, within the tolerance. The difference is printed in any case
/// (`--nocapture` shows it).
///
/// The pixel formats may differ. Colours are compared as they show, that is multiplied by alpha, and
/// alpha as well. `name` names the three pictures that a failure writes.
///
/// # Panics
/// When the sizes or too many pixels differ.
#[track_caller]
pub fn compare(name: &str, actual: &Image, expected: &Image, tolerance: Tolerance) -> Difference {
    if actual.size() != expected.size() {
        let files = keep(name, &[("actual", actual), ("expected", expected)]);
        panic!("{name}: the size is {}, expected {}\n{files}", actual.size(), expected.size());
    }
    let found = difference(actual, expected, tolerance);
    eprintln!("{name}: {found}");
    let fine = (found.max <= tolerance.max || found.over <= tolerance.exempt)
        && tolerance.mean.is_none_or(|most| found.mean <= most)
        && tolerance.psnr_db.is_none_or(|least| found.psnr_db >= least);
    if !fine {
        let picture = picture_of_difference(actual, expected);
        let files = keep(name, &[("actual", actual), ("expected", expected), ("difference", &picture)]);
        panic!("{name}: {found}\nallowed: {tolerance:?}\n{files}");
    }
    found
}

/// Measures without judging; `tolerance` gives the border and what counts as over.
///
/// # Panics
/// When the sizes differ.
pub fn difference(actual: &Image, expected: &Image, tolerance: Tolerance) -> Difference {
    assert_eq!(actual.size(), expected.size(), "sizes that are compared");
    let (width, height) = (actual.width, actual.height);
    let border = tolerance.border;
    let inside = |x: u32, y: u32| x >= border && y >= border && x + border < width && y + border < height;
    let channels = if is_color(actual) || is_color(expected) { 4 } else { 1 };
    let (actual, expected) = (shown(actual), shown(expected));
    let (mut max, mut at, mut sum, mut squares) = (0, (0, 0), 0_u64, 0_u64);
    let (mut over, mut pixels) = (0_u64, 0_u64);
    for (index, (one, other)) in actual.iter().zip(&expected).enumerate() {
        let (x, y) = (index as u32 % width, index as u32 / width);
        if !inside(x, y) {
            continue;
        }
        pixels += 1;
        let mut largest = 0;
        for (one, other) in one.iter().zip(other).take(channels) {
            let apart = one.abs_diff(*other);
            largest = largest.max(apart);
            sum += u64::from(apart);
            squares += u64::from(apart) * u64::from(apart);
        }
        over += u64::from(largest > tolerance.max);
        if largest > max {
            (max, at) = (largest, (x, y));
        }
    }
    assert!(pixels > 0, "a border of {border} px leaves nothing of {width} x {height} px");
    let values = (pixels * channels as u64) as f64;
    let psnr_db = 10.0 * (255.0 * 255.0 / (squares as f64 / values)).log10();
    Difference { max, at, mean: sum as f64 / values, psnr_db, over: over as f64 / pixels as f64 }
}

fn is_color(image: &Image) -> bool {
    image.format != PixelFormat::Gray8
}

/// Every pixel as RGBA with colours multiplied by alpha.
fn shown(image: &Image) -> Vec<[u8; 4]> {
    let image = to_format(image.clone(), PixelFormat::Rgba8);
    let premultiplied = |&[red, green, blue, alpha]: &[u8; 4]| {
        let by_alpha = |value: u8| ((u32::from(value) * u32::from(alpha) + 127) / 255) as u8;
        [by_alpha(red), by_alpha(green), by_alpha(blue), alpha]
    };
    image.pixels.as_chunks().0.iter().map(premultiplied).collect()
}

/// Ten times the difference on black, so that small ones can be seen; that of alpha goes to all
/// channels.
fn picture_of_difference(actual: &Image, expected: &Image) -> Image {
    let mut pixels = Vec::with_capacity(actual.pixels.len());
    for (one, other) in shown(actual).into_iter().zip(shown(expected)) {
        let alpha = one[3].abs_diff(other[3]);
        pixels.extend((0..3).map(|channel| one[channel].abs_diff(other[channel]).max(alpha).saturating_mul(10)));
    }
    Image::new(actual.width, actual.height, PixelFormat::Rgb8, pixels)
}

/// Writes pictures for a person to look at; names the files.
fn keep(name: &str, pictures: &[(&str, &Image)]) -> String {
    let dir = output_dir("failures");
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    let mut lines = Vec::new();
    for (what, image) in pictures {
        let path = dir.join(format!("{name}-{what}.png"));
        write_png(&path, image);
        lines.push(format!("  {what}: {}", path.display()));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_counted_as_they_show() {
        let gray = Image::new(2, 1, PixelFormat::Gray8, vec![10, 200]);
        let other = Image::new(2, 1, PixelFormat::Gray8, vec![10, 204]);
        let found = difference(&gray, &other, Tolerance::max(3));
        assert_eq!((found.max, found.at, found.mean, found.over), (4, (1, 0), 2.0, 0.5));
        assert!((found.psnr_db - 39.1).abs() < 0.1, "{}", found.psnr_db); // 10 log10(65025 / 8)
        assert_eq!(difference(&gray, &other, Tolerance::EXACT.inside(0)).over, 0.5);
        let clear = Image::new(1, 1, PixelFormat::Rgba8, vec![255, 0, 0, 0]);
        let also_clear = Image::new(1, 1, PixelFormat::Rgba8, vec![0, 0, 255, 0]);
        assert_eq!(difference(&clear, &also_clear, Tolerance::EXACT).max, 0);
        let opaque = Image::new(1, 1, PixelFormat::Rgb8, vec![0, 0, 255]);
        assert_eq!(difference(&clear, &opaque, Tolerance::EXACT).max, 255);
    }

    #[test]
    fn what_is_over_the_tolerance_fails() {
        let one = Image::new(2, 1, PixelFormat::Gray8, vec![10, 200]);
        let other = Image::new(2, 1, PixelFormat::Gray8, vec![10, 204]);
        for tolerance in [Tolerance::max(4), Tolerance::max(3).but_for(0.5), Tolerance::max(4).mean(2.0).psnr(39.0)] {
            compare("self-test", &one, &other, tolerance);
        }
        for tolerance in [Tolerance::max(3), Tolerance::max(4).mean(1.9), Tolerance::max(4).psnr(40.0)] {
            let result = std::panic::catch_unwind(|| compare("self-test", &one, &other, tolerance));
            assert!(result.is_err(), "{tolerance:?}");
        }
    }
}
