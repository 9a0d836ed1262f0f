//! Lines and areas.

use serde_json::{Value, json};

use super::{Steps, one};
use crate::dialect::blitline::values::Members;

/// The function's steps; none for a name that is not one of these.
pub(super) fn steps(name: &str, params: Members<'_>) -> Option<Steps> {
    Some(match name {
        "ellipse" => ellipse(params),
        "rectangle" => rectangle(params),
        "line" => line(params),
        _ => return None,
    })
}

/// How an area is filled and bordered, with what it is.
fn area(params: Members<'_>, transform: &str, mut shape: Value) -> Steps {
    let color = params.text_or("color", "#ffffff")?;
    shape["fill_color"] = json!(params.text_or("fill_color", &color)?);
    shape["fill_opacity"] = json!(params.number_or("fill_opacity", 1.0)?);
    shape["stroke_color"] = json!(color);
    shape["stroke_width_px"] = json!(params.number_or("stroke_width", 0.0)?);
    shape["stroke_opacity"] = json!(params.number_or("stroke_opacity", 1.0)?);
    one(transform, shape)
}

fn ellipse(params: Members<'_>) -> Steps {
    let shape = json!({
        "center_x": params.needed("origin_x")?,
        "center_y": params.needed("origin_y")?,
        "radius_x_px": params.needed("ellipse_width")?,
        "radius_y_px": params.needed("ellipse_height")?,
    });
    area(params, "ellipse", shape)
}

fn rectangle(params: Members<'_>) -> Steps {
    let (x, y) = (params.needed("x")?, params.needed("y")?);
    let (x1, y1) = (params.needed("x1")?, params.needed("y1")?);
    let (corner_width, corner_height) = (params.number("cw")?, params.number("ch")?);
    if corner_width.is_some() != corner_height.is_some() {
        let missing = if corner_width.is_some() { "ch" } else { "cw" };
        return Err(params.wrong(missing, "a number, as cw and ch go together"));
    }
    let shape = json!({
        "x": x.min(x1),
        "y": y.min(y1),
        "width": (x1 - x).abs(),
        "height": (y1 - y).abs(),
        "corner_width_px": corner_width,
        "corner_height_px": corner_height,
    });
    area(params, "rectangle", shape)
}

fn line(params: Members<'_>) -> Steps {
    let line = json!({
        "x1": params.needed("x")?,
        "y1": params.needed("y")?,
        "x2": params.needed("x1")?,
        "y2": params.needed("y1")?,
        "width_px": params.number_or("width", 1.0)?,
        "color": params.text_or("color", "#ffffff")?,
        "opacity": params.number_or("opacity", 1.0)?,
        "cap": params.text_or("line_cap", "butt")?,
    });
    one("line", line)
}
