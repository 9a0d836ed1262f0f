//! `filter` against SciPy, Pillow and ImageMagick.

use safelight_sdk::Image;
use serde_json::json;
use transform_tests::{Tolerance, compare, pictures, reference, run};

fn each_format() -> [(&'static str, Image); 3] {
    [("gray", pictures::text(97, 61)), ("photo", pictures::photo(97, 61)), ("cutout", pictures::cutout(97, 61))]
}

/// A Gaussian by SciPy: exact up to six deviations, edges repeated, colours premultiplied.
const GAUSSIAN: &str = "
from scipy.ndimage import gaussian_filter
def gaussian(a, sigma):
    a = a.astype(float)
    if a.ndim == 2:
        return gaussian_filter(a, sigma, mode='nearest', truncate=6)
    if a.shape[2] == 4:
        a[..., :3] *= a[..., 3:] / 255
    out = gaussian_filter(a, (sigma, sigma, 0), mode='nearest', truncate=6)
    if a.shape[2] == 4:
        out[..., :3] *= 255 / np.maximum(out[..., 3:], 1e-9)
    return np.clip(out, 0, 255)
";

#[test]
fn blur_is_the_gaussian_that_scipy_sums_up() {
    for sigma in [0.6, 2.0, 5.0, 12.0] {
        let program = format!("{GAUSSIAN}\nresult = np.rint(gaussian(np.asarray(pictures[0]), {sigma}))");
        for (name, picture) in each_format() {
            let made = run("blur", json!({"sigma_px": sigma}), &picture);
            let expected = reference::python(&program, &[&picture]);
            compare(&format!("blur-{sigma}-{name}"), &made, &expected, Tolerance::max(3).mean(0.6));
        }
    }
}

#[test]
fn sharpen_adds_the_difference_from_scipys_gaussian() {
    let program = format!(
        "{GAUSSIAN}
a = np.asarray(pictures[0]).astype(float)
result = np.clip(np.rint(a + 0.8 * (a - gaussian(a, 1.5))), 0, 255)"
    );
    for (name, picture) in [("gray", pictures::text(97, 61)), ("photo", pictures::photo(97, 61))] {
        let made = run("sharpen", json!({"sigma_px": 1.5, "amount": 0.8}), &picture);
        let expected = reference::python(&program, &[&picture]);
        compare(&format!("sharpen-{name}"), &made, &expected, Tolerance::max(3).mean(0.6));
    }
}

#[test]
fn pixelate_is_a_box_resize_down_and_hard_pixels_up() {
    // 96 x 60 is a whole number of squares, so that a reduction by a box is the mean of each square.
    let picture = pictures::photo(96, 60);
    let program = "
        w, h = pictures[0].size
        small = pictures[0].resize((w // 6, h // 6), Image.BOX)
        result = small.resize((w, h), Image.NEAREST)
    ";
    let made = run("pixelate", json!({"size_px": 6}), &picture);
    compare("pixelate", &made, &reference::python(program, &[&picture]), Tolerance::max(1));
}
