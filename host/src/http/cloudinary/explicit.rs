//! `explicit`: says more of an asset that is there, or makes one of a remote file.

use axum::response::Response;

use super::{Call, asked::Asked, form::Sent, jobs, pages::Pages, reply::Refusal, upload};
use crate::{
    dialect::cloudinary::{
        call::{self, Action},
        params::UploadParams,
        url::DeliveryType,
        works,
    },
    job::Accepts,
    source::Source,
    store::ResourceKey,
};

/// Does it as a job, so that what it makes, what it changes and what is told of it are one thing.
pub(super) async fn explicit(call: Call, kind: &str, sent: Sent) -> Result<Response, Refusal> {
    let mut asked = Asked::new(&call, kind, sent, false).await?;
    let params = UploadParams::parse(&asked.form)?;
    upload::check_notified(asked.state, &params)?;
    let pages = Pages::take(&mut asked.form, &params);
    let params = UploadParams::parse(&asked.form)?;
    let id = asked.required("public_id")?.to_owned();
    let delivery = params.delivery.clone().ok_or_else(|| Refusal::bad("Missing required parameter - type"))?;
    let key = ResourceKey { public_id: params.public_id.clone().unwrap_or_default(), ..asked.key(&id)? };
    let wanted = call::Call {
        action: Action::Explicit,
        origin: upload::origin(&call, &asked.caller, &params),
        kind: kind.to_owned(),
        delivery: key.delivery.clone(),
        name: key.public_id.clone(),
        named: true,
        filename: String::new(),
        made_by: String::new(),
        form: upload::kept(asked.form.clone()),
    };
    let later = params.asynchronous == Some(true);
    let (wanted, source) = match asked.state.store.resource(&key).await? {
        Some(row) => (wanted, Source::Blob { sha256: row.sha256, asset: None }),
        None if delivery == DeliveryType::Fetch => {
            // The remote file becomes an asset first.
            upload::check_url(asked.state, "public_id", &id)?;
            (call::Call { action: Action::Upload, ..wanted }, Source::Url { url: id })
        }
        // It may be there by the time that the job runs.
        None if later => (wanted, Source::Canvas { width: 1, height: 1, color: [0; 4] }),
        None => return Err(Refusal::no_resource(&key.public_id)),
    };
    let outputs = match kind {
        "image" => works::output_ids(&params, wanted.action == Action::Upload),
        _ => Vec::new(),
    };
    let pending = later.then(|| jobs::pending(&wanted));
    let job = wanted.job(source, Accepts::Pictures, outputs)?;
    let account = asked.caller.account.key.as_str();
    match pending {
        Some(pending) => jobs::accept(asked.state, account, job).await.map(|_| pending),
        None => {
            let row = jobs::run(asked.state, account, job).await?;
            jobs::answer(&asked.caller, &pages.make(&call, &asked.caller, row).await?)
        }
    }
}
