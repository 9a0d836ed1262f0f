//! What text looks like: parameters that all transforms with text share.

use safelight_sdk::{Color, Refusal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Upright or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Slant {
    /// Upright.
    Normal,
    /// The font's italic, or its upright letters slanted.
    Italic,
    /// The same as italic.
    Oblique,
}

/// How lines lie beside each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Align {
    /// Left for text from left to right, right for text from right to left.
    #[default]
    Start,
    /// The other side.
    End,
    /// On the left side.
    Left,
    /// In the middle.
    Center,
    /// On the right side.
    Right,
    /// Gaps between words are widened until lines are as wide as the box; the last line of a paragraph
    /// is as with start.
    Justify,
}

/// A line at letters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decoration {
    /// No line.
    #[default]
    None,
    /// Below letters, where the font says.
    Underline,
    /// Through letters, where the font says.
    Strikethrough,
}

/// Whether outlines are moved onto the grid of pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Hinting {
    /// Outlines as they are.
    #[default]
    None,
    /// Upwards and downwards only, by a general rule.
    Slight,
    /// By the font's own rules, lightly.
    Medium,
    /// By the font's own rules.
    Full,
}

/// In which direction a text without a direction of its own runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Direction {
    /// As its first letter with a direction says, a paragraph at a time.
    #[default]
    Auto,
    /// From left to right.
    LeftToRight,
    /// From right to left.
    RightToLeft,
}

/// What happens when a font is not there and no other stands in for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MissingFont {
    /// A font of the same kind takes its place; the log tells.
    #[default]
    Fallback,
    /// The call is refused.
    Refuse,
}

/// The shared parameters, ready for use.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    pub(crate) text: String,
    pub(crate) font: String,
    pub(crate) weight: Option<u16>,
    pub(crate) italic: Option<bool>,
    pub(crate) color: Color,
    pub(crate) opacity: f32,
    pub(crate) stroke_color: Color,
    pub(crate) stroke_width_px: f32,
    pub(crate) shadow_color: Color,
    pub(crate) shadow_px: (f32, f32),
    pub(crate) letter_spacing_px: f32,
    pub(crate) line_spacing_px: f32,
    pub(crate) stretch: f32,
    pub(crate) kerning: bool,
    pub(crate) align: Align,
    pub(crate) decoration: Decoration,
    pub(crate) direction: Direction,
    pub(crate) hinting: Hinting,
    pub(crate) antialias: bool,
    pub(crate) missing_font: MissingFont,
}

impl Style {
    /// Refuses a text of nothing.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        if self.text.is_empty() {
            return Err(Refusal::params("text", "is empty, expected 1 to 4096 characters"));
        }
        Ok(())
    }
}

/// Defines the parameters of a transform with text: the shared ones and its own.
macro_rules! text_params {
    (
        color: $color:expr,
        opacity: $opacity:expr,
        align: $align:expr,
        own: { $( $(#[$meta:meta])* $name:ident: $type:ty = $default:expr, )* }
    ) => {
        #[derive(Debug, ::serde::Deserialize, ::schemars::JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub(crate) struct Params {
            /// The text, at most 4096 characters. A line feed begins a new line.
            #[schemars(length(max = 4096))]
            text: String,
            /// The font: a family such as `NotoSans` or `Arial`, perhaps with a style, as in
            /// `Helvetica-Bold`. Known families that are not there have stand-ins.
            #[schemars(length(max = 200))]
            font: String,
            /// 400 is normal, 700 bold. Without it, as the font's name says, or 400.
            #[schemars(range(min = 1, max = 1000))]
            weight: Option<u16>,
            /// Upright, italic or oblique. Without it, as the font's name says, or upright.
            style: Option<$crate::typeset::style::Slant>,
            /// The letters' colour.
            color: ::safelight_sdk::Color,
            /// Opacity of all of it, 0 to 1.
            #[schemars(range(min = 0, max = 1))]
            opacity: f32,
            /// The colour of the letters' outline; `"transparent"` for none.
            stroke_color: ::safelight_sdk::Color,
            /// Width of the outline in pixels, half of it on each side of the letters' edges.
            #[schemars(range(min = 0, max = 200))]
            stroke_width_px: f32,
            /// The colour of the shadow; `"transparent"` for none.
            shadow_color: ::safelight_sdk::Color,
            /// How far the shadow lies to the right, in pixels.
            #[schemars(range(min = -1000, max = 1000))]
            shadow_x_px: f32,
            /// How far the shadow lies downwards, in pixels.
            #[schemars(range(min = -1000, max = 1000))]
            shadow_y_px: f32,
            /// Room between letters on top of the font's own, in pixels.
            #[schemars(range(min = -100, max = 1000))]
            letter_spacing_px: f32,
            /// Room between lines on top of the font's own, in pixels.
            #[schemars(range(min = -1000, max = 1000))]
            line_spacing_px: f32,
            /// How wide letters are: 1 is as designed, 0.5 half as wide.
            #[schemars(range(min = 0.1, max = 10))]
            stretch: f32,
            /// Whether pairs of letters stand closer or wider as the font says.
            kerning: bool,
            /// How lines lie beside each other.
            align: $crate::typeset::style::Align,
            /// A line below or through letters.
            decoration: $crate::typeset::style::Decoration,
            /// In which direction text runs that has no direction of its own.
            direction: $crate::typeset::style::Direction,
            /// Whether outlines are moved onto the grid of pixels.
            hinting: $crate::typeset::style::Hinting,
            /// Whether pixels may be covered in part.
            antialias: bool,
            /// What happens when the font is not there.
            missing_font: $crate::typeset::style::MissingFont,
            $( $(#[$meta])* $name: $type, )*
        }

        impl Default for Params {
            fn default() -> Self {
                Params {
                    text: String::new(),
                    font: "sans-serif".to_owned(),
                    weight: None,
                    style: None,
                    color: $color,
                    opacity: $opacity,
                    stroke_color: ::safelight_sdk::Color::TRANSPARENT,
                    stroke_width_px: 1.0,
                    shadow_color: ::safelight_sdk::Color::TRANSPARENT,
                    shadow_x_px: 3.0,
                    shadow_y_px: 3.0,
                    letter_spacing_px: 0.0,
                    line_spacing_px: 0.0,
                    stretch: 1.0,
                    kerning: true,
                    align: $align,
                    decoration: Default::default(),
                    direction: Default::default(),
                    hinting: Default::default(),
                    antialias: true,
                    missing_font: Default::default(),
                    $( $name: $default, )*
                }
            }
        }

        impl Params {
            fn look(&self) -> $crate::typeset::style::Style {
                $crate::typeset::style::Style {
                    text: self.text.clone(),
                    font: self.font.clone(),
                    weight: self.weight,
                    italic: self.style.map(|style| style != $crate::typeset::style::Slant::Normal),
                    color: self.color,
                    opacity: self.opacity,
                    stroke_color: self.stroke_color,
                    stroke_width_px: self.stroke_width_px,
                    shadow_color: self.shadow_color,
                    shadow_px: (self.shadow_x_px, self.shadow_y_px),
                    letter_spacing_px: self.letter_spacing_px,
                    line_spacing_px: self.line_spacing_px,
                    stretch: self.stretch,
                    kerning: self.kerning,
                    align: self.align,
                    decoration: self.decoration,
                    direction: self.direction,
                    hinting: self.hinting,
                    antialias: self.antialias,
                    missing_font: self.missing_font,
                }
            }
        }
    };
}

pub(crate) use text_params;
