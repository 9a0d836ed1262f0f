//! The transformer of release 0.1.0: opposites of colours, what `plan` sees, and the assets that are there.

#![cfg(target_arch = "wasm32")]

use safelight_sdk::raw::exports::safelight::plugin::transform::{
    Arrangement, Call, Error, Guest, Image, Manifest, Outcome, Planned, Size, Timeline, View,
};
use safelight_sdk::{Kind, PixelFormat, Refusal, Shot, TransformInfo, fonts, log, models};

struct Elder;

impl Guest for Elder {
    fn describe() -> Manifest {
        let offer = |name: &str, kind, schema: &str| TransformInfo {
            name: name.to_owned(),
            kind,
            summary: "A transform of release 0.1.0.".to_owned(),
            schema: schema.to_owned(),
            formats: vec![PixelFormat::Rgba8, PixelFormat::Gray8],
        };
        let seen = format!(
            "Sees {} fonts and {} models while it describes itself.",
            fonts::names().len(),
            models::names().len()
        );
        Manifest {
            name: "elder".to_owned(),
            version: "1.2.3".to_owned(),
            license: "Apache-2.0".to_owned(),
            summary: seen,
            transforms: vec![
                offer(
                    "elder_opposite",
                    Kind::Filter,
                    r#"{"type": "object", "additionalProperties": false, "properties": {
                        "rows": {"type": "integer", "minimum": 1, "description": "Rows to keep."}}}"#,
                ),
                offer("elder_assets", Kind::Analyze, r#"{"type": "object", "additionalProperties": false}"#),
                offer("elder_reverse", Kind::Timeline, r#"{"type": "object", "additionalProperties": false}"#),
            ],
        }
    }

    fn plan(call: Call, input: Size) -> Result<Planned, Error> {
        let rows = rows(&call);
        if rows.is_some_and(|rows| rows > input.height) {
            let message = format!("is {}, expected at most the picture's {}", rows.unwrap_or(0), input.height);
            return Err(refused(0, Refusal::params("rows", message)));
        }
        let output = Size { height: rows.unwrap_or(input.height), ..input };
        Ok(Planned { output: Some(output), region: None, enough: None })
    }

    fn arrange(_: Call, timeline: Timeline) -> Result<Arrangement, Error> {
        let frames = timeline.delays_ms.iter().enumerate().rev();
        let shots = frames.map(|(frame, &delay_ms)| Shot { frame: frame as u32, delay_ms }).collect();
        Ok(Arrangement { shots, loops: timeline.loops })
    }

    fn apply(calls: Vec<Call>, input: Option<Image>, _: View) -> Result<Outcome, Error> {
        let mut image = input;
        let mut data = Vec::new();
        let mut changed = false;
        for (index, call) in calls.iter().enumerate() {
            log::info(&call.transform);
            let picture = image.as_mut().ok_or_else(|| refused(index, Refusal::image("there is none")))?;
            match call.transform.as_str() {
                "elder_opposite" => {
                    changed = true;
                    let channels = picture.format.bytes();
                    for (at, byte) in picture.pixels.iter_mut().enumerate() {
                        if channels < 4 || at % 4 != 3 {
                            *byte = 255 - *byte;
                        }
                    }
                    if let Some(rows) = rows(call) {
                        picture.height = rows;
                        picture.pixels.truncate(rows as usize * picture.width as usize * channels);
                    }
                    data.push(None);
                }
                "elder_assets" => data.push(Some(assets())),
                _ => return Err(refused(index, Refusal::UnknownTransform)),
            }
        }
        Ok(Outcome { image: image.filter(|_| changed), data })
    }
}

fn refused(call: usize, reason: Refusal) -> Error {
    Error { call: call as u32, reason }
}

/// The only parameter there is: `{"rows":2}`.
fn rows(call: &Call) -> Option<u32> {
    call.params.trim_matches(|c: char| !c.is_ascii_digit()).parse().ok()
}

/// Names and lengths: `{"fonts": {"NotoSans": 1000}, "models": {}}`.
fn assets() -> String {
    let listed = |names: Vec<String>, load: fn(&str) -> Option<Vec<u8>>| {
        let each = |name: &String| format!("{name:?}: {}", load(name).map_or(-1, |bytes| bytes.len() as i64));
        names.iter().map(each).collect::<Vec<_>>().join(", ")
    };
    format!(
        r#"{{"fonts": {{{}}}, "models": {{{}}}, "unlisted": {}}}"#,
        listed(fonts::names(), fonts::load),
        listed(models::names(), models::load),
        fonts::load("NotoSans").is_some(),
    )
}

safelight_sdk::raw::export!(Elder with_types_in safelight_sdk::raw);
