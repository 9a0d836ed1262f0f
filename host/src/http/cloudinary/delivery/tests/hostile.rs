//! No address of any shape breaks anything.

use super::room::Room;
use crate::dialect::cloudinary::transformation::generate::Random;

const PIECES: &[&str] = &[
    "/",
    "//",
    "demo",
    "image",
    "upload",
    "fetch",
    "private",
    "video",
    "raw",
    "s--",
    "--",
    "v1",
    "v99999999999999999999",
    "sample",
    ".jpg",
    ".png",
    ".mp4",
    "w_",
    "h_",
    "c_fill",
    "c_thumb",
    "e_",
    "l_",
    "u_",
    "t_thumb",
    "l_text:Arial_20:",
    "if_w_gt_100",
    "if_else",
    "if_end",
    "fl_layer_apply",
    "fl_getinfo",
    "$a_1",
    "$a_mul_2",
    "_",
    ",",
    ":",
    ";",
    "%",
    "%2F",
    "%00",
    "%FF",
    "%25",
    "..",
    "é",
    "0",
    "-1",
    "1e9",
    "99999999999999999999",
    "0.0001",
    "x_1000000",
    "http://",
    "a.test",
    "?",
    "#",
    "&__cld_token__=exp=1~hmac=00",
    "l_folder:logo",
    "d_folder:logo",
    "q_auto",
    "f_auto",
    "pg_1-99999",
    "dn_1",
    "a_45",
    "r_max",
    "bo_9px_solid_red",
    "co_red",
    "g_auto",
    "g_faces",
    "ar_16:9",
    "z_0.01",
    "dpr_100",
    "fn_wasm:a.wasm",
];

/// Asks for a path and checks the answer; its status.
async fn check(room: &Room, path: &str) -> Option<u16> {
    let path: String = path.chars().map(|c| if c.is_ascii() { c.to_string() } else { "%C3%A9".to_owned() }).collect();
    let path = path.as_str();
    path.parse::<axum::http::Uri>().ok()?;
    let asked = room.ask("GET", path, &[("accept", "image/webp"), ("host", "images.test")]);
    let answer = tokio::time::timeout(std::time::Duration::from_secs(20), asked).await;
    let answer = answer.unwrap_or_else(|_| panic!("{path} hangs"))?;
    assert!(answer.status < 500, "{path}: {:?}", answer.refused());
    assert_eq!(answer.status >= 400, !answer.header("x-cld-error").is_empty(), "{path}");
    Some(answer.status)
}

#[tokio::test]
async fn no_address_of_any_shape_is_a_fault_of_the_server() {
    let room = Room::new().await;
    let mut random = Random::new(4);
    for _ in 0..4000 {
        let mut path = if random.chance(80) { "/demo/image/upload/".to_owned() } else { "/".to_owned() };
        for _ in 0..random.below(12) {
            path.push_str(random.pick(PIECES));
            if random.chance(30) {
                path.push('/');
            }
        }
        if random.chance(50) {
            path.push_str("/sample.jpg");
        }
        check(&room, &path).await;
    }
}

#[tokio::test]
async fn no_transformation_is_a_fault_of_the_server() {
    let room = Room::new().await;
    let mut random = Random::new(5);
    let mut delivered = 0;
    for _ in 0..1500 {
        let transformation = random.transformation().to_string();
        let path = format!("/demo/image/upload/{transformation}/sample.jpg");
        delivered += usize::from(check(&room, &path).await == Some(200));
    }
    assert!(delivered > 100, "{delivered} of 1500 could be carried out");
}
