//! Corners, borders, turns, opacity, and what lies behind.

use serde_json::{Value, json};

use super::{
    super::transformation::{Angle, Border, Component, Corner, Decimal, Error, Expression, Key, Param, Radius, Turn},
    call, color, refused,
};
use crate::job::Step;

/// The longest radius that a transform takes.
const LONGEST: f64 = 65_535.0;

/// The steps at the end of a component.
pub(super) fn finish(component: &Component) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    steps.extend(edge(component)?);
    turns(component, &mut steps)?;
    if let Some(opacity) = component.number(Key::Opacity) {
        steps.push(call("opacity", json!({ "opacity": opacity.clamp(0.0, 100.0) / 100.0 })));
    }
    if let Some(color) = color::behind(component) {
        steps.push(call("background", json!({ "color": color })));
    }
    Ok(steps)
}

fn number(value: &Expression) -> f64 {
    value.as_number().map_or(0.0, Decimal::value)
}

/// Round corners, and a border around them.
fn edge(component: &Component) -> Result<Option<Step>, Error> {
    let radius = match component.param(Key::Radius) {
        Some(Param::Radius(radius)) => Some(radius),
        _ => None,
    };
    let ellipse = radius.is_some_and(|Radius(corners)| corners.as_slice() == [Corner::Max]);
    let border = match component.param(Key::Border) {
        Some(param @ Param::Border(border)) if border.width > 0 => {
            Some((border, color::text(&border.color).ok_or_else(|| refused(param, "a border of one colour"))?))
        }
        _ => None,
    };
    Ok(match (border, radius) {
        (None, None) => None,
        (None, Some(_)) if ellipse => Some(call("rounded_corners", json!({ "shape": "ellipse" }))),
        (None, Some(radius)) => {
            let [top_left, top_right, bottom_right, bottom_left] = corners(radius);
            Some(call(
                "rounded_corners",
                json!({
                    "radius": top_left,
                    "top_right": top_right,
                    "bottom_right": bottom_right,
                    "bottom_left": bottom_left,
                }),
            ))
        }
        (Some((Border { width, .. }, color)), radius) => {
            let radii = radius.filter(|_| !ellipse).map(|Radius(corners)| {
                let px = |corner: &Corner| match corner {
                    // Shortened to what fits.
                    Corner::Max => LONGEST,
                    Corner::Radius(radius) => number(radius).clamp(0.0, LONGEST),
                };
                corners.iter().map(px).collect::<Vec<_>>()
            });
            let ellipse = ellipse.then_some(true);
            Some(call("border", json!({ "width_px": width, "color": color, "radius_px": radii, "ellipse": ellipse })))
        }
    })
}

/// The radii clockwise from the top left, as CSS completes them.
fn corners(Radius(corners): &Radius) -> [Value; 4] {
    let at = |index: usize| match corners.get(index) {
        Some(Corner::Radius(radius)) => json!(number(radius).round().clamp(0.0, LONGEST) as u32),
        _ => json!("50%"),
    };
    match corners.len() {
        0 | 1 => [at(0), at(0), at(0), at(0)],
        2 => [at(0), at(1), at(0), at(1)],
        3 => [at(0), at(1), at(2), at(1)],
        _ => [at(0), at(1), at(2), at(3)],
    }
}

fn turns(component: &Component, steps: &mut Vec<Step>) -> Result<(), Error> {
    let Some(Param::Angle(angles)) = component.param(Key::Angle) else { return Ok(()) };
    for angle in &angles.0 {
        match angle {
            Angle::Degrees(degrees) => {
                let degrees = number(degrees) % 360.0;
                if degrees != 0.0 {
                    let background = color::behind(component);
                    steps.push(call("rotate", json!({ "angle_deg": degrees, "background": background })));
                }
            }
            Angle::Turn(Turn::Hflip) => steps.push(call("flip", json!({ "direction": "horizontal" }))),
            Angle::Turn(Turn::Vflip) => steps.push(call("flip", json!({ "direction": "vertical" }))),
            // Done before the resizing, or when the picture is read.
            Angle::Turn(Turn::AutoRight | Turn::AutoLeft | Turn::Exif | Turn::Auto | Turn::Ignore) => {}
        }
    }
    Ok(())
}
