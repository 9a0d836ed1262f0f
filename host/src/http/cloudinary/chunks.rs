//! Files that come in several requests: `Content-Range` and `X-Unique-Upload-Id`.
//!
//! Each part is a blob with a row of its own. The last one joins all of them to one blob, so that what
//! follows is an upload like any other.

use axum::http::HeaderMap;
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{
    Call,
    caller::Caller,
    form::SentFile,
    reply::Refusal,
    upload::{self, TakenFile},
};
use crate::{
    dialect::cloudinary::naming,
    http::State,
    source::Source,
    store::{Change, ChunkRow},
};

/// Bytes of a part that is not the last, at least.
const MIN_PART: u64 = 5 << 20;

/// Bytes of the client's name for the whole, at most.
const MAX_UPLOAD_ID: usize = 255;

/// What became of the file of a request.
pub(super) enum Taken {
    /// It was a part, and more are to come: the answer.
    Part(Value),
    /// It is all there.
    Whole(TakenFile),
}

/// Where a part belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    begins: u64,
    bytes: u64,
    /// None while the client does not know.
    total: Option<u64>,
}

/// Takes a request's file: a part if its headers say so. `public_id` is the one that was sent.
pub(super) async fn take(
    call: &Call,
    caller: &Caller,
    file: SentFile,
    public_id: Option<&str>,
) -> Result<Taken, Refusal> {
    let state = &call.state;
    let Some(range) = range(&call.headers)? else { return Ok(Taken::Whole(upload::keep(state, file).await?)) };
    let SentFile::Bytes { writer, filename } = file else {
        return Ok(Taken::Whole(upload::keep(state, file).await?));
    };
    if writer.written() == 0 && range.total == Some(0) {
        return Err(Refusal::bad("Empty file"));
    }
    if writer.written() != range.bytes {
        let (came, said) = (writer.written(), range.bytes);
        return Err(Refusal::bad(format!("Invalid Content-Range: the part has {came} bytes, the header says {said}")));
    }
    let end = range.begins + range.bytes;
    let is_last = range.total == Some(end);
    if range.total.is_some_and(|total| end > total) {
        return Err(Refusal::bad("Invalid Content-Range: the part ends behind the end of the file"));
    }
    if range.begins == 0 && is_last {
        let file = SentFile::Bytes { writer, filename };
        return Ok(Taken::Whole(upload::keep(state, file).await?));
    }
    if !is_last && range.bytes < MIN_PART {
        return Err(Refusal::bad("All parts except EOF-chunk must be larger than 5mb"));
    }
    let most = state.limits.max_picture_bytes;
    if range.total.unwrap_or(end) > most {
        return Err(Refusal::bad(format!("File size too large. Maximum is {most} bytes")));
    }
    let id = upload_id(&call.headers)?;
    let blob = writer.finish().await?;
    let row = ChunkRow {
        account: caller.account.key.clone(),
        upload: id.clone(),
        begins: range.begins,
        bytes: blob.bytes,
        sha256: blob.sha256,
        created_at: state.clock.now(),
    };
    state.store.change(vec![Change::PutChunk(row)], Vec::new()).await?;
    if !is_last {
        let mut answer = json!({"done": false, "bytes": end, "kind": "upload"});
        // The Python SDK sends with the next part what stands here.
        if let Some(public_id) = public_id {
            answer["public_id"] = public_id.into();
        }
        return Ok(Taken::Part(answer));
    }
    let sha256 = join(state, &caller.account.key, &id, end).await?;
    let source = Source::Blob { sha256, asset: None };
    Ok(Taken::Whole(TakenFile { source, filename: naming::base_name(&filename) }))
}

/// Joins the parts of an upload; answers the key of the whole.
async fn join(state: &State, account: &str, id: &str, total: u64) -> Result<String, Refusal> {
    let parts = state.store.chunks(account, id).await?;
    let mut at = 0;
    for part in &parts {
        if part.begins != at {
            return Err(Refusal::bad(format!("Upload {id} has no bytes from {at} on: send its parts in order")));
        }
        at += part.bytes;
    }
    if at != total {
        return Err(Refusal::bad(format!("Upload {id} has {at} bytes, expected {total}")));
    }
    let mut writer = state.blobs.writer(state.limits.max_picture_bytes);
    for part in &parts {
        let (_, mut bytes) = state.blobs.stream(&part.sha256).await?;
        while let Some(chunk) = bytes.next().await {
            writer.write(&chunk?).await?;
        }
    }
    let blob = writer.finish().await?;
    let done = Change::DropChunks { account: account.to_owned(), upload: id.to_owned() };
    state.store.change(vec![done], Vec::new()).await?;
    Ok(blob.sha256)
}

fn upload_id(headers: &HeaderMap) -> Result<String, Refusal> {
    let sent = headers.get("x-unique-upload-id").and_then(|value| value.to_str().ok());
    let fits = |id: &&str| (1..=MAX_UPLOAD_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    let expected =
        format!("Missing or invalid header X-Unique-Upload-Id (expected 1 to {MAX_UPLOAD_ID} visible characters)");
    sent.filter(fits).map(str::to_owned).ok_or_else(|| Refusal::bad(expected))
}

/// `bytes 0-19999999/-1`: the total is -1 until it is known. An empty file is `bytes 0--1/0`.
fn range(headers: &HeaderMap) -> Result<Option<Range>, Refusal> {
    let Some(value) = headers.get("content-range") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let invalid = || Refusal::bad(format!("Invalid Content-Range: {text:?} (expected bytes FIRST-LAST/TOTAL)"));
    let (first, rest) = text.strip_prefix("bytes ").and_then(|rest| rest.split_once('-')).ok_or_else(invalid)?;
    let (last, total) = rest.split_once('/').ok_or_else(invalid)?;
    let number = |text: &str| text.parse::<i64>().ok().filter(|number| (-1..1 << 50).contains(number));
    match (number(first), number(last), number(total)) {
        (Some(first), Some(last), Some(total)) if first >= 0 && last >= first - 1 => {
            Ok(Some(Range { begins: first as u64, bytes: (last + 1 - first) as u64, total: u64::try_from(total).ok() }))
        }
        _ => Err(invalid()),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn ranges_are_those_of_both_sdks() {
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("content-range", HeaderValue::from_static(text));
            range(&headers)
        };
        let is = |begins, bytes, total| Ok(Some(Range { begins, bytes, total }));
        assert_eq!(read("bytes 0-9/30"), is(0, 10, Some(30)));
        assert_eq!(read("bytes 10-29/-1"), is(10, 20, None));
        assert_eq!(read("bytes 0--1/0"), is(0, 0, Some(0)));
        assert_eq!(range(&HeaderMap::new()), Ok(None));
        for wrong in [
            "bytes 10-8/30",
            "bytes=0-9/30",
            "bytes -1-9/30",
            "bytes 0-9",
            "bytes 0-x/3",
            "bytes 0-9/9999999999999999999",
        ] {
            assert!(read(wrong).unwrap_err().message.contains("expected bytes FIRST-LAST/TOTAL"), "{wrong}");
        }
    }
}
