//! The fonts that come with Safelight, and the operator's.

use std::path::Path;

use super::{
    Error,
    assets::{Assets, Sort},
};

/// Font files. Large CJK collections are about 30 MB.
const FONT: Sort = Sort { word: "font", extensions: &["ttf", "otf"], max_bytes: 64 << 20 };

/// Lists the built-in fonts and those of a folder, which go before; an empty path is no folder.
///
/// Errors: the folder cannot be read.
pub(super) fn open(dir: &Path) -> Result<Assets, Error> {
    Assets::built_in(&safelight_fonts::all()).and_folder(dir, FONT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_fonts_go_before_the_built_in_ones() {
        let dir = std::env::temp_dir().join(format!("safelight-fonts-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&dir).unwrap();
        for (name, bytes) in [("b.ttf", "bee"), ("NotoSans.ttf", "another"), ("notes.txt", "no font")] {
            std::fs::write(dir.join(name), bytes).unwrap();
        }
        let fonts = open(&dir).unwrap();
        let built_in: Vec<&str> = safelight_fonts::all().iter().map(|(name, _)| *name).collect();
        assert_eq!(fonts.names().collect::<Vec<_>>(), [&built_in[..], &["b"]].concat());
        assert_eq!(fonts.load("NotoSans").as_deref(), Some(&b"another"[..]));
        assert_eq!(fonts.load("NotoEmoji").as_deref().map(|bytes| &bytes[..4]), Some(&[0, 1, 0, 0][..]));
        assert_eq!(open(Path::new("")).unwrap().names().collect::<Vec<_>>(), built_in);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
