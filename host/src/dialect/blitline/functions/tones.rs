//! Tones, colours and filters.

use serde_json::json;

use super::{Steps, one, step, words};
use crate::dialect::blitline::values::Members;

/// The largest value of a channel in Blitline's level functions.
const FULL: f64 = 65_535.0;

/// The function's steps; none for a name that is not one of these.
pub(super) fn steps(name: &str, params: Members<'_>) -> Option<Steps> {
    Some(match name {
        "auto_level" | "auto_gamma" | "auto_enhance" | "despeckle" | "enhance" | "equalize" => one(name, json!({})),
        "gray_colorspace" => one("grayscale", json!({})),
        "normalize" => one("normalize", json!({"black": 0.02, "white": 0.01})),
        "celsius" | "lomo" | "savannah" | "stackhouse" | "vintage" | "xpro" => {
            one("photo_filter", json!({"look": name}))
        }
        "blur" | "sharpen" => window(name, params),
        "unsharp_mask" => unsharp_mask(params),
        "sketch" => sketch(params),
        "adaptive_blur" | "adaptive_sharpen" => {
            params.number_or("sigma", 1.0).and_then(|sigma| one(name, json!({"sigma_px": sigma})))
        }
        "median_filter" => params
            .number_or("radius", 1.0)
            .and_then(|radius| one("median", json!({"radius_px": radius.ceil().max(1.0)}))),
        "background_color" => {
            params.text_or("color", "#ffffff").and_then(|color| one("flatten", json!({"color": color})))
        }
        "contrast" => params
            .flag("sharpen")
            .and_then(|less| one("sigmoidal_contrast", json!({"amount": if less { -3 } else { 3 }, "midpoint": 0.5}))),
        "contrast_stretch_channel" => contrast_stretch(params),
        "gamma_channel" => params.number_or("gamma", 0.8).and_then(|gamma| one("gamma", json!({"gamma": gamma}))),
        "level" => levels(params, false),
        "levelize" => levels(params, true),
        "modulate" => modulate(params),
        "quantize" => quantize(params),
        "sepia_tone" => params.number_or("threshold", 0.8).and_then(|amount| one("sepia", json!({"amount": amount}))),
        "blue_shift" => params.number_or("factor", 1.5).and_then(|factor| one("blue_shift", json!({"factor": factor}))),
        "threshold" => {
            params.number_or("threshold_value", 0.5).and_then(|level| one("threshold", json!({"level": level})))
        }
        "vignette" => vignette(params),
        "pixelate" => pixelate(params),
        "photograph" => params.number_or("angle", -5.0).and_then(|angle| one("polaroid", json!({"angle_deg": angle}))),
        _ => return None,
    })
}

/// Below this sigma nothing changes: the window is one pixel.
const LEAST_SIGMA: f64 = 0.1;

fn window(name: &str, params: Members<'_>) -> Steps {
    let sigma = params.number_or("sigma", 1.0)?;
    if sigma < LEAST_SIGMA {
        return Ok(Vec::new());
    }
    one(name, json!({"sigma_px": sigma, "radius_px": radius(params)?}))
}

/// A radius, rounded up; 0 is one that fits.
fn radius(params: Members<'_>) -> Result<f64, String> {
    Ok(params.number_or("radius", 0.0)?.ceil())
}

fn unsharp_mask(params: Members<'_>) -> Steps {
    let sigma = params.number_or("sigma", 1.0)?;
    if sigma < LEAST_SIGMA {
        return Ok(Vec::new());
    }
    let threshold = (params.number_or("threshold", 0.05)? * 255.0).round();
    let amount = params.number_or("amount", 1.0)?;
    let radius = radius(params)?;
    one("sharpen", json!({"sigma_px": sigma, "radius_px": radius, "amount": amount, "threshold": threshold}))
}

fn sketch(params: Members<'_>) -> Steps {
    let sigma = params.number_or("sigma", 0.0)?;
    let sigma = if sigma == 0.0 { 1.0 } else { sigma };
    params.number("radius")?;
    one("sketch", json!({"sigma_px": sigma, "angle_deg": params.number_or("angle", 0.0)?}))
}

fn contrast_stretch(params: Members<'_>) -> Steps {
    let black = params.needed("black_point")?;
    let white = params.number("white_point")?;
    let same = white.is_none().then_some(black);
    let stretched = json!({
        "black_pixels": black, "white_pixels": same, "below_white_pixels": white, "per_channel": true
    });
    one("contrast_stretch", stretched)
}

fn levels(params: Members<'_>, inverse: bool) -> Steps {
    let black = params.number_or("black_point", 0.0)? / FULL;
    let white = params.number_or("white_point", FULL)? / FULL;
    let gamma = params.number_or("gamma", 1.0)?;
    let channel = words::channel(params)?;
    let inverse = inverse.then_some(true);
    one("levels", json!({"channel": channel, "black": black, "white": white, "gamma": gamma, "inverse": inverse}))
}

fn modulate(params: Members<'_>) -> Steps {
    let brightness = params.number_or("brightness", 1.0)?;
    let saturation = params.number_or("saturation", 1.0)?;
    // From 0 to 2, where 1 leaves it: half a turn each way.
    let hue = (params.number_or("hue", 1.0)? - 1.0) * 180.0;
    one("modulate", json!({"brightness": brightness, "saturation": saturation, "hue_deg": hue}))
}

fn quantize(params: Members<'_>) -> Steps {
    let colors = params.number_or("number_colors", 8.0)?;
    let name = if params.get("color_space").is_some() { "color_space" } else { "colorspace" };
    let space = params.text_or(name, "RGBColorspace")?.to_ascii_lowercase();
    let quantized = step("quantize", json!({"colors": colors, "dither": params.flag("dither")?}));
    Ok(if space.starts_with("gray") { vec![step("grayscale", json!({})), quantized] } else { vec![quantized] })
}

fn vignette(params: Members<'_>) -> Steps {
    params.number("threshold")?;
    let vignette = json!({
        "color": params.text_or("color", "#000000")?,
        "x": params.number_or("x", 10.0)?,
        "y": params.number_or("y", 10.0)?,
        "sigma": params.number_or("sigma", 10.0)?,
        "radius_px": radius(params)?,
    });
    one("vignette", vignette)
}

fn pixelate(params: Members<'_>) -> Steps {
    let pixelated = json!({
        "x": params.number("x")?,
        "y": params.number("y")?,
        "width": params.number("width")?,
        "height": params.number("height")?,
        "size_px": params.number_or("amount", 10.0)?,
    });
    one("pixelate", pixelated)
}
