//! A plugin whose only transform hands its input back: what is left is the cost of a call.

use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {}

struct Noop;

impl Transform for Noop {
    const NAME: &'static str = "noop";
    const SUMMARY: &'static str = "Hands its input back.";
    type Params = Params;

    fn apply(_: &Params, input: Input) -> Result<Outcome, Refusal> {
        Ok(input.image.into())
    }
}

safelight_sdk::export!(name: "empty", summary: "Does nothing.", transforms: [Noop]);
