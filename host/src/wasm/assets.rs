//! Files that the operator has put into a folder for plugins to read: fonts, tables, models.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::SystemTime,
};

use super::Error;

/// What files of one sort look like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sort {
    /// What one is called in the log.
    pub(super) word: &'static str,
    /// The extensions of such files, in lower case; upper case counts as well.
    pub(super) extensions: &'static [&'static str],
    /// The largest file that is handed to a plugin.
    pub(super) max_bytes: u64,
}

/// Files of one sort by name. The folder is read once and each file at its first use: as long as the
/// server runs, a name stands for the same bytes, as results are kept on the strength of that.
#[derive(Default)]
pub(super) struct Assets {
    files: BTreeMap<String, Asset>,
}

struct Asset {
    source: Source,
    bytes: OnceLock<Option<Arc<[u8]>>>,
}

enum Source {
    BuiltIn(&'static [u8]),
    File(PathBuf, Sort),
}

impl Assets {
    /// Files that are part of the program.
    pub(super) fn built_in(files: &[(&str, &'static [u8])]) -> Assets {
        let mut assets = Assets::default();
        for (name, bytes) in files {
            assets.add(name, Source::BuiltIn(bytes));
        }
        assets
    }

    /// Lists the files of one sort in a folder; an empty path is no folder.
    ///
    /// Errors: the folder cannot be read.
    pub(super) fn open(dir: &Path, sort: Sort) -> Result<Assets, Error> {
        Assets::default().and_folder(dir, sort)
    }

    /// Adds the files of one sort in a folder, which replace others of the same name; an empty path is no
    /// folder.
    ///
    /// Errors: the folder cannot be read.
    pub(super) fn and_folder(mut self, dir: &Path, sort: Sort) -> Result<Assets, Error> {
        if dir.as_os_str().is_empty() {
            return Ok(self);
        }
        let failed = |error: std::io::Error| Error::Folder { path: dir.to_owned(), reason: error.to_string() };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(failed)? {
            paths.push(entry.map_err(failed)?.path());
        }
        // Of several with one name the same is taken every time.
        paths.sort();
        let mut taken = BTreeSet::new();
        for path in paths {
            let fits = path
                .extension()
                .is_some_and(|extension| sort.extensions.iter().any(|wanted| extension.eq_ignore_ascii_case(wanted)));
            let (true, Some(name)) = (fits, path.file_stem().and_then(|stem| stem.to_str())) else { continue };
            if taken.insert(name.to_owned()) {
                self.add(name, Source::File(path.clone(), sort));
            } else {
                tracing::warn!(path = %path.display(), "another {} is named {name}, and this one is left out", sort.word);
            }
        }
        Ok(self)
    }

    fn add(&mut self, name: &str, source: Source) {
        self.files.insert(name.to_owned(), Asset { source, bytes: OnceLock::new() });
    }

    /// All names, sorted: the file names without their extension.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// What tells the file of a name from others: its size and, in a folder, when it was changed. Reading all files
    /// to know them by content would take seconds at every start: networks are large.
    pub(super) fn mark(&self, name: &str) -> Option<String> {
        match &self.files.get(name)?.source {
            Source::BuiltIn(bytes) => Some(format!("{} bytes", bytes.len())),
            Source::File(path, _) => {
                let metadata = std::fs::metadata(path).ok()?;
                let changed = metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                Some(format!("{} bytes of {}", metadata.len(), changed.as_nanos()))
            }
        }
    }

    /// The bytes of a file; none if there is none of this name, or it cannot be read.
    pub(super) fn load(&self, name: &str) -> Option<Arc<[u8]>> {
        let asset = self.files.get(name)?;
        asset.bytes.get_or_init(|| asset.read()).clone()
    }
}

impl Asset {
    fn read(&self) -> Option<Arc<[u8]>> {
        let (path, Sort { word, max_bytes, .. }) = match &self.source {
            Source::BuiltIn(bytes) => return Some(Arc::from(*bytes)),
            Source::File(path, sort) => (path, sort),
        };
        let size = std::fs::metadata(path).map(|metadata| metadata.len());
        match size.and_then(|size| if size > *max_bytes { Ok(None) } else { std::fs::read(path).map(Some) }) {
            Ok(Some(bytes)) => Some(bytes.into()),
            Ok(None) => {
                tracing::error!(path = %path.display(), "{word} is larger than {max_bytes} bytes and was not loaded");
                None
            }
            Err(error) => {
                tracing::error!(path = %path.display(), %error, "cannot read a {word}");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SORT: Sort = Sort { word: "font", extensions: &["ttf", "otf"], max_bytes: 8 };

    #[test]
    fn files_are_listed_sorted_and_read_once() {
        let dir = std::env::temp_dir().join(format!("safelight-assets-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&dir).unwrap();
        let files = [("b.ttf", "bee"), ("a.OTF", "ay"), ("a.ttf", "another"), ("notes.txt", "no font")];
        for (name, bytes) in files.into_iter().chain([("large.ttf", "123456789")]) {
            std::fs::write(dir.join(name), bytes).unwrap();
        }
        let fonts = Assets::open(&dir, SORT).unwrap();
        assert_eq!(fonts.names().collect::<Vec<_>>(), ["a", "b", "large"]);
        assert_eq!(fonts.load("a").as_deref(), Some(&b"ay"[..]));
        let mark = fonts.mark("b").unwrap();
        assert!(mark.starts_with("3 bytes of ") && fonts.mark("c").is_none(), "{mark}");
        assert_eq!(fonts.load("b").as_deref(), Some(&b"bee"[..]));
        std::fs::write(dir.join("b.ttf"), "another").unwrap();
        assert_eq!(fonts.load("b").as_deref(), Some(&b"bee"[..]));
        for unknown in ["notes", "../a", "a.OTF", "", "large"] {
            assert_eq!(fonts.load(unknown), None, "{unknown}");
        }
        assert!(Assets::open(&dir.join("missing"), SORT).is_err());
        assert_ne!(Some(mark), fonts.mark("b"));
        assert!(Assets::open(Path::new(""), SORT).unwrap().names().next().is_none());
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
