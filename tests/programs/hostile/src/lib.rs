//! A plugin that misbehaves: one transform for each way.
//!
//! It speaks to the host by the raw bindings, as the SDK would prevent some of this. Every transform
//! takes a picture and no parameters; `TRANSFORMS` says what each does. Where a call returns at all,
//! the picture passes through and the data tells what was found.

#![cfg(target_arch = "wasm32")]

mod lies;
mod power;
mod waste;

use safelight_sdk::raw::exports::safelight::plugin::transform::{
    Arrangement, Call, Error, Guest, Image, Manifest, Outcome, Planned, Size, Timeline, View,
};
use safelight_sdk::{Kind, PixelFormat, Refusal, TransformInfo};
use serde_json::Value;

/// Name, what it does, and the function that does it.
type Entry = (&'static str, &'static str, fn(Image) -> Result<Found, Refusal>);

/// A picture, and data as text that is supposed to be JSON.
type Found = (Image, Option<String>);

const TRANSFORMS: &[Entry] = &[
    // What must meet a limit.
    ("spin", "Loops without end.", waste::spin),
    ("spin_in_plan", "Loops without end when it is planned.", pass_on),
    ("sleep", "Sleeps for an hour.", waste::sleep),
    ("grow", "Allocates until the allocation fails, which is a trap.", waste::grow),
    ("grow_politely", "Allocates until it is refused; data: {\"mib\": how much it got}.", waste::grow_politely),
    ("stack", "Calls itself without end.", waste::stack),
    ("flood", "Writes log lines without end.", waste::flood),
    ("long_line", "Writes a log line of 100 MB, then returns.", waste::long_line),
    ("talk", "Writes a million lines to its standard output and error, then returns.", waste::talk),
    (
        "huge_output",
        "Gives a gray picture of 65535 x 65535 px by its own account, with 1 GiB of bytes.",
        waste::huge_output,
    ),
    // What must be seen as a bug.
    ("trap", "Executes `unreachable`.", lies::trap),
    ("panic", "Panics with the message \"the hostile plugin panics\".", lies::panic),
    ("exit", "Asks to end the process with status 0.", lies::exit),
    ("wrong_size", "Gives a picture with one byte too few.", lies::wrong_size),
    ("zero_size", "Gives a picture of 0 x 0 px.", lies::zero_size),
    ("wrong_plan", "Plans 1 x 1 px and gives 2 x 2.", lies::wrong_plan),
    ("no_image", "Gives no picture though it is a filter.", pass_on),
    ("bad_json", "Gives data that is not JSON.", lies::bad_json),
    // What must be an ordinary refusal.
    ("refuse", "Refuses: the picture cannot be used.", lies::refuse),
    ("refuse_params", "Refuses the parameter `x`.", lies::refuse_params),
    // What must find nothing.
    ("files", "Tries to read, write and list files; data: what came of each.", power::files),
    ("network", "Tries to reach and to be reached; data: what came of each.", power::network),
    ("environment", "Data: its variables, arguments and working folder.", power::environment),
    ("clock", "Data: times and random numbers that it got.", power::clock),
];

/// Nothing special happens in `apply` itself.
fn pass_on(image: Image) -> Result<Found, Refusal> {
    Ok((image, None))
}

struct Hostile;

impl Guest for Hostile {
    fn describe() -> Manifest {
        let info = |(name, summary, _): &Entry| TransformInfo {
            name: (*name).to_owned(),
            kind: Kind::Filter,
            summary: (*summary).to_owned(),
            schema: r#"{"type": "object", "additionalProperties": false}"#.to_owned(),
            formats: vec![PixelFormat::Rgba8, PixelFormat::Rgb8, PixelFormat::Gray8],
        };
        Manifest {
            name: "hostile".to_owned(),
            version: "0.1.0".to_owned(),
            license: "Apache-2.0".to_owned(),
            summary: "Misbehaves in every way we know.".to_owned(),
            transforms: TRANSFORMS.iter().map(info).collect(),
            needs: Vec::new(),
        }
    }

    fn plan(call: Call, input: Size) -> Result<Planned, Error> {
        find(&call.transform).map_err(|reason| Error { call: 0, reason })?;
        match call.transform.as_str() {
            "spin_in_plan" => waste::forever(),
            "wrong_plan" => Ok(Planned::to(Size::new(1, 1))),
            "huge_output" | "zero_size" => Ok(Planned::unknown()),
            _ => Ok(Planned::to(input)),
        }
    }

    fn arrange(_: Call, _: Timeline) -> Result<Arrangement, Error> {
        Err(Error { call: 0, reason: Refusal::UnknownTransform })
    }

    fn apply(calls: Vec<Call>, input: Option<Image>, _: View) -> Result<Outcome, Error> {
        let mut image = input;
        let mut data = Vec::new();
        for (index, call) in calls.iter().enumerate() {
            let run = || (find(&call.transform)?)(image.take().ok_or(Refusal::other("no picture"))?);
            let (made, found) = { run }().map_err(|reason| Error { call: index as u32, reason })?;
            image = (call.transform != "no_image").then_some(made);
            data.push(found);
        }
        Ok(Outcome { image, data })
    }
}

fn find(name: &str) -> Result<fn(Image) -> Result<Found, Refusal>, Refusal> {
    let entry = TRANSFORMS.iter().find(|entry| entry.0 == name);
    entry.map(|entry| entry.2).ok_or(Refusal::UnknownTransform)
}

/// The picture, and what was found.
fn found(image: Image, data: &Value) -> Result<Found, Refusal> {
    Ok((image, Some(data.to_string())))
}

safelight_sdk::raw::export!(Hostile with_types_in safelight_sdk::raw);
