//! A codec that is of no use without a table: `WITNESS`, then one index into the table `palette` for each gray pixel
//! of a row.

use safelight_sdk::codec::{
    Codec, Document, EncodeOptions, Error, Format, Frame, Limits, Mark, Metadata, Page, Scaling,
};
use safelight_sdk::{Image, Need, PixelFormat, Size, fonts, tables};

const MARK: &[u8] = b"WITNESS";

struct Witness;

struct Source {
    indices: Vec<u8>,
}

fn palette() -> Result<Vec<u8>, Error> {
    tables::load("palette").ok_or_else(|| Error::Other("there is no palette".to_owned()))
}

impl Codec for Witness {
    const FORMATS: &'static [Format] = &[Format {
        extensions: &["witness"],
        media_types: &["image/x-witness"],
        signatures: &[&[Mark::at(0, MARK)]],
        writes: true,
        ..Format::reading("witness")
    }];
    type Document = Source;

    fn open(bytes: Vec<u8>, _format: &str, limits: &Limits) -> Result<Source, Error> {
        let indices = bytes.strip_prefix(MARK).filter(|rest| !rest.is_empty());
        let indices = indices.ok_or_else(|| Error::Truncated("witness has no pixels".to_owned()))?.to_vec();
        limits.check_size(Size::new(indices.len() as u32, 1))?;
        Ok(Source { indices })
    }

    fn encode(frames: Vec<Frame>, _options: &EncodeOptions) -> Result<Vec<u8>, Error> {
        let palette = palette()?;
        let Image { width, ref pixels, .. } = safelight_sdk::to_format(frames[0].image.clone(), PixelFormat::Gray8);
        let nearest = |pixel: &u8| {
            let distance = |(_, color): &(usize, &u8)| color.abs_diff(*pixel);
            palette.iter().enumerate().min_by_key(distance).map_or(0, |(index, _)| index as u8)
        };
        Ok(MARK.iter().copied().chain(pixels[..width as usize].iter().map(nearest)).collect())
    }
}

impl Document for Source {
    fn page(&mut self, _index: u32) -> Result<Page, Error> {
        Ok(Page { gray: true, ..Page::new(Size::new(self.indices.len() as u32, 1), Scaling::Fixed) })
    }

    fn render(&mut self, _index: u32, _size: Option<Size>) -> Result<Image, Error> {
        let palette = palette()?;
        let pixels = self.indices.iter().map(|index| palette.get(usize::from(*index)).copied().unwrap_or(0)).collect();
        Ok(Image::new(self.indices.len() as u32, 1, PixelFormat::Gray8, pixels))
    }

    /// The names of the fonts that it sees stand in the place of XMP.
    fn metadata(&mut self) -> Metadata {
        Metadata { xmp: Some(fonts::names().join(" ").into_bytes()), ..Metadata::default() }
    }
}

safelight_sdk::export_codec!(
    name: "witness-codec",
    summary: "A row of pixels, by a table of the operator.",
    needs: [Need::table("palette", "The grays of the pixels."), Need::fonts("To tell their names.").optional()],
    codec: Witness,
);
