//! From shapes with curves to painted pixels.

use kurbo::{Affine, BezPath, PathEl, Stroke, StrokeOpts};
use safelight_kernels::{self as kernels, FillRule, Segment, Shape};
use safelight_sdk::{Color, Image, PixelFormat, to_format};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far a straight line may be from the curve that it stands for, in pixels.
const TOLERANCE_PX: f64 = 0.02;

/// The longest miter, in widths of the stroke, as in SVG 2 section 13.5.6.
const MITER_LIMIT: f64 = 4.0;

/// What the end of a line looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cap {
    /// It ends at the point.
    #[default]
    Butt,
    /// A half circle around the point.
    Round,
    /// Half a width beyond the point.
    Square,
}

/// What the corner of a stroke looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Join {
    /// The edges meet in a point, up to four widths away; beyond that, cut off.
    #[default]
    Miter,
    /// An arc.
    Round,
    /// Cut off.
    Bevel,
}

/// Layers that will be painted together.
#[derive(Debug, Default)]
pub(crate) struct Painter {
    layers: Vec<Shape>,
    colors: Vec<Color>,
}

/// A stroke of a width with corners and ends.
pub(crate) fn pen(width_px: f32, join: Join, cap: Cap) -> Stroke {
    let join = match join {
        Join::Miter => kurbo::Join::Miter,
        Join::Round => kurbo::Join::Round,
        Join::Bevel => kurbo::Join::Bevel,
    };
    let cap = match cap {
        Cap::Butt => kurbo::Cap::Butt,
        Cap::Round => kurbo::Cap::Round,
        Cap::Square => kurbo::Cap::Square,
    };
    Stroke::new(f64::from(width_px)).with_join(join).with_miter_limit(MITER_LIMIT).with_caps(cap)
}

impl Painter {
    /// Fills a path over what came before. Open contours are closed.
    pub(crate) fn fill(&mut self, path: impl IntoIterator<Item = PathEl>, rule: FillRule, color: Color, opacity: f32) {
        let mut layer = Shape { segments: Vec::new(), rule, rgba: straight(color, opacity) };
        push_segments(&mut layer.segments, path, Affine::IDENTITY);
        self.push(layer, color);
    }

    /// Strokes a path over what came before. A width of 0 is nothing.
    pub(crate) fn stroke(&mut self, path: &BezPath, pen: &Stroke, color: Color, opacity: f32) {
        if pen.width > 0.0 {
            let outline = kurbo::stroke(path.iter(), pen, &StrokeOpts::default(), TOLERANCE_PX);
            self.fill(outline, FillRule::NonZero, color, opacity);
        }
    }

    /// Adds a finished layer in a colour.
    pub(crate) fn push(&mut self, layer: Shape, color: Color) {
        self.layers.push(layer);
        self.colors.push(color);
    }

    /// Paints all layers on the picture. A gray picture becomes a coloured one if a colour asks for it.
    pub(crate) fn paint(self, image: Image, opacity: f32, antialias: bool) -> Image {
        let mut image = with_colors(image, &self.colors);
        let size = (image.width, image.height);
        kernels::paint(&mut image.pixels, size, image.format.bytes(), &self.layers, opacity, antialias);
        image
    }
}

/// The picture in a format that can show all of these colours on it.
pub(crate) fn with_colors(image: Image, colors: &[Color]) -> Image {
    let is_seen = |color: &&Color| color.rgba[3] > 0;
    if image.format == PixelFormat::Gray8 && colors.iter().filter(is_seen).any(|color| !color.is_gray()) {
        return to_format(image, PixelFormat::Rgb8);
    }
    image
}

/// Red, green, blue, alpha from 0 to 1, alpha times `opacity`.
pub(crate) fn straight(color: Color, opacity: f32) -> [f32; 4] {
    let [red, green, blue, alpha] = color.rgba.map(|value| f32::from(value) / 255.0);
    [red, green, blue, alpha * opacity]
}

/// Appends the straight lines of a path; every contour is closed.
pub(crate) fn push_segments(segments: &mut Vec<Segment>, path: impl IntoIterator<Item = PathEl>, place: Affine) {
    let placed = path.into_iter().map(|element| place * element);
    let (mut start, mut at) = (kurbo::Point::ZERO, kurbo::Point::ZERO);
    let mut push = |from: kurbo::Point, to: kurbo::Point| {
        if from != to {
            segments.push(Segment { from: [from.x, from.y], to: [to.x, to.y] });
        }
    };
    kurbo::flatten(placed, TOLERANCE_PX, |element| match element {
        PathEl::MoveTo(point) => {
            push(at, start);
            (start, at) = (point, point);
        }
        PathEl::LineTo(point) => {
            push(at, point);
            at = point;
        }
        PathEl::ClosePath => {
            push(at, start);
            at = start;
        }
        // `flatten` leaves no curves.
        PathEl::QuadTo(..) | PathEl::CurveTo(..) => {}
    });
    push(at, start);
}
