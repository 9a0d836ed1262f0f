//! The standard plugin `filter`: transforms that mix neighbouring pixels.
//!
//! **Alpha.** Colours are premultiplied while they are mixed: transparent pixels leave no fringe.
//! **Edges.** Beyond the picture its edge pixels are repeated.
//! **Time.** All loops are bounded by the picture's size, whatever the parameters.

mod blur;
mod pixelate;
mod sharpen;
#[cfg(test)]
mod tests;

safelight_sdk::export!(
    name: "filter",
    summary: "Blur, sharpen and pixelate pictures.",
    transforms: [blur::Blur, sharpen::Sharpen, pixelate::Pixelate],
);
