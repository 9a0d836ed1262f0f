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
