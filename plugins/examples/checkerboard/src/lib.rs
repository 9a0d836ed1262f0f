//! Draws a checkerboard.

use safelight_sdk::{Image, Input, Kind, Outcome, PixelFormat, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Params {
    /// Columns of pixels.
    #[schemars(range(min = 1, max = 4096))]
    width: u32,
    /// Rows of pixels.
    #[schemars(range(min = 1, max = 4096))]
    height: u32,
    /// The side of a field.
    #[schemars(range(min = 1, max = 1000))]
    cell_px: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params { width: 256, height: 256, cell_px: 32 }
    }
}

/// Fields of white and gray 204, as programs show behind what is transparent.
struct Checkerboard;

impl Transform for Checkerboard {
    const NAME: &'static str = "checkerboard";
    const SUMMARY: &'static str = "Draws a checkerboard of white and light gray.";
    const KIND: Kind = Kind::Generate;
    type Params = Params;

    fn plan(params: &Params, _input: Size) -> Result<Planned, Refusal> {
        Ok(Planned::to(Size::new(params.width, params.height)))
    }

    fn apply(params: &Params, _input: Input) -> Result<Outcome, Refusal> {
        let mut pixels = Vec::with_capacity(params.width as usize * params.height as usize);
        for y in 0..params.height {
            let row = y / params.cell_px;
            pixels.extend((0..params.width).map(|x| if (x / params.cell_px + row) % 2 == 0 { 255 } else { 204 }));
        }
        Ok(Image::new(params.width, params.height, PixelFormat::Gray8, pixels).into())
    }
}

safelight_sdk::export!(name: "checkerboard", summary: "Checkerboards.", transforms: [Checkerboard]);

#[cfg(test)]
mod tests {
    use super::PLUGIN;
    use safelight_sdk::{Image, PixelFormat};

    #[test]
    fn fields_alternate() {
        let nothing = Image::new(0, 0, PixelFormat::Gray8, Vec::new());
        let made = PLUGIN.run("checkerboard", r#"{"width": 4, "height": 2, "cell_px": 1}"#, nothing).unwrap();
        assert_eq!(made.pixels, [255, 204, 255, 204, 204, 255, 204, 255]);
    }
}
