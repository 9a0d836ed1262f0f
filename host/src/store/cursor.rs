//! Cursors of lists: the last row's place and a tag, so that nobody makes up places.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::Error;

/// Bytes of the tag: HMAC-SHA256 cut to 128 bits, as RFC 2104 section 5 allows.
const TAG: usize = 16;

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
    let mut bytes = Vec::with_capacity(8 + 16 + TAG);
    bytes.extend(place.at.to_be_bytes());
    bytes.extend(place.id.as_bytes());
    let tag = tag(key, list, account, &bytes).finalize().into_bytes();
    bytes.extend(&tag[..TAG]);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a cursor back; one of another list, account or key is [`Error::BadCursor`].
pub(super) fn read(key: &[u8; 32], list: &str, account: &str, cursor: &str) -> Result<Place, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Error::BadCursor)?;
    let (place, given) = bytes.split_at_checked(24).ok_or(Error::BadCursor)?;
    if given.len() != TAG {
        return Err(Error::BadCursor);
    }
    tag(key, list, account, place).verify_truncated_left(given).map_err(|_| Error::BadCursor)?;
    let (at, id) = place.split_at(8);
    Ok(Place {
        at: i64::from_be_bytes(at.try_into().map_err(|_| Error::BadCursor)?),
        id: Uuid::from_slice(id).map_err(|_| Error::BadCursor)?,
    })
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
