//! What authors of plugins call.

use std::{io::Write, net::SocketAddr, path::PathBuf, sync::Arc};

use clap::Args;
use safelight_codec::{EncodeOptions, Format, Picture, PixelFormat, Raster};

use crate::{
    authoring::{Language, Project, Workshop, pack},
    cli::Problem,
    config::Config,
    wasm::Registry,
};

#[derive(Args)]
pub(in crate::cli) struct New {
    /// The plugin's name, and the folder's unless --dir says another
    name: String,
    /// In what it is written
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    lang: Language,
    /// The folder to make
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl New {
    /// Writes the project, and to `out` what comes next.
    pub(super) fn write(self, out: &mut impl Write) -> Result<(), Problem> {
        let folder = self.dir.unwrap_or_else(|| PathBuf::from(&self.name));
        let project = Project::new(&self.name, self.lang)?;
        project.write(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let shown = folder.display();
        writeln!(out, "{shown} is a plugin in {}. Next:\n", self.lang)?;
        writeln!(out, "  cd {shown}")?;
        writeln!(out, "  make          # builds {}.wasm", self.name)?;
        writeln!(out, "  make test     # runs its tests")?;
        writeln!(out, "  safelight plugin dev .\n")?;
        writeln!(out, "README.md says more.")?;
        Ok(())
    }
}

#[derive(Args)]
pub(in crate::cli) struct Pack {
    /// The core module
    module: PathBuf,
    /// The component to write
    component: PathBuf,
    /// What it is: transformer or codec-plugin
    #[arg(long, default_value = "transformer")]
    world: String,
}

impl Pack {
    /// Writes the component.
    pub(super) fn write(self) -> Result<(), Problem> {
        let component = pack(&super::read(&self.module)?, &self.world)
            .map_err(|failure| format!("{}: {}", self.module.display(), failure.message))?;
        std::fs::write(&self.component, &component)
            .map_err(|error| format!("cannot write {}: {error}", self.component.display()))?;
        Ok(())
    }
}

#[derive(Args)]
pub(in crate::cli) struct Dev {
    /// The project
    dir: PathBuf,
    /// What builds it; run in the project by a shell
    #[arg(long, value_name = "COMMAND", default_value = "make")]
    build: String,
    /// The picture to show it on
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Where the page is served; port 0 picks one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
}

impl Dev {
    /// Serves until it is interrupted.
    pub(super) async fn run(self, registry: Registry, config: &Config) -> Result<(), Problem> {
        let folder = self.dir.canonicalize().map_err(|error| format!("{}: {error}", self.dir.display()))?;
        let picture = match &self.picture {
            Some(file) => super::read(file)?,
            None => test_card()?,
        };
        let workshop = Arc::new(Workshop::new(registry, config.clone(), folder, self.build, picture.into()));
        let listener = tokio::net::TcpListener::bind(self.listen)
            .await
            .map_err(|error| format!("cannot listen on {}: {error}", self.listen))?;
        {
            let mut out = std::io::stdout().lock();
            writeln!(out, "open http://{}/ - it follows the project; Ctrl+C ends it", listener.local_addr()?)?;
        }
        let watch = tokio::spawn(workshop.clone().watch());
        let stopped = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
        axum::serve(listener, workshop.router()).with_graceful_shutdown(stopped).await?;
        watch.abort();
        Ok(())
    }
}

/// A picture with all hues, grays, edges and soft alpha: 640 x 480 px.
fn test_card() -> Result<Vec<u8>, crate::error::Failure> {
    let (width, height) = (640u32, 480u32);
    let mut pixels = Vec::with_capacity((width * height * 4) as usize);
    for y in 0..height {
        for x in 0..width {
            let (across, down) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
            let hue = |shift: f64| ((across + shift) * std::f64::consts::TAU).cos() * 0.5 + 0.5;
            let (dx, dy) = (across - 0.5, (down - 0.5) * 0.75);
            let distance = dx.hypot(dy);
            let color = if down > 0.85 {
                [across; 3]
            } else if distance < 0.2 {
                let stripe = if (x / 8 + y / 8) % 2 == 0 { 0.95 } else { 0.1 };
                [stripe; 3]
            } else {
                [hue(0.0) * (1.0 - down) + down * 0.3, hue(1.0 / 3.0) * (1.0 - down), hue(2.0 / 3.0)]
            };
            let alpha = if down < 0.08 { across } else { 1.0 };
            pixels.extend(color.map(|value| (value.clamp(0.0, 1.0) * 255.0) as u8));
            pixels.push((alpha * 255.0) as u8);
        }
    }
    let raster = Raster::new(width, height, PixelFormat::Rgba8, pixels).expect("the card has its size");
    Ok(safelight_codec::encode(&Picture::still(raster), &EncodeOptions::new(Format::Png))?)
}
