//! Writing on pictures.

use serde_json::{Value, json};

use super::{Steps, one, words};
use crate::dialect::blitline::values::{Members, number};

/// The function's steps; none for a name that is not one of these.
pub(super) fn steps(name: &str, params: Members<'_>) -> Option<Steps> {
    Some(match name {
        "annotate" => annotate(params),
        "caption" => caption(params),
        "watermark" => watermark(params),
        _ => return None,
    })
}

/// The font, also by its older name.
fn font(params: Members<'_>, default: &str) -> Result<String, String> {
    let named = params.text("font")?;
    Ok(match named {
        Some(name) => name,
        None => params.text_or("font_family", default)?,
    })
}

fn annotate(params: Members<'_>) -> Steps {
    let stroke = params.text_or("stroke", "transparent")?;
    let shadow = params.text("dropshadow_color")?;
    let offset = params.number_or("dropshadow_offset", 3.0)?;
    let offset = shadow.is_some().then_some(offset);
    let written = json!({
        "text": params.needed_text("text")?,
        "x": params.number_or("x", 0.0)?,
        "y": params.number_or("y", 0.0)?,
        "gravity": words::gravity_or_center(params, "gravity")?,
        "font": font(params, "Arial")?,
        "weight": words::weight(params)?,
        "style": params.text_or("style", "normal")?.to_ascii_lowercase(),
        "stretch": words::stretch(params)?,
        "size_px": params.number_or("point_size", 32.0)?,
        "letter_spacing_px": params.number("kerning")?,
        "color": params.text_or("color", "#ffffff")?,
        "stroke_width_px": (!stroke.eq_ignore_ascii_case("transparent")).then_some(1),
        "stroke_color": stroke,
        "shadow_color": shadow,
        "shadow_x_px": offset,
        "shadow_y_px": offset,
    });
    one("text", written)
}

/// A side in pixels, or as a share of the picture.
fn side(params: Members<'_>, name: &str) -> Result<(Option<f64>, Option<f64>), String> {
    let Some(value) = params.get(name) else { return Ok((None, None)) };
    if let Some(share) = value.as_str().and_then(|text| text.trim().strip_suffix('%')) {
        let share = number(&Value::from(share)).ok_or_else(|| params.wrong(name, "pixels or a share such as 90%"))?;
        return Ok((None, Some(share / 100.0)));
    }
    let pixels = number(value).ok_or_else(|| params.wrong(name, "pixels or a share such as 90%"))?;
    Ok((Some(pixels), None))
}

fn caption(params: Members<'_>) -> Steps {
    let placed = words::gravity_or_center(params, "text_gravity")?;
    let align = if placed.ends_with("west") {
        "left"
    } else if placed.ends_with("east") {
        "right"
    } else {
        "center"
    };
    let vertical = if placed.starts_with("north") {
        Some("top")
    } else if placed.starts_with("south") {
        Some("bottom")
    } else {
        None
    };
    let (width, width_share) = side(params, "width")?;
    let (height, height_share) = side(params, "height")?;
    let written = json!({
        "text": params.needed_text("text")?,
        "x": params.number("x")?,
        "y": params.number("y")?,
        "width": width,
        "width_fraction": width_share,
        "height": height,
        "height_fraction": height_share,
        "gravity": words::gravity_or_center(params, "gravity")?,
        "align": align,
        "vertical_align": vertical,
        "font": font(params, "Arial")?,
        "weight": words::weight(params)?,
        "size_px": params.number("point_size")?,
        "color": params.text_or("color", "#ffffff")?,
    });
    one("caption", written)
}

fn watermark(params: Members<'_>) -> Steps {
    let written = json!({
        "text": params.needed_text("text")?,
        "gravity": words::gravity_or_center(params, "gravity")?,
        "size_px": params.number_or("point_size", 94.0)?,
        "font": font(params, "Helvetica")?,
        "opacity": params.number_or("opacity", 0.45)?,
    });
    one("watermark_text", written)
}
