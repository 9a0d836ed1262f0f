//! Pictures as pages: each page is as large as its picture, and shows nothing else.

use std::borrow::Cow;

use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref};
use safelight_sdk::codec::{EncodeOptions, Error, Frame};
use safelight_sdk::{Image, PixelFormat};

use crate::samples::{LEVEL, Samples};
use crate::{DPI, POINTS};

/// The name of a page's picture among its resources.
const PICTURE: Name = Name(b"Im0");

/// The largest side of a page in points that readers have to support (ISO 32000-1 annex C.2).
const MAX_POINTS: f32 = 14_400.0;

/// The numbers of the objects of one page, and of the two before the first page.
const OBJECTS_OF_A_PAGE: usize = 4;
const OBJECTS_BEFORE: i32 = 3;

pub(crate) fn write(frames: &[Frame], options: &EncodeOptions) -> Result<Vec<u8>, Error> {
    let dpi = options.dpi.unwrap_or(DPI);
    if !(1.0..=10_000.0).contains(&dpi) {
        return Err(Error::CannotWrite(format!("dpi: is {dpi}, expected 1 to 10000")));
    }
    let (catalog, tree) = (Ref::new(1), Ref::new(2));
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    let first_of = |index: usize| OBJECTS_BEFORE + (index * OBJECTS_OF_A_PAGE) as i32;
    pdf.pages(tree).kids((0..frames.len()).map(|index| Ref::new(first_of(index)))).count(frames.len() as i32);
    for (index, frame) in frames.iter().enumerate() {
        let first = first_of(index);
        page(&mut pdf, tree, first, &frame.image, dpi, options);
        if pdf.len() as u64 > options.max_bytes {
            let most = options.max_bytes;
            return Err(Error::Limit(format!("encoded size: {} pages are over the limit of {most} bytes", index + 1)));
        }
    }
    Ok(pdf.finish())
}

fn page(pdf: &mut Pdf, tree: Ref, first: i32, image: &Image, dpi: f32, options: &EncodeOptions) {
    let id = |number| Ref::new(first + number);
    let (page_id, content_id, picture_id, mask_id) = (id(0), id(1), id(2), id(3));
    // A picture that is too large for a page is shown at more pixels an inch.
    let most = image.width.max(image.height) as f32 * POINTS / dpi;
    let scale = POINTS / dpi * (MAX_POINTS / most).min(1.0);
    // Hundredths are exact enough, and short.
    let side = |pixels: u32| ((pixels as f32 * scale * 100.0).round() / 100.0).max(0.01);
    let (width, height) = (side(image.width), side(image.height));

    let mut page = pdf.page(page_id);
    page.media_box(Rect::new(0.0, 0.0, width, height)).parent(tree).contents(content_id);
    page.resources().x_objects().pair(PICTURE, picture_id);
    page.finish();

    let mut content = Content::new();
    content.save_state();
    content.transform([width, 0.0, 0.0, height, 0.0, 0.0]);
    content.x_object(PICTURE);
    content.restore_state();
    pdf.stream(content_id, &content.finish());

    let (colors, alpha) = planes(image);
    let samples = Samples { bytes: &colors, width: image.width, height: image.height };
    let data = samples.encode(options);
    let mut picture = pdf.image_xobject(picture_id, &data.bytes);
    picture.filter(data.filter);
    picture.width(image.width as i32).height(image.height as i32).bits_per_component(8);
    match image.format {
        PixelFormat::Gray8 => picture.color_space().device_gray(),
        PixelFormat::Rgb8 | PixelFormat::Rgba8 => picture.color_space().device_rgb(),
    }
    if alpha.is_some() {
        picture.s_mask(mask_id);
    }
    picture.finish();
    if let Some(alpha) = alpha {
        let alpha = compress_to_vec_zlib(&alpha, LEVEL);
        let mut mask = pdf.image_xobject(mask_id, &alpha);
        mask.filter(Filter::FlateDecode);
        mask.width(image.width as i32).height(image.height as i32).bits_per_component(8);
        mask.color_space().device_gray();
    }
}

/// Colours, and alpha where there is any.
fn planes(image: &Image) -> (Cow<'_, [u8]>, Option<Vec<u8>>) {
    if image.format != PixelFormat::Rgba8 {
        return (image.pixels.as_slice().into(), None);
    }
    let pixels = image.pixels.as_chunks::<4>().0;
    let mut colors = Vec::with_capacity(pixels.len() * 3);
    let mut alpha = Vec::with_capacity(pixels.len());
    for &[red, green, blue, opacity] in pixels {
        colors.extend([red, green, blue]);
        alpha.push(opacity);
    }
    (colors.into(), Some(alpha))
}
