//! Pages as pictures.

use hayro::hayro_interpret::{InterpreterSettings, util::TransformExt};
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro::kurbo::Affine;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings, render_into};
use safelight_sdk::codec::{self, Error, Info, Kind, Limits, Page, Scaling};
use safelight_sdk::{Image, Size};

use crate::{DPI, POINTS};

/// A document that was read.
pub struct Document {
    pdf: Pdf,
    limits: Limits,
}

impl Document {
    pub(crate) fn open(bytes: Vec<u8>, limits: &Limits) -> Result<Document, Error> {
        let pdf = Pdf::new(bytes).map_err(|error| match error {
            LoadPdfError::Invalid => {
                Error::Corrupt("pdf document is damaged: it has no pages that can be found".into())
            }
            LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
                Error::Locked("pdf document is protected by a password".into())
            }
            LoadPdfError::Decryption(DecryptionError::UnsupportedAlgorithm) => {
                Error::Locked("pdf document is encrypted in a way that is not supported".into())
            }
            LoadPdfError::Decryption(error) => {
                Error::Corrupt(format!("pdf document is damaged: its encryption is broken ({error:?})"))
            }
        })?;
        if pdf.pages().is_empty() {
            return Err(Error::Corrupt("pdf document has no pages".into()));
        }
        Ok(Document { pdf, limits: *limits })
    }

    /// The size of a page in points, as it is to be seen.
    fn points(&self, index: u32) -> Result<(f32, f32), Error> {
        let pages = self.pdf.pages();
        let page = pages.get(index as usize).ok_or(Error::NoSuchPage(pages.len() as u32))?;
        let (width, height) = page.render_dimensions();
        let fits = |side: f32| side.is_finite() && side > 0.0;
        if !fits(width) || !fits(height) {
            let number = index + 1;
            return Err(Error::Corrupt(format!(
                "pdf document is damaged: page {number} has {width} x {height} points"
            )));
        }
        Ok((width, height))
    }
}

impl codec::Document for Document {
    fn info(&self) -> Info {
        Info { kind: Kind::Pages, count: self.pdf.pages().len() as u32 }
    }

    fn page(&mut self, index: u32) -> Result<Page, Error> {
        let (width, height) = self.points(index)?;
        // Far below what a u32 holds, far above every limit.
        let side = |points: f32| ((points * DPI / POINTS).round() as u32).clamp(1, 1 << 24);
        Ok(Page { dpi: Some(DPI), ..Page::new(Size::new(side(width), side(height)), Scaling::Free) })
    }

    fn render(&mut self, index: u32, size: Option<Size>) -> Result<Image, Error> {
        let size = match size {
            Some(size) => size,
            None => self.page(index)?.size,
        };
        self.limits.check_size(size)?;
        let side = |side: u32| {
            u16::try_from(side).map_err(|_| Error::Limit(format!("picture size: {size} px is over 65535 px a side")))
        };
        let (width, height) = (side(size.width)?, side(size.height)?);
        let points = self.points(index)?;
        let page = &self.pdf.pages()[index as usize];
        let scale = Affine::scale_non_uniform(
            f64::from(size.width) / f64::from(points.0),
            f64::from(size.height) / f64::from(points.1),
        );
        let mut context = RenderContext::new(width, height);
        let transform = scale * page.initial_transform(true).to_kurbo();
        let cache = RenderCache::new();
        let settings = InterpreterSettings { warning_sink: std::sync::Arc::new(|_| ()), ..Default::default() };
        render_into(page, &cache, &settings, &RenderSettings::default(), &mut context, transform);
        context.flush();
        let mut pixmap = Pixmap::new(width, height);
        let settings = RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..Default::default() };
        context.render_with(&mut pixmap, &mut Resources::default(), settings);
        Ok(codec::from_premultiplied(size.width, size.height, pixmap.data_as_u8_slice().to_vec()))
    }
}
