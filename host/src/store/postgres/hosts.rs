//! Which host is the primary, and what follows when it is another one.
//!
//! A connection that is lost, or that turns out to be read-only, makes the cluster suspect: the watcher asks all
//! hosts until one says that it is the primary, and sends new connections there. Connections that are older
//! than that are not used again. One that was waited for in vain makes it suspect, too; but when the primary is
//! still the same then, its connections stay.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};
use tokio::{sync::Notify, time::timeout};

use super::{session::versions, url::Host};
use crate::store::sql::{Fail, Fields, Session, Values};

/// How long a host may take to say what it is.
const PROBE: Duration = Duration::from_secs(3);

/// The first and the longest pause between two rounds of asking.
const PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// The oldest version that has what the statements need.
const OLDEST: i64 = 150_000;

/// The hosts of a cluster.
pub(super) struct Hosts {
    hosts: Vec<Host>,
    /// Connections that were made before are not to be trusted.
    fresh: Mutex<Instant>,
    suspect: Notify,
    /// Whether a connection was lost since the primary was found.
    is_lost: AtomicBool,
    switched: Notify,
}

impl Hosts {
    pub(super) fn new(hosts: Vec<Host>) -> Hosts {
        Hosts {
            hosts,
            fresh: Mutex::new(Instant::now()),
            suspect: Notify::new(),
            is_lost: AtomicBool::new(false),
            switched: Notify::new(),
        }
    }

    /// Asks all hosts at once; answers the first one in the order of the address that is a primary.
    pub(super) async fn primary(&self) -> Result<&Host, String> {
        let answers = join_all(self.hosts.iter().map(is_primary)).await;
        let mut problems = Vec::new();
        for (host, answer) in self.hosts.iter().zip(answers) {
            match answer {
                Ok(true) => return Ok(host),
                Ok(false) => problems.push(format!("{} is a standby", host.name)),
                Err(error) => problems.push(format!("{}: {error}", host.name)),
            }
        }
        Err(format!("no primary among the hosts of store.url: {}", problems.join("; ")))
    }

    /// The primary, looked for until `patience` is at its end.
    pub(super) async fn primary_within(&self, patience: Duration) -> Result<&Host, String> {
        let end = Instant::now() + patience;
        loop {
            match self.primary().await {
                Err(_) if Instant::now() < end => tokio::time::sleep(PAUSE).await,
                answer => return answer,
            }
        }
    }

    /// A connection was lost: has the primary looked for again.
    pub(super) fn lost(&self) {
        self.is_lost.store(true, Ordering::SeqCst);
        self.suspect.notify_one();
    }

    /// No connection was to be had: has the primary looked for, as it may be another one.
    pub(super) fn waited(&self) {
        self.suspect.notify_one();
    }

    /// Returns when connections go to a primary that was looked for again.
    pub(super) async fn changed(&self) {
        self.switched.notified().await;
    }

    /// Whether a connection of this age was made since the primary was found.
    pub(super) fn is_fresh(&self, age: Duration) -> bool {
        let fresh = *self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        age <= fresh.elapsed()
    }

    /// Whether a connection was lost and the primary was not found since.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::SeqCst)
    }

    /// Looks for the primary whenever the cluster is suspect. Connections go to the host `at` at first.
    pub(super) async fn watch(&self, pool: PgPool, mut at: String) {
        loop {
            self.suspect.notified().await;
            let mut pause = PAUSE;
            let host = loop {
                match self.primary().await {
                    Ok(host) => break host,
                    Err(problem) => tracing::warn!(problem, "the database cannot be used, looking for its primary"),
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(MAX_PAUSE);
            };
            let is_lost = self.is_lost.swap(false, Ordering::SeqCst);
            if !is_lost && host.name == at {
                continue;
            }
            tracing::info!(host = host.name, "connecting to the primary again");
            at.clone_from(&host.name);
            pool.set_connect_options(host.options.clone());
            *self.fresh.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            self.switched.notify_waiters();
            // Those who met the same loss need not have it looked for once more.
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Refuses a server that cannot keep the data as needed, and warns of settings that lose accepted work.
    pub(super) async fn check(&self, connection: &mut PgConnection) -> Result<(), Fail> {
        const SETTINGS: &str = "SELECT CAST(current_setting('server_version_num') AS BIGINT) AS version, \
             current_setting('server_version') AS name, current_setting('server_encoding') AS encoding, \
             current_setting('synchronous_commit') AS durable, current_setting('synchronous_standby_names') AS standbys, \
             current_setting('fsync') AS fsync";
        let rows = connection.ask(SETTINGS, Values::new()).await?;
        let row = rows.first().ok_or_else(|| Fail::Value("the server does not tell its settings".into()))?;
        if row.number("version")? < OLDEST {
            return Err(Fail::Value(format!("the server is PostgreSQL {}, 15 or newer is needed", row.text("name")?)));
        }
        if row.text("encoding")? != "UTF8" {
            return Err(Fail::Value(format!("the database is in {}, UTF8 is needed", row.text("encoding")?)));
        }
        for problem in losses(self.hosts.len(), row.text("durable")?, row.text("standbys")?, row.text("fsync")?) {
            tracing::warn!("ACCEPTED JOBS CAN BE LOST: {problem}");
        }
        Ok(())
    }
}

/// What of a cluster's settings loses work that was accepted.
fn losses(hosts: usize, durable: &str, standbys: &str, fsync: &str) -> Vec<String> {
    let mut found = Vec::new();
    if fsync == "off" {
        found.push("fsync is off: the database does not survive a power cut".to_owned());
    }
    if durable == "off" {
        found.push("synchronous_commit is off: the database answers before it has written".to_owned());
    } else if hosts > 1 && durable == "local" {
        found.push("synchronous_commit is local: a standby that takes over may not have what was accepted".to_owned());
    }
    if hosts > 1 && standbys.is_empty() {
        found.push(
            "synchronous_standby_names is empty: a standby that takes over may not have what was accepted".to_owned(),
        );
    }
    found
}

async fn is_primary(host: &Host) -> Result<bool, String> {
    let asking = async {
        let mut connection = host.options.connect().await?;
        let standby: bool = sqlx::query_scalar("SELECT pg_is_in_recovery()").fetch_one(&mut connection).await?;
        // The answer is there: how the connection ends does not matter.
        let _ = connection.close().await;
        Ok(!standby)
    };
    match timeout(PROBE, asking).await {
        Ok(answer) => answer.map_err(|error: sqlx::Error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PROBE.as_secs())),
    }
}

/// What the schema of the primary is.
pub(super) async fn schema_of(host: &Host) -> Result<Vec<i64>, Fail> {
    let mut connection = host.options.connect().await?;
    let found = versions(&mut connection).await;
    let _ = connection.close().await;
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_settings_that_lose_work_are_warned_of() {
        let count = |hosts, durable, standbys, fsync| losses(hosts, durable, standbys, fsync).len();
        assert_eq!(count(1, "on", "", "on"), 0);
        assert_eq!(count(3, "on", "ANY 1 (a, b)", "on"), 0);
        assert_eq!(count(3, "remote_apply", "*", "on"), 0);
        assert_eq!(count(1, "off", "", "on"), 1);
        assert_eq!(count(2, "on", "", "on"), 1);
        assert_eq!(count(2, "local", "*", "on"), 1);
        assert_eq!(count(2, "off", "", "off"), 3);
    }
}
