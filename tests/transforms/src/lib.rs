//! What the tests of transforms share: pictures, calls, references, comparisons, golden files.
//!
//! The transforms run natively, as ordinary functions of the plugin crates: no host and no Wasm, so
//! that a test builds in seconds. `README.md` says how to add a case.

pub mod cases;
mod compare;
pub mod coverage;
mod files;
mod golden;
pub mod params;
pub mod pictures;
mod plugins;
pub mod reference;
mod run;

pub use compare::{Difference, Tolerance, compare, difference};
pub use files::{output_dir, read_png, target_dir, write_png};
pub use golden::{golden, golden_data};
pub use plugins::{Described, PLUGINS, described, find};
pub use run::{analyze, plan, run, run_with, try_run};
