//! IPTC-IIM 4.2 in Photoshop's image resources (APP13 of JPEG files).

use super::{MAX_ENTRIES, bounded, jpeg};

/// What begins the segment.
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";

/// The resource that holds IPTC.
const RESOURCE: u16 = 0x0404;

/// Names of datasets of record 2.
const NAMES: [(u8, &str); 28] = [
    (5, "ObjectName"),
    (7, "EditStatus"),
    (10, "Urgency"),
    (15, "Category"),
    (20, "SupplementalCategories"),
    (25, "Keywords"),
    (40, "SpecialInstructions"),
    (55, "DateCreated"),
    (60, "TimeCreated"),
    (62, "DigitalCreationDate"),
    (63, "DigitalCreationTime"),
    (65, "OriginatingProgram"),
    (70, "ProgramVersion"),
    (80, "By-line"),
    (85, "By-lineTitle"),
    (90, "City"),
    (92, "Sub-location"),
    (95, "Province-State"),
    (100, "Country-PrimaryLocationCode"),
    (101, "Country-PrimaryLocationName"),
    (103, "OriginalTransmissionReference"),
    (105, "Headline"),
    (110, "Credit"),
    (115, "Source"),
    (116, "CopyrightNotice"),
    (118, "Contact"),
    (120, "Caption-Abstract"),
    (122, "Writer-Editor"),
];

/// Every text of record 2, in order.
pub(super) fn read(bytes: &[u8]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (marker, payload) in jpeg::segments(bytes) {
        if let (0xed, Some(resources)) = (marker, payload.strip_prefix(PHOTOSHOP)) {
            found.extend(resource(resources).map(datasets).unwrap_or_default());
        }
    }
    found.truncate(MAX_ENTRIES);
    found
}

/// The IPTC resource among others.
fn resource(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let header = rest.strip_prefix(b"8BIM")?;
        let id = u16::from_be_bytes(header.get(..2)?.try_into().ok()?);
        // A name with its length, together an even number of bytes.
        let name = usize::from(*header.get(2)?) + 1;
        let at = 2 + name + name % 2;
        let length = u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?) as usize;
        let data = header.get(at + 4..)?;
        if id == RESOURCE {
            return data.get(..length);
        }
        rest = data.get(length.checked_add(length % 2)?..)?;
    }
}

fn datasets(mut rest: &[u8]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while let Some((&[0x1c, record, number, high, low], tail)) = rest.split_first_chunk::<5>() {
        // Longer ones have an extended length, which no text of record 2 needs.
        let length = usize::from(u16::from_be_bytes([high, low]));
        let Some(data) = tail.get(..length) else { break };
        rest = &tail[length..];
        if record == 2 && number != 0 {
            let name = NAMES.iter().find(|(known, _)| *known == number);
            let name = name.map_or_else(|| format!("2:{number}"), |(_, name)| (*name).to_owned());
            found.push((name, bounded(text(data))));
        }
    }
    found
}

/// UTF-8 where it is, else Latin-1, as most programs write.
fn text(data: &[u8]) -> String {
    match std::str::from_utf8(data) {
        Ok(text) => text.to_owned(),
        Err(_) => data.iter().copied().map(char::from).collect(),
    }
}
