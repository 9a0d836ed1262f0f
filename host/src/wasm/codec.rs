//! A codec plugin: what `describe` says of it, and its calls.

use std::sync::Arc;

use safelight_codec::{EncodeOptions, Frame, Loops, Metadata, Picture, Raster};
use wasmtime::{Store, component::ResourceAny};

use super::{
    bindings::{codec::exports::safelight::plugin::codec as contract, safelight::plugin::types as wire},
    capabilities::Capabilities,
    counters::Work,
    formats::{FormatInfo, formats},
    guest::Guest,
    host::{Compiled, Host, Program},
    load::{Loaded, broken_manifest},
    manifest::plugin_info,
    plugin::{Plugin, RESULT_EXTRA_BYTES, tidy},
    worlds::{CodecInstance, CodecPre},
};
use crate::{
    error::{Code, Failure},
    pipeline::{PluginInfo, Size},
};

/// The part of a plugin that reads and writes formats.
pub(super) struct Codec {
    program: Program<CodecPre>,
    pub(super) formats: Vec<FormatInfo>,
}

impl Codec {
    /// Asks a component what it is, and checks the answer.
    pub(super) fn load(host: &Host, loaded: &Loaded) -> Result<(Arc<PluginInfo>, Capabilities, Codec), Failure> {
        let (unnamed, manifest) = loaded.describe::<CodecPre>(host)?;
        let contract::Manifest { name, version, license, summary, formats: told, needs } = manifest;
        let capabilities = loaded.capabilities(host, &name, needs)?;
        let identity = loaded.identity(&capabilities);
        let info = plugin_info(identity.of(name, version, license, summary)).map_err(broken_manifest)?;
        let formats = formats(told).map_err(broken_manifest)?;
        let program = unnamed.named(&info.name, capabilities.access.clone());
        Ok((info, capabilities, Codec { program, formats }))
    }

    /// Runs this code from now on.
    pub(super) fn replace(&self, host: &Host, compiled: &Compiled) -> wasmtime::Result<()> {
        self.program.replace(host, compiled)
    }
}

/// A source that a codec has opened.
pub(super) struct Document<'a> {
    store: &'a mut Store<Guest>,
    instance: &'a CodecInstance,
    handle: ResourceAny,
    pub(super) info: contract::Info,
}

/// How a call within a document ended without a result.
pub(super) enum Stop {
    /// The guest trapped or met a limit.
    Ended(wasmtime::Error),
    /// The codec refused, or what it answered cannot be used.
    Refused(Failure),
}

impl From<wasmtime::Error> for Stop {
    fn from(error: wasmtime::Error) -> Stop {
        Stop::Ended(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Refused(failure)
    }
}

impl Document<'_> {
    /// What a page is; `index` counts from 0.
    pub(super) async fn page(&mut self, index: u32) -> Result<contract::Page, Stop> {
        let page = self.instance.page(self.store, self.handle, index).await?.map_err(refusal)?;
        if page.size.width == 0 || page.size.height == 0 {
            let failure = format!("a page of {} x {} px", page.size.width, page.size.height);
            return Err(Failure::new(Code::PluginMisbehaved, failure).into());
        }
        Ok(page)
    }

    /// Renders pages whole; those after the first only where `count` says so.
    pub(super) async fn render(
        &mut self,
        first: u32,
        count: u32,
        size: Option<Size>,
    ) -> Result<Vec<contract::FrameResult>, Stop> {
        let size = size.map(|size| wire::Size { width: size.width, height: size.height });
        let request = contract::Request { size, region: None };
        let frames = self.instance.render(self.store, (self.handle, first, count, request)).await?;
        let frames = frames.map_err(refusal)?;
        if frames.len() != count as usize {
            let failure = format!("{} pages where {count} were asked for", frames.len());
            return Err(Failure::new(Code::PluginMisbehaved, failure).into());
        }
        Ok(frames)
    }

    /// What it says about itself, and how often it is played.
    pub(super) async fn metadata(&mut self) -> Result<(Metadata, Loops), Stop> {
        let said = self.instance.metadata(self.store, self.handle).await?;
        let loops = if said.plays == 0 { Loops::Forever } else { Loops::Times(said.plays) };
        Ok((Metadata { icc: said.icc, exif: said.exif, xmp: said.xmp }, loops))
    }
}

impl Plugin {
    /// Opens a source in a fresh instance and works with it.
    ///
    /// Errors: the refusals of the codec under the codes of damaged, unsupported and oversized sources;
    /// a trap, a limit or a broken contract under those of plugins.
    pub(super) fn with_document<R>(
        &self,
        host: &Host,
        codec: &Codec,
        source: (&[u8], &str),
        limits: &safelight_codec::Limits,
        work: Work,
        with: impl AsyncFnOnce(&mut Document<'_>) -> Result<R, Stop>,
    ) -> Result<R, Failure> {
        self.capabilities.check()?;
        let (bytes, format) = source;
        let own = self.limits();
        let room = own.memory_bytes.saturating_sub(bytes.len() as u64);
        let wire_limits = contract::Limits {
            max_pixels: limits.max_pixels,
            max_total_pixels: limits.max_total_pixels,
            max_frames: limits.max_frames,
            max_memory_bytes: limits.max_memory_bytes.min(room),
        };
        let taken_bytes = usize::try_from(own.output_bytes + RESULT_EXTRA_BYTES).unwrap_or(usize::MAX);
        let span = tracing::info_span!(
            "codec",
            plugin = %self.info.name,
            format,
            ms = tracing::field::Empty,
            peak_bytes = tracing::field::Empty,
        );
        let entered = span.enter();
        let (result, cost) = host.call(&codec.program, &own, taken_bytes, async |store, instance| {
            let work = async {
                let handle = instance.open(store, (bytes, format, wire_limits)).await?.map_err(refusal)?;
                let info = instance.info(store, handle).await?;
                if info.count == 0 {
                    return Err(Failure::new(Code::PluginMisbehaved, "a source without pages").into());
                }
                with(&mut Document { store, instance, handle, info }).await
            };
            match work.await {
                Ok(value) => Ok(Ok(value)),
                Err(Stop::Refused(failure)) => Ok(Err(failure)),
                Err(Stop::Ended(error)) => Err(error),
            }
        });
        span.record("ms", cost.elapsed.as_secs_f64() * 1e3);
        span.record("peak_bytes", cost.peak_bytes);
        drop(entered);
        let result = self.sorted(result);
        self.count(host, work, &[], cost, result.as_ref().err().map(|failure| (0, failure)));
        result
    }

    /// Writes a picture in a format of the codec.
    pub(super) fn encode(
        &self,
        host: &Host,
        codec: &Codec,
        format: &FormatInfo,
        picture: &Picture,
        quality: Option<u8>,
        options: &EncodeOptions,
    ) -> Result<Vec<u8>, Failure> {
        self.capabilities.check()?;
        let wanted = if format.writes_frames && options.animated { picture.frames.len() } else { 1 };
        let frames: Vec<contract::FrameParam<'_>> = picture.frames.iter().take(wanted).map(frame).collect();
        let empty = Metadata::default();
        let metadata = if options.metadata { &picture.metadata } else { &empty };
        let [red, green, blue] = options.background;
        let wire_options = contract::EncodeOptions {
            format: &format.name,
            quality,
            lossless: options.lossless,
            background: (red, green, blue),
            dpi: options.dpi,
            metadata: contract::MetadataParam {
                plays: match picture.loops {
                    Loops::Forever => 0,
                    Loops::Times(times) => times,
                },
                icc: metadata.icc.as_deref(),
                exif: metadata.exif.as_deref(),
                xmp: metadata.xmp.as_deref(),
            },
            max_bytes: options.max_bytes,
        };
        let own = self.limits();
        let most = options.max_bytes.min(own.output_bytes);
        let taken_bytes = usize::try_from(most + RESULT_EXTRA_BYTES).unwrap_or(usize::MAX);
        let (result, cost) = host.call(&codec.program, &own, taken_bytes, async |store, instance| {
            let written = instance.encode(store, (&frames, wire_options)).await?;
            Ok(written.map_err(refusal))
        });
        let result = self.sorted(result).and_then(|bytes| {
            self.check_limit("an encoded picture", bytes.len() as u64, most)?;
            Ok(bytes)
        });
        self.count(host, Work::Run, &[], cost, result.as_ref().err().map(|failure| (0, failure)));
        result
    }

    /// A broken contract is told with the plugin's name, and logged.
    fn sorted<R>(&self, result: Result<Result<R, Failure>, Failure>) -> Result<R, Failure> {
        match result? {
            Err(failure) if failure.code == Code::PluginMisbehaved => {
                Err(self.misbehaved(format!("gives {}", failure.message)))
            }
            result => result,
        }
    }

    /// A rendered page as a frame.
    ///
    /// Errors: a picture that is none, or is larger than allowed.
    pub(super) fn frame(&self, frame: contract::FrameResult) -> Result<Frame, Failure> {
        let wire::ImageResult { width, height, format, pixels } = frame.image;
        self.check_limit("a picture", pixels.len() as u64, self.limits().output_bytes)?;
        let format = match format {
            wire::PixelFormat::Gray8 => safelight_codec::PixelFormat::Gray8,
            wire::PixelFormat::Rgb8 => safelight_codec::PixelFormat::Rgb8,
            wire::PixelFormat::Rgba8 => safelight_codec::PixelFormat::Rgba8,
        };
        let raster = Raster::new(width, height, format, pixels)
            .map_err(|error| self.misbehaved(format!("gives a broken picture: {error}")))?;
        Ok(Frame { raster, delay_ms: frame.delay_ms })
    }
}

fn frame(frame: &Frame) -> contract::FrameParam<'_> {
    let raster = &frame.raster;
    let format = match raster.format() {
        safelight_codec::PixelFormat::Gray8 => wire::PixelFormat::Gray8,
        safelight_codec::PixelFormat::Rgb8 => wire::PixelFormat::Rgb8,
        safelight_codec::PixelFormat::Rgba8 => wire::PixelFormat::Rgba8,
    };
    let image = wire::ImageParam { width: raster.width(), height: raster.height(), format, pixels: raster.pixels() };
    contract::FrameParam { image, delay_ms: frame.delay_ms }
}

/// A typed refusal as a failure.
fn refusal(error: contract::Error) -> Failure {
    use contract::Error as E;
    let (code, text) = match error {
        E::Corrupt(text) | E::Truncated(text) => (Code::CorruptImage, text),
        E::Unsupported(text) | E::Locked(text) => (Code::UnsupportedFeature, text),
        E::Limit(text) => (Code::ImageLimit, text),
        E::NoSuchPage(count) => {
            (Code::InvalidParams, format!("page: there is none of this number, the source has {count}"))
        }
        E::CannotWrite(text) => (Code::EncodeFailed, text),
        E::Other(text) => (Code::PluginRefused, text),
    };
    Failure::new(code, tidy(&text))
}
