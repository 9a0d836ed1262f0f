//! `gradient`: a passage from colour to colour.

use safelight_kernels as kernels;
use safelight_sdk::{Color, Input, Outcome, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::painter::{straight, with_colors};

/// Steps from one end to the other in which colours are worked out: finer than 8 bits can show.
const STEPS: usize = 4096;

/// How the colours are laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shape {
    /// Along a direction.
    #[default]
    Linear,
    /// From a point to all sides.
    Radial,
}

/// What comes beyond the ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Spread {
    /// The colour of the end.
    #[default]
    Pad,
    /// The same again.
    Repeat,
    /// The same backwards, and so on.
    Reflect,
}

#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stop {
    /// Where: 0 is the start, 1 the end.
    #[schemars(range(min = 0, max = 1))]
    at: f32,
    /// The colour there.
    color: Color,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Linear or radial.
    shape: Shape,
    /// The colours, two to 64, with rising places. Two at one place make a sharp edge.
    #[schemars(length(max = 64))]
    stops: Vec<Stop>,
    /// Direction of a linear gradient in degrees, clockwise: 0 to the right, 90 downwards. It runs
    /// from corner to corner: the first and the last colour just reach the picture's corners.
    #[schemars(range(min = -360, max = 360))]
    angle_deg: f32,
    /// Centre of a radial gradient as a share of the picture's width, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    center_x: f32,
    /// Centre of a radial gradient as a share of the picture's height, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    center_y: f32,
    /// Radius of a radial gradient in pixels. Without it, up to the farthest corner of the picture.
    #[schemars(range(min = 1, max = 131070))]
    radius_px: Option<f32>,
    /// What comes beyond the radius.
    spread: Spread,
    /// 0 is invisible, 1 the colours as they are.
    #[schemars(range(min = 0, max = 1))]
    opacity: f32,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            shape: Shape::Linear,
            stops: vec![Stop { at: 0.0, color: Color::BLACK }, Stop { at: 1.0, color: Color::WHITE }],
            angle_deg: 90.0,
            center_x: 0.5,
            center_y: 0.5,
            radius_px: None,
            spread: Spread::Pad,
            opacity: 1.0,
        }
    }
}

/// Lays a gradient over the whole picture. On a `canvas` it makes a picture of its own.
///
/// Between two stops the premultiplied sRGB-encoded values change evenly, as in CSS Images 3 section
/// 3.4.2; the length of a linear gradient is that of section 3.1.1. Taken at the pixels' centres.
pub(crate) struct Gradient;

impl Transform for Gradient {
    const NAME: &'static str = "gradient";
    const SUMMARY: &'static str = "Lays a linear or radial passage of colours over the picture.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        if params.stops.len() < 2 {
            return Err(Refusal::params("stops", format!("has {} entries, expected 2 to 64", params.stops.len())));
        }
        for (index, pair) in params.stops.windows(2).enumerate() {
            if pair[1].at < pair[0].at {
                let message = format!("is {}, expected at least {} as in the stop before", pair[1].at, pair[0].at);
                return Err(Refusal::params(format!("stops[{}].at", index + 1), message));
            }
        }
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let colors: Vec<Color> = params.stops.iter().map(|stop| stop.color).collect();
        let mut image = with_colors(input.image, &colors);
        let table = table(&params.stops);
        let (width, height) = (f64::from(image.width), f64::from(image.height));
        let channels = image.format.bytes();
        let mut above = vec![[0.0; 4]; image.width as usize];
        let place = Place::of(params, width, height);
        for (y, row) in image.rows_mut().enumerate() {
            for (x, pixel) in above.iter_mut().enumerate() {
                let at = spread(place.at(x as f64 + 0.5, y as f64 + 0.5), params.spread);
                *pixel = table[(at * STEPS as f64 + 0.5) as usize];
            }
            kernels::lay_row(row, channels, &above, params.opacity);
        }
        Ok(image.into())
    }
}

/// Where a point lies between the ends.
enum Place {
    Linear { x: f64, y: f64, start: f64 },
    Radial { x: f64, y: f64, radius: f64 },
}

impl Place {
    fn of(params: &Params, width: f64, height: f64) -> Self {
        match params.shape {
            Shape::Linear => {
                let (sin, cos) = f64::from(params.angle_deg).to_radians().sin_cos();
                let length = (width * cos).abs() + (height * sin).abs();
                let (x, y) = (cos / length, sin / length);
                Place::Linear { x, y, start: 0.5 - (width * x + height * y) / 2.0 }
            }
            Shape::Radial => {
                let (x, y) = (width * f64::from(params.center_x), height * f64::from(params.center_y));
                let farthest = x.max(width - x).hypot(y.max(height - y));
                Place::Radial { x, y, radius: params.radius_px.map_or(farthest, f64::from) }
            }
        }
    }

    fn at(&self, px: f64, py: f64) -> f64 {
        match *self {
            Place::Linear { x, y, start } => start + px * x + py * y,
            Place::Radial { x, y, radius } => ((px - x) * (px - x) + (py - y) * (py - y)).sqrt() / radius,
        }
    }
}

/// A place from 0 to 1.
fn spread(at: f64, spread: Spread) -> f64 {
    match spread {
        Spread::Pad => at.clamp(0.0, 1.0),
        Spread::Repeat => at - at.floor(),
        Spread::Reflect => {
            let twice = at.abs() % 2.0;
            if twice > 1.0 { 2.0 - twice } else { twice }
        }
    }
}

/// Premultiplied colours from one end to the other, both included.
fn table(stops: &[Stop]) -> Vec<[f32; 4]> {
    let premultiplied = |stop: &Stop| {
        let [red, green, blue, alpha] = straight(stop.color, 1.0);
        [red * alpha, green * alpha, blue * alpha, alpha]
    };
    let color = |index: usize| {
        let at = index as f32 / STEPS as f32;
        // The first stop that lies further.
        let next = stops.iter().position(|stop| stop.at > at).unwrap_or(stops.len());
        match (next.checked_sub(1).map(|before| &stops[before]), stops.get(next)) {
            (Some(before), Some(after)) => {
                let share = (at - before.at) / (after.at - before.at);
                let (a, b) = (premultiplied(before), premultiplied(after));
                std::array::from_fn(|channel| a[channel] + (b[channel] - a[channel]) * share)
            }
            (Some(only), None) | (None, Some(only)) => premultiplied(only),
            (None, None) => [0.0; 4],
        }
    };
    (0..=STEPS).map(color).collect()
}
