//! From the name of a font to the files that are there.
//!
//! A file's name is its family and its style: `NotoSans-BoldItalic`, `Open Sans Bold`, `DejaVuSans`.
//! Families are compared by letters and digits alone, in any case.

/// What a name says: the family (letters and digits, lower case), the weight and the slant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) family: String,
    pub(crate) weight: Option<u16>,
    pub(crate) italic: bool,
}

/// Words of styles with their weights, longer ones first; 0 is a slant.
const STYLES: &[(&str, u16)] = &[
    ("extralight", 200),
    ("ultralight", 200),
    ("extrabold", 800),
    ("ultrabold", 800),
    ("semibold", 600),
    ("demibold", 600),
    ("regular", 400),
    ("oblique", 0),
    ("normal", 400),
    ("medium", 500),
    ("italic", 0),
    ("heavy", 900),
    ("black", 900),
    ("light", 300),
    ("thin", 100),
    ("bold", 700),
    ("book", 400),
];

/// Families that stand in for others, the first that is there. Widths and shapes are near, except that
/// the built-in serif is wider than Times.
const STAND_INS: &[(&[&str], &[&str])] = &[
    (
        &["arial", "helvetica", "helveticaneue", "sans", "sansserif", "systemui", "calibri", "segoeui", "roboto"],
        &["arial", "helvetica", "liberationsans", "arimo", "notosans", "dejavusans"],
    ),
    (&["verdana", "tahoma", "geneva", "lucidagrande", "bitstreamverasans"], &["verdana", "dejavusans", "notosans"]),
    (
        &["times", "timesnewroman", "timesroman", "serif", "georgia", "garamond", "palatino", "cambria", "bookman"],
        &["times", "timesnewroman", "liberationserif", "tinos", "notoserif", "dejavuserif"],
    ),
    (
        &["courier", "couriernew", "mono", "monospace", "consolas", "menlo", "monaco", "lucidaconsole"],
        &["courier", "couriernew", "liberationmono", "cousine", "notosansmono", "dejavusansmono"],
    ),
    (&["emoji", "applecoloremoji", "segoeuiemoji", "notocoloremoji"], &["notoemoji"]),
];

/// Letters and digits, lower case.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Reads the name of a font or of a font file.
pub(crate) fn parse(name: &str) -> Named {
    let name = name.trim();
    let extension = name.len().saturating_sub(4);
    let name = match name.get(extension..) {
        Some(ending) if ending.eq_ignore_ascii_case(".ttf") || ending.eq_ignore_ascii_case(".otf") => {
            &name[..extension]
        }
        _ => name,
    };
    // `Inter[wght]` and `Inter-VariableFont_wght` hold all weights.
    let name = name.split('[').next().unwrap_or(name);
    let name = name.split("-VariableFont").next().unwrap_or(name);
    let mut named = Named { family: plain(name), weight: None, italic: false };
    // Words at the end count when something separates them from the family.
    let mut rest = name;
    while let Some(at) = rest.rfind(['-', ' ', '_']) {
        let Some((weight, italic)) = style(&plain(&rest[at + 1..])) else {
            break;
        };
        named.weight = named.weight.or(weight);
        named.italic |= italic;
        rest = &rest[..at];
    }
    if !plain(rest).is_empty() {
        named.family = plain(rest);
    }
    named
}

/// Weight and slant of a word such as `bolditalic`; none if it is no style.
fn style(mut word: &str) -> Option<(Option<u16>, bool)> {
    let (mut weight, mut italic) = (None, false);
    if word.is_empty() {
        return None;
    }
    while !word.is_empty() {
        let (style, value) = STYLES.iter().find(|(style, _)| word.starts_with(style))?;
        match value {
            0 => italic = true,
            value => weight = Some(*value),
        }
        word = &word[style.len()..];
    }
    Some((weight, italic))
}

/// The family among those that are there, and whether it is one that was asked for or stands in for it
/// by the table. An unknown one gets a stand-in by its kind: with "mono" or "code" in its name a
/// monospaced one, with "serif" (not "sans") one with serifs, else one without.
pub(crate) fn choose(asked: &str, known: &dyn Fn(&str) -> bool) -> (Option<String>, bool) {
    if known(asked) {
        return (Some(asked.to_owned()), true);
    }
    let stand_in = |asked: &str| {
        let row = STAND_INS.iter().find(|(names, _)| names.contains(&asked));
        row.and_then(|(_, families)| families.iter().find(|family| known(family))).map(|family| (*family).to_owned())
    };
    if let Some(family) = stand_in(asked) {
        return (Some(family), true);
    }
    let kind = if asked.contains("mono") || asked.contains("code") || asked.contains("typewriter") {
        "mono"
    } else if asked.contains("serif") && !asked.contains("sans") {
        "serif"
    } else {
        "sans"
    };
    (stand_in(kind), false)
}

/// The best file of a family: the right slant first, then the nearest weight, heavier rather than
/// lighter from 500 on (as in CSS Fonts 4 section 5.2).
pub(crate) fn nearest<'a>(files: impl Iterator<Item = (&'a str, Named)>, weight: u16, italic: bool) -> Option<&'a str> {
    let distance = |named: &Named| {
        let has = named.weight.unwrap_or(400);
        let wrong_side = if weight >= 500 { has < weight } else { has > weight };
        (named.italic != italic, has.abs_diff(weight), wrong_side)
    };
    files.min_by_key(|(name, named)| (distance(named), *name)).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_family_and_style() {
        let cases = [
            ("NotoSans-BoldItalic", ("notosans", Some(700), true)),
            ("Open Sans Semi-Bold.ttf", ("opensanssemi", Some(700), false)),
            ("Open Sans SemiBold.TTF", ("opensans", Some(600), false)),
            ("DejaVuSans", ("dejavusans", None, false)),
            ("Helvetica-Bold", ("helvetica", Some(700), false)),
            ("Times New Roman-Bold", ("timesnewroman", Some(700), false)),
            ("Inter[opsz,wght]", ("inter", None, false)),
            ("Inter-VariableFont_wght", ("inter", None, false)),
            ("Bold", ("bold", None, false)),
            ("-Bold", ("bold", Some(700), false)),
            ("", ("", None, false)),
        ];
        for (name, (family, weight, italic)) in cases {
            assert_eq!(parse(name), Named { family: family.to_owned(), weight, italic }, "{name}");
        }
    }

    #[test]
    fn families_that_are_missing_get_the_nearest_that_is_there() {
        let known = |family: &str| ["notosans", "dejavusans", "dejavuserif", "dejavusansmono"].contains(&family);
        let cases = [
            ("notosans", "notosans", true),
            ("arial", "notosans", true),
            ("verdana", "dejavusans", true),
            ("times", "dejavuserif", true),
            ("courier", "dejavusansmono", true),
            ("lobster", "notosans", false),
            ("sourcecodepro", "dejavusansmono", false),
            ("ibmplexserif", "dejavuserif", false),
        ];
        for (asked, family, listed) in cases {
            assert_eq!(choose(asked, &known), (Some(family.to_owned()), listed), "{asked}");
        }
        assert_eq!(choose("arial", &|_| false), (None, false));
    }

    #[test]
    fn the_nearest_style_is_the_right_slant_and_the_nearest_weight() {
        let names = ["A", "A-Bold", "A-BoldItalic", "A-Light"];
        let pick = |weight, italic| nearest(names.iter().map(|name| (*name, parse(name))), weight, italic);
        let cases = [
            (400, false, "A"),
            (550, false, "A-Bold"),
            (900, false, "A-Bold"),
            (100, false, "A-Light"),
            (400, true, "A-BoldItalic"),
        ];
        for (weight, italic, expected) in cases {
            assert_eq!(pick(weight, italic), Some(expected), "{weight} {italic}");
        }
    }
}
