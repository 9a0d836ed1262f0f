//! Vectors of the official kit.

use super::{super::*, check};
use crate::dialect::cloudinary::vectors;

/// Vectors in which the kit lets text through that means nothing to a server. All but the unknown
/// flags and the effect come from one test of the kit: that some options are not taken for expressions.
const REFUSED: [&str; 15] = [
    "ac_width * 2",
    "af_width * 2",
    "br_width * 2",
    "cs_width * 2",
    "dl_width * 2",
    "dn_width * 2",
    "e_w_mul_2",
    "f_width * 2",
    "fl_abc",
    "fl_abc.def",
    "g_width * 2",
    "p_width * 2",
    "pg_width * 2",
    "sp_width * 2",
    "vs_width * 2",
];

/// Vectors that are printed otherwise: the kit puts raw text last, which a server cannot tell from
/// other parameters; and one text that was given escaped already.
const REPRINTED: [(&str, &str); 3] = [
    ("w_100,g_north_west", "g_north_west,w_100"),
    ("e_sepia,f_gif,c_fill,e_grayscale,q_auto/c_scale,w_99", "c_fill,e_sepia,e_grayscale,f_gif,q_auto/c_scale,w_99"),
    ("co_red,l_text:Times_70_bold:Cool%25F0%259F%2598%258D", "co_red,l_text:Times_70_bold:Cool%F0%9F%98%8D"),
];

#[test]
fn vectors_are_read_and_printed() {
    let cases: Vec<String> = vectors::load("transformation");
    assert_eq!(cases.len(), 207);
    for text in &cases {
        if REFUSED.contains(&text.as_str()) {
            assert!(Transformation::parse(text).is_err(), "{text}");
            continue;
        }
        let reprinted = REPRINTED.iter().find(|(given, _)| given == text);
        check(text, reprinted.map_or(text, |(_, expected)| expected));
    }
    let exceptions = REFUSED.into_iter().chain(REPRINTED.map(|(given, _)| given));
    for text in exceptions {
        assert!(cases.iter().any(|case| case == text), "{text} is no vector");
    }
}

#[test]
fn layer_vectors_are_read_and_printed() {
    let cases: Vec<String> = vectors::load("layer");
    assert_eq!(cases.len(), 12);
    for layer in cases {
        check(&format!("l_{layer}"), &format!("l_{layer}"));
        check(&format!("u_{layer}"), &format!("u_{layer}"));
    }
}

#[test]
fn eager_vectors_are_read_and_printed() {
    let cases: Vec<String> = vectors::load("eager");
    assert_eq!(cases.len(), 8);
    for text in cases {
        let items: Vec<String> = Eager::parse_list(&text).unwrap().iter().map(Eager::to_string).collect();
        assert_eq!(items.join("|"), text);
    }
    let named = Eager::parse("t_named/jpg").unwrap();
    assert_eq!(named.extension, FormatName::from_name("jpg").map(Extension::Name));
    assert_eq!(Eager::parse("w_100/").unwrap().extension, Some(Extension::None));
    assert_eq!(Eager::parse("webp").unwrap().to_string(), "webp");
    assert!(Eager::parse("w_100/blub").is_err());
}

/// What the kit normalises are expressions, definitions, or nothing that a server can know.
#[test]
fn expression_vectors_are_read_and_printed() {
    let cases: Vec<String> = vectors::load("expression");
    assert_eq!(cases.len(), 28);
    let (mut expressions, mut definitions) = (0, 0);
    for text in cases {
        if let Ok(expression) = Expression::parse(&text) {
            assert_eq!(expression.to_string(), text);
            expressions += 1;
        } else if text.starts_with('$')
            && let Ok(tree) = Transformation::parse(&text)
        {
            assert_eq!(tree.to_string(), text);
            definitions += 1;
        } else {
            let nothing = ["", "_", "foobar", "foo_and_bar", "foo&&bar", "preview:duration_2", "$_width", "$$width"];
            let more = ["$$height_100", "$_height_100"];
            assert!(nothing.into_iter().chain(more).any(|known| known == text), "{text}");
        }
    }
    assert_eq!((expressions, definitions), (7, 7));
}
