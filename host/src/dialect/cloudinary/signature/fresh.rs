//! Whether a signed request is recent.

/// Seconds after which a signed request is refused.
const MAX_AGE_S: u64 = 3600;
/// Seconds by which a client's clock may be ahead: our choice, none is documented.
const MAX_AHEAD_S: u64 = 900;

/// A request whose time is not near enough. Its text is the documented message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stale {
    /// Too old.
    #[error("Stale request - reported time is {} which is more than 1 hour ago", utc(*.0))]
    Old(u64),
    /// Too far ahead.
    #[error("Stale request - reported time is {} which is in the future", utc(*.0))]
    Ahead(u64),
}

/// Checks the `timestamp` of a signed request against the time, both in Unix seconds.
///
/// # Errors
/// When it is more than an hour old, or more than a quarter of an hour ahead.
pub fn check_timestamp(timestamp: u64, now: u64) -> Result<(), Stale> {
    if now.saturating_sub(timestamp) > MAX_AGE_S {
        Err(Stale::Old(timestamp))
    } else if timestamp.saturating_sub(now) > MAX_AHEAD_S {
        Err(Stale::Ahead(timestamp))
    } else {
        Ok(())
    }
}

/// `2016-12-15 04:14:53 +0000`.
///
/// Source: the proleptic Gregorian calendar counted in eras of 400 years that begin in March, as in
/// H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} +0000")
}
