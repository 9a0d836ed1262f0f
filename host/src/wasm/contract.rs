//! The versions of the contract that this host speaks, and which of them a component is of.

use std::fmt;

use wasmtime::component::Component;

use super::{grants::AssetKind, load::invalid};
use crate::error::Failure;

/// The package of the contract.
const PACKAGE: &str = "safelight:plugin";

/// A version of the contract. Each is kept in `wit/released/` once there is a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    /// Manifests ask for nothing, and there are no tables.
    V0_1,
    /// That of `wit/`.
    V0_2,
}

impl Version {
    /// All of them, the oldest first.
    pub(super) const ALL: [Version; 2] = [Version::V0_1, Version::V0_2];

    /// The number.
    pub(super) const fn number(self) -> &'static str {
        match self {
            Version::V0_1 => "0.1.0",
            Version::V0_2 => "0.2.0",
        }
    }

    /// The name under which a component imports or exports an interface: `safelight:plugin/log@0.2.0`.
    pub(super) fn interface(self, name: &str) -> String {
        format!("{PACKAGE}/{name}@{}", self.number())
    }

    /// The sorts of assets that it has interfaces for.
    pub(super) fn assets(self) -> &'static [AssetKind] {
        match self {
            Version::V0_1 => &[AssetKind::Font, AssetKind::Model],
            Version::V0_2 => &[AssetKind::Font, AssetKind::Table, AssetKind::Model],
        }
    }
}

/// The numbers of all versions that this host speaks, the oldest first.
pub const VERSIONS: [&str; Version::ALL.len()] = {
    let mut numbers = [""; Version::ALL.len()];
    let mut index = 0;
    while index < numbers.len() {
        numbers[index] = Version::ALL[index].number();
        index += 1;
    }
    numbers
};

/// What a component is of: one of two worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Transformer,
    Codec,
}

impl Role {
    const ALL: [Role; 2] = [Role::Codec, Role::Transformer];

    fn world(self) -> &'static str {
        match self {
            Role::Transformer => "transformer",
            Role::Codec => "codec-plugin",
        }
    }

    /// The interface that a component of the world exports.
    fn export(self) -> &'static str {
        match self {
            Role::Transformer => "transform",
            Role::Codec => "codec",
        }
    }

    /// The name under which a component exports it.
    pub(super) fn interface(self, version: Version) -> String {
        version.interface(self.export())
    }
}

/// A world in a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contract {
    pub(super) role: Role,
    pub(super) version: Version,
}

/// For people: `safelight:plugin/transformer@0.2.0`.
impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.version.interface(self.role.world()))
    }
}

impl Contract {
    /// What a component is of, by what it exports: the newest version of the contract where it has several. None if
    /// it exports nothing of the contract.
    ///
    /// Errors: it is of other versions only; the message names it and those that this host speaks.
    pub(super) fn find(component: &Component) -> Result<Option<Contract>, Failure> {
        let engine = component.engine();
        let exports: Vec<String> =
            component.component_type().exports(engine).map(|(name, _)| name.to_owned()).collect();
        Contract::among(exports.iter().map(String::as_str))
    }

    fn among<'a>(exports: impl Iterator<Item = &'a str> + Clone) -> Result<Option<Contract>, Failure> {
        for role in Role::ALL {
            for version in Version::ALL.into_iter().rev() {
                if exports.clone().any(|name| name == role.interface(version)) {
                    return Ok(Some(Contract { role, version }));
                }
            }
        }
        for role in Role::ALL {
            let prefix = any_version(role.export());
            if let Some(version) = exports.clone().find_map(|name| name.strip_prefix(&prefix)) {
                return Err(invalid(format!(
                    "the component is of {PACKAGE}@{}, this host speaks {}",
                    super::manifest::clip(version),
                    spoken()
                )));
            }
        }
        Ok(None)
    }
}

/// What the names of an interface begin with, whatever its version.
pub(super) fn any_version(interface: &str) -> String {
    format!("{PACKAGE}/{interface}@")
}

/// The versions that this host speaks, for people: `safelight:plugin@0.1.0 and 0.2.0`.
pub(super) fn spoken() -> String {
    format!("{PACKAGE}@{}", VERSIONS.join(" and "))
}

/// Whether a component, before it is compiled, may be a codec: whether the name of the export stands anywhere in it.
/// True also for others that happen to hold this text.
pub(super) fn may_be_codec(component: &[u8]) -> bool {
    mentions(component, Role::Codec.export())
}

/// Whether a component may import models, told in the same way.
pub(super) fn may_load_models(component: &[u8]) -> bool {
    mentions(component, AssetKind::Model.interface())
}

fn mentions(component: &[u8], interface: &str) -> bool {
    let name = any_version(interface);
    component.windows(name.len()).any(|bytes| bytes == name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_of_the_newest_world_that_it_exports() {
        let found = |exports: &[&str]| {
            Contract::among(exports.iter().copied()).map(|found| found.map(|found| found.to_string()))
        };
        let named = |name: &str| Ok(Some(name.to_owned()));
        assert_eq!(found(&["safelight:plugin/transform@0.1.0"]), named("safelight:plugin/transformer@0.1.0"));
        assert_eq!(found(&["safelight:plugin/codec@0.2.0", "x"]), named("safelight:plugin/codec-plugin@0.2.0"));
        let both = ["safelight:plugin/transform@0.1.0", "safelight:plugin/transform@0.2.0"];
        assert_eq!(found(&both), named("safelight:plugin/transformer@0.2.0"));
        assert_eq!(found(&["wasi:cli/run@0.2.0"]), Ok(None));
        for other in ["0.9.0", "0.2.1", "1.0.0"] {
            let failure = found(&[&format!("safelight:plugin/transform@{other}")]).unwrap_err();
            let expected = format!(
                "the component is of safelight:plugin@{other}, this host speaks safelight:plugin@0.1.0 and 0.2.0"
            );
            assert_eq!(failure.message, expected);
        }
    }

    #[test]
    fn a_name_is_found_in_a_component_in_every_version() {
        assert!(may_be_codec(b"..safelight:plugin/codec@0.1.0..") && may_be_codec(b"safelight:plugin/codec@7.0.0"));
        assert!(
            may_load_models(b".safelight:plugin/models@0.1.0") && !may_load_models(b"safelight:plugin/fonts@0.1.0")
        );
    }
}
