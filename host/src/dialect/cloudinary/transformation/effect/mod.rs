//! Effects: `e_sepia:80`.

mod args;
mod level;
mod parse;
mod print;

use super::{Color, Decimal, Expected, words::words};

pub use level::{Level, Plain};

/// An effect with its values as written. What is left out takes the default named at the field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Without values.
    Plain(Plain),
    /// With one number; see [`Level::range`] and [`Level::default`].
    Level(Level, Option<Decimal>),
    /// `contrast:linear_<n>`: linear contrast, -100 to 100.
    LinearContrast(Decimal),
    /// Better light and colours.
    Improve {
        /// Outdoor by default.
        mode: Option<ImproveMode>,
        /// 0 to 100, default 100.
        blend: Option<Decimal>,
    },
    /// Lighter shadows.
    FillLight {
        /// 0 to 100, default 100.
        blend: Option<Decimal>,
        /// -100 to 100, default 0.
        bias: Option<Decimal>,
    },
    /// Colours by brightness.
    Tint {
        /// Spreads the tones first.
        equalize: bool,
        /// 0 to 100, default 60.
        amount: Option<Decimal>,
        /// From dark to light.
        stops: Vec<TintStop>,
    },
    /// One colour becomes another.
    ReplaceColor {
        /// The new colour.
        to: Color,
        /// 0 to 100, default 50.
        tolerance: Option<Decimal>,
        /// The old colour; the most frequent one by default.
        from: Option<Color>,
    },
    /// A colour matrix of 9 (3 x 3) or 16 (4 x 4) numbers, row by row.
    Recolor(Vec<Decimal>),
    /// The uniform surroundings become transparent.
    BgRemoval {
        /// Also the colour's reflections.
        screen: bool,
        /// The corner's colour by default.
        color: Option<Color>,
    },
    /// Cuts uniform borders.
    Trim {
        /// 0 to 100, default 10.
        tolerance: Option<Decimal>,
        /// The corner's colour by default.
        color: Option<Color>,
    },
    /// Like a drawing.
    Cartoonify {
        /// 0 to 100, default 50.
        line: Option<Decimal>,
        /// What happens to colours.
        fill: Option<CartoonFill>,
    },
    /// A line around what is opaque, in the colour `co_`.
    Outline {
        /// Where; outside by default.
        mode: Option<OutlineMode>,
        /// 1 to 100, default 5.
        width: Option<Decimal>,
        /// 0 to 2000, default 0.
        blur: Option<Decimal>,
    },
    /// A shadow cast by what is opaque.
    Dropshadow {
        /// Degrees, 0 to 360, default 215.
        azimuth: Option<Decimal>,
        /// Degrees, 0 to 90, default 45.
        elevation: Option<Decimal>,
        /// 0 to 100, default 50.
        spread: Option<Decimal>,
    },
    /// Fades out towards a side told by `x_` and `y_`.
    GradientFade {
        /// On one side by default.
        mode: Option<FadeMode>,
        /// 0 to 100, default 20.
        strength: Option<Decimal>,
    },
    /// Moves the corners to these places, x and y, clockwise from top left.
    Distort([Decimal; 8]),
    /// Bends along an arc of so many degrees.
    DistortArc(Decimal),
    /// Leans by degrees along x and y.
    Shear(Decimal, Decimal),
    /// Stripes that help colour-blind people, 1 to 100, default 10.
    AssistColorblind(Option<Decimal>),
    /// Colours that help colour-blind people.
    AssistColorblindXray,
    /// As colour-blind people see it; deuteranopia by default.
    SimulateColorblind(Option<Colorblindness>),
    /// An artistic filter, whose tables are not public.
    Art(ArtFilter),
}

/// One colour of a tint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TintStop {
    /// The colour.
    pub color: Color,
    /// Where on the scale of brightness, in percent.
    pub position: Option<Decimal>,
}

/// What cartoons do to colours.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CartoonFill {
    /// Fewer of them: 0 to 100.
    Reduction(Decimal),
    /// Black and white.
    BlackWhite,
}

words! {
    /// For which light `improve` works.
    pub enum ImproveMode {
        /// Daylight.
        Outdoor = "outdoor",
        /// Lamps.
        Indoor = "indoor",
    }
}

words! {
    /// Where an outline runs.
    pub enum OutlineMode {
        /// Inside.
        Inner = "inner",
        /// Inside, and the rest filled.
        InnerFill = "inner_fill",
        /// Outside.
        Outer = "outer",
        /// Outside, and the rest filled.
        Fill = "fill",
    }
}

words! {
    /// Where a fade runs.
    pub enum FadeMode {
        /// On both sides.
        Symmetric = "symmetric",
        /// On both sides, with a wider canvas.
        SymmetricPad = "symmetric_pad",
    }
}

words! {
    /// A kind of colour blindness.
    pub enum Colorblindness {
        /// No green receptors.
        Deuteranopia = "deuteranopia",
        /// No red receptors.
        Protanopia = "protanopia",
        /// No blue receptors.
        Tritanopia = "tritanopia",
        /// Weak blue receptors.
        Tritanomaly = "tritanomaly",
        /// Weak green receptors.
        Deuteranomaly = "deuteranomaly",
        /// One kind of cones.
        ConeMonochromacy = "cone_monochromacy",
        /// No cones.
        RodMonochromacy = "rod_monochromacy",
    }
}

words! {
    /// An artistic filter.
    pub enum ArtFilter {
        /// `al_dente`.
        AlDente = "al_dente",
        /// `athena`.
        Athena = "athena",
        /// `audrey`.
        Audrey = "audrey",
        /// `aurora`.
        Aurora = "aurora",
        /// `daguerre`.
        Daguerre = "daguerre",
        /// `eucalyptus`.
        Eucalyptus = "eucalyptus",
        /// `fes`.
        Fes = "fes",
        /// `frost`.
        Frost = "frost",
        /// `hairspray`.
        Hairspray = "hairspray",
        /// `hokusai`.
        Hokusai = "hokusai",
        /// `incognito`.
        Incognito = "incognito",
        /// `linen`.
        Linen = "linen",
        /// `peacock`.
        Peacock = "peacock",
        /// `primavera`.
        Primavera = "primavera",
        /// `quartz`.
        Quartz = "quartz",
        /// `red_rock`.
        RedRock = "red_rock",
        /// `refresh`.
        Refresh = "refresh",
        /// `sizzle`.
        Sizzle = "sizzle",
        /// `sonnet`.
        Sonnet = "sonnet",
        /// `ukulele`.
        Ukulele = "ukulele",
        /// `zorro`.
        Zorro = "zorro",
    }
}
