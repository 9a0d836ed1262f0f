//! Turns colours into their opposites.

use safelight_sdk::{Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Params {
    /// 0 leaves the picture as it is, 1 gives the opposite of every colour.
    #[schemars(range(min = 0.0, max = 1.0))]
    amount: f32,
}

impl Default for Params {
    fn default() -> Self {
        Params { amount: 1.0 }
    }
}

/// Turns colours into their opposites, as far as `amount` says; alpha stays.
struct Invert;

impl Transform for Invert {
    const NAME: &'static str = "{{transform}}";
    const SUMMARY: &'static str = "Turns colours into their opposites.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let table: [u8; 256] = std::array::from_fn(|value| {
            let value = value as f32;
            (value + (255.0 - 2.0 * value) * params.amount + 0.5) as u8
        });
        match image.format {
            PixelFormat::Rgba8 => {
                for pixel in image.pixels.as_chunks_mut::<4>().0 {
                    for channel in &mut pixel[..3] {
                        *channel = table[usize::from(*channel)];
                    }
                }
            }
            _ => image.pixels.iter_mut().for_each(|byte| *byte = table[usize::from(*byte)]),
        }
        Ok(image.into())
    }
}

safelight_sdk::export!(name: "{{name}}", summary: "Turns colours into their opposites.", transforms: [Invert]);

#[cfg(test)]
mod tests {
    use super::PLUGIN;
    use safelight_sdk::{Image, PixelFormat};

    fn run(params: &str, format: PixelFormat, pixels: &[u8]) -> Vec<u8> {
        PLUGIN.run("{{transform}}", params, Image::new(1, 1, format, pixels.to_vec())).unwrap().pixels
    }

    #[test]
    fn colours_become_their_opposites_and_alpha_stays() {
        assert_eq!(run("{}", PixelFormat::Rgba8, &[0, 100, 255, 7]), [255, 155, 0, 7]);
        assert_eq!(run(r#"{"amount": 0.5}"#, PixelFormat::Gray8, &[0]), [128]);
        assert_eq!(run(r#"{"amount": 0}"#, PixelFormat::Rgb8, &[1, 2, 3]), [1, 2, 3]);
    }
}
