//! The standard plugin `compose`: pictures put together.
//!
//! **The picture** is what a transform works on, **the image** another one that a parameter names.
//! **Alpha** is straight in and out; colours are weighted by it while they are mixed, so that what cannot be seen
//! leaves no fringe. **Values** are sRGB-encoded, as the W3C's Compositing and Blending has it. **Rounding** is
//! to nearest. **Time.** All loops are bounded by the sizes of the pictures, whatever the parameters.

mod append;
mod background;
mod blends;
mod border;
mod composite;
mod cutter;
mod displace;
mod dissolve;
mod gradient_fade;
mod grid;
mod length;
mod mask;
mod outline;
mod pictures;
mod placement;
mod polaroid;
mod shadow;
mod sprite;
mod steganography_hide;
mod steganography_read;
#[cfg(test)]
mod tests;
mod tile;
mod underlay;
mod watermark;

safelight_sdk::export!(
    name: "compose",
    summary: "Pictures put together: laid over and under, blended, masked, tiled, framed, packed.",
    transforms: [
        composite::Composite,
        underlay::Underlay,
        background::Background,
        dissolve::Dissolve,
        watermark::Watermark,
        tile::Tile,
        mask::Mask,
        cutter::Cutter,
        displace::Displace,
        append::Append,
        grid::Grid,
        sprite::Sprite,
        border::Border,
        outline::Outline,
        shadow::Shadow,
        polaroid::Polaroid,
        gradient_fade::GradientFade,
        steganography_hide::SteganographyHide,
        steganography_read::SteganographyRead,
    ],
);
