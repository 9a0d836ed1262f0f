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
