//! Reading: whole blobs, parts of them, and URLs under which others read them.

use std::ops::Range;

use bytes::Bytes;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use http::HeaderMap;
use object_store::{GetOptions, GetRange, GetResult};

use super::{Blobs, Error, Signed, TRIES, is_missing, path_of, read_error};

/// How much of a file is read at once.
const CHUNK: u64 = 1 << 20;

/// The bytes of a blob as they come.
pub type Pieces = BoxStream<'static, Result<Bytes, Error>>;

impl Blobs {
    /// All bytes of a blob.
    pub async fn get(&self, sha256: &str) -> Result<Bytes, Error> {
        let found = self.find(sha256, GetOptions::default()).await?;
        found.bytes().await.map_err(|error| read_error(sha256, error))
    }

    /// The bytes of a blob in pieces, with its size; for bodies that should not be in memory at once.
    pub async fn stream(&self, sha256: &str) -> Result<(u64, Pieces), Error> {
        let found = self.find(sha256, GetOptions::default()).await?;
        let (bytes, sha256) = (found.meta.size, sha256.to_owned());
        Ok((bytes, found.into_stream().map(move |chunk| chunk.map_err(|error| read_error(&sha256, error))).boxed()))
    }

    /// The bytes from `range.start` to before `range.end`, in pieces. The range must lie inside of the blob.
    pub async fn stream_range(&self, sha256: &str, range: Range<u64>) -> Result<Pieces, Error> {
        if range.is_empty() {
            return Ok(stream::empty().boxed());
        }
        if self.local.is_none() {
            let asked = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
            let (found, sha256) = (self.find(sha256, asked).await?, sha256.to_owned());
            return Ok(found.into_stream().map(move |piece| piece.map_err(|error| read_error(&sha256, error))).boxed());
        }
        // The first piece is read before the answer, so that a missing blob is an error and not a broken transfer.
        let first = self.get_range(sha256, range.start..range.end.min(range.start + CHUNK)).await?;
        let from = range.start + first.len() as u64;
        let state = (self.clone(), sha256.to_owned(), from, range.end);
        let rest = stream::try_unfold(state, |(blobs, sha256, from, end)| async move {
            if from >= end {
                return Ok(None);
            }
            let piece = blobs.get_range(&sha256, from..end.min(from + CHUNK)).await?;
            let from = from + piece.len() as u64;
            Ok(Some((piece, (blobs, sha256, from, end))))
        });
        Ok(stream::iter([Ok(first)]).chain(rest).boxed())
    }

    /// The bytes from `range.start` to before `range.end`, which is cut to the blob's end.
    pub async fn get_range(&self, sha256: &str, range: Range<u64>) -> Result<Bytes, Error> {
        let asked = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
        let found = if range.is_empty() {
            Err(Error::failed("read a blob", "no bytes"))
        } else {
            self.find(sha256, asked).await
        };
        match found {
            Ok(found) => found.bytes().await.map_err(|error| read_error(sha256, error)),
            // Stores say in ways of their own that the range lies outside.
            Err(error @ Error::Failed { .. }) => {
                let bytes = self.size(sha256).await?;
                if range.start >= range.end.min(bytes) {
                    return Err(Error::BadRange { start: range.start, end: range.end, bytes });
                }
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// The size of a blob.
    pub async fn size(&self, sha256: &str) -> Result<u64, Error> {
        let found = self.find(sha256, GetOptions { head: true, ..GetOptions::default() }).await?;
        Ok(found.meta.size)
    }

    /// A URL under which the object store itself hands the blob out for a while; of the headers it repeats those it can.
    /// None when it is not to.
    ///
    /// Errors: there is no such blob; the store cannot be reached.
    pub async fn signed_url(&self, sha256: &str, headers: &HeaderMap) -> Result<Option<Signed>, Error> {
        let Some(signer) = &self.signer else { return Ok(None) };
        // One that was set aside is put back by this.
        self.size(sha256).await?;
        Ok(Some(signer.url(&path_of(sha256)?, headers).await?))
    }

    /// Asks for an object, and looks for it in the trash when it is not in its place.
    async fn find(&self, sha256: &str, options: GetOptions) -> Result<GetResult, Error> {
        let path = path_of(sha256)?;
        for _ in 0..TRIES {
            let found = self.objects.get_opts(&path, options.clone()).await;
            if !is_missing(&found) {
                return found.map_err(|error| read_error(sha256, error));
            }
            if !self.put_back(sha256).await? {
                // Somebody else may have put it back and cleared the trash between these two looks.
                let found = self.objects.get_opts(&path, options).await;
                return found.map_err(|error| read_error(sha256, error));
            }
        }
        Err(Error::failed("read a blob", format!("{sha256} is put back and set aside all the time")))
    }
}
