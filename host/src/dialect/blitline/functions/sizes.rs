//! Sizes, parts and turns.

use serde_json::{Value, json};

use super::{Steps, one, step, words};
use crate::{dialect::blitline::values::Members, job::Step};

/// Pixels an inch of a picture that does not say.
const USUAL_DPI: f64 = 72.0;

/// The function's steps; none for a name that is not one of these.
pub(super) fn steps(name: &str, params: Members<'_>) -> Option<Steps> {
    Some(match name {
        "crop" => crop(params),
        "crop_to_square" => words::gravity_or_center(params, "gravity")
            .and_then(|gravity| one("crop", json!({"aspect_ratio": "1:1", "gravity": gravity}))),
        "resize" | "resize_gif" => exact(params, Value::Null),
        "scale" | "thumbnail" => exact(params, json!("box")),
        "resize_to_fit" | "resize_gif_to_fit" => fit(params),
        "resize_to_fill" => fill(params),
        "pad" => pad(params),
        "pad_resize_to_fit" => pad_resize_to_fit(params),
        "rotate" => params
            .number_or("amount", 90.0)
            .and_then(|angle| one("rotate", json!({"angle_deg": angle, "canvas": "grow"}))),
        "trim" => {
            params.number_or("fuzz", 0.0).and_then(|fuzz| one("trim", json!({"tolerance": (fuzz * 255.0).round()})))
        }
        "deskew" => {
            params.number_or("threshold", 0.4).and_then(|threshold| one("deskew", json!({"threshold": threshold})))
        }
        "resample" => resample(params),
        "liquid_rescale" => liquid_rescale(params),
        _ => return None,
    })
}

fn crop(params: Members<'_>) -> Steps {
    let if_smaller = if params.flag("only_shrink_larger")? {
        json!("unchanged")
    } else if params.flag("preserve_aspect_if_smaller")? {
        json!("proportions")
    } else {
        Value::Null
    };
    let cropped = json!({
        "width": params.needed("width")?,
        "height": params.number("height")?,
        "x": params.number_or("x", 0.0)?,
        "y": params.number_or("y", 0.0)?,
        "gravity": words::gravity(params, "gravity")?,
        "if_smaller": if_smaller,
    });
    one("crop", cropped)
}

fn exact(params: Members<'_>, filter: Value) -> Steps {
    if let Some(scale) = params.number("scale_factor")? {
        return one("resize", json!({"scale": scale, "filter": filter}));
    }
    let (width, height) = (params.needed("width")?, params.needed("height")?);
    one("resize", json!({"width": width, "height": height, "mode": "exact", "filter": filter}))
}

/// `only` of a resize: a picture that is smaller already stays as it is.
fn only_larger(params: Members<'_>) -> Result<Value, String> {
    Ok(if params.flag("only_shrink_larger")? { json!("larger_pictures") } else { Value::Null })
}

fn sharpened(params: Members<'_>, resized: Step) -> Steps {
    let mut steps = vec![resized];
    if params.flag("autosharpen")? {
        steps.push(step("sharpen", json!({"sigma_px": 0.5})));
    }
    Ok(steps)
}

fn fit(params: Members<'_>) -> Steps {
    let (width, height) = (params.number("width")?, params.number("height")?);
    if width.is_none() && height.is_none() {
        return Err(params.wrong("width", "a number, here or for height"));
    }
    let resized = json!({"width": width, "height": height, "mode": "fit", "only": only_larger(params)?});
    sharpened(params, step("resize", resized))
}

fn fill(params: Members<'_>) -> Steps {
    let resized = json!({
        "width": params.needed("width")?,
        "height": params.needed("height")?,
        "mode": "fill",
        "gravity": words::gravity_or_center(params, "gravity")?,
        "only": only_larger(params)?,
    });
    sharpened(params, step("resize", resized))
}

/// All four sides for the centre, else those that the gravity names.
fn pad(params: Members<'_>) -> Steps {
    let size = params.needed("size")?;
    let gravity = words::gravity_or_center(params, "gravity")?;
    let side = |name: &str| (gravity == "center" || gravity.contains(name)).then_some(size);
    let padded = json!({
        "left": side("west"),
        "top": side("north"),
        "right": side("east"),
        "bottom": side("south"),
        "background": params.text_or("color", "#ffffff")?,
    });
    one("pad", padded)
}

fn pad_resize_to_fit(params: Members<'_>) -> Steps {
    let (width, height) = (params.needed("width")?, params.needed("height")?);
    let only = if params.flag("only_resize_larger")? { json!("shrink") } else { Value::Null };
    let padded = json!({
        "width": width,
        "height": height,
        "background": params.text_or("color", "#ffffff")?,
        "gravity": words::gravity_or_center(params, "gravity")?,
    });
    let resized = json!({"width": width, "height": height, "mode": "fit", "only": only});
    Ok(vec![step("resize", resized), step("pad", padded)])
}

/// By `amount` over `density`, or over the usual resolution; `density` alone is the wanted one, as in a sample.
fn resample(params: Members<'_>) -> Steps {
    let (wanted, present) = match (params.number("amount")?, params.number("density")?) {
        (Some(wanted), Some(present)) => (wanted, present),
        (Some(wanted), None) | (None, Some(wanted)) => (wanted, USUAL_DPI),
        (None, None) => (USUAL_DPI, USUAL_DPI),
    };
    if wanted <= 0.0 || present <= 0.0 {
        return Err(params.wrong("density", "more than 0, as amount"));
    }
    if wanted == present {
        return Ok(Vec::new());
    }
    one("resize", json!({"scale": wanted / present}))
}

fn liquid_rescale(params: Members<'_>) -> Steps {
    let rescaled = json!({
        "width": params.needed("width")?,
        "height": params.needed("height")?,
        "max_step_px": params.number_or("delta_x", 0.0)?,
        "rigidity": params.number_or("rigidity", 0.0)?,
    });
    one("liquid_rescale", rescaled)
}
