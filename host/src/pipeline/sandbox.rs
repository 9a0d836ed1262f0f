//! Which pictures are decoded in the sandbox though the host has a decoder of its own.

use safelight_codec::Format;
use serde::{Deserialize, Deserializer, de::Error};

/// Which formats are decoded by codec plugins though the host has a decoder of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sandbox {
    /// Those for which it costs little, or protects from much.
    #[default]
    Auto,
    /// All of them: what no plugin reads is refused.
    All,
    /// None of them.
    None,
    /// These: where no plugin reads one of them, it is refused.
    Only(FormatSet),
}

/// Some of the formats that the host knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FormatSet(u8);

impl FormatSet {
    fn bit(format: Format) -> u8 {
        Format::ALL.iter().position(|known| *known == format).map_or(0, |index| 1 << index)
    }

    /// Whether it is one of them.
    pub fn contains(self, format: Format) -> bool {
        self.0 & Self::bit(format) != 0
    }
}

impl FromIterator<Format> for FormatSet {
    fn from_iter<T: IntoIterator<Item = Format>>(formats: T) -> Self {
        FormatSet(formats.into_iter().fold(0, |bits, format| bits | Self::bit(format)))
    }
}

impl Sandbox {
    /// Whether the operator wants this format in the sandbox, come what may.
    pub fn demands(self, format: Format) -> bool {
        match self {
            Sandbox::Auto | Sandbox::None => false,
            Sandbox::All => true,
            Sandbox::Only(formats) => formats.contains(format),
        }
    }

    /// One word, or names of formats.
    fn parse(words: &[&str]) -> Result<Sandbox, String> {
        match words {
            ["auto"] => return Ok(Sandbox::Auto),
            ["all"] => return Ok(Sandbox::All),
            ["none"] => return Ok(Sandbox::None),
            _ => {}
        }
        let format = |word: &&str| {
            Format::from_name(word).ok_or_else(|| {
                let known = Format::ALL.map(Format::name).join(", ");
                format!("is {word:?}, expected \"auto\", \"all\", \"none\", or some of {known}")
            })
        };
        words.iter().map(format).collect::<Result<_, _>>().map(Sandbox::Only)
    }
}

/// `"auto"`, `"jpeg, png"` or `["jpeg", "png"]`.
impl<'de> Deserialize<'de> for Sandbox {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Value {
            Text(String),
            List(Vec<String>),
        }
        let value = Value::deserialize(deserializer)?;
        let words: Vec<&str> = match &value {
            Value::Text(text) => text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect(),
            Value::List(words) => words.iter().map(String::as_str).collect(),
        };
        Sandbox::parse(&words).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_or_names_of_formats() {
        let read = |text: &str| serde_json::from_str::<Sandbox>(text);
        assert_eq!(read(r#""auto""#).unwrap(), Sandbox::Auto);
        assert_eq!(read(r#"["all"]"#).unwrap(), Sandbox::All);
        assert_eq!(read(r#""none""#).unwrap(), Sandbox::None);
        for text in [r#""jpg, ico""#, r#"["ico", "jpeg"]"#] {
            let some = read(text).unwrap();
            let demanded: Vec<Format> = Format::ALL.into_iter().filter(|format| some.demands(*format)).collect();
            assert_eq!(demanded, [Format::Jpeg, Format::Ico], "{text}");
        }
        assert_eq!(read("[]").unwrap(), Sandbox::Only(FormatSet::default()));
        let wrong = read(r#""jpeg,svg""#).unwrap_err().to_string();
        assert!(wrong.contains(r#"is "svg", expected "auto", "all", "none", or some of jpeg, png"#), "{wrong}");
        assert!(Format::ALL.len() <= u8::BITS as usize);
    }
}
