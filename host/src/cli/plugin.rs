//! `safelight plugin`.

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::Subcommand;

use super::Outcome;
use crate::{app, config::Config};

/// List, look at, check, install and remove plugins
#[derive(Subcommand)]
pub(super) enum Plugin {
    /// List the plugins and their transforms
    ///
    /// Example: safelight plugin list
    List,
    /// Show a plugin: where it comes from, its transforms and their parameters
    ///
    /// Example: safelight plugin show geometry
    Show {
        /// Its name
        name: String,
    },
    /// Tell whether a component fits the contract, and why not
    ///
    /// Example: safelight plugin check my_plugin.wasm
    Check {
        /// The component
        file: PathBuf,
    },
    /// Install a component into the data directory
    ///
    /// A running server takes it at its next start; PUT /v1/plugins/NAME installs into a running one.
    /// Example: safelight plugin install my_plugin.wasm
    Install {
        /// The component
        file: PathBuf,
    },
    /// Remove an installed plugin from the data directory
    ///
    /// Example: safelight plugin remove my-plugin
    Remove {
        /// Its name
        name: String,
    },
}

impl Plugin {
    pub(super) fn run(self, config: &Config, runtime: &tokio::runtime::Handle) -> Outcome {
        let _inside = runtime.enter();
        let registry = app::open_registry(config)?;
        let mut out = std::io::stdout().lock();
        match self {
            Plugin::List => {
                for plugin in registry.plugins() {
                    let transforms = plugin.transforms.iter().map(|transform| transform.name.as_str());
                    let names: Vec<&str> =
                        transforms.chain(plugin.formats.iter().map(|format| format.name.as_str())).collect();
                    let origin = if plugin.info.bundled { "bundled" } else { "installed" };
                    writeln!(out, "{} {} ({origin}): {}", plugin.info.name, plugin.info.version, names.join(" "))?;
                }
            }
            Plugin::Show { name } => {
                let plugins = registry.plugins();
                let plugin = plugins
                    .iter()
                    .find(|plugin| plugin.info.name == name)
                    .ok_or_else(|| format!("there is no plugin {name:?}; `safelight plugin list` shows them"))?;
                let info = &plugin.info;
                writeln!(out, "{} {} - {}", info.name, info.version, info.summary)?;
                writeln!(out, "licence {}, sha256 {}", info.license, info.digest)?;
                for transform in &plugin.transforms {
                    writeln!(out, "\n{} ({:?}): {}", transform.name, transform.kind, transform.summary)?;
                    show_parameters(&mut out, &transform.schema)?;
                }
                for format in &plugin.formats {
                    writeln!(out, "{format}")?;
                }
            }
            Plugin::Check { file } => {
                let report = registry.check(&read(&file)?);
                writeln!(out, "{report}")?;
                if !report.fits() {
                    return Ok(ExitCode::FAILURE);
                }
            }
            Plugin::Install { file } => {
                let info =
                    registry.install(&read(&file)?).map_err(|failure| format!("{}: {failure}", file.display()))?;
                writeln!(out, "installed {} {}, sha256 {}", info.name, info.version, info.digest)?;
            }
            Plugin::Remove { name } => {
                registry.remove(&name)?;
                writeln!(out, "removed {name}")?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn read(file: &PathBuf) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

/// One line for each parameter: name, type, range, default, description.
fn show_parameters(out: &mut impl Write, schema: &serde_json::Value) -> std::io::Result<()> {
    let Some(properties) = schema.get("properties").and_then(serde_json::Value::as_object) else {
        return Ok(());
    };
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
    for (name, property) in properties {
        write!(out, "  {name}")?;
        if required.contains(&name.as_str()) {
            write!(out, " (required)")?;
        }
        for key in ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "default"] {
            if let Some(value) = property.get(key) {
                write!(out, " {key} {value}")?;
            }
        }
        let about = property["description"].as_str().unwrap_or_default().replace('\n', " ");
        writeln!(out, ": {about}")?;
    }
    Ok(())
}
