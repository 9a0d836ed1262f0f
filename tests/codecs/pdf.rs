//! PDF of reportlab, Pillow and cairo against poppler, and what poppler says of the documents that are written.

use safelight_codec::Raster;
use serde_json::{Value, json};

use super::{Folder, assert_near, frames, photo_png, pixel, rgb, size};
use crate::support::{Origin, Server};

/// Three pages of different sizes: text in a font inside the document, a gradient with a transparent circle, a
/// photo as JPEG on a page that is turned.
const BOOK: &str = r"
import io, sys
from PIL import Image
from reportlab.lib.colors import HexColor
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
registerFont(TTFont('Vera', 'Vera.ttf'))
canvas = Canvas(sys.argv[1], pagesize=(300, 200), invariant=1)
canvas.setFont('Vera', 24)
canvas.drawString(20, 150, 'The first page')
canvas.setFont('Vera', 12)
for line in range(6):
    canvas.drawString(20, 120 - 14 * line, 'set in Vera, line after line, number %d' % line)
canvas.showPage()
canvas.setPageSize((200, 300))
canvas.linearGradient(0, 0, 200, 300, (HexColor('#204080'), HexColor('#f0c080')))
canvas.setFillColor(HexColor('#ff0000'))
canvas.setFillAlpha(0.5)
canvas.circle(100, 150, 60, stroke=0, fill=1)
canvas.showPage()
canvas.setPageSize((200, 200))
canvas.setPageRotation(90)
photo = io.BytesIO()
Image.merge('RGB', [Image.linear_gradient('L'), Image.radial_gradient('L'), Image.linear_gradient('L').rotate(90)]).save(photo, 'JPEG', quality=90)
canvas.drawImage(ImageReader(photo), 20, 40, 120, 120)
canvas.showPage()
canvas.save()
";

/// A page as poppler draws it.
fn poppler(folder: &Folder, name: &str, page: u32, dpi: u32) -> Raster {
    let (page, dpi) = (page.to_string(), dpi.to_string());
    folder.run("pdftoppm", &["-r", &dpi, "-f", &page, "-l", &page, "-singlefile", "-png", name, "poppler"]);
    folder.rgb("poppler.png")
}

fn pages(folder: &Folder, name: &str) -> u32 {
    let told = folder.run("pdfinfo", &[name]);
    let line = told.lines().find_map(|line| line.strip_prefix("Pages:")).unwrap();
    line.trim().parse().unwrap()
}

#[test]
fn every_page_looks_as_poppler_draws_it_at_every_resolution() {
    let folder = Folder::new();
    folder.python("book.pdf", BOOK);
    for (page, points, mean) in [(1, (300, 200), 6.0), (2, (200, 300), 1.5), (3, (200, 200), 1.5)] {
        for dpi in [72, 150] {
            let options = ["--page", &page.to_string(), "--dpi", &dpi.to_string()];
            folder.apply("book.pdf", "out.png", &options).unwrap();
            let ours = folder.rgb("out.png");
            let side = |points: u32| (f64::from(points * dpi) / 72.0).round() as u32;
            assert_eq!(size(&ours), (side(points.0), side(points.1)));
            // Poppler rounds up.
            let reference = poppler(&folder, "book.pdf", page, dpi);
            if size(&reference) == size(&ours) {
                assert_near(&ours, &reference, mean);
            }
        }
    }
    // A step that makes it larger gets it sharp.
    folder.apply("book.pdf", "out.png", &["--dpi", "36", "resize", "width=600"]).unwrap();
    assert_near(&folder.rgb("out.png"), &poppler(&folder, "book.pdf", 1, 144), 6.0);
}

#[test]
fn a_drawing_of_cairo_looks_like_the_drawing() {
    let folder = Folder::new();
    folder.write(
        "in.svg",
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"><rect width="300" height="200" fill="#ffe"/>
        <g opacity=".7"><circle cx="110" cy="100" r="70" fill="#c22"/><circle cx="190" cy="100" r="70" fill="#22c"/></g>
        <path d="M20 180 C 80 20, 220 20, 280 180" fill="none" stroke="#000" stroke-width="5" stroke-dasharray="12 5"/></svg>"##,
    );
    folder.run("rsvg-convert", &["-f", "pdf", "in.svg", "-o", "in.pdf"]);
    folder.apply("in.pdf", "out.png", &["--dpi", "144"]).unwrap();
    assert_near(&folder.rgb("out.png"), &poppler(&folder, "in.pdf", 1, 144), 1.0);
}

fn job(url: &str, source: Value, output: Value) -> Value {
    let (mut source, mut output) = (source, output);
    source["url"] = json!(url);
    output["id"] = json!("o");
    json!({"source": source, "outputs": [output]})
}

#[tokio::test]
async fn a_job_says_how_many_pages_there_are_and_takes_the_one_that_is_wanted() {
    let server = Server::start().await;
    let origin = Origin::start().await;
    let url = origin.bytes("book.pdf", Folder::new().python("book.pdf", BOOK));
    let done = server.run(&job(&url, json!({"page": 2, "dpi": 72}), json!({"format": "png"}))).await;
    assert_eq!(done["state"], "succeeded", "{done}");
    let source = &done["source"];
    assert_eq!((&source["format"], &source["frames"]), (&json!("pdf"), &json!(3)));
    assert_eq!((&source["width"], &source["height"]), (&json!(200), &json!(300)));
    let page = rgb(&server.download(&done["outputs"][0]).await);
    assert_eq!(size(&page), (200, 300));
    assert!(pixel(&page, 100, 150)[0] > 180, "the circle is there");

    let done = server.run(&job(&url, json!({"page": 4}), json!({"format": "png"}))).await;
    assert_eq!(done["errors"][0]["code"], "invalid_params", "{done}");
    assert!(done["errors"][0]["message"].as_str().unwrap().contains("page: is 4, the source has 3"), "{done}");
    let refused = server.refused(&job(&url, json!({"page": 0, "dpi": 9000}), json!({"format": "png"}))).await;
    assert_eq!(refused.0, 422, "{}", refused.1);
    let text = refused.1.to_string();
    assert!(text.contains("/source/page") && text.contains("/source/dpi"), "{text}");

    // All pages as one animation, on sheets of the first one's size.
    let done = server.run(&job(&url, json!({"page": "all", "dpi": 72}), json!({"format": "gif"}))).await;
    assert_eq!(done["state"], "succeeded", "{done}");
    let all = frames(&server.download(&done["outputs"][0]).await);
    assert_eq!((all.len(), size(&all[2])), (3, (300, 200)));
}

#[tokio::test]
async fn animations_and_photos_are_written_as_documents() {
    let server = Server::start().await;
    let origin = Origin::start().await;
    let folder = Folder::new();
    let gif = folder.python(
        "in.gif",
        "import sys\nfrom PIL import Image\nframes = [Image.new('RGB', (60, 40), color) for color in ['red', 'lime', 'blue']]\n\
         frames[0].save(sys.argv[1], save_all=True, append_images=frames[1:], duration=100)",
    );
    let step = json!([{"transform": "resize", "params": {"width": 120}}]);
    let done = server.run(&job(&origin.bytes("in.gif", gif), json!({}), json!({"format": "pdf", "steps": step}))).await;
    assert_eq!(done["state"], "succeeded", "{done}");
    let output = &done["outputs"][0];
    assert_eq!((&output["format"], &output["frames"]), (&json!("pdf"), &json!(3)), "{output}");
    let answer = server.client.get(output["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/pdf");
    assert!(answer.headers()["content-disposition"].to_str().unwrap().contains("o.pdf"));
    folder.write("out.pdf", answer.bytes().await.unwrap());
    assert_eq!(pages(&folder, "out.pdf"), 3);
    for (page, color) in [(1, [255, 0, 0]), (2, [0, 255, 0]), (3, [0, 0, 255])] {
        let shown = poppler(&folder, "out.pdf", page, 150);
        assert_eq!((size(&shown), pixel(&shown, 60, 40)), ((120, 80), &color[..]));
    }
    // It is a source again.
    let url = origin.bytes("out.pdf", folder.read("out.pdf"));
    let done = server.run(&job(&url, json!({"page": 2}), json!({"format": "png"}))).await;
    assert_eq!(pixel(&rgb(&server.download(&done["outputs"][0]).await), 9, 9), [0, 255, 0]);
}

#[test]
fn poppler_shows_written_pages_as_the_pictures_they_are() {
    let folder = Folder::new();
    photo_png(&folder, "in.png", 300, 200);
    let photo = folder.rgb("in.png");
    folder.apply("in.png", "lossy.pdf", &["--quality", "90"]).unwrap();
    folder.apply("in.png", "exact.pdf", &["--lossless"]).unwrap();
    let list = |name: &str| folder.run("pdfimages", &["-list", name]);
    assert!(list("lossy.pdf").contains("jpeg"), "{}", list("lossy.pdf"));
    assert!(!list("exact.pdf").contains("jpeg"));
    assert_near(&poppler(&folder, "lossy.pdf", 1, 150), &photo, 6.0);
    folder.run("pdfimages", &["-png", "exact.pdf", "inside"]);
    assert_eq!(folder.rgb("inside-000.png"), photo);
    folder.apply("exact.pdf", "back.png", &[]).unwrap();
    assert_eq!(folder.rgb("back.png"), photo);
    // Transparency stays: over white paper.
    folder.python(
        "alpha.png",
        "import sys\nfrom PIL import Image\nImage.new('RGBA', (30, 20), (255, 0, 0, 128)).save(sys.argv[1])",
    );
    folder.apply("alpha.png", "alpha.pdf", &[]).unwrap();
    let shown = poppler(&folder, "alpha.pdf", 1, 150);
    let reddish = pixel(&shown, 15, 10);
    assert!(reddish[0] == 255 && reddish[1].abs_diff(127) <= 1, "{reddish:?}");
}

#[test]
fn locked_and_damaged_documents_are_told() {
    let folder = Folder::new();
    let encrypted = |user: &str| {
        format!(
            "import sys\nfrom reportlab.lib.pdfencrypt import StandardEncryption\nfrom reportlab.pdfgen.canvas import Canvas\n\
             canvas = Canvas(sys.argv[1], pagesize=(100, 100), encrypt=StandardEncryption('{user}', ownerPassword='o', strength=128))\n\
             canvas.rect(0, 0, 100, 100, fill=1)\ncanvas.save()"
        )
    };
    folder.python("locked.pdf", &encrypted("secret"));
    let error = folder.apply("locked.pdf", "out.png", &[]).unwrap_err();
    assert!(error.contains("unsupported_feature: pdf document is protected by a password"), "{error}");
    // Whom only its owner's password keeps from changing it.
    folder.python("open.pdf", &encrypted(""));
    folder.apply("open.pdf", "out.png", &[]).unwrap();
    assert_eq!(pixel(&folder.rgb("out.png"), 100, 100), [0, 0, 0]);

    let whole = folder.python("book.pdf", BOOK);
    for length in [10, 200] {
        folder.write("cut.pdf", &whole[..length]);
        let error = folder.apply("cut.pdf", "out.png", &[]).unwrap_err();
        assert!(error.contains("corrupt_image: pdf document is damaged"), "cut to {length}: {error}");
    }
    for at in (20..whole.len()).step_by(whole.len() / 20) {
        let mut damaged = whole.clone();
        damaged[at..(at + 8).min(whole.len())].fill(b'<');
        folder.write("damaged.pdf", damaged);
        if let Err(error) = folder.apply("damaged.pdf", "out.png", &[]) {
            let told = ["corrupt_image", "unsupported_feature", "image_limit", "limit_memory"];
            assert!(told.iter().any(|code| error.contains(code)), "damaged at {at}: {error}");
        }
    }
}

/// Documents that promise endless work: the program writes one for each name.
const HOSTILE: &str = r"
import sys, zlib
def stream(data, entries=b''):
    return b'<< /Length %d %s >>\nstream\n' % (len(data), entries) + data + b'\nendstream'
def document(page, content, resource):
    objects = [b'<< /Type /Catalog /Pages 2 0 R >>', b'<< /Type /Pages /Kids [%s] /Count 1 >>' % page,
        b'<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >>'
        b' /Pattern << /X 5 0 R >> >> >>', content, resource]
    text, offsets = b'%PDF-1.4\n', []
    for index, body in enumerate(objects):
        offsets.append(len(text))
        text += b'%d 0 obj\n%s\nendobj\n' % (index + 1, body)
    table = b''.join(b'%010d 00000 n \n' % offset for offset in offsets)
    return text + b'xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF' % (table, len(text))
draw, lines = b'200 0 0 200 0 0 cm /X Do', zlib.compress(b'0 0 m 100 100 l S\n' * 20000000, 9)
form = b'/Type /XObject /Subtype /Form /BBox [0 0 200 200] /Resources << /XObject << /X 5 0 R >> >>'
image = b'/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /FlateDecode'
tile = b'/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep 0.0001 /YStep 0.0001 /Resources << >>'
kinds = {
    'nested': (b'3 0 R', stream(b'[' * 200000), b'null'),
    'itself': (b'3 0 R', stream(b'/X Do /X Do'), stream(b'/X Do /X Do', form)),
    'lines': (b'3 0 R', stream(lines, b'/Filter /FlateDecode'), b'null'),
    'image': (b'3 0 R', stream(draw), stream(zlib.compress(bytes(1000)), image)),
    'tiles': (b'3 0 R', stream(b'/Pattern cs /X scn 0 0 200 200 re f'), stream(b'0 0 1 1 re f', tile)),
    'pages': (b'3 0 R ' * 300000, stream(b''), b'null'),
    'saves': (b'3 0 R', stream(b'q ' * 3000000), b'null'),
}
for name, parts in kinds.items():
    with open('%s/%s.pdf' % (sys.argv[1], name), 'wb') as file:
        file.write(document(*parts))
";

#[tokio::test]
async fn documents_that_promise_endless_work_end_soon() {
    let server =
        Server::builder().set("wasm", "deadline_ms", 3000).set("wasm", "memory_bytes", 512 << 20).start().await;
    let origin = Origin::start().await;
    let folder = Folder::new();
    crate::support::tools::python(HOSTILE, &[folder.path("").to_str().unwrap()]);
    for name in ["nested", "itself", "lines", "image", "tiles", "pages", "saves"] {
        let url = origin.bytes(name, folder.read(&format!("{name}.pdf")));
        let started = std::time::Instant::now();
        let done = server.run(&job(&url, json!({}), json!({"format": "png"}))).await;
        let code = done["errors"][0]["code"].as_str().unwrap_or("none");
        let told = ["none", "limit_time", "limit_memory", "limit_stack", "corrupt_image", "image_limit"];
        assert!(told.contains(&code), "{name}: {done}");
        assert!(started.elapsed().as_secs() < 30, "{name} took {:?}", started.elapsed());
    }
    assert_eq!(
        server.run(&job(&origin.bytes("nested", Folder::new().python("b.pdf", BOOK)), json!({}), json!({}))).await["state"],
        "succeeded"
    );
}
