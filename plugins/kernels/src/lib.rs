//! The picture mathematics of the standard plugins, on plain buffers.
//!
//! Every function takes packed rows from top to bottom (`width * height * channels` bytes, 8 bits a
//! channel, sRGB-encoded values as they are, straight alpha) and the sizes beside them. There is no
//! Wasm, no JSON and no I/O here: all of it is tested natively.
//!
//! **Alpha.** Whatever mixes neighbouring pixels does so on premultiplied values, so that the colour
//! of transparent pixels never bleeds into visible ones.
//! **Edges.** Outside the picture the nearest edge pixel is repeated (clamped), unless a function
//! says otherwise.
//! **Loops.** All are bounded by the picture's size or by a parameter's checked range. Inner loops
//! handle many bytes per turn, so that the interruption checks that a host may compile into every
//! loop weigh little.
//!
//! Callers keep the buffers' lengths right; a wrong length is a bug and panics.

mod affine;
mod alpha;
mod attention;
mod bend;
mod bilateral;
mod blend;
mod blend_modes;
mod blur;
mod box_blur;
mod color;
mod composite;
mod corners;
mod cube;
mod despeckle;
mod displace;
mod distance;
mod dominant;
mod edge;
mod enhance;
mod features;
mod fir;
mod frequent;
mod hash;
mod hue;
mod lanes;
mod mask;
mod matrix_alpha;
mod median;
mod morphology;
mod noise;
mod oil_paint;
mod ordered_dither;
mod pack;
mod paint;
mod pixelate;
mod quantize;
mod quantize_alpha;
mod reduced;
mod resize;
mod rotate;
mod roughen;
mod rows;
mod seams;
mod sharpen;
mod sketch;
mod skew;
mod statistics;
mod steganography;
mod taps;
mod template;
mod tone;
mod turn;
mod vignette;
mod warp;

pub use alpha::{has_transparency, premultiply, unpremultiply};
pub use attention::attention;
pub use bend::bend;
pub use bilateral::bilateral;
pub use blend::Blend;
pub use blur::{gaussian_blur, gaussian_blur_within};
pub use box_blur::box_blur;
pub use color::{
    LUMA, Matrix, Table, apply_matrix, apply_table, grayscale, invert, luma, saturation_matrix, sepia_matrix, table,
};
pub use composite::{Layer, Paint, composite, tile};
pub use corners::{Corners, round_corners};
pub use cube::Cube;
pub use despeckle::despeckle;
pub use displace::{Beyond, displace};
pub use distance::grow;
pub use dominant::{Dominant, dominant_colors};
pub use edge::{Edges, adaptive_blur, adaptive_sharpen, edge};
pub use enhance::enhance;
pub use features::{Features, Found, find_object};
pub use frequent::frequent_color;
pub use hash::{MARR_HILDRETH_BYTES, average_hash, dct_hash, difference_hash, hash_distance, marr_hildreth_hash};
pub use hue::{encoded, from_hsl, from_hsv, from_oklab, linear, map_colors, to_hsl, to_hsv, to_oklab};
pub use mask::{fade_alpha, multiply_alpha, rounded_rectangle};
pub use matrix_alpha::apply_matrix_with_alpha;
pub use median::median;
pub use morphology::{Morphology, morphology};
pub use noise::{Noise, noise};
pub use oil_paint::oil_paint;
pub use ordered_dither::{Dither, ordered_dither};
pub use pack::{Sheet, pack};
pub use paint::{FillRule, Segment, Shape, lay_row, lay_run, paint};
pub use pixelate::pixelate;
pub use quantize::{Indexed, quantize};
pub use quantize_alpha::quantize_alpha;
pub use resize::{Filter, Window, resize};
pub use rotate::{Interpolation, rotate, rotated_size};
pub use roughen::{fingerprint, roughen};
pub use seams::{LONGEST_STEP, MOST_VISITS, Seams, carve, carve_visits};
pub use sharpen::{unsharp_mask, unsharp_mask_within};
pub use sketch::{Cartoon, cartoonify, charcoal, sketch};
pub use skew::skew_deg;
pub use statistics::{
    Summary, alpha_histogram, colorfulness, is_gray, laplacian_variance, mean_squared_error, noise_deviation, ssim,
    summary,
};
pub use steganography::{hide, planes_needed, reveal};
pub use taps::{convolve, emboss, motion_blur};
pub use template::{Match, Search, match_template};
pub use tone::{Histogram, apply_tables, curve, ends, equalize, histograms, luma_histogram, mean, mix, stretch};
pub use turn::{cut, extend, half_turn, mirror_columns, mirror_rows, quarter_turn};
pub use vignette::{Vignette, vignette};
pub use warp::{Mapping, warp};

/// Bytes of a picture.
///
/// # Panics
/// When the number does not fit an address.
fn bytes(width: u32, height: u32, channels: usize) -> usize {
    (width as usize)
        .checked_mul(height as usize)
        .and_then(|pixels| pixels.checked_mul(channels))
        .expect("a picture that fits the address space")
}
