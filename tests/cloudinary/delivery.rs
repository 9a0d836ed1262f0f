//! Headers, errors, remote files, and what does not bring the server down.

use std::time::{Duration, Instant};

use safelight_codec::Format;

use crate::support::{Origin, Server, photo, pictures_written, png};

async fn with_sample() -> Server {
    let server = Server::start().await;
    let bytes = pictures_written(photo(200, 150), Format::Jpeg);
    let stored = server.request(reqwest::Method::PUT, "/v1/assets/sample").body(bytes).send().await.unwrap();
    assert_eq!(stored.status(), 200);
    server
}

#[tokio::test]
async fn the_same_image_is_made_once_and_kept_by_clients() {
    let server = with_sample().await;
    let url = format!("{}/demo/image/upload/c_fill,h_90,w_90/v1/sample.webp", server.url);
    let asked: Vec<_> = (0..20)
        .map(|_| {
            let request = server.client.get(&url);
            tokio::spawn(async move { request.send().await.unwrap() })
        })
        .collect();
    let mut tags = Vec::new();
    for asked in asked {
        let answer = asked.await.unwrap();
        assert_eq!(answer.status(), 200);
        tags.push(answer.headers()["etag"].to_str().unwrap().to_owned());
    }
    tags.dedup();
    assert_eq!(tags.len(), 1);
    let metrics = server.get("/metrics").send().await.unwrap().text().await.unwrap();
    let made = metrics.lines().filter(|line| line.contains("webp") && line.ends_with(" 1")).count();
    assert!(made >= 1, "{metrics}");
    let known = server.client.get(&url).header("if-none-match", &tags[0]).send().await.unwrap();
    assert_eq!(known.status(), 304);
    let part = server.client.get(&url).header("range", "bytes=0-9").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.bytes().await.unwrap().len()), (206, 10));
    let head = server.client.head(&url).send().await.unwrap();
    assert!(head.headers()["content-length"].to_str().unwrap().parse::<u64>().unwrap() > 100);
    assert!(head.headers()["cache-control"].to_str().unwrap().contains("immutable"));
}

#[tokio::test]
async fn remote_images_come_through_the_guard() {
    let server = Server::start().await;
    let origin = Origin::start().await;
    let remote = origin.bytes("a.png", png(60, 40));
    let url = format!("{}/demo/image/fetch/c_scale,w_30,f_jpg/{remote}", server.url);
    let answer = server.client.get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(Format::sniff(&answer.bytes().await.unwrap()), Some(Format::Jpeg));
    for (remote, status) in [
        (remote.replace("a.png", "nothing.png"), 404),
        ("http://10.0.0.1/a.png".to_owned(), 400),
        ("http://169.254.169.254/latest".to_owned(), 400),
        ("file:///etc/passwd".to_owned(), 400),
    ] {
        let answer = server.client.get(format!("{}/demo/image/fetch/{remote}", server.url)).send().await.unwrap();
        let error = answer.headers()["x-cld-error"].to_str().unwrap().to_owned();
        assert_eq!(answer.status().as_u16(), status, "{remote}: {error}");
    }
}

#[tokio::test]
async fn errors_of_transforms_are_told() {
    let server = with_sample().await;
    for (path, status) in [
        ("image/upload/none.jpg", 404),
        ("image/upload/w_x/sample.jpg", 400),
        ("image/upload/e_art:zorro/sample.jpg", 400),
        ("image/upload/c_crop,h_10,w_10,x_5000/sample.jpg", 200),
        ("image/upload/w_30000,h_30000/sample.jpg", 400),
        ("image/upload/s--12345678--/sample.jpg", 401),
        ("image/upload/l_none/sample.jpg", 404),
        ("image/upload/e_blur_region,h_5,w_5,x_5000,y_5000/sample.jpg", 400),
        ("image/upload/sample.heic", 400),
    ] {
        let answer = server.client.get(format!("{}/demo/{path}", server.url)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}: {:?}", answer.headers().get("x-cld-error"));
        assert_eq!(answer.headers().contains_key("x-cld-error"), status != 200, "{path}");
    }
    // Paths of the API that are not there are its own errors.
    let other = server.get("/v1/nothing").send().await.unwrap();
    assert_eq!(other.headers()["content-type"], "application/problem+json");
}

/// Random components of everything that the language has; the server answers each in time and never with 500.
#[tokio::test]
async fn no_address_breaks_the_server() {
    let server = with_sample().await;
    let pieces = [
        "w_50",
        "h_40",
        "w_0.1",
        "c_fill",
        "c_pad",
        "c_thumb",
        "c_crop",
        "c_fit",
        "g_auto",
        "g_north",
        "x_10",
        "y_-20",
        "e_blur:300",
        "e_trim",
        "e_sepia",
        "e_shadow",
        "e_outline:9",
        "e_distort:arc:180",
        "e_shear:30:10",
        "a_30",
        "a_hflip",
        "r_max",
        "r_20",
        "bo_3px_solid_red",
        "b_blue",
        "b_auto",
        "o_40",
        "l_sample",
        "l_text:Arial_20:Hey",
        "u_sample",
        "fl_layer_apply",
        "fl_tiled",
        "fl_cutter",
        "fl_relative",
        "e_mask",
        "e_screen",
        "e_displace",
        "q_auto",
        "q_1",
        "f_auto",
        "f_png",
        "f_gif",
        "f_pdf",
        "dpr_2.0",
        "ar_16:9",
        "z_0.5",
        "if_w_gt_100",
        "if_end",
        "e_pixelate_region:5",
        "e_gradient_fade",
        "e_cartoonify",
        "e_vectorize",
        "pg_2",
        "dn_300",
        "fl_png8",
        "t_x",
    ];
    let mut state = 12_345_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (mut counts, began) = (std::collections::BTreeMap::new(), Instant::now());
    for _ in 0..300 {
        let components: Vec<String> = (0..1 + next(4))
            .map(|_| (0..1 + next(4)).map(|_| pieces[next(pieces.len())]).collect::<Vec<_>>().join(","))
            .collect();
        let address = format!("{}/demo/image/upload/{}/sample.jpg", server.url, components.join("/"));
        let asked = server.client.get(&address).timeout(Duration::from_secs(60)).send().await;
        let answer = asked.unwrap_or_else(|error| panic!("{address}: {error}"));
        let status = answer.status().as_u16();
        assert!(status < 500, "{address}: {status} {:?}", answer.headers().get("x-cld-error"));
        *counts.entry(status).or_insert(0) += 1;
        if began.elapsed() > Duration::from_secs(90) {
            break;
        }
    }
    assert!(counts.get(&200).is_some_and(|count| *count > 20), "{counts:?}");
}
