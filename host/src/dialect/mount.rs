//! Where a dialect is reached, so that two never clash.

use serde::Deserialize;

/// First parts of paths that belong to the server itself.
const RESERVED: [&str; 6] = ["v1", "v1_1", "o", "healthz", "readyz", "metrics"];

/// `[<dialect>.mount]`; see `config.default.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// What the dialect's paths begin with; empty for nothing.
    pub prefix: String,
    /// The name of a host whose requests are all the dialect's, without the prefix; empty for none.
    pub host: String,
    /// What clients reach the dialect under; empty for the server's URL and the prefix.
    pub public_url: String,
}

impl Mount {
    /// What clients reach the dialect under, without a slash at the end. `server_url` is the server's.
    pub fn base_url(&self, server_url: &str) -> String {
        match self.public_url.trim_end_matches('/') {
            "" => format!("{server_url}{}", self.prefix),
            url => url.to_owned(),
        }
    }

    /// What the types leave open. `section` is the dialect's; `needs_prefix` says whether its paths are those of
    /// the native API.
    ///
    /// Errors: key, value and expectation.
    pub fn check(&self, section: &str, needs_prefix: bool) -> Result<(), String> {
        let Mount { prefix, host, public_url } = self;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let parts: Vec<&str> = prefix.split('/').skip(1).collect();
        let is_path = prefix.starts_with('/')
            && parts.iter().all(|part| !part.is_empty() && part.bytes().all(fits))
            && parts.first().is_some_and(|first| !RESERVED.contains(first));
        if !(is_path || prefix.is_empty() && !needs_prefix) {
            let taken = RESERVED.join(", ");
            return Err(format!(
                "{section}.mount.prefix: is {prefix:?}, expected a path such as /{section} that does not begin with one \
                 of {taken}"
            ));
        }
        if !host.bytes().all(fits) {
            return Err(format!("{section}.mount.host: is {host:?}, expected a host name without a port"));
        }
        if !public_url.is_empty() && !public_url.starts_with("http://") && !public_url.starts_with("https://") {
            return Err(format!("{section}.mount.public_url: is {public_url:?}, expected an http or https URL"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(prefix: &str, host: &str, public_url: &str) -> Mount {
        Mount { prefix: prefix.into(), host: host.into(), public_url: public_url.into() }
    }

    #[test]
    fn urls_come_from_the_server_unless_they_are_given() {
        assert_eq!(mount("/blurb", "", "").base_url("http://here"), "http://here/blurb");
        assert_eq!(mount("/blurb", "", "https://api.x/").base_url("http://here"), "https://api.x");
    }

    #[test]
    fn what_would_clash_is_refused() {
        let check = |prefix, host, url| mount(prefix, host, url).check("blurb", true);
        assert_eq!(check("/blurb", "api.example.com", "https://api.example.com"), Ok(()));
        for (prefix, host, url, key) in [
            ("", "", "", "prefix"),
            ("blurb", "", "", "prefix"),
            ("/v1/x", "", "", "prefix"),
            ("/a//b", "", "", "prefix"),
            ("/a/", "", "", "prefix"),
            ("/a/{b}", "", "", "prefix"),
            ("/a", "x:80", "", "host"),
            ("/a", "", "api.x", "public_url"),
        ] {
            let problem = check(prefix, host, url).unwrap_err();
            assert!(problem.starts_with(&format!("blurb.mount.{key}: is ")), "{problem}");
        }
        assert_eq!(mount("", "", "").check("blitline", false), Ok(()));
    }
}
