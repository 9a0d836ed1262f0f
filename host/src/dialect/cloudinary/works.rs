//! What the outputs of a job are, now that its source is known: the picture that is stored, analyses, eager
//! transformations, widths.

use std::collections::BTreeMap;

use super::{
    analysis::{ANALYSIS, Analyses},
    breakpoints,
    call::{Action, Call},
    eager::{self, known},
    engine::{Cloudinary, storage},
    evaluate::Facts,
    geometry::Size,
    intake::STORED,
    lower::{self, Wanted},
    params::UploadParams,
    recipe,
    references::References,
    transformation::{Extension, FormatName, Transformation},
};
use crate::{
    dialect::Work,
    error::{Code, Failure},
    job::{Encoding, Rendering, SourceReport, Step},
    pipeline::Transforms,
    store::{JobRow, Store},
};

/// The ids of the outputs that a call's parameters ask for. `stores`: the call takes a file in.
pub fn output_ids(params: &UploadParams, stores: bool) -> Vec<String> {
    let mut ids = Vec::new();
    if stores && (params.transformation.is_some() || params.format.is_some()) {
        ids.push(STORED.to_owned());
    }
    if Analyses::of(params).reads_pixels() {
        ids.push(ANALYSIS.to_owned());
    }
    if params.eager_async != Some(true) {
        ids.extend(eager::ids(params.eager.len()));
    }
    ids.extend(breakpoints::ids(&params.responsive_breakpoints));
    ids
}

/// How the source of a job is read: which page of it the transformation before storing wants.
pub fn rendering(params: &UploadParams) -> Rendering {
    params.transformation.as_ref().map(|incoming| lower::rendering(&incoming.transformation)).unwrap_or_default()
}

/// What is made by each output of a job.
pub(super) async fn works(
    dialect: &Cloudinary,
    call: &Call,
    job: &JobRow,
    source: &SourceReport,
    store: &dyn Store,
) -> Result<Vec<Result<Work, Failure>>, Failure> {
    let params = call.params()?;
    let mut facts = facts(&params, source);
    if call.action != Action::Upload
        && let Some(row) = store.resource(&call.key(&job.account, &call.kind, &call.name)).await.map_err(storage)?
    {
        known(&mut facts, &row);
    }
    let transforms = (dialect.transforms)(&job.account);
    let mut base = Base {
        references: References { store, blobs: &dialect.blobs, account: &job.account },
        transforms: transforms.as_ref(),
        steps: Vec::new(),
        facts,
        format: source.format.clone(),
        frames: source.frames.unwrap_or(1),
        rendering: job.spec.rendering.clone(),
    };
    let mut works = Vec::new();
    for output in &job.spec.outputs {
        let work = base.output(&params, &output.id).await;
        if let (STORED, Ok((work, size))) = (output.id.as_str(), &work) {
            base.become_stored(work, *size);
        }
        works.push(work.map(|(work, _)| work));
    }
    Ok(works)
}

fn facts(params: &UploadParams, source: &SourceReport) -> Facts {
    Facts {
        pages: source.frames.unwrap_or(1),
        tags: params.tags.clone(),
        context: params.context.clone(),
        metadata: BTreeMap::new(),
        faces: params.face_coordinates.clone(),
        custom: params.custom_coordinates.clone(),
        ..Facts::of(Size::new(source.width, source.height))
    }
}

/// What transformations begin with: the source, or the result of the one before storing.
struct Base<'a> {
    references: References<'a>,
    transforms: &'a dyn Transforms,
    steps: Vec<Step>,
    facts: Facts,
    format: String,
    frames: u32,
    /// How transformations have to read it.
    rendering: Rendering,
}

impl Base<'_> {
    /// From now on it is the result of the transformation before storing.
    fn become_stored(&mut self, work: &Work, size: Size) {
        self.steps.clone_from(&work.steps);
        self.facts.size = size;
        self.rendering = Rendering::default();
        if let Some(format) = &work.encoding.format {
            self.format.clone_from(format);
        }
    }

    async fn output(&self, params: &UploadParams, id: &str) -> Result<(Work, Size), Failure> {
        if id == STORED {
            let transformation = params.transformation.as_ref().map(|incoming| incoming.transformation.clone());
            return self.work(&transformation.unwrap_or_default(), params.format).await;
        }
        if id == ANALYSIS {
            let steps = self.steps.iter().cloned().chain(Analyses::of(params).steps(self.frames)).collect();
            let encoding = Encoding { format: Some("png".to_owned()), ..Encoding::default() };
            return Ok((Work { steps, encoding, recipe: None }, Size::new(1, 1)));
        }
        if let Some((set, nth)) = breakpoints::place(&params.responsive_breakpoints, id) {
            let before = set.transformation.as_ref().map(|(_, before)| before.clone()).unwrap_or_default();
            let (_, own) = self.work(&before, set.format).await?;
            let transformation = breakpoints::transformation(set, own.width, nth);
            let transformation =
                transformation.map_err(|error| Failure::new(Code::InvalidParams, error.to_string()))?;
            return self.work(&transformation, set.format).await;
        }
        let index = id.strip_prefix("eager-").and_then(|index| index.parse::<usize>().ok());
        let Some(item) = index.and_then(|index| params.eager.get(index)) else {
            return Err(Failure::new(Code::Internal, format!("the call says nothing of the output {id}")));
        };
        let extension = match item.eager.extension {
            Some(Extension::Name(name)) => Some(name),
            Some(Extension::None) | None => None,
        };
        self.work(&item.eager.transformation, extension).await
    }

    async fn work(
        &self,
        transformation: &Transformation,
        extension: Option<FormatName>,
    ) -> Result<(Work, Size), Failure> {
        let source = lower::Source { format: &self.format, frames: self.frames };
        let wanted = Wanted { extension, accept: None };
        let (lowered, evaluated) = self.references.lowered(transformation, &self.facts, source, wanted).await?;
        if lowered.rendering != self.rendering {
            let message = format!("{transformation}: pages and density are made on delivery");
            return Err(Failure::new(Code::InvalidParams, message));
        }
        if lowered.calls_out() {
            let message = format!("{transformation}: functions on the web are called on delivery");
            return Err(Failure::new(Code::InvalidParams, message));
        }
        let recipe = Some(recipe::recipe(self.transforms, &lowered, &self.format));
        let steps = self.steps.iter().cloned().chain(lowered.steps).collect();
        let format = lowered.encoding.format.or_else(|| Some(self.format.clone()));
        Ok((Work { steps, encoding: Encoding { format, ..lowered.encoding }, recipe }, evaluated.size))
    }
}
