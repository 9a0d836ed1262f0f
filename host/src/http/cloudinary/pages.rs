//! Eager transformations that read another page of the file, or read it at another density, while the client waits: each is a
//! job of its own, after the one that the call is.

use serde_json::Value;

use super::{Call, caller::Caller, jobs, reply::Refusal, upload};
use crate::{
    dialect::cloudinary::{
        answer::Object,
        call::{self, Action},
        engine::Ended,
        lower,
        params::{Form, UploadParams},
        works,
    },
    job::Accepts,
    source::Source,
    store::{JobRow, ResourceKey},
};

/// The eager transformations of a call that need a job of their own, with their places.
pub(super) struct Pages(Vec<(usize, String)>);

impl Pages {
    /// Takes them out of the form; what is left is done by the call's own job. When nobody waits, all are left, to be made
    /// later.
    pub(super) fn take(form: &mut Form, params: &UploadParams) -> Pages {
        let is_aside =
            |text: &(usize, String)| !lower::rendering(&params.eager[text.0].eager.transformation).is_default();
        if params.eager_async == Some(true) {
            return Pages(Vec::new());
        }
        let all = params.eager.iter().map(|item| item.text.clone()).enumerate();
        let (aside, rest): (Vec<_>, Vec<_>) = all.partition(is_aside);
        if !aside.is_empty() && params.asynchronous == Some(true) {
            form.0.push(("eager_async".to_owned(), "1".to_owned()));
            return Pages(Vec::new());
        }
        if !aside.is_empty() {
            form.0.retain(|(name, _)| name != "eager");
            let rest: Vec<String> = rest.into_iter().map(|(_, text)| text).collect();
            if !rest.is_empty() {
                form.0.push(("eager".to_owned(), rest.join("|")));
            }
        }
        Pages(aside)
    }

    /// Makes them, and puts what is told of them into the answer of the call's own job.
    pub(super) async fn make(self, call: &Call, caller: &Caller, row: JobRow) -> Result<JobRow, Refusal> {
        if self.0.is_empty() {
            return Ok(row);
        }
        let missing = || Refusal::new(500, "General Error: the job has no answer");
        let mut ended = Ended::of(&row).ok_or_else(missing)?;
        let told = |name: &str| ended.answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let key = ResourceKey {
            account: caller.account.key.clone(),
            kind: told("resource_type"),
            delivery: told("type"),
            public_id: told("public_id"),
        };
        let found = call.state.store.resource(&key).await?.ok_or_else(|| Refusal::no_resource(&key.public_id))?;
        if found.key.kind != "image" {
            return Ok(row);
        }
        let mut eager: Vec<Value> = ended.answer.get("eager").and_then(Value::as_array).cloned().unwrap_or_default();
        for (place, text) in self.0 {
            let form = Form(vec![("eager".to_owned(), text)]);
            let params = UploadParams::parse(&form)?;
            let page = call::Call {
                action: Action::Page,
                origin: upload::origin(call, caller, &params),
                kind: key.kind.clone(),
                delivery: key.delivery.clone(),
                name: key.public_id.clone(),
                named: true,
                filename: String::new(),
                made_by: String::new(),
                form: form.0,
            };
            let source = Source::Blob { sha256: found.sha256.clone(), asset: None };
            let mut job = page.job(source, Accepts::Pictures, works::output_ids(&params, false))?;
            job.spec.rendering = lower::rendering(&params.eager[0].eager.transformation);
            let made = jobs::run(&call.state, &key.account, job).await?;
            let one =
                Ended::of(&made).and_then(|ended| ended.answer.get("eager")?.get(0).cloned()).ok_or_else(missing)?;
            eager.insert(place.min(eager.len()), one);
        }
        ended.answer.insert("eager".to_owned(), eager.into());
        Ok(with_answer(row, ended.answer))
    }
}

fn with_answer(mut row: JobRow, answer: Object) -> JobRow {
    let ended = Ended { answer, notify: Vec::new() };
    row.report.extra = serde_json::to_value(ended).unwrap_or_default();
    row
}
