//! Pages, frames and density: how a source is read.

use serde_json::json;

use super::{
    super::{
        evaluate::Action,
        transformation::{Angle, Component, Error, Key, Node, PageItem, Pages as Asked, Param, Transformation, Turn},
    },
    Source, call, refused,
};
use crate::job::{MAX_DPI, Pages, Rendering, Step};

/// Frames that a list may name, as many as a transform takes.
const MAX_FRAMES: usize = 1000;

/// How the source is read, and steps that choose among its pages.
pub(super) struct Read {
    pub(super) rendering: Rendering,
    pub(super) steps: Vec<Step>,
}

/// How a source has to be read to be measured before the transformation is evaluated: the last page and density
/// that stand in it as plain numbers.
pub fn rendering(transformation: &Transformation) -> Rendering {
    let mut rendering = Rendering::default();
    for node in &transformation.nodes {
        if let Node::Apply(component) = node
            && component.layer().is_none()
        {
            // What is wrong with it is told when it is lowered.
            if let Ok(read) = of(component, u32::MAX) {
                rendering.page = read.rendering.page.or(rendering.page);
                rendering.dpi = read.rendering.dpi.or(rendering.dpi);
            }
            rendering.as_stored |= ignores(component);
        }
    }
    rendering
}

/// Whether a component wants the picture as it is stored, whatever the file says of its orientation.
fn ignores(component: &Component) -> bool {
    let angles = match component.param(Key::Angle) {
        Some(Param::Angle(angles)) => angles.0.as_slice(),
        _ => &[],
    };
    angles.contains(&Angle::Turn(Turn::Ignore))
}

/// How output parameters and components want the source read.
pub(super) fn pages(output: &Component, actions: &[Action], source: Source<'_>) -> Result<Read, Error> {
    let mut read = of(output, source.frames).map_err(|error| error.within(&output.to_string()))?;
    read.rendering.as_stored =
        actions.iter().any(|action| matches!(action, Action::Step(step) if ignores(&step.component)));
    Ok(read)
}

/// How the components of a layer want its picture read.
pub(super) fn of_layer(actions: &[Action]) -> Result<Rendering, Error> {
    let mut rendering = Rendering::default();
    for action in actions {
        let Action::Step(step) = action else { continue };
        let read = of(&step.component, 1).map_err(|error| error.within(&step.component.to_string()))?;
        if !read.steps.is_empty() {
            let param = step.component.param(Key::Page);
            let error = param.map(|param| refused(param, "one page of a layer"));
            return error.map_or(Ok(rendering), |error| Err(error.within(&step.component.to_string())));
        }
        rendering.page = read.rendering.page.or(rendering.page);
        rendering.dpi = read.rendering.dpi.or(rendering.dpi);
        rendering.as_stored |= ignores(&step.component);
    }
    Ok(rendering)
}

fn of(component: &Component, frames: u32) -> Result<Read, Error> {
    let mut read = Read { rendering: Rendering::default(), steps: Vec::new() };
    if let Some(density) = component.number(Key::Density) {
        read.rendering.dpi = Some(density.clamp(1.0, MAX_DPI));
    }
    let Some(param @ Param::Page(asked)) = component.param(Key::Page) else { return Ok(read) };
    let number = |item: &PageItem| match item {
        PageItem::One(page) => page.as_number().map(|page| page.value().round().clamp(1.0, 100_000.0) as u32),
        PageItem::Range(..) => None,
    };
    match asked {
        Asked::All => read.rendering.page = Some(Pages::All),
        Asked::List(items) => match items.as_slice() {
            [item] if number(item).is_some() => read.rendering.page = number(item).map(Pages::One),
            items => {
                let mut picked: Vec<u32> = Vec::new();
                for item in items {
                    match item {
                        PageItem::Range(first, last) => {
                            let last = last.unwrap_or(frames).min(frames);
                            picked.extend((*first..=last).take(MAX_FRAMES + 1));
                        }
                        one => picked.extend(number(one)),
                    }
                    if picked.len() > MAX_FRAMES {
                        return Err(refused(param, format!("at most {MAX_FRAMES} pages")));
                    }
                }
                if picked.is_empty() {
                    return Err(refused(param, format!("pages of the {frames} that there are")));
                }
                read.rendering.page = Some(Pages::All);
                read.steps.push(call("frames", json!({ "pick": picked })));
            }
        },
        Asked::Names(_) | Asked::Embedded(_) => {
            return Err(refused(param, "numbers of pages; layers of Photoshop files are not read"));
        }
    }
    Ok(read)
}
