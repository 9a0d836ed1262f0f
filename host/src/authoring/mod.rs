//! What authors of plugins work with: new projects, components from core modules, the conformance suite, reference
//! pages, and the page that shows a plugin while it is written.

mod conformance;
mod dev;
mod pack;
mod project;
mod reference;
mod samples;

pub use conformance::{Finding, Verdict, conformance};
pub use dev::Workshop;
pub use pack::pack;
pub use project::{Language, Project};
pub use reference::reference;

use include_dir::{Dir, include_dir};

/// The contract.
static WIT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../wit");
