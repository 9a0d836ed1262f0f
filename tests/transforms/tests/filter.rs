//! `filter` against SciPy, OpenCV, Pillow and ImageMagick.

use safelight_sdk::{Image, PixelFormat};
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

/// Filters of SciPy on premultiplied colours, edges repeated.
const SCIPY: &str = "
from scipy import ndimage
def each(a, work):
    a = np.asarray(a).astype(float)
    if a.ndim == 2:
        return work(a)
    if a.shape[2] == 4:
        a[..., :3] = np.rint(a[..., :3] * a[..., 3:] / 255)
    out = np.stack([work(a[..., c]) for c in range(a.shape[2])], axis=2)
    if a.shape[2] == 4:
        out[..., :3] *= 255 / np.maximum(out[..., 3:], 1e-9)
        out[out[..., 3] == 0] = 0
    return np.clip(out, 0, 255)
";

fn scipy(work: &str, picture: &Image) -> Image {
    reference::python(&format!("{SCIPY}\nresult = np.rint(each(pictures[0], lambda p: {work}))"), &[picture])
}

#[test]
fn box_blur_is_scipys_uniform_filter() {
    for radius in [1, 4, 30] {
        for (name, picture) in each_format() {
            let made = run("box_blur", json!({"radius_px": radius}), &picture);
            let expected = scipy(&format!("ndimage.uniform_filter(p, {}, mode='nearest')", 2 * radius + 1), &picture);
            compare(&format!("box_blur-{radius}-{name}"), &made, &expected, Tolerance::max(1));
        }
    }
}

#[test]
fn median_is_scipys_median_filter() {
    for radius in [1, 2, 9] {
        for (name, picture) in each_format() {
            let made = run("median", json!({"radius_px": radius}), &picture);
            let expected = scipy(&format!("ndimage.median_filter(p, {}, mode='nearest')", 2 * radius + 1), &picture);
            // Of alpha values below 255, dividing rounds.
            compare(&format!("median-{radius}-{name}"), &made, &expected, Tolerance::max(1));
        }
    }
}

#[test]
fn morphology_is_scipys() {
    let picture = pictures::photo(97, 61);
    for radius in [1, 3, 8] {
        let side = 2 * radius + 1;
        let erode = |inner: &str| format!("ndimage.grey_erosion({inner}, size=({side}, {side}), mode='nearest')");
        let dilate = |inner: &str| format!("ndimage.grey_dilation({inner}, size=({side}, {side}), mode='nearest')");
        let cases = [
            ("erode", erode("p")),
            ("dilate", dilate("p")),
            ("open", dilate(&erode("p"))),
            ("close", erode(&dilate("p"))),
        ];
        for (operation, work) in cases {
            let made = run("morphology", json!({"operation": operation, "radius_px": radius}), &picture);
            compare(&format!("{operation}-{radius}"), &made, &scipy(&work, &picture), Tolerance::EXACT);
        }
    }
}

#[test]
fn convolve_is_scipys_correlation() {
    let sharpen = json!([0, -1, 0, -1, 5, -1, 0, -1, 0]);
    let uneven: Vec<f64> = (0..25).map(|index| f64::from(index * 7 % 11) - 3.0).collect();
    let wide: Vec<f64> = (0..49).map(|index| f64::from(index % 9)).collect();
    for (name, side, matrix, divisor, bias) in [
        ("sharpen", 3, sharpen, 1.0, 0.0),
        ("uneven", 5, json!(uneven), 40.0, 60.0),
        ("wide", 7, json!(wide), 180.0, -10.0),
    ] {
        let picture = pictures::photo(97, 61);
        let made = run("convolve", json!({"matrix": matrix, "divisor": divisor, "bias": bias}), &picture);
        let work = format!(
            "ndimage.correlate(p, np.array({matrix}, float).reshape({side}, {side}) / {divisor}, mode='nearest') + {bias}"
        );
        compare(&format!("convolve-{name}"), &made, &scipy(&work, &picture), Tolerance::max(1).mean(0.1));
    }
}

#[test]
fn edges_and_emboss_are_scipys_derivatives() {
    let picture = pictures::photo(97, 61);
    let sobel = |axis: u32| format!("ndimage.sobel(p, axis={axis}, mode='nearest')");
    let length = format!("0.5 * np.hypot({}, {})", sobel(0), sobel(1));
    let made = run("edge", json!({"strength": 0.5}), &picture);
    compare("edge-sobel", &made, &scipy(&length, &picture), Tolerance::max(1));
    let around = "np.abs(9 * p - ndimage.correlate(p, np.ones((3, 3)), mode='nearest'))";
    let made = run("edge", json!({"kind": "laplacian"}), &picture);
    compare("edge-laplacian", &made, &scipy(around, &picture), Tolerance::EXACT);
    // Lit from 30 degrees below the right: dark where the picture rises towards there.
    let slope = format!("128 - 2 / 8 * ({} * np.cos(np.pi / 6) + {} * np.sin(np.pi / 6))", sobel(1), sobel(0));
    let made = run("emboss", json!({"angle_deg": 30, "depth": 2}), &picture);
    compare("emboss", &made, &scipy(&slope, &picture), Tolerance::max(1));
}

#[test]
fn motion_blur_is_a_mean_along_rows_or_columns() {
    let picture = pictures::photo(97, 61);
    for (angle, axis) in [(0, 1), (90, 0), (180, 1)] {
        let made = run("motion_blur", json!({"length_px": 9, "angle_deg": angle}), &picture);
        let expected = scipy(&format!("ndimage.uniform_filter1d(p, 9, axis={axis}, mode='nearest')"), &picture);
        compare(&format!("motion_blur-{angle}"), &made, &expected, Tolerance::max(1));
    }
}

#[test]
fn bilateral_is_near_the_full_filter_of_opencv() {
    let picture = pictures::noisy(97, 61, PixelFormat::Gray8, 5);
    let photo = pictures::gray(97, 61);
    let program = "
        import cv2
        a = np.asarray(pictures[0].convert('L'))
        result = cv2.bilateralFilter(a, 13, 30, 3, borderType=cv2.BORDER_REPLICATE)
    ";
    // The separable form is an approximation, and pure noise its worst case.
    for (name, picture, psnr) in [("photo", &photo, 40.0), ("noise", &picture, 24.0)] {
        let made = run("bilateral", json!({"sigma_px": 3, "range_levels": 30}), picture);
        let tolerance = Tolerance::max(255).psnr(psnr);
        compare(&format!("bilateral-{name}"), &made, &reference::python(program, &[picture]), tolerance);
    }
}

#[test]
fn despeckle_and_enhance_are_imagemagicks() {
    for (name, picture) in [("gray", pictures::gray(97, 61)), ("photo", pictures::photo(97, 61))] {
        let made = run("despeckle", json!({}), &picture);
        // ImageMagick takes black beyond the edges, which reaches as far as there are passes.
        let expected = reference::magick(&["-despeckle"], &[&picture]);
        compare(&format!("despeckle-{name}"), &made, &expected, Tolerance::EXACT.inside(16));
        let made = run("enhance", json!({}), &picture);
        let expected = reference::magick(&["-enhance"], &[&picture]);
        // A neighbour just at the limit counts for one and not for the other.
        compare(&format!("enhance-{name}"), &made, &expected, Tolerance::max(1).inside(3).but_for(0.02));
    }
}

#[test]
fn sharpen_stands_for_imagemagicks_sharpen_and_unsharp() {
    let picture = pictures::photo(97, 61);
    // Its kernel has twice the sum of the Gaussian in the middle: the difference counts 1 / (1 + 1 / (2 pi sigma^2)).
    let sigma = 1.0;
    let amount = 1.0 / (1.0 + 1.0 / (2.0 * std::f64::consts::PI * sigma * sigma));
    let made = run("sharpen", json!({"sigma_px": sigma, "amount": amount}), &picture);
    let expected = reference::magick(&["-sharpen", "0x1"], &[&picture]);
    compare("sharpen-magick", &made, &expected, Tolerance::max(3).mean(0.6));
    // Its threshold is a share of full range that twice the difference must reach: 0.05 * 255 / 2 = 6.4.
    // It compares before rounding: differences between 6.4 and 6.5 count there and not here.
    let made = run("sharpen", json!({"sigma_px": 1, "amount": 1.5, "threshold": 6}), &picture);
    let expected = reference::magick(&["-unsharp", "0x1+1.5+0.05"], &[&picture]);
    compare("unsharp-magick", &made, &expected, Tolerance::max(3).mean(0.6).but_for(0.05));
}

#[test]
fn oil_paint_is_the_mean_of_the_most_frequent_level() {
    let picture = pictures::gray(40, 30);
    let program = "
        a = np.asarray(pictures[0].convert('L')).astype(int)
        level = a * 12 // 256
        result = np.zeros_like(a)
        for y in range(a.shape[0]):
            for x in range(a.shape[1]):
                window = np.s_[max(y - 3, 0):y + 4, max(x - 3, 0):x + 4]
                most = np.bincount(level[window].ravel()).argmax()
                result[y, x] = int(np.floor(a[window][level[window] == most].mean() + 0.5))
    ";
    let made = run("oil_paint", json!({"radius_px": 3, "levels": 12}), &picture);
    compare("oil_paint", &made, &reference::python(program, &[&picture]), Tolerance::EXACT);
}

#[test]
fn adaptive_filters_follow_scipys_edges() {
    let program = format!(
        "{GAUSSIAN}
from scipy import ndimage
a = np.asarray(pictures[0].convert('L')).astype(float)
slope = np.hypot(ndimage.sobel(a, axis=0, mode='nearest'), ndimage.sobel(a, axis=1, mode='nearest')) / 4
edge = gaussian(np.minimum(slope, 255), 1.0)
edge = edge / edge.max()
blurred = gaussian(a, 2.0)
"
    );
    let picture = pictures::text(97, 61);
    // Edges are kept in 8 bits, and stretched.
    let tolerance = Tolerance::max(6).mean(1.0);
    let made = run("adaptive_blur", json!({"sigma_px": 2}), &picture);
    let expected =
        reference::python(&format!("{program}\nresult = np.rint(a + (1 - edge) * (blurred - a))"), &[&picture]);
    compare("adaptive_blur", &made, &expected, tolerance);
    let made = run("adaptive_sharpen", json!({"sigma_px": 2, "amount": 1}), &picture);
    let program = format!("{program}\nresult = np.clip(np.rint(a + edge * (a - blurred)), 0, 255)");
    compare("adaptive_sharpen", &made, &reference::python(&program, &[&picture]), tolerance);
}

#[test]
fn vignette_is_imagemagicks() {
    let picture = pictures::photo(97, 61);
    for (sigma, psnr) in [(4, 36.0), (10, 36.0)] {
        let made = run("vignette", json!({"color": "#204060", "x": 6, "y": 5, "sigma": sigma}), &picture);
        let shape = format!("0x{sigma}+6+5");
        let expected = reference::magick(&["-background", "#204060", "-vignette", &shape], &[&picture]);
        compare(&format!("vignette-{sigma}"), &made, &expected, Tolerance::max(255).psnr(psnr));
    }
}

#[test]
fn noise_has_the_moments_that_numpy_finds() {
    let picture = pictures::flat(200, 150, PixelFormat::Rgb8, &[128, 128, 128]);
    let program = "a = np.asarray(pictures[0].convert('RGB')).astype(float)\nresult = [a.mean(), a.std()]";
    for (kind, deviation) in [("gaussian", 25.5), ("uniform", 25.5 / 3f64.sqrt()), ("poisson", 18.07)] {
        let made = run("noise", json!({"kind": kind, "strength": 0.1}), &picture);
        let found = reference::python_data(program, &[&made]);
        let (mean, found) = (found[0].as_f64().expect("a number"), found[1].as_f64().expect("a number"));
        assert!((mean - 128.0).abs() < 0.5 && (found / deviation - 1.0).abs() < 0.02, "{kind}: {mean} {found}");
    }
}
