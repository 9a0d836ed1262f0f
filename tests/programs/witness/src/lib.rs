//! A plugin that tells which assets it sees: fonts, the table `film` and models, of which it has what is granted.

use std::collections::BTreeMap;

use safelight_sdk::{
    Image, Input, Kind, Need, Outcome, PixelFormat, Planned, Refusal, Size, Transform, fonts, models, tables,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NoParams {}

/// Names and lengths in bytes.
#[derive(Serialize)]
struct Seen {
    fonts: BTreeMap<String, usize>,
    tables: BTreeMap<String, usize>,
    models: BTreeMap<String, usize>,
    descriptions: BTreeMap<String, String>,
    /// What loads though it is not listed.
    unlisted: Vec<&'static str>,
}

/// All that is seen, as data.
struct Assets;

impl Transform for Assets {
    const NAME: &'static str = "assets";
    const SUMMARY: &'static str = "Tells which assets are there.";
    const KIND: Kind = Kind::Analyze;
    type Params = NoParams;

    fn apply(_: &NoParams, input: Input) -> Result<Outcome, Refusal> {
        let lengths = |names: Vec<String>, load: fn(&str) -> Option<Vec<u8>>| {
            names
                .into_iter()
                .map(|name| (load(&name).map_or(0, |bytes| bytes.len()), name))
                .map(|(n, name)| (name, n))
                .collect()
        };
        let described = |name: String| models::description(&name).map(|text| (name, text));
        let unlisted = |names: Vec<String>, load: fn(&str) -> Option<Vec<u8>>, name: &'static str| {
            (!names.iter().any(|known| known == name) && load(name).is_some()).then_some(name)
        };
        let seen = Seen {
            descriptions: models::names().into_iter().filter_map(described).collect(),
            unlisted: [
                unlisted(fonts::names(), fonts::load, "NotoSans"),
                unlisted(tables::names(), tables::load, "film"),
                unlisted(tables::names(), tables::load, "secret"),
                unlisted(models::names(), models::load, "net"),
            ]
            .into_iter()
            .flatten()
            .collect(),
            fonts: lengths(fonts::names(), fonts::load),
            tables: lengths(tables::names(), tables::load),
            models: lengths(models::names(), models::load),
        };
        Ok(Outcome::found(input.image, &seen))
    }
}

/// A picture of one row, and of one column more than there are tables: a plan that depends on assets.
struct Wide;

impl Transform for Wide {
    const NAME: &'static str = "wide";
    const SUMMARY: &'static str = "Draws a row of one pixel more than there are tables.";
    const KIND: Kind = Kind::Generate;
    type Params = NoParams;

    fn plan(_: &NoParams, _: Size) -> Result<Planned, Refusal> {
        Ok(Planned::to(Size::new(width(), 1)))
    }

    fn apply(_: &NoParams, _: Input) -> Result<Outcome, Refusal> {
        Ok(Image::new(width(), 1, PixelFormat::Gray8, vec![0; width() as usize]).into())
    }
}

fn width() -> u32 {
    1 + tables::names().len() as u32
}

safelight_sdk::export!(
    name: "witness",
    summary: "Tells which assets it sees.",
    needs: [
        Need::fonts("To tell their names.").optional(),
        Need::table("film", "To tell its length.").optional(),
        Need::models("To tell their names.").optional(),
    ],
    transforms: [Assets, Wide],
);
