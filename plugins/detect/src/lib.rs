//! The standard plugin `detect`: objects found by a neural network of the operator, run in the sandbox.
//!
//! The operator puts networks (`NAME.onnx`) into the host's model folder, each with a description
//! (`NAME.json`) beside it if need be; see `description.rs` for what it may say. The network runs on the
//! CPU, in this component, by the library rten, with the operators that detectors are made of.
//! **Time** hangs on the network and not on the picture's size: the host runs this plugin with interruption
//! checks.

mod boxes;
mod description;
mod detect;
mod input;
mod network;
mod outputs;
#[cfg(test)]
mod tests;

use safelight_sdk::Need;

safelight_sdk::export!(
    name: "detect",
    summary: "Objects found by a neural network that the operator supplies.",
    needs: [Need::models("The networks that find objects.")],
    transforms: [detect::Detect],
);
