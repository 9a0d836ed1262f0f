//! What a step gets to see of a picture: the part that matters, in a pixel format it accepts.

use std::borrow::Cow;

use safelight_codec::{PixelFormat, Raster};

use super::{Rect, Size, View};

/// A region is cut out before it is handed over when it is at most this part of the picture:
/// cutting copies it once more, which has to be made good by what need not go into the guest.
const WORTH_CUTTING: f64 = 0.75;

/// What a decoder shrinks by, see [`safelight_codec::DecodeOptions::enough`]; 1 for a full decode.
const SHRINK_FACTORS: [u32; 4] = [1, 2, 4, 8];

/// Prepares a picture for the first call of a run.
///
/// `full` is the size that was planned with; `raster` has it, or is smaller where the decoder shrank
/// the picture. `region` is what the call asked for, in pixels of `full`. `accepted` are its formats,
/// best first.
///
/// Cost: nothing is copied when the whole picture goes over in a format that is accepted.
pub(super) fn hand_over<'a>(
    raster: &'a Raster,
    full: Size,
    region: Option<Rect>,
    accepted: &[PixelFormat],
) -> (Cow<'a, Raster>, View) {
    let whole = Rect { x: 0, y: 0, width: full.width, height: full.height };
    let window = region.and_then(|region| window(region, full, raster));
    let (raster, region) = match window {
        Some((pixels, region)) => match raster.crop(pixels.x, pixels.y, pixels.width, pixels.height) {
            Ok(cut) => (Cow::Owned(cut), region),
            Err(_) => (Cow::Borrowed(raster), whole),
        },
        None => (Cow::Borrowed(raster), whole),
    };
    let format = choose(&raster, accepted);
    let raster = if raster.format() == format { raster } else { Cow::Owned(raster.into_owned().convert(format)) };
    (raster, View { full, region })
}

/// The window of the raster that shows `region`, and the part of `full` that this window shows: the
/// region or a little more, so that both have whole pixels. None when cutting is not worth it, or
/// when the raster was not shrunk by one of the known factors.
fn window(region: Rect, full: Size, raster: &Raster) -> Option<(Rect, Rect)> {
    let matches = |factor: &u32| {
        raster.width() == full.width.div_ceil(*factor) && raster.height() == full.height.div_ceil(*factor)
    };
    let factor = SHRINK_FACTORS.into_iter().find(matches)?;
    let (left, top) = (region.x / factor, region.y / factor);
    let right = (region.x + region.width).div_ceil(factor).min(raster.width());
    let bottom = (region.y + region.height).div_ceil(factor).min(raster.height());
    let pixels = Rect { x: left, y: top, width: right - left, height: bottom - top };
    let share =
        f64::from(pixels.width) * f64::from(pixels.height) / (f64::from(raster.width()) * f64::from(raster.height()));
    if share > WORTH_CUTTING {
        return None;
    }
    let shown = Rect {
        x: left * factor,
        y: top * factor,
        width: (right * factor).min(full.width) - left * factor,
        height: (bottom * factor).min(full.height) - top * factor,
    };
    Some((pixels, shown))
}

/// The accepted format that loses least: the picture's own, else the narrowest that holds more, else
/// the widest that holds less.
fn choose(raster: &Raster, accepted: &[PixelFormat]) -> PixelFormat {
    use PixelFormat::{Gray8, Rgb8, Rgba8};
    let order = match raster.format() {
        Gray8 => [Gray8, Rgb8, Rgba8],
        Rgb8 => [Rgb8, Rgba8, Gray8],
        Rgba8 => [Rgba8, Rgb8, Gray8],
    };
    order.into_iter().find(|format| accepted.contains(format)).unwrap_or(raster.format())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raster(width: u32, height: u32, format: PixelFormat) -> Raster {
        let bytes = width as usize * height as usize * format.bytes_per_pixel();
        Raster::new(width, height, format, (0..bytes).map(|byte| byte as u8).collect()).unwrap()
    }

    fn check(picture: (u32, u32), full: (u32, u32), region: [u32; 4], cut: Option<[u32; 4]>, shown: [u32; 4]) {
        let raster = raster(picture.0, picture.1, PixelFormat::Gray8);
        let rect = |[x, y, width, height]: [u32; 4]| Rect { x, y, width, height };
        let full = Size { width: full.0, height: full.1 };
        let (given, view) = hand_over(&raster, full, Some(rect(region)), &[PixelFormat::Gray8]);
        let expected = match cut {
            Some([x, y, width, height]) => raster.crop(x, y, width, height).unwrap(),
            None => raster.clone(),
        };
        assert_eq!(given.as_ref(), &expected);
        assert_eq!(given.pixels(), expected.pixels());
        assert_eq!(view, View { full, region: rect(shown) });
    }

    #[test]
    fn a_small_region_is_cut_out() {
        check((10, 10), (10, 10), [2, 3, 4, 5], Some([2, 3, 4, 5]), [2, 3, 4, 5]);
    }

    #[test]
    fn a_large_region_is_not() {
        check((10, 10), (10, 10), [0, 0, 10, 9], None, [0, 0, 10, 10]);
    }

    #[test]
    fn in_a_shrunk_picture_the_window_grows_to_whole_pixels() {
        check((10, 10), (40, 40), [5, 6, 8, 9], Some([1, 1, 3, 3]), [4, 4, 12, 12]);
    }

    #[test]
    fn the_last_column_of_a_shrunk_picture_may_be_narrower() {
        check((11, 10), (41, 40), [38, 30, 3, 10], Some([9, 7, 2, 3]), [36, 28, 5, 12]);
    }

    #[test]
    fn a_picture_shrunk_by_a_broken_factor_goes_over_whole() {
        check((15, 15), (40, 40), [0, 0, 4, 4], None, [0, 0, 40, 40]);
    }

    #[test]
    fn the_format_that_loses_least_is_chosen() {
        use PixelFormat::{Gray8, Rgb8, Rgba8};
        let check = |from: PixelFormat, accepted: &[PixelFormat], to: PixelFormat| {
            let raster = raster(2, 2, from);
            let (given, _) = hand_over(&raster, Size { width: 2, height: 2 }, None, accepted);
            assert_eq!(given.format(), to, "{from:?} for {accepted:?}");
            assert_eq!(matches!(given, Cow::Borrowed(_)), from == to);
        };
        check(Gray8, &[Rgba8, Rgb8, Gray8], Gray8);
        check(Gray8, &[Rgba8, Rgb8], Rgb8);
        check(Gray8, &[Rgba8], Rgba8);
        check(Rgb8, &[Rgba8, Gray8], Rgba8);
        check(Rgb8, &[Gray8], Gray8);
        check(Rgba8, &[Rgb8, Gray8], Rgb8);
        check(Rgba8, &[Rgb8, Rgba8], Rgba8);
    }
}
