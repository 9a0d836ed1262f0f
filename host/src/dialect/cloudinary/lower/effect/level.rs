//! Effects with one number.

use serde_json::{Value, json};

use super::{
    super::{
        super::{
            evaluate::Step as Evaluation,
            geometry::Length,
            transformation::{Decimal, Error, Key, Level, Param},
        },
        call, color,
        length::offset,
        refused,
    },
    region,
};
use crate::job::Step;

/// Dither patterns, by the number in the language.
const PATTERNS: [&str; 19] = [
    "threshold",
    "checks",
    "bayer2",
    "bayer3",
    "bayer4",
    "bayer8",
    "angled4",
    "angled6",
    "angled8",
    "straight4",
    "straight6",
    "straight8",
    "straight16",
    "black5",
    "white5",
    "black6",
    "white6",
    "black7",
    "white7",
];

pub(super) fn level(
    level: Level,
    written: Option<Decimal>,
    param: &Param,
    step: &Evaluation,
    steps: &mut Vec<Step>,
) -> Result<(), Error> {
    let component = &step.component;
    let number = level.effective(written);
    let value = number.unwrap_or_default();
    let share = value / 100.0;
    let mut add = |transform: &str, params: Value| steps.push(call(transform, params));
    match level {
        Level::Sepia => add("sepia", json!({ "amount": share })),
        Level::Blackwhite => add("blackwhite", json!({ "threshold": share })),
        Level::Brightness => add("brightness", json!({ "amount": 1.0 + share })),
        Level::BrightnessHsb => add("modulate", json!({ "model": "hsv", "brightness": 1.0 + share })),
        Level::Contrast => add("sigmoidal_contrast", json!({ "amount": value / 10.0 })),
        Level::Saturation => add("saturation", json!({ "amount": 1.0 + share })),
        Level::Hue => add("hue", json!({ "angle_deg": value * 1.8 })),
        Level::Red => add("channels", json!({ "red": [1.0 + share, 0, 0] })),
        Level::Green => add("channels", json!({ "green": [0, 1.0 + share, 0] })),
        Level::Blue => add("channels", json!({ "blue": [0, 0, 1.0 + share] })),
        Level::Gamma => add("gamma", json!({ "gamma": 1.0 + share })),
        Level::Vibrance => add("vibrance", json!({ "amount": share })),
        Level::Blur => add("blur", json!({ "sigma_px": sigma(value) })),
        Level::BlurRegion => add("blur", with(json!({ "sigma_px": sigma(value) }), region(component, param)?)),
        Level::Pixelate => add("pixelate", squares(number)),
        Level::PixelateRegion => add("pixelate", with(squares(number), region(component, param)?)),
        Level::BlurFaces | Level::PixelateFaces => {
            if step.faces.is_empty() {
                return Err(refused(param, "stored face coordinates of the asset; none are found here"));
            }
            for face in &step.faces {
                let place = json!({ "x": face.x, "y": face.y, "width": face.size.width, "height": face.size.height });
                match level {
                    Level::BlurFaces => add("blur", with(json!({ "sigma_px": sigma(value) }), place)),
                    _ => add("pixelate", with(squares(number), place)),
                }
            }
        }
        Level::Sharpen => add("sharpen", json!({ "sigma_px": 1.0, "amount": value / 200.0 })),
        Level::UnsharpMask => add("sharpen", json!({ "sigma_px": 2.0, "amount": value / 200.0 })),
        Level::AutoBrightness => add("auto_brightness", json!({ "blend": share })),
        Level::AutoColor => add("auto_color", json!({ "blend": share })),
        Level::AutoContrast => add("auto_contrast", json!({ "blend": share })),
        Level::Colorize => {
            let color = color::own(component)?.unwrap_or_else(|| "black".to_owned());
            add("colorize", json!({ "color": color, "amount": share }));
        }
        Level::MakeTransparent => {
            add("make_transparent", json!({ "color": color::own(component)?, "tolerance": share }));
        }
        Level::OpacityThreshold => add("opacity_threshold", json!({ "level": share })),
        Level::Vignette => {
            add("vignette", json!({ "strength": share, "x": "5%", "y": "5%", "sigma": "15%" }));
        }
        Level::OilPaint => {
            let radius = if value == 0.0 { 0 } else { (1.0 + value / 10.0).round() as u32 };
            add("oil_paint", json!({ "radius_px": radius }));
        }
        Level::OrderedDither => {
            let pattern = PATTERNS.get(value as usize).copied().unwrap_or(PATTERNS[0]);
            add("ordered_dither", json!({ "pattern": pattern }));
        }
        Level::Noise => add("noise", json!({ "strength": value / 200.0 })),
        Level::Shadow => {
            let color = color::own(component)?.unwrap_or_else(|| "gray".to_owned());
            let shift = |key, side: u32| {
                let length = offset(component, key).unwrap_or(Length::Pixels(5.0));
                length.of(side).round().clamp(-4096.0, 4096.0) as i32
            };
            let (x, y) = (shift(Key::X, step.before.width), shift(Key::Y, step.before.height));
            let sigma = value / 10.0;
            add("shadow", json!({ "sigma_px": sigma, "opacity": 1.0, "color": color, "x_px": x, "y_px": y }));
        }
        Level::AntiRemoval => return Err(refused(param, "this effect beside a layer, or beside fl_layer_apply")),
        Level::Loop => add("loop", json!({ "times": value as u32 })),
    }
    Ok(())
}

/// A twentieth of the level, which transforms take from 0.1 on.
pub(super) fn sigma(level: f64) -> f64 {
    (level / 20.0).max(0.1)
}

/// Squares of so many pixels; without a number a twentieth of the shorter side.
fn squares(pixels: Option<f64>) -> Value {
    match pixels {
        Some(pixels) => json!({ "size_px": pixels.round().max(1.0) as u32 }),
        None => json!({ "size_percent": 5 }),
    }
}

fn with(mut params: Value, place: Value) -> Value {
    if let (Some(params), Value::Object(place)) = (params.as_object_mut(), place) {
        params.extend(place);
    }
    params
}
