//! `detect`: objects in a picture.

use safelight_sdk::{Image, Input, Kind, Outcome, Planned, Refusal, Size, Transform, models, serde_json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    boxes::{Candidate, without_overlaps},
    description::Description,
    input::Place,
    network::Network,
    outputs::candidates,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// The name of the network, one of those in the operator's model folder.
    #[schemars(length(min = 1, max = 128))]
    model: String,
    /// The least score of an object, 0 to 1.
    #[serde(default = "threshold")]
    #[schemars(range(min = 0.0, max = 1.0))]
    threshold: f64,
    /// How much two objects of one class may overlap (intersection over union) until the one with the lower score
    /// is left out.
    #[serde(default = "overlap")]
    #[schemars(range(min = 0.0, max = 1.0))]
    overlap: f64,
    /// How many objects at most.
    #[serde(default = "most")]
    #[schemars(range(min = 1, max = 1000))]
    most: u32,
    /// Only objects of these classes, by label. Empty: all.
    #[serde(default)]
    #[schemars(length(max = 256), inner(length(max = 128)))]
    classes: Vec<String>,
    /// Places that do not count: rows of cells of a grid over the whole picture, 1 for those where an object whose
    /// middle lies there is left out, 0 for the others. Rows are all of one length.
    #[serde(default)]
    #[schemars(length(max = 128), inner(length(min = 1, max = 128), inner(range(min = 0, max = 1))))]
    exclusion_grid: Vec<Vec<u8>>,
    /// Width and height of the network's input in pixels, where it leaves them open. 0: as its description says, or
    /// 640.
    #[serde(default)]
    #[schemars(range(min = 0, max = 2048))]
    input_px: u32,
}

fn threshold() -> f64 {
    0.25
}

fn overlap() -> f64 {
    0.45
}

fn most() -> u32 {
    100
}

/// Runs the network on the picture, scaled to the network's input by a triangle filter, and reads boxes, classes and
/// scores. Alpha is laid over white.
pub(crate) struct Detect;

impl Transform for Detect {
    const NAME: &'static str = "detect";
    const SUMMARY: &'static str = "Objects with label, score and box, by a neural network of the operator.";
    const KIND: Kind = Kind::Analyze;
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        let names = models::names();
        if !names.contains(&params.model) {
            let expected = if names.is_empty() {
                "there are no models here; the operator puts them into the folder `plugins.models_dir`".to_owned()
            } else {
                format!("expected one of {}", names.join(", "))
            };
            return Err(Refusal::params("model", format!("is {:?}, {expected}", params.model)));
        }
        if let Some(row) = params.exclusion_grid.iter().find(|row| row.len() != params.exclusion_grid[0].len()) {
            let message =
                format!("has rows of {} and {} cells, expected as many", params.exclusion_grid[0].len(), row.len());
            return Err(Refusal::params("exclusion_grid", message));
        }
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let found = find(params, &input.image)
            .map_err(|reason| Refusal::other(format!("the model {:?} cannot be used: {reason}", params.model)))?;
        Ok(Outcome::found(input.image, &found))
    }
}

/// What is found.
#[derive(Debug, Serialize)]
struct Found {
    model: String,
    /// Width and height of the network's input in pixels.
    input: [u32; 2],
    /// Best first.
    objects: Vec<Object>,
}

#[derive(Debug, Serialize)]
struct Object {
    label: String,
    /// The number of the class, from 0 on.
    class: usize,
    score: f64,
    /// x, y, width and height in pixels of the picture.
    #[serde(rename = "box")]
    bounds: [f64; 4],
}

fn find(params: &Params, image: &Image) -> Result<Found, String> {
    let description = match models::description(&params.model) {
        Some(text) => {
            serde_json::from_str::<Description>(&text).map_err(|error| format!("its description: {error}"))?
        }
        None => Description::default(),
    };
    let bytes = models::load(&params.model).ok_or("its file cannot be read")?;
    let network = Network::read(bytes, &description, params.input_px)?;
    let (outputs, place) = network.run(image.clone(), &description)?;
    let labels = description.labels.len();
    let found = candidates(&outputs, description.output, labels, network.size(), params.threshold as f32)?;
    let found = without_overlaps(found, params.overlap as f32);
    let objects = found.iter().map(|candidate| object(candidate, &place, &description));
    let size = [image.width, image.height].map(f64::from);
    let wanted = |object: &Object| {
        (params.classes.is_empty() || params.classes.contains(&object.label))
            && !excluded(&params.exclusion_grid, object.bounds, size)
    };
    Ok(Found {
        model: params.model.clone(),
        input: network.size(),
        objects: objects.filter(wanted).take(params.most as usize).collect(),
    })
}

fn object(candidate: &Candidate, place: &Place, description: &Description) -> Object {
    let [left, top, right, bottom] =
        [0, 1, 2, 3].map(|index| place.in_picture(index % 2, f64::from(candidate.corners[index])));
    let tenth = |value: f64| (value * 10.0).round() / 10.0;
    let label = description.labels.get(candidate.class).cloned();
    Object {
        label: label.unwrap_or_else(|| format!("class {}", candidate.class)),
        class: candidate.class,
        score: (f64::from(candidate.score) * 1e4).round() / 1e4,
        bounds: [left, top, right - left, bottom - top].map(tenth),
    }
}

/// Whether the middle of a box lies in a cell that does not count.
fn excluded(grid: &[Vec<u8>], [x, y, width, height]: [f64; 4], size: [f64; 2]) -> bool {
    let cell = |middle: f64, length: f64, cells: usize| {
        ((middle / length * cells as f64) as usize).min(cells.saturating_sub(1))
    };
    let row = grid.get(cell(y + height / 2.0, size[1], grid.len()));
    row.is_some_and(|row| row.get(cell(x + width / 2.0, size[0], row.len())) == Some(&1))
}
