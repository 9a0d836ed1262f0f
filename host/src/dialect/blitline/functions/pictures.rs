//! Several pictures.

use serde_json::{Value, json};

use super::{Steps, one, words};
use crate::dialect::blitline::{
    sources::Pictures,
    values::{Members, json_number, number},
};

/// Planes that a hidden picture may take.
const PLANES: u32 = 8;

/// How far displaced pixels move at most.
const DISPLACED_PX: u32 = 20;

/// The function's steps; none for a name that is not one of these.
pub(super) fn steps(name: &str, params: Members<'_>, pictures: &Pictures<'_>) -> Option<Steps> {
    Some(match name {
        "append" => append(params, pictures),
        "composite" => composite(params, pictures),
        "gif_overlay" => pictures
            .named(params, "overlay_src")
            .and_then(|image| one("composite", json!({"image": image, "gravity": "north_west"}))),
        "dissolve" => dissolve(params, pictures),
        "tile" => tile(params, pictures),
        "image_grid" => image_grid(params, pictures),
        "stegano" => stegano(params, pictures),
        _ => return None,
    })
}

fn append(params: Members<'_>, pictures: &Pictures<'_>) -> Steps {
    let direction = if params.flag("vertical")? { "vertical" } else { "horizontal" };
    let images = match params.get("other_images") {
        Some(Value::String(list)) => {
            let urls = list.split(',').map(str::trim).filter(|url| !url.is_empty());
            urls.map(|url| pictures.read(&Value::from(url), &params.place("other_images")))
                .collect::<Result<Value, _>>()?
        }
        _ => pictures.list(params, "other_images")?,
    };
    one("append", json!({"images": images, "direction": direction}))
}

/// A size in pixels, or a share as `"50%"`.
fn size(at: Members<'_>, name: &str) -> Result<Value, String> {
    match at.get(name) {
        None => Ok(Value::Null),
        Some(value) => match (number(value), value.as_str()) {
            (Some(pixels), _) => Ok(json_number(pixels)),
            (None, Some(text)) if text.trim().ends_with('%') => Ok(json!(text.trim())),
            _ => Err(at.wrong(name, "pixels or a share such as 50%")),
        },
    }
}

/// Where the other picture goes, and how large it is made.
fn placed(params: Members<'_>, image: Value) -> Result<Value, String> {
    let mut placed = json!({"image": image});
    match words::gravity(params, "gravity")? {
        Some(gravity) => placed["gravity"] = json!(gravity),
        None => {
            placed["gravity"] = json!("north_west");
            placed["x"] = json_number(params.number_or("x", 0.0)?);
            placed["y"] = json_number(params.number_or("y", 0.0)?);
        }
    }
    let mut scaled = |width: Value, height: Value, fit: &str| {
        (placed["width"], placed["height"], placed["fit"]) = (width, height, json!(fit));
    };
    for (name, fit) in [("scale_to_fit", "fit"), ("scale_to_fill", "fill")] {
        if let Some(sizes) = params.object(name)? {
            let place = params.place(name);
            let sizes = Members::new(&place, &sizes);
            scaled(size(sizes, "width")?, size(sizes, "height")?, fit);
            return Ok(placed);
        }
    }
    if params.flag("scale_to_match")? {
        scaled(json!("100%"), json!("100%"), "exact");
    }
    Ok(placed)
}

fn composite(params: Members<'_>, pictures: &Pictures<'_>) -> Steps {
    let mut step = placed(params, pictures.named(params, "src")?)?;
    if params.flag("as_mask")? {
        step["source"] = json!("auto");
        return one("mask", step);
    }
    let text = params.text_or("composite_op", "OverCompositeOp")?.to_ascii_lowercase();
    let name = text.strip_suffix("compositeop").unwrap_or(&text);
    let known = words::BLENDS.iter().chain(&words::CHANNEL_BLENDS).find(|(known, _)| *known == name);
    match (known, name) {
        (Some((_, blend)), _) => step["blend"] = json!(blend),
        (None, "no" | "undefined") => return Ok(Vec::new()),
        (None, "copy" | "replace") => {
            step["blend"] = json!("src");
            step["outside"] = json!("keep");
        }
        (None, "dissolve" | "blend") => {
            step["image_opacity"] = json!(1);
            step["method"] = json!(if name == "blend" { "add" } else { "over" });
            return one("dissolve", step);
        }
        (None, "displace") => {
            let displaced =
                json!({"image": step["image"], "map": "center", "x_px": DISPLACED_PX, "y_px": DISPLACED_PX});
            return one("displace", displaced);
        }
        (None, _) => {
            return Err(params.wrong("composite_op", "an operator that needs no arguments, such as OverCompositeOp"));
        }
    }
    one("composite", step)
}

fn dissolve(params: Members<'_>, pictures: &Pictures<'_>) -> Steps {
    let mut step = placed(params, pictures.named(params, "src")?)?;
    step["image_opacity"] = json!(params.number_or("src_percentage", 0.25)?);
    step["picture_opacity"] = json!(params.number_or("dst_percentage", 1.0)?);
    one("dissolve", step)
}

fn tile(params: Members<'_>, pictures: &Pictures<'_>) -> Steps {
    let image = pictures.named(params, "src")?;
    match (params.number("width")?, params.number("height")?) {
        (Some(width), Some(height)) => one("tile", json!({"image": image, "width": width, "height": height})),
        _ => one("tile", json!({"image": image, "scale": params.number_or("scale", 1.0)?})),
    }
}

fn image_grid(params: Members<'_>, pictures: &Pictures<'_>) -> Steps {
    let grid = json!({
        "images": pictures.list(params, "images")?,
        "cell_width": params.needed("cell_width")?,
        "cell_height": params.needed("cell_height")?,
        "columns": params.needed("columns")?,
        "padding_px": params.number("padding")?,
        "background": params.text("color")?,
    });
    one("grid", grid)
}

fn stegano(params: Members<'_>, pictures: &Pictures<'_>) -> Steps {
    let image = pictures.named(params, "watermark_url")?;
    let offset = params.number_or("offset", 0.0)?;
    one("steganography_hide", json!({"image": image, "offset": offset, "max_planes": PLANES}))
}
