//! Functions on the web.

use md5::Digest as _;
use sha1::Sha1;

use super::room::{Room, picture};
use crate::{dialect::cloudinary::lower::REMOTE, job::Step, source::Source};

/// `https://x.test/f`, in base64.
const ADDRESS: &str = "aHR0cHM6Ly94LnRlc3QvZg==";

fn named(steps: &[Step]) -> Vec<&str> {
    steps.iter().map(|step| step.transform.as_str()).collect()
}

#[tokio::test]
async fn a_function_on_the_web_gets_the_picture_signed_and_its_answer_goes_on() {
    let room = Room::new().await;
    let transformation = format!("c_scale,w_40/fn_remote:{ADDRESS}/e_sepia");
    let answer = room.get(&room.signed("upload", &transformation, "sample.png")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"));
    let called = room.maker.called.lock().unwrap().clone();
    let [(url, headers, body)] = &called[..] else { panic!("{called:?}") };
    assert_eq!(url, "https://x.test/f");
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    // By the first secret of the cloud, which is the account's own.
    let signed = [&body[..], header("x-cld-timestamp").as_bytes(), b"older"].concat();
    assert_eq!(header("x-cld-signature"), hex::encode(Sha1::digest(signed)));
    let boundary = header("content-type").strip_prefix("multipart/form-data; boundary=").unwrap().to_owned();
    let text = String::from_utf8_lossy(body);
    assert!(text.starts_with(&format!("--{boundary}\r\n")) && text.ends_with(&format!("\r\n--{boundary}--\r\n")));
    assert!(text.contains("name=\"file\"") && text.contains("Content-Type: image/png"));
    assert!(text.contains(r#"{"context":{},"tags":["sale"],"variables":{}}"#), "{text}");
    let sent = room.delivery.blobs.put(picture(safelight_codec::Format::Png, 7, 5)).await.unwrap();
    let made = room.maker.made.lock().unwrap().clone();
    assert_eq!(made.iter().map(|now| named(&now.steps)).collect::<Vec<_>>(), [vec!["resize"], vec!["sepia"]]);
    assert_eq!(made[1].source, Source::Blob { sha256: sent.sha256, asset: None }, "the rest begins with the answer");
    assert!(made.iter().all(|now| now.steps.iter().all(|step| !step.transform.starts_with(REMOTE))));
}

#[tokio::test]
async fn an_original_goes_to_a_function_as_it_came() {
    let room = Room::new().await;
    let path = room.signed("upload", &format!("c_scale,w_40/fn_pre:remote:{ADDRESS}"), "sample.jpg");
    assert_eq!(room.get(&path).await.status, 200);
    let called = room.maker.called.lock().unwrap().clone();
    let original = picture(safelight_codec::Format::Jpeg, 40, 30);
    assert!(called[0].2.windows(original.len()).any(|part| part == original));
    assert_eq!(room.maker.made.lock().unwrap().len(), 1);
    // It is found again.
    assert_eq!(room.get(&path).await.status, 200);
    assert_eq!(room.maker.called.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn functions_on_the_web_need_a_signature_and_stand_outside_of_layers() {
    let room = Room::new().await;
    let refused = room.get(&format!("/demo/image/upload/fn_remote:{ADDRESS}/sample.jpg")).await;
    assert_eq!(refused.refused(), (401, "Functions on the web need a signed address"));
    let layer = room.signed("upload", &format!("l_folder:logo/fn_remote:{ADDRESS}/fl_layer_apply"), "sample.jpg");
    let refused = room.get(&layer).await;
    assert_eq!(refused.status, 400);
    assert!(refused.refused().1.contains("outside of layers"), "{refused:?}");
    let many = vec![format!("fn_remote:{ADDRESS}"); 4].join("/");
    assert_eq!(room.get(&room.signed("upload", &many, "sample.jpg")).await.status, 400);
    assert!(room.maker.called.lock().unwrap().is_empty());
}
