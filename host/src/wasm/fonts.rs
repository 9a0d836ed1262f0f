//! The operator's fonts.

use std::path::Path;

use super::{
    Error,
    assets::{Assets, Sort},
};

/// Font files. Large CJK collections are about 30 MB.
const FONT: Sort = Sort { word: "font", extensions: &["ttf", "otf"], max_bytes: 64 << 20 };

/// Lists the fonts of a folder; an empty path is no folder.
///
/// Errors: the folder cannot be read.
pub(super) fn open(dir: &Path) -> Result<Assets, Error> {
    Assets::open(dir, FONT)
}
