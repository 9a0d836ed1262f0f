//! `eager`: transformations joined by `|`, each perhaps with a format at its end.

use std::fmt;

use super::{Error, FormatName, Transformation};

/// Transformations of one list, at most.
const MAX_ITEMS: usize = 100;

/// What a result is named by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extension {
    /// `/`: no extension.
    None,
    /// `/jpg`.
    Name(FormatName),
}

/// One transformation of a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Eager {
    /// What is done.
    pub transformation: Transformation,
    /// The asked extension; none is the stored one.
    pub extension: Option<Extension>,
}

impl Eager {
    /// Reads one item: `c_fill,w_100/jpg`.
    ///
    /// # Errors
    /// As [`Transformation::parse`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (transformation, extension) = match text.rsplit_once('/') {
            Some((rest, "")) => (rest, Some(Extension::None)),
            Some((rest, last)) if !last.contains('_') => (rest, Some(extension(last)?)),
            None if !text.is_empty() && !text.contains('_') => ("", Some(extension(text)?)),
            _ => (text, None),
        };
        Ok(Self { transformation: Transformation::parse(transformation)?, extension })
    }

    /// The asked extension, or nothing.
    pub fn extension_name(&self) -> &'static str {
        match self.extension {
            Some(Extension::Name(name)) => name.name(),
            Some(Extension::None) | None => "",
        }
    }

    /// Reads a list.
    ///
    /// # Errors
    /// As [`Transformation::parse`], and when there are too many.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, Error> {
        let items: Vec<&str> = text.split('|').collect();
        if items.len() > MAX_ITEMS {
            return Err(Error::new("transformation", text, format!("at most {MAX_ITEMS} transformations")));
        }
        items.into_iter().filter(|item| !item.is_empty()).map(Self::parse).collect()
    }
}

fn extension(name: &str) -> Result<Extension, Error> {
    let format = FormatName::from_name(name).map(Extension::Name);
    format.ok_or_else(|| Error::new("extension", name, "the name of a format, or nothing"))
}

impl fmt::Display for Eager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.transformation.fmt(f)?;
        match self.extension {
            None => Ok(()),
            Some(Extension::None) => f.write_str("/"),
            Some(Extension::Name(name)) if self.transformation.nodes.is_empty() => f.write_str(name.name()),
            Some(Extension::Name(name)) => write!(f, "/{}", name.name()),
        }
    }
}
