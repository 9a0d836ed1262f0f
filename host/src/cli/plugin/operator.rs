//! What operators do with plugins.

use std::io::Write;

use clap::Args;

use super::{super::Problem, show_parameters};
use crate::{
    clock::{from_micros, rfc3339},
    distribution::Reference,
    plugins::{By, Decision, Listed, Manager, Supply, audit},
    wasm::{Grants, Origin, PluginLimits, PluginSummary, Selection},
};

/// Whose plugins a command is about.
#[derive(Args)]
pub(in crate::cli) struct Whose {
    /// The plugin that this account alone sees, rather than everybody's
    #[arg(long, value_name = "ACCOUNT")]
    owner: Option<String>,
}

impl Whose {
    fn by(&self) -> By {
        By { actor: audit::at_the_command_line(), owner: self.owner.clone().unwrap_or_default() }
    }
}

#[derive(Args)]
pub(in crate::cli) struct Install {
    /// The component: a path, https://... or oci://HOST[:PORT]/REPOSITORY[:TAG][@sha256:HEX]
    reference: Reference,
    /// Take it although the lock file has another component for this reference, and pin it anew
    #[arg(long)]
    update: bool,
    #[command(flatten)]
    whose: Whose,
}

impl Install {
    pub(super) async fn run(self, plugins: &Manager, supply: &Supply, out: &mut impl Write) -> Result<(), Problem> {
        let Install { reference, update, whose } = self;
        let installed = supply.install(plugins, &whose.by(), None, &reference, update).await;
        let installed = installed.map_err(|failure| format!("{reference}: {failure}"))?;
        let version = installed.record.active().ok_or("the plugin has no version")?;
        let signed = version.signed_by.as_ref().map(|key| format!(", signed by {key}")).unwrap_or_default();
        writeln!(out, "installed {} {}, sha256 {}{signed}", installed.name, version.version, version.digest)?;
        Ok(())
    }
}

#[derive(Args)]
pub(in crate::cli) struct Named {
    /// Its name
    name: String,
    #[command(flatten)]
    whose: Whose,
}

impl Named {
    pub(super) async fn decide(
        self,
        plugins: &Manager,
        out: &mut impl Write,
        decision: Decision,
    ) -> Result<(), Problem> {
        let changed = plugins.decide(&self.whose.by(), &self.name, &[decision]).await?;
        tell(out, &changed)?;
        Ok(())
    }
}

#[derive(Args)]
pub(in crate::cli) struct Disable {
    #[command(flatten)]
    which: Named,
    /// Why, for those who ask for its transforms
    #[arg(long, default_value = "an operator disabled it")]
    reason: String,
}

impl Disable {
    pub(super) async fn run(self, plugins: &Manager, out: &mut impl Write) -> Result<(), Problem> {
        self.which.decide(plugins, out, Decision::Disable { reason: self.reason }).await
    }
}

#[derive(Args)]
pub(in crate::cli) struct Activate {
    #[command(flatten)]
    which: Named,
    /// The version's number, or at least eight digits of its digest
    version: String,
}

impl Activate {
    pub(super) async fn run(self, plugins: &Manager, out: &mut impl Write) -> Result<(), Problem> {
        self.which.decide(plugins, out, Decision::Activate { version: self.version }).await
    }
}

#[derive(Args)]
pub(in crate::cli) struct Pin {
    /// The plugin's name
    name: String,
    /// The version's number, or at least eight digits of its digest; none: as for all others
    version: Option<String>,
    /// The account
    #[arg(long, value_name = "ACCOUNT")]
    account: String,
}

impl Pin {
    pub(super) async fn run(self, plugins: &Manager, out: &mut impl Write) -> Result<(), Problem> {
        let account = self.account;
        let decision = match self.version {
            Some(version) => Decision::Pin { account, version },
            None => Decision::Unpin { account },
        };
        let changed = plugins.decide(&By::operator(audit::at_the_command_line()), &self.name, &[decision]).await?;
        tell(out, &changed)?;
        Ok(())
    }
}

#[derive(Args)]
pub(in crate::cli) struct Limit {
    #[command(flatten)]
    which: Named,
    /// The wall-clock time of a run in milliseconds
    #[arg(long)]
    deadline_ms: Option<u64>,
    /// The linear memory of an instance in bytes
    #[arg(long)]
    memory_bytes: Option<u64>,
    /// The largest picture of a run in bytes
    #[arg(long)]
    output_bytes: Option<u64>,
    /// The largest data of a run in bytes
    #[arg(long)]
    data_bytes: Option<u64>,
    /// The log lines of a run
    #[arg(long)]
    log_lines: Option<u32>,
}

impl Limit {
    pub(super) async fn run(self, plugins: &Manager, out: &mut impl Write) -> Result<(), Problem> {
        let Limit { which, deadline_ms, memory_bytes, output_bytes, data_bytes, log_lines } = self;
        let limits = PluginLimits { deadline_ms, memory_bytes, output_bytes, data_bytes, log_lines };
        which.decide(plugins, out, Decision::Limit(limits)).await
    }
}

#[derive(Args)]
pub(in crate::cli) struct Grant {
    #[command(flatten)]
    which: Named,
    /// What it may read: `fonts`, `tables`, `models`, or one of them as in `fonts:NotoSans`; `none` for nothing
    grants: Vec<String>,
}

impl Grant {
    pub(super) async fn run(self, plugins: &Manager, out: &mut impl Write) -> Result<(), Problem> {
        let grants = match &self.grants[..] {
            [] => None,
            [none] if none == "none" => Some(Grants::default()),
            grants => {
                let parse = |text: &String| text.parse::<Selection>();
                Some(grants.iter().map(parse).collect::<Result<_, _>>()?)
            }
        };
        self.which.decide(plugins, out, Decision::Grant(grants)).await
    }
}

#[derive(Args)]
pub(in crate::cli) struct Remove {
    #[command(flatten)]
    which: Named,
    /// Only this version, which nothing stands for
    #[arg(long)]
    version: Option<String>,
}

impl Remove {
    pub(super) async fn run(self, plugins: &Manager, out: &mut impl Write) -> Result<(), Problem> {
        let Some(version) = self.version else {
            plugins.remove(&self.which.whose.by(), &self.which.name).await?;
            writeln!(out, "removed {}", self.which.name)?;
            return Ok(());
        };
        self.which.decide(plugins, out, Decision::Drop { version }).await
    }
}

/// One line: what it is called, where it comes from, and what stands for its names.
fn headline(out: &mut impl Write, listed: &Listed) -> std::io::Result<()> {
    let owner = if listed.owner.is_empty() { String::new() } else { format!("{}/", listed.owner) };
    let version = match (&listed.plugin, listed.record.active()) {
        (Some(plugin), _) => plugin.info.version.clone(),
        (None, Some(version)) => version.version.clone(),
        (None, None) => "?".to_owned(),
    };
    let state = match listed.state() {
        "enabled" => String::new(),
        state => format!(", {state}"),
    };
    write!(out, "{owner}{} {version} ({}{state})", listed.name, listed.origin())
}

fn tell(out: &mut impl Write, listed: &Listed) -> std::io::Result<()> {
    headline(out, listed)?;
    writeln!(out)
}

pub(super) fn list(out: &mut impl Write, plugins: &[Listed]) -> std::io::Result<()> {
    for listed in plugins {
        headline(out, listed)?;
        let transforms = listed.plugin.iter().flat_map(|plugin| &plugin.transforms).map(|transform| &transform.name);
        let formats = listed.plugin.iter().flat_map(|plugin| &plugin.formats).map(|format| &format.name);
        let names: Vec<&str> = transforms.chain(formats).map(String::as_str).collect();
        writeln!(out, ": {}", names.join(" "))?;
        if let Some(lack) = listed.plugin.as_ref().and_then(lack) {
            writeln!(out, "  {lack}")?;
        }
    }
    Ok(())
}

pub(super) fn show(out: &mut impl Write, listed: &Listed) -> std::io::Result<()> {
    let record = &listed.record;
    headline(out, listed)?;
    match &listed.plugin {
        Some(plugin) => {
            writeln!(out, " - {}", plugin.info.summary)?;
            writeln!(out, "licence {}, sha256 {}", plugin.info.license, plugin.info.digest)?;
            writeln!(out, "of the world {}", plugin.world)?;
            show_capabilities(out, plugin)?;
        }
        None => writeln!(out)?,
    }
    if let Some(reason) = listed.reason() {
        writeln!(out, "{} since {}: {}", listed.state(), reason.since(), reason.reason)?;
    }
    for version in &record.versions {
        let active = record.active().is_some_and(|active| active.digest == version.digest);
        let signed = version.signed_by.as_ref().map(|key| format!(", signed by {key}")).unwrap_or_default();
        writeln!(
            out,
            "version {}{} sha256 {}, {} bytes, from {}{signed}, installed {} by {}",
            version.version,
            if active { " (active)" } else { "" },
            version.digest,
            version.bytes,
            version.source,
            rfc3339(from_micros(version.installed_at)),
            version.installed_by,
        )?;
    }
    for (account, digest) in &record.pins {
        let version = record.versions.iter().find(|version| version.digest == *digest);
        writeln!(out, "account {account} is pinned to {}", version.map_or(digest, |version| &version.version))?;
    }
    let limits = &record.limits;
    let own = [
        ("deadline_ms", limits.deadline_ms),
        ("memory_bytes", limits.memory_bytes),
        ("output_bytes", limits.output_bytes),
        ("data_bytes", limits.data_bytes),
        ("log_lines", limits.log_lines.map(u64::from)),
    ];
    for (name, value) in own {
        if let Some(value) = value {
            writeln!(out, "limit {name} {value}")?;
        }
    }
    let Some(plugin) = &listed.plugin else { return Ok(()) };
    for transform in &plugin.transforms {
        writeln!(out, "\n{} ({:?}): {}", transform.name, transform.kind, transform.summary)?;
        show_parameters(out, &transform.schema)?;
    }
    for format in &plugin.formats {
        writeln!(out, "{format}")?;
    }
    Ok(())
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
    if let Some(lack) = &plugin.lack {
        writeln!(out, "its calls are refused: {}", lack.message)?;
    }
    if lack(plugin).is_some() {
        match plugin.origin {
            Origin::Installed => {
                let asked: Vec<String> = plugin.needs.iter().map(|need| need.assets.to_string()).collect();
                writeln!(out, "all of it with: safelight plugin grant {} {}", plugin.info.name, asked.join(" "))?;
            }
            _ => {
                let asked: Vec<String> = plugin.needs.iter().map(|need| format!("\"{}\"", need.assets)).collect();
                writeln!(out, "all of it with [wasm.plugin.{}] grants = [{}]", plugin.info.name, asked.join(", "))?;
            }
        }
    }
    Ok(())
}
