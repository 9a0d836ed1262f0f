//! `animate`: an animation made of several pictures.

use safelight_kernels::{self as kernels, Filter, Window};
use safelight_sdk::{
    Arrangement, Color, Image, ImageRef, Input, Kind, Outcome, Refusal, Shot, Size, Timeline, Transform, to_format,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::timing::MAX_DELAY_MS;

/// How long a picture is shown when nothing says it.
const DELAY_MS: u32 = 100;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The pictures that follow the picture itself, in this order: {"url": ...}, {"asset": ...} or {"data": ...}. Of one
    /// that is animated, the first frame.
    #[schemars(length(max = 500))]
    images: Vec<ImageRef>,
    /// How long each frame is shown, in milliseconds. Without it 100, and frames of an animation keep their times.
    #[schemars(range(min = 10, max = MAX_DELAY_MS))]
    delay_ms: Option<u32>,
    /// How many times all frames are played; 0 is without end.
    #[schemars(range(min = 0, max = 65535))]
    loops: u32,
    /// How pictures of another size are made as large as the first.
    fit: Fitting,
    /// What shows around a picture that does not cover the frame.
    background: Color,
}

impl Default for Params {
    fn default() -> Self {
        Params { images: Vec::new(), delay_ms: None, loops: 0, fit: Fitting::Fit, background: Color::TRANSPARENT }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Fitting {
    /// As large as fits, proportions kept; the rest shows the background.
    #[default]
    Fit,
    /// Covers the frame, proportions kept; what stands over is cut off on both sides alike.
    Fill,
    /// Exactly the size of the frame, proportions not kept.
    Exact,
    /// Like fit, but never larger than the picture is.
    Limit,
}

/// Makes an animation of the picture and others that parameters name: its own frames first, then one for each. All
/// get the size of the picture.
///
/// Scaling is Lanczos3 on sRGB values; colours are weighted by alpha. A picture in the middle of a frame with an odd
/// number of free pixels has the larger part to its right and below it.
pub(crate) struct Animate;

impl Transform for Animate {
    const NAME: &'static str = "animate";
    const SUMMARY: &'static str = "Makes an animation of the picture and others that follow it.";
    const KIND: Kind = Kind::Timeline;
    type Params = Params;

    fn arrange(params: &Params, timeline: &Timeline, images: &[Size]) -> Result<Arrangement, Refusal> {
        let mut shots = timeline.shots();
        let own = timeline.frames();
        shots.extend((own..).zip(images).map(|(frame, _)| Shot { frame, delay_ms: DELAY_MS }));
        if own == 1 {
            shots[0].delay_ms = DELAY_MS;
        }
        if let Some(delay_ms) = params.delay_ms {
            shots.iter_mut().for_each(|shot| shot.delay_ms = delay_ms);
        }
        Ok(Arrangement { shots, loops: params.loops })
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let (image, frame) = (input.image, input.view.full);
        if image.size() == frame {
            return Ok(image.into());
        }
        let size = params.fit.size(image.size(), frame);
        let window = params.fit.window(image.size(), frame);
        let Image { width, height, format, mut pixels } = image;
        let whole = window == Window::whole(width, height);
        if (width, height) != (size.width, size.height) || !whole {
            let to = (size.width, size.height);
            pixels = kernels::resize(&mut pixels, (width, height), format.bytes(), window, to, Filter::Lanczos3);
        }
        let picture = Image::new(size.width, size.height, format, pixels);
        if size == frame {
            return Ok(picture.into());
        }
        let behind = params.background;
        let format = behind.format_with(format);
        let pixels = to_format(picture, format).pixels;
        let at = ((frame.width - size.width) / 2, (frame.height - size.height) / 2);
        let canvas = (frame.width, frame.height);
        let pixels = kernels::extend(&pixels, (size.width, size.height), behind.pixel(format), canvas, at);
        Ok(Image::new(frame.width, frame.height, format, pixels).into())
    }
}

impl Fitting {
    /// The size of a picture in a frame.
    fn size(self, picture: Size, frame: Size) -> Size {
        match self {
            Fitting::Fill | Fitting::Exact => frame,
            Fitting::Limit if picture.width <= frame.width && picture.height <= frame.height => picture,
            Fitting::Fit | Fitting::Limit => {
                let across = f64::from(frame.width) / f64::from(picture.width);
                let down = f64::from(frame.height) / f64::from(picture.height);
                let factor = across.min(down);
                let side = |length: u32, most: u32| ((f64::from(length) * factor).round() as u32).clamp(1, most);
                Size::new(side(picture.width, frame.width), side(picture.height, frame.height))
            }
        }
    }

    /// The part of a picture that is shown.
    fn window(self, picture: Size, frame: Size) -> Window {
        let mut window = Window::whole(picture.width, picture.height);
        if self == Fitting::Fill {
            let factor = (window.width / f64::from(frame.width)).min(window.height / f64::from(frame.height));
            let (width, height) = (f64::from(frame.width) * factor, f64::from(frame.height) * factor);
            window.x = (window.width - width) / 2.0;
            window.y = (window.height - height) / 2.0;
            (window.width, window.height) = (width, height);
        }
        window
    }
}
