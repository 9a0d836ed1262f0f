//! Gravity and the rounding of lengths.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Towards which side of the picture something is placed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Gravity {
    #[default]
    Center,
    North,
    NorthEast,
    East,
    SouthEast,
    South,
    SouthWest,
    West,
    NorthWest,
}

impl Gravity {
    /// How much of the free space lies to the left, in halves: 0, 1 or 2.
    pub(crate) const fn left_halves(self) -> u32 {
        match self {
            Gravity::NorthWest | Gravity::West | Gravity::SouthWest => 0,
            Gravity::North | Gravity::Center | Gravity::South => 1,
            Gravity::NorthEast | Gravity::East | Gravity::SouthEast => 2,
        }
    }

    /// How much of the free space lies above, in halves: 0, 1 or 2.
    pub(crate) const fn top_halves(self) -> u32 {
        match self {
            Gravity::NorthWest | Gravity::North | Gravity::NorthEast => 0,
            Gravity::West | Gravity::Center | Gravity::East => 1,
            Gravity::SouthWest | Gravity::South | Gravity::SouthEast => 2,
        }
    }
}

/// `length * numerator / denominator`, rounded half up, at least 1. Saturates.
pub(crate) fn scaled(length: u32, numerator: u32, denominator: u32) -> u32 {
    let product = u64::from(length) * u64::from(numerator);
    let denominator = u64::from(denominator.max(1));
    let rounded = (product + denominator / 2) / denominator;
    u32::try_from(rounded).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::scaled;

    #[test]
    fn lengths_round_half_up_and_are_at_least_one() {
        assert_eq!(scaled(3000, 800, 4000), 600);
        assert_eq!(scaled(3, 1, 2), 2);
        assert_eq!(scaled(5, 1, 2), 3);
        assert_eq!(scaled(4, 1, 3), 1);
        assert_eq!(scaled(1, 1, 65_535), 1);
        assert_eq!(scaled(u32::MAX, u32::MAX, 1), u32::MAX);
    }
}
