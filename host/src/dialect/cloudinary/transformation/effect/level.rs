//! Effects that take at most one number.

use crate::dialect::cloudinary::transformation::{Decimal, words::words};

words! {
    /// An effect without values.
    pub enum Plain {
        /// No colours.
        Grayscale = "grayscale",
        /// Opposite colours.
        Negate = "negate",
        /// Removes red eyes.
        Redeye = "redeye",
        /// Removes red eyes, by an add-on.
        AdvRedeye = "adv_redeye",
        /// Layer: inverse product of the inverses.
        Screen = "screen",
        /// Layer: product.
        Multiply = "multiply",
        /// Layer: screen or multiply by the base's brightness.
        Overlay = "overlay",
        /// Layer: its brightness becomes the base's opacity.
        Mask = "mask",
        /// Layer: its opacity is cut out of the base.
        CutOut = "cut_out",
        /// Layer: takes the place of a layer of a Photoshop file.
        ReplaceLayer = "replace_layer",
        /// Layer: moves pixels by its colours.
        Displace = "displace",
    }
}

words! {
    /// An effect with one number.
    pub enum Level {
        /// Brown tones.
        Sepia = "sepia",
        /// Two tones.
        Blackwhite = "blackwhite",
        /// Brightness.
        Brightness = "brightness",
        /// Brightness of the HSB model.
        BrightnessHsb = "brightness_hsb",
        /// Sigmoidal contrast.
        Contrast = "contrast",
        /// Saturation.
        Saturation = "saturation",
        /// Turns hues.
        Hue = "hue",
        /// Red channel.
        Red = "red",
        /// Green channel.
        Green = "green",
        /// Blue channel.
        Blue = "blue",
        /// Gamma.
        Gamma = "gamma",
        /// Saturation of weak colours.
        Vibrance = "vibrance",
        /// Blur.
        Blur = "blur",
        /// Blur within x, y, w, h.
        BlurRegion = "blur_region",
        /// Blur of faces.
        BlurFaces = "blur_faces",
        /// Squares.
        Pixelate = "pixelate",
        /// Squares within x, y, w, h.
        PixelateRegion = "pixelate_region",
        /// Squares over faces.
        PixelateFaces = "pixelate_faces",
        /// Sharpening.
        Sharpen = "sharpen",
        /// Unsharp mask.
        UnsharpMask = "unsharp_mask",
        /// Brightness by histogram.
        AutoBrightness = "auto_brightness",
        /// Colours by histogram.
        AutoColor = "auto_color",
        /// Contrast by histogram.
        AutoContrast = "auto_contrast",
        /// Mixes in the colour `co_`.
        Colorize = "colorize",
        /// One colour becomes transparent.
        MakeTransparent = "make_transparent",
        /// Opacity becomes all or nothing.
        OpacityThreshold = "opacity_threshold",
        /// Darker borders.
        Vignette = "vignette",
        /// Oil paint.
        OilPaint = "oil_paint",
        /// Dither pattern.
        OrderedDither = "ordered_dither",
        /// Noise.
        Noise = "noise",
        /// A shadow of the colour `co_` at `x_`, `y_`.
        Shadow = "shadow",
        /// Layer: hard to remove.
        AntiRemoval = "anti_removal",
        /// Animations: how often.
        Loop = "loop",
    }
}

impl Level {
    /// The least and greatest value. Values outside are taken as the nearest inside.
    pub const fn range(self) -> (f64, f64) {
        match self {
            Self::Sepia | Self::OpacityThreshold => (1.0, 100.0),
            Self::Brightness | Self::BrightnessHsb => (-99.0, 100.0),
            Self::Contrast | Self::Saturation | Self::Hue | Self::Vibrance => (-100.0, 100.0),
            Self::Red | Self::Green | Self::Blue => (-100.0, 100.0),
            Self::Gamma => (-50.0, 150.0),
            Self::Blur | Self::BlurRegion | Self::BlurFaces | Self::Sharpen | Self::UnsharpMask => (1.0, 2000.0),
            Self::Pixelate | Self::PixelateRegion | Self::PixelateFaces => (1.0, 2000.0),
            Self::OrderedDither => (0.0, 18.0),
            Self::Loop => (0.0, 10_000.0),
            Self::Blackwhite
            | Self::AutoBrightness
            | Self::AutoColor
            | Self::AutoContrast
            | Self::Colorize
            | Self::MakeTransparent
            | Self::Vignette
            | Self::OilPaint
            | Self::Noise
            | Self::Shadow
            | Self::AntiRemoval => (0.0, 100.0),
        }
    }

    /// The value that counts: what is written, within the range, or the default.
    pub fn effective(self, written: Option<Decimal>) -> Option<f64> {
        let (least, most) = self.range();
        written.map(|value| value.value().clamp(least, most)).or(self.default())
    }

    /// The value when none is written; none when it depends on the image.
    pub const fn default(self) -> Option<f64> {
        match self {
            Self::Sepia | Self::Brightness | Self::BrightnessHsb | Self::Saturation | Self::Hue => Some(80.0),
            Self::Blackwhite | Self::OpacityThreshold | Self::AntiRemoval => Some(50.0),
            Self::Contrast | Self::Red | Self::Green | Self::Blue | Self::Gamma => Some(0.0),
            Self::Vibrance | Self::Vignette => Some(20.0),
            Self::Blur | Self::BlurRegion | Self::BlurFaces | Self::Sharpen | Self::UnsharpMask => Some(100.0),
            Self::AutoBrightness | Self::AutoColor | Self::AutoContrast | Self::Colorize => Some(100.0),
            Self::Pixelate | Self::PixelateRegion | Self::PixelateFaces => None,
            Self::MakeTransparent => Some(10.0),
            Self::OilPaint => Some(30.0),
            Self::OrderedDither | Self::Noise | Self::Loop => Some(0.0),
            Self::Shadow => Some(40.0),
        }
    }
}
