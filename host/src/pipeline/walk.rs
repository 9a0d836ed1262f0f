//! Runs a planned tree on a decoded picture.

use std::{sync::Arc, time::Instant};

use safelight_codec::{Frame, Loops, Picture, Raster};

use super::{
    Call, Kind, Plan, ROOT, Rect, Size, Timeline, Transforms, View,
    hand_over::hand_over,
    plan::{arrange, ask},
    timeline,
};
use crate::{
    error::{Code, Failure},
    job::{JobError, StepReport},
};

/// What an output keeps, before it is encoded.
#[derive(Debug)]
pub struct Leaf {
    /// The picture; shared with steps that still need it.
    pub picture: Arc<Picture>,
    /// What `analyze` steps on the path found, in their order.
    pub data: Vec<serde_json::Value>,
    /// The steps on the path.
    pub steps: Vec<StepReport>,
}

/// The walk was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// Walks the tree depth first: outputs of the main group, then the eager ones; each step once, whoever
/// needs it. Consecutive steps of one plugin between which nothing branches off are one run.
///
/// `source` is the decoded source, none where the plan needs nothing of it; `full` is the source's size
/// as it was planned with, which the decoded picture may be below. `stop` is asked before each run.
/// `on_leaf` gets every output once (its index in the job), as soon as it is made or known to fail;
/// a failing step fails the outputs below it and no others. After a stop the remaining ones are not told.
///
/// A picture is freed when the last step or output that needs it is done. Blocks for as long as the
/// guests run.
pub fn walk(
    transforms: &dyn Transforms,
    plan: &Plan,
    source: Option<Arc<Picture>>,
    full: Size,
    stop: &dyn Fn() -> bool,
    on_leaf: &mut dyn FnMut(usize, Result<Leaf, JobError>),
) -> Result<(), Stopped> {
    for (output, failure) in plan.failures.iter().enumerate() {
        if let Some(error) = failure {
            on_leaf(output, Err(error.clone()));
        }
    }
    let mut walker = Walker { transforms, plan, full, stop, on_leaf, postponed: Some(Vec::new()) };
    walker.spread(ROOT, source, Trail::default())?;
    for (task, picture, trail) in walker.postponed.take().unwrap_or_default() {
        walker.perform(task, picture, trail)?;
    }
    Ok(())
}

/// What was gathered on the way to a node.
#[derive(Clone, Default)]
struct Trail {
    data: Vec<serde_json::Value>,
    steps: Vec<StepReport>,
}

#[derive(Clone, Copy)]
enum Task {
    /// Hand the result to an output.
    Keep(usize),
    /// Run the step of this node on it, and what follows.
    Run { node: usize, parent: usize },
}

/// A task with the picture and the steps that it builds on.
type Postponed = (Task, Option<Arc<Picture>>, Trail);

struct Walker<'a> {
    transforms: &'a dyn Transforms,
    plan: &'a Plan,
    full: Size,
    stop: &'a dyn Fn() -> bool,
    on_leaf: &'a mut dyn FnMut(usize, Result<Leaf, JobError>),
    /// Work for eager outputs, while the main ones are made; none afterwards.
    postponed: Option<Vec<Postponed>>,
}

impl Walker<'_> {
    /// Does what hangs on a node's result. The last task takes the picture with it.
    fn spread(&mut self, node: usize, picture: Option<Arc<Picture>>, trail: Trail) -> Result<(), Stopped> {
        let entry = &self.plan.tree.nodes[node];
        let keeps = entry.leaves.iter().map(|&output| (Task::Keep(output), self.plan.main[output]));
        let runs = entry
            .children
            .iter()
            .map(|&child| (Task::Run { node: child, parent: node }, self.plan.tree.nodes[child].main));
        let mut now = Vec::new();
        for (task, main) in keeps.chain(runs) {
            if !self.is_wanted(task) {
                continue;
            }
            match &mut self.postponed {
                Some(postponed) if !main => postponed.push((task, picture.clone(), trail.clone())),
                _ => now.push(task),
            }
        }
        let last = now.pop();
        for task in now {
            self.perform(task, picture.clone(), trail.clone())?;
        }
        match last {
            Some(task) => self.perform(task, picture, trail),
            None => Ok(()),
        }
    }

    fn is_wanted(&self, task: Task) -> bool {
        match task {
            Task::Keep(output) => self.plan.failures[output].is_none(),
            Task::Run { node, .. } => self.plan.nodes[node].alive,
        }
    }

    fn perform(&mut self, task: Task, picture: Option<Arc<Picture>>, trail: Trail) -> Result<(), Stopped> {
        match task {
            Task::Keep(output) => {
                let leaf = match picture {
                    Some(picture) => Ok(Leaf { picture, data: trail.data, steps: trail.steps }),
                    None => Err(JobError {
                        output: Some(self.plan.ids[output].clone()),
                        ..JobError::whole(no_input("the output"))
                    }),
                };
                (self.on_leaf)(output, leaf);
                Ok(())
            }
            Task::Run { node, parent } => self.run(node, parent, picture, trail),
        }
    }

    /// Runs the steps from `node` on as far as one run goes, then what hangs on the result.
    fn run(
        &mut self,
        node: usize,
        parent: usize,
        picture: Option<Arc<Picture>>,
        mut trail: Trail,
    ) -> Result<(), Stopped> {
        if (self.stop)() {
            return Err(Stopped);
        }
        let chain = self.chain(node);
        let last = *chain.last().expect("a chain begins with its node");
        let result = match self.is_timeline(node) {
            true => self.run_timeline(node, picture, &mut trail),
            false => self.run_chain(&chain, parent, picture, &mut trail),
        };
        match result {
            Ok(picture) => self.spread(last, Some(picture), trail),
            Err(Halt::Stopped) => Err(Stopped),
            Err(Halt::Failed(call, failure)) => {
                let index = self.plan.tree.nodes[chain[call.min(chain.len() - 1)]].index;
                self.fail(last, index, failure);
                Ok(())
            }
        }
    }

    /// The nodes of one run: as long as the plugin is the same and nothing else needs the result between.
    fn chain(&self, node: usize) -> Vec<usize> {
        let mut chain = vec![node];
        let mut last = node;
        if self.is_timeline(node) {
            return chain;
        }
        loop {
            let entry = &self.plan.tree.nodes[last];
            if entry.leaves.iter().any(|&output| self.plan.failures[output].is_none()) {
                return chain;
            }
            let mut children = entry.children.iter().copied().filter(|&child| self.plan.nodes[child].alive);
            let (Some(next), None) = (children.next(), children.next()) else { return chain };
            let (Some(this), Some(that)) = (&self.plan.nodes[last].call, &self.plan.nodes[next].call) else {
                return chain;
            };
            let one_plugin = Arc::ptr_eq(&this.transform.plugin, &that.transform.plugin)
                || this.transform.plugin.identity() == that.transform.plugin.identity();
            let keeps_frames = self.plan.nodes[last].animated == self.plan.nodes[next].animated;
            if !one_plugin || !keeps_frames || matches!(that.transform.kind, Kind::Generate | Kind::Timeline) {
                return chain;
            }
            chain.push(next);
            last = next;
        }
    }

    fn is_timeline(&self, node: usize) -> bool {
        self.plan.nodes[node].call.as_ref().is_some_and(|call| call.transform.kind == Kind::Timeline)
    }

    /// Puts frames in another order or shows them for other times.
    fn run_timeline(
        &self,
        node: usize,
        picture: Option<Arc<Picture>>,
        trail: &mut Trail,
    ) -> Result<Arc<Picture>, Halt> {
        let failed = |failure| Halt::Failed(0, failure);
        let call = self.plan.nodes[node].call.clone().expect("a step that is run was planned");
        let picture = picture.ok_or_else(|| failed(no_input(&call.transform.name)))?;
        let size = size_of(&picture.frames[0].raster);
        let (limits, started) = (self.plan.limits, Instant::now());
        // The decoder may have found fewer frames than the headers promised.
        let mut arrangement = arrange(self.transforms, &call, &Timeline::of(&picture), limits).map_err(failed)?;
        if !self.plan.nodes[node].animated {
            arrangement.shots.truncate(1);
        }
        let frames = arrangement.shots.len() as u32;
        let planned = ask(self.transforms, &call, size, frames, limits).map_err(failed)?;
        let calls = [call];
        let run = Run { calls: &calls, full: size, region: None, promised: planned.output };
        let mut peak_bytes = 0;
        let picture = timeline::perform(&arrangement, picture, &calls[0].images, size, |named| {
            if (self.stop)() {
                return Err(Halt::Stopped);
            }
            let made = self.run_frame(&run, Some(named))?;
            peak_bytes = peak_bytes.max(made.peak_bytes);
            made.raster.ok_or_else(|| failed(no_input(&calls[0].transform.name)))
        })?;
        trail.steps.extend(reports(&calls, started.elapsed().as_secs_f64() * 1000.0, peak_bytes));
        Ok(Arc::new(picture))
    }

    /// Runs the calls of a chain on every frame. A failure comes with the index of its call.
    fn run_chain(
        &self,
        chain: &[usize],
        parent: usize,
        picture: Option<Arc<Picture>>,
        trail: &mut Trail,
    ) -> Result<Arc<Picture>, Halt> {
        let calls: Vec<Call> = chain.iter().filter_map(|&node| self.plan.nodes[node].call.clone()).collect();
        if calls.len() != chain.len() {
            return Err(Halt::Failed(0, Failure::new(Code::Internal, "a step was not planned")));
        }
        let first = &calls[0];
        let generates = first.transform.kind == Kind::Generate;
        let picture = picture.filter(|_| !generates);
        if picture.is_none() && !generates {
            return Err(Halt::Failed(0, no_input(&first.transform.name)));
        }
        let full = match &picture {
            None => Size { width: 0, height: 0 },
            Some(_) if parent == ROOT => self.full,
            Some(picture) => size_of(&picture.frames[0].raster),
        };
        let count = match &picture {
            Some(picture) if self.plan.nodes[chain[0]].animated => picture.frames.len(),
            _ => 1,
        };
        // What depends on the pixels before it could not be planned ahead.
        let planned = match self.plan.nodes[chain[0]].planned {
            Some(planned) => planned,
            None => ask(self.transforms, first, full, count as u32, self.plan.limits)
                .map_err(|failure| Halt::Failed(0, failure))?,
        };
        let last = chain.len() - 1;
        let promised = if last == 0 { planned.output } else { self.plan.nodes[chain[last]].size };
        let run = Run { calls: &calls, full, region: planned.region, promised };

        let mut frames: Vec<Frame> = Vec::new();
        let mut cost = (0.0, 0);
        for index in 0..count {
            if index > 0 && (self.stop)() {
                return Err(Halt::Stopped);
            }
            let frame = picture.as_deref().map(|picture| &picture.frames[index]);
            let done = self.run_frame(&run, frame.map(|frame| &frame.raster))?;
            cost.0 += done.elapsed_ms;
            cost.1 = cost.1.max(done.peak_bytes);
            if index == 0 {
                trail.data.extend(done.data.into_iter().flatten());
            }
            let Some(raster) = done.raster else { continue };
            self.plan
                .limits
                .check(&calls[last].transform.name, size_of(&raster), count as u32)
                .map_err(|failure| Halt::Failed(last, failure))?;
            if let Some(zeroth) = frames.first()
                && size_of(&zeroth.raster) != size_of(&raster)
            {
                let message = format!(
                    "the frames of the animation come out in different sizes: the first is {} px, number {} is {} px",
                    size_of(&zeroth.raster),
                    index + 1,
                    size_of(&raster)
                );
                return Err(Halt::Failed(last, Failure::new(Code::UnsupportedImage, message)));
            }
            frames.push(Frame { raster, delay_ms: frame.map_or(0, |frame| frame.delay_ms) });
        }
        trail.steps.extend(reports(&calls, cost.0, cost.1));
        if frames.is_empty() {
            // Nothing but analysis: the picture goes on as it is.
            return picture.ok_or_else(|| Halt::Failed(last, no_input(&calls[last].transform.name)));
        }
        let metadata = picture.as_ref().map(|picture| picture.metadata.clone()).unwrap_or_default();
        let loops = picture.as_ref().filter(|_| count > 1).map_or(Loops::Times(1), |picture| picture.loops);
        if count == 1 {
            frames[0].delay_ms = 0;
        }
        Ok(Arc::new(Picture { frames, loops, metadata }))
    }

    /// Runs the calls on one frame. No raster says that it passes on unchanged.
    fn run_frame(&self, run: &Run, frame: Option<&Raster>) -> Result<FrameResult, Halt> {
        let last = run.calls.len() - 1;
        let outcome = match frame {
            Some(raster) => {
                let (input, view) = hand_over(raster, run.full, run.region, &run.calls[0].transform.formats);
                self.transforms.run(run.calls, Some(&input), view)
            }
            None => {
                let region = Rect { x: 0, y: 0, width: 0, height: 0 };
                self.transforms.run(run.calls, None, View { full: run.full, region })
            }
        };
        let outcome = outcome.map_err(|error| Halt::Failed(error.call, error.failure))?;
        let misbehaved = |what: String| {
            let message = format!("'{}' {what}", run.calls[last].transform.name);
            Err(Halt::Failed(last, Failure::new(Code::PluginMisbehaved, message)))
        };
        match &outcome.image {
            Some(raster) => {
                if let Some(promised) = run.promised
                    && size_of(raster) != promised
                {
                    return misbehaved(format!("promised {promised} px and gave {} px", size_of(raster)));
                }
            }
            None => {
                if run.calls.iter().any(|call| call.transform.kind != Kind::Analyze) {
                    return misbehaved("gave no picture".to_owned());
                }
            }
        }
        Ok(FrameResult {
            raster: outcome.image,
            data: outcome.data,
            elapsed_ms: outcome.elapsed.as_secs_f64() * 1000.0,
            peak_bytes: outcome.peak_bytes,
        })
    }

    /// Fails every output below a node that could still be made.
    fn fail(&mut self, node: usize, step: usize, failure: Failure) {
        for &output in &self.plan.tree.nodes[node].outputs {
            if self.plan.failures[output].is_none() {
                let error = JobError {
                    code: failure.code,
                    message: failure.message.clone(),
                    output: Some(self.plan.ids[output].clone()),
                    step: Some(step),
                };
                (self.on_leaf)(output, Err(error));
            }
        }
    }
}

/// Why a run gave no picture.
enum Halt {
    Stopped,
    /// The index of the call in the run, and what was wrong.
    Failed(usize, Failure),
}

/// What is the same for every frame of a run.
struct Run<'a> {
    calls: &'a [Call],
    full: Size,
    region: Option<Rect>,
    /// The size of the result, where it is known.
    promised: Option<Size>,
}

struct FrameResult {
    raster: Option<Raster>,
    data: Vec<Option<serde_json::Value>>,
    elapsed_ms: f64,
    peak_bytes: u64,
}

pub(super) fn size_of(raster: &Raster) -> Size {
    Size { width: raster.width(), height: raster.height() }
}

fn no_input(what: &str) -> Failure {
    Failure::new(Code::Internal, format!("{what} has no picture to work on"))
}

/// One report a call; the run's figures stand with the last.
fn reports(calls: &[Call], elapsed_ms: f64, peak_bytes: u64) -> impl Iterator<Item = StepReport> {
    let last = calls.len() - 1;
    calls.iter().enumerate().map(move |(index, call)| {
        let plugin = &call.transform.plugin;
        StepReport {
            transform: call.transform.name.clone(),
            plugin: plugin.name.clone(),
            version: plugin.version.clone(),
            digest: plugin.digest.clone(),
            ms: (index == last).then_some(elapsed_ms),
            peak_bytes: (index == last).then_some(peak_bytes),
        }
    })
}
