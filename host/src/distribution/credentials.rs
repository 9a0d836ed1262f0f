//! User names and passwords of registries, from where `docker login`, `oras login` and `cosign login` put them:
//! `config.json` in `$DOCKER_CONFIG`, or in `~/.docker`.

use std::{collections::HashMap, fs, io, path::PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderValue;
use serde::Deserialize;

/// A user name and a password; never shown.
pub(super) struct Login {
    username: String,
    password: String,
}

impl Login {
    /// The header of Basic authentication: RFC 7617.
    pub(super) fn basic(&self) -> HeaderValue {
        let text = format!("Basic {}", STANDARD.encode(format!("{}:{}", self.username, self.password)));
        let mut value = HeaderValue::from_str(&text).expect("base64 is ASCII");
        value.set_sensitive(true);
        value
    }

    /// Who it is.
    pub(super) fn username(&self) -> &str {
        &self.username
    }
}

/// What the file says of one registry.
pub(super) enum Found {
    Login(Login),
    /// They are kept by a program that is not run here.
    Helper(String),
    Nothing,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct File {
    auths: HashMap<String, Auth>,
    creds_store: Option<String>,
    cred_helpers: HashMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
}

/// Where the file is; none without a home.
fn path() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("DOCKER_CONFIG").or_else(|| set("HOME").map(|home| home.join(".docker")))?;
    Some(folder.join("config.json"))
}

/// Looks a registry up. No file is no credentials.
///
/// Errors: a sentence that names the file; never what is in it.
pub(super) fn find(registry: &str) -> Result<Found, String> {
    let Some(path) = path() else { return Ok(Found::Nothing) };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(format!("cannot read the credentials in {}: {error}", path.display())),
    };
    look_up(&text, registry).map_err(|problem| format!("the credentials in {}: {problem}", path.display()))
}

fn look_up(text: &str, registry: &str) -> Result<Found, String> {
    // Only the place of an error: its text may hold what stands there.
    let file: File = serde_json::from_str(text)
        .map_err(|error| format!("not the JSON of Docker's config.json, line {}", error.line()))?;
    let auth = file.auths.iter().find(|(key, _)| is_of(key, registry));
    if let Some((key, auth)) = auth {
        if !auth.identitytoken.is_empty() {
            return Err(format!(
                "auths[{key:?}]: identity tokens are not read, log in with a password or access token"
            ));
        }
        if !auth.auth.is_empty() {
            let decoded = STANDARD.decode(&auth.auth).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let (username, password) = decoded
                .as_deref()
                .and_then(|pair| pair.split_once(':'))
                .ok_or_else(|| format!("auths[{key:?}].auth: expected USER:PASSWORD in base64"))?;
            // Docker itself fills up with zeros.
            let password = password.trim_end_matches('\0');
            return Ok(Found::Login(Login { username: username.to_owned(), password: password.to_owned() }));
        }
        if !auth.username.is_empty() {
            return Ok(Found::Login(Login { username: auth.username.clone(), password: auth.password.clone() }));
        }
    }
    let helper = file.cred_helpers.into_iter().find(|(key, _)| is_of(key, registry)).map(|(_, helper)| helper);
    // With a store, Docker leaves an empty entry behind.
    let helper = helper.or(file.creds_store.filter(|_| auth.is_some()));
    Ok(helper.map_or(Found::Nothing, Found::Helper))
}

/// Whether a key of `auths` means this registry: old ones are URLs of its API.
fn is_of(key: &str, registry: &str) -> bool {
    let host = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let host = host.trim_end_matches('/');
    let host = host.strip_suffix("/v1").or_else(|| host.strip_suffix("/v2")).unwrap_or(host);
    host == registry || (host == "index.docker.io" && registry == "docker.io")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(text: &str, registry: &str) -> Option<(String, String)> {
        match look_up(text, registry).unwrap() {
            Found::Login(login) => Some((login.username, login.password)),
            _ => None,
        }
    }

    #[test]
    fn logins_are_found_as_the_tools_write_them() {
        let text = r#"{"auths": {
            "a.example:5000": {"auth": "bWU6c2VjOnJldA=="},
            "https://b.example/v2/": {"username": "you", "password": "p"},
            "https://index.docker.io/v1/": {"auth": "bWU6ZG9ja2Vy"},
            "empty.example": {}
        }, "HttpHeaders": {"x": "y"}, "credHelpers": {"ecr.example": "ecr-login"}}"#;
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(login(text, "a.example:5000"), pair("me", "sec:ret"));
        assert_eq!(login(text, "b.example"), pair("you", "p"));
        assert_eq!(login(text, "docker.io"), pair("me", "docker"));
        for nothing in ["a.example", "empty.example", "c.example"] {
            assert!(matches!(look_up(text, nothing), Ok(Found::Nothing)), "{nothing}");
        }
        assert!(matches!(look_up(text, "ecr.example"), Ok(Found::Helper(name)) if name == "ecr-login"));
        let stored = r#"{"auths": {"a.example": {}}, "credsStore": "desktop"}"#;
        assert!(matches!(look_up(stored, "a.example"), Ok(Found::Helper(name)) if name == "desktop"));
        assert!(matches!(look_up(stored, "b.example"), Ok(Found::Nothing)));
    }

    #[test]
    fn damage_is_named_without_what_is_secret() {
        for (text, expected) in [
            ("{\"auths\": \"hunter2\"}", "line 1"),
            ("{\"auths\": {\"a\": {\"auth\": \"hunter2\"}}}", "expected USER:PASSWORD"),
            ("{\"auths\": {\"a\": {\"identitytoken\": \"hunter2\"}}}", "identity tokens"),
        ] {
            let error = look_up(text, "a").err().unwrap();
            assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
        }
    }
}
