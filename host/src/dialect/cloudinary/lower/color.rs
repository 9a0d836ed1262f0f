//! Colours and backgrounds.

use serde_json::{Map, Value, json};

use super::{
    super::transformation::{Background, Color, Component, Error, Key, Param},
    refused,
};

/// A colour in the engine's words; none for those that are chosen from the image.
pub(super) fn text(color: &Color) -> Option<String> {
    match color {
        Color::Named(name, _) => Some((*name).to_owned()),
        Color::Transparent | Color::None => Some("transparent".to_owned()),
        Color::Auto | Color::Variable(_) => None,
        Color::Hex(_) => color.rgba().map(|[red, green, blue, alpha]| match alpha {
            255 => format!("#{red:02x}{green:02x}{blue:02x}"),
            _ => format!("#{red:02x}{green:02x}{blue:02x}{alpha:02x}"),
        }),
    }
}

/// The colour `co_`, if there is one.
pub(super) fn own(component: &Component) -> Result<Option<String>, Error> {
    match component.param(Key::Color) {
        Some(param @ Param::Color(color)) => match text(color) {
            Some(text) => Ok(Some(text)),
            None => Err(refused(param, "a colour that does not depend on the image")),
        },
        _ => Ok(None),
    }
}

/// Intensity of a blurred background when none is written: our choice.
const BLURRED: u32 = 400;

/// How `b_` fills what a pad adds: parameters of `pad`. Without it nothing is there, which formats without
/// alpha show white.
pub(super) fn backdrop(component: &Component) -> Result<Map<String, Value>, Error> {
    let Some(param @ Param::Background(background)) = component.param(Key::Background) else {
        return Ok(Map::new());
    };
    let params = match background {
        Background::Color(Color::Auto) => json!({ "backdrop": "border_color" }),
        Background::Color(color) => match text(color) {
            Some(color) => json!({ "background": color }),
            None => return Err(refused(param, "a colour")),
        },
        Background::Auto(words) => match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["border"] => json!({ "backdrop": "border_color" }),
            ["predominant"] => json!({ "backdrop": "predominant_color" }),
            _ => return Err(refused(param, "auto, auto:border or auto:predominant")),
        },
        Background::Blurred { intensity, brightness } => {
            let sigma = f64::from(intensity.unwrap_or(BLURRED)) / 20.0;
            let brightness = match brightness.unwrap_or(0) {
                dark if dark < 0 => f64::from(dark) / 300.0,
                light => f64::from(light) / 100.0,
            };
            json!({ "backdrop": "blurred", "blur_sigma_px": sigma.clamp(0.1, 250.0), "blur_brightness": brightness })
        }
    };
    Ok(match params {
        Value::Object(params) => params,
        _ => Map::new(),
    })
}

/// The colour behind the image, when `b_` is one that can be seen.
pub(super) fn behind(component: &Component) -> Option<String> {
    match component.param(Key::Background) {
        Some(Param::Background(Background::Color(color))) => {
            let seen = color.rgba().is_some_and(|rgba| rgba[3] > 0);
            if seen { text(color) } else { None }
        }
        _ => None,
    }
}
