//! Clearing up.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;

use crate::{
    blob::{self, Blobs},
    config::Config,
    store::Store,
};

/// What clearing up is called among the nodes.
const TIDY: &str = "tidy";

/// How long a node clears up without a sign of life before another one does, in intervals.
const TIDY_LEASE: f64 = 2.5;

/// The longest time between two looks for old rows.
const FORGET_EVERY: Duration = Duration::from_secs(600);

/// Removes what nothing needs: old rows, then blobs that nothing refers to. Of the nodes of a store one does at a time.
pub(super) async fn tidy(blobs: Blobs, store: Arc<dyn Store>, config: Config, process: Uuid) {
    let every = Duration::from_secs(config.blob.sweep_interval_s).min(FORGET_EVERY);
    let grace = Duration::from_secs(config.blob.sweep_grace_s);
    loop {
        tokio::time::sleep(every).await;
        match store.hold(TIDY, process, every.mul_f64(TIDY_LEASE)).await {
            Ok(true) => {}
            Ok(false) => continue,
            Err(error) => {
                tracing::warn!(%error, "cannot ask whether another node clears up");
                continue;
            }
        }
        if config.store.retention_h > 0 {
            match store.forget(Duration::from_secs(config.store.retention_h * 3600)).await {
                Ok(0) => {}
                Ok(rows) => tracing::info!(rows, "forgot finished work"),
                Err(error) => tracing::warn!(%error, "cannot forget finished work"),
            }
        }
        match blob::sweep(&blobs, store.as_ref(), grace).await {
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "cannot look for unused blobs"),
        }
    }
}
