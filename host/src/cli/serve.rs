//! `safelight serve`.

use std::{io::Write, net::SocketAddr, process::ExitCode};

use clap::Args;

use super::Outcome;
use crate::{app::App, config::Config, store, telemetry};

/// Serve the API, run jobs and deliver callbacks
///
/// The first start makes an account "demo" and prints its key and secret; SAFELIGHT_DEMO_KEY and
/// SAFELIGHT_DEMO_SECRET set them. SIGTERM and Ctrl-C stop accepting, finish running work or give it
/// back to the queue, and exit with 0.
/// Example: safelight serve --listen 127.0.0.1:8080 --data-dir /var/lib/safelight
#[derive(Args)]
pub(super) struct Serve {
    /// The address to listen on; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Print commands to try, with the demo account's secret
    #[arg(long = "try")]
    try_it: bool,
}

impl Serve {
    pub(super) async fn run(self, mut config: Config) -> Outcome {
        if let Some(address) = self.listen {
            config.server.listen = address.to_string();
        }
        let _logs = telemetry::start(&config.telemetry)?;
        let app = App::open(config).await?;
        // The address first: a secret that is printed by a start that fails is not seen again.
        let listening = app.listen().await?;
        if let Some(account) = listening.ensure_demo_account().await? {
            print_account(&account)?;
        }
        listening.set_accounts().await?;
        let demo = if self.try_it { listening.demo_account().await? } else { None };
        announce(listening.address())?;
        if let Some(account) = demo {
            print_examples(listening.address(), &account)?;
        }
        listening.run(asked_to_stop()).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The line that scripts wait for; it goes to standard output and, through the log, to standard error.
fn announce(address: SocketAddr) -> std::io::Result<()> {
    tracing::info!("listening on http://{address}");
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on http://{address}")?;
    out.flush()
}

fn print_account(account: &store::Account) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "made the account {}", account.key)?;
    writeln!(out, "  key             {}", account.key)?;
    writeln!(out, "  secret          {}", account.secret)?;
    writeln!(out, "  webhook secret  {}", account.webhook_secret)?;
    out.flush()
}

fn print_examples(address: SocketAddr, account: &store::Account) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let login = format!("{}:{}", account.key, account.secret);
    writeln!(
        out,
        r#"
Try it, from the root of the repository: a picture is made smaller, and a thumbnail is cut from it

  curl -s -u {login} 'http://{address}/v1/jobs' \
    -F 'job={{"source":{{"upload":"file"}},"steps":[{{"transform":"resize","params":{{"width":800}}}}],
         "outputs":[{{"id":"main","format":"webp"}}],
         "eager":[{{"id":"thumb","format":"jpeg","steps":[{{"transform":"crop","params":{{"width":150,"height":100,"gravity":"center"}}}}]}}]}};type=application/json' \
    -F 'file=@tests/fixtures/sample.jpg'

The answer holds the URLs of the results. What became of the job, and what else there is:

  curl -s -u {login} 'http://{address}/v1/jobs?limit=1'
  curl -s -u {login} 'http://{address}/v1/transforms'
"#
    )?;
    out.flush()
}

/// Ends with SIGTERM or Ctrl-C.
async fn asked_to_stop() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signals) => signals,
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be caught, only Ctrl-C");
            let _ = tokio::signal::ctrl_c().await;
            return;
        }
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
