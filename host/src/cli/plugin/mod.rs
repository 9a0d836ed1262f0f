//! `safelight plugin`.

mod author;
mod distribution;
mod operator;

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::Subcommand;

use super::Outcome;
use crate::{
    app,
    authoring::{self, Verdict},
    config::Config,
    egress::Egress,
    plugins::Decision,
};

/// List, look at, check, install and remove plugins
#[derive(Subcommand)]
pub(super) enum Plugin {
    /// List the plugins and their transforms
    ///
    /// Example: safelight plugin list
    List,
    /// Show a plugin: its versions, what it asks for and what it has, its transforms and their parameters
    ///
    /// Example: safelight plugin show geometry
    Show {
        /// Its name; ACCOUNT/NAME is one that an account alone sees
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
    /// Install a component, or another version of one; servers that run take it at once
    ///
    /// What stands behind an address or a name in a registry is pinned in the lock file.
    ///
    /// Example: safelight plugin install oci://ghcr.io/acme/halftone:1.2.0
    Install(operator::Install),
    #[command(flatten)]
    Distribution(distribution::Distribution),
    /// Remove an installed plugin, or one of its versions
    ///
    /// Example: safelight plugin remove my-plugin
    Remove(operator::Remove),
    /// Use a plugin again: after `disable`, or out of quarantine
    ///
    /// Example: safelight plugin enable my-plugin
    Enable(operator::Named),
    /// Use a plugin no more; steps that name its transforms fail and say why
    ///
    /// Example: safelight plugin disable my-plugin --reason "wrong colours, see ticket 12"
    Disable(operator::Disable),
    /// Have a plugin's names stand for another installed version
    ///
    /// Example: safelight plugin activate my-plugin 1.2.0
    Activate(operator::Activate),
    /// Have a plugin's names stand for what they stood for before
    ///
    /// Example: safelight plugin rollback my-plugin
    Rollback(operator::Named),
    /// Keep an account at one version of a plugin; without a version: as all others
    ///
    /// Example: safelight plugin pin my-plugin 1.2.0 --account shop
    Pin(operator::Pin),
    /// Set the limits of a plugin; what is not named is as for all
    ///
    /// Example: safelight plugin limit my-plugin --deadline-ms 5000 --memory-bytes 268435456
    Limit(operator::Limit),
    /// Let a plugin read fonts, tables or models of those that it asks for; without any: what the settings say
    ///
    /// Example: safelight plugin grant my-plugin fonts tables:film
    Grant(operator::Grant),
}

impl Plugin {
    pub(super) fn run(self, config: &Config, runtime: &tokio::runtime::Handle) -> Outcome {
        let _inside = runtime.enter();
        let open = || app::open_registry(config);
        let manager = || runtime.block_on(app::open_plugins(config));
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
            Plugin::List => operator::list(&mut out, &manager()?.all())?,
            Plugin::Show { name } => {
                let all = manager()?.all();
                let (owner, plain) = name.split_once('/').unwrap_or(("", &name));
                let plugin = all.iter().find(|listed| listed.owner == owner && listed.name == plain);
                let plugin =
                    plugin.ok_or_else(|| format!("there is no plugin {name:?}; `safelight plugin list` shows them"))?;
                operator::show(&mut out, plugin)?;
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
            Plugin::Install(install) => {
                let supply = app::supply(config, Egress::new(&config.egress)?)?;
                runtime.block_on(install.run(&manager()?, &supply, &mut out))?;
            }
            Plugin::Remove(remove) => runtime.block_on(remove.run(&manager()?, &mut out))?,
            Plugin::Enable(named) => runtime.block_on(named.decide(&manager()?, &mut out, Decision::Enable))?,
            Plugin::Disable(disable) => runtime.block_on(disable.run(&manager()?, &mut out))?,
            Plugin::Activate(activate) => runtime.block_on(activate.run(&manager()?, &mut out))?,
            Plugin::Rollback(named) => runtime.block_on(named.decide(&manager()?, &mut out, Decision::RollBack))?,
            Plugin::Pin(pin) => runtime.block_on(pin.run(&manager()?, &mut out))?,
            Plugin::Limit(limit) => runtime.block_on(limit.run(&manager()?, &mut out))?,
            Plugin::Grant(grant) => runtime.block_on(grant.run(&manager()?, &mut out))?,
            Plugin::Distribution(command) => command.run(config, runtime, &mut out)?,
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
