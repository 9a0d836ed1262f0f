//! The lock file: which component stands behind a reference. Made for version control: entries keep their order.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{Digest, Reference, digest::is_hex_sha256, write_whole};
use crate::error::{Code, Failure};

const HEAD: &str =
    "# Which component stands behind each reference; written by `safelight`, made for version control.\n\n";
/// The form of the file.
const VERSION: u32 = 1;

/// One reference that is pinned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The reference as it was asked for.
    pub reference: String,
    /// The plugin's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the component, lower-case hex.
    pub sha256: String,
    /// The digest of the manifest; of a reference to a registry only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// The name of the key that signed it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default, rename = "plugin", skip_serializing_if = "Vec::is_empty")]
    plugins: Vec<Entry>,
}

/// A lock file.
#[derive(Clone, Debug)]
pub struct Lock {
    path: PathBuf,
    entries: Vec<Entry>,
}

impl Lock {
    /// Reads the file; without one, nothing is pinned.
    ///
    /// Errors: `storage_failed` for a file that cannot be read, `invalid_request` for one that is no lock file.
    pub fn open(path: &Path) -> Result<Lock, Failure> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Lock { path: path.to_owned(), entries: Vec::new() });
            }
            Err(error) => {
                let message = format!("cannot read the lock file {}: {error}", path.display());
                return Err(Failure::new(Code::StorageFailed, message));
            }
        };
        let entries = parse(&text).map_err(|problem| {
            Failure::new(Code::InvalidRequest, format!("the lock file {}: {problem}", path.display()))
        })?;
        Ok(Lock { path: path.to_owned(), entries })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is pinned, in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The SHA-256 that the component of a reference must have, if it is pinned.
    pub fn expected(&self, reference: &Reference) -> Option<&str> {
        let text = reference.to_string();
        self.entries.iter().find(|entry| entry.reference == text).map(|entry| entry.sha256.as_str())
    }

    /// Pins a reference, in place of what was pinned for it.
    pub fn record(&mut self, entry: Entry) {
        match self.entries.iter_mut().find(|old| old.reference == entry.reference) {
            Some(old) => *old = entry,
            None => self.entries.push(entry),
        }
    }

    /// Writes the file: as a whole or not at all.
    ///
    /// Errors: `storage_failed`.
    pub fn save(&self) -> Result<(), Failure> {
        let failed = |problem: String| {
            Failure::new(Code::StorageFailed, format!("cannot write the lock file {}: {problem}", self.path.display()))
        };
        let file = File { version: VERSION, plugins: self.entries.clone() };
        let text = toml::to_string(&file).map_err(|error| failed(error.to_string()))?;
        write_whole(&self.path, format!("{HEAD}{text}").as_bytes()).map_err(|error| failed(error.to_string()))
    }
}

fn parse(text: &str) -> Result<Vec<Entry>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
    if file.version != VERSION {
        return Err(format!("version is {}, expected {VERSION}", file.version));
    }
    for (index, entry) in file.plugins.iter().enumerate() {
        let place = |problem: String| format!("plugin {} ({}): {problem}", index + 1, entry.reference);
        let reference: Reference = entry.reference.parse().map_err(place)?;
        if reference.to_string() != entry.reference {
            return Err(place(format!("reference: expected the form {reference}")));
        }
        if !is_hex_sha256(&entry.sha256) {
            let problem = format!("sha256 is {:?}, expected 64 lower-case hexadecimal digits", entry.sha256);
            return Err(place(problem));
        }
        if file.plugins[..index].iter().any(|other| other.reference == entry.reference) {
            return Err(place("the reference is there twice".to_owned()));
        }
    }
    Ok(file.plugins)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Folder {
            let path = std::env::temp_dir().join(format!("safelight-lock-{}", uuid::Uuid::new_v4()));
            fs::create_dir_all(&path).unwrap();
            Folder(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn entry(reference: &str, content: &str) -> Entry {
        Entry {
            reference: reference.to_owned(),
            name: "sepia".to_owned(),
            version: "1.0.0".to_owned(),
            sha256: Digest::of(content.as_bytes()).hex().to_owned(),
            manifest: None,
            signed_by: None,
        }
    }

    #[test]
    fn entries_keep_their_order_over_a_save() {
        let folder = Folder::new();
        let path = folder.0.join("plugins.lock");
        let mut lock = Lock::open(&path).unwrap();
        assert!(lock.entries().is_empty());
        let signed = Entry {
            manifest: Some(Digest::of(b"m")),
            signed_by: Some("acme".to_owned()),
            ..entry("oci://a.example/z:1", "z")
        };
        lock.record(signed);
        lock.record(entry("https://a.example/b.wasm", "b"));
        lock.record(entry("a.wasm", "a"));
        lock.save().unwrap();
        let first = fs::read_to_string(&path).unwrap();

        let mut again = Lock::open(&path).unwrap();
        assert_eq!(again.entries(), lock.entries());
        again.save().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), first);

        again.record(entry("https://a.example/b.wasm", "new"));
        let references: Vec<&str> = again.entries().iter().map(|entry| entry.reference.as_str()).collect();
        assert_eq!(references, ["oci://a.example/z:1", "https://a.example/b.wasm", "a.wasm"]);
        let reference = "https://a.example/b.wasm".parse().unwrap();
        assert_eq!(again.expected(&reference), Some(Digest::of(b"new").hex()));
        assert_eq!(again.expected(&"https://a.example/c.wasm".parse().unwrap()), None);
        let files: Vec<_> = fs::read_dir(&folder.0).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files, ["plugins.lock"], "nothing half-written is left");
    }

    #[test]
    fn what_is_wrong_with_a_lock_file_is_named() {
        let hex = Digest::of(b"x");
        let hex = hex.hex();
        let plugin = |reference: &str, sha256: &str| {
            format!("[[plugin]]\nreference = {reference:?}\nname = \"n\"\nversion = \"1\"\nsha256 = {sha256:?}\n")
        };
        let good = plugin("a.wasm", hex);
        for (text, expected) in [
            ("version = ".to_owned(), "TOML"),
            ("version = 2\n".to_owned(), "version is 2, expected 1"),
            (String::new(), "version"),
            (format!("version = 1\n{}", plugin("oci://x", hex)), "plugin 1 (oci://x)"),
            (format!("version = 1\n{}", plugin("oci://A.example/x", hex)), "expected the form oci://a.example/x"),
            (format!("version = 1\n{}", plugin("a.wasm", "12")), "sha256 is \"12\""),
            (format!("version = 1\n{good}{good}"), "twice"),
            (format!("version = 1\n{good}other = 1\n"), "other"),
            (format!("version = 1\n{good}manifest = \"sha256:1\"\n"), "the digest is \"sha256:1\""),
        ] {
            let folder = Folder::new();
            let path = folder.0.join("plugins.lock");
            fs::write(&path, &text).unwrap();
            let failure = Lock::open(&path).unwrap_err();
            assert!(
                failure.message.contains("plugins.lock") && failure.message.contains(expected),
                "{text}: {failure}"
            );
        }
    }
}
