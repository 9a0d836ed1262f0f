//! More of `color` against independent programs: what `color.rs` does not have room for.

use safelight_sdk::{Image, PixelFormat, to_format};
use serde_json::{Value, json};
use transform_tests::{Tolerance, compare, pictures, reference, run, run_with};

/// ImageMagick works in 16 bits and does not always round to nearest when it makes 8 of them.
const ROUNDING: Tolerance = Tolerance::max(1).mean(0.5);

/// Results of several calls below each other: one program makes all that they are compared with.
fn stacked(picture: &Image, calls: &[(&str, Value)]) -> Image {
    let parts = calls.iter().map(|(transform, params)| run(transform, params.clone(), picture));
    let pixels: Vec<Vec<u8>> = parts.map(|part| to_format(part, PixelFormat::Rgba8).pixels).collect();
    let (width, height) = (picture.width, picture.height * calls.len() as u32);
    Image::new(width, height, PixelFormat::Rgba8, pixels.concat())
}

/// `c`: colours from 0 to 1; `luma`; `show` rounds to bytes.
const BEGINNING: &str = "
c = np.asarray(pictures[0].convert('RGB')).astype(float) / 255
weights = np.array([0.2126, 0.7152, 0.0722])
luma = np.rint((c @ weights) * 255)[..., None] / 255
show = lambda c: np.rint(np.clip(c, 0, 1) * 255)
lerp = lambda a, b, t: a + (b - a) * t
histogram = lambda v: np.bincount(np.rint(v.reshape(-1) * 255).astype(int), minlength=256)
def ends(v, dark, light):
    counts = histogram(v)
    low = np.argmax(np.cumsum(counts) > dark) / 255
    high = 1 - np.argmax(np.cumsum(counts[::-1]) > light) / 255
    return low, high
stretch = lambda v, e: (v - e[0]) / (e[1] - e[0])
";

fn python(rest: &str, pictures: &[&Image]) -> Image {
    reference::python(&format!("{BEGINNING}{rest}"), pictures)
}

#[test]
fn dithers_are_those_of_imagemagick() {
    let photo = pictures::photo(97, 61);
    // The same tiles; ImageMagick's dots are laid out by hand, so of those only the tone is compared, which has fewer steps in its circles.
    let exact = [
        ("threshold", "threshold"),
        ("checks", "checks"),
        ("bayer2", "o2x2"),
        ("bayer3", "o3x3"),
        ("bayer4", "o4x4"),
        ("bayer8", "o8x8"),
    ];
    for (pattern, map) in exact {
        for levels in [2, 5] {
            let made = run("ordered_dither", json!({"pattern": pattern, "levels": levels}), &photo);
            let map = format!("{map},{levels}");
            // Of its largest tile columns and rows have changed places.
            let turn: &[&str] = if pattern == "bayer8" { &["-transpose"] } else { &[] };
            let args = [turn, &["-ordered-dither", &map], turn].concat();
            let expected = reference::magick(&args, &[&photo]);
            // A value on the border between two ranks may fall to either side.
            compare(&format!("dither-{map}"), &made, &expected, Tolerance::max(1).but_for(0.01));
        }
    }
    let dots = [
        ("angled4", "h4x4a"),
        ("angled6", "h6x6a"),
        ("angled8", "h8x8a"),
        ("straight4", "h4x4o"),
        ("straight6", "h6x6o"),
        ("straight8", "h8x8o"),
        ("straight16", "h16x16o"),
        ("black5", "c5x5b"),
        ("white5", "c5x5w"),
        ("black6", "c6x6b"),
        ("white6", "c6x6w"),
        ("black7", "c7x7b"),
        ("white7", "c7x7w"),
    ];
    let blurred = |image: &Image| run("blur", json!({"sigma_px": 12}), &to_format(image.clone(), PixelFormat::Rgb8));
    let photo = pictures::photo(193, 145);
    for (pattern, map) in dots {
        let made = run("ordered_dither", json!({"pattern": pattern}), &photo);
        let expected = reference::magick(&["-ordered-dither", map], &[&photo]);
        // The edge is left out, where a blur repeats half a dot.
        compare(pattern, &blurred(&made), &blurred(&expected), Tolerance::max(16).mean(6.0).inside(36));
    }
}

#[test]
fn tables_are_read_as_by_imagemagick_and_pillow() {
    let photo = pictures::photo(97, 61);
    // A Hald picture of level 3, its colours changed by ImageMagick itself.
    let blank = pictures::flat(1, 1, PixelFormat::Rgb8, &[0, 0, 0]);
    let changes = ["-sigmoidal-contrast", "4,50%", "-modulate", "100,60,120"];
    let hald = reference::magick(&[&["-delete", "0", "hald:3"][..], &changes].concat(), &[&blank]);
    let made = run_with("lut", json!({"image": {"asset": "a"}}), Some(&photo), std::slice::from_ref(&hald)).image;
    let expected = reference::magick(&["{0}", "{1}", "-hald-clut"], &[&photo, &hald]);
    compare("hald", &made, &expected, Tolerance::max(2).mean(0.6));

    let size = 5;
    let value = |index: usize| (index as f64 / 4.0).powf(0.7);
    let mut cube = format!("TITLE \"test\"\nLUT_3D_SIZE {size}\n");
    for index in 0..125 {
        let (r, g, b) = (value(index % 5), value(index / 5 % 5), value(index / 25));
        cube += &format!("{:.6} {:.6} {:.6}\n", b, r, 1.0 - g);
    }
    let made = run_with("lut", json!({"cube": cube}), Some(&photo), &[]).image;
    let program = "
        from PIL import ImageFilter
        curve = lambda value: value ** 0.7
        table = ImageFilter.Color3DLUT.generate(5, lambda r, g, b: (curve(b), curve(r), 1 - curve(g)))
        result = pictures[0].convert('RGB').filter(table)
    ";
    compare("cube", &made, &reference::python(program, &[&photo]), Tolerance::max(1).mean(0.3));
}

#[test]
fn hsv_and_alpha_are_as_imagemagick_changes_them() {
    let photo = pictures::photo(97, 61);
    let made = run("modulate", json!({"model": "hsv", "brightness": 0.8, "saturation": 0.6, "hue_deg": 90}), &photo);
    let args = ["-define", "modulate:colorspace=HSV", "-modulate", "80,60,150"];
    compare("modulate-hsv", &made, &reference::magick(&args, &[&photo]), Tolerance::max(2).mean(0.6));
    let cutout = pictures::cutout(97, 61);
    let made = run("levels", json!({"channel": "alpha", "black": 0.1, "white": 0.7}), &cutout);
    let args = ["-channel", "A", "-level", "10%,70%"];
    compare("levels-alpha", &made, &reference::magick(&args, &[&cutout]), ROUNDING);
    let made = run("opacity_threshold", json!({"level": 0.3}), &cutout);
    let args = ["-channel", "A", "-threshold", "29.99%"];
    compare("opacity-threshold", &made, &reference::magick(&args, &[&cutout]), ROUNDING);
    for (transform, params, args) in [
        ("colorize", json!({"color": "teal", "amount": 0.4}), vec!["-fill", "#008080", "-colorize", "40%"]),
        ("contrast_stretch", json!({"black_pixels": 300, "white_pixels": 500}), vec!["-contrast-stretch", "300x500"]),
        ("normalize", json!({}), vec!["-contrast-stretch", "2%x1%"]),
    ] {
        let picture = if transform == "colorize" { photo.clone() } else { pictures::gray(97, 61) };
        let made = run(transform, params, &picture);
        // The ends are found among 65536 values there, among 256 here.
        compare(transform, &made, &reference::magick(&args, &[&picture]), Tolerance::max(3).mean(1.0));
    }
}

#[test]
fn histograms_are_stretched_and_equalised_as_by_numpy_and_opencv() {
    let photo = pictures::photo(97, 61);
    let calls = [
        ("auto_level", json!({})),
        ("auto_contrast", json!({})),
        ("auto_color", json!({})),
        ("auto_gamma", json!({})),
        ("auto_brightness", json!({})),
        ("auto_contrast", json!({"blend": 0.4})),
        ("normalize", json!({"black": 0.1, "white": 0.05, "per_channel": true})),
        ("contrast_stretch", json!({"black_pixels": 200, "below_white_pixels": 5000})),
        ("equalize", json!({})),
    ];
    let expected = python(
        "
import cv2
pixels = luma.size
cut = pixels // 200
gamma = lambda c: c ** (np.log(0.5) / np.log(luma.mean()))
each = lambda dark, light: np.stack([stretch(c[..., i], ends(c[..., i], dark, light)) for i in range(3)], 2)
level = show(stretch(c, ends(luma, cut, cut))) / 255
equal = np.stack([cv2.equalizeHist(np.rint(c[..., i] * 255).astype(np.uint8)) for i in range(3)], 2)
parts = [stretch(c, ends(luma, 0, 0)), level, each(cut, cut), gamma(c), lerp(c, show(gamma(c)) / 255, 2 / 3),
         lerp(c, level, 0.4), each(int(pixels * 0.1), int(pixels * 0.05)), stretch(c, ends(luma, 200, pixels - 5000)),
         equal / 255]
result = np.concatenate([show(part) for part in parts])
",
        &[&photo],
    );
    compare("histograms", &stacked(&photo, &calls), &expected, Tolerance::max(1).mean(0.1));
}

#[test]
fn tones_follow_their_formulas() {
    let photo = pictures::photo(97, 61);
    let calls = [
        ("posterize", json!({"levels": 5})),
        ("curves", json!({"points": [[0, 0.1], [0.3, 0.2], [0.7, 0.85], [1, 0.95]]})),
        ("fill_light", json!({"bias": 0.2, "blend": 0.8})),
        ("duotone", json!({"dark": "#102040", "light": "#ffe0a0"})),
        ("tint", json!({"colors": ["navy", "red", "yellow"], "positions": [0.1, 0.4, 0.9], "amount": 0.7})),
        ("vibrance", json!({"amount": 0.6})),
        ("vibrance", json!({"amount": -0.5})),
        ("hue", json!({"angle_deg": 75})),
        ("blackwhite", json!({"threshold": 0.4})),
        ("auto_enhance", json!({})),
    ];
    let expected = python(
        "
from scipy.interpolate import PchipInterpolator
curve = PchipInterpolator([0, 0.3, 0.7, 1], [0.1, 0.2, 0.85, 0.95])
reach = 0.625 + 0.375 * 0.2
fill = c + (1 - (1 - c) ** 1.8 - c) * np.clip(1 - c / reach, 0, 1) * 0.8
dark, light = np.array([16, 32, 64]) / 255, np.array([255, 224, 160]) / 255
scale = [[0, 0, 128], [255, 0, 0], [255, 255, 0]]
tint = np.stack([np.interp(luma[..., 0], [0.1, 0.4, 0.9], np.array(scale)[:, i] / 255) for i in range(3)], 2)
gray, chroma = (c @ weights)[..., None], c.max(2, keepdims=True) - c.min(2, keepdims=True)
vivid, pale = gray + (c - gray) * (1 + 0.6 * (1 - 0.6 * 0 - chroma * 1.0)), gray + (c - gray) * 0.5
t = np.radians(75)
turn = (np.array([[.213, .715, .072]] * 3) + np.cos(t) * np.array([[.787, -.715, -.072], [-.213, .285, -.072], [-.213, -.715, .928]])
        + np.sin(t) * np.array([[-.213, -.715, .928], [.143, .140, -.283], [-.787, .715, .072]]))
cut = luma.size // 200
level = show(stretch(c, ends(luma, cut, cut))) / 255
tone = np.rint(level @ weights * 255)[..., None] / 255
even = show(lerp(level, show(level ** (np.log(0.5) / np.log(tone.mean()))) / 255, 0.5)) / 255
gray_again = (even @ weights)[..., None]
parts = [np.rint(c * 4) / 4, curve(c), fill, dark + (light - dark) * luma, lerp(c, tint, 0.7), vivid, pale, c @ turn.T,
         np.repeat(luma >= 0.4, 3, 2) * 1.0, gray_again + (even - gray_again) * 1.1]
result = np.concatenate([show(part) for part in parts])
",
        &[&photo],
    );
    // Curves with other slopes at the points (SciPy's are those of Fritsch and Butland) part by some levels between them; tones
    // rounded to bytes on the way by one.
    compare("tones", &stacked(&photo, &calls), &expected, Tolerance::max(6).mean(0.3));
}

#[test]
fn colour_blindness_is_what_the_cones_lack() {
    let photo = pictures::photo(97, 61);
    let calls = ["protanopia", "deuteranopia"].map(|kind| ("color_blind", json!({"kind": kind})));
    // From the cones' responses of F. Vienot, H. Brettel and J. Mollon (1999), formulas 4 to 6, on linear light.
    let expected = python(
        "
light = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
cones = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
protan = np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]])
deutan = np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]])
def seen(lack):
    made = np.clip(light @ (np.linalg.inv(cones) @ lack @ cones).T, 0, 1)
    return np.where(made <= 0.0031308, made * 12.92, 1.055 * made ** (1 / 2.4) - 0.055)
result = np.concatenate([show(seen(protan)), show(seen(deutan))])
",
        &[&photo],
    );
    compare("colour-blindness", &stacked(&photo, &calls), &expected, Tolerance::max(3).mean(0.5));
}

#[test]
fn mixed_channels_and_transparent_colours_follow_their_formulas() {
    let cutout = pictures::cutout(97, 61);
    let mix = json!({
        "red": [0.5, 0.2, 0], "blue": [0, -0.5, 1], "offset": [0.1, 0, 0.2],
        "from_alpha": [0, 0.3, 0], "alpha": [0.2, 0, 0, 0.7],
    });
    let calls = [
        ("channels", mix),
        ("make_transparent", json!({"color": "#6f9fd0", "tolerance": 0.2})),
        ("levels", json!({"channel": "alpha", "gamma": 2})),
    ];
    let expected = python(
        "
a = np.asarray(pictures[0].convert('RGBA')).astype(float)
matrix = np.array([[0.5, 0.2, 0, 0], [0, 1, 0, 0.3], [0, -0.5, 1, 0], [0.2, 0, 0, 0.7]])
mixed = a @ matrix.T + np.array([0.1, 0, 0.2, 0]) * 255
clear, bent = a.copy(), a.copy()
far = abs(a[..., :3] - np.array([0x6f, 0x9f, 0xd0])).max(2)
clear[..., 3] *= np.clip((far - 51) / 25.5, 0, 1)
bent[..., 3] = (a[..., 3] / 255) ** 0.5 * 255
result = np.rint(np.clip(np.concatenate([mixed, clear, bent]), 0, 255))
",
        &[&cutout],
    );
    // An alpha that is rounded the other way shows in the colours too.
    compare("channels", &stacked(&cutout, &calls), &expected, Tolerance::max(2).mean(0.1));
}

#[test]
fn scattered_black_and_white_is_near_to_pillows() {
    let photo = pictures::photo(97, 61);
    let made = run("blackwhite", json!({"dither": true}), &photo);
    let program = "
        luma = np.asarray(pictures[0].convert('RGB')).astype(float) @ np.array([0.2126, 0.7152, 0.0722])
        result = Image.fromarray(np.rint(luma).astype(np.uint8)).convert('1').convert('L')
    ";
    let expected = reference::python(program, &[&photo]);
    // The way errors are rounded decides where a dot falls; the tone is the same.
    let blurred = |image: &Image| run("blur", json!({"sigma_px": 4}), &to_format(image.clone(), PixelFormat::Gray8));
    compare("scattered", &blurred(&made), &blurred(&expected), Tolerance::max(12).mean(2.0).inside(12));
}
