//! Between rows and the types of the port.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row, sqlite::SqliteRow};
use std::time::{Duration, SystemTime};
use uuid::Uuid;

use super::fail::Fail;
use crate::{
    account::Settings,
    clock::{from_micros, micros},
    job::{Progress, State},
    store::{
        Account, ApiKey, AssetRow, BatchRow, ChunkRow, DeliveryRow, DeliveryState, DerivedRow, DocumentRow, JobRow,
        ResourceKey, ResourceRow, VersionRow,
    },
    webhook::NewDelivery,
};

/// The columns that [`job`] reads, from `jobs j` and `job_documents d`.
macro_rules! job_columns {
    () => {
        "j.id, j.account, j.batch, j.state, j.priority, j.done, j.total, j.attempt, j.version, \
         j.cancel_requested, j.created_at, j.started_at, j.finished_at, d.spec, d.report"
    };
}
pub(super) use job_columns;

/// The same as a constant.
pub(super) const JOB: &str = job_columns!();

/// The columns that [`delivery`] reads, from `deliveries v` and `delivery_bodies b`.
pub(super) const DELIVERY: &str = "v.id, v.message_id, v.account, v.job, v.batch, v.order_key, v.sequence, v.kind, v.url, \
     v.content_type, v.headers, v.signer, v.signing_key, v.policy, v.state, v.attempts, v.next_at, v.replay_of, v.created_at, \
     v.finished_at, b.body";

/// An id as it is bound.
pub(super) fn key(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// A time as it is bound.
pub(super) fn at(time: SystemTime) -> i64 {
    micros(time) as i64
}

/// A span as it is bound; spans beyond what fits stand for "for ever".
pub(super) fn span(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}

/// A bound time, back.
pub(super) fn time(at: i64) -> SystemTime {
    from_micros(at.max(0) as u64)
}

pub(super) fn id(row: &SqliteRow, column: &str) -> Result<Uuid, Fail> {
    uuid(row.try_get::<&[u8], _>(column)?)
}

pub(super) fn optional_id(row: &SqliteRow, column: &str) -> Result<Option<Uuid>, Fail> {
    row.try_get::<Option<&[u8]>, _>(column)?.map(uuid).transpose()
}

pub(super) fn optional_time(row: &SqliteRow, column: &str) -> Result<Option<SystemTime>, Fail> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(time))
}

fn uuid(bytes: &[u8]) -> Result<Uuid, Fail> {
    Uuid::from_slice(bytes).map_err(|error| Fail::Value(error.to_string()))
}

fn unsigned<T: TryFrom<i64>>(row: &SqliteRow, column: &str) -> Result<T, Fail> {
    let value = row.try_get::<i64, _>(column)?;
    T::try_from(value).map_err(|_| Fail::Value(format!("column {column} is out of range: {value}")))
}

/// The name that serde gives to a plain enum value.
pub(super) fn name<T: Serialize>(value: T) -> Result<String, Fail> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(name) => Ok(name),
        other => Err(Fail::Value(format!("not a plain name: {other}"))),
    }
}

fn named<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T, Fail> {
    Ok(serde_json::from_value(serde_json::Value::String(row.try_get(column)?))?)
}

fn json<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T, Fail> {
    Ok(serde_json::from_str(row.try_get::<&str, _>(column)?)?)
}

pub(super) fn state(row: &SqliteRow, column: &str) -> Result<State, Fail> {
    let name = row.try_get::<&str, _>(column)?;
    State::from_name(name).ok_or_else(|| Fail::Value(format!("there is no job state {name:?}")))
}

pub(super) fn account(row: &SqliteRow) -> Result<Account, Fail> {
    Ok(Account {
        key: row.try_get("key")?,
        secret: row.try_get("secret")?,
        webhook_secret: row.try_get("webhook_secret")?,
        previous_webhook_secret: row.try_get("previous_webhook_secret")?,
        previous_until: optional_time(row, "previous_until")?,
        settings: Settings {
            queue_limit: row.try_get::<Option<i64>, _>("queue_limit")?.map(|limit| limit as u64),
            requests_per_s: row.try_get("requests_per_s")?,
            polls_per_s: row.try_get("polls_per_s")?,
            event_bus: row.try_get("event_bus")?,
            event_region: row.try_get("event_region")?,
        },
        created_at: time(row.try_get("created_at")?),
    })
}

pub(super) fn job(row: &SqliteRow) -> Result<JobRow, Fail> {
    Ok(JobRow {
        id: id(row, "id")?,
        account: row.try_get("account")?,
        batch: optional_id(row, "batch")?,
        state: state(row, "state")?,
        priority: row.try_get("priority")?,
        spec: json(row, "spec")?,
        report: json(row, "report")?,
        progress: Progress { done: unsigned(row, "done")?, total: unsigned(row, "total")? },
        attempt: unsigned(row, "attempt")?,
        version: unsigned(row, "version")?,
        cancel_requested: row.try_get::<i64, _>("cancel_requested")? != 0,
        created_at: time(row.try_get("created_at")?),
        started_at: optional_time(row, "started_at")?,
        finished_at: optional_time(row, "finished_at")?,
    })
}

/// A batch; `counts` is left to the caller.
pub(super) fn batch(row: &SqliteRow) -> Result<BatchRow, Fail> {
    Ok(BatchRow {
        id: id(row, "id")?,
        account: row.try_get("account")?,
        dialect: row.try_get("dialect")?,
        notification_url: row.try_get("notification_url")?,
        reference: row.try_get("reference")?,
        extra: json(row, "extra")?,
        counts: Vec::new(),
        created_at: time(row.try_get("created_at")?),
        finished_at: optional_time(row, "finished_at")?,
    })
}

pub(super) fn asset(row: &SqliteRow) -> Result<AssetRow, Fail> {
    Ok(AssetRow {
        account: row.try_get("account")?,
        id: row.try_get("id")?,
        sha256: row.try_get("sha256")?,
        bytes: unsigned(row, "bytes")?,
        format: row.try_get("format")?,
        width: unsigned(row, "width")?,
        height: unsigned(row, "height")?,
        created_at: time(row.try_get("created_at")?),
    })
}

pub(super) fn resource(row: &SqliteRow) -> Result<ResourceRow, Fail> {
    Ok(ResourceRow {
        id: id(row, "id")?,
        key: ResourceKey {
            account: row.try_get("account")?,
            kind: row.try_get("kind")?,
            delivery: row.try_get("delivery")?,
            public_id: row.try_get("public_id")?,
        },
        revision: unsigned(row, "revision")?,
        version: unsigned(row, "version")?,
        sha256: row.try_get("sha256")?,
        etag: row.try_get("etag")?,
        bytes: unsigned(row, "bytes")?,
        format: row.try_get("format")?,
        width: unsigned(row, "width")?,
        height: unsigned(row, "height")?,
        pages: unsigned(row, "pages")?,
        folder: row.try_get("folder")?,
        asset_folder: row.try_get("asset_folder")?,
        display_name: row.try_get("display_name")?,
        filename: row.try_get("filename")?,
        access_mode: row.try_get("access_mode")?,
        moderation_kind: row.try_get("moderation_kind")?,
        moderation_status: row.try_get("moderation_status")?,
        created_at: time(row.try_get("created_at")?),
        uploaded_at: time(row.try_get("uploaded_at")?),
        updated_at: time(row.try_get("updated_at")?),
        facts: json(row, "document")?,
    })
}

pub(super) fn version(row: &SqliteRow) -> Result<VersionRow, Fail> {
    let kept: ResourceRow = json(row, "document")?;
    let key = ResourceKey {
        account: row.try_get("account")?,
        kind: row.try_get("kind")?,
        delivery: row.try_get("delivery")?,
        public_id: row.try_get("public_id")?,
    };
    Ok(VersionRow {
        version_id: row.try_get("version_id")?,
        row: ResourceRow { id: id(row, "resource")?, key, ..kept },
    })
}

pub(super) fn derived(row: &SqliteRow) -> Result<DerivedRow, Fail> {
    Ok(DerivedRow {
        id: id(row, "id")?,
        account: row.try_get("account")?,
        resource: id(row, "resource")?,
        transformation: row.try_get("transformation")?,
        extension: row.try_get("extension")?,
        key: row.try_get("key")?,
        sha256: row.try_get("sha256")?,
        etag: row.try_get("etag")?,
        bytes: unsigned(row, "bytes")?,
        format: row.try_get("format")?,
        width: unsigned(row, "width")?,
        height: unsigned(row, "height")?,
        created_at: time(row.try_get("created_at")?),
    })
}

pub(super) fn document(row: &SqliteRow) -> Result<DocumentRow, Fail> {
    Ok(DocumentRow {
        account: row.try_get("account")?,
        class: row.try_get("class")?,
        name: row.try_get("name")?,
        body: json(row, "body")?,
        created_at: time(row.try_get("created_at")?),
        updated_at: time(row.try_get("updated_at")?),
    })
}

pub(super) fn api_key(row: &SqliteRow) -> Result<ApiKey, Fail> {
    Ok(ApiKey {
        key: row.try_get("key")?,
        account: row.try_get("account")?,
        secret: row.try_get("secret")?,
        created_at: time(row.try_get("created_at")?),
    })
}

pub(super) fn chunk(row: &SqliteRow) -> Result<ChunkRow, Fail> {
    Ok(ChunkRow {
        account: row.try_get("account")?,
        upload: row.try_get("upload")?,
        begins: unsigned(row, "begins")?,
        bytes: unsigned(row, "bytes")?,
        sha256: row.try_get("sha256")?,
        created_at: time(row.try_get("created_at")?),
    })
}

/// A delivery; `log` is left to the caller.
pub(super) fn delivery(row: &SqliteRow) -> Result<DeliveryRow, Fail> {
    let state: DeliveryState = named(row, "state")?;
    Ok(DeliveryRow {
        id: id(row, "id")?,
        delivery: NewDelivery {
            id: id(row, "message_id")?,
            account: row.try_get("account")?,
            job: optional_id(row, "job")?,
            batch: optional_id(row, "batch")?,
            order_key: id(row, "order_key")?,
            sequence: row.try_get("sequence")?,
            kind: row.try_get("kind")?,
            url: row.try_get("url")?,
            body: row.try_get("body")?,
            content_type: row.try_get("content_type")?,
            headers: json(row, "headers")?,
            signer: named(row, "signer")?,
            signing_key: row.try_get("signing_key")?,
            policy: named(row, "policy")?,
        },
        state,
        attempts: unsigned(row, "attempts")?,
        next_at: if state == DeliveryState::Pending { optional_time(row, "next_at")? } else { None },
        replay_of: optional_id(row, "replay_of")?,
        created_at: time(row.try_get("created_at")?),
        finished_at: optional_time(row, "finished_at")?,
        log: Vec::new(),
    })
}
