//! `safelight plugin`.

mod author;

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::Subcommand;

use super::Outcome;
use crate::{
    app,
    authoring::{self, Verdict},
    config::Config,
    wasm::{Grants, PluginSummary},
};

/// List, look at, check, install and remove plugins
#[derive(Subcommand)]
pub(super) enum Plugin {
    /// List the plugins and their transforms
    ///
    /// Example: safelight plugin list
    List,
    /// Show a plugin: what it asks for and what it has, its transforms and their parameters
    ///
    /// Example: safelight plugin show geometry
    Show {
        /// Its name
        name: String,
    },
    /// Tell whether a component fits the contract, and try all that it offers
    ///
    /// Example: safelight plugin check my_plugin.wasm
    Check {
        /// The component
        file: PathBuf,
    },
    /// Begin a plugin: a project that builds with `make` and passes its own test
    ///
    /// Example: safelight plugin new my-plugin --lang c
    New(author::New),
    /// Make a component of a core module with the exports of the world
    ///
    /// Example: safelight plugin pack my_plugin.core.wasm my_plugin.wasm
    Pack(author::Pack),
    /// Print a component's reference page in Markdown
    ///
    /// Example: safelight plugin docs my_plugin.wasm > my_plugin.md
    Docs {
        /// The component
        file: PathBuf,
    },
    /// Rebuild a project at every change, and show what it does before and after
    ///
    /// Example: safelight plugin dev . --picture photo.jpg
    Dev(author::Dev),
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
        let open = || app::open_registry(config);
        let mut out = std::io::stdout().lock();
        match self {
            Plugin::New(new) => new.write(&mut out)?,
            Plugin::Pack(pack) => pack.write()?,
            Plugin::Dev(dev) => {
                drop(out);
                runtime.block_on(dev.run(open()?, config))?;
            }
            Plugin::Docs { file } => {
                let report = open()?.check(&read(&file)?);
                let plugin = report.plugin.ok_or_else(|| match report.problems.first() {
                    Some(problem) => format!("{}: {problem}", file.display()),
                    None => format!("{}: there is nothing to describe", file.display()),
                })?;
                write!(out, "{}", authoring::reference(&plugin))?;
            }
            Plugin::List => {
                for plugin in open()?.plugins() {
                    let transforms = plugin.transforms.iter().map(|transform| transform.name.as_str());
                    let names: Vec<&str> =
                        transforms.chain(plugin.formats.iter().map(|format| format.name.as_str())).collect();
                    let origin = if plugin.info.bundled { "bundled" } else { "installed" };
                    writeln!(out, "{} {} ({origin}): {}", plugin.info.name, plugin.info.version, names.join(" "))?;
                    if let Some(lack) = lack(&plugin) {
                        writeln!(out, "  {lack}")?;
                    }
                }
            }
            Plugin::Show { name } => {
                let plugins = open()?.plugins();
                let plugin = plugins
                    .iter()
                    .find(|plugin| plugin.info.name == name)
                    .ok_or_else(|| format!("there is no plugin {name:?}; `safelight plugin list` shows them"))?;
                let info = &plugin.info;
                writeln!(out, "{} {} - {}", info.name, info.version, info.summary)?;
                writeln!(out, "licence {}, sha256 {}", info.license, info.digest)?;
                writeln!(out, "of the world {}", plugin.world)?;
                show_capabilities(&mut out, plugin)?;
                for transform in &plugin.transforms {
                    writeln!(out, "\n{} ({:?}): {}", transform.name, transform.kind, transform.summary)?;
                    show_parameters(&mut out, &transform.schema)?;
                }
                for format in &plugin.formats {
                    writeln!(out, "{format}")?;
                }
            }
            Plugin::Check { file } => {
                let registry = open()?;
                let component = read(&file)?;
                let report = registry.check(&component);
                writeln!(out, "{report}")?;
                if !report.fits() {
                    return Ok(ExitCode::FAILURE);
                }
                let findings = authoring::conformance(&registry, &component)?;
                for finding in &findings {
                    writeln!(out, "{finding}")?;
                }
                let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
                let (failed, warnings) = (count(Verdict::Failed), count(Verdict::Warning));
                let passed = count(Verdict::Passed);
                writeln!(out, "{passed} checks passed, {warnings} with warnings, {failed} failed")?;
                if failed > 0 {
                    return Ok(ExitCode::FAILURE);
                }
            }
            Plugin::Install { file } => {
                let info =
                    open()?.install(&read(&file)?).map_err(|failure| format!("{}: {failure}", file.display()))?;
                writeln!(out, "installed {} {}, sha256 {}", info.name, info.version, info.digest)?;
            }
            Plugin::Remove { name } => {
                open()?.remove(&name)?;
                writeln!(out, "removed {name}")?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What a plugin asks for and what of it was granted; none if it has all.
fn lack(plugin: &PluginSummary) -> Option<String> {
    let asked: Grants = plugin.needs.iter().map(|need| need.assets.clone()).collect();
    (asked != plugin.has).then(|| format!("asks for {asked}, granted: {}", plugin.has))
}

/// What a plugin asks for, what it has, and how it gets more.
fn show_capabilities(out: &mut impl Write, plugin: &PluginSummary) -> std::io::Result<()> {
    if plugin.needs.is_empty() {
        return writeln!(out, "asks for nothing but its input");
    }
    for need in &plugin.needs {
        writeln!(out, "asks for {need}")?;
    }
    writeln!(out, "has {}", plugin.has)?;
    if lack(plugin).is_some() {
        let asked: Vec<String> = plugin.needs.iter().map(|need| format!("\"{}\"", need.assets)).collect();
        writeln!(out, "all of it with [wasm.plugin.{}] grants = [{}]", plugin.info.name, asked.join(", "))?;
    }
    Ok(())
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
