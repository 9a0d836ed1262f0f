//! What a job asks of its source beside pictures: colours, hashes, sizes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{prepare::Prepared, values::Members};
use crate::{
    job::{Params, SourceReport, Step},
    metadata::SourceFacts,
};

/// Colours that are looked for when the job does not say.
const COLORS: f64 = 16.0;

/// What is told of the source; kept with the job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measures {
    /// All EXIF, by name.
    pub exif: bool,
    /// All IPTC, by name.
    pub iptc: bool,
    /// Whether a part is looked for.
    pub finds_part: bool,
    /// Identifiers of pictures that it is compared with.
    pub compared: Vec<String>,
    /// The most frequent colours: so many at most.
    pub colors: Option<u16>,
    /// A hash.
    pub hash: Option<Hash>,
    /// The size of the file.
    pub filesize: bool,
    /// More of the results' files as well, and EXIF as a list.
    pub of_results: bool,
}

/// A hash of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hash {
    /// Of the file.
    Sha256,
    /// Of the file.
    Md5,
    /// Of the file.
    Crc32,
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
            Some("md5") => Some(Hash::Md5),
            Some("crc32") => Some(Hash::Crc32),
            Some("phash_dct") => Some(Hash::PhashDct),
            Some("phash_mh") => Some(Hash::PhashMh),
            Some(_) => return Err(job.wrong("hash", "md5, crc32, sha256, phash_dct or phash_mh")),
        };
        let of_results = job.flag("extended_metadata")?;
        let exif = job.flag("get_exif")?;
        let iptc = job.flag("include_iptc")?;
        Ok(Measures { colors, hash, filesize: of_results || exif, of_results, exif, iptc, ..Measures::default() })
    }

    /// With what preparations look for.
    pub(super) fn with(self, prepared: &Prepared) -> Measures {
        Measures { finds_part: prepared.finds_part, compared: prepared.compared.clone(), ..self }
    }

    /// Whether every text of the file is needed.
    pub(super) fn texts(&self) -> bool {
        self.exif || self.iptc || self.of_results
    }

    /// Whether the file's MD5 is needed.
    pub(super) fn md5(&self) -> bool {
        self.hash == Some(Hash::Md5)
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

    /// Adds what was found to what is told of the source. `data` is what the steps found, in their order: answers what
    /// the preparations found.
    pub(super) fn tell(
        &self,
        meta: &mut Map<String, Value>,
        source: &SourceReport,
        facts: Option<&SourceFacts>,
        data: &[Value],
    ) -> Option<Value> {
        let mut data = data.iter();
        if self.filesize {
            meta.insert("filesize".to_owned(), source.bytes.into());
        }
        if let Some(facts) = facts {
            self.tell_texts(meta, facts);
        }
        if self.colors.is_some()
            && let Some(found) = data.next()
        {
            let colors: Vec<Value> = found["colors"].as_array().into_iter().flatten().map(color).collect();
            let background = &found["background"]["hex"];
            meta.insert("extracted_colors".to_owned(), json!({"data": colors, "best_guess_background": background}));
        }
        let hash = self.hash.map(|hash| match hash {
            Hash::Sha256 => json!(source.sha256),
            Hash::Md5 => json!(source.md5),
            Hash::Crc32 => json!(facts.map(|facts| &facts.crc32)),
            Hash::PhashDct => data.next().map_or(Value::Null, |found| found["dct"].clone()),
            Hash::PhashMh => data.next().map_or(Value::Null, |found| found["marr_hildreth"].clone()),
        });
        meta.extend(hash.map(|hash| ("hash".to_owned(), hash)));
        self.prepared(data)
    }

    /// What preparations found, of the rest of the data.
    fn prepared<'a>(&self, mut data: impl Iterator<Item = &'a Value>) -> Option<Value> {
        let mut found = Map::new();
        if self.finds_part {
            let part = data.next()?;
            let mut told = json!({"found": part["found"]});
            if let Some(best) = part["matches"].get(0) {
                for name in ["x", "y", "width", "height", "score"] {
                    told[name] = best[name].clone();
                }
            }
            found.insert("find_subimage".to_owned(), told);
        }
        let ratio = |(name, found): (&String, &Value)| json!({"image_identifier": name, "difference_ratio": found["difference_ratio"].to_string()});
        if !self.compared.is_empty() {
            let compared: Vec<Value> = self.compared.iter().zip(data).map(ratio).collect();
            found.insert("phash_data".to_owned(), compared.into());
        }
        (!found.is_empty()).then_some(found.into())
    }

    fn tell_texts(&self, meta: &mut Map<String, Value>, facts: &SourceFacts) {
        let mut tell = |name: &str, value: Value| meta.insert(name.to_owned(), value);
        if let Some(at) = &facts.taken_at {
            tell("date_created", json!(at));
        }
        if let (Some(latitude), Some(longitude)) = (facts.latitude, facts.longitude) {
            tell("lat", json!(latitude));
            tell("lng", json!(longitude));
        }
        if self.exif {
            tell("original_exif", by_name(&facts.exif));
            if let Some((x, y)) = facts.density {
                tell("density_info", json!({"density_x": x, "density_y": y, "units": "PixelsPerInchResolution"}));
            }
        }
        if self.of_results {
            tell("all_exif", json!(facts.exif));
        }
        if self.iptc {
            tell("iptc", by_name(&facts.iptc));
        }
    }
}

/// Texts by name; a list where a name comes again.
fn by_name(texts: &[(String, String)]) -> Value {
    let mut told = Map::new();
    for (name, text) in texts {
        match told.get_mut(name) {
            None => {
                told.insert(name.clone(), json!(text));
            }
            Some(Value::Array(list)) => list.push(json!(text)),
            Some(first) => *first = json!([first, text]),
        }
    }
    told.into()
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
        let facts = SourceFacts {
            crc32: "00ff".to_owned(),
            taken_at: Some("2014:06:12 10:20:30".to_owned()),
            iptc: [("a", "1"), ("b", "2"), ("a", "3")].map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec(),
            density: Some((72.0, 72.0)),
            ..SourceFacts::default()
        };
        if let Some(found) = measures.tell(&mut meta, &source, Some(&facts), data) {
            meta.insert("found".to_owned(), found);
        }
        meta.remove("date_created").expect("it is always told");
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
            "original_exif": {},
            "density_info": {"density_x": 72.0, "density_y": 72.0, "units": "PixelsPerInchResolution"},
            "hash": "ff00",
            "extracted_colors": {
                "data": [{"percentage": "100.0", "pixel_count": 2, "color": {"r": 1, "g": 2, "b": 3, "hex_color": "#010203"}}],
                "best_guess_background": "#010203"
            }
        });
        assert_eq!(told(&measures, &data), expected);
        assert_eq!(told(&read(json!({"hash": "sha256"})).unwrap(), &[]), json!({"hash": "abc"}));
        assert_eq!(told(&read(json!({"hash": "crc32"})).unwrap(), &[]), json!({"hash": "00ff"}));
        let iptc = read(json!({"include_iptc": true})).unwrap();
        assert_eq!(told(&iptc, &[]), json!({"iptc": {"a": ["1", "3"], "b": "2"}}));
        assert!(!read(json!({})).unwrap().is_any());
    }

    #[test]
    fn preparations_find_parts_and_likenesses() {
        let measures = Measures { finds_part: true, compared: vec!["a".into(), "b".into()], ..Measures::default() };
        let part = json!({"found": true, "matches": [{"x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0, "score": 0.9, "scale": 1.0}]});
        let data = [part, json!({"difference_ratio": 0.0}), json!({"difference_ratio": 0.5})];
        let expected = json!({"found": {
            "find_subimage": {"found": true, "x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0, "score": 0.9},
            "phash_data": [
                {"image_identifier": "a", "difference_ratio": "0.0"}, {"image_identifier": "b", "difference_ratio": "0.5"}
            ]
        }});
        assert_eq!(told(&measures, &data), expected);
    }

    #[test]
    fn what_is_not_offered_is_refused() {
        assert!(read(json!({"hash": "md6"})).unwrap_err().contains("hash is \"md6\", expected md5"));
        assert!(
            read(json!({"extract_colors": {"max_colors": 0}})).unwrap_err().contains("extract_colors.max_colors is 0")
        );
    }
}
