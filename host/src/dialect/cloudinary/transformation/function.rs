//! Custom functions: `fn_wasm:blur.wasm`, `fn_pre:remote:aHR0c...`.

use std::fmt;

use super::{
    Expected,
    layer::{printed_id, printed_remote, public_id, remote},
};

/// Code of the user's own that works on the image.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Function {
    /// Before all else, on the original.
    pub pre: bool,
    /// Where the code is.
    pub code: Code,
}

/// Where a function's code is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// A stored WebAssembly file: a raw, authenticated asset.
    Wasm(String),
    /// A web function at this address.
    Remote(String),
}

impl Function {
    /// Reads the value of `fn`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let (pre, rest) = text.strip_prefix("pre:").map_or((false, text), |rest| (true, rest));
        let code = match rest.split_once(':') {
            Some(("wasm", id)) => Code::Wasm(public_id(id)?),
            Some(("remote", url)) => Code::Remote(remote(url)?),
            _ => return Err(Expected::new("wasm: and a public id, or remote: and an address in base64")),
        };
        Ok(Self { pre, code })
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pre {
            f.write_str("pre:")?;
        }
        match &self.code {
            Code::Wasm(id) => write!(f, "wasm:{}", printed_id(id)),
            Code::Remote(url) => write!(f, "remote:{}", printed_remote(url)),
        }
    }
}
