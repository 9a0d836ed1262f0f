//! What a plugin asks the operator for.

use crate::bindings::safelight::plugin::types as wire;

/// A read-only asset that a plugin asks for, as [`export!`](crate::export) and
/// [`export_codec!`](crate::export_codec) take it in `needs`. What was granted is there in [`fonts`](crate::fonts),
/// [`tables`](crate::tables) and [`models`](crate::models).
///
/// ```
/// use safelight_sdk::Need;
///
/// const NEEDS: [Need; 2] = [Need::table("film", "The look of the film."), Need::fonts("Captions.").optional()];
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Need {
    kind: wire::AssetKind,
    name: &'static str,
    optional: bool,
    summary: &'static str,
}

impl Need {
    const fn new(kind: wire::AssetKind, name: &'static str, summary: &'static str) -> Self {
        Need { kind, name, optional: false, summary }
    }

    /// All fonts; `summary` tells the operator what for.
    pub const fn fonts(summary: &'static str) -> Self {
        Need::new(wire::AssetKind::Font, "*", summary)
    }

    /// One font.
    pub const fn font(name: &'static str, summary: &'static str) -> Self {
        Need::new(wire::AssetKind::Font, name, summary)
    }

    /// All lookup tables.
    pub const fn tables(summary: &'static str) -> Self {
        Need::new(wire::AssetKind::Table, "*", summary)
    }

    /// One lookup table.
    pub const fn table(name: &'static str, summary: &'static str) -> Self {
        Need::new(wire::AssetKind::Table, name, summary)
    }

    /// All neural networks. A codec gets none.
    pub const fn models(summary: &'static str) -> Self {
        Need::new(wire::AssetKind::Model, "*", summary)
    }

    /// One neural network.
    pub const fn model(name: &'static str, summary: &'static str) -> Self {
        Need::new(wire::AssetKind::Model, name, summary)
    }

    /// The plugin is of use without: calls are not refused while it is not granted.
    pub const fn optional(self) -> Self {
        Need { optional: true, ..self }
    }

    pub(crate) fn to_wire(self) -> wire::Need {
        let Need { kind, name, optional, summary } = self;
        wire::Need { kind, name: name.to_owned(), optional, summary: summary.to_owned() }
    }
}
