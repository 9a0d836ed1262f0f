//! The operator's lookup tables.

use std::path::Path;

use super::{
    Error,
    assets::{Assets, Sort},
};

/// Colour cubes, curves, palettes, profiles: a cube of 65 steps a side is about 8 MB of text.
const TABLE: Sort = Sort {
    word: "table",
    extensions: &["3dl", "bin", "csv", "cube", "icc", "json", "tsv", "txt"],
    max_bytes: 64 << 20,
};

/// Lists the tables of a folder; an empty path is no folder.
///
/// Errors: the folder cannot be read.
pub(super) fn open(dir: &Path) -> Result<Assets, Error> {
    Assets::open(dir, TABLE)
}
