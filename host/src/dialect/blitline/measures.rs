//! What a job asks of its source beside pictures: colours, hashes, sizes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::values::Members;
use crate::job::{Params, SourceReport, Step};

/// Colours that are looked for when the job does not say.
const COLORS: f64 = 16.0;

/// What is told of the source; kept with the job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measures {
    /// The most frequent colours: so many at most.
    pub colors: Option<u16>,
    /// A hash.
    pub hash: Option<Hash>,
    /// The size of the file.
    pub filesize: bool,
    /// Sizes of the results' files as well.
    pub of_results: bool,
}

/// A hash of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hash {
    /// Of the file.
    Sha256,
    /// Of what it looks like: frequencies.
    PhashDct,
    /// Of what it looks like: edges.
    PhashMh,
}

impl Measures {
    /// Reads what a job asks for.
    ///
    /// Errors: a sentence that names the member, its value and what was expected.
    pub(super) fn read(job: Members<'_>) -> Result<Measures, String> {
        let colors = match job.object("extract_colors")? {
            Some(members) => {
                let colors = Members::new("extract_colors", &members);
                let most = colors.number_or("max_colors", COLORS)?;
                let fits = most.fract() == 0.0 && (1.0..=256.0).contains(&most);
                Some(if fits { most as u16 } else { return Err(colors.wrong("max_colors", "1 to 256")) })
            }
            None => None,
        };
        let hash = match job.text("hash")?.as_deref() {
            None => None,
            Some("sha256") => Some(Hash::Sha256),
            Some("phash_dct") => Some(Hash::PhashDct),
            Some("phash_mh") => Some(Hash::PhashMh),
            Some(_) => return Err(job.wrong("hash", "sha256, phash_dct or phash_mh")),
        };
        let of_results = job.flag("extended_metadata")?;
        Ok(Measures { colors, hash, filesize: of_results || job.flag("get_exif")?, of_results })
    }

    /// Whether anything is asked for.
    pub(super) fn is_any(&self) -> bool {
        *self != Measures::default()
    }

    /// The steps on the source that find it out.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Some(count) = self.colors {
            let params = Params::from_iter([("count".to_owned(), json!(count))]);
            steps.push(Step { transform: "colors".to_owned(), params });
        }
        if matches!(self.hash, Some(Hash::PhashDct | Hash::PhashMh)) {
            steps.push(Step { transform: "perceptual_hash".to_owned(), params: Params::new() });
        }
        steps
    }

    /// Adds what was found to what is told of the source. `data` is what the steps found, in their order.
    pub(super) fn tell(&self, meta: &mut Map<String, Value>, source: &SourceReport, data: &[Value]) {
        let mut data = data.iter();
        if self.filesize {
            meta.insert("filesize".to_owned(), source.bytes.into());
        }
        if self.colors.is_some()
            && let Some(found) = data.next()
        {
            let colors: Vec<Value> = found["colors"].as_array().into_iter().flatten().map(color).collect();
            let background = &found["background"]["hex"];
            meta.insert("extracted_colors".to_owned(), json!({"data": colors, "best_guess_background": background}));
        }
        let hash = match self.hash {
            None => return,
            Some(Hash::Sha256) => json!(source.sha256),
            Some(Hash::PhashDct) => data.next().map_or(Value::Null, |found| found["dct"].clone()),
            Some(Hash::PhashMh) => data.next().map_or(Value::Null, |found| found["marr_hildreth"].clone()),
        };
        meta.insert("hash".to_owned(), hash);
    }
}

/// A colour as the original writes it: the percentage is a text.
fn color(found: &Value) -> Value {
    let rgb = &found["rgb"];
    json!({
        "percentage": found["percent"].to_string(),
        "pixel_count": found["pixels"],
        "color": {"r": rgb[0], "g": rgb[1], "b": rgb[2], "hex_color": found["hex"]},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(job: Value) -> Result<Measures, String> {
        Measures::read(Members::new("", job.as_object().unwrap()))
    }

    fn told(measures: &Measures, data: &[Value]) -> Value {
        let (format, sha256) = ("png".to_owned(), "abc".to_owned());
        let source = SourceReport { width: 2, height: 1, format, bytes: 70, sha256, md5: None, frames: None };
        let mut meta = Map::new();
        measures.tell(&mut meta, &source, data);
        meta.into()
    }

    #[test]
    fn what_was_asked_for_is_told() {
        let measures =
            read(json!({"extract_colors": {"max_colors": "4"}, "hash": "phash_dct", "get_exif": true})).unwrap();
        let steps: Vec<String> = measures.steps().into_iter().map(|step| step.transform).collect();
        assert_eq!(steps, ["colors", "perceptual_hash"]);
        let color = json!({"hex": "#010203", "rgb": [1, 2, 3], "pixels": 2, "share": 1.0, "percent": 100.0});
        let data = [json!({"colors": [color], "background": color}), json!({"dct": "ff00", "marr_hildreth": "00"})];
        let expected = json!({
            "filesize": 70,
            "hash": "ff00",
            "extracted_colors": {
                "data": [{"percentage": "100.0", "pixel_count": 2, "color": {"r": 1, "g": 2, "b": 3, "hex_color": "#010203"}}],
                "best_guess_background": "#010203"
            }
        });
        assert_eq!(told(&measures, &data), expected);
        assert_eq!(told(&read(json!({"hash": "sha256"})).unwrap(), &[]), json!({"hash": "abc"}));
        assert!(!read(json!({})).unwrap().is_any());
    }

    #[test]
    fn what_is_not_offered_is_refused() {
        assert!(read(json!({"hash": "md5"})).unwrap_err().contains("hash is \"md5\", expected sha256"));
        assert!(
            read(json!({"extract_colors": {"max_colors": 0}})).unwrap_err().contains("extract_colors.max_colors is 0")
        );
    }
}
