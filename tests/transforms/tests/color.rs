//! `color` against ImageMagick and the formulas of the W3C's Filter Effects in numpy.

use serde_json::json;
use transform_tests::{Tolerance, compare, pictures, reference, run};

/// ImageMagick works in 16 bits and does not always round to nearest when it makes 8 of them.
const ROUNDING: Tolerance = Tolerance::max(1).mean(0.5);

#[test]
fn curves_are_as_imagemagick_draws_them() {
    let photo = pictures::photo(97, 61);
    let cases = [
        ("invert", json!({}), vec!["-negate"]),
        ("brightness", json!({"amount": 1.4}), vec!["-evaluate", "multiply", "1.4"]),
        ("brightness", json!({"amount": 0.3}), vec!["-evaluate", "multiply", "0.3"]),
        ("contrast", json!({"amount": 1.8}), vec!["-function", "polynomial", "1.8,-0.4"]),
        ("gamma", json!({"gamma": 2.2}), vec!["-gamma", "2.2"]),
        ("gamma", json!({"gamma": 0.5}), vec!["-gamma", "0.5"]),
        ("grayscale", json!({}), vec!["-grayscale", "Rec709Luma"]),
    ];
    for (transform, params, args) in cases {
        let made = run(transform, params, &photo);
        compare(transform, &made, &reference::magick(&args, &[&photo]), ROUNDING);
    }
}

#[test]
fn tones_are_as_imagemagick_makes_them() {
    let photo = pictures::photo(97, 61);
    let cases = [
        ("levels", json!({"black": 0.2, "white": 0.7, "gamma": 1.3}), vec!["-level", "20%,70%,1.3"]),
        ("levels", json!({"black": 0.2, "white": 0.7, "inverse": true}), vec!["+level", "20%,70%"]),
        ("threshold", json!({"level": 0.4}), vec!["-channel", "RGB", "-threshold", "39.99%"]),
        ("solarize", json!({"level": 0.6}), vec!["-solarize", "60%"]),
        ("sigmoidal_contrast", json!({"amount": 5}), vec!["-sigmoidal-contrast", "5,50%"]),
        ("sigmoidal_contrast", json!({"amount": -4, "midpoint": 0.3}), vec!["+sigmoidal-contrast", "4,30%"]),
        ("auto_level", json!({"per_channel": true}), vec!["-separate", "-auto-level", "-combine"]),
        ("blue_shift", json!({"factor": 1.5}), vec!["-blue-shift", "1.5"]),
        ("channels", json!({"red": [0, 0, 1], "blue": [1, 0, 0]}), vec!["-color-matrix", "0 0 1 0 1 0 1 0 0"]),
    ];
    for (transform, params, args) in cases {
        let made = run(transform, params, &photo);
        compare(transform, &made, &reference::magick(&args, &[&photo]), ROUNDING);
    }
    // Its HSL works in other steps of rounding.
    let made = run("modulate", json!({"brightness": 0.8, "saturation": 1.2, "hue_deg": 90}), &photo);
    let args = ["-define", "modulate:colorspace=HSL", "-modulate", "80,120,150"];
    compare("modulate", &made, &reference::magick(&args, &[&photo]), Tolerance::max(2).mean(0.6));
    let cutout = pictures::cutout(97, 61);
    let made = run("flatten", json!({"color": "teal"}), &cutout);
    compare("flatten", &made, &reference::magick(&["-background", "#008080", "-flatten"], &[&cutout]), ROUNDING);
    let made = run("opacity", json!({"opacity": 0.5}), &cutout);
    let args = ["-channel", "A", "-evaluate", "multiply", "0.5"];
    compare("opacity", &made, &reference::magick(&args, &[&cutout]), ROUNDING);
}

#[test]
fn few_colours_are_chosen_as_well_as_by_pillow() {
    let photo = pictures::photo(97, 61);
    let near = |made: &safelight_sdk::Image| -> f64 {
        let pairs = made.pixels.iter().zip(&photo.pixels);
        pairs.map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum::<f64>() / made.pixels.len() as f64
    };
    for colors in [8, 32, 128] {
        let ours = near(&run("quantize", json!({"colors": colors}), &photo));
        let program = format!(
            "result = pictures[0].convert('RGB').quantize({colors}, Image.Quantize.MEDIANCUT, dither=0).convert('RGB')"
        );
        let theirs = near(&reference::python(&program, &[&photo]));
        assert!(ours <= theirs * 1.1, "{colors} colours: mean squared error {ours:.1}, Pillow's {theirs:.1}");
    }
}

#[test]
fn sepia_is_the_matrix_of_filter_effects() {
    let photo = pictures::photo(97, 61);
    let matrix = "0.393 0.769 0.189 0.349 0.686 0.168 0.272 0.534 0.131";
    let expected = reference::magick(&["-color-matrix", matrix], &[&photo]);
    compare("sepia", &run("sepia", json!({}), &photo), &expected, ROUNDING);
}

#[test]
fn saturation_is_the_matrix_of_filter_effects_and_leaves_alpha() {
    let program = "
        s = 1.7
        a = np.asarray(pictures[0]).astype(float)
        keep = np.array([0.2126, 0.7152, 0.0722]) * (1 - s)
        matrix = np.tile(keep, (3, 1)) + np.eye(3) * s
        a[..., :3] = np.clip(np.rint(a[..., :3] @ matrix.T), 0, 255)
        result = a
    ";
    for picture in [pictures::photo(97, 61), pictures::cutout(97, 61)] {
        let made = run("saturation", json!({"amount": 1.7}), &picture);
        compare("saturation", &made, &reference::python(program, &[&picture]), Tolerance::max(2).mean(0.3));
    }
}
