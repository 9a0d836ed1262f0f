use safelight_codec::Format;

use super::room::Room;
use crate::{
    error::{Code, Failure},
    job::ImageRef,
};

#[tokio::test]
async fn originals_are_sent_as_they_are() {
    let room = Room::new().await;
    for path in [
        "/demo/image/upload/sample.jpg",
        "/demo/image/upload/sample",
        "/demo/image/upload/v123/sample.jpeg",
        "/demo/sample.jpg",
        "/demo/iu/sample.jpg",
        "/demo/images/sample/a-nice-name.jpg",
        "/demo/image/upload/fl_attachment:nice/sample.jpg",
        "/demo/image/upload/f_jpg/sample.png",
        "/demo/image/upload/fl_original,w_10/sample.jpg",
    ] {
        let answer = room.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), "image/jpeg", "{path}");
        assert_eq!(answer.header("etag"), "\"md5ofsample\"", "{path}");
        assert_eq!(answer.header("content-length"), answer.body.len().to_string());
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("last-modified"), "Sun, 13 Sep 2020 12:26:40 GMT");
    }
    assert!(room.maker.made.lock().unwrap().is_empty());
    let on_own_host = room.ask("GET", "/image/upload/sample.jpg", &[("host", "images.test:8080")]).await;
    assert_eq!(on_own_host.unwrap().status, 200);
    let raw = room.get("/demo/raw/upload/notes.txt").await;
    assert_eq!((raw.header("content-type"), raw.body.as_ref()), ("text/plain; charset=utf-8", &b"0123456789"[..]));
    assert!(raw.header("content-security-policy").contains("sandbox"));
}

#[tokio::test]
async fn what_is_no_address_is_left_to_others() {
    let room = Room::new().await;
    for (method, path) in [
        ("GET", "/v1/jobs"),
        ("GET", "/"),
        ("GET", "/nobody/here"),
        ("POST", "/demo/image/upload/sample.jpg"),
        ("OPTIONS", "/demo/image/upload/sample.jpg"),
    ] {
        assert!(room.ask(method, path, &[]).await.is_none(), "{method} {path}");
    }
    assert_eq!(room.get("/nobody/image/upload/a.jpg").await.refused(), (404, "cloud_name nobody is disabled"));
}

#[tokio::test]
async fn derived_images_are_made_once_and_found_again() {
    let room = Room::new().await;
    let first = room.get("/demo/image/upload/c_fill,h_100,w_100/sample.png").await;
    assert_eq!((first.status, first.header("content-type")), (200, "image/png"));
    assert_eq!(Format::sniff(&first.body), Some(Format::Png));
    // The same in other words.
    let again = room.get("/demo/image/upload/w_100,c_fill,h_100/v7/sample.png").await;
    assert_eq!(again.header("etag"), first.header("etag"));
    assert!(again.header("cache-control").contains("immutable"));
    assert_eq!(room.maker.made.lock().unwrap().len(), 1);
    room.get("/demo/image/upload/c_fill,h_100,w_101/sample.png").await;
    room.get("/demo/image/upload/c_fill,h_100,w_100/sample.webp").await;
    assert_eq!(room.maker.made.lock().unwrap().len(), 3);
    let kept = room.resources.derived.lock().unwrap();
    let mut told: Vec<_> = kept.values().map(|(of, _)| (of.transformation.clone(), of.extension.clone())).collect();
    told.sort();
    assert_eq!(told[0], ("c_fill,h_100,w_100".to_owned(), "png".to_owned()));
    assert_eq!(kept.len(), 3);
}

#[tokio::test]
async fn a_derived_image_whose_bytes_are_gone_is_made_again() {
    let room = Room::new().await;
    let path = "/demo/image/upload/w_100/sample.png";
    room.get(path).await;
    let sha256 = room.resources.derived.lock().unwrap().values().next().unwrap().1.sha256.clone();
    room.delivery.blobs.delete(&sha256).await.unwrap();
    assert_eq!(room.get(path).await.status, 200);
    assert_eq!(room.maker.made.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn errors_name_what_is_wrong() {
    let room = Room::new().await;
    for (path, status, start) in [
        ("/demo/image/upload/nothing.jpg", 404, "Resource not found - nothing"),
        ("/demo/image/upload/w_abc/sample.jpg", 400, "Invalid width in transformation: abc"),
        ("/demo/image/upload/e_art:zorro/sample.jpg", 400, "Invalid effect in transformation: art:zorro"),
        ("/demo/image/upload/t_nothing/sample.jpg", 400, "Unknown transformation nothing"),
        ("/demo/image/upload/l_nothing/sample.jpg", 404, "Resource not found - nothing"),
        ("/demo/image/upload/w_30000,h_30000/sample.jpg", 400, "Image is too large: 30000 x 30000"),
        ("/demo/image/upload/sample.mp4", 400, "Invalid extension in transformation: mp4"),
        ("/demo/image/facebook/123", 404, "Resource not found - 123"),
        ("/demo/raw/upload/w_10/notes.txt", 400, "Invalid transformation: w_10"),
        ("/demo/image/upload/%FF", 400, "Invalid path"),
        ("/demo/image/fetch/ftp://a/b", 400, "Invalid url: "),
        ("/demo/image/fetch/http://a.test/missing.png", 404, "Error in loading http://a.test/missing.png - "),
    ] {
        let answer = room.get(path).await;
        let (code, message) = answer.refused();
        assert_eq!(code, status, "{path}: {message}");
        assert!(message.starts_with(start), "{path}: {message}");
        assert_eq!(answer.body, message.as_bytes(), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    *room.maker.failure.lock().unwrap() = Some(Failure::new(Code::PluginRefused, "width: is odd"));
    assert_eq!(room.get("/demo/image/upload/w_10/sample.jpg").await.refused(), (400, "width: is odd"));
    *room.maker.failure.lock().unwrap() = Some(Failure::new(Code::StorageFailed, "the disk is full"));
    assert_eq!(room.get("/demo/image/upload/w_10/sample.jpg").await.status, 503);
}

#[tokio::test]
async fn a_default_image_takes_the_place_of_a_missing_one() {
    let room = Room::new().await;
    let answer = room.get("/demo/image/upload/d_folder:logo.png/nothing.png").await;
    assert_eq!((answer.status, answer.header("etag")), (200, "\"md5offolder/logo\""));
    let answer = room.get("/demo/image/upload/d_folder:logo.png,w_10/nothing.jpg").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"));
    assert_eq!(room.get("/demo/image/upload/d_none.png/nothing.png").await.status, 404);
    let fetched = room.get("/demo/image/fetch/d_folder:logo.png/http://a.test/missing.png").await;
    assert_eq!(fetched.status, 200);
}

#[tokio::test]
async fn answers_vary_with_what_was_looked_at() {
    let room = Room::new().await;
    let path = "/demo/image/upload/f_auto,w_50/sample.jpg";
    let webp = room.ask("GET", path, &[("accept", "image/webp,*/*")]).await.unwrap();
    assert_eq!((webp.header("content-type"), webp.header("vary")), ("image/webp", "Accept"));
    let plain = room.ask("GET", path, &[("accept", "*/*")]).await.unwrap();
    assert_eq!((plain.header("content-type"), plain.header("vary")), ("image/jpeg", "Accept"));
    let path = "/demo/image/upload/c_scale,dpr_auto,w_auto:100:600/sample.jpg";
    let hinted = room.ask("GET", path, &[("sec-ch-width", "90"), ("dpr", "2.0")]).await.unwrap();
    let varies = "Width, Viewport-Width, Sec-CH-Width, Sec-CH-Viewport-Width, DPR, Sec-CH-DPR";
    assert_eq!(hinted.header("vary"), varies);
    assert!(hinted.header("accept-ch").contains("Sec-CH-DPR"));
    // 90 pixels in steps of 100, twice as dense; without hints the fallback.
    room.ask("GET", path, &[("width", "nonsense")]).await.unwrap();
    let widths: Vec<_> =
        room.maker.made.lock().unwrap().iter().map(|now| now.steps[0].params["width"].clone()).collect();
    assert_eq!(widths[2..], [200, 600]);
    // What comes to the original varies too.
    let original = room.ask("GET", path, &[("width", "400")]).await.unwrap();
    assert_eq!((original.header("etag"), original.header("vary")), ("\"md5ofsample\"", varies));
}

#[tokio::test]
async fn widths_are_listed_in_place_of_the_picture() {
    let room = Room::new().await;
    let answer = room.get("/demo/image/upload/c_scale,w_auto:breakpoints_50_400_20_3:json/sample.jpg").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let list: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    // As large as the picture is, which was not made, and the smallest: those between save too little.
    assert_eq!(list, serde_json::json!({"breakpoints": [400, 50]}));
    assert_eq!(room.maker.made.lock().unwrap().len(), 2);
    let layer = room.get("/demo/image/upload/l_folder:logo,w_auto:breakpoints:json/sample.jpg").await;
    assert_eq!(layer.status, 400);
}

#[tokio::test]
async fn parts_and_conditions_are_honoured() {
    let room = Room::new().await;
    let path = "/demo/raw/upload/notes.txt";
    let part = room.ask("GET", path, &[("range", "bytes=2-4")]).await.unwrap();
    assert_eq!((part.status, part.header("content-range")), (206, "bytes 2-4/10"));
    assert_eq!(part.body.as_ref(), b"234");
    let outside = room.ask("GET", path, &[("range", "bytes=20-")]).await.unwrap();
    assert_eq!((outside.status, outside.header("content-range")), (416, "bytes */10"));
    let tag = room.ask("GET", path, &[("if-none-match", "\"x\", W/\"md5ofnotes.txt\"")]).await.unwrap();
    assert_eq!((tag.status, tag.body.len()), (304, 0));
    let since = room.ask("GET", path, &[("if-modified-since", "Sun, 13 Sep 2020 12:26:40 GMT")]).await.unwrap();
    assert_eq!(since.status, 304);
    let before = room.ask("GET", path, &[("if-modified-since", "Sun, 13 Sep 2020 12:26:39 GMT")]).await.unwrap();
    assert_eq!(before.status, 200);
    let head = room.ask("HEAD", path, &[]).await.unwrap();
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, "10", 0));
}

#[tokio::test]
async fn downloads_get_a_name() {
    let room = Room::new().await;
    let disposition = |path: &'static str| {
        let room = &room;
        async move { room.get(path).await.header("content-disposition").to_owned() }
    };
    assert_eq!(disposition("/demo/image/upload/sample.jpg").await, "");
    let plain = disposition("/demo/image/upload/fl_attachment/folder/logo.png").await;
    assert_eq!(plain, "attachment; filename=\"logo.png\"");
    let named = disposition("/demo/image/upload/fl_attachment:my_name,w_10/sample.webp").await;
    assert_eq!(named, "attachment; filename=\"my_name.webp\"");
    let escaped = disposition("/demo/image/upload/fl_attachment:caf%25C3%25A9%22/sample.jpg").await;
    assert_eq!(escaped, "attachment; filename=\"caf__.jpg\"; filename*=UTF-8''caf%C3%A9%22.jpg");
}

#[tokio::test]
async fn getinfo_tells_sizes_in_place_of_the_image() {
    let room = Room::new().await;
    let answer = room.get("/demo/image/upload/fl_getinfo,w_10/sample.png").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((&told["input"]["width"], &told["output"]["format"]), (&400.into(), &"png".into()));
}

#[tokio::test]
async fn layers_and_pages_are_looked_up() {
    let room = Room::new().await;
    room.get("/demo/image/upload/l_folder:logo.png,w_20/sample.jpg").await;
    room.get("/demo/image/upload/dn_200,pg_2/w_0.5/book.png").await;
    let made = room.maker.made.lock().unwrap();
    let image = ImageRef::parse(&made[0].steps[0].params["image"]).unwrap();
    assert_eq!(image.to_value()["made"]["source"]["blob"].as_str().unwrap().len(), 64);
    assert_eq!(made[1].rendering.dpi, Some(200.0));
    assert_eq!(made[1].steps[0].params["width"], 100);
}

#[tokio::test]
async fn remote_files_are_fetched_once() {
    let room = Room::new().await;
    for path in ["http://a.test/b.png", "http%3A%2F%2Fa.test%2Fb.png"] {
        let answer = room.get(&format!("/demo/image/fetch/w_4/{path}")).await;
        assert_eq!(answer.status, 200, "{path}");
    }
    assert_eq!(room.maker.fetches.load(std::sync::atomic::Ordering::SeqCst), 1);
    let again = room
        .ask(
            "GET",
            "/demo/image/fetch/http://here.test:8080/demo/image/fetch/http://a.test/c.png",
            &[("host", "here.test:8080")],
        )
        .await
        .unwrap();
    assert!(again.refused().1.contains("does not fetch from here again"), "{:?}", again.refused());
}
