//! How a call ended: what of it is the guest's fault, and what met a limit.

use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::guest::Guest;
use crate::error::{Code, Failure};

/// A limit that the host met while it served the guest; ends the call.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct OverLimit(pub(super) Failure);

/// How many frames of the guest's stack are kept.
pub(super) const BACKTRACE_FRAMES: usize = 64;

/// What wasmtime says when a guest hands over more bytes than the host takes. The error's type is
/// private to wasmtime, so its text is all there is to know it by; a test watches over it.
const TOO_MUCH_DATA: &str = "fuel allocated for hostcalls has been exhausted";

/// Sorts what ended a call into trapped, over limit, and against the contract.
///
/// `taken_bytes` is the most that the host would have taken from the guest at once.
pub(super) fn sort(error: &wasmtime::Error, guest: &Guest, plugin: &str, taken_bytes: usize) -> Failure {
    if let Some(OverLimit(failure)) = error.downcast_ref() {
        return failure.clone();
    }
    if let Some(refused) = &guest.memory.refused {
        return Failure::new(Code::LimitMemory, format!("plugin {plugin} asked for {refused}"));
    }
    let backtrace = error.downcast_ref::<WasmBacktrace>();
    let cause = error.root_cause().to_string();
    if cause.contains(TOO_MUCH_DATA) {
        // With guest code on the stack it was an import that got too much, and those with texts lead
        // to the log; without, it was the result.
        let (code, what) = match backtrace {
            Some(_) => (Code::LimitLog, "wrote"),
            None => (Code::LimitOutput, "gives a result of"),
        };
        return Failure::new(code, format!("plugin {plugin} {what} more than {taken_bytes} bytes"));
    }
    let trapped = |why: String| Failure::new(Code::PluginTrapped, format!("plugin {plugin} trapped: {why}"));
    let failure = match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => return stack_used_up(plugin),
        // Compiled code keeps a second stack in its memory. When that overflows first, it runs over
        // the end of the memory; that it was the stack shows in the calls.
        Some(Trap::MemoryOutOfBounds) if backtrace.is_some_and(is_recursion) => return stack_used_up(plugin),
        Some(trap) => {
            let log = guest.log();
            trapped(log.complaint().map_or_else(|| trap.to_string(), str::to_owned))
        }
        None => match error.downcast_ref::<I32Exit>() {
            Some(I32Exit(status)) => trapped(format!("it asked to end the process with status {status}")),
            None if backtrace.is_some() => trapped(cause),
            None => Failure::new(
                Code::PluginMisbehaved,
                format!("plugin {plugin} gives a value that the contract does not allow: {cause}"),
            ),
        },
    };
    if let Some(backtrace) = backtrace {
        tracing::warn!(plugin, "{failure}; guest stack: {}", frames(backtrace));
    }
    failure
}

fn stack_used_up(plugin: &str) -> Failure {
    Failure::new(Code::LimitStack, format!("plugin {plugin} used up its stack"))
}

/// Whether one function makes up a good part of a full backtrace.
fn is_recursion(backtrace: &WasmBacktrace) -> bool {
    let frames = backtrace.frames();
    let times = |function| frames.iter().filter(|frame| frame.func_index() == function).count();
    frames.len() >= BACKTRACE_FRAMES && frames.iter().any(|frame| times(frame.func_index()) >= BACKTRACE_FRAMES / 8)
}

/// The functions on the guest's stack, innermost first. A component without names shows numbers.
fn frames(backtrace: &WasmBacktrace) -> String {
    let name = |frame: &wasmtime::FrameInfo| match frame.func_name() {
        Some(name) => name.to_owned(),
        None => format!("function {}", frame.func_index()),
    };
    backtrace.frames().iter().map(name).collect::<Vec<_>>().join(" < ")
}
