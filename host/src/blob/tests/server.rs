//! Blobs in a real server that speaks S3.

use std::time::Instant;

use safelight_test_s3::{ACCESS_KEY, BUCKET, SECRET_KEY, Server};

use super::{sweeping::Rows, *};

fn settings(server: &Server) -> Config {
    let mut config = crate::config::Config::defaults().blob;
    config.url = format!("s3://{BUCKET}/some/nodes");
    config.endpoint = server.endpoint();
    (config.access_key, config.secret_key) = (ACCESS_KEY.into(), SECRET_KEY.into());
    config.redirect = true;
    config.retry_s = 2;
    config
}

async fn opened(config: &Config) -> Result<Blobs, Error> {
    Blobs::open(config, FsPath::new("/nowhere")).await
}

fn noise(size: u32) -> Vec<u8> {
    (0..size).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_is_a_blob_store() {
    let server = Server::start();
    let blobs = opened(&settings(&server)).await.unwrap();
    assert!(server.keys().is_empty(), "the test at the start leaves nothing");
    is_a_blob_store(blobs).await;
    assert!(server.keys().iter().all(|key| key.starts_with("some/nodes/")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_blobs_are_written_in_parts() {
    let server = Server::start();
    let blobs = opened(&settings(&server)).await.unwrap();
    let bytes = noise(20_000_001);
    let mut keys = Vec::new();
    for _ in 0..2 {
        let mut writer = blobs.writer(1 << 30);
        for piece in bytes.chunks(300_007) {
            writer.write(piece).await.unwrap();
        }
        keys.push(writer.finish().await.unwrap());
    }
    assert_eq!(keys[0], keys[1]);
    assert!(blobs.get(&keys[0].sha256).await.unwrap() == bytes);
    let part = blobs.get_range(&keys[0].sha256, 11_000_000..11_000_100).await.unwrap();
    assert_eq!(part, bytes[11_000_000..11_000_100]);
    assert_eq!(server.keys().len(), 1, "nothing is left on the way");
    let mut writer = blobs.writer(1 << 30);
    writer.write(&bytes).await.unwrap();
    assert!(server.unfinished() > 0);
    drop(writer);
    let end = Instant::now() + Duration::from_secs(30);
    while server.unfinished() > 0 {
        assert!(Instant::now() < end, "an upload that was given up is removed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unused_blobs_are_set_aside_and_removed() {
    let hour = Duration::from_secs(3600);
    let server = Server::start();
    let blobs = opened(&settings(&server)).await.unwrap();
    let rows = Rows::default();
    let age = || server.keys().iter().for_each(|key| make_older(&server.file(key), 2 * hour));
    let key = blobs.put(Bytes::from_static(b"unused")).await.unwrap().sha256;
    assert_eq!(sweep::run(&blobs, &rows, hour).await.unwrap(), 0);
    age();
    assert_eq!(sweep::run(&blobs, &rows, hour).await.unwrap(), 1);
    assert_eq!(blobs.get(&key).await.unwrap(), &b"unused"[..]);
    age();
    // What lay in the trash goes, and the one that was put back is set aside again.
    assert_eq!(sweep::run(&blobs, &rows, hour).await.unwrap(), 1);
    age();
    sweep::run(&blobs, &rows, hour).await.unwrap();
    assert!(matches!(blobs.get(&key).await, Err(Error::NotFound { .. })));
    assert!(server.keys().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_are_sent_to_the_bucket_for_a_while() {
    let server = Server::start();
    let mut config = settings(&server);
    let blobs = opened(&config).await.unwrap();
    let key = blobs.put(Bytes::from_static(b"picture")).await.unwrap().sha256;
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "image/png".parse().unwrap());
    headers.insert("content-disposition", "inline; filename=\"a + b.png\"".parse().unwrap());
    let signed = blobs.signed_url(&key, &headers).await.unwrap().unwrap();
    assert_eq!(signed.lasts, Duration::from_secs(300));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(signed.url.clone()).header("range", "bytes=1-3").send().await.unwrap();
    assert_eq!(answer.status(), 206);
    for (name, value) in &headers {
        assert_eq!(answer.headers().get(name), Some(value));
    }
    assert_eq!(answer.bytes().await.unwrap(), &b"ict"[..]);
    let mut forged = signed.url.clone();
    forged.set_path(&signed.url.path().replace("some", "other"));
    assert_eq!(client.get(forged).send().await.unwrap().status(), 403);
    // One whose time is over.
    config.redirect_s = 2;
    let blobs = opened(&config).await.unwrap();
    let short = blobs.signed_url(&key, &headers).await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(client.get(short.url).send().await.unwrap().status(), 403);
    config.redirect = false;
    assert!(opened(&config).await.unwrap().signed_url(&key, &headers).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_told_in_time_and_ends() {
    let server = Server::start();
    let config = settings(&server);
    let blobs = opened(&config).await.unwrap();
    let key = blobs.put(Bytes::from_static(b"picture")).await.unwrap().sha256;
    server.stop();
    let tried = tokio::time::timeout(Duration::from_secs(60), async {
        assert!(matches!(blobs.get(&key).await, Err(Error::Failed { .. })));
        assert!(matches!(blobs.put(Bytes::from_static(b"x")).await, Err(Error::Failed { .. })));
        assert!(matches!(blobs.ready().await, Err(Error::Failed { .. })));
        assert!(opened(&config).await.is_err());
    });
    tried.await.expect("no request hangs");
    server.start_again();
    assert_eq!(blobs.get(&key).await.unwrap(), &b"picture"[..]);
    blobs.ready().await.unwrap();
    // One that answered a moment ago is given time.
    server.stop();
    let hour = Duration::from_secs(3600);
    *blobs.answered.lock().unwrap() = Some(Instant::now() + hour);
    blobs.ready().await.unwrap();
    *blobs.answered.lock().unwrap() = Instant::now().checked_sub(hour);
    assert!(blobs.ready().await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_cannot_be_used_says_why() {
    let server = Server::start();
    let told = async |change: &dyn Fn(&mut Config)| {
        let mut config = settings(&server);
        change(&mut config);
        opened(&config).await.err().expect("it is refused").to_string()
    };
    let wrong = told(&|config| config.secret_key = "wrong".into()).await;
    assert!(wrong.contains("are blob.url, blob.endpoint and the keys right?"), "{wrong}");
    assert!(wrong.contains("SignatureDoesNotMatch") && !wrong.contains(SECRET_KEY), "{wrong}");
    let elsewhere = told(&|config| config.url = "s3://elsewhere".into()).await;
    assert!(elsewhere.contains("NoSuchBucket"), "{elsewhere}");
}
