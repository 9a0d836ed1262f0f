//! Codec plugin `codec-svg`: SVG documents, rendered at the size that is asked for.
//!
//! Nothing outside of the document is reached: linked files and addresses are left out, scripts and
//! animations are ignored. Pictures inside of it (data URIs) are shown. Text is set in the host's fonts; without
//! any, text is left out and the log says so.

mod fonts;
#[cfg(test)]
mod tests;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, ImageHrefResolver, Options, Tree, roxmltree};
use safelight_sdk::codec::{self, Codec, Document, Error, Format, Limits, Mark, Page, Scaling};
use safelight_sdk::{Image, Need, Size};

/// Pixels an inch at which a CSS pixel is a pixel (CSS Values and Units 3, section 5.2).
const DPI: f32 = 96.0;

/// The codec.
pub struct Svg;

impl Codec for Svg {
    const FORMATS: &'static [Format] = &[Format {
        extensions: &["svg"],
        media_types: &["image/svg+xml"],
        // A prolog and comments may stand before the root.
        signatures: &[&[Mark::within(4096, b"<svg")]],
        ..Format::reading("svg")
    }];
    type Document = Drawing;

    fn open(bytes: Vec<u8>, _format: &str, limits: &Limits) -> Result<Drawing, Error> {
        let text = std::str::from_utf8(&bytes)
            .map_err(|error| Error::Unsupported(format!("svg document is not in UTF-8: {error}")))?;
        let options = Options {
            image_href_resolver: ImageHrefResolver {
                resolve_data: ImageHrefResolver::default_data_resolver(),
                // Names of files and addresses.
                resolve_string: Box::new(|_, _| None),
            },
            fontdb: fonts::database(text),
            dpi: DPI,
            ..Options::default()
        };
        let tree = Tree::from_str(text, &options).map_err(|error| match error {
            usvg::Error::ElementsLimitReached | usvg::Error::ParsingFailed(roxmltree::Error::NodesLimitReached) => {
                Error::Limit("svg document has too many elements".to_owned())
            }
            error => Error::Corrupt(format!("svg document is damaged: {error}")),
        })?;
        Ok(Drawing { tree, limits: *limits })
    }
}

/// A document that was read.
pub struct Drawing {
    tree: Tree,
    limits: Limits,
}

impl Document for Drawing {
    fn page(&mut self, _index: u32) -> Result<Page, Error> {
        let own = self.tree.size();
        // Far below what a u32 holds, far above every limit.
        let side = |length: f32| (length.round() as u32).clamp(1, 1 << 24);
        let size = Size::new(side(own.width()), side(own.height()));
        Ok(Page { dpi: Some(DPI), has_alpha: true, ..Page::new(size, Scaling::Free) })
    }

    fn render(&mut self, index: u32, size: Option<Size>) -> Result<Image, Error> {
        let size = match size {
            Some(size) => size,
            None => self.page(index)?.size,
        };
        self.limits.check_size(size)?;
        let mut pixmap = Pixmap::new(size.width, size.height)
            .ok_or_else(|| Error::Limit(format!("picture size: {size} px cannot be rendered")))?;
        let own = self.tree.size();
        let scale = Transform::from_scale(size.width as f32 / own.width(), size.height as f32 / own.height());
        resvg::render(&self.tree, scale, &mut pixmap.as_mut());
        Ok(codec::from_premultiplied(size.width, size.height, pixmap.take()))
    }
}

safelight_sdk::export_codec!(
    name: "codec-svg",
    summary: "SVG documents, rendered at any size; nothing outside of them is reached.",
    needs: [Need::fonts("The fonts that text is set in.").optional()],
    codec: Svg,
);
