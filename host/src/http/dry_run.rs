//! What a job would do, told without doing it.

use std::sync::Arc;

use super::{
    State,
    reply::{Issue, Problem},
    upload::{self, File},
};
use crate::{
    dialect::native::{
        lower::{Lowered, Wanted},
        response::{DryRun, PlannedOutput, PlannedStep},
    },
    error::Code,
    job::{Group, JobError, Output, Rendering, Step},
    pipeline::{Call, Kind, Size, Transforms},
    store::AssetRow,
};

/// Plans every output as far as sizes can be known: the source's is for a canvas, an asset and bytes
/// that came with the request.
pub(super) async fn plan(
    state: &State,
    transforms: Arc<dyn Transforms>,
    lowered: Lowered,
    found: Option<AssetRow>,
    file: Option<File>,
) -> Result<DryRun, Problem> {
    let size = source_size(state, &lowered.source, &lowered.rendering, found, file).await?;
    // Plugins run to plan, so not on a thread that must not block.
    let planned = tokio::task::spawn_blocking(move || outputs(&*transforms, &lowered.outputs, size));
    planned.await.map_err(|_| Problem::new(Code::Internal, "the planning broke off"))?
}

async fn source_size(
    state: &State,
    source: &Wanted,
    rendering: &Rendering,
    found: Option<AssetRow>,
    file: Option<File>,
) -> Result<Option<Size>, Problem> {
    let info = match (source, file) {
        (Wanted::Url(_), _) => return Ok(None),
        (Wanted::Canvas { width, height, .. }, _) => return Ok(Some(Size { width: *width, height: *height })),
        (Wanted::Asset(_), _) => {
            return Ok(found.map(|asset| Size { width: asset.width, height: asset.height }));
        }
        (Wanted::Data(bytes), _) => upload::probe(state, bytes.clone(), rendering).await,
        (Wanted::Upload, Some(file)) => match upload::measure(state, &file, rendering).await {
            // The rest of a large file is not kept in a dry run.
            Err(_) if !file.whole => return Ok(None),
            measured => measured,
        },
        (Wanted::Upload, None) | (Wanted::Archive(_), _) => return Ok(None),
    };
    let info = info.map_err(|problem| {
        let name = if matches!(source, Wanted::Data(_)) { "data" } else { "upload" };
        Problem::issues(vec![Issue::at(format!("/source/{name}"), problem.code, problem.detail)])
    })?;
    Ok(Some(info.size))
}

fn outputs(transforms: &dyn Transforms, outputs: &[Output], size: Option<Size>) -> Result<DryRun, Problem> {
    let mut issues = Vec::new();
    let mut planned = Vec::with_capacity(outputs.len());
    let mut counts = [0, 0];
    for output in outputs {
        let (list, count) = match output.group {
            Group::Main => ("outputs", &mut counts[0]),
            Group::Eager => ("eager", &mut counts[1]),
        };
        let at = format!("/{list}/{count}");
        *count += 1;
        planned.push(one_output(transforms, output, size, &at, &mut issues));
    }
    if issues.is_empty() { Ok(DryRun { valid: true, outputs: planned }) } else { Err(Problem::issues(issues)) }
}

fn one_output(
    transforms: &dyn Transforms,
    output: &Output,
    source: Option<Size>,
    at: &str,
    issues: &mut Vec<Issue>,
) -> PlannedOutput {
    let mut size = source;
    let mut error = None;
    let mut steps = Vec::with_capacity(output.steps.len());
    for (index, step) in output.steps.iter().enumerate() {
        let known = transforms.resolve(&step.transform);
        match &known {
            Ok(transform) if error.is_none() => match after(transforms, transform, step, size) {
                Ok(next) => size = next,
                Err(failure) => {
                    // Steps of the job come first in the path of every output.
                    let message = format!("step {index} ({}): {}", step.transform, failure.message);
                    issues.push(Issue::at(at, failure.code, message));
                    size = None;
                }
            },
            Ok(_) => {}
            Err(failure) => {
                size = None;
                error.get_or_insert_with(|| JobError {
                    code: failure.code,
                    message: failure.message.clone(),
                    output: Some(output.id.clone()),
                    step: Some(index),
                });
            }
        }
        let plugin = known.as_ref().ok().map(|transform| &transform.plugin);
        steps.push(PlannedStep {
            transform: step.transform.clone(),
            plugin: plugin.map(|plugin| plugin.name.clone()),
            version: plugin.map(|plugin| plugin.version.clone()),
            width: size.map(|size| size.width),
            height: size.map(|size| size.height),
        });
    }
    PlannedOutput {
        id: output.id.clone(),
        width: size.map(|size| size.width),
        height: size.map(|size| size.height),
        steps,
        error,
    }
}

/// The size after a step; none when it depends on what is not known here: the source, pixels, or
/// pictures that parameters name.
fn after(
    transforms: &dyn Transforms,
    transform: &Arc<crate::pipeline::TransformInfo>,
    step: &Step,
    size: Option<Size>,
) -> Result<Option<Size>, crate::error::Failure> {
    if transform.kind == Kind::Analyze {
        return Ok(size);
    }
    let names_pictures = transform.image_params.iter().any(|name| step.params.contains_key(name));
    let input = match (size, transform.kind) {
        _ if names_pictures => return Ok(None),
        // A generator takes no picture: any size will do.
        (None, Kind::Generate) => Size { width: 1, height: 1 },
        (None, _) => return Ok(None),
        (Some(size), _) => size,
    };
    let call = Call { transform: Arc::clone(transform), params: step.params.clone(), images: Vec::new() };
    match transforms.plan(&call, input) {
        Ok(planned) => Ok(planned.output),
        Err(error) => Err(error.failure),
    }
}
