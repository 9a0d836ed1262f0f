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

mod alpha;
mod bend;
mod blend;
mod blend_modes;
mod blur;
mod color;
mod composite;
mod displace;
mod distance;
mod fir;
mod hue;
mod mask;
mod pack;
mod pixelate;
mod quantize;
mod reduced;
mod resize;
mod rotate;
mod roughen;
mod sharpen;
mod steganography;
mod tone;
mod turn;

pub use alpha::{has_transparency, premultiply, unpremultiply};
pub use bend::bend;
pub use blend::{Blend, blend_row};
pub use blur::gaussian_blur;
pub use color::{
    LUMA, Matrix, Table, apply_matrix, apply_table, grayscale, invert, luma, saturation_matrix, sepia_matrix, table,
};
pub use composite::{Layer, Paint, composite, tile};
pub use displace::{Beyond, displace};
pub use distance::grow;
pub use hue::{encoded, from_hsl, from_hsv, from_oklab, linear, map_colors, to_hsl, to_hsv, to_oklab};
pub use mask::{fade_alpha, multiply_alpha, rounded_rectangle};
pub use pack::{Sheet, pack};
pub use pixelate::pixelate;
pub use quantize::{Indexed, quantize};
pub use resize::{Filter, Window, resize};
pub use rotate::{Interpolation, rotate, rotated_size};
pub use roughen::{fingerprint, roughen};
pub use sharpen::unsharp_mask;
pub use steganography::{hide, planes_needed, reveal};
pub use tone::{Histogram, apply_tables, curve, ends, equalize, histograms, luma_histogram, mean, mix, stretch};
pub use turn::{cut, extend, half_turn, mirror_columns, mirror_rows, quarter_turn};

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
