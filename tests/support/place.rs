//! Where the servers under test keep things: in their data directories, or, with `SAFELIGHT_TEST_STORE=cluster`, each in
//! a PostgreSQL database and an S3 bucket of its own, as a node of a cluster does.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use safelight_test_postgres::{Database, shared};
use safelight_test_s3::{ACCESS_KEY, BUCKET, SECRET_KEY, Server as Bucket};

/// In the data directory of a server: what commands that run beside it have to be told.
const FILE: &str = "cluster.env";

/// What commands and further nodes need to be told.
const SHARED: [&str; 2] = ["SAFELIGHT__STORE__URL", "SAFELIGHT__BLOB__"];

/// A database and a bucket that one server has for itself.
pub(crate) struct Place {
    pub(crate) bucket: Bucket,
    database: Database,
}

impl Place {
    /// A new one, if the tests are to run so and the test has not chosen a place itself.
    pub(super) fn of_its_own(environment: &mut BTreeMap<String, String>) -> Option<Arc<Place>> {
        let wanted = std::env::var("SAFELIGHT_TEST_STORE").unwrap_or_default();
        match wanted.as_str() {
            "" | "folder" => return None,
            "cluster" => {}
            other => panic!("SAFELIGHT_TEST_STORE: is {other:?}, expected \"folder\" or \"cluster\""),
        }
        if is_chosen(environment) {
            return None;
        }
        let place = Place { bucket: Bucket::start(), database: shared().empty() };
        let settings = self::environment(&place.database, &place.bucket);
        // Work of a server that was killed returns as soon as on a server that has its data for itself, and all servers
        // of a run share the connections.
        let quick = [("WORKER__LEASE_S", "3"), ("WORKER__HEARTBEAT_S", "1"), ("STORE__MAX_CONNECTIONS", "6")];
        let quick = quick.map(|(name, value)| (format!("SAFELIGHT__{name}"), value.to_owned()));
        for (name, value) in settings.into_iter().chain(quick) {
            environment.entry(name).or_insert(value);
        }
        Some(Arc::new(place))
    }
}

fn is_chosen(environment: &BTreeMap<String, String>) -> bool {
    environment.keys().any(|name| SHARED.iter().any(|shared| name.starts_with(shared)))
}

/// The variables of a node on this database and bucket.
pub(super) fn environment(database: &Database, bucket: &Bucket) -> BTreeMap<String, String> {
    let variables = [
        ("STORE__URL", database.url()),
        ("BLOB__URL", format!("s3://{BUCKET}/nodes")),
        ("BLOB__ENDPOINT", bucket.endpoint()),
        ("BLOB__ACCESS_KEY", ACCESS_KEY.to_owned()),
        ("BLOB__SECRET_KEY", SECRET_KEY.to_owned()),
    ];
    variables.into_iter().map(|(name, value)| (format!("SAFELIGHT__{name}"), value)).collect()
}

/// Gives a further process the place of another one, unless it has chosen one.
pub(super) fn copy(from: &BTreeMap<String, String>, to: &mut BTreeMap<String, String>) {
    if !is_chosen(to) {
        let shared = from.iter().filter(|(name, _)| SHARED.iter().any(|shared| name.starts_with(shared)));
        to.extend(shared.map(|(name, value)| (name.clone(), value.clone())));
    }
}

/// Leaves the place for commands that are run beside the server.
pub(super) fn write_down(environment: &BTreeMap<String, String>, data_dir: &Path) {
    let mut shared = BTreeMap::new();
    copy(environment, &mut shared);
    if !shared.is_empty() {
        let lines: String = shared.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        std::fs::write(data_dir.join(FILE), lines).unwrap();
    }
}

/// The place of the server whose data directory this is.
pub(super) fn written_down(data_dir: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(data_dir.join(FILE)).unwrap_or_default();
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    text.lines().filter_map(pair).collect()
}
