//! From a component's bytes to a [`Plugin`]: compiled, asked what it is, checked, and given what it may read.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, RwLock},
};

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use super::{
    bindings::safelight::plugin::types as wire,
    capabilities::{self, Capabilities},
    codec::Codec,
    contract::{self, Contract, Role, Version},
    counters::Scope,
    engine::Build,
    grants::Grants,
    host::{Compiled, Host, Limits, Program, World},
    linker,
    manifest::{self, Identity, Offer},
    plugin::{DESCRIPTION_BYTES, Origin, Plugin, Unoptimised},
    worlds::{Describe, TransformerPre},
};
use crate::{
    error::{Code, Failure},
    pipeline::PluginInfo,
};

impl Plugin {
    /// Compiles a component, asks it what it is, and checks the answer. It is compiled [quickly](Build::Quick) unless
    /// the cache holds its optimised code. `grants` is what it may read of what it asks for; none leaves that to the
    /// configuration of its name.
    ///
    /// Errors: `plugin_invalid` when it does not fit the contract, else what `describe` came to.
    /// Cost: compiling takes about a third of a second of processor time for each megabyte, unless it is in the cache.
    pub(super) fn load(
        host: &Host,
        counters: Scope<'_>,
        component: &[u8],
        origin: Origin,
        file: Option<PathBuf>,
        grants: Option<Grants>,
    ) -> Result<Plugin, Failure> {
        check_preamble(component).map_err(invalid)?;
        // The time of a call may hang on a source that a stranger made, or on an operator's file.
        let codec_checks = host.config.check_codecs && contract::may_be_codec(component);
        let unbounded = codec_checks || contract::may_load_models(component);
        let checked = origin != Origin::Bundled || host.config.check_bundled || unbounded;
        let optimised = if checked { Build::Checked } else { Build::Unchecked };
        let digest = hex::encode(Sha256::digest(component));
        let build = if host.engines.is_optimised(optimised, &digest) { optimised } else { Build::Quick };
        let compiled = compile(host, component, build)?;
        let found = Contract::find(&compiled.component)?;
        let imports = linker::imports(&compiled.component);
        linker::check_imports(&imports)?;
        let contract = found.ok_or_else(|| {
            let spoken = contract::spoken();
            invalid(format!("the component is of neither world of {spoken}: it exports neither transform nor codec"))
        })?;
        let bundled = origin == Origin::Bundled;
        let loaded = Loaded { compiled, contract, bundled, digest, imports, grants };
        let parts = match contract.role {
            Role::Codec => {
                let (info, capabilities, codec) = Codec::load(host, &loaded)?;
                Parts { info, offers: Vec::new(), capabilities, transformer: None, codec: Some(codec) }
            }
            Role::Transformer => transformer(host, &loaded)?,
        };
        let name = &parts.info.name;
        Ok(Plugin {
            limits: RwLock::new(Arc::new(Limits::of(&host.config, name))),
            counters: counters.of(name),
            owner: counters.owner.to_owned(),
            info: parts.info,
            offers: parts.offers,
            transformer: parts.transformer,
            codec: parts.codec,
            bytes: component.len() as u64,
            origin,
            file,
            imports: loaded.imports,
            contract,
            capabilities: parts.capabilities,
            unoptimised: Mutex::new(
                (build == Build::Quick).then(|| Unoptimised { component: component.to_owned(), build: optimised }),
            ),
        })
    }
}

/// A component that was compiled.
pub(super) struct Loaded {
    compiled: Compiled,
    contract: Contract,
    bundled: bool,
    digest: String,
    imports: Vec<String>,
    grants: Option<Grants>,
}

impl Loaded {
    /// What the plugin asks for and has. Bundled ones have all that they ask for, others nothing, unless it was said
    /// otherwise.
    pub(super) fn capabilities(
        &self,
        host: &Host,
        name: &str,
        needs: Vec<wire::Need>,
    ) -> Result<Capabilities, Failure> {
        let needs = match self.contract.version {
            Version::V0_1 => capabilities::imported_needs(&self.imports),
            Version::V0_2 => capabilities::needs(self.contract.role, needs).map_err(broken_manifest)?,
        };
        let configured = || host.config.plugin.get(name).and_then(|own| own.grants.clone());
        let default = || if self.bundled { Grants::all() } else { Grants::default() };
        let granted = self.grants.clone().or_else(configured).unwrap_or_else(default);
        Ok(Capabilities::new(host.files.clone(), name, needs, &granted))
    }

    /// Links it and asks it what it is. It has no name yet, and sees no assets.
    pub(super) fn describe<W: World<Instance: Describe>>(
        &self,
        host: &Host,
    ) -> Result<(Program<W>, <W::Instance as Describe>::Manifest), Failure> {
        let misfit =
            |error: wasmtime::Error| invalid(format!("the component is not of the world {}: {error:#}", self.contract));
        let unnamed: Program<W> = Program::new(host, &self.compiled).map_err(misfit)?;
        let limits = Limits::of(&host.config, "");
        let (manifest, _) =
            host.call(&unnamed, &limits, DESCRIPTION_BYTES, async |store, instance| match instance.check(store) {
                Ok(()) => Ok(Ok(instance.describe(store).await?)),
                Err(error) => Ok(Err(misfit(error))),
            });
        let manifest =
            manifest.map_err(|failure| Failure { message: format!("describe: {}", failure.message), ..failure })??;
        Ok((unnamed, manifest))
    }

    /// What is known of it beside its manifest.
    pub(super) fn identity<'a>(&'a self, capabilities: &'a Capabilities) -> Identity<'a> {
        Identity { digest: &self.digest, assets: &capabilities.identity, bundled: self.bundled }
    }
}

pub(super) fn broken_manifest(problem: String) -> Failure {
    invalid(format!("the manifest breaks the contract: {problem}"))
}

/// What a component turned out to be.
struct Parts {
    info: Arc<PluginInfo>,
    offers: Vec<Offer>,
    capabilities: Capabilities,
    transformer: Option<Program<TransformerPre>>,
    codec: Option<Codec>,
}

/// Asks a component of the world of transformers what it is.
fn transformer(host: &Host, loaded: &Loaded) -> Result<Parts, Failure> {
    let (unnamed, mut manifest) = loaded.describe::<TransformerPre>(host)?;
    let needs = std::mem::take(&mut manifest.needs);
    let capabilities = loaded.capabilities(host, &manifest.name, needs)?;
    let manifest = manifest::check(manifest, loaded.identity(&capabilities)).map_err(broken_manifest)?;
    let program = unnamed.named(&manifest.info.name, capabilities.access.clone());
    Ok(Parts { info: manifest.info, offers: manifest.offers, capabilities, transformer: Some(program), codec: None })
}

/// Compiles a component for a build.
pub(super) fn compile(host: &Host, component: &[u8], build: Build) -> Result<Compiled, Failure> {
    let component = Component::from_binary(host.engines.get(build), component)
        .map_err(|error| invalid(format!("the component cannot be compiled: {error:#}")))?;
    Ok(Compiled { component, build })
}

/// Tells components, core modules and everything else apart by the first eight bytes.
fn check_preamble(bytes: &[u8]) -> Result<(), String> {
    match bytes {
        [b'\0', b'a', b's', b'm', _, _, 1, 0, ..] => Ok(()),
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => {
            Err("the file is a core WebAssembly module, expected a component \
             (build it for wasm32-wasip2, or wrap it with wasm-tools component new)"
                .to_owned())
        }
        _ => Err("the file is not WebAssembly".to_owned()),
    }
}

pub(super) fn invalid(message: String) -> Failure {
    Failure::new(Code::PluginInvalid, message)
}
