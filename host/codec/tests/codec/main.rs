//! Tests of the crate from outside: bytes in, pixels out, and back.

mod avif;
mod avif_grid;
mod color;
mod damage;
mod decode;
mod deep;
mod few_colors;
mod limits;
mod littlecms;
mod round_trip;
mod support;
