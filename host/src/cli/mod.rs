//! The commands of the binary.

mod account;
mod apply;
mod audit;
mod cloud;
mod config;
mod delivery;
mod migrate;
mod moving;
mod node;
mod plugin;
mod serve;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::config::Config;

/// A self-hosted media-transform host: jobs over HTTP, transforms in a WebAssembly sandbox, signed webhooks.
#[derive(Parser)]
#[command(name = "safelight", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

/// Where settings come from; every command takes these.
#[derive(Args)]
struct Settings {
    /// A settings file; `safelight config show` prints every key
    #[arg(long, global = true, value_name = "FILE", env = "SAFELIGHT_CONFIG")]
    config: Option<PathBuf>,
    /// Where the database, blobs and plugins are kept [default: ./safelight-data]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// A further folder of .wasm plugins to load
    #[arg(long, global = true, value_name = "DIR")]
    plugins: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Serve),
    Apply(apply::Apply),
    #[command(subcommand)]
    Plugin(plugin::Plugin),
    #[command(subcommand)]
    Account(account::Account),
    #[command(subcommand)]
    Delivery(delivery::Delivery),
    Audit(audit::Audit),
    Migrate(migrate::Migrate),
    Export(moving::Export),
    Import(moving::Import),
    #[command(subcommand)]
    Node(node::Node),
    #[command(subcommand)]
    Config(config::ConfigCommand),
}

/// What stopped a command, for the person in front of it.
type Problem = Box<dyn std::error::Error + Send + Sync>;

/// How a command ended.
type Outcome = Result<ExitCode, Problem>;

/// Runs the command that the arguments name. Exit code 0 is success, 1 a failure that was told on
/// standard error, 2 arguments that cannot be used.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            complain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "a command speaks to the person who called it")]
fn complain(error: &(dyn std::error::Error + 'static)) {
    eprintln!("safelight: {error}");
}

fn run(cli: Cli) -> Outcome {
    let config = cli.settings.load()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    crate::egress::install_tls();
    match cli.command {
        Command::Serve(serve) => runtime.block_on(serve.run(config)),
        Command::Apply(apply) => apply.run(&config, runtime.handle()),
        Command::Plugin(plugin) => plugin.run(&config, runtime.handle()),
        Command::Account(account) => runtime.block_on(account.run(&config)),
        Command::Delivery(delivery) => runtime.block_on(delivery.run(&config)),
        Command::Audit(audit) => runtime.block_on(audit.run(&config)),
        Command::Migrate(migrate) => runtime.block_on(migrate.run(&config)),
        Command::Export(export) => runtime.block_on(export.run(&config)),
        Command::Import(import) => runtime.block_on(import.run(&config)),
        Command::Node(node) => runtime.block_on(node.run(&config)),
        Command::Config(command) => command.run(&config),
    }
}

impl Settings {
    fn load(&self) -> Result<Config, crate::config::Error> {
        let mut config = Config::load(self.config.as_deref(), std::env::vars())?;
        if let Some(dir) = &self.data_dir {
            config.server.data_dir.clone_from(dir);
        }
        if let Some(dir) = &self.plugins {
            config.plugins.dir.clone_from(dir);
        }
        Ok(config)
    }
}
