//! What is told of a picture's looks and of its file: colours, marks, scores, metadata.
//!
//! The analyses are steps of one output, whose picture nobody keeps. What they find is a fact of the resource, so that
//! it is worked out once.

use serde_json::{Value, json};

use super::{
    answer::{Object, fact},
    params::UploadParams,
};
use crate::{
    job::Step,
    store::{JobRow, ResourceRow},
};

/// The output that analyses stand in.
pub(super) const ANALYSIS: &str = "analysis";

/// What may be asked about a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Analyses {
    /// `colors`: the colours it consists of.
    pub colors: bool,
    /// `phash`: a mark that is alike for pictures that look alike.
    pub phash: bool,
    /// `quality_analysis`: scores.
    pub quality: bool,
    /// `exif`: what the camera wrote.
    pub exif: bool,
    /// `image_metadata`: the same, and whether it is drawn, gray or transparent.
    pub image_metadata: bool,
    /// `media_metadata`: the newer name.
    pub media_metadata: bool,
}

impl Analyses {
    /// Those that a call asks for.
    pub fn of(params: &UploadParams) -> Analyses {
        Analyses {
            colors: params.colors == Some(true),
            phash: params.phash == Some(true),
            quality: params.quality_analysis == Some(true),
            exif: params.exif == Some(true),
            image_metadata: params.image_metadata == Some(true),
            media_metadata: params.media_metadata == Some(true),
        }
    }

    /// Whether anything of the file's metadata is asked for.
    pub fn reads_file(self) -> bool {
        self.exif || self.image_metadata || self.media_metadata
    }

    /// Whether pixels have to be looked at.
    pub fn reads_pixels(self) -> bool {
        !self.transforms().is_empty()
    }

    /// Whether all that is asked for is known of a resource already.
    pub fn are_known(self, row: &ResourceRow) -> bool {
        let known = known(row);
        self.names().iter().all(|name| known.is_some_and(|known| known.contains_key(*name)))
    }

    fn transforms(self) -> Vec<&'static str> {
        let wanted = [
            (self.colors, "colors"),
            (self.phash, "perceptual_hash"),
            (self.quality, "quality"),
            (self.image_metadata || self.media_metadata, "statistics"),
        ];
        wanted.into_iter().filter(|(wanted, _)| *wanted).map(|(_, name)| name).collect()
    }

    fn names(self) -> Vec<&'static str> {
        let wanted = [
            (self.colors, "colors"),
            (self.phash, "phash"),
            (self.quality, "quality_analysis"),
            (self.exif, "exif"),
            (self.image_metadata, "image_metadata"),
            (self.media_metadata, "media_metadata"),
        ];
        wanted.into_iter().filter(|(wanted, _)| *wanted).map(|(_, name)| name).collect()
    }

    /// The steps that find it out, ending in a picture of one pixel.
    pub(super) fn steps(self, frames: u32) -> Vec<Step> {
        let step = |transform: &str, params: Value| Step {
            transform: transform.to_owned(),
            params: params.as_object().cloned().unwrap_or_default(),
        };
        let first = (frames > 1).then(|| step("frames", json!({"pick": [1]})));
        let looks = self.transforms().into_iter().map(|name| step(name, json!({})));
        let end = step("resize", json!({"width": 1, "height": 1}));
        first.into_iter().chain(looks).chain([end]).collect()
    }

    /// Writes what a job has found into the facts of the resource.
    pub(super) fn note(self, row: &mut ResourceRow, job: &JobRow) {
        let mut found = known(row).cloned().unwrap_or_default();
        let output = job.report.outputs.iter().find(|output| output.id == ANALYSIS);
        let data = output.map_or(&[][..], |output| &output.data);
        for (transform, data) in self.transforms().into_iter().zip(data) {
            note(&mut found, transform, data);
        }
        let fields: Object =
            job.report.metadata.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        for (wanted, name) in
            [(self.exif, "exif"), (self.image_metadata, "image_metadata"), (self.media_metadata, "media_metadata")]
        {
            if wanted {
                found.insert(name.to_owned(), fields.clone().into());
            }
        }
        if !found.is_empty() {
            row.facts.extra.insert(fact::ANALYSIS.to_owned(), found.into());
        }
    }

    /// Adds what was asked for and is known to an answer.
    pub fn tell(self, answer: &mut Object, row: &ResourceRow) {
        let Some(known) = known(row) else { return };
        let mut names = self.names();
        if self.colors {
            names.push("predominant");
        }
        if self.quality {
            names.push("quality_score");
        }
        if self.image_metadata || self.media_metadata {
            names.extend(["illustration_score", "grayscale", "semi_transparent"]);
        }
        for name in names {
            if let Some(value) = known.get(name) {
                answer.insert(name.to_owned(), value.clone());
            }
        }
    }
}

fn known(row: &ResourceRow) -> Option<&Object> {
    row.facts.extra.get(fact::ANALYSIS)?.as_object()
}

/// What a transform found, in the words of this dialect.
fn note(found: &mut Object, transform: &str, data: &Value) {
    let mut set = |name: &str, value: Value| found.insert(name.to_owned(), value);
    match transform {
        "colors" => {
            let colors = data["colors"].as_array().map_or(&[][..], Vec::as_slice);
            let pair = |color: &Value| {
                json!([color["hex"].as_str().unwrap_or_default().to_ascii_uppercase(), color["percent"]])
            };
            set("colors", colors.iter().map(pair).collect());
            let predominant = &data["predominant"];
            set("predominant", json!({"google": predominant["basic"], "cloudinary": predominant["fine"]}));
        }
        "perceptual_hash" => {
            set("phash", data["dct"].clone());
        }
        "quality" => {
            let mut scores = data.as_object().cloned().unwrap_or_default();
            scores.remove("class");
            if let Some(score) = scores.remove("score") {
                set("quality_score", score);
            }
            set("quality_analysis", scores.into());
        }
        _ => {
            for name in ["illustration_score", "grayscale", "semi_transparent"] {
                set(name, data[name].clone());
            }
        }
    }
}
