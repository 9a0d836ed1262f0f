//! The fonts that come with Safelight.
//!
//! The host offers them to plugins beside those in the operator's folder. Tests of plugins use the same
//! bytes. Names are those of the font files: family, `-`, style.
//!
//! | family | what it holds | licence |
//! |---|---|---|
//! | `NotoSans` | Latin, Greek, Cyrillic; four styles | SIL Open Font License 1.1 |
//! | `DejaVuSans` | the same and Arabic, Hebrew, Armenian, Georgian, Lao, many symbols; four styles | Bitstream Vera, Arev |
//! | `DejaVuSerif` | Latin, Greek, Cyrillic, Armenian, Georgian; four styles | Bitstream Vera, Arev |
//! | `DejaVuSansMono` | Latin, Greek, Cyrillic, Arabic, box drawing; four styles | Bitstream Vera, Arev |
//! | `NotoEmoji` | emoji in one colour | SIL Open Font License 1.1 |

use dejavu::{sans, sans_mono, serif};

/// A name and a font file (TrueType).
pub type Font = (&'static str, &'static [u8]);

/// All fonts, sorted by name.
pub fn all() -> [Font; 17] {
    [
        ("DejaVuSans", sans::regular()),
        ("DejaVuSans-Bold", sans::bold()),
        ("DejaVuSans-BoldOblique", sans::bold_oblique()),
        ("DejaVuSans-Oblique", sans::oblique()),
        ("DejaVuSansMono", sans_mono::regular()),
        ("DejaVuSansMono-Bold", sans_mono::bold()),
        ("DejaVuSansMono-BoldOblique", sans_mono::bold_oblique()),
        ("DejaVuSansMono-Oblique", sans_mono::oblique()),
        ("DejaVuSerif", serif::regular()),
        ("DejaVuSerif-Bold", serif::bold()),
        ("DejaVuSerif-BoldItalic", serif::bold_italic()),
        ("DejaVuSerif-Italic", serif::italic()),
        ("NotoEmoji", epaint_default_fonts::NOTO_EMOJI_REGULAR),
        ("NotoSans", notosans::REGULAR_TTF),
        ("NotoSans-Bold", notosans::BOLD_TTF),
        ("NotoSans-BoldItalic", notosans::BOLD_ITALIC_TTF),
        ("NotoSans-Italic", notosans::ITALIC_TTF),
    ]
}

#[cfg(test)]
mod tests {
    use super::all;

    #[test]
    fn names_are_sorted_and_files_are_truetype() {
        assert!(all().is_sorted_by_key(|(name, _)| *name));
        for (name, bytes) in all() {
            assert_eq!(bytes[..4], [0, 1, 0, 0], "{name}");
        }
    }
}
