//! `draw` against sums over many samples a pixel (numpy), ImageMagick and Pillow.
//!
//! ImageMagick and Pillow count from pixel centres: half a pixel is taken off their coordinates.

use safelight_sdk::{Image, PixelFormat, Size};
use serde_json::{Value, json};
use transform_tests::{Tolerance, compare, pictures, reference, run};

/// Covers a pixel by the share of 32 x 32 points in it that lie inside, and lays white over the picture.
const SAMPLES: &str = "
base = np.asarray(pictures[0]).astype(float)
n = 32
h, w = base.shape[:2]
ys, xs = np.mgrid[0:h * n, 0:w * n]
x, y = (xs + 0.5) / n, (ys + 0.5) / n
def white(inside):
    share = inside.reshape(h, n, w, n).mean(axis=(1, 3))
    return np.rint(base + (255 - base) * share)
def segment(ax, ay, bx, by, half):
    dx, dy = bx - ax, by - ay
    length = np.hypot(dx, dy)
    along = ((x - ax) * dx + (y - ay) * dy) / length
    across = np.abs((x - ax) * dy - (y - ay) * dx) / length
    return along, across, length
";

fn check(name: &str, transform: &str, params: Value, inside: &str) {
    let picture = pictures::gray(61, 47);
    let made = run(transform, params, &picture);
    let expected = reference::python(&format!("{SAMPLES}\nresult = white({inside})"), &[&picture]);
    // 1024 samples leave at most a few hundredths of a pixel open where a border runs along them.
    compare(name, &made, &expected, Tolerance::max(6).mean(0.1));
}

#[test]
fn shapes_cover_what_samples_find_inside() {
    check(
        "ellipse",
        "ellipse",
        json!({"center_x": 30.3, "center_y": 22.8, "radius_x_px": 25.1, "radius_y_px": 14.6}),
        "((x - 30.3) / 25.1) ** 2 + ((y - 22.8) / 14.6) ** 2 <= 1",
    );
    check(
        "circle-outline",
        "ellipse",
        json!({"center_x": 30, "center_y": 23, "radius_x_px": 16, "radius_y_px": 16, "fill_color": "transparent", "stroke_width_px": 5}),
        "np.abs(np.hypot(x - 30, y - 23) - 16) <= 2.5",
    );
    check(
        "rectangle",
        "rectangle",
        json!({"x": 5.3, "y": 7.7, "width": 40.2, "height": 21.9}),
        "(x >= 5.3) & (x < 45.5) & (y >= 7.7) & (y < 29.6)",
    );
    let corner = "np.hypot(np.maximum(np.abs(x - 30) - 10, 0) / 12, np.maximum(np.abs(y - 23) - 9, 0) / 8) <= 1";
    check(
        "rounded",
        "rectangle",
        json!({"x": 8, "y": 6, "width": 44, "height": 34, "corner_width_px": 12, "corner_height_px": 8}),
        corner,
    );
    check(
        "triangle",
        "polygon",
        json!({"points": [[5, 4], [57.5, 20.2], [12.3, 44]]}),
        "((57.5-5)*(y-4) - (20.2-4)*(x-5) >= 0) & ((12.3-57.5)*(y-20.2) - (44-20.2)*(x-57.5) >= 0) & ((5-12.3)*(y-44) - (4-44)*(x-12.3) >= 0)",
    );
    let line = json!({"x1": 8.5, "y1": 9, "x2": 50, "y2": 35.5, "width_px": 7});
    let with = |cap: &str| {
        let mut line = line.clone();
        line["cap"] = json!(cap);
        line
    };
    let ends = "(lambda s: (s[0] >= 0) & (s[0] <= s[2]) & (s[1] <= 3.5))(segment(8.5, 9, 50, 35.5, 3.5))";
    check("line-butt", "line", with("butt"), ends);
    let ends = "(lambda s: (s[0] >= -3.5) & (s[0] <= s[2] + 3.5) & (s[1] <= 3.5))(segment(8.5, 9, 50, 35.5, 3.5))";
    check("line-square", "line", with("square"), ends);
    let ends = "(lambda s: np.hypot(np.maximum(np.maximum(-s[0], s[0] - s[2]), 0), s[1]) <= 3.5)(segment(8.5, 9, 50, 35.5, 3.5))";
    check("line-round", "line", with("round"), ends);
}

#[test]
fn shapes_lie_where_imagemagick_draws_them() {
    let picture = pictures::photo(97, 61);
    let cases = [
        (
            "polygon",
            json!({"points": [[10, 5], [90, 30], [40, 55]], "fill_color": "red"}),
            vec!["-fill", "red", "-draw", "polygon 9.5,4.5 89.5,29.5 39.5,54.5"],
        ),
        (
            "ellipse",
            json!({"center_x": 48, "center_y": 30, "radius_x_px": 40, "radius_y_px": 20, "fill_color": "#00ff0080"}),
            vec!["-fill", "#00ff0080", "-draw", "ellipse 47.5,29.5 40,20 0,360"],
        ),
        (
            "polyline",
            json!({"points": [[10, 50], [40, 10], [60, 50], [90, 10]], "width_px": 6, "join": "bevel", "color": "blue"}),
            vec![
                "-fill",
                "none",
                "-stroke",
                "blue",
                "-strokewidth",
                "6",
                "-draw",
                "stroke-linejoin bevel polyline 9.5,49.5 39.5,9.5 59.5,49.5 89.5,9.5",
            ],
        ),
    ];
    for (transform, params, args) in cases {
        let made = run(transform, params, &picture);
        let expected = reference::magick(&args, &[&picture]);
        // Its smoothing goes by the distance from the border and reaches further than the area does, so
        // pixels of the border differ, and no others.
        compare(&format!("magick-{transform}"), &made, &expected, Tolerance::max(130).mean(1.8));
    }
}

#[test]
fn gradients_are_those_of_numpy() {
    let picture = pictures::photo(90, 50);
    let stops = json!([{"at": 0, "color": "#ff0000"}, {"at": 0.25, "color": "#00ff00"}, {"at": 1, "color": "#0000ff"}]);
    let program = |place: &str| {
        format!(
            "
h, w = 50, 90
ys, xs = np.mgrid[0:h, 0:w]
x, y = xs + 0.5, ys + 0.5
at = {place}
colors = [np.interp(at, [0, 0.25, 1], values) for values in ([255, 0, 0], [0, 255, 0], [0, 0, 255])]
result = np.rint(np.stack(colors, axis=2))
"
        )
    };
    // CSS Images 3: half the length of the gradient line is |w/2 sin| + |h/2 cos| from the centre.
    let linear = "0.5 + ((x - 45) * np.cos(np.radians(30)) + (y - 25) * np.sin(np.radians(30))) \
                  / (90 * np.cos(np.radians(30)) + 50 * np.sin(np.radians(30)))";
    let radial = "np.clip(np.hypot(x - 27, y - 25) / 40, 0, 1)";
    let cases = [
        ("linear", json!({"angle_deg": 30, "stops": stops}), linear),
        ("radial", json!({"shape": "radial", "center_x": 0.3, "radius_px": 40, "stops": stops}), radial),
    ];
    for (name, params, place) in cases {
        let made = run("gradient", params, &picture);
        let expected = reference::python(&program(place), &[&picture]);
        compare(&format!("gradient-{name}"), &made, &expected, Tolerance::max(1));
    }
}

/// Letter by letter, as Pillow rounds the widths of letters to whole pixels.
#[test]
fn letters_have_the_shapes_that_freetype_draws() {
    let black = Image::filled(Size::new(160, 200), PixelFormat::Gray8, &[0]);
    let fonts = safelight_fonts::all();
    // The ascent of the fonts' lines (hhea) in units a em.
    for (family, size, ascent) in [
        ("DejaVuSans", 120, 1901.0 / 2048.0),
        ("DejaVuSerif-Italic", 100, 1901.0 / 2048.0),
        ("NotoSans-Bold", 110, 1069.0 / 1000.0),
    ] {
        let (_, bytes) = fonts.iter().find(|(name, _)| *name == family).expect("a built-in font");
        let path = std::env::temp_dir().join(format!("safelight-draw-{}-{family}.ttf", std::process::id()));
        std::fs::write(&path, bytes).expect("a font file");
        for letter in ["R", "g", "&", "\u{e4}", "8"] {
            let params = json!({
                "text": letter, "font": family, "size_px": size, "gravity": "north_west", "x": 20,
                "y": 140.0 - ascent * f64::from(size)
            });
            let made = run("text", params, &black);
            let program = format!(
                "
from PIL import ImageDraw, ImageFont
result = pictures[0].copy()
font = ImageFont.truetype({path:?}, {size}, layout_engine=ImageFont.Layout.BASIC)
ImageDraw.Draw(result).text((20, 140), {letter:?}, fill=255, font=font, anchor='ls')
"
            );
            let expected = reference::python(&program, &[&black]);
            // Its outlines are hinted: edges lie up to a pixel elsewhere, so that single pixels of the border may
            // differ wholly. The mean tells whether shape, size and place are right.
            compare(&format!("letter-{family}-{letter}"), &made, &expected, Tolerance::max(255).mean(2.0));
        }
        std::fs::remove_file(&path).expect("the font file");
    }
}
