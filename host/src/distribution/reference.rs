//! Where a component is.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::LazyLock,
};

use regex::Regex;
use serde::Deserialize;
use url::Url;

use super::Digest;

/// The tag of a reference that names none.
const DEFAULT_TAG: &str = "latest";

/// What a repository and a tag may be called: OCI Distribution Specification 1.1, "Pulling manifests".
static REPOSITORY: LazyLock<Regex> = LazyLock::new(|| {
    let part = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
    Regex::new(&format!("^{part}(?:/{part})*$")).expect("the expression is right")
});
static TAG: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$").expect("the expression is right"));
/// The longest name of a host and repository: what registries store.
const MAX_NAME_BYTES: usize = 255;

/// A place that a component comes from. Its text reads back as the same reference.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Reference {
    /// `oci://HOST[:PORT]/REPOSITORY[:TAG][@sha256:HEX]`
    Oci(Image),
    /// `https://HOST/PATH`, or `http://` where the settings allow it.
    Url(Url),
    /// A path.
    File(PathBuf),
}

/// A manifest in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The registry: a host, with the port if it is not the usual one.
    pub registry: String,
    /// The repository.
    pub repository: String,
    /// The tag, if one is named.
    pub tag: Option<String>,
    /// The digest of the manifest, if it is pinned.
    pub digest: Option<Digest>,
}

impl Image {
    /// What the manifest is asked for by: the digest if there is one, or the tag.
    pub fn selector(&self) -> String {
        match &self.digest {
            Some(digest) => digest.to_string(),
            None => self.tag().to_owned(),
        }
    }

    /// The tag, or the usual one.
    pub fn tag(&self) -> &str {
        self.tag.as_deref().unwrap_or(DEFAULT_TAG)
    }

    /// The same with a digest.
    pub fn pinned(&self, digest: Digest) -> Image {
        Image { digest: Some(digest), ..self.clone() }
    }
}

impl Reference {
    /// What a file with the component may be called.
    pub fn file_name(&self) -> String {
        let last = |path: &str| path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("plugin").to_owned();
        let name = match self {
            Reference::Oci(image) => last(&image.repository),
            Reference::Url(url) => last(url.path()),
            Reference::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        if name.ends_with(".wasm") { name } else { format!("{name}.wasm") }
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Oci(image) => image.fmt(f),
            Reference::Url(url) => url.fmt(f),
            Reference::File(path) => path.display().fmt(f),
        }
    }
}

impl FromStr for Reference {
    type Err = String;

    /// Errors: a sentence that names the text and what was expected.
    fn from_str(text: &str) -> Result<Reference, String> {
        let bad = |problem: String| format!("the reference {:?} cannot be used: {problem}", without_user(text));
        match text.split_once("://") {
            Some(("oci", rest)) => image(rest).map(Reference::Oci).map_err(bad),
            Some(("http" | "https", _)) => web(text).map(Reference::Url).map_err(bad),
            Some((scheme, _)) => {
                Err(bad(format!("the scheme is {scheme:?}, expected oci://, https:// or the path of a file")))
            }
            None if text.is_empty() => Err(bad("expected oci://, https:// or the path of a file".to_owned())),
            None => Ok(Reference::File(Path::new(text).to_owned())),
        }
    }
}

impl TryFrom<String> for Reference {
    type Error = String;

    fn try_from(text: String) -> Result<Reference, String> {
        text.parse()
    }
}

/// The text for people, who may have written a password where none is taken.
fn without_user(text: &str) -> String {
    let authority = text.find("://").map_or(0, |at| at + 3);
    let end = text[authority..].find('/').map_or(text.len(), |at| authority + at);
    match text[authority..end].rfind('@') {
        Some(at) if authority > 0 => format!("{}...{}", &text[..authority], &text[authority + at..]),
        _ => text.to_owned(),
    }
}

const NO_USER: &str = "a user name or password in it would end up in lock files and logs";

fn web(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text).map_err(|error| error.to_string())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NO_USER.to_owned());
    }
    url.set_fragment(None);
    Ok(url)
}

fn image(rest: &str) -> Result<Image, String> {
    let (registry, path) = rest
        .split_once('/')
        .filter(|(registry, path)| !registry.is_empty() && !path.is_empty())
        .ok_or("expected oci://HOST[:PORT]/REPOSITORY[:TAG][@sha256:HEX]")?;
    if registry.contains('@') {
        return Err(NO_USER.to_owned());
    }
    let registry = registry.to_ascii_lowercase();
    check_host(&registry)?;
    let (name, digest) = match path.split_once('@') {
        Some((name, digest)) => (name, Some(digest.parse()?)),
        None => (path, None),
    };
    let (repository, tag) = match name.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag)),
        None => (name, None),
    };
    if !REPOSITORY.is_match(repository) || registry.len() + repository.len() > MAX_NAME_BYTES {
        return Err(format!(
            "the repository is {repository:?}, expected lower-case letters, digits and single . _ - between them, \
             in parts divided by /"
        ));
    }
    if let Some(tag) = tag.filter(|tag| !TAG.is_match(tag)) {
        return Err(format!("the tag is {tag:?}, expected at most 128 letters, digits, . _ and -"));
    }
    Ok(Image { registry, repository: repository.to_owned(), tag: tag.map(str::to_owned), digest })
}

/// Whether this is a host with or without a port, as a reference and the settings name it.
pub(super) fn check_host(host: &str) -> Result<(), String> {
    let url = Url::parse(&format!("https://{host}/"));
    let is_plain = |url: &Url| {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        // The usual port is left out of a URL, and may be written all the same.
        url.host_str().is_some_and(|name| [format!("{name}{port}"), format!("{name}:443")].iter().any(|it| it == host))
    };
    match url {
        Ok(url) if is_plain(&url) && url.port() != Some(0) => Ok(()),
        _ => Err(format!("the host is {host:?}, expected a name or an address, with or without a port")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    fn parse(text: &str) -> Reference {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn references_read_back_as_they_were() {
        for text in [
            "oci://ghcr.io/acme/sepia".to_owned(),
            "oci://ghcr.io/acme/sepia:1.2.0".to_owned(),
            format!("oci://127.0.0.1:5000/a/b/c-d__e.f:v1@sha256:{HEX}"),
            format!("oci://[::1]:5000/sepia@sha256:{HEX}"),
            "oci://registry.example:443/sepia".to_owned(),
            "https://plugins.example/sepia.wasm?v=1".to_owned(),
            "http://localhost:8000/sepia.wasm".to_owned(),
            "./sepia.wasm".to_owned(),
            "C:sepia".to_owned(),
        ] {
            assert_eq!(parse(&text).to_string(), text);
        }
        assert_eq!(parse("oci://GHCR.io/acme/sepia").to_string(), "oci://ghcr.io/acme/sepia");
        assert_eq!(parse("https://a.example/x.wasm#part").to_string(), "https://a.example/x.wasm");
    }

    #[test]
    fn a_manifest_is_asked_for_by_digest_before_tag() {
        let selector = |text: &str| match parse(text) {
            Reference::Oci(image) => image.selector(),
            other => panic!("{other} is no image"),
        };
        assert_eq!(selector("oci://a.example/b"), "latest");
        assert_eq!(selector("oci://a.example/b:2"), "2");
        assert_eq!(selector(&format!("oci://a.example/b:2@sha256:{HEX}")), format!("sha256:{HEX}"));
    }

    #[test]
    fn what_is_wrong_with_a_reference_is_named() {
        let upper = HEX.to_uppercase();
        for (text, expected) in [
            ("", "expected oci://"),
            ("ftp://a.example/x.wasm", "\"ftp\""),
            ("file:///x.wasm", "\"file\""),
            ("oci://", "expected oci://HOST"),
            ("oci://ghcr.io", "expected oci://HOST"),
            ("oci://ghcr.io/", "expected oci://HOST"),
            ("oci:///a/b", "expected oci://HOST"),
            ("oci://user:secret@ghcr.io/a", "\"oci://...@ghcr.io/a\" cannot be used: a user name"),
            ("oci://ghcr.io:0/a", "the host is"),
            ("oci://ghcr.io:70000/a", "the host is"),
            ("oci://a b/c", "the host is"),
            ("oci://ghcr.io/Acme/sepia", "\"Acme/sepia\""),
            ("oci://ghcr.io/../sepia", "the repository is"),
            ("oci://ghcr.io/a//b", "the repository is"),
            ("oci://ghcr.io/a?b", "the repository is"),
            ("oci://ghcr.io/a:", "the tag is \"\""),
            ("oci://ghcr.io/a:b/c", "the tag is \"b/c\""),
            ("oci://ghcr.io/a@sha256:12", "the digest is \"sha256:12\""),
            ("oci://ghcr.io/a@md5:00", "the digest is"),
            (&format!("oci://ghcr.io/a@sha256:{upper}"), "lower-case"),
            ("https://", "empty host"),
            ("https://user:secret@a.example/x.wasm", "password"),
        ] {
            let error = text.parse::<Reference>().unwrap_err();
            assert!(error.contains(expected) && !error.contains("secret"), "{text}: {error}");
        }
    }

    #[test]
    fn files_are_called_after_the_reference() {
        for (text, expected) in [
            ("oci://ghcr.io/acme/sepia:1", "sepia.wasm"),
            ("https://a.example/dir/x.wasm?token=1", "x.wasm"),
            ("https://a.example/", "plugin.wasm"),
            ("dir/y.wasm", "y.wasm"),
        ] {
            assert_eq!(parse(text).file_name(), expected);
        }
    }
}
