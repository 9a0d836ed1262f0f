//! Blitline: what a job can ask for beside functions.

use serde_json::{Value, json};

use super::blitline::{application, listen, size, submit};
use crate::support::{Answer, Origin, Receiver, Server, jpeg, png, tools};

fn job(more: Value) -> Value {
    let mut job = json!({"application_id": application(), "v": 1.22});
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    job
}

async fn run(server: &Server, more: Value) -> (Value, Value) {
    let accepted = submit(server, &job(more)).await;
    let results = listen(server, &accepted["job_id"]).await["results"].clone();
    (accepted, results)
}

fn named(results: &Value) -> Vec<&str> {
    results["images"].as_array().unwrap().iter().map(|image| image["image_identifier"].as_str().unwrap()).collect()
}

/// A PDF of pages that are 72, 144... points wide, by reportlab.
fn pdf(pages: u32) -> Vec<u8> {
    let program = "
import io, sys
from reportlab.pdfgen import canvas
out = io.BytesIO()
made = canvas.Canvas(out)
for page in range(int(sys.argv[1])):
    made.setPageSize((72 * (page + 1), 72))
    made.drawString(10, 10, str(page))
    made.showPage()
made.save()
print(out.getvalue().hex())";
    hex::decode(tools::python(program, &[&pages.to_string()]).trim()).unwrap()
}

#[tokio::test]
async fn all_pages_are_made_without_a_list_of_them() {
    let server = Server::start().await;
    let (origin, receiver) = (Origin::start().await, Receiver::start().await);
    let request = |pages: u32| {
        json!({
            "src": origin.bytes(&format!("{pages}.pdf"), pdf(pages)), "src_type": "multi_page", "src_data": {"dpi": 72},
            "postback_url": receiver.url("hook"),
            "functions": [{"name": "no_op", "save": {"image_identifier": "page"}}]
        })
    };
    let (accepted, results) = run(&server, request(3)).await;
    assert_eq!(named(&results), ["page_0", "page_1", "page_2"]);
    assert_eq!(results["job_id"], accepted["job_id"]);
    assert_eq!(accepted["images"][0]["s3_url"], results["images"][0]["s3_url"], "the first page is there always");
    for (index, image) in results["images"].as_array().unwrap().iter().enumerate() {
        assert_eq!(size(&server, &image["s3_url"]).await, (72 * (index as u32 + 1), 72));
    }
    assert_eq!(receiver.wait_for(1).await[0].json()["results"], results);
    let mut two = request(3);
    two["src_type"] = json!({"name": "multi_page", "pages": [2, 0]});
    let (accepted, results) = run(&server, two).await;
    assert_eq!(named(&results), ["page_2", "page_0"]);
    assert_eq!(size(&server, &accepted["images"][0]["s3_url"]).await, (216, 72), "its URL was known before");
    receiver.wait_for(2).await;
    let (_, one) = run(&server, request(1)).await;
    assert_eq!(named(&one), ["page_0"]);
    let (_, many) = run(&server, request(21)).await;
    assert_eq!(many["failed_image_identifiers"], json!(["page"]));
    assert!(many["errors"][0].as_str().unwrap().contains("has 21 pages, expected at most 20"), "{many}");
    assert_eq!(receiver.wait_for(4).await.len(), 4, "each job is told once");
}

#[tokio::test]
async fn a_burst_has_a_job_for_each_page_and_is_told_as_a_group() {
    let server = Server::start().await;
    let (origin, receiver) = (Origin::start().await, Receiver::start().await);
    let accepted = submit(
        &server,
        &job(json!({
            "src": origin.bytes("a.pdf", pdf(24)), "src_type": "burst_pdf", "postback_url": receiver.url("hook"),
            "functions": [{"name": "resize_to_fit", "params": {"width": 40}, "save": {"image_identifier": "page"}}]
        })),
    )
    .await;
    let group = &accepted["group_completion_job_id"];
    let results = listen(&server, group).await["results"].clone();
    let images = results["images"].as_array().unwrap();
    assert_eq!((images.len(), &results["job_id"], &results["original_meta"]), (24, group, &json!({})));
    let keys: Vec<&String> = images[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["image_identifier", "url"]);
    assert_eq!(
        (&images[0]["image_identifier"], &images[23]["image_identifier"]),
        (&json!("page__0"), &json!("page__23"))
    );
    assert_eq!(images[0]["url"], accepted["images"][0]["s3_url"]);
    assert_eq!(size(&server, &images[1]["url"]).await, (40, 20));
    let told = receiver.wait_for(1).await;
    assert_eq!((told.len(), &told[0].json()["results"]), (1, &results));
    let of_job = listen(&server, &accepted["job_id"]).await["results"].clone();
    assert_eq!(of_job["images"], json!([]), "{of_job}");

    let (accepted, _) = run(&server, json!({
        "src": origin.bytes("no.pdf", &b"no document"[..]), "src_type": "burst_pdf", "postback_url": receiver.url("hook"),
        "functions": [{"name": "no_op", "save": {"image_identifier": "page"}}]
    })).await;
    let failed = listen(&server, &accepted["group_completion_job_id"]).await["results"].clone();
    assert_eq!(failed["failed_image_identifiers"], json!(["page"]));
    assert_eq!(receiver.wait_for(2).await[1].json()["results"], failed);
}

#[tokio::test]
async fn files_become_an_archive() {
    let server = Server::start().await;
    let origin = Origin::start().await;
    let files = [("a.jpg", jpeg(64, 48)), ("b.txt", b"not a picture".to_vec())];
    let urls: Vec<String> = files.iter().map(|(name, bytes)| origin.bytes(name, bytes.clone())).collect();
    let (accepted, results) = run(&server, json!({"src_type": "zip", "src": {"urls": urls}})).await;
    let url = results["results"][0].as_str().unwrap_or_else(|| panic!("{results}"));
    assert_eq!((url, &results["images"]), (accepted["images"][0]["s3_url"].as_str().unwrap(), &json!([])));
    let answer = server.client.get(url).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/zip");
    let archive = answer.bytes().await.unwrap();
    let program = "
import io, sys, zipfile
made = zipfile.ZipFile(io.BytesIO(bytes.fromhex(sys.stdin.read())))
assert made.testzip() is None
print([(one.filename, one.file_size) for one in made.infolist()])";
    let listed = tools::python_with(program, &[], &hex::encode(&archive));
    let sizes: Vec<usize> = files.iter().map(|(_, bytes)| bytes.len()).collect();
    assert_eq!(listed.trim(), format!("[('a.jpg', {}), ('b.txt', {})]", sizes[0], sizes[1]));
    let (_, missing) = run(&server, json!({"src_type": "zip", "src": {"urls": [format!("{}x", urls[0])]}})).await;
    assert!(missing["errors"][0].as_str().unwrap().contains("404"), "{missing}");
    assert_eq!(missing["results"], json!([]));
}

#[tokio::test]
async fn a_job_before_makes_what_the_next_one_works_with() {
    let server = Server::start().await;
    let origin = Origin::start().await;
    let receiver = Receiver::start().await;
    let request = |src: String| {
        json!({
            "src": "&SMALL", "postback_url": receiver.url("hook"),
            "pre_process": {"job": {
                "src": src, "functions": [{"name": "resize_to_fit", "params": {"width": 32}, "save": {"image_identifier": "SMALL"}}]
            }},
            "functions": [{
                "name": "composite", "params": {"src": "&SMALL", "x": 0, "y": 0}, "save": {"image_identifier": "both", "extension": "png"}
            }]
        })
    };
    let (accepted, results) = run(&server, request(origin.bytes("a.jpg", jpeg(64, 48)))).await;
    assert_eq!(named(&results), ["both"], "{results}");
    assert_eq!(results["original_meta"], json!({"width": 32, "height": 24}));
    assert_eq!(accepted["images"][0]["s3_url"], results["images"][0]["s3_url"]);
    assert_eq!(size(&server, &results["images"][0]["s3_url"]).await, (32, 24));
    assert_eq!(receiver.wait_for(1).await[0].json()["results"], results);
    let (_, failed) = run(&server, request(format!("{}none", receiver.url("")))).await;
    assert_eq!(failed["failed_image_identifiers"], json!(["both"]), "{failed}");
    let told = crate::support::eventually("the failure is told", std::time::Duration::from_secs(30), || async {
        receiver.received().into_iter().filter(|one| one.path == "/hook").nth(1)
    });
    assert_eq!(told.await.json()["results"], failed);
}

#[tokio::test]
async fn a_source_is_looked_into_compared_and_moved() {
    let places = Receiver::with(|_| Answer::Status(200)).await;
    let server = Server::builder()
        .set("storage", "s3_endpoint", places.url("s3"))
        .set("storage", "s3_access_key", "AKID")
        .set("storage", "s3_secret_key", "secret")
        .start()
        .await;
    let origin = Origin::start().await;
    let whole = png(200, 160);
    let program = "
import io, sys
from PIL import Image
picture = Image.open(io.BytesIO(bytes.fromhex(sys.stdin.read())))
out = io.BytesIO()
picture.crop((40, 30, 100, 80)).save(out, 'PNG')
print(out.getvalue().hex())";
    let part = hex::decode(tools::python_with(program, &[], &hex::encode(&whole)).trim()).unwrap();
    let src = origin.bytes("whole.png", whole.clone());
    let (_, results) = run(
        &server,
        json!({
            "src": src, "hash": "md5", "pre_process": [
                {"move_original": {"s3_destination": {"bucket": "b", "key": "kept/original.png"}}},
                {"find_subimage": {"subimage_src": origin.bytes("part.png", part)}},
                {"phash_compare": {"other_sources": [
                    {"image_identifier": "same", "src": src},
                    {"image_identifier": "other", "src": origin.bytes("other.jpg", jpeg(90, 200))}
                ]}},
            ],
            "postback_url": {"save": {"s3_destination": {"bucket": "b", "key": "told.json"}}}
        }),
    )
    .await;
    let found = &results["pre_processor_results"];
    assert_eq!(found["find_subimage"]["found"], true, "{results}");
    let near = |name: &str, wanted: f64| (found["find_subimage"][name].as_f64().unwrap() - wanted).abs() < 1.5;
    assert!(near("x", 40.0) && near("y", 30.0) && near("width", 60.0), "{found}");
    assert_eq!(found["phash_data"][0], json!({"image_identifier": "same", "difference_ratio": "0.0"}));
    assert_ne!(found["phash_data"][1]["difference_ratio"], "0.0");
    let md5 = tools::python_with(
        "import hashlib, sys; print(hashlib.md5(bytes.fromhex(sys.stdin.read())).hexdigest())",
        &[],
        &hex::encode(&whole),
    );
    assert_eq!(results["original_meta"]["hash"], md5.trim());
    let received = places.wait_for(2).await;
    assert_eq!((received[0].path.as_str(), &received[0].body[..]), ("/s3/b/kept/original.png", &whole[..]));
    assert_eq!(received[0].header("content-type"), "image/png");
    assert_eq!(received[1].path, "/s3/b/told.json");
    assert_eq!(received[1].json()["results"], results, "the postback is a file");
}

/// A photo with EXIF and IPTC, by Pillow.
fn tagged() -> Vec<u8> {
    let program = r#"
import io
from PIL import Image
picture = Image.effect_noise((640, 480), 60).convert("RGB")
exif = Image.Exif()
exif[0x010f], exif[0x0132] = "Safelight", "2014:06:12 10:20:30"
gps = exif.get_ifd(0x8825)
gps[1], gps[2], gps[3], gps[4] = "N", (48.0, 30.0, 0.0), "W", (9.0, 15.0, 36.0)
out = io.BytesIO()
picture.save(out, "JPEG", quality=95, exif=exif, dpi=(300, 300))
jpeg = out.getvalue()
dataset = b"\x1c\x02\x69\x00\x05Title"
resource = b"8BIM\x04\x04\x00\x00" + len(dataset).to_bytes(4, "big") + dataset
segment = b"Photoshop 3.0\x00" + resource
print((jpeg[:2] + b"\xff\xed" + (len(segment) + 2).to_bytes(2, "big") + segment + jpeg[2:]).hex())"#;
    hex::decode(tools::python(program, &[]).trim()).unwrap()
}

#[tokio::test]
async fn metadata_is_told_and_written_and_sizes_are_kept() {
    let server = Server::start().await;
    let origin = Origin::start().await;
    let (_, results) = run(
        &server,
        json!({
            "src": origin.bytes("tagged.jpg", tagged()), "get_exif": true, "include_iptc": true, "extended_metadata": true,
            "hash": "crc32", "functions": [
                {"name": "no_op", "save": {"image_identifier": "small", "max_filesize": 30000}},
                {"name": "no_op", "save": {"image_identifier": "named", "set_exif": {"Copyright": "nobody"}}},
                {"name": "no_op", "save": {"image_identifier": "impossible", "max_filesize": 10}}
            ]
        }),
    )
    .await;
    let meta = &results["original_meta"];
    assert_eq!(
        (&meta["date_created"], &meta["iso_date_created"]),
        (&json!("2014:06:12 10:20:30"), &json!("2014-06-12T10:20:30Z"))
    );
    assert_eq!((&meta["lat"], &meta["lng"]), (&json!(48.5), &json!(-9.26)));
    assert_eq!(meta["original_exif"]["Make"], "\"Safelight\"");
    assert_eq!(meta["density_info"]["density_x"], 300.0, "{meta}");
    assert_eq!(meta["iptc"], json!({"Headline": "Title"}));
    assert_eq!((meta["hash"].as_str().unwrap().len(), meta["all_exif"].is_array()), (8, true));
    assert_eq!(named(&results), ["small", "named"], "{results}");
    let small = &results["images"][0];
    assert!(small["meta"]["filesize"].as_u64().unwrap() <= 30_000);
    assert_eq!((&small["meta"]["depth"], &small["meta"]["quality"]), (&json!(8), &json!(85)));
    assert!(results["errors"][0].as_str().unwrap().contains("expected at most 10"), "{results}");
    let url = results["images"][1]["s3_url"].as_str().unwrap();
    let written = server.client.get(url).send().await.unwrap().bytes().await.unwrap();
    let program = "
import io, sys
from PIL import Image
print(dict(Image.open(io.BytesIO(bytes.fromhex(sys.stdin.read()))).getexif()))";
    assert_eq!(tools::python_with(program, &[], &hex::encode(written)).trim(), "{33432: 'nobody'}");
}

#[tokio::test]
async fn a_patient_job_succeeds_when_its_source_comes() {
    let server = Server::start().await;
    let origin = Origin::start().await;
    let late = origin.serve("late.jpg", crate::support::Served::Status(404));
    let accepted = submit(
        &server,
        &job(json!({"src": late, "wait_retry_delay": 1, "functions": [{"name": "no_op", "save": {"image_identifier": "a"}}]})),
    )
    .await;
    crate::support::eventually("it was tried", std::time::Duration::from_secs(30), || async {
        (origin.asked("late.jpg") > 0).then_some(())
    })
    .await;
    origin.bytes("late.jpg", jpeg(8, 8));
    let results = listen(&server, &accepted["job_id"]).await["results"].clone();
    assert_eq!(named(&results), ["a"], "{results}");
}

#[tokio::test]
async fn animations_are_resized_before_the_functions() {
    let server = Server::start().await;
    let origin = Origin::start().await;
    let program = "
import io
from PIL import Image
frames = [Image.new('RGB', (40, 30), color) for color in ('red', 'green', 'blue')]
out = io.BytesIO()
frames[0].save(out, 'GIF', save_all=True, append_images=frames[1:], duration=100)
print(out.getvalue().hex())";
    let gif = hex::decode(tools::python(program, &[]).trim()).unwrap();
    let (_, results) = run(
        &server,
        json!({
            "src": origin.bytes("a.gif", gif), "pre_process": {"resize_gif": {"params": {"width": 20, "height": 15}}},
            "functions": [{"name": "no_op", "save": {"image_identifier": "still"}}]
        }),
    )
    .await;
    assert_eq!(named(&results), ["resize_gif", "still"], "{results}");
    let moving = server.client.get(results["images"][0]["s3_url"].as_str().unwrap()).send().await.unwrap();
    let bytes = moving.bytes().await.unwrap();
    let program = "
import io, sys
from PIL import Image
made = Image.open(io.BytesIO(bytes.fromhex(sys.stdin.read())))
print(made.format, made.n_frames, made.size)";
    assert_eq!(tools::python_with(program, &[], &hex::encode(bytes)).trim(), "GIF 3 (20, 15)");
}
