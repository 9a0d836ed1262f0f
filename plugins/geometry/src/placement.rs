//! Where something lies on something larger.

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
    /// How much of the free space lies to the left and above, in halves: 0, 1 or 2.
    pub(crate) const fn halves(self) -> (u32, u32) {
        match self {
            Gravity::NorthWest => (0, 0),
            Gravity::North => (1, 0),
            Gravity::NorthEast => (2, 0),
            Gravity::West => (0, 1),
            Gravity::Center => (1, 1),
            Gravity::East => (2, 1),
            Gravity::SouthWest => (0, 2),
            Gravity::South => (1, 2),
            Gravity::SouthEast => (2, 2),
        }
    }
}

/// Which part of the picture is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Focus {
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
    /// Around the point x, y, which are then counted from the top left corner.
    Point,
    /// Where the eye is drawn: edges, strong colours and tones of skin.
    Auto,
}

/// A `Focus`, by what has to be known for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Side(Gravity),
    Point,
    Pixels,
}

impl Focus {
    pub(crate) const fn anchor(self) -> Anchor {
        Anchor::Side(match self {
            Focus::Center => Gravity::Center,
            Focus::North => Gravity::North,
            Focus::NorthEast => Gravity::NorthEast,
            Focus::East => Gravity::East,
            Focus::SouthEast => Gravity::SouthEast,
            Focus::South => Gravity::South,
            Focus::SouthWest => Gravity::SouthWest,
            Focus::West => Gravity::West,
            Focus::NorthWest => Gravity::NorthWest,
            Focus::Point => return Anchor::Point,
            Focus::Auto => return Anchor::Pixels,
        })
    }
}

/// An offset counted inwards from the side of so many halves, as one to the right or downwards.
pub(crate) fn inwards(offset: i32, halves: u32) -> i64 {
    if halves == 2 { -i64::from(offset) } else { i64::from(offset) }
}
