//! `ping`, `config`, `usage`.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::Admin;
use crate::{
    dialect::cloudinary::answer::seconds,
    http::cloudinary::reply::Refusal,
    store::{Column, DocumentQuery, Filter, Test},
};

const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn ping() -> Value {
    json!({"status": "ok"})
}

pub(super) fn config(admin: &Admin) -> Result<Value, Refusal> {
    let account = &admin.caller.account;
    let mut shown = json!({"cloud_name": account.key, "created_at": seconds(account.created_at)});
    if admin.flag("settings")? {
        shown["settings"] = json!({"folder_mode": "fixed"});
    }
    Ok(shown)
}

/// What is stored; for a given day, what was stored by its end.
pub(super) async fn usage(admin: &Admin, date: Option<&str>) -> Result<Value, Refusal> {
    let now = admin.state().clock.now();
    let asked =
        match date {
            Some(date) => Some(day(date).ok_or_else(|| {
                Refusal::bad(format!("Invalid value for parameter date: {date} (expected dd-mm-yyyy)"))
            })?),
            None => None,
        };
    let store = &admin.state().store;
    let totals = store.totals(admin.account()).await?;
    let by_then = match asked {
        None => Filter::default(),
        Some(day) => {
            let end = crate::clock::micros(day + DAY) as i64 - 1;
            Filter::Column(Column::CreatedAt, Test::Between(None, Some(end)))
        }
    };
    let counted = store.count_resources(admin.account(), &by_then, None).await?;
    let resources = counted.first().map_or(0, |(_, count)| *count);
    let limits = &admin.state().limits;
    let day_of = |time: SystemTime| seconds(time)[..10].to_owned();
    let objects = resources + totals.derived;
    Ok(json!({
        "plan": "Safelight",
        "last_updated": day_of(now),
        "date_requested": format!("{}T00:00:00Z", day_of(asked.unwrap_or(now))),
        "transformations": {"usage": totals.derived, "credits_usage": 0.0},
        "objects": {"usage": objects},
        "bandwidth": {"usage": 0, "credits_usage": 0.0},
        "storage": {"usage": totals.bytes, "credits_usage": 0.0},
        "credits": {"usage": 0.0},
        "requests": admin.state().rates.hour(admin.account(), now).used,
        "resources": resources,
        "derived_resources": totals.derived,
        "upload_presets": preset_count(admin).await?,
        "media_limits": {
            "image_max_size_bytes": limits.max_picture_bytes,
            "video_max_size_bytes": limits.max_picture_bytes,
            "raw_max_size_bytes": limits.max_picture_bytes,
            "image_max_px": limits.max_pixels,
            "asset_max_total_px": limits.max_total_pixels,
        },
    }))
}

/// `25-06-2024`
fn day(text: &str) -> Option<SystemTime> {
    let mut parts = text.split('-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    humantime::parse_rfc3339(&format!("{year}-{month:0>2}-{day:0>2}T00:00:00Z")).ok()
}

/// Presets of the account; a page of the list is as far as it is counted.
async fn preset_count(admin: &Admin) -> Result<usize, Refusal> {
    let class = crate::dialect::cloudinary::preset::CLASS.to_owned();
    let query = DocumentQuery { class, limit: 500, ..DocumentQuery::default() };
    Ok(admin.state().store.documents(admin.account(), query).await?.items.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_the_sdks_write_them() {
        assert_eq!(day("25-06-2024").map(seconds).as_deref(), Some("2024-06-25T00:00:00Z"));
        assert_eq!(day("5-6-2024").map(seconds).as_deref(), Some("2024-06-05T00:00:00Z"));
        for wrong in ["2024-06-25", "32-01-2024", "1-2", "x"] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
    }
}
