//! Gravity.

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
    /// The share of the free space that lies to the left: 0, 0.5 or 1.
    pub(crate) const fn left(self) -> f64 {
        match self {
            Gravity::NorthWest | Gravity::West | Gravity::SouthWest => 0.0,
            Gravity::North | Gravity::Center | Gravity::South => 0.5,
            Gravity::NorthEast | Gravity::East | Gravity::SouthEast => 1.0,
        }
    }

    /// The share of the free space that lies above: 0, 0.5 or 1.
    pub(crate) const fn top(self) -> f64 {
        match self {
            Gravity::NorthWest | Gravity::North | Gravity::NorthEast => 0.0,
            Gravity::West | Gravity::Center | Gravity::East => 0.5,
            Gravity::SouthWest | Gravity::South | Gravity::SouthEast => 1.0,
        }
    }

    /// The top left corner of a box of a size in a picture. The offset counts inwards: from the left
    /// and top sides to the right and down, from the right and bottom sides to the left and up; from
    /// the middle to the right and down.
    pub(crate) fn place(self, outer: (f64, f64), inner: (f64, f64), offset: (f64, f64)) -> (f64, f64) {
        let inwards = |share: f64, offset: f64| if share == 1.0 { -offset } else { offset };
        (
            (outer.0 - inner.0) * self.left() + inwards(self.left(), offset.0),
            (outer.1 - inner.1) * self.top() + inwards(self.top(), offset.1),
        )
    }
}
