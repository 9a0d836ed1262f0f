//! `postgres://user:password@host1,host2:5433/database?sslmode=...`: one address, several hosts.

use std::str::FromStr;

use sqlx::{ConnectOptions, postgres::PgConnectOptions};

/// What a connection calls itself.
const APPLICATION: &str = "safelight";

/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 256;

/// One host of the cluster.
#[derive(Clone, Debug)]
pub(super) struct Host {
    /// `host:port`, as it was written.
    pub(super) name: String,
    pub(super) options: PgConnectOptions,
}

/// Whether an address is for this adapter.
pub(in crate::store) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// Reads the address. A message does not repeat it: it may hold a password.
pub(in crate::store) fn check(url: &str) -> Result<(), String> {
    hosts(url).map(|_| ())
}

/// The hosts that an address names, in its order.
pub(super) fn hosts(url: &str) -> Result<Vec<Host>, String> {
    let expected = "expected postgres://USER:PASSWORD@HOST[:PORT][,HOST[:PORT]...]/DATABASE";
    let (scheme, rest) = url.split_once("://").ok_or(expected)?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user, names) = match authority.rsplit_once('@') {
        Some((user, names)) => (format!("{user}@"), names),
        None => (String::new(), authority),
    };
    if path.split('?').next().unwrap_or_default().trim_matches('/').is_empty() {
        return Err(format!("names no database, {expected}"));
    }
    let mut hosts = Vec::new();
    for name in names.split(',') {
        let single = format!("{scheme}://{user}{name}{path}");
        let in_query = path.contains("?host=") || path.contains("&host=");
        if name.is_empty() && (!in_query || names.contains(',')) {
            return Err(format!("names an empty host, {expected}"));
        }
        let parsed = url::Url::parse(&single).map_err(|error| format!("host {name:?}: {error}, {expected}"))?;
        known_parameters(&parsed)?;
        let options =
            PgConnectOptions::from_str(&single).map_err(|error| format!("host {name:?}: {error}, {expected}"))?;
        let options =
            options.application_name(APPLICATION).statement_cache_capacity(STATEMENTS).disable_statement_logging();
        hosts.push(Host { name: name.to_owned(), options });
    }
    Ok(hosts)
}

/// The parameters of an address that have a meaning here; the driver would pass over others.
const PARAMETERS: [&str; 8] = ["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "user", "password", "options"];

fn known_parameters(url: &url::Url) -> Result<(), String> {
    match url.query_pairs().find(|(name, _)| !PARAMETERS.contains(&name.as_ref())) {
        None => Ok(()),
        Some((name, _)) => Err(format!("has the parameter {name:?}, expected one of {}", PARAMETERS.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_one_host_or_several() {
        let found = hosts("postgres://me:p%40ss@db1,db2:5433,[::1]:5434/media?sslmode=require").unwrap();
        let told: Vec<_> =
            found.iter().map(|host| (host.name.as_str(), host.options.get_host(), host.options.get_port())).collect();
        assert_eq!(told, [("db1", "db1", 5432), ("db2:5433", "db2", 5433), ("[::1]:5434", "[::1]", 5434)]);
        for host in &found {
            assert_eq!((host.options.get_username(), host.options.get_database()), ("me", Some("media")));
        }
        let socket = hosts("postgres:///media?host=/run/postgresql&user=me").unwrap();
        assert_eq!(socket[0].options.get_socket().unwrap().to_str(), Some("/run/postgresql"));
    }

    #[test]
    fn what_is_wrong_is_told_without_the_password() {
        for (url, expected) in [
            ("postgres://me:hidden@db1", "names no database"),
            ("postgres://me:hidden@db1/?sslmode=require", "names no database"),
            ("postgres://me:hidden@db1,,db2/media", "names an empty host"),
            ("postgres://me:hidden@/media", "names an empty host"),
            ("postgres://me:hidden@db1:port/media", "host \"db1:port\""),
            ("postgres://me:hidden@db1/media?sslmode=perhaps", "perhaps"),
            ("postgres://me:hidden@db1/media?ssl=1", "has the parameter \"ssl\", expected one of sslmode,"),
        ] {
            let problem = check(url).unwrap_err();
            assert!(problem.contains(expected) && !problem.contains("hidden"), "{url}: {problem}");
        }
    }
}
