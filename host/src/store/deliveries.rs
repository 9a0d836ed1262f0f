//! Deliveries: what is owed to receivers, and what became of each try.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::webhook::NewDelivery;

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Owed, due at `next_at`.
    Pending,
    /// Accepted by the receiver.
    Delivered,
    /// Given up: a dead letter. It can be replayed.
    Dead,
}

/// A delivery as it stands.
#[derive(Clone, Debug)]
pub struct DeliveryRow {
    /// The row's own id. It is `delivery.id` except for a replay, which has an id of its own but is
    /// sent under the `webhook-id` of the first, `delivery.id`.
    pub id: Uuid,
    /// What is owed.
    pub delivery: NewDelivery,
    /// Its state.
    pub state: DeliveryState,
    /// Attempts made.
    pub attempts: u32,
    /// When it is tried next.
    pub next_at: Option<SystemTime>,
    /// The delivery it replays.
    pub replay_of: Option<Uuid>,
    /// Owed since.
    pub created_at: SystemTime,
    /// Delivered or given up at.
    pub finished_at: Option<SystemTime>,
    /// The last attempts, oldest first (filled by [`Store::delivery`] only).
    pub log: Vec<AttemptRow>,
}

/// A claimed delivery.
#[derive(Clone, Debug)]
pub struct ClaimedDelivery {
    /// The row.
    pub row: DeliveryRow,
    /// The fencing token.
    pub token: Uuid,
    /// The account's signing secrets: the present one, then the previous one while it is valid.
    pub webhook_secrets: Vec<String>,
    /// The account's API secret.
    pub api_secret: String,
}

/// One try.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptRow {
    /// Counted from 1.
    pub number: u32,
    /// Begun at.
    pub at: SystemTime,
    /// How long it took.
    pub elapsed: Duration,
    /// The status the receiver answered with; none when it did not.
    pub status: Option<u16>,
    /// The first bytes of the answer, or what went wrong.
    pub detail: String,
}

/// What follows from an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Accepted.
    Delivered,
    /// To be tried again at this time.
    Retry(SystemTime),
    /// Given up.
    Dead,
}

/// Which deliveries to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// Only in this state.
    pub state: Option<DeliveryState>,
    /// Only of this job.
    pub job: Option<Uuid>,
    /// Where the last page ended.
    pub cursor: Option<String>,
    /// At most this many, 1 to 500.
    pub limit: u32,
}

/// Which deliveries to claim.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryClaim {
    /// At most this many.
    pub limit: u32,
    /// For how long.
    pub lease: Duration,
    /// Later tries rather than first ones.
    pub retries: bool,
    /// In flight at one receiver at most.
    pub per_receiver: u32,
    /// In flight of one account at most.
    pub per_account: u32,
}

/// An attempt to write down.
#[derive(Clone, Debug)]
pub struct RecordedAttempt {
    /// The delivery's [`DeliveryRow::id`].
    pub id: Uuid,
    /// The claim's token.
    pub token: Uuid,
    /// What happened.
    pub attempt: AttemptRow,
    /// What follows.
    pub verdict: Verdict,
}
