//! `upload`: a file in one request or in several, an address, a data URI.

use axum::response::Response;

use super::{
    Call,
    caller::{self, Caller, Signing},
    chunks,
    form::{Sent, SentFile},
    jobs,
    pages::Pages,
    reply::{Refusal, json_response},
    token,
};
use crate::{
    dialect::cloudinary::{
        answer::Site,
        call::{self, Action, Origin},
        decode_segment, naming,
        params::{Form, UploadParams, check_unsigned, with_preset},
        preset::Preset,
        url::DeliveryType,
        works,
    },
    http::State,
    job::Accepts,
    source::{Source, parse_data_uri},
    store::ResourceKey,
};

/// The longest address of a file or of a notification, in bytes.
const MAX_URL: usize = 4096;

pub(super) async fn upload(call: Call, kind: &str, sent: Sent) -> Result<Response, Refusal> {
    let state = &call.state;
    if kind == "all" {
        return Err(Refusal::bad(
            "Invalid value for parameter resource_type: all (expected image, video, raw or auto)",
        ));
    }
    let signing = Signing { lists: false, may_be_unsigned: true };
    let caller = caller::signed(state, &call.cloud, &call.headers, &sent.form, signing).await?;
    let mut form = with_presets(state, &caller, &sent.form).await?;
    let mut params = UploadParams::parse(&form)?;
    if params.asynchronous == Some(true) && form.boolean("live")? == Some(true) {
        return Err(Refusal::bad("live is not currently supported with async"));
    }
    check_notified(state, &params)?;
    let pages = Pages::take(&mut form, &params);
    params = UploadParams::parse(&form)?;
    if let Some(callback) = &params.callback
        && !url::Url::parse(callback).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
    {
        let shown: String = callback.chars().take(200).collect();
        return Err(Refusal::bad(format!(
            "Invalid value for parameter callback: {shown} (expected an http or https URL)"
        )));
    }

    let Some(file) = sent.file else { return Err(Refusal::bad("Missing required parameter - file")) };
    let taken = match chunks::take(&call, &caller, file, sent.form.text("public_id")).await? {
        chunks::Taken::Part(answer) => return Ok(json_response(&answer)),
        chunks::Taken::Whole(taken) => taken,
    };
    let origin = origin(&call, &caller, &params);
    let (name, named) =
        name(&params, &taken.filename, caller.unsigned && form.boolean("disallow_public_id")? == Some(true));
    let upload = call::Call {
        action: Action::Upload,
        origin,
        kind: kind.to_owned(),
        delivery: params.delivery.as_ref().unwrap_or(&DeliveryType::Upload).word().to_owned(),
        name,
        named,
        filename: taken.filename,
        made_by: String::new(),
        form: kept(form),
    };
    if let Some(existing) = existing(state, &caller, &upload, &params).await? {
        return Ok(existing);
    }
    let is_async = params.asynchronous == Some(true);
    let pending = is_async.then(|| jobs::pending(&upload));
    let accepts = match kind {
        "image" => Accepts::Pictures,
        "auto" => Accepts::Anything,
        _ => Accepts::Unread,
    };
    // Transformations are of pictures; with other files they are left alone.
    let outputs = if accepts == Accepts::Unread { Vec::new() } else { works::output_ids(&params, true) };
    let job = upload.job(taken.source, accepts, outputs)?;
    if let Some(pending) = pending {
        return jobs::accept(state, &caller.account.key, job).await.map(|_| pending);
    }
    let row = jobs::run(state, &caller.account.key, job).await?;
    let row = pages.make(&call, &caller, row).await?;
    if let Some(callback) = &params.callback {
        return jobs::redirect(&caller, &row, callback);
    }
    if params.return_delete_token == Some(true) {
        return token::answer(state, &caller, &row).await;
    }
    jobs::answer(&caller, &row)
}

/// A file that is safe, and what it is called.
pub(super) struct TakenFile {
    pub(super) source: Source,
    /// With its extension, or nothing.
    pub(super) filename: String,
}

/// Keeps the file of a call.
pub(super) async fn keep(state: &State, file: SentFile) -> Result<TakenFile, Refusal> {
    match file {
        SentFile::Bytes { writer, filename } => {
            if writer.written() == 0 {
                return Err(Refusal::bad("Empty file"));
            }
            let blob = writer.finish().await?;
            let filename = naming::base_name(&filename);
            Ok(TakenFile { source: Source::Blob { sha256: blob.sha256, asset: None }, filename })
        }
        SentFile::Text(text, _room) if text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) => {
            let data = parse_data_uri(&text, state.limits.max_picture_bytes)?;
            if data.bytes.is_empty() {
                return Err(Refusal::bad("Empty file"));
            }
            let blob = state.blobs.put(data.bytes).await?;
            Ok(TakenFile { source: Source::Blob { sha256: blob.sha256, asset: None }, filename: "file".to_owned() })
        }
        SentFile::Text(url, _) => {
            let url = url.trim();
            if url.is_empty() {
                return Err(Refusal::bad("Missing required parameter - file"));
            }
            check_url(state, "file", url)?;
            let filename = naming::base_name(url);
            let filename = decode_segment(&filename).unwrap_or(filename);
            Ok(TakenFile { source: Source::Url { url: url.to_owned() }, filename })
        }
    }
}

/// The request's fields with those of the preset that it names.
async fn with_presets(state: &State, caller: &Caller, form: &Form) -> Result<Form, Refusal> {
    let Some(name) = form.text("upload_preset") else {
        if caller.unsigned {
            return Err(Refusal::bad("Upload preset must be specified when using unsigned upload"));
        }
        return Ok(form.clone());
    };
    let preset = Preset::find(state.store.as_ref(), &caller.account.key, name).await?;
    let preset = preset.ok_or_else(|| Refusal::bad("Upload preset not found"))?;
    if caller.unsigned {
        if !preset.unsigned {
            return Err(Refusal::bad("Upload preset must be whitelisted for unsigned uploads"));
        }
        check_unsigned(form)?;
    }
    Ok(with_preset(form, &preset.form(), caller.unsigned))
}

/// Checks who is to be told.
pub(super) fn check_notified(state: &State, params: &UploadParams) -> Result<(), Refusal> {
    let fields =
        [("notification_url", &params.notification_url), ("eager_notification_url", &params.eager_notification_url)];
    for (field, urls) in fields {
        for url in urls.iter().filter(|url| !url.starts_with("poll:")) {
            check_url(state, field, url)?;
        }
    }
    Ok(())
}

/// Checks an address as far as it can be told without resolving names.
pub(super) fn check_url(state: &State, field: &str, text: &str) -> Result<(), Refusal> {
    let expected = |what: &str| {
        let shown: String = text.chars().take(200).collect();
        Refusal::bad(format!("Invalid value for parameter {field}: {shown} (expected {what})"))
    };
    if text.len() > MAX_URL {
        return Err(expected(&format!("at most {MAX_URL} bytes")));
    }
    let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or_else(|| expected("an http or https URL"))?;
    (state.check_address)(&url)
        .map_err(|failure| Refusal::bad(format!("Error in loading {text} - {}", failure.message)))
}

/// Where a call comes from, as jobs remember it.
pub(super) fn origin(call: &Call, caller: &Caller, params: &UploadParams) -> Origin {
    let later = params.asynchronous == Some(true);
    Origin {
        api_key: caller.key.clone(),
        request_id: call.request_id.clone(),
        batch_id: params.batch_id.clone().or_else(|| later.then(Origin::new_batch_id)),
        algorithm: caller.cloud.algorithm,
        unsigned: caller.unsigned,
        notify: params.notification_url.clone(),
    }
}

/// The name that a file is stored under, and whether the client chose it.
fn name(params: &UploadParams, filename: &str, ignore_given: bool) -> (String, bool) {
    if let Some(given) = params.full_public_id().filter(|_| !ignore_given) {
        return (given, true);
    }
    let filename = params.filename_override.as_deref().unwrap_or(filename);
    let from_file = || naming::from_file(filename, params.unique_filename != Some(false));
    let name = (params.use_filename == Some(true)).then(from_file).flatten();
    (params.in_folder(&name.unwrap_or_else(naming::made_up)), false)
}

/// Fields that a job remembers: all but the credentials.
pub(super) fn kept(form: Form) -> Vec<(String, String)> {
    const LEFT_OUT: [&str; 4] = ["signature", "api_key", "timestamp", "file"];
    form.0.into_iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str())).collect()
}

/// The answer for an asset that is there already and is not to be replaced. It is looked for again when the
/// file is stored; this spares taking it in.
async fn existing(
    state: &State,
    caller: &Caller,
    upload: &call::Call,
    params: &UploadParams,
) -> Result<Option<Response>, Refusal> {
    let overwrite = params.overwrite.unwrap_or(!caller.unsigned) && !caller.unsigned;
    if overwrite || !upload.named || upload.kind == "auto" || params.asynchronous == Some(true) {
        return Ok(None);
    }
    let key: ResourceKey = upload.key(&caller.account.key, &upload.kind, &upload.name);
    let Some(row) = state.store.resource(&key).await? else { return Ok(None) };
    let mut answer = site(state, caller).asset(&row);
    answer.insert("existing".to_owned(), true.into());
    Ok(Some(json_response(&jobs::signed(caller, answer))))
}

/// What addresses of an account are made of.
pub(super) fn site<'a>(state: &'a State, caller: &'a Caller) -> Site<'a> {
    state.cloudinary.dialect.site(&caller.account.key, &caller.account.secret, caller.cloud.algorithm)
}
