//! The standard plugin `filter`: transforms that mix neighbouring pixels, and effects made of them.
//!
//! **Values.** All work on sRGB-encoded values as they are.
//! **Alpha.** Colours are premultiplied while they are mixed: transparent pixels leave no fringe.
//! **Edges.** Beyond the picture its edge pixels are repeated, unless a transform says otherwise.
//! **Time.** All loops are bounded by the picture's size, whatever the parameters.

mod adaptive_blur;
mod adaptive_sharpen;
mod bilateral;
mod blur;
mod box_blur;
mod cartoonify;
mod charcoal;
mod convolve;
mod despeckle;
mod edge;
mod emboss;
mod enhance;
mod median;
mod morphology;
mod motion_blur;
mod noise;
mod oil_paint;
mod pixelate;
mod sharpen;
mod sketch;
mod vignette;

mod length;
mod region;
#[cfg(test)]
mod tests;

safelight_sdk::export!(
    name: "filter",
    summary: "Blur, sharpen, reduce noise, find edges, and effects such as oil paint and vignette.",
    transforms: [
        blur::Blur,
        box_blur::BoxBlur,
        motion_blur::MotionBlur,
        adaptive_blur::AdaptiveBlur,
        bilateral::Bilateral,
        median::Median,
        despeckle::Despeckle,
        enhance::Enhance,
        sharpen::Sharpen,
        adaptive_sharpen::AdaptiveSharpen,
        convolve::Convolve,
        morphology::Morphology,
        edge::Edge,
        emboss::Emboss,
        charcoal::Charcoal,
        sketch::Sketch,
        oil_paint::OilPaint,
        cartoonify::Cartoonify,
        pixelate::Pixelate,
        vignette::Vignette,
        noise::Noise,
    ],
);
