//! Now, behind a port, so that tests can step time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Tells the time.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's.
    System,
    /// One that stands still until it is moved; microseconds since the epoch.
    Stepped(Arc<AtomicU64>),
}

impl Clock {
    /// A clock that stands at `start`.
    pub fn stepped(start: SystemTime) -> Clock {
        Clock::Stepped(Arc::new(AtomicU64::new(micros(start))))
    }

    /// The present time, in whole microseconds.
    pub fn now(&self) -> SystemTime {
        match self {
            Clock::System => from_micros(micros(SystemTime::now())),
            Clock::Stepped(at) => from_micros(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves a stepped clock forward; the machine's clock stays as it is.
    pub fn step(&self, by: Duration) {
        if let Clock::Stepped(at) = self {
            at.fetch_add(by.as_micros() as u64, Ordering::SeqCst);
        }
    }
}

/// Microseconds since the Unix epoch; 0 for times before it.
pub fn micros(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}

/// The time that many microseconds after the Unix epoch.
pub fn from_micros(micros: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(micros)
}

/// RFC 3339 in UTC with milliseconds: `2026-11-27T10:45:00.123Z`.
pub fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}
