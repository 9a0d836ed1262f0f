//! Documents that were written are read again; what is broken or locked is told.

use safelight_sdk::codec::{self, EncodeOptions, Error, Frame, Kind, Limits, Metadata, Opened, Request, Scaling};
use safelight_sdk::{Image, PixelFormat, Size};

use super::{PdfCodec, read::Document};

fn options() -> EncodeOptions {
    EncodeOptions {
        format: "pdf".to_owned(),
        quality: None,
        lossless: false,
        background: (255, 255, 255),
        dpi: None,
        metadata: Metadata::default(),
        max_bytes: 1 << 30,
    }
}

fn frame(image: Image) -> Frame {
    Frame { image, delay_ms: 0 }
}

fn filled(width: u32, height: u32, format: PixelFormat, color: &[u8]) -> Frame {
    frame(Image::new(width, height, format, color.repeat((width * height) as usize)))
}

/// Noise over a gradient: nothing that deflate likes.
fn photo(width: u32, height: u32) -> Image {
    let mut state = 1u32;
    let mut pixels = Vec::new();
    for index in 0..width * height {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let value = (index % width * 200 / width + (state >> 27)) as u8;
        pixels.extend([value, value / 2, 255 - value]);
    }
    Image::new(width, height, PixelFormat::Rgb8, pixels)
}

fn open(bytes: Vec<u8>) -> Result<Opened<Document>, Error> {
    codec::open::<PdfCodec>(bytes, "pdf", &Limits::default())
}

fn write(frames: Vec<Frame>, options: &EncodeOptions) -> Vec<u8> {
    codec::encode::<PdfCodec>(frames, options).unwrap()
}

fn render(document: &mut Opened<Document>, index: u32, size: Option<Size>) -> Image {
    document.render(index, 1, &Request { size, region: None }).unwrap().remove(0).image
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

/// A document of objects, with its table of references. The first object is the catalogue.
fn document(objects: &[&str], trailer: &str) -> Vec<u8> {
    let mut text = String::from("%PDF-1.4\n");
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(text.len());
        text.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let table = text.len();
    text.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    for offset in offsets {
        text.push_str(&format!("{offset:010} 00000 n \n"));
    }
    let size = objects.len() + 1;
    text.push_str(&format!("trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n"));
    text.into_bytes()
}

fn one_page(page: &str, content: &str) -> Vec<u8> {
    let page = format!("<< /Type /Page /Parent 2 0 R /Contents 4 0 R {page} >>");
    let content = format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len());
    let catalog = "<< /Type /Catalog /Pages 2 0 R >>";
    document(&[catalog, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", &page, &content], "")
}

#[test]
fn pictures_become_pages_of_their_size_and_come_back_as_they_were() {
    let frames = vec![
        filled(60, 40, PixelFormat::Rgb8, &[200, 10, 20]),
        filled(40, 60, PixelFormat::Gray8, &[77]),
        filled(30, 30, PixelFormat::Rgba8, &[0, 0, 255, 0]),
    ];
    let mut read = open(write(frames, &options())).unwrap();
    assert_eq!((read.info().kind, read.info().count), (Kind::Pages, 3));
    let page = read.page(0).unwrap();
    assert_eq!((page.size, page.dpi, page.scaling), (Size::new(60, 40), Some(150.0), Scaling::Free));
    assert_eq!(render(&mut read, 0, None).pixels, [200, 10, 20].repeat(2400));
    let gray = render(&mut read, 1, Some(Size::new(80, 120)));
    assert_eq!((gray.size(), gray.pixels), (Size::new(80, 120), vec![77; 80 * 120 * 3]));
    // What is transparent shows the paper.
    assert_eq!(render(&mut read, 2, None).pixels, [255].repeat(2700));
    assert_eq!(read.page(3), Err(Error::NoSuchPage(3)));
}

#[test]
fn photographs_become_jpeg_and_drawings_and_what_must_not_lose_do_not() {
    let image = photo(160, 120);
    let pdf = write(vec![frame(image.clone())], &options());
    assert!(contains(&pdf, "/DCTDecode") && pdf.len() < image.pixels.len() / 4, "{}", pdf.len());
    let back = render(&mut open(pdf.clone()).unwrap(), 0, None);
    let difference = |back: &Image| -> u64 {
        let pairs = image.pixels.iter().zip(&back.pixels);
        pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>() / image.pixels.len() as u64
    };
    assert!(difference(&back) < 10, "{}", difference(&back));
    let poor = write(vec![frame(image.clone())], &EncodeOptions { quality: Some(10), ..options() });
    assert!(poor.len() * 2 < pdf.len());

    let exact = write(vec![frame(image.clone())], &EncodeOptions { lossless: true, ..options() });
    assert!(contains(&exact, "/FlateDecode") && !contains(&exact, "/DCTDecode"));
    assert_eq!(render(&mut open(exact).unwrap(), 0, None).pixels, image.pixels);
    let drawing = write(vec![filled(160, 120, PixelFormat::Rgb8, &[1, 2, 3])], &options());
    assert!(contains(&drawing, "/FlateDecode") && !contains(&drawing, "/DCTDecode"));
}

#[test]
fn the_same_pictures_give_the_same_bytes_and_limits_are_kept() {
    let frames = || vec![frame(photo(50, 40)), filled(3, 2, PixelFormat::Rgba8, &[1, 2, 3, 4])];
    assert_eq!(write(frames(), &options()), write(frames(), &options()));
    let short = EncodeOptions { max_bytes: 500, ..options() };
    assert!(matches!(codec::encode::<PdfCodec>(frames(), &short), Err(Error::Limit(_))));
    let wrong = EncodeOptions { dpi: Some(0.0), ..options() };
    assert!(matches!(codec::encode::<PdfCodec>(frames(), &wrong), Err(Error::CannotWrite(_))));
    // A page is at most 14400 points long, the picture keeps all of its pixels.
    let long = write(vec![filled(40_000, 1, PixelFormat::Gray8, &[9])], &options());
    assert!(contains(&long, "[0 0 14400 0.36]"));
}

#[test]
fn boxes_rotation_and_units_are_followed() {
    let content = "1 0 0 rg 0 0 72 72 re f";
    let at = |page: &str| open(one_page(page, content)).unwrap();
    let mut whole = at("/MediaBox [0 0 144 72]");
    assert_eq!(whole.page(0).unwrap().size, Size::new(300, 150));
    let image = render(&mut whole, 0, Some(Size::new(4, 2)));
    assert_eq!(image.pixels[..12], [255, 0, 0, 255, 0, 0, 255, 255, 255, 255, 255, 255]);
    let turned = render(&mut at("/MediaBox [0 0 144 72] /Rotate 90"), 0, Some(Size::new(2, 4)));
    assert_eq!((&turned.pixels[..3], &turned.pixels[21..]), (&[255, 0, 0][..], &[255, 255, 255][..]));
    let mut cropped = at("/MediaBox [0 0 144 72] /CropBox [72 0 144 72]");
    assert_eq!(cropped.page(0).unwrap().size, Size::new(150, 150));
    assert_eq!(render(&mut cropped, 0, Some(Size::new(1, 1))).pixels, [255; 3]);
}

#[test]
fn text_is_set_in_the_fonts_that_every_reader_has() {
    let font = "<< /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>";
    let page = format!("/MediaBox [0 0 72 72] /Resources {font}");
    let image = render(&mut open(one_page(&page, "BT /F 60 Tf 10 10 Td (A) Tj ET")).unwrap(), 0, None);
    let dark = image.pixels.as_chunks::<3>().0.iter().filter(|pixel| pixel[0] < 128).count();
    assert!((1000..8000).contains(&dark), "{dark}");
}

#[test]
fn damage_locks_and_sizes_are_told() {
    for bytes in [&b"%PDF-"[..], b"%PDF-1.7\n%%EOF", b"%PDF-1.4\n1 0 obj\n<<", &[b'%'; 3000]] {
        assert!(matches!(open(bytes.to_vec()), Err(Error::Corrupt(_))), "{bytes:?}");
    }
    let empty = document(&["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>"], "");
    assert!(matches!(open(empty), Err(Error::Corrupt(_))));
    // Pages that are their own children.
    let cycle = document(&["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"], "");
    assert!(matches!(open(cycle), Err(Error::Corrupt(_))));
    let large = one_page("/MediaBox [0 0 14400 14400]", "");
    assert!(matches!(open(large.clone()).unwrap().render(0, 1, &Request::default()), Err(Error::Limit(_))));
    assert_eq!(render(&mut open(large).unwrap(), 0, Some(Size::new(3, 3))).pixels, [255; 27]);
    let flat = open(one_page("/MediaBox [0 0 0 10]", "")).unwrap().page(0);
    assert!(flat.is_ok() || matches!(flat, Err(Error::Corrupt(_))), "{flat:?}");
}
