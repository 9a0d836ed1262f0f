//! Colours as parameters.

mod names;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::PixelFormat;

/// A colour with opacity, as a parameter: `"#ff8000"`, `"#ff800080"`, `"#f80"`, `"orange"`.
///
/// In the schema it is a string with `"format": "color"`. Known are three, four, six or eight
/// hexadecimal digits, and the names of [`NAMES`](Color::NAMES).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color {
    /// Red, green, blue, alpha: sRGB-encoded, straight, 255 is opaque.
    pub rgba: [u8; 4],
}

impl Color {
    /// Nothing at all.
    pub const TRANSPARENT: Color = Color { rgba: [0, 0, 0, 0] };
    /// Opaque white.
    pub const WHITE: Color = Color { rgba: [255, 255, 255, 255] };
    /// Opaque black.
    pub const BLACK: Color = Color { rgba: [0, 0, 0, 255] };

    /// The names that are understood: those of CSS, and `transparent`.
    pub const NAMES: &'static [(&'static str, Color)] = names::NAMES;

    /// A colour that covers what is behind it.
    pub const fn opaque(red: u8, green: u8, blue: u8) -> Self {
        Color { rgba: [red, green, blue, 255] }
    }

    /// Reads a colour; names in any case. None when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let Some(digits) = text.strip_prefix('#') else {
            let named = Color::NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
            return named.map(|(_, color)| *color);
        };
        let values: Option<Vec<u8>> = digits.chars().map(|digit| digit.to_digit(16).map(|value| value as u8)).collect();
        let values = values.filter(|values| matches!(values.len(), 3 | 4 | 6 | 8))?;
        let mut rgba = [255; 4];
        if values.len() <= 4 {
            for (channel, value) in rgba.iter_mut().zip(values) {
                *channel = value * 17;
            }
        } else {
            for (channel, pair) in rgba.iter_mut().zip(values.as_chunks::<2>().0) {
                *channel = pair[0] * 16 + pair[1];
            }
        }
        Some(Color { rgba })
    }

    /// Whether it hides all that is behind it.
    pub const fn is_opaque(self) -> bool {
        self.rgba[3] == 255
    }

    /// Whether red, green and blue are alike, so that a gray picture can show it.
    pub const fn is_gray(self) -> bool {
        self.rgba[0] == self.rgba[1] && self.rgba[1] == self.rgba[2]
    }

    /// The format that holds both a picture in `format` and this colour.
    pub fn format_with(self, format: PixelFormat) -> PixelFormat {
        match format {
            _ if !self.is_opaque() => PixelFormat::Rgba8,
            PixelFormat::Gray8 if !self.is_gray() => PixelFormat::Rgb8,
            format => format,
        }
    }

    /// One pixel of it. A format that cannot hold it (see `format_with`) gets red for gray, and no
    /// alpha.
    pub fn pixel(&self, format: PixelFormat) -> &[u8] {
        &self.rgba[..format.bytes()]
    }
}

impl std::fmt::Display for Color {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue, alpha] = self.rgba;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")?;
        if alpha == 255 { Ok(()) } else { write!(f, "{alpha:02x}") }
    }
}

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Color::parse(&text).ok_or_else(|| de::Error::custom(format_args!("{text:?} is not a colour")))
    }
}

impl Serialize for Color {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Color {
    fn schema_name() -> Cow<'static, str> {
        "Color".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "color" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_digits_and_names() {
        let cases = [
            ("#ff8000", Some([255, 128, 0, 255])),
            ("#FF800080", Some([255, 128, 0, 128])),
            ("#f80", Some([255, 136, 0, 255])),
            ("#f808", Some([255, 136, 0, 136])),
            ("Orange", Some([255, 165, 0, 255])),
            ("transparent", Some([0, 0, 0, 0])),
            ("DarkSlateGray", Some([0x2f, 0x4f, 0x4f, 255])),
            ("rebeccapurple", Some([0x66, 0x33, 0x99, 255])),
            ("#ff80", Some([255, 255, 136, 0])),
            ("#ff800", None),
            ("#gggggg", None),
            ("ff8000", None),
            ("#", None),
            ("", None),
            ("blurple", None),
            ("#ééé", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Color::parse(text).map(|color| color.rgba), expected, "{text}");
        }
        assert_eq!(Color { rgba: [1, 2, 3, 4] }.to_string(), "#01020304");
        assert_eq!(Color::WHITE.to_string(), "#ffffff");
    }
}
