//! Blurb's API: batches of renders. What a render makes is a transform of the catalogue or a template of the
//! settings.

pub mod auth;
pub mod callback;
mod ids;
pub mod lower;
pub mod request;
pub mod response;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

pub use callback::Blurb;
pub use ids::{batch_id, parse_batch, parse_render, render_id, text as token};

use super::Mount;

/// The name that specs and batches of this dialect hold.
pub const NAME: &str = "blurb";

/// `[blurb]`; see `config.default.toml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where it is reached.
    pub mount: Mount,
    /// Whether webhooks carry the headers of Standard Webhooks.
    pub sign_webhooks: bool,
    /// What a `contentId` may name beside the transforms.
    pub templates: BTreeMap<String, Template>,
}

/// Steps under a name.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// The steps; a parameter that is `"${name}"` is taken from `requiredData.name`.
    pub steps: Vec<TemplateStep>,
    /// What stands in for names that `requiredData` does not have.
    #[serde(default)]
    pub defaults: Map<String, Value>,
    /// The format of the result; the source's when absent.
    pub format: Option<String>,
}

/// One step of a template.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateStep {
    /// The transform's name.
    pub transform: String,
    /// Its parameters.
    #[serde(default)]
    pub params: Map<String, Value>,
}

impl Config {
    /// What the types leave open.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.mount.check("blurb", true)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::{callback::RenderExtra, ids};
    use crate::{
        dialect::native,
        job::{Group, OutputState, SourceReport, State},
        store::JobRow,
    };

    /// The render of this index of batch 9.
    pub(super) fn render(index: u32) -> JobRow {
        let mut job = native::tests::job_row(&[("render", Group::Main)]);
        job.id = Uuid::from_u128(100 + u128::from(index));
        job.batch = Some(Uuid::from_u128(9));
        job.spec.dialect = super::NAME.into();
        job.spec.reference = Some("my-custom-reference".into());
        job.spec.callbacks.notification_url = Some("http://hooks/".into());
        let extra = RenderExtra { index, content_id: "resize".into(), aspect_ratio: None };
        job.spec.extra = serde_json::to_value(extra).unwrap();
        job.report.outputs[0].token = ids::text(job.id);
        job
    }

    /// The same once its source was read.
    pub(super) fn read(mut job: JobRow) -> JobRow {
        let source = SourceReport {
            width: 1,
            height: 1,
            format: "png".into(),
            bytes: 1,
            sha256: String::new(),
            md5: None,
            frames: None,
        };
        job.report.source = Some(source);
        job
    }

    /// The same at its end.
    pub(super) fn ended(mut job: JobRow, problem: Option<&str>) -> JobRow {
        let output = &mut job.report.outputs[0];
        output.state = if problem.is_some() { OutputState::Failed } else { OutputState::Succeeded };
        output.error = problem
            .map(|message| serde_json::from_value(json!({"code": "corrupt_image", "message": message})).unwrap());
        job.state = if problem.is_some() { State::Failed } else { State::Succeeded };
        job
    }
}
