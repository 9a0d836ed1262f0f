//! The plugin as a value: what the component's three exports answer from.

use crate::bindings::safelight::plugin::types as wire;
use crate::{
    Arrangement, Image, Input, Kind, Manifest, Need, Outcome, PixelFormat, Planned, Refusal, Size, Timeline, Transform,
    TransformInfo, View, convert, log, schema,
};

/// A plugin: its name and its transforms. Made by [`export!`](crate::export).
#[derive(Debug)]
pub struct Plugin {
    /// Its name: lower-case letters, digits, `_` and `-`, starting with a letter, at most 64 bytes.
    pub name: &'static str,
    /// Its version, as in semantic versioning.
    pub version: &'static str,
    /// Its licence, an SPDX expression.
    pub license: &'static str,
    /// One line for people: what it is for.
    pub summary: &'static str,
    /// What it offers.
    pub transforms: &'static [Entry],
    /// What it asks the operator for.
    pub needs: &'static [Need],
}

/// One transform of a plugin, with its type forgotten.
#[derive(Debug)]
pub struct Entry {
    name: &'static str,
    summary: &'static str,
    kind: Kind,
    formats: &'static [PixelFormat],
    schema: fn() -> String,
    plan: fn(&str, Size, &[Size]) -> Result<Planned, Refusal>,
    arrange: fn(&str, &Timeline, &[Size]) -> Result<Arrangement, Refusal>,
    apply: fn(&str, Input) -> Result<Outcome, Refusal>,
}

impl Entry {
    /// The entry of a transform.
    pub const fn of<T: Transform>() -> Self {
        Entry {
            name: T::NAME,
            summary: T::SUMMARY,
            kind: T::KIND,
            formats: T::FORMATS,
            schema: || schema::schema_of::<T::Params>().as_value().to_string(),
            plan: |params, input, images| {
                let (params, named) = schema::parse(params)?;
                check_count(named, images.len())?;
                plan::<T>(&params, input, images)
            },
            arrange: |params, timeline, images| {
                let (params, named) = schema::parse(params)?;
                check_count(named, images.len())?;
                arrange::<T>(&params, timeline, images)
            },
            apply: apply::<T>,
        }
    }
}

/// Refuses a call with more or fewer pictures than its parameters name: a transform may count on them.
fn check_count(named: usize, came: usize) -> Result<(), Refusal> {
    if named == came {
        return Ok(());
    }
    Err(Refusal::other(format!("the parameters name {named} pictures, and {came} came with the call")))
}

/// Asks the transform, and checks what it promises.
fn plan<T: Transform>(params: &T::Params, input: Size, images: &[Size]) -> Result<Planned, Refusal> {
    let planned = T::plan_with_images(params, input, images)?;
    if let Some(output) = planned.output
        && T::KIND != Kind::Analyze
    {
        output.check()?;
    }
    Ok(planned)
}

/// Asks the transform, and checks that what it shows is there.
fn arrange<T: Transform>(params: &T::Params, timeline: &Timeline, images: &[Size]) -> Result<Arrangement, Refusal> {
    if T::KIND != Kind::Timeline {
        return Err(Refusal::other(format!("{} arranges no frames", T::NAME)));
    }
    let arrangement = T::arrange(params, timeline, images)?;
    let there = timeline.delays_ms.len() + images.len();
    if arrangement.shots.is_empty() {
        return Err(Refusal::other(format!("{} shows no frame", T::NAME)));
    }
    match arrangement.shots.iter().find(|shot| shot.frame as usize >= there) {
        Some(shot) => Err(Refusal::other(format!("{} shows frame {} of {there}, counted from 0", T::NAME, shot.frame))),
        None => Ok(arrangement),
    }
}

/// Runs the transform, and checks that it keeps its promise.
fn apply<T: Transform>(params: &str, input: Input) -> Result<Outcome, Refusal> {
    let (params, named) = schema::parse::<T::Params>(params)?;
    check_count(named, input.images.len())?;
    // A timeline's pictures come one by one as the input.
    let mut images = input.images.iter().filter(|_| T::KIND != Kind::Timeline);
    if let Some(image) = images.find(|image| image.expected_bytes() != Some(image.pixels.len())) {
        let bytes = image.pixels.len();
        return Err(Refusal::image(format!("{bytes} bytes are no {} px picture in {:?}", image.size(), image.format)));
    }
    let sizes: Vec<Size> = input.images.iter().map(Image::size).collect();
    // A call that cannot work is refused with the same words, planned or not.
    let planned = plan::<T>(&params, input.view.full, &sizes)?;
    let shown = input.image.size();
    let outcome = T::apply(&params, input)?;
    let promised = if T::KIND == Kind::Analyze { Some(shown) } else { planned.output };
    let made = outcome.image.size();
    if promised.is_some_and(|promised| promised != made) {
        let promised = promised.unwrap_or(made);
        return Err(Refusal::other(format!("{} made {made} px where {promised} px were planned", T::NAME)));
    }
    if outcome.image.expected_bytes() != Some(outcome.image.pixels.len()) {
        let bytes = outcome.image.pixels.len();
        return Err(Refusal::other(format!("{} made {bytes} bytes for {made} px", T::NAME)));
    }
    Ok(outcome)
}

impl Plugin {
    /// What the plugin is and which transforms it offers.
    pub fn describe(&self) -> Manifest {
        log::report_panics();
        let info = |entry: &Entry| TransformInfo {
            name: entry.name.to_owned(),
            kind: entry.kind,
            summary: entry.summary.to_owned(),
            schema: (entry.schema)(),
            formats: entry.formats.to_vec(),
        };
        Manifest {
            name: self.name.to_owned(),
            version: self.version.to_owned(),
            license: self.license.to_owned(),
            summary: self.summary.to_owned(),
            transforms: self.transforms.iter().map(info).collect(),
            needs: self.needs.iter().map(|need| need.to_wire()).collect(),
        }
    }

    /// What a call would do, without pixels.
    ///
    /// # Errors
    /// When the transform is not known or refuses.
    pub fn plan(&self, call: &wire::Call, input: Size) -> Result<Planned, wire::Error> {
        log::report_panics();
        let images: Vec<Size> = call.images.iter().map(Image::size).collect();
        let plan = || (self.entry(&call.transform)?.plan)(&call.params, input, &images);
        plan().map_err(|reason| wire::Error { call: 0, reason })
    }

    /// Which frames a `timeline` call shows, in which order and for how long.
    ///
    /// # Errors
    /// When the transform is not known, is of another kind, or refuses.
    pub fn arrange(&self, call: &wire::Call, timeline: Timeline) -> Result<Arrangement, wire::Error> {
        log::report_panics();
        let images: Vec<Size> = call.images.iter().map(Image::size).collect();
        let arrange = || (self.entry(&call.transform)?.arrange)(&call.params, &timeline, &images);
        arrange().map_err(|reason| wire::Error { call: 0, reason })
    }

    /// Runs calls one after the other.
    ///
    /// # Errors
    /// The first refusal, with the index of its call.
    pub fn apply(
        &self,
        calls: Vec<wire::Call>,
        input: Option<Image>,
        view: View,
    ) -> Result<wire::Outcome, wire::Error> {
        log::report_panics();
        let mut run = Run { image: input, view: Some(view), changed: false };
        let mut data = Vec::with_capacity(calls.len());
        for (index, call) in calls.into_iter().enumerate() {
            let found = self.step(&mut run, call);
            data.push(found.map_err(|reason| wire::Error { call: index as u32, reason })?);
        }
        Ok(wire::Outcome { image: run.image.filter(|_| run.changed), data })
    }

    /// Plans and runs one transform on a whole picture: for tests and examples.
    ///
    /// ```
    /// # use safelight_sdk::{Image, Input, JsonSchema, Outcome, PixelFormat, Refusal, Transform, serde::Deserialize};
    /// # #[derive(Deserialize, JsonSchema)]
    /// # #[serde(crate = "safelight_sdk::serde")]
    /// # #[schemars(crate = "safelight_sdk::schemars")]
    /// # struct NoParams {}
    /// # struct Same;
    /// # impl Transform for Same {
    /// #     const NAME: &'static str = "same";
    /// #     const SUMMARY: &'static str = "Changes nothing.";
    /// #     type Params = NoParams;
    /// #     fn apply(_: &NoParams, input: Input) -> Result<Outcome, Refusal> { Ok(input.image.into()) }
    /// # }
    /// # safelight_sdk::export!(name: "same", summary: "An example.", transforms: [Same]);
    /// # fn main() {
    /// let image = Image::new(1, 1, PixelFormat::Rgb8, vec![1, 2, 3]);
    /// assert_eq!(PLUGIN.run("same", "{}", image).unwrap().pixels, [1, 2, 3]);
    /// # }
    /// ```
    ///
    /// # Errors
    /// When `plan` or `apply` refuses. A result that differs from the plan is refused as well.
    pub fn run(&self, transform: &str, params: &str, image: Image) -> Result<Image, Refusal> {
        let view = View::whole(image.size());
        self.run_view(transform, params, image, view)
    }

    /// The same as [`run`](Plugin::run) on a picture that shows a part of a full one.
    ///
    /// # Errors
    /// As `run`.
    pub fn run_view(&self, transform: &str, params: &str, image: Image, view: View) -> Result<Image, Refusal> {
        self.run_call(transform, params, Some((image, view)), Vec::new()).map(|outcome| outcome.image)
    }

    /// The same as [`run`](Plugin::run) with the pictures that the parameters name; `image` is none for a
    /// `generate` transform. Hands back the data as well.
    ///
    /// # Errors
    /// As `run`.
    pub fn run_with(
        &self,
        transform: &str,
        params: &str,
        image: Option<Image>,
        images: Vec<Image>,
    ) -> Result<Outcome, Refusal> {
        let viewed = image.map(|image| {
            let view = View::whole(image.size());
            (image, view)
        });
        self.run_call(transform, params, viewed, images)
    }

    /// Arranges frames and pictures of these sizes by one `timeline` transform: for tests and examples.
    ///
    /// # Errors
    /// As [`arrange`](Plugin::arrange).
    pub fn arrange_with(
        &self,
        transform: &str,
        params: &str,
        timeline: Timeline,
        images: &[Size],
    ) -> Result<Arrangement, Refusal> {
        let shown = |size: &Size| Image {
            width: size.width,
            height: size.height,
            format: PixelFormat::Rgba8,
            pixels: Vec::new(),
        };
        let images = images.iter().map(shown).collect();
        let call = wire::Call { transform: transform.to_owned(), params: params.to_owned(), images };
        self.arrange(&call, timeline).map_err(|error| error.reason)
    }

    fn run_call(
        &self,
        transform: &str,
        params: &str,
        viewed: Option<(Image, View)>,
        images: Vec<Image>,
    ) -> Result<Outcome, Refusal> {
        let (image, view) = match viewed {
            Some((image, view)) => (Some(image), view),
            None => (None, View::whole(Size::new(0, 0))),
        };
        // No pixels in the plan, as the host does it.
        let shown = images.iter().map(|image| Image { pixels: Vec::new(), ..*image });
        let call = |images| wire::Call { transform: transform.to_owned(), params: params.to_owned(), images };
        self.plan(&call(shown.collect()), view.full).map_err(|error| error.reason)?;
        // An `analyze` transform's picture does not come back, as the host has it already.
        let kept = image.clone().filter(|_| self.entry(transform).is_ok_and(|entry| entry.kind == Kind::Analyze));
        let outcome = self.apply(vec![call(images)], image, view).map_err(|error| error.reason)?;
        let data = outcome.data.into_iter().next().flatten();
        let image = outcome.image.or(kept);
        let image = image.ok_or_else(|| Refusal::other(format!("{transform} makes no picture")))?;
        Ok(Outcome { image, data })
    }

    fn entry(&self, name: &str) -> Result<&Entry, Refusal> {
        self.transforms.iter().find(|entry| entry.name == name).ok_or(Refusal::UnknownTransform)
    }

    fn step(&self, run: &mut Run, call: wire::Call) -> Result<Option<String>, Refusal> {
        let entry = self.entry(&call.transform)?;
        let view = run.view.take();
        let (image, view) = if entry.kind == Kind::Generate {
            let nothing = Size::new(0, 0);
            (Image::new(0, 0, PixelFormat::Rgba8, Vec::new()), View::whole(nothing))
        } else {
            let Some(image) = run.image.take() else {
                return Err(Refusal::image(format!("{} needs a picture, and there is none", entry.name)));
            };
            let view = view.unwrap_or_else(|| View::whole(image.size()));
            (accepted(image, entry)?, view)
        };
        let outcome = (entry.apply)(&call.params, Input { image, view, images: call.images })?;
        run.image = Some(outcome.image);
        run.changed |= entry.kind != Kind::Analyze;
        Ok(outcome.data)
    }
}

/// What passes from call to call.
struct Run {
    image: Option<Image>,
    /// The view of the input; it concerns the first call only.
    view: Option<View>,
    /// Whether a call made a picture: if none did, the host has it already.
    changed: bool,
}

/// The picture in a format that the transform accepts.
fn accepted(image: Image, entry: &Entry) -> Result<Image, Refusal> {
    if image.width == 0 || image.height == 0 || image.expected_bytes() != Some(image.pixels.len()) {
        let bytes = image.pixels.len();
        return Err(Refusal::image(format!("{bytes} bytes are no {} px picture in {:?}", image.size(), image.format)));
    }
    match convert::nearest(image.format, entry.formats) {
        Some(format) => Ok(convert::to_format(image, format)),
        None => Err(Refusal::other(format!("{} accepts no pixel format", entry.name))),
    }
}
