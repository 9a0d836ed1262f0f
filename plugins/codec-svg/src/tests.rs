//! What documents look like, and what hostile ones come to.

use safelight_sdk::codec::{self, Error, Limits, Opened, Request};
use safelight_sdk::{Image, PixelFormat, Size};

use super::{Drawing, Svg};

fn open(text: &str) -> Result<Opened<Drawing>, Error> {
    codec::open::<Svg>(text.as_bytes().to_vec(), "svg", &Limits::default())
}

fn document(attributes: &str, content: &str) -> String {
    let names = r#"xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink""#;
    format!("<svg {names} {attributes}>{content}</svg>")
}

fn render(text: &str, size: Option<Size>) -> Result<Image, Error> {
    let mut frames = open(text)?.render(0, 1, &Request { size, region: None })?;
    Ok(frames.remove(0).image)
}

fn pixel(image: &Image, x: u32, y: u32) -> &[u8] {
    let bytes = image.format.bytes();
    let at = (y * image.width + x) as usize * bytes;
    &image.pixels[at..at + bytes]
}

#[test]
fn shapes_stay_sharp_at_every_size() {
    let text = document(
        r#"width="10" height="20""#,
        r##"<rect width="5" height="20" fill="#ff0000"/><rect x="5" width="5" height="20" fill="#0000ff"/>"##,
    );
    assert_eq!(open(&text).unwrap().page(0).unwrap().size, Size::new(10, 20));
    let large = render(&text, Some(Size::new(1000, 500))).unwrap();
    assert_eq!((large.size(), large.format), (Size::new(1000, 500), PixelFormat::Rgb8));
    assert_eq!((pixel(&large, 499, 250), pixel(&large, 500, 250)), (&[255, 0, 0][..], &[0, 0, 255][..]));
}

#[test]
fn what_is_not_painted_is_transparent_and_alpha_is_straight() {
    let text =
        document(r#"width="2" height="1""#, r##"<rect width="1" height="1" fill="#ff8000" fill-opacity="0.5"/>"##);
    let image = render(&text, None).unwrap();
    assert_eq!((pixel(&image, 0, 0), pixel(&image, 1, 0)), (&[255, 128, 0, 128][..], &[0, 0, 0, 0][..]));
}

#[test]
fn nothing_outside_is_reached_and_scripts_do_nothing() {
    let file = std::env::temp_dir().join(format!("safelight-svg-{}.svg", std::process::id()));
    std::fs::write(&file, document(r#"width="4" height="4""#, r#"<rect width="4" height="4"/>"#)).unwrap();
    let content = format!(
        r#"<script>while (true) {{}}</script><style>@import url("http://127.0.0.1/a.css");</style>
        <image width="4" height="4" xlink:href="{0}"/><image width="4" height="4" href="file://{0}"/>
        <image width="4" height="4" href="http://127.0.0.1:1/x.png"/><use href="{0}#a"/>
        <foreignObject width="4" height="4"><iframe xmlns="http://www.w3.org/1999/xhtml" src="http://127.0.0.1/"/></foreignObject>"#,
        file.display()
    );
    let image = render(&document(r#"width="4" height="4""#, &content), None);
    std::fs::remove_file(&file).unwrap();
    assert!(image.unwrap().pixels.iter().all(|&byte| byte == 0));
}

#[test]
fn bombs_of_entities_uses_and_external_entities_are_refused() {
    let mut entities = String::from("<!ENTITY a0 \"xxxxxxxxxx\">");
    for level in 1..12 {
        let before = format!("&a{};", level - 1).repeat(10);
        entities.push_str(&format!("<!ENTITY a{level} \"{before}\">"));
    }
    let bomb = format!("<!DOCTYPE svg [{entities}]>{}", document(r#"width="4" height="4""#, "<text>&a11;</text>"));
    assert!(matches!(open(&bomb), Err(Error::Corrupt(_))));

    let outside = r#"<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>"#;
    let outside = format!("{outside}{}", document(r#"width="4" height="4""#, "<text>&x;</text>"));
    assert!(matches!(open(&outside), Err(Error::Corrupt(_))));

    let mut uses = String::from(r#"<g id="u0"><rect width="1" height="1"/></g>"#);
    for level in 1..12 {
        let before = format!(r##"<use href="#u{}"/>"##, level - 1).repeat(10);
        uses.push_str(&format!(r#"<g id="u{level}">{before}</g>"#));
    }
    assert!(matches!(open(&document(r#"width="4" height="4""#, &uses)), Err(Error::Limit(_))));
}

#[test]
fn damage_and_sizes_are_told() {
    for text in ["<svg", "<html><svg/></html>", "<svg xmlns='http://www.w3.org/2000/svg' width='0'/>"] {
        assert!(matches!(open(text), Err(Error::Corrupt(_))), "{text}");
    }
    let latin = b"<svg xmlns='http://www.w3.org/2000/svg' id='\xe9'/>".to_vec();
    assert!(matches!(codec::open::<Svg>(latin, "svg", &Limits::default()), Err(Error::Unsupported(_))));
    let huge = document(r#"width="100000" height="100000""#, "");
    // It may still be rendered smaller.
    assert!(open(&huge).unwrap().page(0).is_ok());
    assert!(matches!(render(&huge, None), Err(Error::Limit(_))));
    assert!(render(&huge, Some(Size::new(10, 10))).is_ok());
}
