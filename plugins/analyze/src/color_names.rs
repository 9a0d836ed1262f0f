//! Words for colours.

use safelight_kernels as kernels;

/// What a colour is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    /// One of 12: black, gray, white, red, orange, brown, yellow, green, teal, blue, purple, pink.
    pub(crate) basic: &'static str,
    /// One of 21: the same, and lightgray, olive, lime, cyan, navy, lightblue, magenta, maroon, beige.
    pub(crate) fine: &'static str,
}

/// Below this chroma a colour looks gray.
const GRAY_CHROMA: f64 = 0.035;

/// Names a colour by its lightness, chroma and hue in Oklab.
///
/// Hues in degrees: red 29, orange 70, yellow 110, green 142, cyan 195, blue 264, magenta 328. The borders
/// lie between them, by the look of them; they are this project's own.
pub(crate) fn names(color: [u8; 3]) -> Names {
    let [lightness, a, b] = kernels::to_oklab(color.map(|value| f32::from(value) / 255.0)).map(f64::from);
    let chroma = a.hypot(b);
    let hue = b.atan2(a).to_degrees().rem_euclid(360.0);
    let (basic, fine) = if lightness < 0.2 {
        ("black", "black")
    } else if chroma < GRAY_CHROMA {
        match lightness {
            ..0.3 => ("black", "black"),
            ..0.72 => ("gray", "gray"),
            ..0.94 => ("gray", "lightgray"),
            // A light veil of yellow is seen, where one of blue is not.
            _ if chroma > 0.02 && (45.0..118.0).contains(&hue) => ("white", "beige"),
            _ => ("white", "white"),
        }
    } else {
        chromatic(lightness, chroma, hue)
    };
    Names { basic, fine }
}

fn chromatic(lightness: f64, chroma: f64, hue: f64) -> (&'static str, &'static str) {
    match hue {
        15.0..45.0 if lightness > 0.74 => ("pink", "pink"),
        15.0..45.0 if lightness < 0.42 => ("red", "maroon"),
        15.0..45.0 => ("red", "red"),
        45.0..118.0 if lightness > 0.85 && chroma < 0.09 => ("white", "beige"),
        45.0..100.0 if lightness < 0.62 || chroma < 0.09 => ("brown", "brown"),
        45.0..80.0 => ("orange", "orange"),
        80.0..118.0 if lightness < 0.62 => ("green", "olive"),
        80.0..118.0 => ("yellow", "yellow"),
        118.0..170.0 if lightness > 0.8 && chroma > 0.2 => ("green", "lime"),
        118.0..170.0 => ("green", "green"),
        170.0..215.0 if lightness > 0.8 => ("teal", "cyan"),
        170.0..215.0 => ("teal", "teal"),
        215.0..285.0 if lightness > 0.72 => ("blue", "lightblue"),
        215.0..285.0 if lightness < 0.35 => ("blue", "navy"),
        215.0..285.0 => ("blue", "blue"),
        285.0..320.0 => ("purple", "purple"),
        320.0..345.0 if lightness > 0.62 => ("pink", "magenta"),
        320.0..345.0 => ("purple", "purple"),
        _ if lightness > 0.62 => ("pink", "pink"),
        _ => ("red", "red"),
    }
}
