//! A new plugin's project.

use std::{fmt, fs, io, path::Path};

use include_dir::{Dir, include_dir};

use super::WIT;
use crate::{
    error::{Code, Failure},
    wasm::check_name,
};

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../plugins/templates");
static SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../plugins/sdk/src");

/// In what a plugin is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// With the Rust SDK.
    Rust,
    /// With clang.
    C,
    /// With ComponentizeJS.
    Js,
    /// With componentize-py.
    Python,
    /// With Go's own compiler.
    Go,
}

impl Language {
    fn folder(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::C => "c",
            Language::Js => "js",
            Language::Python => "python",
            Language::Go => "go",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.folder())
    }
}

/// A project to write.
#[derive(Debug)]
pub struct Project {
    name: String,
    language: Language,
}

impl Project {
    /// Names a project. The name becomes the plugin's.
    ///
    /// Errors: `invalid_params` when the name cannot be a plugin's.
    pub fn new(name: &str, language: Language) -> Result<Project, Failure> {
        check_name("name", name, true).map_err(|problem| Failure::new(Code::InvalidParams, problem))?;
        Ok(Project { name: name.to_owned(), language })
    }

    /// Writes the project into a folder, which is made and must be empty.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        if fs::read_dir(folder)?.next().is_some() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the folder is not empty"));
        }
        let files = TEMPLATES.get_dir(self.language.folder()).expect("there is a template for each language");
        self.copy(files, files.path(), folder)?;
        let wit = folder.join("wit");
        self.copy(&WIT, Path::new(""), &wit)?;
        // A project is of the newest contract, and needs no account of how it changes.
        fs::remove_file(wit.join("README.md"))?;
        fs::remove_dir_all(wit.join("released"))?;
        if self.language == Language::Rust {
            let sdk = folder.join("safelight/sdk");
            self.copy(&SDK, Path::new(""), &sdk.join("src"))?;
            let manifest = TEMPLATES.get_dir("sdk").expect("the SDK has a manifest");
            self.copy(manifest, manifest.path(), &sdk)?;
        }
        Ok(())
    }

    /// Copies a folder without the part `base` of its paths. The ending `.in` keeps tools from taking a template for
    /// what it will be.
    fn copy(&self, from: &Dir<'_>, base: &Path, to: &Path) -> io::Result<()> {
        for file in from.files() {
            let path = file.path().strip_prefix(base).expect("files lie below their folder");
            let path = to.join(path);
            let path = if path.extension().is_some_and(|end| end == "in") { path.with_extension("") } else { path };
            fs::create_dir_all(path.parent().unwrap_or(to))?;
            match file.contents_utf8() {
                Some(text) => fs::write(path, self.filled(text))?,
                None => fs::write(path, file.contents())?,
            }
        }
        from.dirs().try_for_each(|dir| self.copy(dir, base, to))
    }

    fn filled(&self, text: &str) -> String {
        text.replace("{{name}}", &self.name)
            .replace("{{crate}}", &self.name.replace('-', "_"))
            .replace("{{transform}}", &self.name.replace('-', "_"))
            .replace("{{version}}", env!("CARGO_PKG_VERSION"))
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn names_are_those_that_a_plugin_may_have() {
        for name in ["a", "my-plugin", "sepia_2"] {
            assert!(Project::new(name, Language::C).is_ok(), "{name}");
        }
        for name in ["", "A", "2d", "my plugin", "../x", "é", &"a".repeat(65)] {
            let failure = Project::new(name, Language::C).unwrap_err();
            assert!(failure.message.starts_with("name: is "), "{failure}");
        }
    }

    #[test]
    fn nothing_of_the_template_is_left_open_and_nothing_is_overwritten() {
        let dir = std::env::temp_dir().join(format!("safelight-project-{}", uuid::Uuid::new_v4()));
        for language in Language::value_variants() {
            let project = Project::new("my-plugin", *language).unwrap();
            let folder = dir.join(language.to_string());
            project.write(&folder).unwrap();
            for name in ["README.md", "Makefile", ".gitignore", "wit/world.wit"] {
                let text = fs::read_to_string(folder.join(name)).unwrap();
                assert!(!text.contains("{{"), "{language}: {name}");
            }
            assert!(!folder.join("wit/released").exists() && !folder.join("wit/README.md").exists());
            assert_eq!(project.write(&folder).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        }
        let manifest = fs::read_to_string(dir.join("rust/Cargo.toml")).unwrap();
        assert!(manifest.contains("name = \"my-plugin\""), "{manifest}");
        assert!(dir.join("rust/safelight/sdk/src/lib.rs").is_file());
        fs::remove_dir_all(dir).unwrap();
    }
}
