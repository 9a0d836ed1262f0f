//! What is wrong with a transformation.

use std::{borrow::Cow, fmt};

/// Characters of a quoted text that are told, at most.
const QUOTED: usize = 120;

/// What a value should have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected(pub(super) Cow<'static, str>);

impl Expected {
    pub(super) fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A transformation that cannot be read or carried out. Its text is fit for the header `X-Cld-Error`:
/// printable ASCII on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The parameter in words (`width`), or what else is wrong (`component`, `condition`).
    pub parameter: Cow<'static, str>,
    /// The offending text.
    pub value: String,
    /// The whole component, when it is known.
    pub component: Option<String>,
    /// What was expected instead.
    pub expected: Cow<'static, str>,
}

impl Error {
    pub(in crate::dialect::cloudinary) fn new(
        parameter: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { parameter: parameter.into(), value: value.into(), component: None, expected: expected.into() }
    }

    /// The same error, within this component.
    pub(in crate::dialect::cloudinary) fn within(mut self, component: &str) -> Self {
        self.component.get_or_insert_with(|| component.to_owned());
        self
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invalid {} in transformation: {} (", self.parameter, Quoted(&self.value))?;
        if let Some(component) = self.component.as_deref().filter(|component| *component != self.value) {
            write!(f, "in component {}; ", Quoted(component))?;
        }
        write!(f, "expected {})", self.expected)
    }
}

/// Text from outside in printable ASCII, cut when long.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars().take(QUOTED) {
            if character == ' ' || character.is_ascii_graphic() {
                write!(f, "{character}")?;
            } else {
                write!(f, "{}", character.escape_unicode())?;
            }
        }
        if self.0.chars().nth(QUOTED).is_some() { f.write_str("...") } else { Ok(()) }
    }
}
