//! What a job's tree will do, known before a pixel is decoded.

use super::{
    Arrangement, Call, Images, Kind, Planned, ROOT, Size, Timeline, Transforms, Tree,
    images::{image_key, image_references},
};
use crate::{
    error::{Code, Failure},
    job::{Group, JobError, Output, Params},
};

/// What is known of the source ahead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Its size; none when it was not looked at yet (a dry run).
    pub size: Option<Size>,
    /// Its frames; none when it was not looked at yet.
    pub timeline: Option<Timeline>,
    /// Whether it can be had in any size, larger ones as well.
    pub scalable: bool,
}

/// How large pictures on the way may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most pixels of one frame.
    pub max_pixels: u64,
    /// Most frames.
    pub max_frames: u32,
    /// Most pixels of all frames.
    pub max_total_pixels: u64,
}

/// How much of the source the tree needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: no step that can run looks at it.
    Nothing,
    /// A picture of at least this size is as good; larger than the source's own where that can be had.
    Reduced(Size),
    /// The full size.
    Full,
}

/// A tree, ready to be walked.
#[derive(Debug)]
pub struct Plan {
    /// The steps.
    pub tree: Tree,
    /// What is known of each node of the tree.
    pub nodes: Vec<NodePlan>,
    /// By output: why it cannot be made, as far as that is known.
    pub failures: Vec<Option<JobError>>,
    /// By output: whether it belongs to the main group.
    pub main: Vec<bool>,
    /// How much of the source is needed.
    pub need: Need,
    /// What limits the pictures on the way.
    pub limits: Limits,
    /// The outputs' ids.
    pub ids: Vec<String>,
}

/// What is known of a node.
#[derive(Debug, Default)]
pub struct NodePlan {
    /// What to run; none at the root and where `failure` says why not.
    pub call: Option<Call>,
    /// What the call will do; none where the size of its input is not known ahead.
    pub planned: Option<Planned>,
    /// The size of the result; none where it is not known ahead.
    pub size: Option<Size>,
    /// The frames of the result, if all are made; none where those of the source are not known.
    pub timeline: Option<Timeline>,
    /// Why it cannot run.
    pub failure: Option<Failure>,
    /// Whether an output at or below it can still be made.
    pub alive: bool,
    /// Whether all frames of the result are needed: an output at or below it keeps them, or a step that
    /// arranges frames follows.
    pub animated: bool,
}

/// What a dry run says of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedOutput {
    /// Its id.
    pub id: String,
    /// Its size; none when it depends on the pixels or the source's size is not known.
    pub size: Option<Size>,
    /// The step that cannot work, and why.
    pub failure: Option<(usize, Failure)>,
}

/// Plans without running anything. `source` is none where the source was not looked at: then only
/// names and parameters are checked, and what does not depend on the source's size. Steps that take
/// further pictures are not planned, nor are those after them.
pub fn plan_outputs(
    transforms: &dyn Transforms,
    outputs: &[Output],
    source: Option<Size>,
    limits: Limits,
) -> Vec<PlannedOutput> {
    let shape = Shape { size: source, timeline: None, scalable: false };
    let plan = Plan::new(transforms, outputs, None, shape, limits, &[]);
    let mut sizes = vec![None; outputs.len()];
    for (node, planned) in plan.tree.nodes.iter().zip(&plan.nodes) {
        for &leaf in &node.leaves {
            sizes[leaf] = planned.size;
        }
    }
    let outputs = outputs.iter().zip(plan.failures).zip(sizes);
    outputs
        .map(|((output, failure), size)| PlannedOutput {
            id: output.id.clone(),
            size: if failure.is_some() { None } else { size },
            failure: failure.map(|error| (error.step.unwrap_or(0), Failure::new(error.code, error.message))),
        })
        .collect()
}

impl Plan {
    /// Resolves, checks and plans every step.
    ///
    /// `images` is none in a dry run. `animated` tells for each output whether its encoding keeps
    /// all frames; missing entries are false.
    pub fn new(
        transforms: &dyn Transforms,
        outputs: &[Output],
        images: Option<&Images>,
        shape: Shape,
        limits: Limits,
        animated: &[bool],
    ) -> Plan {
        let tree = Tree::new(outputs);
        let steps = tree.nodes[1..].iter().map(|node| node.step.as_ref().expect("every node but the root has a step"));
        let prepared: Vec<_> = steps.map(|step| prepare(transforms, &step.transform, &step.params, images)).collect();
        let kinds: Vec<Option<Kind>> = std::iter::once(None)
            .chain(prepared.iter().map(|step| step.as_ref().ok().map(|(call, _)| call.transform.kind)))
            .collect();
        let keeps = |output: usize| animated.get(output).copied().unwrap_or(false);
        let needed = all_frames_needed(&tree, &kinds, &keeps);
        let mut nodes: Vec<NodePlan> = Vec::with_capacity(tree.nodes.len());
        nodes.push(NodePlan { size: shape.size, timeline: shape.timeline.clone(), alive: true, ..NodePlan::default() });
        for (at, prepared) in (1..).zip(prepared) {
            let parent = &nodes[tree.nodes[at].parent];
            let planned = if parent.failure.is_some() {
                // The parent's failure counts for everything below.
                NodePlan { failure: parent.failure.clone(), ..NodePlan::default() }
            } else {
                match prepared {
                    Ok((call, complete)) => plan_node(transforms, call, complete, parent, needed[at], limits),
                    Err(failure) => NodePlan { failure: Some(failure), ..NodePlan::default() },
                }
            };
            nodes.push(planned);
        }
        let failures = failures(&tree, &nodes, outputs);
        let needed = all_frames_needed(&tree, &kinds, &|output| failures[output].is_none() && keeps(output));
        for ((node, planned), needed) in tree.nodes.iter().zip(&mut nodes).zip(needed) {
            planned.alive = node.outputs.iter().any(|&output| failures[output].is_none());
            planned.animated = needed;
        }
        let need = need(&tree, &nodes, &failures, &shape, limits);
        let main = outputs.iter().map(|output| output.group == Group::Main).collect();
        let ids = outputs.iter().map(|output| output.id.clone()).collect();
        Plan { tree, nodes, failures, main, need, limits, ids }
    }
}

impl Need {
    /// The size to decode for: none is the full size.
    pub fn enough(self) -> Option<Size> {
        match self {
            Need::Full => None,
            Need::Nothing => Some(Size { width: 1, height: 1 }),
            Need::Reduced(size) => Some(size),
        }
    }
}

/// Makes the call of a step. False says that pictures it needs are not at hand (a dry run).
fn prepare(
    transforms: &dyn Transforms,
    name: &str,
    params: &Params,
    images: Option<&Images>,
) -> Result<(Call, bool), Failure> {
    let transform = transforms.resolve(name)?;
    let problems = transforms.check_params(&transform, params);
    if !problems.is_empty() {
        let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        return Err(Failure::new(problems[0].code, messages.join("; ")));
    }
    let references = image_references(&transform, params);
    let mut pictures = Vec::with_capacity(references.len());
    let mut complete = true;
    for reference in references {
        match images.map(|images| images.get(&image_key(reference))) {
            None => complete = false,
            Some(Some(Ok(raster))) => pictures.push(raster.clone()),
            Some(Some(Err(failure))) => return Err(failure.clone()),
            Some(None) => return Err(Failure::new(Code::Internal, format!("the picture {reference} was not read"))),
        }
    }
    Ok((Call { transform, params: params.clone(), images: pictures }, complete))
}

/// By node, whether all frames of its result are needed. `keeps` tells which outputs keep them.
fn all_frames_needed(tree: &Tree, kinds: &[Option<Kind>], keeps: &dyn Fn(usize) -> bool) -> Vec<bool> {
    let mut needed = vec![false; tree.nodes.len()];
    // Children stand after parents.
    for (at, node) in tree.nodes.iter().enumerate().rev() {
        let asks = |child: usize| match kinds[child] {
            Some(Kind::Timeline) => true,
            Some(Kind::Generate) => false,
            _ => needed[child],
        };
        needed[at] = node.leaves.iter().any(|&output| keeps(output)) || node.children.iter().any(|&child| asks(child));
    }
    needed
}

/// `animated`: whether all frames of the result are needed.
fn plan_node(
    transforms: &dyn Transforms,
    call: Call,
    complete: bool,
    parent: &NodePlan,
    animated: bool,
    limits: Limits,
) -> NodePlan {
    let (input, before) = match call.transform.kind {
        Kind::Generate => (Some(Size { width: 0, height: 0 }), Some(Timeline::still())),
        _ => (parent.size, parent.timeline.clone()),
    };
    // What is not known here is asked for when it is.
    let timeline = match (call.transform.kind, before) {
        (Kind::Timeline, Some(before)) if complete => match arrange(transforms, &call, &before, limits) {
            Ok(arrangement) => Some(arrangement.timeline()),
            Err(failure) => return NodePlan { failure: Some(failure), ..NodePlan::default() },
        },
        (Kind::Timeline, _) => None,
        (_, before) => before,
    };
    let frames = timeline.as_ref().filter(|_| animated).map_or(1, Timeline::frames);
    let (Some(input), true) = (input, complete) else {
        return NodePlan { call: Some(call), timeline, ..NodePlan::default() };
    };
    match ask(transforms, &call, input, frames, limits) {
        Ok(planned) => {
            NodePlan { call: Some(call), size: planned.output, planned: Some(planned), timeline, ..NodePlan::default() }
        }
        Err(failure) => NodePlan { failure: Some(failure), ..NodePlan::default() },
    }
}

/// Asks a transform which frames it shows and checks the answer.
pub(super) fn arrange(
    transforms: &dyn Transforms,
    call: &Call,
    timeline: &Timeline,
    limits: Limits,
) -> Result<Arrangement, Failure> {
    let arrangement = transforms.arrange(call, timeline).map_err(|error| error.failure)?;
    let name = &call.transform.name;
    let there = timeline.delays_ms.len() + call.images.len();
    let misbehaved = |what: String| Err(Failure::new(Code::PluginMisbehaved, format!("'{name}' {what}")));
    if arrangement.shots.is_empty() {
        return misbehaved("shows no frame".to_owned());
    }
    if let Some(shot) = arrangement.shots.iter().find(|shot| shot.frame as usize >= there) {
        return misbehaved(format!("shows frame {} of {there}, counted from 0", shot.frame));
    }
    let frames = arrangement.shots.len();
    if frames > limits.max_frames as usize {
        let message = format!("the result of '{name}': {frames} frames are over the limit of {}", limits.max_frames);
        return Err(Failure::new(Code::ImageLimit, message));
    }
    Ok(arrangement)
}

/// Asks a transform what it would do and checks the answer.
pub(super) fn ask(
    transforms: &dyn Transforms,
    call: &Call,
    input: Size,
    frames: u32,
    limits: Limits,
) -> Result<Planned, Failure> {
    let mut planned = transforms.plan(call, input).map_err(|error| error.failure)?;
    let name = &call.transform.name;
    let misbehaved = |what: String| Err(Failure::new(Code::PluginMisbehaved, format!("'{name}' {what}")));
    if let Some(region) = planned.region
        && (region.width == 0
            || region.height == 0
            || u64::from(region.x) + u64::from(region.width) > u64::from(input.width)
            || u64::from(region.y) + u64::from(region.height) > u64::from(input.height))
    {
        return misbehaved(format!(
            "asks for {} x {} px at {},{} of a picture of {input} px",
            region.width, region.height, region.x, region.y
        ));
    }
    if call.transform.kind == Kind::Analyze {
        planned.output = Some(input);
    }
    if call.transform.kind == Kind::Timeline && planned.output != Some(input) {
        return misbehaved("plans another size than that of the frames".to_owned());
    }
    if let Some(size) = planned.output {
        if size.width == 0 || size.height == 0 {
            return misbehaved(format!("promises an empty result, {size} px"));
        }
        limits.check(name, size, frames)?;
    }
    Ok(planned)
}

impl Limits {
    /// Refuses a result that is over the limits.
    pub(super) fn check(self, transform: &str, size: Size, frames: u32) -> Result<(), Failure> {
        let pixels = u64::from(size.width) * u64::from(size.height);
        if pixels > self.max_pixels {
            return Err(Failure::new(
                Code::ImageLimit,
                format!("the result of '{transform}': {size} px is over the limit of {} px", self.max_pixels),
            ));
        }
        if pixels.saturating_mul(u64::from(frames)) > self.max_total_pixels {
            return Err(Failure::new(
                Code::ImageLimit,
                format!(
                    "the result of '{transform}': {frames} frames of {size} px are over the limit of {} px in all",
                    self.max_total_pixels
                ),
            ));
        }
        Ok(())
    }
}

/// For each output the first step of its path that cannot run.
fn failures(tree: &Tree, nodes: &[NodePlan], outputs: &[Output]) -> Vec<Option<JobError>> {
    let mut failures = vec![None; outputs.len()];
    for (node, planned) in tree.nodes.iter().zip(nodes) {
        let Some(failure) = &planned.failure else { continue };
        for &output in &node.outputs {
            // Parents stand before children: the first failure met is the one that counts.
            failures[output].get_or_insert_with(|| JobError {
                code: failure.code,
                message: failure.message.clone(),
                output: Some(outputs[output].id.clone()),
                step: Some(node.index),
            });
        }
    }
    failures
}

/// How much of the source the first steps need together.
fn need(tree: &Tree, nodes: &[NodePlan], failures: &[Option<JobError>], shape: &Shape, limits: Limits) -> Need {
    let root = &tree.nodes[ROOT];
    if root.leaves.iter().any(|&leaf| failures[leaf].is_none()) {
        return Need::Full;
    }
    let mut need = Need::Nothing;
    for &child in root.children.iter().filter(|&&child| nodes[child].alive) {
        let Some(call) = &nodes[child].call else { continue };
        let enough = match call.transform.kind {
            Kind::Generate => continue,
            // The picture passes on and what comes after may need all of it.
            Kind::Analyze | Kind::Timeline => None,
            Kind::Filter | Kind::Compose => nodes[child].planned.and_then(|planned| planned.enough),
        };
        need = match (need, enough) {
            (Need::Full, _) | (_, None) => Need::Full,
            (Need::Nothing, Some(size)) => Need::Reduced(size),
            (Need::Reduced(a), Some(b)) => {
                Need::Reduced(Size { width: a.width.max(b.width), height: a.height.max(b.height) })
            }
        };
    }
    match (need, shape.size) {
        (Need::Reduced(size), Some(full)) if size.width > full.width || size.height > full.height => {
            if shape.scalable && u64::from(size.width) * u64::from(size.height) <= limits.max_pixels {
                Need::Reduced(size)
            } else {
                Need::Full
            }
        }
        (need, _) => need,
    }
}
