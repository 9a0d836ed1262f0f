//! One file per format, or per pair of small ones.

mod avif;
mod bitmaps;
mod gif;
mod jpeg;
mod png;
mod tiff;
mod webp;

pub(crate) use avif::{fits as avif_fits, write as avif};
pub(crate) use bitmaps::{write_bmp as bmp, write_ico as ico};
pub(crate) use gif::write as gif;
pub(crate) use jpeg::write as jpeg;
pub(crate) use png::write as png;
pub(crate) use tiff::write as tiff;
pub(crate) use webp::write as webp;
