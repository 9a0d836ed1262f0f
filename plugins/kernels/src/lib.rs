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
mod blur;
mod color;
mod fir;
mod paint;
mod pixelate;
mod reduced;
mod resize;
mod rotate;
mod sharpen;
mod turn;

pub use alpha::{has_transparency, premultiply, unpremultiply};
pub use blur::gaussian_blur;
pub use color::{
    LUMA, Matrix, Table, apply_matrix, apply_table, grayscale, invert, luma, saturation_matrix, sepia_matrix, table,
};
pub use paint::{FillRule, Layer, Segment, blend_row, paint};
pub use pixelate::pixelate;
pub use resize::{Filter, Window, resize};
pub use rotate::{Interpolation, rotate, rotated_size};
pub use sharpen::unsharp_mask;
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
