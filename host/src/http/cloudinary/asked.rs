//! A checked call of the upload API on assets that are there.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Call,
    caller::{self, Caller, Signing},
    form::Sent,
    jobs,
    reply::Refusal,
    upload,
};
use crate::{
    dialect::cloudinary::{
        answer::Object,
        call::Origin,
        callback::Notice,
        changed::Kind,
        params::{Form, ParamError},
        trigger,
        url::DeliveryType,
    },
    http::State,
    store::{Change, ResourceKey, ResourceRow},
    webhook::NewDelivery,
};

/// Assets of one call, at most.
pub(super) const MAX_IDS: usize = 1000;

/// A checked call on assets.
pub(super) struct Asked<'a> {
    pub(super) state: &'a State,
    pub(super) caller: Caller,
    pub(super) kind: &'a str,
    pub(super) form: Form,
    pub(super) request_id: String,
    /// The client's name of the call, or ours of what is done later.
    pub(super) batch_id: Option<String>,
}

impl<'a> Asked<'a> {
    pub(super) async fn new(call: &'a Call, kind: &'a str, sent: Sent, lists: bool) -> Result<Asked<'a>, Refusal> {
        let signing = Signing { lists, may_be_unsigned: false };
        let caller = caller::signed(&call.state, &call.cloud, &call.headers, &sent.form, signing).await?;
        if !["image", "video", "raw"].contains(&kind) {
            return Err(Refusal::bad(format!(
                "Invalid value for parameter resource_type: {kind} (expected image, video or raw)"
            )));
        }
        for url in lines(&sent.form, "notification_url").iter().filter(|url| !url.starts_with("poll:")) {
            upload::check_url(&call.state, "notification_url", url)?;
        }
        let batch_id = sent.form.text("batch_id").map(str::to_owned);
        let request_id = call.request_id.clone();
        Ok(Asked { state: &call.state, caller, kind, form: sent.form, request_id, batch_id })
    }

    /// A parameter that has to be there.
    pub(super) fn required(&self, field: &str) -> Result<&str, Refusal> {
        self.form.text(field).ok_or_else(|| Refusal::bad(format!("Missing required parameter - {field}")))
    }

    pub(super) fn delivery(&self, field: &'static str) -> Result<Option<String>, Refusal> {
        let Some(word) = self.form.text(field) else { return Ok(None) };
        let known = DeliveryType::from_word(word).map(|delivery| delivery.word().to_owned());
        let expected = "upload, private, authenticated, fetch or another delivery type".to_owned();
        known.map(Some).ok_or_else(|| ParamError::Invalid { field, value: word.to_owned(), expected }.into())
    }

    pub(super) fn key(&self, public_id: &str) -> Result<ResourceKey, Refusal> {
        Ok(ResourceKey {
            account: self.caller.account.key.clone(),
            kind: self.kind.to_owned(),
            delivery: self.delivery("type")?.unwrap_or_else(|| "upload".to_owned()),
            public_id: public_id.to_owned(),
        })
    }

    pub(super) fn origin(&self) -> Origin {
        Origin {
            api_key: self.caller.key.clone(),
            request_id: self.request_id.clone(),
            batch_id: self.batch_id.clone(),
            algorithm: self.caller.cloud.algorithm,
            ..Origin::default()
        }
    }

    /// Who is to be told of an event: the call's addresses, else the account's.
    pub(super) async fn addresses(&self, event: &str) -> Result<Vec<String>, Refusal> {
        let called = lines(&self.form, "notification_url");
        if !called.is_empty() {
            return Ok(called);
        }
        Ok(trigger::addresses(self.state.store.as_ref(), &self.caller.account.key, event).await?)
    }

    /// Makes changes and owes what is told of them.
    pub(super) async fn change(&self, changes: Vec<Change>, event: &'static str, body: Value) -> Result<(), Refusal> {
        let urls = self.addresses(event).await?;
        let owed = self.notices(event, body, &urls);
        self.state.store.change(changes, owed).await?;
        self.state.delivery_ready.notify_one();
        Ok(())
    }

    /// Writes assets anew and tells of what has changed about them. Pairs are before and after; those that are equal
    /// stay.
    pub(super) async fn rewrite(&self, kind: Kind, pairs: Vec<(ResourceRow, ResourceRow)>) -> Result<(), Refusal> {
        let Some(body) = kind.body(pairs.iter().map(|(before, after)| (before, after))) else { return Ok(()) };
        let now = self.state.clock.now();
        let changed = pairs.into_iter().filter(|(before, after)| before != after);
        let changes = changed.map(|(_, after)| over(ResourceRow { updated_at: now, ..after })).collect();
        self.change(changes, kind.event, body).await
    }

    pub(super) fn notices(&self, event: &'static str, body: Value, urls: &[String]) -> Vec<NewDelivery> {
        let Value::Object(body) = body else { return Vec::new() };
        let notice = Notice {
            kind: event,
            account: &self.caller.account.key,
            origin: &self.origin(),
            job: None,
            event: Uuid::now_v7(),
            at: self.state.clock.now(),
            body,
        };
        notice.to(urls)
    }

    /// The assets of `public_ids` that are there, in the order asked.
    pub(super) async fn named(&self) -> Result<Vec<ResourceRow>, Refusal> {
        let ids = self.form.list("public_ids");
        if ids.is_empty() {
            return Err(Refusal::bad("Missing required parameter - public_ids"));
        }
        if ids.len() > MAX_IDS {
            return Err(Refusal::bad(format!("Too many public_ids: {} (expected at most {MAX_IDS})", ids.len())));
        }
        let mut found = Vec::new();
        for id in ids {
            let row = self.state.store.resource(&self.key(id)?).await?;
            found.extend(row.filter(|row| !found.iter().any(|known: &ResourceRow| known.id == row.id)));
        }
        Ok(found)
    }

    pub(super) fn answer(&self, row: &ResourceRow) -> Object {
        jobs::signed(&self.caller, upload::site(self.state, &self.caller).asset(row))
    }
}

pub(super) fn lines(form: &Form, field: &str) -> Vec<String> {
    let lines = form.text(field).unwrap_or_default().lines().map(str::trim);
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// What notices tell of an asset.
pub(super) fn told(row: &ResourceRow) -> Value {
    json!({
        "resource_type": row.key.kind,
        "type": row.key.delivery,
        "asset_id": row.id.simple().to_string(),
        "public_id": row.key.public_id,
        "version": row.version,
        "asset_folder": row.asset_folder,
        "display_name": row.display_name,
    })
}

pub(super) fn over(row: ResourceRow) -> Change {
    let over = Some(row.revision);
    Change::PutResource { row: Box::new(row), over }
}
