//! The operator's neural networks, each with a description beside it.

use std::path::Path;

use super::{
    Error,
    assets::{Assets, Sort},
};

/// The networks themselves. Detectors are between 4 MB (the smallest YOLO) and about 250 MB.
const NETWORK: Sort = Sort { word: "model", extensions: &["onnx"], max_bytes: 256 << 20 };

/// What is said about them: class names, input size, meaning of the outputs.
const DESCRIPTION: Sort = Sort { word: "model description", extensions: &["json"], max_bytes: 1 << 20 };

/// Models by name.
#[derive(Default)]
pub(super) struct Models {
    pub(super) networks: Assets,
    pub(super) descriptions: Assets,
}

impl Models {
    /// Lists the models of a folder; an empty path is no folder.
    ///
    /// Errors: the folder cannot be read.
    pub(super) fn open(dir: &Path) -> Result<Models, Error> {
        Ok(Models { networks: Assets::open(dir, NETWORK)?, descriptions: Assets::open(dir, DESCRIPTION)? })
    }

    /// The description of a network; none if it has none, or one that is not UTF-8.
    pub(super) fn description(&self, name: &str) -> Option<String> {
        let bytes = self.descriptions.load(name)?;
        std::str::from_utf8(&bytes).ok().map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_a_network_and_may_have_a_description() {
        let dir = std::env::temp_dir().join(format!("safelight-models-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&dir).unwrap();
        for (name, bytes) in [("b.onnx", "net"), ("b.json", "{}"), ("a.onnx", "bare"), ("c.json", "alone")] {
            std::fs::write(dir.join(name), bytes).unwrap();
        }
        let models = Models::open(&dir).unwrap();
        assert_eq!(models.networks.names().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(models.networks.load("b").as_deref(), Some(&b"net"[..]));
        assert_eq!(models.description("b").as_deref(), Some("{}"));
        assert_eq!((models.description("a"), models.networks.load("c")), (None, None));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
