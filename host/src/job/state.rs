//! The states of a job and the legal moves between them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The state of a job. `queued` and `running` are the only ones that end; all others are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Accepted and waiting.
    Queued,
    /// A worker has it.
    Running,
    /// Every output was made.
    Succeeded,
    /// Some outputs were made.
    PartiallyFailed,
    /// No output was made.
    Failed,
    /// The caller called it off.
    Cancelled,
}

impl State {
    /// Every state.
    pub const ALL: [State; 6] =
        [State::Queued, State::Running, State::Succeeded, State::PartiallyFailed, State::Failed, State::Cancelled];

    /// Whether nothing more will happen.
    pub fn is_final(self) -> bool {
        !matches!(self, State::Queued | State::Running)
    }

    /// Whether a job may move from here to `next`. Running to queued is a lost or released lease.
    pub fn may_become(self, next: State) -> bool {
        match self {
            State::Queued => matches!(next, State::Running | State::Cancelled | State::Failed),
            State::Running => next != State::Running,
            _ => false,
        }
    }

    /// The name as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Running => "running",
            State::Succeeded => "succeeded",
            State::PartiallyFailed => "partially_failed",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.as_str() == name)
    }
}
