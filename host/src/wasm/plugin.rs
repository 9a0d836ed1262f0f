//! One component that was [loaded](super::load): planned with, and run.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use safelight_codec::{Loops, PixelFormat, Raster, RasterError};

use super::{
    bindings::{exports::safelight::plugin::transform as contract, safelight::plugin::types as wire},
    capabilities::Capabilities,
    codec::Codec,
    contract::Contract,
    counters::{Counters, Work},
    engine::Build,
    host::{Cost, Host, Limits, Program},
    load::{compile, invalid},
    manifest::{Offer, pixel_format},
    plans,
    trouble::Trouble,
    worlds::TransformerPre,
};
use crate::{
    error::{Code, Failure},
    pipeline::{
        Arrangement, Call, CallError, Kind, Outcome, Planned, PluginInfo, Rect, Shot, Size, Timeline, TransformInfo,
        View,
    },
};

/// The most that `describe` and `plan` may give, in bytes as they lie in the host. Schemas of a large
/// plugin are some hundred kilobytes.
pub(super) const DESCRIPTION_BYTES: usize = 8 << 20;

/// What a result takes beside its pixels and data.
pub(super) const RESULT_EXTRA_BYTES: u64 = 1 << 20;

/// Where a component comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It ships with the host.
    Bundled,
    /// It was installed into the data directory.
    Installed,
    /// It lies in the operator's folder.
    Folder,
    /// It is only looked at, or was added for the life of this process.
    Candidate,
}

/// A component that fits the contract.
pub(super) struct Plugin {
    pub(super) info: Arc<PluginInfo>,
    /// The account that it belongs to; empty: it is everybody's.
    pub(super) owner: String,
    pub(super) origin: Origin,
    /// Where the component lies; none for one that was installed, and for a candidate.
    pub(super) file: Option<PathBuf>,
    pub(super) bytes: u64,
    pub(super) imports: Vec<String>,
    pub(super) contract: Contract,
    pub(super) capabilities: Capabilities,
    pub(super) offers: Vec<Offer>,
    /// What runs transforms; a codec has none.
    pub(super) transformer: Option<Program<TransformerPre>>,
    /// What reads and writes formats.
    pub(super) codec: Option<Codec>,
    /// What a call may use. A call under way stays with what it began with.
    pub(super) limits: RwLock<Arc<Limits>>,
    pub(super) counters: Arc<Counters>,
    /// What is still to be compiled with all optimisations.
    pub(super) unoptimised: Mutex<Option<Unoptimised>>,
}

/// A component that runs as [`Build::Quick`] for now.
pub(super) struct Unoptimised {
    pub(super) component: Vec<u8>,
    /// What it is to become.
    pub(super) build: Build,
}

impl Plugin {
    /// What a call may use now.
    pub(super) fn limits(&self) -> Arc<Limits> {
        self.limits.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives calls that begin later these limits.
    pub(super) fn limit(&self, limits: Limits) {
        *self.limits.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(limits);
    }

    /// Counts a call of these transforms, and reports it when it is the plugin's own fault that it failed. A plugin that
    /// ships with the host is not reported: whoever sends it a strange picture must not be able to take it from others.
    pub(super) fn count(
        &self,
        host: &Host,
        work: Work,
        transforms: &[&str],
        cost: Cost,
        failed: Option<(usize, &Failure)>,
    ) {
        self.counters.count(work, transforms, cost, failed.map(|(index, failure)| (index, failure.code)));
        let Some((_, failure)) = failed else { return };
        if matches!(failure.code, Code::PluginTrapped | Code::PluginMisbehaved) && self.origin != Origin::Bundled {
            host.report(|| Trouble {
                owner: self.owner.clone(),
                plugin: self.info.name.clone(),
                version: self.info.version.clone(),
                digest: self.info.digest.clone(),
                message: failure.message.clone(),
                counts: self.counters.counts(),
            });
        }
    }

    /// Whether faster code can be made of it.
    pub(super) fn is_unoptimised(&self) -> bool {
        self.unoptimised.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Compiles it with all optimisations, if that is still to be done, and runs that code from now on. Blocks for
    /// about a second of processor time for each megabyte of the component.
    pub(super) fn optimise(&self, host: &Host) -> Result<(), Failure> {
        let unoptimised = self.unoptimised.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Unoptimised { component, build }) = unoptimised else { return Ok(()) };
        let compiled = compile(host, &component, build)?;
        let transformer = self.transformer.as_ref().map(|program| program.replace(host, &compiled));
        let codec = self.codec.as_ref().map(|codec| codec.replace(host, &compiled));
        let replaced: wasmtime::Result<()> = [transformer, codec].into_iter().flatten().collect();
        replaced.map_err(|error| invalid(format!("the optimised component cannot be linked: {error:#}")))?;
        host.engines.note_optimised(build, &self.info.digest);
        Ok(())
    }

    /// What runs transforms, if it has what it needs. Only a plugin with offers is ever asked.
    fn transformer(&self) -> Result<&Program<TransformerPre>, Failure> {
        self.capabilities.check()?;
        let none = || Failure::new(Code::Internal, format!("plugin {} has no transforms", self.info.name));
        self.transformer.as_ref().ok_or_else(none)
    }

    /// A transform by its name.
    pub(super) fn offer(&self, transform: &str) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.info.name == transform)
    }

    /// Asks for a plan, or knows the answer already.
    pub(super) fn plan(&self, host: &Host, call: &Call, input: Size) -> Result<Planned, Failure> {
        let params = plans::canonical(&call.params);
        let key = plans::key(call, &params, input);
        if let Some(answer) = host.plans().get(&key) {
            return answer;
        }
        let images: Vec<wire::ImageParam<'_>> = call.images.iter().map(|image| picture(image, &[])).collect();
        let wire_call = contract::Call { transform: &call.transform.name, params: &params, images: &images };
        let (answer, cost) =
            host.call(self.transformer()?, &self.limits(), DESCRIPTION_BYTES, async |store, instance| {
                instance.plan(store, (wire_call, wire_size(input))).await
            });
        let answer = answer.and_then(|answer| match answer {
            Ok(planned) => self.check_plan(&call.transform, planned, input),
            Err(error) => Err(self.refusal(error.reason, &call.transform)),
        });
        self.count(host, Work::Plan, &[&call.transform.name], cost, answer.as_ref().err().map(|failure| (0, failure)));
        // A limit or a trap may be another one next time, with other settings or a free machine.
        let lasts = answer.as_ref().err().is_none_or(|failure| failure.code.is_refusal());
        if lasts {
            host.plans().put(key, answer.clone());
        }
        answer
    }

    /// Asks which frames are shown, in which order and for how long.
    pub(super) fn arrange(&self, host: &Host, call: &Call, timeline: &Timeline) -> Result<Arrangement, Failure> {
        let params = plans::canonical(&call.params);
        let images: Vec<wire::ImageParam<'_>> = call.images.iter().map(|image| picture(image, &[])).collect();
        let wire_call = contract::Call { transform: &call.transform.name, params: &params, images: &images };
        let loops = match timeline.loops {
            Loops::Forever => 0,
            Loops::Times(times) => times.max(1),
        };
        let wire_timeline = contract::Timeline { delays_ms: &timeline.delays_ms, loops };
        let program = self.transformer()?;
        let (answer, cost) = host.call(program, &self.limits(), DESCRIPTION_BYTES, async |store, instance| {
            instance.arrange(store, (wire_call, wire_timeline)).await
        });
        let answer = answer.and_then(|answer| match answer {
            Ok(wire::Arrangement { shots, loops }) => Ok(Arrangement {
                shots: shots.iter().map(|shot| Shot { frame: shot.frame, delay_ms: shot.delay_ms }).collect(),
                loops: if loops == 0 { Loops::Forever } else { Loops::Times(loops) },
            }),
            Err(error) => Err(self.refusal(error.reason, &call.transform)),
        });
        self.count(host, Work::Plan, &[&call.transform.name], cost, answer.as_ref().err().map(|failure| (0, failure)));
        answer
    }

    /// Runs calls one after the other in one fresh instance.
    pub(super) fn run(
        &self,
        host: &Host,
        calls: &[Call],
        input: Option<&Raster>,
        view: View,
    ) -> Result<Outcome, CallError> {
        let expected = self.expected_size(host, calls, view)?;
        let params: Vec<String> = calls.iter().map(|call| plans::canonical(&call.params)).collect();
        let images: Vec<Vec<wire::ImageParam<'_>>> = calls
            .iter()
            .map(|call| call.images.iter().map(|image| picture(image, shown(call, image))).collect())
            .collect();
        let wire_calls: Vec<contract::Call<'_>> = calls
            .iter()
            .zip(&params)
            .zip(&images)
            .map(|((call, params), images)| contract::Call { transform: &call.transform.name, params, images })
            .collect();
        let input = input.map(|image| picture(image, image.pixels()));
        let Rect { x, y, width, height } = view.region;
        let wire_view = wire::View { full: wire_size(view.full), region: wire::Rect { x, y, width, height } };

        let span = tracing::info_span!(
            "run",
            plugin = %self.info.name,
            transforms = %names(calls),
            ms = tracing::field::Empty,
            peak_bytes = tracing::field::Empty,
        );
        let entered = span.enter();
        let limits = self.limits();
        let taken_bytes = limits.output_bytes + limits.data_bytes + RESULT_EXTRA_BYTES;
        let taken_bytes = usize::try_from(taken_bytes).unwrap_or(usize::MAX);
        let transformer = self.transformer().map_err(|failure| at_first(calls, failure))?;
        let (answer, cost) = host.call(transformer, &limits, taken_bytes, async |store, instance| {
            instance.apply(store, (&wire_calls, input, wire_view)).await
        });
        span.record("ms", cost.elapsed.as_secs_f64() * 1e3);
        span.record("peak_bytes", cost.peak_bytes);
        drop(entered);

        let result = answer.map_err(|failure| at_first(calls, failure)).and_then(|answer| match answer {
            Ok(outcome) => {
                self.check_outcome(calls, outcome, expected, cost).map_err(|failure| at_first(calls, failure))
            }
            Err(error) => Err(self.check_error(calls, error)),
        });
        let transforms: Vec<&str> = calls.iter().map(|call| call.transform.name.as_str()).collect();
        let failed = result.as_ref().err().map(|error| (error.call, &error.failure));
        self.count(host, Work::Run, &transforms, cost, failed);
        result
    }

    /// The size that the run was planned to yield; none when it depends on the pixels.
    fn expected_size(&self, host: &Host, calls: &[Call], view: View) -> Result<Option<Size>, CallError> {
        let mut size = Some(view.full);
        for (index, call) in calls.iter().enumerate() {
            let input = match call.transform.kind {
                Kind::Generate => Size { width: 0, height: 0 },
                _ => match size {
                    Some(size) => size,
                    None => continue,
                },
            };
            let planned = self.plan(host, call, input).map_err(|failure| CallError { call: index, failure })?;
            size = planned.output;
        }
        Ok(size)
    }

    fn check_plan(&self, transform: &TransformInfo, planned: wire::Planned, input: Size) -> Result<Planned, Failure> {
        let wrong = |what: String| self.misbehaved(format!("plans {} with {what}", transform.name));
        let is_empty = |size: &wire::Size| size.width == 0 || size.height == 0;
        if let Some(size) = planned.output.filter(is_empty) {
            return Err(wrong(format!("a result of {} x {} px", size.width, size.height)));
        }
        if let Some(size) = planned.enough.filter(is_empty) {
            return Err(wrong(format!("{} x {} px as enough", size.width, size.height)));
        }
        let reaches_out = |start: u32, length: u32, end: u32| start.checked_add(length).is_none_or(|sum| sum > end);
        if let Some(region) = planned.region {
            let wire::Rect { x, y, width, height } = region;
            if width == 0 || height == 0 || reaches_out(x, width, input.width) || reaches_out(y, height, input.height) {
                return Err(wrong(format!(
                    "a region of {width} x {height} px at {x},{y}, the input has {} x {} px",
                    input.width, input.height
                )));
            }
        }
        let size = |size: wire::Size| Size { width: size.width, height: size.height };
        let output = planned.output.map(size);
        if transform.kind == Kind::Analyze && output != Some(input) {
            return Err(wrong(format!("another size than the input's, {} x {} px", input.width, input.height)));
        }
        Ok(Planned {
            output,
            region: planned.region.map(|r| Rect { x: r.x, y: r.y, width: r.width, height: r.height }),
            enough: planned.enough.map(size),
        })
    }

    fn check_outcome(
        &self,
        calls: &[Call],
        outcome: wire::Outcome,
        expected: Option<Size>,
        cost: Cost,
    ) -> Result<Outcome, Failure> {
        if outcome.data.len() != calls.len() {
            let message = format!("gives data for {} calls, there were {}", outcome.data.len(), calls.len());
            return Err(self.misbehaved(message));
        }
        let data_bytes: u64 = outcome.data.iter().flatten().map(|text| text.len() as u64).sum();
        self.check_limit("data", data_bytes, self.limits().data_bytes)?;
        let mut data = Vec::with_capacity(calls.len());
        for (text, call) in outcome.data.into_iter().zip(calls) {
            let value = text.map(|text| serde_json::from_str(&text)).transpose();
            data.push(value.map_err(|error| {
                self.misbehaved(format!("gives data for {} that is not JSON: {error}", call.transform.name))
            })?);
        }
        let makes_picture = calls.iter().any(|call| call.transform.kind != Kind::Analyze);
        let image = match (outcome.image, makes_picture) {
            (Some(image), true) => Some(self.check_image(image, expected)?),
            (None, false) => None,
            (None, true) => return Err(self.misbehaved(format!("gives no picture for {}", names(calls)))),
            (Some(_), false) => {
                return Err(self.misbehaved(format!("gives a picture for {}, which only looks", names(calls))));
            }
        };
        Ok(Outcome { image, data, elapsed: cost.elapsed, peak_bytes: cost.peak_bytes })
    }

    fn check_image(&self, image: wire::ImageResult, expected: Option<Size>) -> Result<Raster, Failure> {
        self.check_limit("a picture", image.pixels.len() as u64, self.limits().output_bytes)?;
        let wire::ImageResult { width, height, format, pixels } = image;
        let raster = Raster::new(width, height, pixel_format(format), pixels)
            .map_err(|error: RasterError| self.misbehaved(format!("gives a broken picture: {error}")))?;
        match expected.filter(|size| (size.width, size.height) != (width, height)) {
            Some(size) => {
                Err(self
                    .misbehaved(format!("gives {width} x {height} px, it planned {} x {} px", size.width, size.height)))
            }
            None => Ok(raster),
        }
    }

    pub(super) fn check_limit(&self, what: &str, bytes: u64, limit: u64) -> Result<(), Failure> {
        if bytes <= limit {
            return Ok(());
        }
        let message = format!("plugin {} gives {what} of {bytes} bytes, {limit} are allowed", self.info.name);
        Err(Failure::new(Code::LimitOutput, message))
    }

    fn check_error(&self, calls: &[Call], error: wire::Error) -> CallError {
        match calls.get(error.call as usize) {
            Some(call) => CallError { call: error.call as usize, failure: self.refusal(error.reason, &call.transform) },
            None => {
                let message = format!("refuses call {} of {}, counted from 0", error.call, calls.len());
                at_first(calls, self.misbehaved(message))
            }
        }
    }

    /// A typed refusal as a failure. Texts come from the guest: they are cut, and no line is forged.
    fn refusal(&self, reason: wire::Reason, transform: &TransformInfo) -> Failure {
        match reason {
            wire::Reason::UnknownTransform => {
                Failure::new(Code::UnknownTransform, format!("Unknown function named '{}'", transform.name))
            }
            wire::Reason::InvalidParams(wire::InvalidParams { field, message }) if field.is_empty() => {
                Failure::new(Code::InvalidParams, tidy(&message))
            }
            wire::Reason::InvalidParams(wire::InvalidParams { field, message }) => {
                Failure::new(Code::InvalidParams, format!("{}: {}", tidy(&field), tidy(&message)))
            }
            wire::Reason::UnsupportedImage(message) => Failure::new(Code::UnsupportedImage, tidy(&message)),
            wire::Reason::Other(message) => Failure::new(Code::PluginRefused, tidy(&message)),
        }
    }

    pub(super) fn misbehaved(&self, what: String) -> Failure {
        let failure = Failure::new(Code::PluginMisbehaved, format!("plugin {} {what}", self.info.name));
        tracing::warn!(plugin = %self.info.name, "{failure}");
        failure
    }
}

/// A failure of the run as a whole. Which of its calls it was cannot be known; the message names all.
fn at_first(calls: &[Call], failure: Failure) -> CallError {
    let failure = match calls {
        [_] => failure,
        _ => Failure { message: format!("{} (in the run {})", failure.message, names(calls)), ..failure },
    };
    CallError { call: 0, failure }
}

fn names(calls: &[Call]) -> String {
    calls.iter().map(|call| call.transform.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The longest text of a refusal that is passed on, in characters.
const MAX_REASON: usize = 1000;

pub(super) fn tidy(text: &str) -> String {
    text.chars().take(MAX_REASON).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The pixels that a call gets of a picture which a parameter names.
fn shown<'a>(call: &Call, image: &'a Raster) -> &'a [u8] {
    match call.transform.kind {
        // Those that it needs come as the input.
        Kind::Timeline => &[],
        _ => image.pixels(),
    }
}

fn picture<'a>(image: &Raster, pixels: &'a [u8]) -> wire::ImageParam<'a> {
    let format = match image.format() {
        PixelFormat::Gray8 => wire::PixelFormat::Gray8,
        PixelFormat::Rgb8 => wire::PixelFormat::Rgb8,
        PixelFormat::Rgba8 => wire::PixelFormat::Rgba8,
    };
    wire::ImageParam { width: image.width(), height: image.height(), format, pixels }
}

fn wire_size(size: Size) -> wire::Size {
    wire::Size { width: size.width, height: size.height }
}
