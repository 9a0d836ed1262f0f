//! `lut`: colours by a table.

use safelight_kernels::{self as kernels, Cube};
use safelight_sdk::{Image, ImageRef, Input, Kind, Outcome, PixelFormat, Planned, Refusal, Size, Transform, to_format};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::COLOURED;

/// A `.cube` file of 65 points a side with ten digits for each value.
const LONGEST: usize = 10 << 20;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The table as the text of a `.cube` file (Adobe, Cube LUT Specification 1.0): 1D, or 3D with up to 256 points a side.
    #[schemars(length(max = 10485760))]
    cube: Option<String>,
    /// The table as a picture, a Hald CLUT: {"url": ...}, {"asset": ...} or {"data": ...}. Its sides have the cube of a
    /// number, 8 x 8 to 216 x 216 or 512 x 512 usually; without any table the picture stays as it is.
    image: Option<ImageRef>,
    /// From 0, the picture as it is, to 1, the table's colours.
    #[schemars(range(min = 0.0, max = 1.0))]
    amount: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { cube: None, image: None, amount: 1.0 }
    }
}

/// Replaces every colour by that of a table, linear between its points, on sRGB values. Alpha stays.
pub(crate) struct Lut;

impl Transform for Lut {
    const NAME: &'static str = "lut";
    const SUMMARY: &'static str = "Replaces colours by those of a look-up table: a .cube file or a Hald picture.";
    const KIND: Kind = Kind::Compose;
    const FORMATS: &'static [PixelFormat] = COLOURED;
    type Params = Params;

    fn plan_with_images(params: &Params, input: Size, images: &[Size]) -> Result<Planned, Refusal> {
        if let Some(text) = &params.cube {
            if !images.is_empty() {
                return Err(Refusal::params("image", "is given with cube, expected one of them"));
            }
            read_cube(text)?;
        }
        images.first().map(|size| level(*size)).transpose()?;
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let table = match (&params.cube, input.images.into_iter().next()) {
            (Some(text), _) => read_cube(text)?,
            (None, Some(hald)) => read_hald(hald)?,
            (None, None) => return Ok(image.into()),
        };
        let share = params.amount as f32;
        kernels::map_colors(&mut image.pixels, image.format.bytes(), |color| {
            let made = table.color(color);
            std::array::from_fn(|part| color[part] + (made[part] - color[part]) * share)
        });
        Ok(image.into())
    }
}

/// Of a Hald picture: the number of which its sides are the cube. The table has its square in points a side.
fn level(size: Size) -> Result<usize, Refusal> {
    let found = (2..=16_u32).find(|level| level.pow(3) == size.width && size.width == size.height);
    found.map(|level| level as usize).ok_or_else(|| {
        let message =
            format!("is {} x {} px, expected a Hald CLUT of 8 x 8, 27 x 27, 64 x 64, ... px", size.width, size.height);
        Refusal::params("image", message)
    })
}

fn read_hald(hald: Image) -> Result<Cube, Refusal> {
    let side = level(hald.size())?.pow(2);
    let hald = to_format(hald, PixelFormat::Rgb8);
    let values = hald.pixels.as_chunks::<3>().0.iter().map(|color| color.map(|value| f32::from(value) / 255.0));
    Ok(Cube::new(side, [0.0; 3], [1.0; 3], values.collect()))
}

fn read_cube(text: &str) -> Result<Cube, Refusal> {
    let wrong = |message: String| Refusal::params("cube", message);
    if text.len() > LONGEST {
        return Err(wrong(format!("has {} bytes, expected up to {LONGEST}", text.len())));
    }
    let (mut size, mut low, mut high, mut values) = (None, [0.0; 3], [1.0; 3], Vec::new());
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let here = |expected: &str| wrong(format!("line {number} is {line:.40?}, expected {expected}"));
        match word {
            "" | "TITLE" => {}
            word if word.starts_with('#') => {}
            "LUT_1D_SIZE" | "LUT_3D_SIZE" => {
                let single = word == "LUT_1D_SIZE";
                let most = if single { 65_536 } else { Cube::LARGEST };
                let side = rest.trim().parse().ok().filter(|side| (2..=most).contains(side));
                size = Some((side.ok_or_else(|| here(&format!("a size from 2 to {most}")))?, single));
            }
            "DOMAIN_MIN" => low = color(rest).ok_or_else(|| here("three numbers"))?,
            "DOMAIN_MAX" => high = color(rest).ok_or_else(|| here("three numbers"))?,
            _ => values.push(color(line).ok_or_else(|| here("three numbers or a known word"))?),
        }
    }
    let (side, single) = size.ok_or_else(|| wrong("has no LUT_1D_SIZE or LUT_3D_SIZE".to_owned()))?;
    let expected = if single { side } else { side.pow(3) };
    if values.len() != expected {
        return Err(wrong(format!("has {} colours, expected {expected}", values.len())));
    }
    if (0..3).any(|part| high[part] <= low[part]) {
        return Err(wrong("has a DOMAIN_MAX that is not above DOMAIN_MIN".to_owned()));
    }
    Ok(if single { Cube::rows(side, low, high, values) } else { Cube::new(side, low, high, values) })
}

/// Three finite numbers.
fn color(text: &str) -> Option<[f32; 3]> {
    let mut parts = text.split_whitespace().map(|part| part.parse::<f32>().ok().filter(|value| value.is_finite()));
    let color = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(color)
}
