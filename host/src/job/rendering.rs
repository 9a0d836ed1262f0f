//! Which page of a source is wanted, and how large.

use serde::{Deserialize, Serialize};

/// What is wanted of a source that has pages or frames, or is not made of pixels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rendering {
    /// None: the first page; all frames of an animation where the output keeps them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<Pages>,
    /// Pixels an inch, for what is not made of pixels; none is the format's usual number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpi: Option<f64>,
    /// The largest width in pixels, for what is not made of pixels; proportions are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// The largest height in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Leave the picture as it is stored: the orientation that a camera noted is not applied.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_stored: bool,
}

/// Pages or frames, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "PagesText", into = "PagesText")]
pub enum Pages {
    /// One, at least 1.
    One(u32),
    /// All of them, as far as the output keeps several; the first otherwise.
    All,
}

/// Most pixels an inch.
pub const MAX_DPI: f64 = 2400.0;

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PagesText {
    One(u32),
    All(All),
}

#[derive(Serialize, Deserialize)]
enum All {
    #[serde(rename = "all")]
    All,
}

impl From<PagesText> for Pages {
    fn from(text: PagesText) -> Pages {
        match text {
            PagesText::One(page) => Pages::One(page),
            PagesText::All(All::All) => Pages::All,
        }
    }
}

impl From<Pages> for PagesText {
    fn from(pages: Pages) -> PagesText {
        match pages {
            Pages::One(page) => PagesText::One(page),
            Pages::All => PagesText::All(All::All),
        }
    }
}

impl std::str::FromStr for Pages {
    type Err = String;

    /// `3` or `all`.
    fn from_str(text: &str) -> Result<Pages, String> {
        match text {
            "all" => Ok(Pages::All),
            _ => match text.parse() {
                Ok(page) if page > 0 => Ok(Pages::One(page)),
                _ => Err(format!("is {text:?}, expected a page from 1 on, or all")),
            },
        }
    }
}

impl Rendering {
    /// Whether nothing special is wanted.
    pub fn is_default(&self) -> bool {
        *self == Rendering::default()
    }

    /// What is out of range: the field, and what was expected.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if self.page == Some(Pages::One(0)) {
            problems.push(("page", "is 0, expected a page from 1 on, or \"all\"".to_owned()));
        }
        if let Some(dpi) = self.dpi
            && !(1.0..=MAX_DPI).contains(&dpi)
        {
            problems.push(("dpi", format!("is {dpi}, expected 1 to {MAX_DPI}")));
        }
        for (name, side) in [("width", self.width), ("height", self.height)] {
            if let Some(side) = side
                && !(1..=65_535).contains(&side)
            {
                problems.push((name, format!("is {side}, expected 1 to 65535")));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_a_number_or_all() {
        let parse = |text: &str| serde_json::from_str::<Rendering>(text);
        assert_eq!(parse(r#"{"page": 3}"#).unwrap().page, Some(Pages::One(3)));
        let all = parse(r#"{"page": "all", "dpi": 150}"#).unwrap();
        assert_eq!((all.page, all.dpi), (Some(Pages::All), Some(150.0)));
        assert_eq!(serde_json::to_string(&all).unwrap(), r#"{"page":"all","dpi":150.0}"#);
        assert!(parse(r#"{"page": "some"}"#).is_err());
        assert_eq!("7".parse(), Ok(Pages::One(7)));
        assert!("0".parse::<Pages>().is_err());
        let wrong = Rendering {
            page: Some(Pages::One(0)),
            dpi: Some(0.5),
            width: Some(0),
            height: Some(1),
            ..Rendering::default()
        };
        assert_eq!(wrong.problems().iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["page", "dpi", "width"]);
    }
}
