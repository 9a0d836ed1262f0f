//! `resize`: another number of pixels for the same picture.

mod layout;

use safelight_kernels::{self as kernels, Window};
use safelight_sdk::{Image, Input, Outcome, Planned, Refusal, Size, Transform, View};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::length::{Offset, Ratio, Side};
use crate::placement::{Anchor, Focus};
use layout::Layout;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Width of the result: pixels, or percent of the picture's width ("50%"). At least one of width,
    /// height and scale must be given; what is missing follows from the picture's proportions.
    width: Option<Side>,
    /// Height of the result: pixels, or percent of the picture's height ("50%").
    height: Option<Side>,
    /// Both sides times this factor, instead of width and height.
    #[schemars(range(min = 0.0001, max = 100.0))]
    scale: Option<f64>,
    /// Width divided by height, as a number or as "16:9": gives the one of width and height that is missing.
    aspect_ratio: Option<Ratio>,
    /// What to do when width and height are both given and have other proportions than the picture.
    mode: Mode,
    /// Restricts the change to one direction, or to certain pictures. Without it, pictures are made larger and smaller.
    only: Option<Only>,
    /// Which part of the picture `fill` keeps.
    gravity: Focus,
    /// Shifts what `fill` keeps to the right, or to the left if gravity names an eastern side: pixels of
    /// the picture, or percent of its width. Never out of the picture. With gravity `point`, its middle.
    x: Option<Offset>,
    /// Shifts what `fill` keeps downwards, or upwards if gravity names a southern side: pixels of the
    /// picture, or percent of its height. Never out of the picture. With gravity `point`, its middle.
    y: Option<Offset>,
    /// How much closer `fill` looks than it must: 2 keeps half the width and half the height.
    #[schemars(range(min = 1.0, max = 100.0))]
    zoom: f64,
    /// The largest part of the picture's width or height that `fill` may cut off, 0 to 1. If it had to
    /// cut more, the result is smaller than width or height instead, for `pad` to fill up.
    #[schemars(range(min = 0.0, max = 1.0))]
    max_cut: f64,
    /// How pixels are mixed.
    filter: Filter,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            width: None,
            height: None,
            scale: None,
            aspect_ratio: None,
            mode: Mode::Fit,
            only: None,
            gravity: Focus::Center,
            x: None,
            y: None,
            zoom: 1.0,
            max_cut: 1.0,
            filter: Filter::Lanczos3,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// As large as fits into width x height, proportions kept.
    #[default]
    Fit,
    /// Covers width x height, proportions kept; what stands over is cut off.
    Fill,
    /// Exactly width x height, proportions not kept.
    Exact,
    /// Like fit, but never larger than the picture is: the same as fit with only = shrink.
    Limit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Only {
    /// Nothing is enlarged: `fit` leaves a picture that is smaller as it is, `exact` a side that is
    /// smaller, and `fill` cuts such a picture without scaling it.
    Shrink,
    /// Nothing is made smaller: `fit` leaves a picture that is larger as it is, `exact` a side that is
    /// larger, and `fill` cuts such a picture without scaling it.
    Enlarge,
    /// A picture that is larger than neither the given width nor the given height stays as it is. Others
    /// are resized as ever.
    LargerPictures,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Filter {
    /// A windowed sinc over six pixels: the sharpest.
    #[default]
    Lanczos3,
    /// Hard pixels.
    Nearest,
    /// The mean of the area that a pixel covers.
    Box,
    /// Linear over two pixels.
    Bilinear,
    /// Cubic over four pixels, slightly sharpening.
    CatmullRom,
    /// Cubic over four pixels, slightly smoothing.
    Mitchell,
}

impl Filter {
    fn kernel(self) -> kernels::Filter {
        match self {
            Filter::Lanczos3 => kernels::Filter::Lanczos3,
            Filter::Nearest => kernels::Filter::Nearest,
            Filter::Box => kernels::Filter::Box,
            Filter::Bilinear => kernels::Filter::Bilinear,
            Filter::CatmullRom => kernels::Filter::CatmullRom,
            Filter::Mitchell => kernels::Filter::Mitchell,
        }
    }
}

/// Resamples a picture to a given width, height or both.
///
/// **Sizes** that follow from proportions, factors or percentages are rounded half up, at least 1 pixel.
/// **Modes** act like `fit` when only one of width and height is known. Gravity, x, y, zoom and
/// max_cut concern `fill` alone.
/// **Gravity auto** looks at a copy of at most 128 pixels a side; the size of the result does not hang on it.
/// **Reduced input.** Any decoding that is at least 1.2 times the result on both sides is enough:
/// the last fifth is then still shrunk by the chosen filter, so that its sharpness and not the
/// decoder's decides how the result looks. 4000 x 3000 to 800 x 600 may start from 1000 x 750.
/// An enlargement starts from a drawing of its own size, where the source is one. `nearest` needs the full size.
pub(crate) struct Resize;

impl Transform for Resize {
    const NAME: &'static str = "resize";
    const SUMMARY: &'static str = "Changes the size in pixels: fit, fill, exact or limit.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        let layout = Layout::of(params, input)?;
        let mut planned = Planned::to(layout.to);
        if let Some(region) = layout.region(input, params.filter) {
            planned = planned.with_region(region);
        }
        if let Some(enough) = layout.enough(input).filter(|_| params.filter != Filter::Nearest) {
            planned = planned.with_enough(enough);
        }
        Ok(planned)
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let Input { image, view, .. } = input;
        let Layout { to, window, anchor, .. } = Layout::of(params, view.full)?;
        let keeps_all = window == Window::whole(to.width, to.height);
        if keeps_all && image.size() == to && view == View::whole(to) {
            return Ok(image.into());
        }
        let mut window = shown(window, view, image.size());
        let Image { width, height, format, mut pixels } = image;
        if anchor == Anchor::Pixels {
            let at = kernels::attention(&pixels, (width, height), format.bytes(), (window.width, window.height));
            (window.x, window.y) = at;
        }
        let filter = params.filter.kernel();
        let pixels =
            kernels::resize(&mut pixels, (width, height), format.bytes(), window, (to.width, to.height), filter);
        Ok(Image::new(to.width, to.height, format, pixels).into())
    }
}

/// Where a window of the full picture lies in the image that shows `view`.
fn shown(window: Window, view: View, image: Size) -> Window {
    let across = f64::from(image.width) / f64::from(view.region.width);
    let down = f64::from(image.height) / f64::from(view.region.height);
    Window {
        x: (window.x - f64::from(view.region.x)) * across,
        y: (window.y - f64::from(view.region.y)) * down,
        width: window.width * across,
        height: window.height * down,
    }
}
