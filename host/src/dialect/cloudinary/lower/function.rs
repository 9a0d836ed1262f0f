//! Custom functions.

use serde_json::json;

use super::{
    super::{
        evaluate::EvaluateError,
        transformation::{Code, Component, Function, Key, Param},
    },
    Picture, REMOTE, call, refused,
};
use crate::job::COMPONENT;

impl Picture<'_> {
    /// Runs a stored component at this point, or before all else.
    pub(super) fn function(&mut self, component: &Component) -> Result<(), EvaluateError> {
        let Some(param @ Param::Function(Function { pre, code })) = component.param(Key::Function) else {
            return Ok(());
        };
        let step = match code {
            Code::Wasm(id) => {
                let sha256 = self.assets.component(id).ok_or_else(|| EvaluateError::MissingLayer(id.clone()))?;
                call(&format!("{COMPONENT}{sha256}"), json!({}))
            }
            // A layer is made as a whole by the engine, which calls nobody.
            Code::Remote(_) if self.is_layer => {
                let error = refused(param, "a function on the web outside of layers");
                return Err(error.within(&component.to_string()).into());
            }
            Code::Remote(url) => call(&format!("{REMOTE}{url}"), json!({})),
        };
        if *pre {
            self.first.push(step)
        } else {
            self.steps.push(step)
        }
        Ok(())
    }
}
