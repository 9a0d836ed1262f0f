//! Which settings are taken, and what they never tell.

use super::{config::Kind, stepped::Stepped, *};

fn settings(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = crate::config::Config::defaults().blob;
    change(&mut config);
    config
}

#[test]
fn addresses_name_a_bucket_and_a_prefix() {
    let place = |url: &str| settings(|config| config.url = url.into()).place();
    assert_eq!(place(""), Ok(Place::Folder));
    for (url, kind, name, prefix) in [
        ("s3://pictures", Kind::S3, "pictures", ""),
        ("s3://pictures/", Kind::S3, "pictures", ""),
        ("gs://my.pictures/safelight/a", Kind::Google, "my.pictures", "safelight/a"),
        ("az://pictures/nodes/", Kind::Azure, "pictures", "nodes"),
    ] {
        let Ok(Place::Bucket(bucket)) = place(url) else { panic!("{url}") };
        assert_eq!((bucket.kind, bucket.name.as_str(), bucket.prefix.as_ref()), (kind, name, prefix), "{url}");
    }
    for url in
        ["pictures", "file:///pictures", "s3://", "s3:///a", "s3://key:secret@pictures", "s3://a/../b", "s3://a/b//c"]
    {
        assert!(place(url).unwrap_err().starts_with("blob.url: is "), "{url}");
    }
}

#[test]
fn what_cannot_work_is_refused_by_its_name() {
    type Change = fn(&mut Config);
    let cases: [(Change, &str, &str); 5] = [
        (|config| config.endpoint = "minio:9000".into(), "blob.endpoint", "expected an http or https URL"),
        (|config| config.access_key = "key".into(), "blob.secret_key", "together with blob.access_key"),
        (|config| config.redirect = true, "blob.redirect", "expected false with blob.url \"\""),
        (
            |config| (config.url, config.redirect) = ("gs://pictures".into(), true),
            "blob.redirect",
            "expected false with blob.url \"gs://pictures\": only URLs of s3:// are signed",
        ),
        (
            |config| {
                config.url = "gs://pictures".into();
                (config.access_key, config.secret_key) = ("key".into(), "secret".into());
            },
            "blob.access_key",
            "GOOGLE_APPLICATION_CREDENTIALS",
        ),
    ];
    for (change, key, expected) in cases {
        let error = settings(change).check().unwrap_err();
        assert!(error.starts_with(key) && error.contains(expected), "{error}");
    }
    let all = settings(|config| (config.url, config.redirect) = ("s3://pictures".into(), true));
    assert_eq!(all.check(), Ok(()));
    assert_eq!(all.least_grace_s(), 60);
}

#[test]
fn settings_do_not_tell_their_keys() {
    let config = settings(|config| (config.access_key, config.secret_key) = ("AKIA".into(), "hush".into()));
    let told = format!("{config:?}");
    assert!(!told.contains("AKIA") && !told.contains("hush"), "{told}");
}

#[tokio::test]
async fn a_store_that_replaces_what_it_must_not_is_refused() {
    let objects = Stepped::new();
    self_test::run(&objects).await.unwrap();
    assert_eq!(objects.list(None).count().await, 0, "nothing is left of the test");
    let error = self_test::run(&objects.unconditional()).await.unwrap_err().to_string();
    assert!(error.contains("blob.url: it replaces an object though it was asked not to"), "{error}");
    assert!(error.contains("use one that honours conditional puts"), "{error}");
    assert_eq!(objects.list(None).count().await, 0);
}

#[test]
fn every_kind_of_store_can_be_opened() {
    for url in ["s3://pictures/nodes", "gs://pictures", "az://pictures"] {
        let config = settings(|config| {
            config.url = url.into();
            if !url.starts_with("gs") {
                (config.access_key, config.secret_key) = ("account".into(), "c2VjcmV0".into());
            }
        });
        let Ok(Place::Bucket(bucket)) = config.place() else { panic!("{url}") };
        let opened = remote::open(&config, &bucket);
        assert!(opened.is_ok(), "{url}: {:?}", opened.err());
    }
}
