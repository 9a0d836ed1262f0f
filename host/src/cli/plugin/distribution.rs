//! Where plugins come from and go to: registries, signatures, the lock file.

use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use clap::{Args, Subcommand};
use tokio::runtime::Handle;

use super::read;
use crate::{
    app,
    cli::Problem,
    config::Config,
    distribution::{
        self, Lock, PublicKey, Reference, SIGNATURE_SUFFIX, SigningKey, Trust, TrustConfig, lock_path, write_whole,
    },
    egress::Egress,
    pipeline::PluginInfo,
    wasm::Registry,
};

#[derive(Subcommand)]
pub(in crate::cli) enum Distribution {
    /// Push a component to an OCI registry, and sign it
    ///
    /// Credentials are those of `docker login`.
    ///
    /// Example: safelight plugin push sepia.wasm oci://ghcr.io/acme/sepia:1.2.0 --sign-key acme.key
    Push(Push),
    /// Fetch a component, check its digest and signature, and write it to a file
    ///
    /// A reference that stands in the lock file must be the component that is pinned there.
    ///
    /// Example: safelight plugin pull oci://ghcr.io/acme/sepia:1.2.0 -o sepia.wasm
    Pull(Pull),
    /// Pin what stands behind references now in the lock file
    ///
    /// Example: safelight plugin lock oci://ghcr.io/acme/sepia:1.2.0
    Lock(Pin),
    /// Make a pair of keys to sign with: NAME.key for you alone, NAME.pub for everybody
    ///
    /// Example: safelight plugin keygen acme
    Keygen {
        /// What the files are called
        name: String,
    },
    /// Sign a component: the signature is written to the same name with .sig
    ///
    /// Example: safelight plugin sign sepia.wasm --key acme.key
    Sign {
        /// The component
        file: PathBuf,
        /// The private key (ECDSA P-256, PEM)
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Check the signature of a component: a file with its .sig beside it, a URL or a registry
    ///
    /// Example: safelight plugin verify sepia.wasm --key acme.pub
    Verify {
        /// The component: a path, https:// or oci://
        reference: Reference,
        /// The public key (ECDSA P-256, PEM) [default: those of plugins.trust.keys]
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
}

#[derive(Args)]
pub(in crate::cli) struct Push {
    /// The component
    file: PathBuf,
    /// Where to: oci://HOST[:PORT]/REPOSITORY[:TAG]
    reference: Reference,
    /// The private key to sign with (ECDSA P-256, PEM)
    #[arg(long, value_name = "FILE")]
    sign_key: Option<PathBuf>,
}

#[derive(Args)]
pub(in crate::cli) struct Pull {
    /// What to fetch: oci://HOST[:PORT]/REPOSITORY[:TAG][@sha256:HEX], https://HOST/PATH or a path
    reference: Reference,
    /// The file to write [default: the last part of the reference, with .wasm]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Args)]
pub(in crate::cli) struct Pin {
    /// What to pin: oci://HOST[:PORT]/REPOSITORY[:TAG], https://HOST/PATH or a path
    #[arg(required = true)]
    references: Vec<Reference>,
}

impl Distribution {
    /// Runs the command; tells `out` what it did.
    pub(super) fn run(self, config: &Config, runtime: &Handle, out: &mut impl Write) -> Result<(), Problem> {
        match self {
            Distribution::Push(push) => push.run(config, runtime, out),
            Distribution::Pull(pull) => pull.run(config, runtime, out),
            Distribution::Lock(pin) => pin.run(config, runtime, out),
            Distribution::Keygen { name } => keygen(&name, out),
            Distribution::Sign { file, key } => sign(&file, &key, out),
            Distribution::Verify { reference, key } => verify(&reference, key.as_deref(), config, runtime, out),
        }
    }
}

impl Push {
    fn run(self, config: &Config, runtime: &Handle, out: &mut impl Write) -> Result<(), Problem> {
        let key = self.sign_key.as_deref().map(signing_key).transpose()?;
        let component = read(&self.file)?;
        let info = describe(&app::open_registry(config)?, &component, &self.file.display().to_string())?;
        let push = distribution(config)?;
        let pushed = runtime.block_on(push.push(&self.reference, component.into(), &info, key.as_ref()))?;
        let signed = if pushed.signed { ", signed" } else { "" };
        writeln!(out, "pushed {} {}, sha256 {}{signed}", info.name, info.version, pushed.sha256)?;
        writeln!(out, "{}", pushed.reference)?;
        Ok(())
    }
}

impl Pull {
    fn run(self, config: &Config, runtime: &Handle, out: &mut impl Write) -> Result<(), Problem> {
        let lock = Lock::open(&lock_path(config))?;
        let pull = distribution(config)?;
        let fetched = runtime.block_on(pull.fetch(&self.reference, lock.expected(&self.reference)))?;
        let file = self.output.unwrap_or_else(|| PathBuf::from(self.reference.file_name()));
        write_whole(&file, &fetched.component).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        let signed = signed_by(fetched.signed_by.as_deref());
        writeln!(out, "{}\n{}, sha256 {}, {signed}", fetched.reference, file.display(), fetched.sha256)?;
        Ok(())
    }
}

impl Pin {
    fn run(self, config: &Config, runtime: &Handle, out: &mut impl Write) -> Result<(), Problem> {
        let registry = app::open_registry(config)?;
        let mut lock = Lock::open(&lock_path(config))?;
        let pull = distribution(config)?;
        for reference in &self.references {
            let fetched = runtime.block_on(pull.fetch(reference, None))?;
            let info = describe(&registry, &fetched.component, &reference.to_string())?;
            let was = match lock.expected(reference) {
                Some(sha256) if sha256 == fetched.sha256 => " (as before)".to_owned(),
                Some(sha256) => format!(" (was {sha256})"),
                None => String::new(),
            };
            let signed = signed_by(fetched.signed_by.as_deref());
            writeln!(out, "{reference}: {} {}, sha256 {}{was}, {signed}", info.name, info.version, fetched.sha256)?;
            lock.record(fetched.lock_entry(reference, &info));
        }
        lock.save()?;
        writeln!(out, "wrote {}", lock.path().display())?;
        Ok(())
    }
}

fn keygen(name: &str, out: &mut impl Write) -> Result<(), Problem> {
    let (key, private) = SigningKey::generate()?;
    let (private_file, public_file) = (format!("{name}.key"), format!("{name}.pub"));
    if Path::new(&public_file).exists() {
        return Err(format!("{public_file} is there already").into());
    }
    for (file, text, mode) in [(&private_file, private, 0o600), (&public_file, key.public().to_pem(), 0o644)] {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(file)
            .and_then(|mut handle| handle.write_all(text.as_bytes()).and_then(|()| handle.sync_all()))
            .map_err(|error| format!("cannot write {file}: {error}"))?;
    }
    writeln!(out, "{private_file}: sign with it, and show it to nobody")?;
    writeln!(out, "{public_file}: for plugins.trust.keys of those who install what you sign")?;
    Ok(())
}

fn sign(file: &Path, key: &Path, out: &mut impl Write) -> Result<(), Problem> {
    let signature = signing_key(key)?.sign(&read(&file.to_owned())?)?;
    let mut beside = file.as_os_str().to_owned();
    beside.push(SIGNATURE_SUFFIX);
    let beside = PathBuf::from(beside);
    write_whole(&beside, format!("{}\n", STANDARD.encode(signature)).as_bytes())
        .map_err(|error| format!("cannot write {}: {error}", beside.display()))?;
    writeln!(out, "wrote {}", beside.display())?;
    Ok(())
}

fn verify(
    reference: &Reference,
    key: Option<&Path>,
    config: &Config,
    runtime: &Handle,
    out: &mut impl Write,
) -> Result<(), Problem> {
    let trust = match key {
        Some(file) => Trust::only(&file.display().to_string(), public_key(file)?),
        None if config.plugins.trust.keys.is_empty() => {
            return Err("there is no key to verify with: name one with --key, or set plugins.trust.keys".into());
        }
        None => Trust::new(&TrustConfig { required: true, ..config.plugins.trust.clone() })?,
    };
    let fetched = runtime.block_on(distribution(config)?.trusting(trust).fetch(reference, None))?;
    let signed = signed_by(fetched.signed_by.as_deref());
    writeln!(out, "{}, sha256 {}, {signed}", fetched.reference, fetched.sha256)?;
    Ok(())
}

fn distribution(config: &Config) -> Result<distribution::Distribution, Problem> {
    Ok(distribution::Distribution::new(Egress::new(&config.egress)?, &config.plugins)?)
}

/// What a component says of itself.
fn describe(registry: &Registry, component: &[u8], place: &str) -> Result<Arc<PluginInfo>, String> {
    let report = registry.check(component);
    match (report.plugin, report.problems.first()) {
        (Some(plugin), _) => Ok(plugin.info),
        (None, Some(problem)) => Err(format!("{place}: {problem}")),
        (None, None) => Err(format!("{place}: there is nothing to describe")),
    }
}

fn signed_by(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("signed by {name}"),
        None => "no signature checked".to_owned(),
    }
}

fn signing_key(file: &Path) -> Result<SigningKey, String> {
    SigningKey::from_pem(&text(file)?).map_err(|problem| format!("{}: {problem}", file.display()))
}

fn public_key(file: &Path) -> Result<PublicKey, String> {
    PublicKey::from_pem(&text(file)?).map_err(|problem| format!("{}: {problem}", file.display()))
}

fn text(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}
