//! Effects, in the order written.

mod level;

use serde_json::{Value, json};

use super::{
    super::{
        evaluate::Step as Evaluation,
        transformation::{
            CartoonFill, Color, Component, Decimal, Dimension, Effect, Error, ImproveMode, Key, OutlineMode, Param,
            Plain,
        },
    },
    call, color,
    length::{offset, shift},
    refused,
};
use crate::{dialect::cloudinary::geometry::Length, job::Step};

/// The steps of all effects of a component.
pub(super) fn effects(step: &Evaluation) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    for param in &step.component.params {
        if let Param::Effect(effect) = param {
            one(effect, param, step, &mut steps)?;
        }
    }
    Ok(steps)
}

/// A number within a range, or its default.
fn value(written: &Option<Decimal>, default: f64, least: f64, most: f64) -> f64 {
    written.map_or(default, Decimal::value).clamp(least, most)
}

/// A percentage as a fraction.
fn share(written: &Option<Decimal>, default: f64) -> f64 {
    value(written, default, 0.0, 100.0) / 100.0
}

fn colored(param: &Param, color: &Color) -> Result<String, Error> {
    color::text(color).ok_or_else(|| refused(param, "a colour that does not depend on the image"))
}

fn optional(param: &Param, color: &Option<Color>) -> Result<Option<String>, Error> {
    color.as_ref().map(|color| colored(param, color)).transpose()
}

fn one(effect: &Effect, param: &Param, step: &Evaluation, steps: &mut Vec<Step>) -> Result<(), Error> {
    let component = &step.component;
    let mut add = |transform: &str, params: Value| steps.push(call(transform, params));
    match effect {
        Effect::Plain(Plain::Grayscale) => add("grayscale", json!({})),
        Effect::Plain(Plain::Negate) => add("invert", json!({})),
        Effect::Plain(Plain::Redeye | Plain::AdvRedeye) => {
            return Err(refused(param, "an effect that finds nothing in the picture"));
        }
        Effect::Plain(
            Plain::Screen
            | Plain::Multiply
            | Plain::Overlay
            | Plain::Mask
            | Plain::CutOut
            | Plain::ReplaceLayer
            | Plain::Displace,
        ) => return Err(refused(param, "this effect beside a layer, or beside fl_layer_apply")),
        Effect::Level(level, written) => level::level(*level, *written, param, step, steps)?,
        Effect::LinearContrast(level) => {
            add("contrast", json!({ "amount": 1.0 + level.value().clamp(-100.0, 100.0) / 100.0 }));
        }
        Effect::Improve { mode, blend } => {
            let blend = share(blend, 100.0);
            add("auto_enhance", json!({ "blend": blend }));
            if *mode == Some(ImproveMode::Indoor) {
                add("fill_light", json!({ "blend": blend / 2.0 }));
            }
        }
        Effect::FillLight { blend, bias } => {
            let bias = value(bias, 0.0, -100.0, 100.0) / 100.0;
            add("fill_light", json!({ "blend": share(blend, 100.0), "bias": bias }));
        }
        Effect::Tint { equalize, amount, stops } => {
            let colors: Vec<String> = stops.iter().map(|stop| colored(param, &stop.color)).collect::<Result<_, _>>()?;
            let colors = if colors.is_empty() { vec!["red".to_owned()] } else { colors };
            let positions: Vec<f64> =
                stops.iter().filter_map(|stop| stop.position.map(|at| at.value().clamp(0.0, 100.0) / 100.0)).collect();
            if !positions.is_empty() && positions.len() != stops.len() {
                return Err(refused(param, "a position after each colour, or after none"));
            }
            let positions = (!positions.is_empty()).then_some(positions);
            let equalize = equalize.then_some(true);
            let amount = share(amount, 60.0);
            add("tint", json!({ "equalize": equalize, "colors": colors, "amount": amount, "positions": positions }));
        }
        Effect::ReplaceColor { to, tolerance, from } => {
            let (to, from) = (colored(param, to)?, optional(param, from)?);
            add("replace_color", json!({ "to": to, "tolerance": share(tolerance, 50.0), "from": from }));
        }
        Effect::Recolor(numbers) => add("channels", recolor(numbers)),
        Effect::BgRemoval { color, .. } => {
            add("make_transparent", json!({ "color": optional(param, color)?, "tolerance": 0.1 }));
        }
        Effect::Trim { tolerance, color } => {
            let tolerance = (share(tolerance, 10.0) * 255.0).round() as u8;
            add("trim", json!({ "tolerance": tolerance, "color": optional(param, color)? }));
        }
        Effect::Cartoonify { line, fill } => {
            let (reduction, bw) = match fill {
                None => (Some(0.5), None),
                Some(CartoonFill::Reduction(level)) => (Some(share(&Some(*level), 50.0)), None),
                Some(CartoonFill::BlackWhite) => (None, Some(true)),
            };
            add("cartoonify", json!({ "line": share(line, 50.0), "reduction": reduction, "black_and_white": bw }));
        }
        Effect::Outline { mode, width, blur } => {
            let mode = mode.unwrap_or(OutlineMode::Outer).word();
            let width = value(width, 5.0, 1.0, 100.0);
            let sigma = value(blur, 0.0, 0.0, 2000.0) / 20.0;
            let color = color::own(component)?;
            add("outline", json!({ "mode": mode, "width_px": width, "sigma_px": sigma, "color": color }));
        }
        Effect::Dropshadow { azimuth, elevation, spread } => {
            // The light stands at the azimuth, clockwise from the top; ten pixels are as high as it throws them.
            let towards = value(azimuth, 215.0, 0.0, 360.0).to_radians();
            let elevation = value(elevation, 45.0, 0.0, 90.0).max(1.0).to_radians();
            let length = (10.0 / elevation.tan()).min(500.0);
            let (x, y) = (-length * towards.sin(), length * towards.cos());
            let sigma = value(spread, 50.0, 0.0, 100.0) / 10.0;
            add(
                "shadow",
                json!({
                    "x_px": x.round() as i32,
                    "y_px": y.round() as i32,
                    "sigma_px": sigma,
                    "opacity": 0.5,
                    "color": "black",
                }),
            );
        }
        Effect::GradientFade { mode, strength } => {
            let part = |key| offset(component, key).map(fraction);
            let (x, y) = match (part(Key::X), part(Key::Y)) {
                (None, None) => (0.0, 0.5),
                (x, y) => (x.unwrap_or(0.0), y.unwrap_or(0.0)),
            };
            let mode = mode.map_or("single", |mode| mode.word());
            add("gradient_fade", json!({ "mode": mode, "strength": share(strength, 20.0), "x": x, "y": y }));
        }
        Effect::Distort(corners) => {
            let corners: Vec<f64> = corners.iter().map(|corner| corner.value().clamp(-65_535.0, 65_535.0)).collect();
            add("distort", json!({ "corners": corners }));
        }
        Effect::DistortArc(degrees) => add("distort", json!({ "arc_deg": degrees.value().clamp(1.0, 360.0) })),
        Effect::Shear(x, y) => {
            let lean = |degrees: &Decimal| degrees.value().clamp(-89.0, 89.0);
            add("shear", json!({ "x_deg": lean(x), "y_deg": lean(y) }));
        }
        Effect::AssistColorblind(stripes) => {
            let stripes = value(stripes, 10.0, 1.0, 100.0) / 100.0;
            add("color_blind", json!({ "assist": true, "stripes": stripes }));
        }
        Effect::AssistColorblindXray => add("color_blind", json!({ "assist": true })),
        Effect::SimulateColorblind(kind) => {
            let kind = kind.map_or("deuteranopia", |kind| kind.word());
            add("color_blind", json!({ "kind": kind }));
        }
        Effect::Art(_) => return Err(refused(param, "an effect whose tables are public")),
    }
    Ok(())
}

/// A share of the picture's side; whole numbers other than -1, 0 and 1 are more than all of it.
fn fraction(length: Length) -> f64 {
    match length {
        Length::Pixels(value) | Length::Fraction(value) => value.clamp(-1.0, 1.0),
    }
}

/// A colour matrix, row by row: 3 x 3, or 4 x 4 with alpha.
fn recolor(numbers: &[Decimal]) -> Value {
    let side = if numbers.len() == 16 { 4 } else { 3 };
    let row = |row: usize| -> Vec<f64> { numbers[row * side..][..3].iter().map(|number| number.value()).collect() };
    let mut params = json!({ "red": row(0), "green": row(1), "blue": row(2) });
    if side == 4 {
        let from_alpha: Vec<f64> = (0..3).map(|row| numbers[row * side + 3].value()).collect();
        let alpha: Vec<f64> = numbers[12..].iter().map(|number| number.value()).collect();
        params["from_alpha"] = json!(from_alpha);
        params["alpha"] = json!(alpha);
    }
    params
}

/// `x`, `y`, `w` and `h` of a region effect. What lies before the image's left side and top is cut off.
fn region(component: &Component, param: &Param) -> Result<Value, Error> {
    let side = |key| match component.param(key)? {
        Param::Width(Dimension::Value(value)) | Param::Height(Dimension::Value(value)) => {
            let number = value.as_number()?;
            Some(match number.has_point() {
                true => Length::Fraction(number.value()),
                false => Length::Pixels(number.value()),
            })
        }
        _ => None,
    };
    let along = |start: Option<Length>, size: Option<Length>| match (start, size) {
        (Some(Length::Pixels(start)), Some(Length::Pixels(size))) if start < 0.0 => {
            (Some(Length::Pixels(0.0)), Some(Length::Pixels(start + size)))
        }
        (Some(Length::Fraction(start)), Some(Length::Fraction(size))) if start < 0.0 => {
            (Some(Length::Fraction(0.0)), Some(Length::Fraction(start + size)))
        }
        (Some(Length::Pixels(start)), size) if start < 0.0 => (None, size),
        (Some(Length::Fraction(start)), size) if start < 0.0 => (None, size),
        both => both,
    };
    let (x, width) = along(offset(component, Key::X), side(Key::Width));
    let (y, height) = along(offset(component, Key::Y), side(Key::Height));
    let empty =
        |size: Option<Length>| matches!(size, Some(Length::Pixels(size) | Length::Fraction(size)) if size <= 0.0);
    if empty(width) || empty(height) {
        return Err(refused(param, "a region inside the image beside it"));
    }
    let told = |length: Option<Length>| length.map(shift);
    Ok(json!({ "x": told(x), "y": told(y), "width": told(width), "height": told(height) }))
}
