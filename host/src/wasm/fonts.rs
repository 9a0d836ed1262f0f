//! The fonts that come with Safelight, and the operator's.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use super::Error;

/// The largest font file that is handed to a plugin, in bytes. Large CJK collections are about 30 MB.
const MAX_FONT_BYTES: u64 = 64 << 20;

/// Fonts by name. The folder is read once and each file at its first use: as long as the server runs,
/// a name stands for the same bytes, as results are kept on the strength of that.
#[derive(Default)]
pub(super) struct Fonts {
    files: BTreeMap<String, Font>,
}

struct Font {
    source: Source,
    bytes: OnceLock<Option<Arc<[u8]>>>,
}

enum Source {
    BuiltIn(&'static [u8]),
    File(PathBuf),
}

impl Font {
    const fn new(source: Source) -> Self {
        Font { source, bytes: OnceLock::new() }
    }
}

impl Fonts {
    /// The built-in fonts and those of a folder, which go before; an empty path is no folder.
    ///
    /// Errors: the folder cannot be read.
    pub(super) fn open(dir: &Path) -> Result<Fonts, Error> {
        let built_in = safelight_fonts::all().into_iter();
        let mut fonts = Fonts {
            files: built_in.map(|(name, bytes)| (name.to_owned(), Font::new(Source::BuiltIn(bytes)))).collect(),
        };
        if dir.as_os_str().is_empty() {
            return Ok(fonts);
        }
        let failed = |error: std::io::Error| Error::Folder { path: dir.to_owned(), reason: error.to_string() };
        for entry in std::fs::read_dir(dir).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let is_font = path.extension().is_some_and(|extension| {
                extension.eq_ignore_ascii_case("ttf") || extension.eq_ignore_ascii_case("otf")
            });
            if let (true, Some(name)) = (is_font, path.file_stem().and_then(|stem| stem.to_str())) {
                fonts.files.insert(name.to_owned(), Font::new(Source::File(path.clone())));
            }
        }
        Ok(fonts)
    }

    /// All names, sorted.
    pub(super) fn names(&self) -> Vec<&str> {
        self.files.keys().map(String::as_str).collect()
    }

    /// The bytes of a font; none if there is none of this name, or it cannot be read.
    pub(super) fn load(&self, name: &str) -> Option<Arc<[u8]>> {
        let font = self.files.get(name)?;
        let read = || match &font.source {
            Source::BuiltIn(bytes) => Some(Arc::from(*bytes)),
            Source::File(path) => read(path),
        };
        font.bytes.get_or_init(read).clone()
    }
}

fn read(path: &Path) -> Option<Arc<[u8]>> {
    let size = std::fs::metadata(path).map(|metadata| metadata.len());
    match size.and_then(|size| if size > MAX_FONT_BYTES { Ok(None) } else { std::fs::read(path).map(Some) }) {
        Ok(Some(bytes)) => Some(bytes.into()),
        Ok(None) => {
            tracing::error!(path = %path.display(), "font is larger than {MAX_FONT_BYTES} bytes and was not loaded");
            None
        }
        Err(error) => {
            tracing::error!(path = %path.display(), %error, "cannot read a font");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_are_listed_sorted_and_read_once() {
        let dir = std::env::temp_dir().join(format!("safelight-fonts-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&dir).unwrap();
        for (name, bytes) in [("b.ttf", "bee"), ("a.OTF", "ay"), ("NotoSans.ttf", "another"), ("notes.txt", "no font")]
        {
            std::fs::write(dir.join(name), bytes).unwrap();
        }
        let fonts = Fonts::open(&dir).unwrap();
        let built_in: Vec<&str> = safelight_fonts::all().iter().map(|(name, _)| *name).collect();
        assert_eq!(fonts.names(), [&built_in[..], &["a", "b"]].concat());
        assert_eq!(fonts.load("NotoSans").as_deref(), Some(&b"another"[..]));
        assert_eq!(fonts.load("NotoEmoji").as_deref().map(|bytes| &bytes[..4]), Some(&[0, 1, 0, 0][..]));
        assert_eq!(fonts.load("b").as_deref(), Some(&b"bee"[..]));
        std::fs::write(dir.join("b.ttf"), "another").unwrap();
        assert_eq!(fonts.load("b").as_deref(), Some(&b"bee"[..]));
        for unknown in ["notes", "../a", "a.OTF", ""] {
            assert_eq!(fonts.load(unknown), None, "{unknown}");
        }
        assert!(Fonts::open(&dir.join("missing")).is_err());
        assert_eq!(Fonts::open(Path::new("")).unwrap().names(), built_in);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
