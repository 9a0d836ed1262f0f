//! Lines for the host's log, and the hook that brings a panic's message there.

use std::sync::Once;

use crate::bindings::safelight::plugin::log::Level;

/// Writes a line for the plugin's author.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// Writes a line worth knowing.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// Writes a line about something unexpected that the plugin could deal with.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// Writes a line about something that makes the call fail.
pub fn error(message: &str) {
    write(Level::Error, message);
}

#[cfg(target_arch = "wasm32")]
fn write(level: Level, message: &str) {
    crate::bindings::safelight::plugin::log::write(level, message);
}

/// Without a host, as in a plugin's own tests, lines go to the standard error.
#[cfg(not(target_arch = "wasm32"))]
fn write(level: Level, message: &str) {
    eprintln!("{level:?}: {message}");
}

/// Makes a panic write its message and place to the host's log before it ends as a trap.
///
/// Does nothing in a native build, where the test harness reports panics.
pub(crate) fn report_panics() {
    static ONCE: Once = Once::new();
    if cfg!(target_arch = "wasm32") {
        ONCE.call_once(|| std::panic::set_hook(Box::new(|panic| error(&panic.to_string()))));
    }
}
