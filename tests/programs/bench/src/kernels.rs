//! The kernels that are measured, by name: natively by `plugins/kernels/examples/kernel_bench.rs`, and in the
//! guest by the transform `bench`.

use std::hint::black_box;

use safelight_kernels as kernels;
use safelight_kernels::{Filter, Interpolation, Window};

/// The names that `run` knows.
pub(crate) const NAMES: &[&str] = &[
    "resize",
    "blur_2",
    "blur_5",
    "blur_20",
    "sharpen",
    "pixelate",
    "box_blur",
    "motion_blur",
    "median_1",
    "median_2",
    "median_20",
    "bilateral",
    "adaptive_blur",
    "adaptive_sharpen",
    "despeckle",
    "enhance",
    "convolve_3",
    "convolve_7",
    "dilate",
    "edge",
    "emboss",
    "charcoal",
    "sketch",
    "oil_paint",
    "cartoonify",
    "vignette",
    "noise",
    "invert",
    "grayscale",
    "saturation",
    "gamma",
    "mirror",
    "quarter_turn",
    "rotate",
];

/// Runs a kernel once on an opaque RGBA picture. What is made of another size is thrown away.
/// False when there is no such kernel.
pub(crate) fn run(kernel: &str, pixels: &mut [u8], size: (u32, u32)) -> bool {
    match kernel {
        // To a fifth on each side: 4000 x 3000 to 800 x 600.
        "resize" => {
            let to = ((size.0 / 5).max(1), (size.1 / 5).max(1));
            let window = Window::whole(size.0, size.1);
            drop(black_box(kernels::resize(pixels, size, 4, window, to, Filter::Lanczos3)));
        }
        "blur_2" => kernels::gaussian_blur(pixels, size, 4, 2.0),
        "blur_5" => kernels::gaussian_blur(pixels, size, 4, 5.0),
        "blur_20" => kernels::gaussian_blur(pixels, size, 4, 20.0),
        "sharpen" => kernels::unsharp_mask(pixels, size, 4, 1.0, 1.0, 2),
        "pixelate" => kernels::pixelate(pixels, size, 4, 10),
        "box_blur" => kernels::box_blur(pixels, size, 4, 5),
        "motion_blur" => kernels::motion_blur(pixels, size, 4, 10.0, 30.0),
        "median_1" => kernels::median(pixels, size, 4, 1),
        "median_2" => kernels::median(pixels, size, 4, 2),
        "median_20" => kernels::median(pixels, size, 4, 20),
        "bilateral" => kernels::bilateral(pixels, size, 4, 3.0, 30.0),
        "adaptive_blur" => kernels::adaptive_blur(pixels, size, 4, 1.0),
        "adaptive_sharpen" => kernels::adaptive_sharpen(pixels, size, 4, 1.0, 1.0),
        "despeckle" => kernels::despeckle(pixels, size, 4),
        "enhance" => kernels::enhance(pixels, size, 4),
        "convolve_3" => kernels::convolve(pixels, size, 4, &[1.0 / 9.0; 9], 0.0, false),
        "convolve_7" => kernels::convolve(pixels, size, 4, &[1.0 / 49.0; 49], 0.0, false),
        "dilate" => kernels::morphology(pixels, size, 4, kernels::Morphology::Dilate, 3),
        "edge" => kernels::edge(pixels, size, 4, kernels::Edges::Sobel, 1.0),
        "emboss" => kernels::emboss(pixels, size, 4, 225.0, 1.0),
        "charcoal" => kernels::charcoal(pixels, size, 4, 1.0, 1.0),
        "sketch" => kernels::sketch(pixels, size, 4, (2.0, 0.0), 0.8, 0),
        "oil_paint" => kernels::oil_paint(pixels, size, 4, 3, 20),
        "cartoonify" => {
            let cartoon = kernels::Cartoon { line: 0.5, reduction: 0.5, black_and_white: false };
            kernels::cartoonify(pixels, size, 4, &cartoon);
        }
        "vignette" => {
            let shape = kernels::Vignette { x: 10.0, y: 10.0, sigma: 10.0, radius: u32::MAX, strength: 1.0 };
            kernels::vignette(pixels, size, 4, &[0, 0, 0, 255], &shape);
        }
        "noise" => kernels::noise(pixels, size, 4, kernels::Noise::Gaussian, 0.1, false, 0),
        "invert" => kernels::invert(pixels, 4),
        "grayscale" => drop(black_box(kernels::luma(pixels, 4))),
        "saturation" => kernels::apply_matrix(pixels, 4, &kernels::saturation_matrix(1.5)),
        "gamma" => kernels::apply_table(pixels, 4, &kernels::table(|value| value.powf(0.9))),
        "mirror" => kernels::mirror_columns(pixels, size.0, 4),
        "quarter_turn" => drop(black_box(kernels::quarter_turn(pixels, size, 4, true))),
        "rotate" => {
            let background = [0, 0, 0, 255];
            drop(black_box(kernels::rotate(pixels, size, &background, 30.0, Interpolation::Bilinear)));
        }
        _ => return false,
    }
    black_box(pixels);
    true
}
