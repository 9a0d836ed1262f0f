//! What a job of this dialect is for, as it is kept in its spec.

use serde::{Deserialize, Serialize};

use super::{
    analysis::Analyses,
    engine::storage,
    params::{Form, UploadParams},
    signature::Algorithm,
    works,
};
use crate::{
    error::{Code, Failure},
    job::{self, Accepts, Callbacks, Encoding, Group, Intake, Output, Rendering, Report, Spec, Step},
    source::Source,
    store::{NewJob, ResourceKey, ResourceRow, Store},
    worker::report::pending,
};

/// A request that became a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// What is to be done.
    pub action: Action,
    /// Whose, on which name, for whom.
    pub origin: Origin,
    /// `image`, `video`, `raw`, or `auto`.
    pub kind: String,
    /// The delivery type.
    pub delivery: String,
    /// The public id, in full.
    pub name: String,
    /// Whether the client chose the name. A raw file that was named here gets its extension.
    #[serde(default)]
    pub named: bool,
    /// The file's name with its extension, or nothing.
    #[serde(default)]
    pub filename: String,
    /// What the result stands for: the transformation in the address of a sprite, the style of a text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub made_by: String,
    /// The fields of the request, merged with its preset, without the file.
    pub form: Vec<(String, String)>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Take a file in, with its eager transformations.
    Upload,
    /// Change what is known of an asset, and make its eager transformations.
    Explicit,
    /// Find out what a picture is like, for the account to see.
    Look,
    /// Make eager transformations of an asset.
    Eager,
    /// Make one page of an asset.
    Page,
    /// Make one sheet of many assets.
    Sprite,
    /// Make an animation or a document of many assets.
    Multi,
    /// Make a picture of a text.
    Text,
    /// Take in an archive that was made.
    Archive,
}

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The API key that signed it; the account's own for unsigned ones.
    pub api_key: String,
    /// 32 hex digits.
    pub request_id: String,
    /// The client's or our name of the work, told in answers and notifications.
    pub batch_id: Option<String>,
    /// What notifications of it are signed with.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// Whether it came without a signature.
    #[serde(default)]
    pub unsigned: bool,
    /// Who is told of the end.
    #[serde(default)]
    pub notify: Vec<String>,
}

/// The one output of a job whose steps are known.
pub const MADE: &str = "made";

fn new_job(spec: Spec, blobs: Vec<String>) -> NewJob {
    let outputs = spec.outputs.iter().map(|output| pending(output, job::new_token())).collect();
    let report = Report { outputs, ..Report::default() };
    NewJob { id: job::new_id(), priority: 0, spec, report, blobs }
}

impl Origin {
    /// A name for work that is done later: 64 hex digits.
    pub fn new_batch_id() -> String {
        hex::encode(rand::random::<[u8; 32]>())
    }
}

impl Call {
    /// What the spec of a job of this dialect says.
    pub fn of(spec: &Spec) -> Result<Call, Failure> {
        Call::deserialize(&spec.extra)
            .map_err(|error| Failure::new(Code::Internal, format!("the job's call cannot be read: {error}")))
    }

    /// The fields, read.
    ///
    /// # Errors
    /// A field that cannot be understood.
    pub fn params(&self) -> Result<UploadParams, Failure> {
        let params = UploadParams::parse(&Form(self.form.clone()));
        params.map_err(|error| Failure::new(Code::InvalidRequest, error.to_string()))
    }

    /// The asset that it is about, as it stands.
    ///
    /// # Errors
    /// `not_found`, and those of the store.
    pub(super) async fn asset(&self, account: &str, store: &dyn Store) -> Result<ResourceRow, Failure> {
        let found = store.resource(&self.key(account, &self.kind, &self.name)).await.map_err(storage)?;
        found.ok_or_else(|| Failure::new(Code::NotFound, format!("Resource not found - {}", self.name)))
    }

    /// The job that does it: the dialect works out what its outputs are when the source is known.
    ///
    /// # Errors
    /// A call that is no JSON, which does not happen.
    pub fn job(&self, source: Source, accepts: Accepts, outputs: Vec<String>) -> Result<NewJob, Failure> {
        let blobs = match &source {
            Source::Blob { sha256, .. } => vec![sha256.clone()],
            _ => Vec::new(),
        };
        let extra = serde_json::to_value(self)
            .map_err(|error| Failure::new(Code::Internal, format!("the call is no JSON: {error}")))?;
        let keep = matches!(self.action, Action::Upload | Action::Archive);
        let params = self.params()?;
        let output =
            |id| Output { id, group: Group::Main, steps: Vec::new(), encoding: Encoding::default(), destination: None };
        let spec = Spec {
            dialect: super::NAME.to_owned(),
            source,
            rendering: if self.action == Action::Upload { works::rendering(&params) } else { Rendering::default() },
            open: !outputs.is_empty(),
            outputs: outputs.into_iter().map(output).collect(),
            callbacks: Callbacks::default(),
            reference: self.origin.batch_id.clone(),
            store_as: None,
            intake: Intake {
                keep,
                md5: true,
                accepts,
                checked: keep,
                metadata: matches!(self.kind.as_str(), "image" | "auto") && Analyses::of(&params).reads_file(),
                ..Intake::default()
            },
            patience: None,
            extra,
        };
        Ok(new_job(spec, blobs))
    }

    /// The job that makes one picture by steps that are known, out of nothing or of a source; `blobs` are those that
    /// the steps name.
    ///
    /// # Errors
    /// As [`Call::job`].
    pub fn making(
        &self,
        source: Source,
        steps: Vec<Step>,
        encoding: Encoding,
        blobs: Vec<String>,
    ) -> Result<NewJob, Failure> {
        let mut job = self.job(source, Accepts::Pictures, vec![MADE.to_owned()])?;
        let outputs = vec![Output { id: MADE.to_owned(), group: Group::Main, steps, encoding, destination: None }];
        job.spec = Spec { open: false, outputs, ..job.spec };
        job.blobs.extend(blobs);
        Ok(job)
    }

    /// What it is about, once it is known of which kind that is.
    pub fn key(&self, account: &str, kind: &str, name: &str) -> ResourceKey {
        ResourceKey {
            account: account.to_owned(),
            kind: kind.to_owned(),
            delivery: self.delivery.clone(),
            public_id: name.to_owned(),
        }
    }
}
