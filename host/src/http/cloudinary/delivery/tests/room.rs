//! A cloud in memory, and what is asked of it.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use axum::{
    body::Bytes,
    http::{HeaderMap, Request},
};
use safelight_codec::{EncodeOptions, Format, Picture, Raster};

use super::super::*;
use crate::{
    clock::from_micros,
    config::Config as Settings,
    dialect::cloudinary::{
        geometry::Size,
        lower::TextStyle,
        signature::{Algorithm, delivery_signature, delivery_text},
        transformation::Transformation,
    },
    error::{Code, Failure},
    http::{serve::Peer, tests::plugins::Played},
    job::{Rendering, SourceReport},
    source::Source,
    store::BlobRow,
    worker::{MadeNow, Now},
};

pub(super) const SECRET: &str = "abcd";
pub(super) const KEY: &str = "00112233FF99";

/// A blank picture of this size.
pub(super) fn picture(format: Format, width: u32, height: u32) -> Bytes {
    let picture = Picture::still(Raster::filled(width, height, [200, 100, 50, 255]));
    safelight_codec::encode(&picture, &EncodeOptions::new(format)).unwrap().into()
}

/// Makes blank pictures; remembers what it was asked for.
pub(crate) struct FakeMaker {
    blobs: Blobs,
    pub(super) made: Mutex<Vec<Now>>,
    pub(super) fetches: AtomicU32,
    /// How long it takes, in milliseconds.
    pub(super) slow_ms: AtomicU32,
    /// Functions on the web that were called: where, with which headers and body.
    pub(super) called: Mutex<Vec<(String, HeaderMap, Bytes)>>,
    /// Fails with this.
    pub(super) failure: Mutex<Option<Failure>>,
}

impl FakeMaker {
    /// Keeps what it makes there.
    pub(crate) fn new(blobs: Blobs) -> FakeMaker {
        let (fetches, slow_ms) = (AtomicU32::new(0), AtomicU32::new(0));
        FakeMaker {
            blobs,
            made: Mutex::default(),
            fetches,
            slow_ms,
            called: Mutex::default(),
            failure: Mutex::default(),
        }
    }

    async fn put(&self, bytes: &Bytes) -> BlobRow {
        self.blobs.put(bytes.clone()).await.unwrap().into()
    }
}

#[async_trait]
impl Functions for FakeMaker {
    async fn call(&self, url: &str, headers: HeaderMap, body: Bytes, _: Duration) -> Result<Bytes, Failure> {
        self.called.lock().unwrap().push((url.to_owned(), headers, body));
        Ok(picture(Format::Png, 7, 5))
    }
}

#[async_trait]
impl Maker for FakeMaker {
    async fn make(&self, now: Now) -> Result<MadeNow, Failure> {
        self.made.lock().unwrap().push(now.clone());
        tokio::time::sleep(Duration::from_millis(self.slow_ms.load(Ordering::SeqCst).into())).await;
        if let Some(failure) = self.failure.lock().unwrap().clone() {
            return Err(failure);
        }
        let format = match now.encoding.format.as_deref() {
            Some("auto") if now.encoding.accept.as_deref().is_some_and(|accept| accept.contains("webp")) => {
                Format::WebP
            }
            Some("auto") => Format::Jpeg,
            named => named.and_then(Format::from_name).unwrap_or(Format::Jpeg),
        };
        let bytes = picture(format, 4, 3);
        let blob = self.put(&bytes).await;
        Ok(MadeNow { blob, bytes, width: 4, height: 3, frames: 1, format: format.name().to_owned() })
    }

    async fn measure(&self, _: &Source, rendering: &Rendering) -> Result<SourceReport, Failure> {
        let side = rendering.dpi.map_or(100, |dpi| dpi as u32);
        let (format, sha256) = ("pdf".to_owned(), String::new());
        Ok(SourceReport { width: side, height: side, format, bytes: 1, sha256, md5: None, frames: Some(5) })
    }

    async fn fetch(&self, url: &str, picture_wanted: bool) -> Result<(BlobRow, Option<SourceReport>), Failure> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        if url.contains("missing") {
            return Err(Failure::new(Code::SourceNotFound, "cannot fetch the source: 404 Not Found"));
        }
        let bytes = picture(Format::Png, 8, 6);
        let blob = self.put(&bytes).await;
        let report = SourceReport {
            width: 8,
            height: 6,
            format: "png".to_owned(),
            bytes: blob.bytes,
            sha256: blob.sha256.clone(),
            md5: None,
            frames: None,
        };
        Ok((blob, picture_wanted.then_some(report)))
    }
}

#[derive(Default)]
pub(in super::super) struct FakeResources {
    pub(super) all: Mutex<HashMap<ResourceId, Resource>>,
    pub(super) derived: Mutex<HashMap<String, (Derivation, Derived)>>,
    pub(super) strict: bool,
    pub(super) fetch: Mutex<Fetching>,
    /// How often work is taken by another node.
    taken_elsewhere: AtomicU32,
    /// What was given up.
    pub(in super::super) given: Mutex<Vec<String>>,
}

impl FakeResources {
    /// Nothing, whose work is taken by another node so often.
    pub(in super::super) fn elsewhere(times: u32) -> FakeResources {
        FakeResources { taken_elsewhere: AtomicU32::new(times), ..FakeResources::default() }
    }
}

#[async_trait]
impl Resources for FakeResources {
    async fn take(&self, _: &str, _: Duration) -> bool {
        let times = self.taken_elsewhere.load(Ordering::SeqCst);
        self.taken_elsewhere.store(times.saturating_sub(1), Ordering::SeqCst);
        times == 0
    }

    async fn give(&self, key: &str) {
        self.given.lock().unwrap().push(key.to_owned());
    }

    async fn cloud(&self, name: &str) -> Result<Option<Cloud>, Failure> {
        Ok((name == "demo").then(|| Cloud {
            account: "demo".into(),
            secrets: vec!["older".into(), SECRET.into()],
            algorithm: Algorithm::Sha1,
            strict: self.strict,
            token_key: Some(KEY.into()),
            fetch: if self.strict { Fetching::Signed } else { *self.fetch.lock().unwrap() },
        }))
    }

    async fn find(&self, _: &str, id: &ResourceId) -> Result<Option<Resource>, Failure> {
        Ok(self.all.lock().unwrap().get(id).cloned())
    }

    async fn named(&self, _: &str, name: &str) -> Result<Option<Transformation>, Failure> {
        Ok((name == "thumb").then(|| "c_fill,h_50,w_50".parse().unwrap()))
    }

    async fn style(&self, _: &str, _: &str) -> Result<Option<TextStyle>, Failure> {
        Ok(None)
    }

    async fn allows(&self, _: &str, transformation: &Transformation) -> Result<bool, Failure> {
        Ok(transformation.to_string() == "t_thumb")
    }

    async fn derived(&self, _: &str, derivation: &Derivation) -> Result<Option<Derived>, Failure> {
        Ok(self.derived.lock().unwrap().get(&derivation.key).map(|(_, derived)| derived.clone()))
    }

    async fn keep_derived(&self, _: &str, derivation: &Derivation, derived: &Derived) -> Result<(), Failure> {
        self.derived.lock().unwrap().insert(derivation.key.clone(), (derivation.clone(), derived.clone()));
        Ok(())
    }

    async fn keep_fetched(&self, _: &str, id: &ResourceId, resource: Resource) -> Result<Resource, Failure> {
        self.all.lock().unwrap().insert(id.clone(), resource.clone());
        Ok(resource)
    }
}

/// An answer with its body read.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and `X-Cld-Error`.
    pub(super) fn refused(&self) -> (u16, &str) {
        (self.status, self.header("x-cld-error"))
    }
}

/// The cloud `demo` with `image/upload/sample` (400 x 300 JPEG), `folder/logo` (40 x 30 PNG), `image/private/secret`,
/// `image/authenticated/closed`, `raw/upload/notes.txt` and a document `book`.
pub(super) struct Room {
    dir: PathBuf,
    pub(super) delivery: Arc<Delivery>,
    pub(super) maker: Arc<FakeMaker>,
    pub(super) resources: Arc<FakeResources>,
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Room {
    pub(super) async fn new() -> Room {
        Room::with(false, |_| {}).await
    }

    pub(super) async fn with(strict: bool, change: impl FnOnce(&mut Config)) -> Room {
        let dir = std::env::temp_dir().join(format!("safelight-delivery-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&dir).unwrap();
        let blobs = Blobs::local(&dir).unwrap();
        let maker = Arc::new(FakeMaker::new(blobs.clone()));
        let resources = Arc::new(FakeResources { strict, ..FakeResources::default() });
        let mut config = Settings::defaults().delivery;
        config.hosts.insert("images.test".into(), "demo".into());
        change(&mut config);
        let clock = Clock::stepped(from_micros(1_700_000_000_000_000));
        let parts = (resources.clone(), maker.clone(), Arc::new(Played::new()));
        let delivery = Arc::new(Delivery::new(parts.0, parts.1, maker.clone(), parts.2, blobs.clone(), clock, config));
        let room = Room { dir, delivery, maker, resources };
        for (kind, delivery, id, format, bytes, size) in [
            (ResourceType::Image, DeliveryType::Upload, "sample", "jpeg", picture(Format::Jpeg, 40, 30), (400, 300)),
            (ResourceType::Image, DeliveryType::Upload, "folder/logo", "png", picture(Format::Png, 40, 30), (40, 30)),
            (ResourceType::Image, DeliveryType::Private, "secret", "png", picture(Format::Png, 9, 9), (9, 9)),
            (ResourceType::Image, DeliveryType::Authenticated, "closed", "png", picture(Format::Png, 9, 8), (9, 8)),
        ] {
            room.add(kind, delivery, id, format, bytes, Some(size)).await;
        }
        let notes = Bytes::from_static(b"0123456789");
        room.add(ResourceType::Raw, DeliveryType::Upload, "notes.txt", "txt", notes, None).await;
        let book = Bytes::from_static(b"%PDF-");
        room.add(ResourceType::Image, DeliveryType::Upload, "book", "pdf", book, Some((100, 100))).await;
        room
    }

    pub(super) async fn add(
        &self,
        kind: ResourceType,
        delivery: DeliveryType,
        id: &str,
        format: &str,
        bytes: Bytes,
        size: Option<(u32, u32)>,
    ) {
        let blob = self.delivery.blobs.put(bytes).await.unwrap();
        let resource = Resource {
            row: None,
            etag: format!("md5of{id}"),
            sha256: blob.sha256,
            bytes: blob.bytes,
            format: format.into(),
            size: size.map(|(width, height)| Size::new(width, height)),
            frames: Some(1),
            modified: from_micros(1_600_000_000_500_000),
            tags: vec!["sale".into()],
            context: Default::default(),
            metadata: Default::default(),
            faces: Vec::new(),
            custom: Vec::new(),
            access: Access::ByType,
        };
        let id = ResourceId { kind, delivery, public_id: id.into() };
        self.resources.all.lock().unwrap().insert(id, resource);
    }

    /// Sends a request for a path, with headers.
    pub(super) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Option<Answer> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut head, ()) = request.body(()).unwrap().into_parts();
        head.extensions.insert(Peer("192.0.2.7:5000".parse().unwrap()));
        let answer = self.delivery.answer(&head).await?;
        let (head, body) = answer.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Some(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[]).await.unwrap_or_else(|| panic!("{path} is no delivery address"))
    }

    /// The path with a signature before its transformation.
    pub(super) fn signed(&self, kind: &str, transformation: &str, id: &str) -> String {
        let signature = delivery_signature(&delivery_text(transformation, id), SECRET, Algorithm::Sha1, false);
        let transformation = if transformation.is_empty() { String::new() } else { format!("{transformation}/") };
        format!("/demo/image/{kind}/s--{signature}--/{transformation}{id}")
    }
}
