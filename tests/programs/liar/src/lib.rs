//! A plugin of the right world whose manifest breaks the contract: two transforms have one name.

#![cfg(target_arch = "wasm32")]

use safelight_sdk::raw::exports::safelight::plugin::transform::{
    Arrangement, Call, Error, Guest, Image, Manifest, Outcome, Planned, Size, Timeline, View,
};
use safelight_sdk::{Kind, PixelFormat, Refusal, TransformInfo};

struct Liar;

impl Guest for Liar {
    fn describe() -> Manifest {
        let twin = || TransformInfo {
            name: "twin".to_owned(),
            kind: Kind::Filter,
            summary: "One of two.".to_owned(),
            schema: r#"{"type": "object"}"#.to_owned(),
            formats: vec![PixelFormat::Rgba8],
        };
        Manifest {
            name: "liar".to_owned(),
            version: "0.1.0".to_owned(),
            license: "Apache-2.0".to_owned(),
            summary: "Names two transforms alike.".to_owned(),
            transforms: vec![twin(), twin()],
            needs: Vec::new(),
        }
    }

    fn plan(_: Call, _: Size) -> Result<Planned, Error> {
        Err(Error { call: 0, reason: Refusal::UnknownTransform })
    }

    fn arrange(_: Call, _: Timeline) -> Result<Arrangement, Error> {
        Err(Error { call: 0, reason: Refusal::UnknownTransform })
    }

    fn apply(_: Vec<Call>, _: Option<Image>, _: View) -> Result<Outcome, Error> {
        Err(Error { call: 0, reason: Refusal::UnknownTransform })
    }
}

safelight_sdk::raw::export!(Liar with_types_in safelight_sdk::raw);
