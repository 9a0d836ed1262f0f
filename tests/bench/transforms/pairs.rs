//! Parameters to measure transforms with, and what does the same in libvips.

use serde_json::{Value, json};

/// The cases of a transform: parameters on top of those that every call needs, and an expression for
/// `vips.py`. None of them: its defaults, without comparison.
pub(crate) fn of(transform: &str) -> Vec<(Value, Option<&'static str>)> {
    let pair = |params: Value, expression: &'static str| (params, Some(expression));
    match transform {
        // geometry
        "resize" => vec![
            pair(json!({"width": "25%", "filter": "lanczos3"}), "im.resize(0.25)"),
            pair(json!({"width": "80%", "filter": "lanczos3"}), "im.resize(0.8)"),
        ],
        "crop" => vec![pair(json!({"width": "50%", "height": "50%"}), "im.crop(w // 4, h // 4, w // 2, h // 2)")],
        "rotate" => vec![
            pair(json!({"angle_deg": 90}), "im.rot90()"),
            pair(json!({"angle_deg": 20, "background": "black"}), "im.rotate(20)"),
        ],
        "flip" => vec![pair(json!({}), "im.fliphor()")],
        "pad" => vec![pair(
            json!({"width": null, "height": null, "left": 50, "right": 50, "top": 50, "bottom": 50, "background": "white"}),
            "im.embed(50, 50, w + 100, h + 100, extend='white')",
        )],
        "trim" => vec![pair(json!({}), "(lambda box: im.crop(*box))(im.find_trim())")],
        "shear" => {
            vec![pair(json!({"x_deg": 20, "background": "black"}), "im.affine([1, math.tan(math.radians(20)), 0, 1])")]
        }
        "distort" => vec![(json!({"corners": [100, 0, 1500, 90, 1400, 1200, 0, 1000]}), None)],
        "liquid_rescale" => vec![(json!({"width": "99%"}), None)],
        // color
        "grayscale" => vec![pair(json!({}), "im.colourspace('b-w')")],
        "sepia" => vec![pair(
            json!({}),
            "im.recomb([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]]).cast('uchar')",
        )],
        "brightness" => vec![pair(json!({"amount": 1.4}), "im.linear(1.4, 0, uchar=True)")],
        "contrast" => vec![pair(json!({"amount": 1.5}), "im.linear(1.5, -64, uchar=True)")],
        "saturation" => vec![pair(
            json!({"amount": 1.5}),
            "im.recomb([[1.39, -0.36, -0.04], [-0.11, 1.14, -0.04], [-0.11, -0.36, 1.46]]).cast('uchar')",
        )],
        "channels" => vec![pair(
            json!({"red": [0.5, 0.5, 0], "blue": [0.2, 0.2, 0.6]}),
            "im.recomb([[0.5, 0.5, 0], [0, 1, 0], [0.2, 0.2, 0.6]]).cast('uchar')",
        )],
        "invert" => vec![pair(json!({}), "im.invert()")],
        "gamma" => vec![pair(json!({"gamma": 2.2}), "im.gamma(exponent=1 / 2.2)")],
        "levels" => vec![pair(json!({"black": 0.2, "white": 0.7}), "im.linear(2, -102, uchar=True)")],
        "threshold" => vec![pair(json!({}), "im > 128")],
        "equalize" => vec![pair(json!({"per_channel": true}), "im.hist_equal()")],
        "modulate" | "hue" => vec![pair(
            if transform == "hue" { json!({"angle_deg": 90}) } else { json!({"saturation": 1.2, "hue_deg": 90}) },
            "(im.colourspace('lch') * [1, 1.2, 1] + [0, 0, 90]).colourspace('srgb')",
        )],
        "opacity" => vec![pair(json!({"opacity": 0.5}), "im.bandjoin(128)")],
        "solarize" | "posterize" => vec![pair(
            json!({}),
            "im.maplut((pyvips.Image.identity() > 128).ifthenelse(pyvips.Image.identity().invert(), pyvips.Image.identity()))",
        )],
        // filter
        "blur" => vec![
            pair(json!({"sigma_px": 2}), "im.gaussblur(2)"),
            pair(json!({"sigma_px": 5}), "im.gaussblur(5)"),
            pair(json!({"sigma_px": 20}), "im.gaussblur(20)"),
        ],
        "box_blur" => vec![pair(json!({"radius_px": 5}), "im.convsep(matrix([[1] * 11], 11))")],
        "median" => vec![pair(json!({"radius_px": 1}), "im.median(3)"), pair(json!({"radius_px": 4}), "im.median(9)")],
        "sharpen" => vec![pair(json!({"sigma_px": 1}), "im.sharpen(sigma=1)")],
        "convolve" => vec![pair(json!({}), "im.conv(matrix([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]))")],
        "morphology" => vec![pair(json!({"operation": "dilate", "radius_px": 2}), "im.rank(5, 5, 24)")],
        "edge" => vec![pair(json!({}), "im.sobel()")],
        "emboss" => vec![pair(json!({}), "im.conv(matrix([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]))")],
        "pixelate" => vec![pair(json!({"size_px": 10}), "im.shrink(10, 10).zoom(10, 10)")],
        "noise" => vec![pair(json!({}), "(im + pyvips.Image.gaussnoise(w, h, mean=0, sigma=20)).cast('uchar')")],
        // compose: the picture laid over is 160 x 120, theirs 400 x 300
        "composite" => vec![
            pair(json!({"width": "50%"}), "im.composite(other.resize(w / 2 / 400), 'over', x=w // 4, y=h // 4)"),
            pair(
                json!({"width": "50%", "blend": "soft_light"}),
                "im.composite(other.resize(w / 2 / 400), 'soft-light', x=w // 4, y=h // 4)",
            ),
        ],
        "append" => vec![pair(json!({}), "im.join(other[:3], 'horizontal', expand=True)")],
        "border" => vec![pair(json!({"width_px": 20}), "im.embed(20, 20, w + 40, h + 40)")],
        "tile" => {
            vec![pair(json!({}), "im.composite(other.replicate(w // 400 + 1, h // 300 + 1).crop(0, 0, w, h), 'over')")]
        }
        // draw
        "rectangle" => vec![pair(
            json!({"x": 100, "y": 100, "width": 800, "height": 600}),
            "im.draw_rect([255, 0, 0], 100, 100, 800, 600, fill=True)",
        )],
        "text" => vec![pair(
            json!({"text": "Safelight", "size_px": 200}),
            "im.composite(pyvips.Image.text('Safelight', font='sans 200px', dpi=72).copy(interpretation='b-w')\
             .bandjoin(pyvips.Image.text('Safelight', font='sans 200px', dpi=72)), 'over', x=100, y=100)",
        )],
        _ => Vec::new(),
    }
}
