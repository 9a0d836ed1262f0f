//! When an attempt counts as accepted, how long it may take, when it is tried again.

use std::time::{Duration, SystemTime};

use super::Policy;
use crate::store::Verdict;

/// The longest wait that a receiver can ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// A row of the policy table.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Whether the body is put there (`PUT`), and not posted.
    pub puts: bool,
    /// Time for one attempt.
    pub timeout: Duration,
    /// Whether a status is an acceptance.
    pub accepts: fn(u16) -> bool,
    /// Whether the answer to an accepted attempt says so as well.
    pub confirms: fn(&[u8]) -> bool,
    /// Whether 410 ends a delivery at once.
    pub gone_ends: bool,
    /// The wait in seconds before each attempt, the first one included: its length is the number of attempts.
    pub schedule: &'static [u64],
    /// The part by which a wait varies at random in both directions, 0 to 1.
    pub jitter: f64,
    /// Whether a `Retry-After` prolongs the wait.
    pub honours_retry_after: bool,
}

const SECOND: u64 = 1;
const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

/// The example of Standard Webhooks 1.0.0: about three days.
const STANDARD_SCHEDULE: &[u64] =
    &[0, 5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

static NATIVE: Rules = Rules {
    puts: false,
    timeout: Duration::from_secs(20),
    accepts: |status| matches!(status, 200..=299),
    confirms: |_| true,
    gone_ends: true,
    schedule: STANDARD_SCHEDULE,
    jitter: 0.2,
    honours_retry_after: true,
};

/// Cloudinary's documented schedule; it documents no time for an attempt.
static CLOUDINARY: Rules = Rules {
    puts: false,
    timeout: Duration::from_secs(30),
    accepts: |status| status == 200,
    confirms: |_| true,
    gone_ends: false,
    schedule: &[0, 3 * MINUTE, 6 * MINUTE, 9 * MINUTE],
    jitter: 0.0,
    honours_retry_after: false,
};

/// No policy is documented for Blurb; ours is short, because the next status waits for the one before.
static BLURB: Rules = Rules {
    puts: false,
    timeout: Duration::from_secs(15),
    accepts: |status| matches!(status, 200..=299),
    confirms: |_| true,
    gone_ends: true,
    schedule: &[0, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR],
    jitter: 0.2,
    honours_retry_after: true,
};

/// As documented: one attempt, unless the job asks for more.
static BLITLINE_ONCE: Rules = Rules {
    puts: false,
    timeout: Duration::from_secs(15),
    accepts: |status| matches!(status, 200..=299),
    confirms: |_| true,
    gone_ends: false,
    schedule: &[0],
    jitter: 0.0,
    honours_retry_after: false,
};

static BLITLINE_RETRIES: Rules =
    Rules { schedule: &[0, SECOND, 3 * SECOND, 15 * SECOND, 10 * MINUTE], ..BLITLINE_ONCE };

/// As documented: 10 s, and up to 5 retries. How far apart is ours.
static IMAGE_INTELLIGENCE: Rules = Rules {
    timeout: Duration::from_secs(10),
    schedule: &[0, 10 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE],
    ..BLURB
};

/// Amazon's own clients try for a day as well.
static EVENT_BRIDGE: Rules = Rules {
    puts: false,
    timeout: Duration::from_secs(15),
    accepts: |status| status == 200,
    confirms: super::aws::confirms,
    gone_ends: false,
    schedule: &[0, 5 * SECOND, 30 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 14 * HOUR],
    jitter: 0.2,
    honours_retry_after: true,
};

/// A place for files, which may be down for a while.
static STORAGE: Rules = Rules {
    puts: true,
    timeout: Duration::from_secs(60),
    accepts: |status| matches!(status, 200..=299),
    confirms: |_| true,
    ..EVENT_BRIDGE
};

impl Policy {
    /// The table.
    pub fn rules(self) -> &'static Rules {
        match self {
            Policy::Native => &NATIVE,
            Policy::Cloudinary => &CLOUDINARY,
            Policy::Blurb => &BLURB,
            Policy::BlitlineOnce => &BLITLINE_ONCE,
            Policy::BlitlineRetries => &BLITLINE_RETRIES,
            Policy::ImageIntelligence => &IMAGE_INTELLIGENCE,
            Policy::Storage => &STORAGE,
            Policy::EventBridge => &EVENT_BRIDGE,
        }
    }
}

impl Rules {
    /// What follows from attempt `number` (counted from 1) that ended at `now` with `status`, or none.
    /// `random` is from 0 to 1.
    pub fn judge(
        &self,
        number: u32,
        status: Option<u16>,
        retry_after: Option<&str>,
        now: SystemTime,
        random: f64,
    ) -> Verdict {
        if status.is_some_and(self.accepts) {
            return Verdict::Delivered;
        }
        if self.gone_ends && status == Some(410) {
            return Verdict::Dead;
        }
        let Some(wait) = self.schedule.get(number as usize) else { return Verdict::Dead };
        let factor = 1.0 + self.jitter * (2.0 * random - 1.0);
        let mut wait = Duration::from_secs(*wait).mul_f64(factor);
        if self.honours_retry_after
            && let Some(asked) = retry_after.and_then(|text| parse_retry_after(text, now))
        {
            // Not sooner than asked, and not sooner than planned: an answer of one second to each
            // attempt must not use them all up within seconds.
            wait = wait.max(asked.min(MAX_RETRY_AFTER));
        }
        Verdict::Retry(now + wait)
    }
}

/// Seconds or an HTTP date (RFC 9110, 10.2.3) as a time from `now`; a past date is no wait.
fn parse_retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Digits that do not fit are a long time as well.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn now() -> SystemTime {
        // Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110.
        UNIX_EPOCH + Duration::from_secs(784_111_777)
    }

    #[test]
    fn the_dialects_have_their_own_schedules() {
        let waits = |policy: Policy| -> Vec<u64> {
            let after = |number: u32| match policy.rules().judge(number, Some(500), Some("9999"), now(), 0.5) {
                Verdict::Retry(at) => Some(at.duration_since(now()).unwrap().as_secs()),
                _ => None,
            };
            (1..).map_while(after).collect()
        };
        assert_eq!(waits(Policy::BlitlineOnce), [0; 0]);
        assert_eq!(waits(Policy::BlitlineRetries), [1, 3, 15, 600], "Retry-After is not respected");
        assert_eq!(waits(Policy::Blurb), [9999; 5], "Retry-After is respected");
        for policy in [Policy::BlitlineOnce, Policy::BlitlineRetries, Policy::Blurb] {
            assert_eq!(policy.rules().timeout, Duration::from_secs(15));
            assert_eq!(policy.rules().judge(1, Some(204), None, now(), 0.5), Verdict::Delivered);
        }
    }

    fn wait(number: u32, status: Option<u16>, retry_after: Option<&str>, random: f64) -> Option<f64> {
        match Policy::Native.rules().judge(number, status, retry_after, now(), random) {
            Verdict::Retry(at) => Some(at.duration_since(now()).unwrap().as_secs_f64()),
            Verdict::Dead => None,
            Verdict::Delivered => panic!("delivered"),
        }
    }

    #[test]
    fn only_2xx_is_an_acceptance_and_410_the_end() {
        let rules = Policy::Native.rules();
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(rules.judge(1, Some(status), None, now(), 0.5), Verdict::Delivered, "{status}");
        }
        for status in [100, 199, 300, 301, 302, 307, 308, 400, 401, 404, 429, 500, 503] {
            assert_eq!(wait(1, Some(status), None, 0.5), Some(5.0), "{status}");
        }
        assert_eq!(wait(1, None, None, 0.5), Some(5.0));
        assert_eq!(wait(1, Some(410), Some("60"), 0.5), None);
    }

    #[test]
    fn waits_follow_the_schedule_with_jitter_until_it_ends() {
        let waits: Vec<Option<f64>> = (1..=10).map(|number| wait(number, Some(500), None, 0.5)).collect();
        let expected = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400].map(f64::from);
        assert_eq!(waits, expected.map(Some).into_iter().chain([None]).collect::<Vec<_>>());
        assert_eq!(wait(2, Some(500), None, 0.0), Some(240.0));
        assert_eq!(wait(2, Some(500), None, 1.0), Some(360.0));
        assert_eq!(wait(10, Some(503), Some("60"), 0.5), None);
        assert_eq!(wait(11, Some(500), None, 0.5), None);
    }

    #[test]
    fn cloudinary_takes_200_alone_and_tries_three_times_more() {
        let rules = Policy::Cloudinary.rules();
        assert_eq!(rules.judge(1, Some(200), None, now(), 0.3), Verdict::Delivered);
        for (number, minutes) in [(1, Some(3)), (2, Some(6)), (3, Some(9)), (4, None)] {
            for status in [Some(201), Some(204), Some(410), Some(500), None] {
                let expected =
                    minutes.map_or(Verdict::Dead, |minutes| Verdict::Retry(now() + Duration::from_secs(minutes * 60)));
                assert_eq!(rules.judge(number, status, Some("7200"), now(), 0.9), expected, "{number} {status:?}");
            }
        }
    }

    #[test]
    fn retry_after_prolongs_within_a_day() {
        let check = |text: &str, expected: f64| {
            for status in [429, 503, 500, 302] {
                assert_eq!(wait(1, Some(status), Some(text), 0.5), Some(expected), "{text}");
            }
        };
        check("60", 60.0);
        check(" 60 ", 60.0);
        check("1", 5.0);
        check("0", 5.0);
        check("86401", 86_400.0);
        check("99999999999999999999999999", 86_400.0);
        check("Sun, 06 Nov 1994 08:50:37 GMT", 60.0);
        check("Sunday, 06-Nov-94 08:50:37 GMT", 60.0);
        check("Sun Nov  6 08:50:37 1994", 60.0);
        check("Sun, 06 Nov 1994 08:00:00 GMT", 5.0);
        check("Wed, 01 Jan 2098 00:00:00 GMT", 86_400.0);
        for text in ["", "soon", "-5", "1.5", "+60"] {
            check(text, 5.0);
        }
    }
}
