use super::{
    super::Fetching,
    room::{KEY, Room},
};
use crate::dialect::cloudinary::signature::TokenParts;

#[tokio::test]
async fn private_and_authenticated_images_need_a_signature() {
    let room = Room::new().await;
    let denied = (401, "deny or ACL failure");
    assert_eq!(room.get("/demo/image/private/secret.png").await.refused(), denied);
    assert_eq!(room.get("/demo/image/private/fl_attachment/secret.png").await.refused(), denied);
    assert_eq!(room.get("/demo/image/private/fl_original/secret.png").await.refused(), denied);
    assert_eq!(room.get("/demo/image/private/w_5/secret.png").await.status, 200);
    assert_eq!(room.get("/demo/image/authenticated/closed.png").await.refused(), denied);
    assert_eq!(room.get("/demo/image/authenticated/w_5/closed.png").await.refused(), denied);
    for path in [
        room.signed("private", "", "secret.png"),
        room.signed("authenticated", "", "closed.png"),
        room.signed("authenticated", "w_5", "closed.png"),
    ] {
        let answer = room.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.header("cache-control").starts_with("private, "), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_signature_is_an_error_where_none_is_needed() {
    let room = Room::new().await;
    let answer = room.get("/demo/image/upload/s--AAAAAAAA--/w_10/sample.jpg").await;
    assert_eq!(answer.refused(), (401, "Invalid signature AAAAAAAA"));
    let good = room.signed("upload", "w_10", "sample.jpg");
    assert_eq!(room.get(&good).await.status, 200);
    // For another transformation, and for another image.
    assert_eq!(room.get(&good.replace("w_10", "w_11")).await.status, 401);
    assert_eq!(room.get(&good.replace("sample", "other")).await.status, 401);
    // The version is not signed.
    assert_eq!(room.get(&good.replace("/sample", "/v123/sample")).await.status, 200);
}

#[tokio::test]
async fn strict_clouds_want_transformations_signed_or_allowed() {
    let room = Room::with(true, |_| {}).await;
    assert_eq!(room.get("/demo/image/upload/sample.jpg").await.status, 200);
    let refused = room.get("/demo/image/upload/w_10/sample.jpg").await;
    assert_eq!(refused.refused(), (401, "Transformation w_10 is not allowed without a signature"));
    assert_eq!(room.get("/demo/image/upload/t_thumb/sample.jpg").await.status, 200);
    assert_eq!(room.get(&room.signed("upload", "w_10", "sample.jpg")).await.status, 200);
    let fetch = room.get("/demo/image/fetch/http://a.test/b.png").await;
    assert_eq!(fetch.refused(), (401, "Remote files need a signed address"));
    let room = Room::with(false, |_| {}).await;
    *room.resources.fetch.lock().unwrap() = Fetching::Off;
    let layer = "l_fetch:aHR0cDovL2EudGVzdC9iLnBuZw";
    let off = room.get(&room.signed("upload", layer, "sample.jpg")).await;
    assert_eq!(off.refused(), (401, "Remote files are not fetched"));
}

#[tokio::test]
async fn tokens_open_what_they_are_for() {
    let room = Room::new().await;
    let path = "/demo/image/authenticated/closed.png";
    let acl = |pattern: &str| TokenParts {
        ip: Some("192.0.2.7".into()),
        expires: 1_700_000_100,
        acl: vec![pattern.into()],
        ..TokenParts::default()
    };
    let token = acl("/demo/image/authenticated/*").sign(KEY, "").unwrap();
    assert_eq!(room.get(&format!("{path}?{token}")).await.status, 200);
    let cookie = room.ask("GET", path, &[("cookie", &format!("a=b; {token}"))]).await.unwrap();
    assert_eq!(cookie.status, 200);
    let refused = [
        acl("/demo/image/upload/*").sign(KEY, "").unwrap(),
        TokenParts { ip: Some("192.0.2.8".into()), ..acl("/*") }.sign(KEY, "").unwrap(),
        TokenParts { expires: 1_600_000_000, ..acl("/*") }.sign(KEY, "").unwrap(),
        acl("/*").sign("aabb", "").unwrap(),
        "__cld_token__=nonsense".to_owned(),
    ];
    for token in refused {
        let answer = room.get(&format!("{path}?{token}")).await;
        assert_eq!(answer.refused(), (401, "deny or ACL failure"), "{token}");
    }
}

#[tokio::test]
async fn closed_layers_need_a_signed_address() {
    let room = Room::new().await;
    let refused = room.get("/demo/image/upload/l_private:secret/sample.jpg").await;
    assert_eq!(refused.refused(), (401, "The layer secret needs a signed address"));
    assert_eq!(room.get(&room.signed("upload", "l_private:secret", "sample.jpg")).await.status, 200);
}
