//! Formats, qualities, flags and pages.

use safelight_codec::{Chroma, Look, TiffCompression};

use super::*;
use crate::job::{Encoding, Pages, Quality, Rendering};

fn encoding(text: &str) -> Encoding {
    lowered(text, 400, 300).encoding
}

#[test]
fn qualities() {
    let quality = |text: &str| encoding(text).quality;
    assert_eq!(quality("q_80"), Some(Quality::Fixed(80)));
    assert_eq!(quality("q_0.8"), Some(Quality::Fixed(80)));
    assert_eq!(quality("q_0"), Some(Quality::Fixed(1)));
    assert_eq!(quality("q_auto"), Some(Quality::Auto(Look::Good)));
    assert_eq!(quality("q_auto:sensitive"), Some(Quality::Auto(Look::Best)));
    assert_eq!(quality("q_auto:eco"), Some(Quality::Auto(Look::Eco)));
    assert_eq!(quality("q_jpegmini:1"), Some(Quality::Auto(Look::Best)));
    assert_eq!(quality("c_scale,w_10"), None);
    assert_eq!(encoding("q_80:444").chroma, Chroma::Full444);
    assert_eq!(encoding("q_auto:good:420").chroma, Chroma::Half420);
}

#[test]
fn flags_change_how_it_is_written() {
    assert!(encoding("fl_progressive").progressive);
    assert!(encoding("fl_progressive:steep").progressive);
    assert!(!encoding("fl_progressive:none").progressive);
    assert!(encoding("fl_keep_iptc").keep_metadata);
    assert_eq!(encoding("f_tif,fl_tiff8_lzw").tiff_compression, TiffCompression::Lzw);
    assert_eq!(encoding("f_png,fl_lossy").colors, Some(256));
    assert_eq!(encoding("fl_lossy").colors, None);
    let png8 = encoding("fl_png8");
    assert_eq!((png8.format.as_deref(), png8.colors), (Some("png"), Some(256)));
    assert_eq!(steps("fl_png24", 400, 300), [step("flatten", json!({ "color": "white" }))]);
    assert_eq!(encoding("fl_png32").format.as_deref(), Some("png"));
}

#[test]
fn formats_come_from_parameter_extension_and_header() {
    let facts = Facts::of(Size::new(400, 300));
    let made = |text: &str, extension: Option<&str>, accept| {
        with(text, &facts, JPEG, Wanted { extension: extension.map(name), accept }).unwrap().0
    };
    assert_eq!(made("c_scale,w_10", Some("png"), None).encoding.format.as_deref(), Some("png"));
    assert_eq!(made("f_webp", Some("png"), None).encoding.format.as_deref(), Some("webp"));
    let auto = made("f_auto", Some("jpg"), Some("image/avif, image/webp;q=0.5"));
    assert_eq!(auto.encoding.format.as_deref(), Some("auto"));
    assert_eq!(auto.encoding.accept.as_deref(), Some("image/avif,image/webp"));
    assert!(auto.varies && !made("", Some("jpg"), None).varies);
}

#[test]
fn pages_are_chosen_before_the_steps() {
    let facts = Facts::of(Size::new(400, 300));
    let made = |text: &str| with(text, &facts, Source { format: "gif", frames: 5 }, Wanted::default()).unwrap().0;
    let page = |page| Rendering { page: Some(page), ..Rendering::default() };
    assert_eq!(made("c_scale,w_10/pg_2").rendering, page(Pages::One(2)));
    assert_eq!(made("pg_all").rendering, page(Pages::All));
    let list = made("c_scale,w_10/pg_1;3-");
    assert_eq!(list.rendering, page(Pages::All));
    assert_eq!(told(&list.steps)[0], step("frames", json!({ "pick": [1, 3, 4, 5] })));
    assert_eq!(made("dn_150").rendering.dpi, Some(150.0));
    assert_eq!(told(&made("dl_5").steps), [step("delay", json!({ "delay_ms": 10 }))]);
    assert_eq!(told(&made("e_loop:2").steps), [step("loop", json!({ "times": 2 }))]);
    assert!(with("pg_9-", &facts, Source { format: "gif", frames: 5 }, Wanted::default()).is_err());
    let moving = made("f_png,fl_apng").encoding;
    assert_eq!((moving.format.as_deref(), moving.animated), (Some("png"), Some(true)));
    // Of a still picture there is nothing to delay.
    assert_eq!(steps("dl_100", 400, 300), []);
}

#[test]
fn a_source_is_measured_as_it_will_be_read() {
    let read = |text: &str| super::super::rendering(&text.parse().unwrap());
    assert_eq!(read("c_scale,w_10"), Rendering::default());
    assert!(read("c_scale,w_10/a_ignore").as_stored && lowered("a_ignore", 400, 300).rendering.as_stored);
    let expected = Rendering { page: Some(Pages::One(2)), dpi: Some(72.0), ..Rendering::default() };
    assert_eq!(read("pg_1/dn_72,pg_2/l_a,pg_3"), expected);
}

#[test]
fn some_transformations_change_no_pixel() {
    for (text, keeps) in [("", true), ("f_png,q_80", true), ("fl_attachment", true), ("w_10", false), ("pg_2", false)] {
        assert_eq!(lowered(text, 400, 300).keeps_pixels(), keeps, "{text}");
    }
}
