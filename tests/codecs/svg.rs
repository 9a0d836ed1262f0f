//! SVG against librsvg, and what documents of strangers may try.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Folder, assert_near, pixel, rgb, size, url_of};
use crate::support::{Origin, Server, ServerBuilder};

/// Gradients, strokes, clips, transforms, opacity: no text, as fonts differ.
const DRAWING: &str = r##"<?xml version="1.0" encoding="UTF-8"?>
<!-- A comment before the root. -->
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 120 60" width="240" height="120">
  <defs>
    <linearGradient id="sky" x2="0" y2="1"><stop stop-color="#204080"/><stop offset="1" stop-color="#f0c080"/></linearGradient>
    <radialGradient id="sun"><stop stop-color="#fff"/><stop offset="1" stop-color="#fa0" stop-opacity="0"/></radialGradient>
    <clipPath id="hill"><path d="M0 60 Q30 20 60 45 T120 40 V60 Z"/></clipPath>
  </defs>
  <rect width="120" height="60" fill="url(#sky)"/>
  <circle cx="85" cy="18" r="14" fill="url(#sun)"/>
  <g clip-path="url(#hill)"><rect width="120" height="60" fill="#263"/><circle cx="30" cy="45" r="12" fill="#485" opacity=".6"/></g>
  <g stroke="#412" stroke-width="2" fill="none" transform="rotate(-8 60 30)">
    <path d="M5 50 C 30 10, 60 70, 115 30" stroke-dasharray="6 3" stroke-linecap="round"/>
    <polyline points="10,10 20,20 30,8 40,22" stroke-linejoin="bevel"/>
  </g>
  <use xlink:href="#star" x="40"/><path id="star" d="M20 5 l2 6 h6 l-5 4 l2 6 l-5 -4 l-5 4 l2 -6 l-5 -4 h6 z" fill="#ff8"/>
</svg>"##;

#[test]
fn a_drawing_looks_as_librsvg_draws_it_at_every_size() {
    let folder = Folder::new();
    folder.write("in.svg", DRAWING);
    // In a small picture most pixels are edges.
    for (width, height, mean) in [(300, 150, 0.5), (60, 30, 2.5), (1200, 600, 0.5)] {
        folder.apply("in.svg", "out.png", &["resize", &format!("width={width}")]).unwrap();
        folder.run("rsvg-convert", &["-w", &width.to_string(), "in.svg", "-o", "reference.png"]);
        let ours = folder.rgb("out.png");
        assert_eq!(size(&ours), (width, height));
        assert_near(&ours, &folder.rgb("reference.png"), mean);
    }
    folder.apply("in.svg", "out.png", &["--dpi", "192"]).unwrap();
    folder.run("rsvg-convert", &["-z", "2", "in.svg", "-o", "reference.png"]);
    assert_near(&folder.rgb("out.png"), &folder.rgb("reference.png"), 0.5);
}

#[test]
fn text_is_set_in_the_fonts_of_the_host() {
    let folder = Folder::new();
    let text = |family: &str| {
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="200" height="60"><rect width="200" height="60" fill="white"/>
               <text x="10" y="45" font-size="40" font-family="{family}">Safelight</text></svg>"#
        )
    };
    for family in ["sans-serif", "serif", "monospace", "No Such Family"] {
        folder.write("in.svg", text(family));
        folder.apply("in.svg", "out.png", &[]).unwrap();
        let dark = folder.rgb("out.png").pixels().iter().filter(|&&value| value < 100).count() / 3;
        assert!((600..4000).contains(&dark), "{family}: {dark} dark pixels");
    }
}

fn job(url: &str, source: Value) -> Value {
    let mut source = source;
    source["url"] = json!(url);
    json!({"source": source, "outputs": [{"id": "o", "format": "png"}]})
}

#[tokio::test]
async fn nothing_outside_of_a_document_is_reached_and_scripts_do_nothing() {
    let server = Server::start().await;
    let origin = Origin::start().await;
    let secret = origin.bytes(
        "secret.svg",
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect id="a" width="40" height="40"/></svg>"#,
    );
    let folder = Folder::new();
    folder.write(
        "local.svg",
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect id="a" width="40" height="40"/></svg>"#,
    );
    let (path, file) = (folder.path("local.svg"), url_of(&folder.path("local.svg")));
    let document = format!(
        r##"<?xml-stylesheet href="{secret}"?>
        <svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="40" height="40" onload="while(true);">
        <script>while (true) {{}}</script><script href="{secret}"/>
        <style>@import url({secret}); @font-face {{ font-family: x; src: url({secret}) }} rect {{ fill: url({secret}#a) }}</style>
        <image width="40" height="40" href="{secret}"/><image width="40" height="40" xlink:href="{file}"/>
        <image width="40" height="40" href="{path}"/><use href="{secret}#a"/><use xlink:href="{file}#a"/>
        <foreignObject width="40" height="40"><img xmlns="http://www.w3.org/1999/xhtml" src="{secret}"/></foreignObject>
        <circle cx="20" cy="20" r="10" fill="#0f0"/></svg>"##,
        path = path.display()
    );
    let done = server.run(&job(&origin.bytes("in.svg", document), json!({}))).await;
    assert_eq!(done["state"], "succeeded", "{done}");
    assert_eq!(done["source"]["format"], "svg");
    let picture = super::frames(&server.download(&done["outputs"][0]).await).remove(0);
    assert_eq!((pixel(&picture, 20, 20), pixel(&picture, 0, 0)), (&[0, 255, 0, 255][..], &[0, 0, 0, 0][..]));
    assert_eq!(origin.asked("secret.svg"), 0);
}

fn limited() -> ServerBuilder {
    Server::builder().set("wasm", "deadline_ms", 3000).set("wasm", "memory_bytes", 128 << 20)
}

#[tokio::test]
async fn what_costs_too_much_meets_its_limit() {
    let server = limited().start().await;
    let origin = Origin::start().await;
    let drawing = |content: &str| {
        let document = format!(r#"<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="1000">{content}</svg>"#);
        origin.bytes(&uuid::Uuid::now_v7().to_string(), document)
    };
    let check = async |url: String, source: Value, codes: &[&str], text: &str| {
        let started = Instant::now();
        let done = server.run(&job(&url, source)).await;
        let error = &done["errors"][0];
        assert!(codes.iter().any(|code| error["code"] == *code), "expected {codes:?}: {done}");
        assert!(error["message"].as_str().unwrap().contains(text), "{error}");
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    };
    check(drawing(""), json!({"dpi": 2400}), &["image_limit"], "is over the limit of").await;
    check(drawing(""), json!({"width": 60000}), &["image_limit"], "60000 x 60000 px").await;
    // Within the limit of pixels, over that of memory.
    check(drawing(""), json!({"width": 9000}), &["limit_memory"], "134217728 are allowed").await;
    let blur = "<feGaussianBlur stdDeviation='90'/><feMorphology operator='dilate' radius='400'/>".repeat(400);
    let slow = format!(
        "<filter id='f' x='0' y='0' width='1' height='1'>{blur}</filter>\
        <rect filter='url(#f)' width='1000' height='1000'/>"
    );
    check(drawing(&slow), json!({}), &["limit_time"], "codec-svg ran for more than 3000 ms").await;
    let mut uses = String::from("<g id='u0'><rect width='1' height='1'/></g>");
    for level in 1..12 {
        let before = format!("<use href='#u{}'/>", level - 1).repeat(10);
        uses.push_str(&format!("<g id='u{level}'>{before}</g>"));
    }
    check(drawing(&uses), json!({}), &["image_limit", "limit_memory", "limit_time"], "").await;
    check(drawing("<rect"), json!({}), &["corrupt_image"], "svg document is damaged").await;
    // The next one is as good as ever.
    let done = server.run(&job(&drawing("<rect width='9' height='9'/>"), json!({"width": 50}))).await;
    assert_eq!((&done["state"], &done["outputs"][0]["width"]), (&json!("succeeded"), &json!(50)));
    assert_eq!(size(&rgb(&server.download(&done["outputs"][0]).await)), (50, 50));
}
