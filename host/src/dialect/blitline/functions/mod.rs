//! Blitline's functions as steps. `plugins/COVERAGE.md` lists all of them.

mod pictures;
mod shapes;
mod sizes;
mod text;
mod tones;
mod words;

use serde_json::{Map, Value};

use super::{
    sources::Pictures,
    values::{Members, json_number},
};
use crate::job::{Params, Step};

/// What a function comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Function {
    /// Steps on the picture.
    pub(super) steps: Vec<Step>,
    /// What it says of how the results from here on are written.
    pub(super) writing: Writing,
}

/// How results are written, as functions on the way say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Writing {
    /// Pixels an inch, as metadata.
    pub(super) dpi: Option<f64>,
    /// Line by line, or in passes.
    pub(super) interlaced: Option<bool>,
    /// Whether a picture is hidden in the lowest bits, which only a lossless format keeps.
    pub(super) needs_png: bool,
}

impl Writing {
    /// What holds after a further function.
    pub(super) fn then(self, next: Writing) -> Writing {
        Writing {
            dpi: next.dpi.or(self.dpi),
            interlaced: next.interlaced.or(self.interlaced),
            needs_png: self.needs_png || next.needs_png,
        }
    }
}

impl From<Vec<Step>> for Function {
    fn from(steps: Vec<Step>) -> Function {
        Function { steps, writing: Writing::default() }
    }
}

/// Functions of Blitline that are not offered, and why.
const NOT_OFFERED: [(&str, &str); 5] = [
    ("convert_command", "commands of another program are not run; use the functions, or a plugin"),
    ("script", "programs of callers are not run; a plugin is the safe way"),
    ("imagga_smart_crop", "it is a third party's service; resize_to_fill is near to it"),
    ("add_profile", "colours are kept in sRGB"),
    ("resize_to_fit_with_wrap", "it was never documented what wraps"),
];

/// Reads a function's parameters. A name that is none of Blitline's is a transform of the catalogue with that
/// one's own parameters; whether there is one shows when the job runs.
///
/// Errors: a sentence that names the parameter, its value and what was expected.
pub(super) fn function(
    name: &str,
    params: Members<'_>,
    own: &Params,
    pictures: &Pictures<'_>,
) -> Result<Function, String> {
    if let Some((_, why)) = NOT_OFFERED.iter().find(|(known, _)| *known == name) {
        return Err(format!("the function '{name}' is not offered here: {why}"));
    }
    let found = tones::steps(name, params)
        .or_else(|| sizes::steps(name, params))
        .or_else(|| shapes::steps(name, params))
        .or_else(|| text::steps(name, params))
        .or_else(|| pictures::steps(name, params, pictures));
    if let Some(steps) = found {
        let writing = Writing { needs_png: name == "stegano", ..Writing::default() };
        return Ok(Function { steps: steps?, writing });
    }
    let writing = match name {
        "no_op" | "delete_profile" => Writing::default(),
        "density" => Writing { dpi: Some(params.needed("dpi")?), ..Writing::default() },
        "convert_to_dpi" => Writing { dpi: Some(params.number_or("dpi", 72.0)?), ..Writing::default() },
        "interlace" => Writing { interlaced: Some(interlaced(params, "type")?), ..Writing::default() },
        _ => return Ok(Function::from(vec![Step { transform: name.to_owned(), params: own.clone() }])),
    };
    Ok(Function { steps: Vec::new(), writing })
}

/// Reads an interlace type; those that are not of JPEG change nothing there.
pub(super) fn interlaced(params: Members<'_>, name: &str) -> Result<bool, String> {
    let text = params.text_or(name, "NoInterlace")?;
    match text.to_ascii_lowercase().trim_end_matches("interlace") {
        "line" | "plane" | "partition" | "jpeg" => Ok(true),
        "no" | "none" | "undefined" | "gif" | "png" => Ok(false),
        _ => Err(params.wrong(name, "NoInterlace, LineInterlace, PlaneInterlace, PartitionInterlace or JPEGInterlace")),
    }
}

/// Steps, or what is wrong.
type Steps = Result<Vec<Step>, String>;

/// A step whose members that are null are left out, and whose whole numbers are written as such.
fn step(transform: &str, params: Value) -> Step {
    let mut kept = Map::new();
    if let Value::Object(members) = params {
        for (name, value) in members {
            match value {
                Value::Null => {}
                Value::Number(number) => {
                    kept.insert(name, json_number(number.as_f64().unwrap_or_default()));
                }
                other => {
                    kept.insert(name, other);
                }
            }
        }
    }
    Step { transform: transform.to_owned(), params: kept }
}

/// One step.
fn one(transform: &str, params: Value) -> Steps {
    Ok(vec![step(transform, params)])
}

#[cfg(test)]
mod tests;
