//! The standard plugin `geometry`: transforms that change where pixels are.
//!
//! **Rounding of sizes.** A length that is computed is rounded half up and is at least 1 pixel.
//! **Positions.** x grows to the right, y downwards; angles are clockwise.
//! **Time.** All loops are bounded by the sizes of picture and result.

mod crop;
mod deskew;
mod distort;
mod flip;
mod length;
mod liquid_rescale;
mod pad;
mod placement;
mod resize;
mod rotate;
mod rounded_corners;
mod shear;
#[cfg(test)]
mod tests;
mod trim;

safelight_sdk::export!(
    name: "geometry",
    summary: "Resize, crop, turn, bend, pad, trim and round off pictures.",
    transforms: [
        resize::Resize,
        crop::Crop,
        rotate::Rotate,
        flip::Flip,
        pad::Pad,
        trim::Trim,
        rounded_corners::RoundedCorners,
        shear::Shear,
        distort::Distort,
        deskew::Deskew,
        liquid_rescale::LiquidRescale,
    ],
);
