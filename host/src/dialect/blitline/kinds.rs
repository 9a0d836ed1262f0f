//! What a job's source is: `src_type`.

use serde_json::{Value, json};

use super::{pages::Told, sources, values::Members};

/// What a source is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum SourceKind {
    /// A picture; of several pages the first.
    Image,
    /// A picture in base64.
    Inline,
    /// An animation that stays one.
    Gif,
    /// These pages, counted from 0, or all when there are none.
    Pages(Told, Vec<u32>),
    /// Files that go into an archive.
    Zip,
}

/// Pages that a job names, at most.
const MAX_NAMED: usize = 1000;

/// What stands in messages.
const EXPECTED: &str = "image, smart_image, inline, gif, multi_page, {\"name\": \"multi_page\", \"pages\": [0, 1]}, \
                        burst_pdf, zip or pre_process_only";

impl SourceKind {
    /// Reads it.
    ///
    /// Errors: a sentence.
    pub(super) fn read(job: Members<'_>) -> Result<SourceKind, String> {
        let wrong = || job.wrong("src_type", EXPECTED);
        let (name, pages) = match job.get("src_type") {
            None => return Ok(SourceKind::Image),
            Some(Value::String(name)) => (name.clone(), Value::Null),
            Some(Value::Object(members)) => {
                let kind = Members::new("src_type", members);
                (kind.needed_text("name")?, kind.get("pages").cloned().unwrap_or(json!([])))
            }
            Some(_) => return Err(wrong()),
        };
        Ok(match name.as_str() {
            "image" | "smart_image" | "pre_process_only" => SourceKind::Image,
            "inline" => SourceKind::Inline,
            "gif" => SourceKind::Gif,
            "burst_pdf" => SourceKind::Pages(Told::AsGroup, Vec::new()),
            "zip" => SourceKind::Zip,
            "multi_page" | "multipage" => match pages {
                Value::Null => SourceKind::Pages(Told::AsOne, Vec::new()),
                pages => {
                    let mut pages =
                        sources::pages(&pages).filter(|pages| pages.len() <= MAX_NAMED).ok_or_else(wrong)?;
                    pages.dedup();
                    SourceKind::Pages(Told::AsOne, pages)
                }
            },
            "screen_shot_url" | "screenshot" => {
                return Err(format!(
                    "{} is {name:?}, but pages are not drawn here, which takes a browser; expected {EXPECTED}",
                    job.place("src_type")
                ));
            }
            _ => return Err(wrong()),
        })
    }
}
