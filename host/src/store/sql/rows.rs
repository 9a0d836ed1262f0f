//! Between rows and the types of the port.

use std::time::{Duration, SystemTime};

use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::Fail;
use crate::{
    account::Settings,
    clock::{from_micros, micros},
    job::{Progress, State},
    store::{
        Account, ApiKey, AssetRow, AttemptRow, AuditRow, BatchRow, ChunkRow, ClaimedDelivery, DeliveryRow,
        DeliveryState, DerivedRow, DocumentRow, JobRow, NodeRow, ResourceKey, ResourceRow, VersionRow,
    },
    webhook::NewDelivery,
};

/// The columns of a row, by name.
pub(in crate::store) trait Fields: Send + Sync {
    fn optional_id(&self, column: &str) -> Result<Option<Uuid>, Fail>;
    fn optional_text(&self, column: &str) -> Result<Option<&str>, Fail>;
    fn optional_number(&self, column: &str) -> Result<Option<i64>, Fail>;
    fn bytes(&self, column: &str) -> Result<Vec<u8>, Fail>;
    fn flag(&self, column: &str) -> Result<bool, Fail>;

    fn id(&self, column: &str) -> Result<Uuid, Fail> {
        self.optional_id(column)?.ok_or_else(|| null(column))
    }

    fn text(&self, column: &str) -> Result<&str, Fail> {
        self.optional_text(column)?.ok_or_else(|| null(column))
    }

    fn number(&self, column: &str) -> Result<i64, Fail> {
        self.optional_number(column)?.ok_or_else(|| null(column))
    }

    /// A count, which is never below zero.
    fn count(&self, column: &str) -> Result<u64, Fail> {
        Ok(self.number(column)?.max(0) as u64)
    }
}

fn null(column: &str) -> Fail {
    Fail::Value(format!("column {column} is null"))
}

/// The columns that [`job`] reads, from `jobs j` and `job_documents d`.
macro_rules! job_columns {
    () => {
        "j.id, j.account, j.batch, j.state, j.priority, j.done, j.total, j.attempt, j.version, \
         j.cancel_requested, j.created_at, j.started_at, j.finished_at, d.spec, d.report"
    };
}
pub(in crate::store) use job_columns;

/// The same as a constant.
pub(in crate::store) const JOB: &str = job_columns!();

/// The columns that [`delivery`] reads, from `deliveries v` and `delivery_bodies b`.
pub(in crate::store) const DELIVERY: &str = "v.id, v.message_id, v.account, v.job, v.batch, v.order_key, v.sequence, v.kind, v.url, \
     v.content_type, v.headers, v.signer, v.signing_key, v.policy, v.state, v.attempts, v.next_at, v.replay_of, v.created_at, \
     v.finished_at, b.body";

/// The columns that [`claimed_delivery`] reads besides, and where they come from.
pub(in crate::store) const SECRETS: &str =
    "COALESCE(k.secret, a.secret) AS secret, a.webhook_secret, a.previous_webhook_secret, a.previous_until";
pub(in crate::store) const OWNERS: &str = "JOIN delivery_bodies b ON b.delivery = v.id JOIN accounts a ON a.key = v.account \
     LEFT JOIN api_keys k ON k.key = v.signing_key AND k.account = v.account";

/// A time as it is bound.
pub(in crate::store) fn at(time: SystemTime) -> i64 {
    micros(time) as i64
}

/// A span as it is bound; spans beyond what fits stand for "for ever".
pub(in crate::store) fn span(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}

/// A bound time, back.
pub(in crate::store) fn time(at: i64) -> SystemTime {
    from_micros(at.max(0) as u64)
}

fn time_of(row: &impl Fields, column: &str) -> Result<SystemTime, Fail> {
    Ok(time(row.number(column)?))
}

fn optional_time(row: &impl Fields, column: &str) -> Result<Option<SystemTime>, Fail> {
    Ok(row.optional_number(column)?.map(time))
}

fn owned(row: &impl Fields, column: &str) -> Result<String, Fail> {
    Ok(row.text(column)?.to_owned())
}

fn optional(row: &impl Fields, column: &str) -> Result<Option<String>, Fail> {
    Ok(row.optional_text(column)?.map(str::to_owned))
}

fn within<T: TryFrom<i64>>(row: &impl Fields, column: &str) -> Result<T, Fail> {
    fit(column, row.number(column)?)
}

fn optional_within<T: TryFrom<i64>>(row: &impl Fields, column: &str) -> Result<Option<T>, Fail> {
    row.optional_number(column)?.map(|value| fit(column, value)).transpose()
}

fn fit<T: TryFrom<i64>>(column: &str, value: i64) -> Result<T, Fail> {
    T::try_from(value).map_err(|_| Fail::Value(format!("column {column} is out of range: {value}")))
}

/// The name that serde gives to a plain enum value.
pub(in crate::store) fn name<T: Serialize>(value: T) -> Result<String, Fail> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(name) => Ok(name),
        other => Err(Fail::Value(format!("not a plain name: {other}"))),
    }
}

fn named<T: DeserializeOwned>(row: &impl Fields, column: &str) -> Result<T, Fail> {
    Ok(serde_json::from_value(serde_json::Value::String(owned(row, column)?))?)
}

fn json<T: DeserializeOwned>(row: &impl Fields, column: &str) -> Result<T, Fail> {
    Ok(serde_json::from_str(row.text(column)?)?)
}

pub(in crate::store) fn state(row: &impl Fields, column: &str) -> Result<State, Fail> {
    let name = row.text(column)?;
    State::from_name(name).ok_or_else(|| Fail::Value(format!("there is no job state {name:?}")))
}

pub(in crate::store) fn account(row: &impl Fields) -> Result<Account, Fail> {
    Ok(Account {
        key: owned(row, "key")?,
        secret: owned(row, "secret")?,
        webhook_secret: owned(row, "webhook_secret")?,
        previous_webhook_secret: optional(row, "previous_webhook_secret")?,
        previous_until: optional_time(row, "previous_until")?,
        settings: Settings {
            queue_limit: optional_within(row, "queue_limit")?,
            requests_per_s: optional_within(row, "requests_per_s")?,
            polls_per_s: optional_within(row, "polls_per_s")?,
            event_bus: optional(row, "event_bus")?,
            event_region: optional(row, "event_region")?,
        },
        created_at: time_of(row, "created_at")?,
    })
}

pub(in crate::store) fn job(row: &impl Fields) -> Result<JobRow, Fail> {
    Ok(JobRow {
        id: row.id("id")?,
        account: owned(row, "account")?,
        batch: row.optional_id("batch")?,
        state: state(row, "state")?,
        priority: within(row, "priority")?,
        spec: json(row, "spec")?,
        report: json(row, "report")?,
        progress: Progress { done: within(row, "done")?, total: within(row, "total")? },
        attempt: within(row, "attempt")?,
        version: within(row, "version")?,
        cancel_requested: row.flag("cancel_requested")?,
        created_at: time_of(row, "created_at")?,
        started_at: optional_time(row, "started_at")?,
        finished_at: optional_time(row, "finished_at")?,
    })
}

/// A batch; `counts` is left to the caller.
pub(in crate::store) fn batch(row: &impl Fields) -> Result<BatchRow, Fail> {
    Ok(BatchRow {
        id: row.id("id")?,
        account: owned(row, "account")?,
        dialect: owned(row, "dialect")?,
        notification_url: optional(row, "notification_url")?,
        reference: optional(row, "reference")?,
        extra: json(row, "extra")?,
        counts: Vec::new(),
        created_at: time_of(row, "created_at")?,
        finished_at: optional_time(row, "finished_at")?,
    })
}

pub(in crate::store) fn asset(row: &impl Fields) -> Result<AssetRow, Fail> {
    Ok(AssetRow {
        account: owned(row, "account")?,
        id: owned(row, "id")?,
        sha256: owned(row, "sha256")?,
        bytes: within(row, "bytes")?,
        format: owned(row, "format")?,
        width: within(row, "width")?,
        height: within(row, "height")?,
        created_at: time_of(row, "created_at")?,
    })
}

pub(in crate::store) fn resource(row: &impl Fields) -> Result<ResourceRow, Fail> {
    Ok(ResourceRow {
        id: row.id("id")?,
        key: ResourceKey {
            account: owned(row, "account")?,
            kind: owned(row, "kind")?,
            delivery: owned(row, "delivery")?,
            public_id: owned(row, "public_id")?,
        },
        revision: within(row, "revision")?,
        version: within(row, "version")?,
        sha256: owned(row, "sha256")?,
        etag: owned(row, "etag")?,
        bytes: within(row, "bytes")?,
        format: owned(row, "format")?,
        width: within(row, "width")?,
        height: within(row, "height")?,
        pages: within(row, "pages")?,
        folder: owned(row, "folder")?,
        asset_folder: owned(row, "asset_folder")?,
        display_name: owned(row, "display_name")?,
        filename: owned(row, "filename")?,
        access_mode: owned(row, "access_mode")?,
        moderation_kind: owned(row, "moderation_kind")?,
        moderation_status: owned(row, "moderation_status")?,
        created_at: time_of(row, "created_at")?,
        uploaded_at: time_of(row, "uploaded_at")?,
        updated_at: time_of(row, "updated_at")?,
        facts: json(row, "document")?,
    })
}

pub(in crate::store) fn version(row: &impl Fields) -> Result<VersionRow, Fail> {
    let kept: ResourceRow = json(row, "document")?;
    let key = ResourceKey {
        account: owned(row, "account")?,
        kind: owned(row, "kind")?,
        delivery: owned(row, "delivery")?,
        public_id: owned(row, "public_id")?,
    };
    Ok(VersionRow { version_id: owned(row, "version_id")?, row: ResourceRow { id: row.id("resource")?, key, ..kept } })
}

pub(in crate::store) fn derived(row: &impl Fields) -> Result<DerivedRow, Fail> {
    Ok(DerivedRow {
        id: row.id("id")?,
        account: owned(row, "account")?,
        resource: row.id("resource")?,
        transformation: owned(row, "transformation")?,
        extension: owned(row, "extension")?,
        key: owned(row, "key")?,
        sha256: owned(row, "sha256")?,
        etag: owned(row, "etag")?,
        bytes: within(row, "bytes")?,
        format: owned(row, "format")?,
        width: within(row, "width")?,
        height: within(row, "height")?,
        created_at: time_of(row, "created_at")?,
    })
}

pub(in crate::store) fn document(row: &impl Fields) -> Result<DocumentRow, Fail> {
    Ok(DocumentRow {
        account: owned(row, "account")?,
        class: owned(row, "class")?,
        name: owned(row, "name")?,
        body: json(row, "body")?,
        created_at: time_of(row, "created_at")?,
        updated_at: time_of(row, "updated_at")?,
    })
}

pub(in crate::store) fn api_key(row: &impl Fields) -> Result<ApiKey, Fail> {
    Ok(ApiKey {
        key: owned(row, "key")?,
        account: owned(row, "account")?,
        secret: owned(row, "secret")?,
        created_at: time_of(row, "created_at")?,
    })
}

pub(in crate::store) fn chunk(row: &impl Fields) -> Result<ChunkRow, Fail> {
    Ok(ChunkRow {
        account: owned(row, "account")?,
        upload: owned(row, "upload")?,
        begins: within(row, "begins")?,
        bytes: within(row, "bytes")?,
        sha256: owned(row, "sha256")?,
        created_at: time_of(row, "created_at")?,
    })
}

/// A delivery; `log` is left to the caller.
pub(in crate::store) fn delivery(row: &impl Fields) -> Result<DeliveryRow, Fail> {
    let state: DeliveryState = named(row, "state")?;
    Ok(DeliveryRow {
        id: row.id("id")?,
        delivery: NewDelivery {
            id: row.id("message_id")?,
            account: owned(row, "account")?,
            job: row.optional_id("job")?,
            batch: row.optional_id("batch")?,
            order_key: row.id("order_key")?,
            sequence: row.number("sequence")?,
            kind: owned(row, "kind")?,
            url: owned(row, "url")?,
            body: row.bytes("body")?,
            content_type: owned(row, "content_type")?,
            headers: json(row, "headers")?,
            signer: named(row, "signer")?,
            signing_key: optional(row, "signing_key")?,
            policy: named(row, "policy")?,
        },
        state,
        attempts: within(row, "attempts")?,
        next_at: if state == DeliveryState::Pending { optional_time(row, "next_at")? } else { None },
        replay_of: row.optional_id("replay_of")?,
        created_at: time_of(row, "created_at")?,
        finished_at: optional_time(row, "finished_at")?,
        log: Vec::new(),
    })
}

/// A delivery that was claimed, with what signs it now.
pub(in crate::store) fn claimed_delivery(row: &impl Fields, token: Uuid, now: i64) -> Result<ClaimedDelivery, Fail> {
    let mut webhook_secrets = vec![owned(row, "webhook_secret")?];
    let is_valid = row.optional_number("previous_until")?.is_some_and(|until| until > now);
    webhook_secrets.extend(optional(row, "previous_webhook_secret")?.filter(|_| is_valid));
    Ok(ClaimedDelivery { row: delivery(row)?, token, webhook_secrets, api_secret: owned(row, "secret")? })
}

/// An entry of the log of changes.
pub(in crate::store) fn audit(row: &impl Fields) -> Result<AuditRow, Fail> {
    Ok(AuditRow {
        id: row.id("id")?,
        at: time_of(row, "at")?,
        actor: owned(row, "actor")?,
        action: owned(row, "action")?,
        subject: owned(row, "subject")?,
        detail: json(row, "detail")?,
    })
}

/// An attempt at a delivery.
pub(in crate::store) fn attempt(row: &impl Fields) -> Result<AttemptRow, Fail> {
    Ok(AttemptRow {
        number: within(row, "number")?,
        at: time_of(row, "at")?,
        elapsed: Duration::from_micros(row.count("elapsed")?),
        status: optional_within(row, "status")?,
        detail: owned(row, "detail")?,
    })
}

pub(in crate::store) fn node(row: &impl Fields) -> Result<NodeRow, Fail> {
    Ok(NodeRow {
        name: owned(row, "name")?,
        process: row.id("process")?,
        info: json(row, "document")?,
        started_at: time_of(row, "started_at")?,
        seen_at: time_of(row, "seen_at")?,
    })
}
