//! When a plugin traps too often.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use crate::wasm::Trouble;

/// Watches over the traps of plugins.
#[derive(Debug)]
pub(super) struct Quarantine {
    traps: usize,
    window: Duration,
    /// Of each version: when it trapped lately, and how many calls its plugin had had by then.
    seen: HashMap<(String, String), VecDeque<(Instant, u64)>>,
}

impl Quarantine {
    /// So many traps within the window are too many; 0: none ever is.
    pub(super) fn new(traps: u32, window: Duration) -> Quarantine {
        Quarantine { traps: traps as usize, window, seen: HashMap::new() }
    }

    /// Notes a trap. Answers why the version must not go on: it trapped too often, and at least in every second call
    /// since the first of these traps. (One that fails rarely, at strange pictures, serves the others well.)
    pub(super) fn note(&mut self, trouble: &Trouble, now: Instant) -> Option<String> {
        if self.traps == 0 {
            return None;
        }
        let calls = trouble.counts.runs + trouble.counts.plans;
        let key = (trouble.owner.clone(), trouble.digest.clone());
        let seen = self.seen.entry(key.clone()).or_default();
        seen.push_back((now, calls));
        while seen.front().is_some_and(|(at, _)| now.duration_since(*at) > self.window) || seen.len() > self.traps {
            seen.pop_front();
        }
        let (_, before) = seen.front().copied()?;
        let traps = seen.len();
        let calls = calls.saturating_sub(before) + 1;
        if traps < self.traps || calls > 2 * traps as u64 {
            return None;
        }
        self.seen.remove(&key);
        let seconds = self.window.as_secs();
        Some(format!("it failed {traps} times in {calls} calls within {seconds} s, at last so: {}", trouble.message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::Counts;

    fn trouble(runs: u64) -> Trouble {
        Trouble {
            owner: String::new(),
            plugin: "halftone".into(),
            version: "1.0.0".into(),
            digest: "a".repeat(64),
            message: "plugin halftone trapped: unreachable".into(),
            counts: Counts { runs, ..Counts::default() },
        }
    }

    fn watch() -> Quarantine {
        Quarantine::new(3, Duration::from_secs(60))
    }

    #[test]
    fn one_that_keeps_trapping_is_told_once() {
        let (mut watch, now) = (watch(), Instant::now());
        assert_eq!(watch.note(&trouble(10), now), None);
        assert_eq!(watch.note(&trouble(11), now), None);
        let reason = watch.note(&trouble(13), now).unwrap();
        let expected = "it failed 3 times in 4 calls within 60 s, at last so: plugin halftone trapped: unreachable";
        assert_eq!(reason, expected);
        assert_eq!(watch.note(&trouble(14), now), None, "it begins anew");
    }

    #[test]
    fn one_that_traps_rarely_or_seldom_goes_on() {
        let (mut often, now) = (watch(), Instant::now());
        for call in 0..20 {
            assert_eq!(often.note(&trouble(100 * call), now), None, "one call in a hundred");
        }
        let mut seldom = watch();
        for call in 0..20 {
            let at = now + Duration::from_secs(40 * call);
            assert_eq!(seldom.note(&trouble(call), at), None, "never three within the window");
        }
        let mut never = Quarantine::new(0, Duration::from_secs(60));
        assert!((0..20).all(|call| never.note(&trouble(call), now).is_none()));
    }
}
