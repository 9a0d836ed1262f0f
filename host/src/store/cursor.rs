//! Cursors of lists: the last row's place and a tag, so that nobody makes up places.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;
use uuid::Uuid;

use super::Error;

/// Bytes of the tag: HMAC-SHA256 cut to 128 bits, as RFC 2104 section 5 allows.
const TAG: usize = 16;

/// Bytes of a [`Place`].
const PLACE: usize = 8 + 16;

/// The place of a row in a list that is ordered by time, then id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Microseconds.
    pub(super) at: i64,
    /// The row.
    pub(super) id: Uuid,
}

/// Writes a cursor of the list `list` ("jobs") of `account`.
pub(super) fn write(key: &[u8; 32], list: &str, account: &str, place: Place) -> String {
    let mut bytes = Vec::with_capacity(PLACE + TAG);
    bytes.extend(place.at.to_be_bytes());
    bytes.extend(place.id.as_bytes());
    seal(key, list, account, bytes)
}

/// Reads a cursor back; one of another list, account or key is [`Error::BadCursor`].
pub(super) fn read(key: &[u8; 32], list: &str, account: &str, cursor: &str) -> Result<Place, Error> {
    let bytes = open(key, list, account, cursor)?;
    let (at, id) = bytes.split_at_checked(8).ok_or(Error::BadCursor)?;
    Ok(Place {
        at: i64::from_be_bytes(at.try_into().map_err(|_| Error::BadCursor)?),
        id: Uuid::from_slice(id).map_err(|_| Error::BadCursor)?,
    })
}

/// Writes a cursor whose place is anything that JSON can say.
pub(super) fn write_json(key: &[u8; 32], list: &str, account: &str, place: &impl Serialize) -> String {
    // Texts and numbers always serialize.
    seal(key, list, account, serde_json::to_vec(place).expect("a place is JSON"))
}

/// Reads what [`write_json`] wrote.
pub(super) fn read_json<T: DeserializeOwned>(
    key: &[u8; 32],
    list: &str,
    account: &str,
    cursor: &str,
) -> Result<T, Error> {
    serde_json::from_slice(&open(key, list, account, cursor)?).map_err(|_| Error::BadCursor)
}

fn seal(key: &[u8; 32], list: &str, account: &str, mut place: Vec<u8>) -> String {
    let tag = tag(key, list, account, &place).finalize().into_bytes();
    place.extend(&tag[..TAG]);
    URL_SAFE_NO_PAD.encode(place)
}

fn open(key: &[u8; 32], list: &str, account: &str, cursor: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Error::BadCursor)?;
    let place = bytes.len().checked_sub(TAG).ok_or(Error::BadCursor)?;
    let given = bytes.split_off(place);
    tag(key, list, account, &bytes).verify_truncated_left(&given).map_err(|_| Error::BadCursor)?;
    Ok(bytes)
}

/// The lengths are part of what is signed, so that list and account cannot run into each other.
fn tag(key: &[u8; 32], list: &str, account: &str, place: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in [list.as_bytes(), account.as_bytes(), place] {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_no_other_is_taken() {
        let place = Place { at: 1_700_000_000_000_000, id: Uuid::now_v7() };
        let cursor = write(&[7; 32], "jobs", "demo", place);
        assert_eq!(read(&[7; 32], "jobs", "demo", &cursor).unwrap(), place);
        let words = ("b/c".to_owned(), 7);
        let other = write_json(&[7; 32], "names", "demo", &words);
        assert_eq!(read_json::<(String, i64)>(&[7; 32], "names", "demo", &other).unwrap(), words);
        assert!(matches!(read(&[7; 32], "names", "demo", &other), Err(Error::BadCursor)), "of another shape");
        let mut forged = cursor.clone().into_bytes();
        forged[0] ^= 1;
        let forged = String::from_utf8(forged).unwrap();
        for (key, list, account, cursor) in [
            ([8; 32], "jobs", "demo", cursor.as_str()),
            ([7; 32], "deliveries", "demo", &cursor),
            ([7; 32], "jobs", "other", &cursor),
            ([7; 32], "jobs", "demo", &forged),
            ([7; 32], "jobs", "demo", &cursor[..20]),
            ([7; 32], "jobs", "demo", "not base64 !"),
            ([7; 32], "jobs", "demo", ""),
        ] {
            assert!(matches!(read(&key, list, account, cursor), Err(Error::BadCursor)), "{list} {account} {cursor}");
        }
    }
}
