//! A plugin that runs a kernel a number of times. The time of a call with `repeat` n, less that of one
//! with `repeat` 1, is n - 1 times the kernel alone, without what the call itself costs.

mod kernels;

use safelight_sdk::{Input, Outcome, PixelFormat, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Which kernel.
    kernel: String,
    /// How often it runs on the picture.
    #[schemars(range(min = 0, max = 1000))]
    repeat: u32,
}

struct Bench;

impl Transform for Bench {
    const NAME: &'static str = "bench";
    const SUMMARY: &'static str = "Runs a kernel a number of times.";
    const FORMATS: &'static [PixelFormat] = &[PixelFormat::Rgba8];
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        if !kernels::NAMES.contains(&params.kernel.as_str()) {
            let message = format!("is {:?}, expected one of {}", params.kernel, kernels::NAMES.join(", "));
            return Err(Refusal::params("kernel", message));
        }
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let size = (image.width, image.height);
        for _ in 0..params.repeat {
            kernels::run(&params.kernel, &mut image.pixels, size);
        }
        Ok(image.into())
    }
}

safelight_sdk::export!(name: "bench", summary: "Measures kernels.", transforms: [Bench]);
