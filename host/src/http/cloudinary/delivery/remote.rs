//! Functions on the web: the picture at hand goes there, signed, and another one comes back.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use bytes::Bytes;
use serde_json::json;

use super::{Cloud, Delivery, Resource};
use crate::{
    clock::micros,
    dialect::cloudinary::{lower::REMOTE, signature::notification_signature},
    error::{Code, Failure},
    job::{Encoding, Rendering, Step},
    source::Source,
    worker::{MadeNow, Now},
};

/// Functions that one address may name.
const MOST: usize = 3;

/// How long a function may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What calls functions on the web.
#[async_trait]
pub trait Functions: Send + Sync {
    /// Posts a body; answers that of a good answer.
    ///
    /// Errors: an address that may not be reached, no answer in time, one that is no 200 or larger than allowed.
    async fn call(&self, url: &str, headers: HeaderMap, body: Bytes, limit: Duration) -> Result<Bytes, Failure>;
}

/// What functions are told of a resource, and by whom.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    cloud: Cloud,
    metadata: String,
}

impl Signed {
    pub(super) fn new(cloud: &Cloud, resource: &Resource) -> Signed {
        let metadata = json!({"context": resource.context, "tags": resource.tags, "variables": {}}).to_string();
        Signed { cloud: cloud.clone(), metadata }
    }
}

/// Steps that are run here, and the function that gets what they make.
#[derive(Debug, PartialEq)]
struct Stage {
    steps: Vec<Step>,
    url: String,
}

/// The stages that end in a function, and the steps after the last one.
fn stages(steps: Vec<Step>) -> (Vec<Stage>, Vec<Step>) {
    let (mut stages, mut rest) = (Vec::new(), Vec::new());
    for step in steps {
        match step.transform.strip_prefix(REMOTE) {
            Some(url) => stages.push(Stage { steps: std::mem::take(&mut rest), url: url.to_owned() }),
            None => rest.push(step),
        }
    }
    (stages, rest)
}

impl Delivery {
    /// Makes an image. What stands before a function on the web is made first and sent there; the function's answer is
    /// what the rest begins with.
    pub(super) async fn make(&self, now: Now, signed: &Signed) -> Result<MadeNow, Failure> {
        let end = Instant::now() + now.limit;
        let (stages, rest) = stages(now.steps);
        if stages.len() > MOST {
            let message = format!("{} functions on the web, expected at most {MOST}", stages.len());
            return Err(Failure::new(Code::InvalidParams, message));
        }
        let left = || end.saturating_duration_since(Instant::now());
        let storage = |error: crate::blob::Error| Failure::new(Code::StorageFailed, error.to_string());
        let (mut source, mut rendering) = (now.source, now.rendering);
        for Stage { steps, url } in stages {
            let bytes = match &source {
                // The original is sent as it came.
                Source::Blob { sha256, .. } if steps.is_empty() && rendering.is_default() => {
                    self.blobs.get(sha256).await.map_err(storage)?
                }
                _ => {
                    let encoding = Encoding { format: Some("png".to_owned()), ..Encoding::default() };
                    let account = now.account.clone();
                    let now = Now { account, source, rendering, steps, encoding, limit: left() };
                    self.maker.make(now).await?.bytes
                }
            };
            let (headers, body) = self.request(signed, &bytes);
            let answer = self.functions.call(&url, headers, body, left().min(PATIENCE)).await?;
            let blob = self.blobs.put(answer).await.map_err(storage)?;
            (source, rendering) = (Source::Blob { sha256: blob.sha256, asset: None }, Rendering::default());
        }
        self.maker.make(Now { source, rendering, steps: rest, limit: left(), ..now }).await
    }

    /// The picture and what is known of it as a form, with the signature of the account over the whole.
    fn request(&self, signed: &Signed, picture: &[u8]) -> (HeaderMap, Bytes) {
        let boundary = hex::encode(rand::random::<[u8; 16]>());
        let media_type = safelight_codec::Format::sniff(picture).map_or("application/octet-stream", |f| f.media_type());
        let mut body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"image\"\r\n\
             Content-Type: {media_type}\r\n\r\n"
        )
        .into_bytes();
        body.extend(picture);
        let metadata = &signed.metadata;
        body.extend(
            format!(
                "\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\
                 Content-Type: application/json\r\n\r\n{metadata}\r\n--{boundary}--\r\n"
            )
            .into_bytes(),
        );
        let timestamp = micros(self.clock.now()) / 1_000_000;
        let secret = signed.cloud.secrets.first().map_or("", String::as_str);
        let signature = notification_signature(&body, timestamp, secret, signed.cloud.algorithm);
        let mut headers = HeaderMap::new();
        let mut put = |name: HeaderName, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        };
        put(header::CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"));
        put(HeaderName::from_static("x-cld-timestamp"), timestamp.to_string());
        put(HeaderName::from_static("x-cld-signature"), signature);
        (headers, body.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_parted_at_functions() {
        let step = |transform: &str| Step { transform: transform.to_owned(), params: Default::default() };
        let function = |name: &str| step(&format!("{REMOTE}http://{name}/"));
        let stage = |steps: &[&str], name: &str| Stage {
            steps: steps.iter().map(|name| step(name)).collect(),
            url: format!("http://{name}/"),
        };
        assert_eq!(stages(vec![step("a")]), (vec![], vec![step("a")]));
        let (found, rest) = stages(vec![function("x"), step("a"), step("b"), function("y"), step("c")]);
        assert_eq!(found, [stage(&[], "x"), stage(&["a", "b"], "y")]);
        assert_eq!(rest, [step("c")]);
    }
}
