//! `safelight apply`: transforms on a local file, through the same pipeline as a job.

use std::{io::Write, path::PathBuf, process::ExitCode};

use bytes::Bytes;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use safelight_codec::{Chroma, TiffCompression};
use serde_json::Value;

use super::Outcome;
use crate::{
    app,
    config::Config,
    error::{Code, Failure},
    job::{
        Encoding, Group, ImageRef, ImageSource, Output, OutputReport, Pages, Params, Quality, Rendering, SourceReport,
        Step,
    },
    pipeline::{Codecs, Transforms, WrittenFormat, written_format},
    worker::{LocalProgress, LocalSource, run_local},
};

/// Run transforms on a local file
///
/// The steps follow the files: the name of a transform, then its parameters.
/// Example: safelight apply in.jpg out.webp resize width=800 blur sigma_px=2
/// Pictures as parameters: safelight apply in.jpg out.png composite 'image={"file": "logo.png"}'
#[derive(Args)]
pub(super) struct Apply {
    /// The picture to read; its format is told by its first bytes. "-" reads standard input
    input: PathBuf,
    /// The file to write; its extension says the format. "-" writes to standard output
    output: PathBuf,
    /// Transforms and their parameters: NAME [KEY=VALUE]... [NAME [KEY=VALUE]...]...
    #[arg(value_name = "STEP")]
    steps: Vec<String>,
    /// A further plugin to load, a .wasm file
    #[arg(long, value_name = "FILE")]
    plugin: Vec<PathBuf>,
    /// The format to write, when the extension does not say it
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    /// 1 to 100, or auto, auto:best, auto:good, auto:eco, auto:low, where the format has loss
    #[arg(long)]
    quality: Option<Quality>,
    /// 0 (fastest) to 9 (smallest)
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=9))]
    effort: Option<u8>,
    /// Progressive JPEG
    #[arg(long)]
    progressive: bool,
    /// Resolution of colour in JPEG: 4:4:4 or 4:2:0
    #[arg(long, value_parser = parse_chroma)]
    chroma: Option<Chroma>,
    /// Most colours of a PNG or GIF; a PNG then gets a palette
    #[arg(long, value_parser = clap::value_parser!(u16).range(2..=256))]
    colors: Option<u16>,
    /// Do not spread colours that are too few over neighbours
    #[arg(long)]
    no_dither: bool,
    /// How a TIFF is packed: deflate, lzw, pack_bits or none
    #[arg(long, value_parser = parse_compression)]
    compression: Option<TiffCompression>,
    /// Write without loss, where the format can
    #[arg(long)]
    lossless: bool,
    /// Keep ICC, EXIF and XMP
    #[arg(long)]
    keep_metadata: bool,
    /// The page or frame of the input, from 1, or "all" for outputs that keep several
    #[arg(long, value_name = "NUMBER")]
    page: Option<Pages>,
    /// Pixels an inch at which an SVG or PDF is rendered; a step that needs more or less gets it without loss
    #[arg(long)]
    dpi: Option<f64>,
    /// Pixels an inch, written into JPEG, PNG and TIFF, and the scale of a PDF's pages
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=2400))]
    output_dpi: Option<u16>,
    /// Do not turn the picture as its EXIF says
    #[arg(long)]
    as_stored: bool,
    /// Write all frames of an animation into a PNG, or (false) one frame where the format keeps all
    #[arg(long)]
    animated: Option<bool>,
    /// Print nothing but errors and found data
    #[arg(long, short)]
    quiet: bool,
}

impl Apply {
    pub(super) fn run(self, config: &Config, runtime: &tokio::runtime::Handle) -> Outcome {
        let _inside = runtime.enter();
        let steps = parse_steps(&self.steps)?;
        let bytes = if self.input.as_os_str() == "-" {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes)?;
            bytes
        } else {
            std::fs::read(&self.input).map_err(|error| format!("cannot read {}: {error}", self.input.display()))?
        };
        let registry = runtime.block_on(app::open_local(config))?;
        for path in &self.plugin {
            let component = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            registry.add(&component).map_err(|failure| format!("{}: {failure}", path.display()))?;
        }
        let snapshot = registry.snapshot();
        let format = self.format(snapshot.codecs())?;
        let rendering = Rendering { page: self.page, dpi: self.dpi, as_stored: self.as_stored, ..Rendering::default() };
        if let Some((name, message)) = rendering.problems().first() {
            return Err(format!("--{name}: {message}").into());
        }
        let output = Output {
            destination: None,
            id: "output".to_owned(),
            group: Group::Main,
            steps,
            encoding: Encoding {
                format: Some(format.name.into_owned()),
                quality: self.quality,
                chroma: self.chroma.unwrap_or_default(),
                effort: self.effort,
                lossless: self.lossless,
                progressive: self.progressive,
                colors: self.colors,
                dither: self.no_dither.then_some(false),
                tiff_compression: self.compression.unwrap_or_default(),
                dpi: self.output_dpi.map(f32::from),
                animated: self.animated,
                keep_metadata: self.keep_metadata,
                ..Encoding::default()
            },
        };
        let bar = if self.quiet { ProgressBar::hidden() } else { bar() };
        bar.set_message("reading the picture");
        let (source, mut made) = run_local(
            &*snapshot,
            &config.codec,
            LocalSource::Bytes(bytes.into(), String::new(), rendering),
            &[output],
            &read_image,
            &mut |progress| {
                bar.set_message(match progress {
                    LocalProgress::Planned(_) => "running the steps",
                    LocalProgress::Outputs { .. } => "writing",
                });
            },
        )
        .map_err(|failure| failure.to_string())?;
        let made = made.remove(0);
        bar.finish_and_clear();
        if let Some(error) = &made.report.error {
            return Err(match error.step {
                Some(step) => format!("step {}: {}: {}", step + 1, error.code, error.message),
                None => format!("{}: {}", error.code, error.message),
            }
            .into());
        }
        let encoded = made.bytes.ok_or("the output has no picture")?;
        if self.output.as_os_str() == "-" {
            std::io::stdout().lock().write_all(&encoded)?;
        } else {
            std::fs::write(&self.output, &encoded)
                .map_err(|error| format!("cannot write {}: {error}", self.output.display()))?;
        }
        self.tell(&source, &made.report, encoded.len())?;
        if registry.unoptimised() > 0 {
            if !self.quiet {
                eprintln!("first use: the plugins are compiled with all optimisations for the next time");
            }
            registry.settle();
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The format that is asked for, or that the output's extension names.
    fn format(&self, codecs: &dyn Codecs) -> Result<WrittenFormat, String> {
        let beside: String = codecs.written().iter().map(|name| format!(", {name}")).collect();
        let expected = format!("expected jpg, png, webp, gif, avif, tiff, bmp, ico{beside}");
        if let Some(name) = &self.format {
            return written_format(codecs, name).ok_or_else(|| format!("--format: is {name:?}, {expected}"));
        }
        let extension = self.output.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        written_format(codecs, extension).ok_or_else(|| {
            let output = self.output.display();
            match extension {
                "" => format!("{output}: has no extension that names a format; give --format, {expected}"),
                _ => format!("{output}: the extension {extension:?} names no format; {expected}"),
            }
        })
    }

    fn tell(&self, source: &SourceReport, made: &OutputReport, bytes: usize) -> std::io::Result<()> {
        let mut log = std::io::stderr().lock();
        // Data beside a picture on standard output would spoil it.
        let mut out: Box<dyn Write> =
            if self.output.as_os_str() == "-" { Box::new(&mut log) } else { Box::new(std::io::stdout().lock()) };
        for data in &made.data {
            writeln!(out, "{data}")?;
        }
        drop(out);
        if self.quiet {
            return Ok(());
        }
        for step in &made.steps {
            write!(log, "{} ({} {})", step.transform, step.plugin, step.version)?;
            if let (Some(ms), Some(peak)) = (step.ms, step.peak_bytes) {
                write!(log, "  {ms:.1} ms, {:.1} MB of memory", peak as f64 / 1e6)?;
            }
            writeln!(log)?;
        }
        writeln!(
            log,
            "{} x {} {} of {} bytes -> {} x {} of {bytes} bytes: {}",
            source.width,
            source.height,
            source.format,
            source.bytes,
            made.width.unwrap_or_default(),
            made.height.unwrap_or_default(),
            self.output.display()
        )
    }
}

/// A picture that a parameter names is a local file here: `{"file": "path"}`.
fn read_image(source: &ImageSource) -> Result<Bytes, Failure> {
    let ImageSource::File(path) = source else {
        let expected = r#"expected {"file": "path"}"#;
        let shown = ImageRef::from(source.clone()).to_value();
        return Err(Failure::new(Code::InvalidParams, format!("{shown} names no picture here, {expected}")));
    };
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::new(Code::SourceUnreachable, format!("cannot read {path}: {error}")))?;
    Ok(bytes.into())
}

fn parse_chroma(text: &str) -> Result<Chroma, String> {
    match text {
        "4:4:4" | "444" => Ok(Chroma::Full444),
        "4:2:0" | "420" => Ok(Chroma::Half420),
        _ => Err(format!("is {text:?}, expected 4:4:4 or 4:2:0")),
    }
}

fn parse_compression(text: &str) -> Result<TiffCompression, String> {
    let expected =
        || format!("is {text:?}, expected one of {}", TiffCompression::ALL.map(TiffCompression::name).join(", "));
    TiffCompression::from_name(text).ok_or_else(expected)
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})").expect("the template is valid");
    let bar = ProgressBar::new_spinner().with_style(style);
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    bar
}

/// `resize width=800 blur sigma_px=2`: a word without `=` begins a step. A value that is JSON is taken as
/// such, any other is a string.
fn parse_steps(words: &[String]) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    for word in words {
        match word.split_once('=') {
            None => steps.push(Step { transform: word.clone(), params: Params::new() }),
            Some((key, value)) => {
                let step = steps
                    .last_mut()
                    .ok_or_else(|| format!("{word}: a parameter has to follow the name of a transform"))?;
                let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
                if step.params.insert(key.to_owned(), value).is_some() {
                    return Err(format!("{word}: {} has {key} already", step.transform));
                }
            }
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Vec<Step>, String> {
        parse_steps(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn words_become_steps_and_values_keep_their_types() {
        let steps = parse("resize width=800 mode=fill blur sigma_px=2.5 flag=true text=a=b").unwrap();
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[0].transform, "resize");
        assert_eq!(steps[0].params["width"], 800);
        assert_eq!(steps[0].params["mode"], "fill");
        assert_eq!(steps[1].params["sigma_px"], 2.5);
        assert_eq!(steps[1].params["flag"], true);
        assert_eq!(steps[1].params["text"], "a=b");
    }

    #[test]
    fn a_parameter_without_a_step_or_given_twice_is_refused() {
        assert!(parse("width=800").unwrap_err().contains("width=800"));
        assert!(parse("resize width=1 width=2").unwrap_err().contains("width already"));
    }
}
