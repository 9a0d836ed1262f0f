//! The host's fonts as usvg wants them.

use std::sync::Arc;

use resvg::usvg::fontdb::Database;
use safelight_sdk::{fonts, log};

/// All fonts there are, if the document has text; reading them costs more than most documents.
pub(crate) fn database(text: &str) -> Arc<Database> {
    let mut database = Database::new();
    if !text.contains("<text") && !text.contains(":text") {
        return Arc::new(database);
    }
    for name in fonts::names() {
        if let Some(bytes) = fonts::load(&name) {
            database.load_font_data(bytes);
        }
    }
    let families: Vec<String> =
        database.faces().filter_map(|face| face.families.first()).map(|(family, _)| family.clone()).collect();
    let Some(first) = families.first().cloned() else {
        log::warn("the document has text and there are no fonts: it is left out");
        return Arc::new(database);
    };
    // A generic family is the first font that has its name in its own, else the first of all.
    let generic = |words: &[&str], without: &str| {
        let fits = |family: &&String| {
            let family = family.to_lowercase();
            words.iter().all(|word| family.contains(word)) && (without.is_empty() || !family.contains(without))
        };
        families.iter().find(fits).unwrap_or(&first).clone()
    };
    let (serif, sans, mono) = (generic(&["serif"], "sans"), generic(&["sans"], "mono"), generic(&["mono"], ""));
    database.set_serif_family(serif);
    database.set_sans_serif_family(sans.clone());
    database.set_monospace_family(mono);
    database.set_cursive_family(sans.clone());
    database.set_fantasy_family(sans);
    Arc::new(database)
}
