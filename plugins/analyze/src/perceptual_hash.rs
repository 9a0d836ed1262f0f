//! `perceptual_hash`: short marks that are alike for pictures that look alike.

use safelight_kernels as kernels;
use safelight_sdk::{Image, Input, Kind, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::picture::{gray, size};

/// It has no parameters.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {}

/// Makes four hashes of the gray picture; see the kernels for how. Two hashes of one kind are compared by
/// counting the bits that differ: of 64 bits, under about 10 in two versions of a picture, about 32 in two
/// pictures that have nothing to do with each other.
pub(crate) struct PerceptualHash;

impl Transform for PerceptualHash {
    const NAME: &'static str = "perceptual_hash";
    const SUMMARY: &'static str = "Hashes that differ in few bits for pictures that look alike.";
    const KIND: Kind = Kind::Analyze;
    type Params = Params;

    fn apply(_: &Params, input: Input) -> Result<Outcome, Refusal> {
        let found = Hashes::of(&input.image);
        Ok(Outcome::found(input.image, &found))
    }
}

/// What is found: lower-case hexadecimal digits.
#[derive(Debug, Serialize)]
struct Hashes {
    /// 64 bits: which of 8 x 8 parts are lighter than their mean.
    average: String,
    /// 64 bits: which of 8 x 8 parts are darker than the one to their right.
    difference: String,
    /// 64 bits: which of 8 x 8 low frequencies are stronger than their median. The usual choice.
    dct: String,
    /// 576 bits: where edges are stronger than around (Marr-Hildreth).
    marr_hildreth: String,
}

impl Hashes {
    fn of(image: &Image) -> Hashes {
        let (gray, size) = (gray(image), size(image));
        let short = |hash: fn(&[u8], (u32, u32)) -> u64| format!("{:016x}", hash(&gray, size));
        let long = kernels::marr_hildreth_hash(&gray, size);
        Hashes {
            average: short(kernels::average_hash),
            difference: short(kernels::difference_hash),
            dct: short(kernels::dct_hash),
            marr_hildreth: long.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}
