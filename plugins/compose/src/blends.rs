//! The names of operators and blend modes.

use safelight_kernels as kernels;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! blends {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {
        /// How the image joins with the picture below it; formulas in the kernel.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum Blend {
            $($(#[$meta])* $name),+
        }

        impl Blend {
            pub(crate) const fn kernel(self) -> kernels::Blend {
                match self {
                    $(Blend::$name => kernels::Blend::$name),+
                }
            }
        }
    };
}

blends! {
    /// The image over the picture.
    #[default]
    Over,
    /// Nothing at all.
    Clear,
    /// The image alone.
    Src,
    /// The picture alone.
    Dst,
    /// The picture over the image.
    DstOver,
    /// The image where the picture is.
    In,
    /// The picture where the image is.
    DstIn,
    /// The image where the picture is not.
    Out,
    /// The picture where the image is not.
    DstOut,
    /// The image over the picture, where the picture is.
    Atop,
    /// The picture over the image, where the image is.
    DstAtop,
    /// Either of them where the other one is not.
    Xor,
    /// The sum of both, alpha as well.
    Plus,
    /// The product: never brighter.
    Multiply,
    /// The product of negatives: never darker.
    Screen,
    /// Multiply where the picture is dark, screen where it is bright.
    Overlay,
    /// The darker one, channel by channel.
    Darken,
    /// The brighter one, channel by channel.
    Lighten,
    /// The picture brightened towards the image.
    ColorDodge,
    /// The picture darkened towards the image.
    ColorBurn,
    /// Multiply where the image is dark, screen where it is bright.
    HardLight,
    /// Like hard_light, softer.
    SoftLight,
    /// The distance of both.
    Difference,
    /// Like difference, with less contrast.
    Exclusion,
    /// The image's hue with the picture's saturation and luminosity.
    Hue,
    /// The image's saturation with the picture's hue and luminosity.
    Saturation,
    /// The image's hue and saturation with the picture's luminosity.
    Color,
    /// The image's luminosity with the picture's hue and saturation.
    Luminosity,
    /// The sum, at most white.
    LinearDodge,
    /// The sum less white.
    LinearBurn,
    /// The picture and twice the image, less white.
    LinearLight,
    /// Burn by twice the image where it is dark, dodge where it is bright.
    VividLight,
    /// Darken by twice the image where it is dark, lighten where it is bright.
    PinLight,
    /// Full or nothing of every channel, as the sum reaches white.
    HardMix,
    /// A soft light without a break in its curve.
    PegtopLight,
    /// The picture less the image.
    MinusSrc,
    /// The image less the picture.
    MinusDst,
    /// The picture divided by the image.
    DivideSrc,
    /// The image divided by the picture.
    DivideDst,
    /// The sum, from black again when over white.
    ModulusAdd,
    /// The image less the picture, from white again when under black.
    ModulusSubtract,
    /// The pixel of less luma.
    DarkenIntensity,
    /// The pixel of more luma.
    LightenIntensity,
    /// The picture multiplied by the image's luma.
    Bumpmap,
    /// The image's alpha, or its luma if it has none, instead of the picture's alpha.
    CopyAlpha,
    /// The image's red instead of the picture's.
    CopyRed,
    /// The image's green instead of the picture's.
    CopyGreen,
    /// The image's blue instead of the picture's.
    CopyBlue,
}
