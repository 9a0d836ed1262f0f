//! `compose` against the formulas of W3C Compositing and Blending in numpy, ImageMagick's `-compose`, SciPy and Pillow.

use safelight_sdk::{Image, PixelFormat};
use serde_json::{Value, json};
use transform_tests::{Tolerance, compare, pictures, reference, run, run_with};

/// Sixteen-bit references do not always round to nearest when they make 8 bits of it.
const ROUNDING: Tolerance = Tolerance::max(1).mean(0.5);

/// `b` and `s`: the pictures as colours and alpha from 0 to 1. `joined` takes the colours times alpha, and alpha.
const BEGINNING: &str = "
def load(index):
    a = np.asarray(pictures[index].convert('RGBA')).astype(float) / 255
    return a[..., :3], a[..., 3:]
def joined(color, alpha):
    alpha = np.minimum(alpha, 1)
    color = np.where(alpha > 0, color / np.maximum(alpha, 1e-9), 0)
    return np.rint(np.clip(np.concatenate([color, alpha], 2), 0, 1) * 255)
(cb, ab), (cs, as_) = load(0), load(1)
";

fn program(rest: &str) -> String {
    format!("{BEGINNING}{rest}")
}

fn with_image(transform: &str, mut params: Value, picture: &Image, image: &Image) -> Image {
    params["image"] = json!({"asset": "a"});
    run_with(transform, params, Some(picture), std::slice::from_ref(image)).image
}

/// Pictures of one size and format below each other.
fn stacked(parts: &[Image]) -> Image {
    let (width, height) = (parts[0].width, parts.iter().map(|part| part.height).sum());
    let parts = parts.iter().map(|part| safelight_sdk::to_format(part.clone(), PixelFormat::Rgba8).pixels);
    Image::new(width, height, PixelFormat::Rgba8, parts.collect::<Vec<_>>().concat())
}

#[test]
fn operators_are_those_of_porter_and_duff() {
    let names = [
        "clear", "src", "dst", "over", "dst_over", "in", "dst_in", "out", "dst_out", "atop", "dst_atop", "xor", "plus",
    ];
    let (below, above) =
        (pictures::noisy(61, 37, PixelFormat::Rgba8, 3), pictures::noisy(61, 37, PixelFormat::Rgba8, 4));
    let made = names.map(|blend| with_image("composite", json!({"blend": blend}), &below, &above));
    // Table of section 5 of the recommendation: shares of the source and of the backdrop.
    let expected = program(
        "
one, zero = np.ones_like(ab), np.zeros_like(ab)
shares = [(zero, zero), (one, zero), (zero, one), (one, 1 - as_), (1 - ab, one), (ab, zero), (zero, as_), (1 - ab, zero),
          (zero, 1 - as_), (ab, 1 - as_), (1 - ab, as_), (1 - ab, 1 - as_), (one, one)]
result = np.concatenate([joined(as_ * fa * cs + ab * fb * cb, as_ * fa + ab * fb) for fa, fb in shares])
",
    );
    let expected = reference::python(&expected, &[&below, &above]);
    compare("porter-duff", &stacked(&made), &expected, Tolerance::max(1).mean(0.02));
}

#[test]
fn blend_modes_are_those_of_the_recommendation() {
    let names = [
        "multiply",
        "screen",
        "overlay",
        "darken",
        "lighten",
        "color_dodge",
        "color_burn",
        "hard_light",
        "soft_light",
        "difference",
        "exclusion",
        "hue",
        "saturation",
        "color",
        "luminosity",
    ];
    let (below, above) =
        (pictures::noisy(61, 37, PixelFormat::Rgba8, 5), pictures::noisy(61, 37, PixelFormat::Rgba8, 6));
    let made = names.map(|blend| with_image("composite", json!({"blend": blend}), &below, &above));
    let expected = program(
        "
hard = lambda b, s: np.where(s <= 0.5, b * 2 * s, b + (2 * s - 1) - b * (2 * s - 1))
dodge = lambda b, s: np.where(b == 0, 0, np.where(s == 1, 1, np.minimum(1, b / np.maximum(1 - s, 1e-9))))
burn = lambda b, s: np.where(b == 1, 1, np.where(s == 0, 0, 1 - np.minimum(1, (1 - b) / np.maximum(s, 1e-9))))
def soft(b, s):
    d = np.where(b <= 0.25, ((16 * b - 12) * b + 4) * b, np.sqrt(b))
    return np.where(s <= 0.5, b - (1 - 2 * s) * b * (1 - b), b + (2 * s - 1) * (d - b))
lum = lambda c: (c @ np.array([0.3, 0.59, 0.11]))[..., None]
sat = lambda c: c.max(2, keepdims=True) - c.min(2, keepdims=True)
def set_lum(c, l):
    c = c + l - lum(c)
    l, n, x = lum(c), c.min(2, keepdims=True), c.max(2, keepdims=True)
    c = np.where(n < 0, l + (c - l) * l / np.where(n < 0, l - n, 1), c)
    return np.where(x > 1, l + (c - l) * (1 - l) / np.where(x > 1, x - l, 1), c)
def set_sat(c, s):
    low, range_ = c.min(2, keepdims=True), sat(c)
    return np.where(range_ > 0, (c - low) * s / np.where(range_ > 0, range_, 1), 0)
modes = [lambda b, s: b * s, lambda b, s: b + s - b * s, lambda b, s: hard(s, b), np.minimum, np.maximum, dodge, burn, hard,
         soft, lambda b, s: abs(b - s), lambda b, s: b + s - 2 * b * s,
         lambda b, s: set_lum(set_sat(s, sat(b)), lum(b)), lambda b, s: set_lum(set_sat(b, sat(s)), lum(b)),
         lambda b, s: set_lum(s, lum(b)), lambda b, s: set_lum(b, lum(s))]
def over(mode):
    mixed = (1 - ab) * cs + ab * mode(cb, cs)
    return joined(as_ * mixed + (1 - as_) * ab * cb, as_ + ab * (1 - as_))
result = np.concatenate([over(mode) for mode in modes])
",
    );
    let expected = reference::python(&expected, &[&below, &above]);
    compare("blend-modes", &stacked(&made), &expected, Tolerance::max(1).mean(0.02));
}

#[test]
fn other_modes_are_those_of_imagemagick() {
    let (below, above) = (pictures::photo(61, 37), pictures::noisy(61, 37, PixelFormat::Rgb8, 8));
    // The second value: the share of values at a step of the function, which sixteen bits see on the other side.
    let modes = [
        ("linear_dodge", "LinearDodge", 0.0),
        ("linear_burn", "LinearBurn", 0.0),
        ("linear_light", "LinearLight", 0.0),
        ("vivid_light", "VividLight", 0.0),
        ("pin_light", "PinLight", 0.0),
        ("pegtop_light", "PegtopLight", 0.0),
        ("minus_src", "MinusSrc", 0.0),
        ("minus_dst", "MinusDst", 0.0),
        ("divide_src", "DivideSrc", 0.0),
        ("divide_dst", "DivideDst", 0.0),
        ("modulus_add", "ModulusAdd", 0.02),
        ("darken_intensity", "DarkenIntensity", 0.01),
        ("lighten_intensity", "LightenIntensity", 0.01),
        ("hard_mix", "HardMix", 0.02),
        ("copy_red", "CopyRed", 0.0),
        ("copy_green", "CopyGreen", 0.0),
        ("copy_blue", "CopyBlue", 0.0),
    ];
    for (blend, compose, steps) in modes {
        let made = with_image("composite", json!({"blend": blend}), &below, &above);
        let args = ["{0}", "{1}", "-compose", compose, "-composite"];
        let expected = reference::magick(&args, &[&below, &above]);
        compare(blend, &made, &expected, Tolerance::max(2).but_for(steps));
    }
    // Version 6 makes its modulus_subtract 0 or full range.
    let made = with_image("composite", json!({"blend": "modulus_subtract"}), &below, &above);
    let program = "
        b, s = [np.asarray(picture.convert('RGB')).astype(int) for picture in pictures]
        result = np.where(s < b, s - b + 255, s - b)
    ";
    compare("modulus_subtract", &made, &reference::python(program, &[&below, &above]), Tolerance::EXACT);
}

#[test]
fn images_lie_where_imagemagick_lays_them() {
    let (below, above) = (pictures::photo(97, 61), pictures::cutout(33, 20));
    let places = [
        ("center", "Center"),
        ("north", "North"),
        ("north_east", "NorthEast"),
        ("east", "East"),
        ("south_east", "SouthEast"),
        ("south", "South"),
        ("south_west", "SouthWest"),
        ("west", "West"),
        ("north_west", "NorthWest"),
    ];
    for (gravity, name) in places {
        for (x, y, geometry) in [(4, 7, "+4+7"), (-9, 3, "-9+3")] {
            let made = with_image("composite", json!({"gravity": gravity, "x": x, "y": y}), &below, &above);
            let args = ["{0}", "{1}", "-gravity", name, "-geometry", geometry, "-composite"];
            compare(gravity, &made, &reference::magick(&args, &[&below, &above]), ROUNDING);
        }
    }
    let made =
        with_image("composite", json!({"width": 50, "height": 30, "fit": "exact", "opacity": 0.6}), &below, &above);
    let program = "
        layer = pictures[1].convert('RGBa').resize((50, 30), Image.Resampling.LANCZOS).convert('RGBA')
        layer.putalpha(layer.getchannel('A').point(lambda value: value * 0.6 + 0.5))
        result = pictures[0].convert('RGBA')
        result.alpha_composite(layer, ((97 - 50) // 2, (61 - 30) // 2))
    ";
    // Pillow rounds alpha and premultiplied colours to bytes in between.
    let tolerance = Tolerance::max(4).mean(0.5).but_for(0.01);
    compare("scaled-opacity", &made, &reference::python(program, &[&below, &above]), tolerance);
}

#[test]
fn masks_and_shapes_are_products_of_alpha() {
    let (picture, mask) = (pictures::cutout(64, 48), pictures::gray(64, 48));
    let shape = pictures::cutout(30, 26);
    let made = stacked(&[
        with_image("mask", json!({}), &picture, &mask),
        with_image("mask", json!({"invert": true, "mode": "replace"}), &picture, &mask),
        with_image("mask", json!({"gravity": "north_west", "x": 5, "y": 3}), &picture, &shape),
        with_image("cutter", json!({"gravity": "north_west", "x": 5, "y": 3}), &picture, &shape),
        with_image("cutter", json!({"gravity": "north_west", "x": 5, "y": 3, "mode": "remove"}), &picture, &shape),
    ]);
    let program = "
        base = np.asarray(pictures[0].convert('RGBA')).astype(float)
        gray = np.asarray(pictures[1].convert('L')).astype(float)
        placed = np.zeros((48, 64))
        placed[3:29, 5:35] = np.asarray(pictures[2].convert('RGBA'))[..., 3]
        def having(alpha):
            made = base.copy()
            made[..., 3] = np.rint(alpha)
            return made
        alpha = base[..., 3]
        parts = [alpha * gray / 255, 255 - gray, alpha * placed / 255, alpha * placed / 255, alpha * (255 - placed) / 255]
        result = np.concatenate([having(part) for part in parts])
    ";
    compare("masks", &made, &reference::python(program, &[&picture, &mask, &shape]), Tolerance::max(1).mean(0.1));
}

#[test]
fn rows_columns_and_sheets_are_as_pillow_pastes_them() {
    let (one, two, three) = (pictures::photo(40, 30), pictures::gradient(20, 50), pictures::photo(24, 25));
    let images = [two.clone(), three.clone()];
    let named = json!([{"asset": "a"}, {"asset": "b"}]);
    let row = run_with("append", json!({"images": named, "background": "teal"}), Some(&one), &images).image;
    let args = ["-background", "teal", "+append"];
    compare("append", &row, &reference::magick(&args, &[&one, &two, &three]), ROUNDING);
    let params = json!({"images": named, "background": "white", "direction": "vertical", "align": "center"});
    let column = run_with("append", params, Some(&one), &images).image;
    let args = ["-background", "white", "-gravity", "Center", "-append"];
    let made = safelight_sdk::to_format(column, PixelFormat::Rgba8);
    compare("append-column", &made, &reference::magick(&args, &[&one, &two, &three]), ROUNDING);
    let params = json!({
        "images": [{"asset": "a"}, {"asset": "b"}, {"asset": "c"}],
        "cell_width": 50, "cell_height": 60, "columns": 2, "padding_px": 4, "margin_px": 3, "fit": "limit",
        "background": "#203040",
    });
    let sheet = run_with("grid", params, None, &[one.clone(), two.clone(), three.clone()]).image;
    let program = "
        result = Image.new('RGBA', (110, 130), '#203040')
        for index, picture in enumerate(pictures):
            left, top = 3 + index % 2 * 54, 3 + index // 2 * 64
            at = (left + (50 - picture.width) // 2, top + (60 - picture.height) // 2)
            result.alpha_composite(picture.convert('RGBA'), at)
    ";
    compare("grid", &sheet, &reference::python(program, &[&one, &two, &three]), ROUNDING);
}

#[test]
fn tiles_cover_the_picture() {
    let (below, tile) = (pictures::photo(97, 61), pictures::cutout(20, 14));
    let made = stacked(&[
        with_image("tile", json!({}), &below, &tile),
        with_image("tile", json!({"x": 5, "y": 9, "gap_x_px": 3, "gap_y_px": 2}), &below, &tile),
        with_image("tile", json!({"blend": "multiply"}), &below, &tile),
    ]);
    let expected = program(
        "
def tiled(x=0, y=0, gap_x=0, gap_y=0):
    layer = np.concatenate([cs, as_], 2)
    layer = np.pad(layer, ((0, gap_y), (0, gap_x), (0, 0)))
    layer = np.roll(np.tile(layer, (20, 20, 1)), (y, x), (0, 1))[:61, :97]
    return layer[..., :3], layer[..., 3:]
def over(layer, mode):
    color, alpha = layer
    mixed = (1 - ab) * color + ab * mode(cb, color)
    return joined(alpha * mixed + (1 - alpha) * ab * cb, alpha + ab * (1 - alpha))
source = lambda b, s: s
result = np.concatenate([over(tiled(), source), over(tiled(5, 9, 3, 2), source), over(tiled(), lambda b, s: b * s)])
",
    );
    compare("tile", &made, &reference::python(&expected, &[&below, &tile]), ROUNDING);
}

#[test]
fn dissolving_is_as_imagemagick_does_it() {
    let (below, above) = (pictures::photo(61, 37), pictures::gradient(61, 37));
    let made = with_image("dissolve", json!({"image_opacity": 0.3}), &below, &above);
    let args = ["{0}", "{1}", "-compose", "Dissolve", "-define", "compose:args=30", "-composite"];
    compare("dissolve", &made, &reference::magick(&args, &[&below, &above]), ROUNDING);
    let params = json!({"image_opacity": 0.3, "picture_opacity": 0.6, "method": "add"});
    let made = with_image("dissolve", params, &below, &above);
    let args = ["{0}", "{1}", "-compose", "Blend", "-define", "compose:args=30x60", "-composite"];
    compare("dissolve-add", &made, &reference::magick(&args, &[&below, &above]), Tolerance::max(2).mean(0.6));
}

#[test]
fn frames_and_backgrounds_are_as_imagemagick_makes_them() {
    let picture = pictures::photo(61, 37);
    let made = run("border", json!({"width_px": 7, "color": "orange"}), &picture);
    compare("border", &made, &reference::magick(&["-bordercolor", "orange", "-border", "7"], &[&picture]), ROUNDING);
    let cutout = pictures::cutout(61, 37);
    let (width, height) = (90, 60);
    let params = json!({"width": width, "height": height, "color": "teal", "gravity": "south_east", "x": 4, "y": 6});
    let made = with_background(params, &cutout);
    let args = ["-background", "teal", "-gravity", "SouthEast", "-extent", "90x60-4-6"];
    compare("background", &made, &reference::magick(&args, &[&cutout]), ROUNDING);
}

fn with_background(params: Value, picture: &Image) -> Image {
    run_with("background", params, Some(picture), &[]).image
}

#[test]
fn a_shadow_is_the_blurred_shape_below() {
    let picture = pictures::cutout(61, 37);
    let params = json!({"x_px": 7, "y_px": -5, "sigma_px": 3, "color": "navy", "opacity": 0.7});
    let made = run("shadow", params, &picture);
    // Reach 9: margins 2, 14, 16, 4.
    let program = "
        from scipy.ndimage import gaussian_filter
        picture = np.asarray(pictures[0].convert('RGBA')).astype(float)
        shape = np.zeros((55, 79))
        shape[9:46, 9:70] = picture[..., 3]
        alpha = gaussian_filter(shape, 3, mode='constant') * 0.7
        layer = np.zeros((55, 79, 4), np.uint8)
        layer[..., 2] = 128
        layer[..., 3] = np.rint(alpha)
        result = Image.fromarray(layer)
        result.alpha_composite(pictures[0].convert('RGBA'), (2, 14))
    ";
    compare("shadow", &made, &reference::python(program, &[&picture]), Tolerance::max(3).mean(0.5));
}

#[test]
fn displacement_is_a_map_of_coordinates() {
    let (picture, map) = (pictures::photo(97, 61), pictures::gradient(97, 61));
    let made = with_image("displace", json!({"x_px": 12, "y_px": -8}), &picture, &map);
    let program = "
        from scipy.ndimage import map_coordinates
        picture = np.asarray(pictures[0].convert('RGB')).astype(float)
        map_ = np.asarray(pictures[1].convert('RGB')).astype(float)
        y, x = np.mgrid[:61, :97].astype(float)
        x += (map_[..., 0] - 128) / 127 * 12
        y += (map_[..., 1] - 128) / 127 * -8
        result = np.rint(np.stack([map_coordinates(picture[..., c], [y, x], order=1, mode='nearest') for c in range(3)], 2))
    ";
    compare("displace", &made, &reference::python(program, &[&picture, &map]), Tolerance::max(2).mean(0.2));
}

#[test]
fn an_outline_reaches_as_far_as_it_is_wide() {
    let picture =
        safelight_sdk::to_format(pictures::flat(40, 30, PixelFormat::Rgb8, &[9, 99, 199]), PixelFormat::Rgba8);
    let made = run("outline", json!({"width_px": 6, "color": "red"}), &picture);
    let program = "
        from scipy.ndimage import distance_transform_edt
        outside = np.ones((42, 52))
        outside[6:36, 6:46] = 0
        far = distance_transform_edt(outside)
        result = np.zeros((42, 52, 4))
        result[...] = [255, 0, 0, 255]
        result[..., 3] = np.rint(np.clip(7 - far, 0, 1) * 255)
        result[6:36, 6:46] = [9, 99, 199, 255]
    ";
    // Where the line ends within a pixel, at the round corners, the two reckon its share by themselves.
    let tolerance = Tolerance::max(60).mean(2.0);
    compare("outline", &made, &reference::python(program, &[&picture]), tolerance);
}

#[test]
fn hidden_bits_are_the_lowest_of_each_colour_in_turn() {
    let (picture, secret) = (pictures::photo(64, 48), pictures::gray(16, 12));
    let hidden = with_image("steganography_hide", json!({"offset": 100}), &picture, &secret);
    let program = "
        carrier = np.asarray(pictures[0].convert('RGB')).reshape(-1, 3)
        made = np.zeros(192, np.uint8)
        for index in range(192 * 8):
            bit = carrier[(100 + index) % 3072, index % 3] & 1
            made[index % 192] |= bit << (7 - index // 192)
        result = made.reshape(12, 16)
    ";
    compare("steganography", &secret, &reference::python(program, &[&hidden]), Tolerance::EXACT);
    compare("steganography-carrier", &hidden, &picture, Tolerance::max(1));
}

#[test]
fn sprites_lie_where_their_data_say() {
    let images =
        [pictures::photo(30, 20), pictures::gradient(16, 40), pictures::photo(9, 9), pictures::gradient(25, 13)];
    let named = json!([{"asset": "a"}, {"asset": "b"}, {"asset": "c"}, {"asset": "d"}]);
    for layout in ["packed", "row", "column"] {
        let made = run_with("sprite", json!({"images": named, "layout": layout}), None, &images);
        let data: Value = serde_json::from_str(&made.data.expect("a layout")).expect("JSON");
        for (index, image) in images.iter().enumerate() {
            let place = places(&data)[index];
            let [x, y, width, height] = place;
            assert_eq!((width, height), (u64::from(image.width), u64::from(image.height)), "{layout} {index}");
            let params = json!({"x": x, "y": y, "width": width, "height": height});
            compare(layout, &run("crop", params, &made.image), image, Tolerance::EXACT);
        }
    }
}

/// Left, top, width and height of each picture.
fn places(data: &Value) -> Vec<[u64; 4]> {
    let list = data.as_object().and_then(|all| all.values().find_map(Value::as_array)).expect("a list of places");
    let number = |place: &Value, key: &str| place[key].as_u64().unwrap_or_else(|| panic!("{key} of {place}"));
    list.iter().map(|place| ["x", "y", "width", "height"].map(|key| number(place, key))).collect()
}

#[test]
fn a_mark_in_a_corner_is_a_small_composite() {
    let (below, mark) = (pictures::photo(96, 64), pictures::cutout(96, 64));
    let params = json!({"scale": 0.25, "margin_px": 5, "opacity": 0.5});
    let made = with_image("watermark", params, &below, &mark);
    let same = json!({"width": 24, "height": 16, "gravity": "south_east", "x": 5, "y": 5, "opacity": 0.5});
    let program = "
        mark = pictures[1].convert('RGBa').resize((24, 16), Image.Resampling.LANCZOS).convert('RGBA')
        mark.putalpha(mark.getchannel('A').point(lambda value: value * 0.5 + 0.5))
        result = pictures[0].convert('RGBA')
        result.alpha_composite(mark, (96 - 24 - 5, 64 - 16 - 5))
    ";
    compare("watermark", &made, &reference::python(program, &[&below, &mark]), Tolerance::max(4).mean(0.3));
    compare("watermark-composite", &made, &with_image("composite", same, &below, &mark), Tolerance::max(1));
}
