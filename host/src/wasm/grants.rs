//! What plugins ask for, and what operators grant: read-only assets, by their names.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A sort of assets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssetKind {
    /// Fonts: those that come with the host, and those of `plugins.fonts_dir`.
    Font,
    /// Lookup tables, of `plugins.tables_dir`.
    Table,
    /// Neural networks, of `plugins.models_dir`.
    Model,
}

impl AssetKind {
    pub(super) const ALL: [AssetKind; 3] = [AssetKind::Font, AssetKind::Table, AssetKind::Model];

    /// The name of the interface for them, which is also what they are called in grants.
    pub const fn interface(self) -> &'static str {
        match self {
            AssetKind::Font => "fonts",
            AssetKind::Table => "tables",
            AssetKind::Model => "models",
        }
    }
}

/// All assets of a sort, or one of them. Written `fonts:*` (or `fonts`), and `fonts:NotoSans`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Selection {
    /// Of which sort.
    pub kind: AssetKind,
    /// Which one; none is all of them.
    pub name: Option<String>,
}

/// The longest name of an asset, in bytes.
pub(super) const MAX_NAME_BYTES: usize = 256;

impl Selection {
    /// Reads a name as manifests have it: `*`, or that of one asset.
    ///
    /// Errors: what is expected instead.
    pub(super) fn named(kind: AssetKind, name: &str) -> Result<Selection, String> {
        let well_formed = (1..=MAX_NAME_BYTES).contains(&name.len())
            && name.trim() == name
            && !name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\' | ',' | '*'));
        match name {
            "*" => Ok(Selection { kind, name: None }),
            _ if well_formed => Ok(Selection { kind, name: Some(name.to_owned()) }),
            _ => Err(format!(
                "is {:?}, expected * or a file's name without its extension, at most {MAX_NAME_BYTES} bytes",
                super::manifest::clip(name)
            )),
        }
    }

    /// Whether an asset is among them.
    fn holds(&self, kind: AssetKind, name: &str) -> bool {
        self.kind == kind && self.name.as_deref().is_none_or(|own| own == name)
    }

    /// Those that are in both.
    fn and(&self, other: &Selection) -> Option<Selection> {
        let both = match (&self.name, &other.name) {
            _ if self.kind != other.kind => return None,
            (None, _) => other,
            (_, None) => self,
            (own, others) if own == others => self,
            _ => return None,
        };
        Some(both.clone())
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.interface(), self.name.as_deref().unwrap_or("*"))
    }
}

impl FromStr for Selection {
    type Err = String;

    fn from_str(text: &str) -> Result<Selection, String> {
        let (word, name) = text.split_once(':').unwrap_or((text, "*"));
        let kind = AssetKind::ALL.into_iter().find(|kind| kind.interface() == word);
        let found = kind.and_then(|kind| Selection::named(kind, name).ok());
        found.ok_or_else(|| {
            let shown = super::manifest::clip(text);
            format!("is {shown:?}, expected fonts, tables or models, alone or with a name as in \"fonts:NotoSans\"")
        })
    }
}

impl TryFrom<String> for Selection {
    type Error = String;

    fn try_from(text: String) -> Result<Selection, String> {
        text.parse()
    }
}

impl From<Selection> for String {
    fn from(assets: Selection) -> String {
        assets.to_string()
    }
}

/// What a plugin asks for in its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What.
    pub assets: Selection,
    /// Whether it is of use without.
    pub optional: bool,
    /// One line for the operator: what for.
    pub summary: String,
}

/// For people: `fonts:* (optional): Text in any font.`
impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let optional = if self.optional { " (optional)" } else { "" };
        write!(f, "{}{optional}: {}", self.assets, self.summary)
    }
}

/// What an operator grants a plugin: a list of strings such as `fonts` or `tables:film`. Nothing by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Grants(BTreeSet<Selection>);

impl Grants {
    /// Everything that there is.
    pub fn all() -> Grants {
        AssetKind::ALL.into_iter().map(|kind| Selection { kind, name: None }).collect()
    }

    /// Whether nothing is granted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Of what is asked for, that which is granted.
    pub fn of(&self, needs: &[Need]) -> Grants {
        needs.iter().flat_map(|need| self.0.iter().filter_map(|granted| granted.and(&need.assets))).collect()
    }

    /// Each as it is written: `fonts:*`, `tables:film`.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(Selection::to_string)
    }

    /// Whether an asset is granted.
    pub(super) fn hold(&self, kind: AssetKind, name: &str) -> bool {
        self.0.iter().any(|granted| granted.holds(kind, name))
    }

    /// Whether any asset of what is asked for may be granted.
    pub(super) fn touch(&self, asked: &Selection) -> bool {
        self.0.iter().any(|granted| granted.and(asked).is_some())
    }
}

impl FromIterator<Selection> for Grants {
    fn from_iter<I: IntoIterator<Item = Selection>>(assets: I) -> Grants {
        Grants(assets.into_iter().collect())
    }
}

/// For people: `fonts:*, tables:film`, or `none`.
impl fmt::Display for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        f.write_str(&self.0.iter().map(Selection::to_string).collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(list: &[&str]) -> Grants {
        list.iter().map(|text| text.parse::<Selection>().unwrap()).collect()
    }

    #[test]
    fn grants_are_lists_of_strings() {
        let read: Grants = serde_json::from_str(r#"["models:yolo", "fonts", "fonts:*", "tables:film"]"#).unwrap();
        assert_eq!(read, grants(&["fonts", "tables:film", "models:yolo"]));
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"["fonts:*","tables:film","models:yolo"]"#);
        assert_eq!(read.to_string(), "fonts:*, tables:film, models:yolo");
        assert_eq!(Grants::default().to_string(), "none");
        for wrong in ["", "font", "fonts:", "fonts:a/b", "Fonts", "files:*", "fonts: a", "fonts:a*", "fonts:\n"] {
            let problem = wrong.parse::<Selection>().unwrap_err();
            assert!(problem.starts_with(&format!("is {wrong:?}, expected fonts, tables or models")), "{problem}");
        }
        assert!(format!("fonts:{}", "x".repeat(257)).parse::<Selection>().is_err());
    }

    #[test]
    fn a_plugin_has_what_is_both_asked_for_and_granted() {
        let need = |text: &str| Need { assets: text.parse().unwrap(), optional: true, summary: String::new() };
        let has = |asked: &[&str], granted: &[&str]| {
            grants(granted).of(&asked.iter().map(|text| need(text)).collect::<Vec<_>>()).to_string()
        };
        assert_eq!(has(&["fonts"], &["fonts:A", "models"]), "fonts:A");
        assert_eq!(has(&["fonts:A", "fonts:B"], &["fonts"]), "fonts:A, fonts:B");
        assert_eq!(has(&["fonts:A"], &["fonts:B"]), "none");
        assert_eq!(has(&["tables:A"], &["fonts:A"]), "none");
        assert_eq!(has(&[], &["fonts"]), "none");
        assert!(grants(&["fonts:A"]).hold(AssetKind::Font, "A") && !grants(&["fonts:A"]).hold(AssetKind::Model, "A"));
        assert!(Grants::all().hold(AssetKind::Table, "any") && !Grants::default().hold(AssetKind::Font, "A"));
    }
}
