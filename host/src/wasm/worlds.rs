//! The functions of the two worlds, in whichever version a component has them.
//!
//! Types of components are structural: a function of an older version has the very type of its successor where
//! nothing in it has changed. So there is one set of Rust types, of the newest version; functions are found under the
//! name of their interface, which carries the version. What did change is in [`older`], and is turned into
//! what it is now where it comes in.

use wasmtime::{
    Store,
    component::{Component, ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Lower, ResourceAny},
};

use super::{
    bindings::{
        codec::exports::safelight::plugin::codec, exports::safelight::plugin::transform, safelight::plugin::types,
    },
    contract::{Contract, Role, Version},
    guest::Guest,
    host::World,
};

/// What instances of every world can be asked.
pub(super) trait Describe {
    /// What the plugin is, in the words of the newest version.
    type Manifest;

    /// Whether all functions have the types of the contract; the error names one that has not.
    fn check(&self, store: &mut Store<Guest>) -> wasmtime::Result<()>;

    /// Asks what it is.
    async fn describe(&self, store: &mut Store<Guest>) -> wasmtime::Result<Self::Manifest>;
}

/// A component of the world of transformers.
pub(super) struct TransformerPre {
    component: InstancePre<Guest>,
    functions: TransformerFunctions,
}

#[derive(Clone, Copy)]
struct TransformerFunctions {
    version: Version,
    describe: ComponentExportIndex,
    plan: ComponentExportIndex,
    arrange: ComponentExportIndex,
    apply: ComponentExportIndex,
}

/// An instance of it.
pub(super) struct Transformer {
    instance: Instance,
    functions: TransformerFunctions,
}

type PlanParams<'a> = (transform::Call<'a>, types::Size);
type Planned = Result<types::Planned, types::Error>;
type ArrangeParams<'a> = (transform::Call<'a>, transform::Timeline<'a>);
type Arranged = Result<types::Arrangement, types::Error>;
type ApplyParams<'a> = (&'a [transform::Call<'a>], Option<types::ImageParam<'a>>, types::View);
type Applied = Result<types::Outcome, types::Error>;

impl World for TransformerPre {
    type Instance = Transformer;

    fn of(component: InstancePre<Guest>) -> wasmtime::Result<Self> {
        let names = ["describe", "plan", "arrange", "apply"];
        let (version, [describe, plan, arrange, apply]) = functions(component.component(), Role::Transformer, names)?;
        let functions = TransformerFunctions { version, describe, plan, arrange, apply };
        Ok(TransformerPre { component, functions })
    }

    async fn instantiate(&self, store: &mut Store<Guest>) -> wasmtime::Result<Transformer> {
        Ok(Transformer { instance: self.component.instantiate_async(store).await?, functions: self.functions })
    }
}

impl Describe for Transformer {
    type Manifest = types::Manifest;

    fn check(&self, store: &mut Store<Guest>) -> wasmtime::Result<()> {
        let Transformer { instance, functions } = self;
        match functions.version {
            Version::V0_1 => typed::<(), older::Manifest>(instance, store, &functions.describe, "describe")?,
            Version::V0_2 => typed::<(), types::Manifest>(instance, store, &functions.describe, "describe")?,
        }
        typed::<PlanParams<'_>, Planned>(instance, store, &functions.plan, "plan")?;
        typed::<ArrangeParams<'_>, Arranged>(instance, store, &functions.arrange, "arrange")?;
        typed::<ApplyParams<'_>, Applied>(instance, store, &functions.apply, "apply")
    }

    async fn describe(&self, store: &mut Store<Guest>) -> wasmtime::Result<types::Manifest> {
        let describe = &self.functions.describe;
        match self.functions.version {
            Version::V0_1 => call::<_, older::Manifest>(&self.instance, store, describe, ()).await.map(Into::into),
            Version::V0_2 => call(&self.instance, store, describe, ()).await,
        }
    }
}

impl Transformer {
    pub(super) async fn plan(&self, store: &mut Store<Guest>, params: PlanParams<'_>) -> wasmtime::Result<Planned> {
        call(&self.instance, store, &self.functions.plan, params).await
    }

    pub(super) async fn arrange(
        &self,
        store: &mut Store<Guest>,
        params: ArrangeParams<'_>,
    ) -> wasmtime::Result<Arranged> {
        call(&self.instance, store, &self.functions.arrange, params).await
    }

    pub(super) async fn apply(&self, store: &mut Store<Guest>, params: ApplyParams<'_>) -> wasmtime::Result<Applied> {
        call(&self.instance, store, &self.functions.apply, params).await
    }
}

/// A component of the world of codecs.
pub(super) struct CodecPre {
    component: InstancePre<Guest>,
    functions: CodecFunctions,
}

#[derive(Clone, Copy)]
struct CodecFunctions {
    version: Version,
    describe: ComponentExportIndex,
    open: ComponentExportIndex,
    encode: ComponentExportIndex,
    info: ComponentExportIndex,
    page: ComponentExportIndex,
    render: ComponentExportIndex,
    metadata: ComponentExportIndex,
}

/// An instance of it. Documents are named by the handle that `open` gives.
pub(super) struct CodecInstance {
    instance: Instance,
    functions: CodecFunctions,
}

type OpenParams<'a> = (&'a [u8], &'a str, codec::Limits);
type Opened = Result<ResourceAny, codec::Error>;
type EncodeParams<'a> = (&'a [codec::FrameParam<'a>], codec::EncodeOptions<'a>);
type Encoded = Result<Vec<u8>, codec::Error>;
type Page = Result<codec::Page, codec::Error>;
type RenderParams = (ResourceAny, u32, u32, codec::Request);
type Rendered = Result<Vec<codec::FrameResult>, codec::Error>;

impl World for CodecPre {
    type Instance = CodecInstance;

    fn of(component: InstancePre<Guest>) -> wasmtime::Result<Self> {
        let names = [
            "describe",
            "open",
            "encode",
            "[method]document.info",
            "[method]document.page",
            "[method]document.render",
            "[method]document.metadata",
        ];
        let (version, found) = functions(component.component(), Role::Codec, names)?;
        let [describe, open, encode, info, page, render, metadata] = found;
        let functions = CodecFunctions { version, describe, open, encode, info, page, render, metadata };
        Ok(CodecPre { component, functions })
    }

    async fn instantiate(&self, store: &mut Store<Guest>) -> wasmtime::Result<CodecInstance> {
        Ok(CodecInstance { instance: self.component.instantiate_async(store).await?, functions: self.functions })
    }
}

impl Describe for CodecInstance {
    type Manifest = codec::Manifest;

    fn check(&self, store: &mut Store<Guest>) -> wasmtime::Result<()> {
        let CodecInstance { instance, functions } = self;
        match functions.version {
            Version::V0_1 => typed::<(), older::CodecManifest>(instance, store, &functions.describe, "describe")?,
            Version::V0_2 => typed::<(), codec::Manifest>(instance, store, &functions.describe, "describe")?,
        }
        typed::<OpenParams<'_>, Opened>(instance, store, &functions.open, "open")?;
        typed::<EncodeParams<'_>, Encoded>(instance, store, &functions.encode, "encode")?;
        typed::<(ResourceAny,), codec::Info>(instance, store, &functions.info, "document.info")?;
        typed::<(ResourceAny, u32), Page>(instance, store, &functions.page, "document.page")?;
        typed::<RenderParams, Rendered>(instance, store, &functions.render, "document.render")?;
        typed::<(ResourceAny,), codec::MetadataResult>(instance, store, &functions.metadata, "document.metadata")
    }

    async fn describe(&self, store: &mut Store<Guest>) -> wasmtime::Result<codec::Manifest> {
        let describe = &self.functions.describe;
        match self.functions.version {
            Version::V0_1 => call::<_, older::CodecManifest>(&self.instance, store, describe, ()).await.map(Into::into),
            Version::V0_2 => call(&self.instance, store, describe, ()).await,
        }
    }
}

impl CodecInstance {
    pub(super) async fn open(&self, store: &mut Store<Guest>, params: OpenParams<'_>) -> wasmtime::Result<Opened> {
        call(&self.instance, store, &self.functions.open, params).await
    }

    pub(super) async fn encode(&self, store: &mut Store<Guest>, params: EncodeParams<'_>) -> wasmtime::Result<Encoded> {
        call(&self.instance, store, &self.functions.encode, params).await
    }

    pub(super) async fn info(&self, store: &mut Store<Guest>, document: ResourceAny) -> wasmtime::Result<codec::Info> {
        call(&self.instance, store, &self.functions.info, (document,)).await
    }

    pub(super) async fn page(
        &self,
        store: &mut Store<Guest>,
        document: ResourceAny,
        index: u32,
    ) -> wasmtime::Result<Page> {
        call(&self.instance, store, &self.functions.page, (document, index)).await
    }

    pub(super) async fn render(&self, store: &mut Store<Guest>, params: RenderParams) -> wasmtime::Result<Rendered> {
        call(&self.instance, store, &self.functions.render, params).await
    }

    pub(super) async fn metadata(
        &self,
        store: &mut Store<Guest>,
        document: ResourceAny,
    ) -> wasmtime::Result<codec::MetadataResult> {
        call(&self.instance, store, &self.functions.metadata, (document,)).await
    }
}

/// What differs in older versions.
mod older {
    use wasmtime::component::{ComponentType, Lift};

    use super::{codec, types};

    /// 0.1.0: nothing is asked for in it.
    #[derive(ComponentType, Lift)]
    #[component(record)]
    pub(super) struct Manifest {
        name: String,
        version: String,
        license: String,
        summary: String,
        transforms: Vec<types::TransformInfo>,
    }

    impl From<Manifest> for types::Manifest {
        fn from(manifest: Manifest) -> types::Manifest {
            let Manifest { name, version, license, summary, transforms } = manifest;
            types::Manifest { name, version, license, summary, transforms, needs: Vec::new() }
        }
    }

    /// 0.1.0: nothing is asked for in it.
    #[derive(ComponentType, Lift)]
    #[component(record)]
    pub(super) struct CodecManifest {
        name: String,
        version: String,
        license: String,
        summary: String,
        formats: Vec<codec::Format>,
    }

    impl From<CodecManifest> for codec::Manifest {
        fn from(manifest: CodecManifest) -> codec::Manifest {
            let CodecManifest { name, version, license, summary, formats } = manifest;
            codec::Manifest { name, version, license, summary, formats, needs: Vec::new() }
        }
    }
}

/// Finds the functions that a component of a world exports, and the version that they are of.
fn functions<const N: usize>(
    component: &Component,
    role: Role,
    names: [&str; N],
) -> wasmtime::Result<(Version, [ComponentExportIndex; N])> {
    let found = Contract::find(component)?.filter(|found| found.role == role);
    let version = found.ok_or_else(|| wasmtime::Error::msg("it is of another world"))?.version;
    let interface = role.interface(version);
    let missing = |name: &str| wasmtime::Error::msg(format!("{interface} has no {name}"));
    let exported = component.get_export_index(None, &interface).ok_or_else(|| missing("exports"))?;
    let mut indices = Vec::with_capacity(N);
    for name in names {
        indices.push(component.get_export_index(Some(&exported), name).ok_or_else(|| missing(name))?);
    }
    Ok((version, indices.try_into().unwrap_or_else(|_| unreachable!("there is an index for every name"))))
}

/// Whether a function has this type.
fn typed<P, R>(
    instance: &Instance,
    store: &mut Store<Guest>,
    function: &ComponentExportIndex,
    name: &str,
) -> wasmtime::Result<()>
where
    P: ComponentNamedList + Lower,
    (R,): ComponentNamedList + Lift,
{
    let found = instance.get_typed_func::<P, (R,)>(store, function);
    found.map(|_| ()).map_err(|error| error.context(format!("{name} has another type than the contract's")))
}

async fn call<P, R>(
    instance: &Instance,
    store: &mut Store<Guest>,
    function: &ComponentExportIndex,
    params: P,
) -> wasmtime::Result<R>
where
    P: ComponentNamedList + Lower,
    (R,): ComponentNamedList + Lift + 'static,
{
    let function = instance.get_typed_func::<P, (R,)>(&mut *store, function)?;
    let (answer,) = function.call_async(store, params).await?;
    Ok(answer)
}
