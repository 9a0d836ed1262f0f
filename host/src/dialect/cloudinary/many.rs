//! One result of many pictures: a sheet with a style sheet, an animation, a document.

use serde_json::{Value, json};

use super::{
    eager::known,
    evaluate::Facts,
    geometry::Size,
    lower,
    references::References,
    transformation::{FormatName, Key, Transformation},
};
use crate::{
    error::{Code, Failure},
    job::{Encoding, ImageRef, ImageSource, MAX_IMAGES, Rendering, SourceReport, Step},
    source::Source,
    store::ResourceRow,
};

/// Pictures of one result, at most: as many as a job may name.
pub const MAX_MEMBERS: usize = MAX_IMAGES;

/// Free space between two pictures of a sheet, in pixels.
const GAP: u32 = 2;

/// A picture that becomes part of a result.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name in the result.
    pub name: String,
    /// Where it is.
    pub source: ImageSource,
    /// What is done first: the transformation of an address of ours.
    pub before: Transformation,
    /// What is known of it.
    pub facts: Facts,
    /// The engine's name of its format.
    pub format: String,
}

impl Member {
    /// A stored image.
    pub fn of(row: &ResourceRow) -> Member {
        let mut facts = Facts { pages: row.pages.max(1), ..Facts::of(Size::new(row.width, row.height)) };
        known(&mut facts, row);
        Member {
            name: row.key.public_id.clone(),
            source: ImageSource::Blob(row.sha256.clone()),
            before: Transformation::default(),
            facts,
            format: row.format.clone(),
        }
    }

    /// A remote image that was measured.
    pub fn remote(name: String, url: String, report: &SourceReport) -> Member {
        Member {
            name,
            source: ImageSource::Url(url),
            before: Transformation::default(),
            facts: Facts::of(Size::new(report.width, report.height)),
            format: report.format.clone(),
        }
    }
}

/// What is to be made.
#[derive(Clone, Debug)]
pub struct Made {
    /// What it begins with.
    pub source: Source,
    /// What is done.
    pub steps: Vec<Step>,
    /// How it is written; the format is always named.
    pub encoding: Encoding,
    /// The blobs that the steps name.
    pub blobs: Vec<String>,
}

/// The steps of one member, and what the transformation says of the whole.
struct Prepared {
    image: ImageRef,
    encoding: Encoding,
    delay_ms: Option<f64>,
    loops: Option<Value>,
}

async fn prepare(
    references: &References<'_>,
    member: &Member,
    transformation: &Transformation,
    format: Option<FormatName>,
) -> Result<Prepared, Failure> {
    let nodes = member.before.nodes.iter().chain(&transformation.nodes).cloned().collect();
    let source = lower::Source { format: &member.format, frames: 1 };
    let wanted = lower::Wanted { extension: format, accept: None };
    let (made, evaluated) = references.lowered(&Transformation { nodes }, &member.facts, source, wanted).await?;
    // How long frames are shown, and how often, is of the whole.
    let mut loops = None;
    let steps = made.steps.into_iter().filter(|step| {
        if step.transform == "loop" {
            loops = step.params.get("times").cloned();
        }
        !matches!(step.transform.as_str(), "loop" | "delay")
    });
    let steps = steps.collect();
    let rendering = Rendering { page: made.rendering.page, ..made.rendering };
    Ok(Prepared {
        image: ImageRef { source: Some(member.source.clone()), rendering, steps },
        encoding: made.encoding,
        delay_ms: evaluated.output.number(Key::Delay),
        loops,
    })
}

async fn prepare_all(
    references: &References<'_>,
    members: &[Member],
    transformation: &Transformation,
    format: Option<FormatName>,
) -> Result<(Vec<Prepared>, Vec<String>), Failure> {
    let mut all = Vec::with_capacity(members.len());
    for member in members {
        all.push(prepare(references, member, transformation, format).await?);
    }
    let blob = |member: &Member| match &member.source {
        ImageSource::Blob(sha256) => Some(sha256.clone()),
        _ => None,
    };
    Ok((all, members.iter().filter_map(blob).collect()))
}

fn step(transform: &str, params: Value) -> Step {
    Step { transform: transform.to_owned(), params: params.as_object().cloned().unwrap_or_default() }
}

fn missing() -> Failure {
    Failure::new(Code::NotFound, "there are no pictures")
}

/// All pictures in one column, in their order.
///
/// # Errors
/// What is wrong with the transformation; no pictures.
pub async fn sprite(
    references: &References<'_>,
    members: &[Member],
    transformation: &Transformation,
    format: Option<FormatName>,
) -> Result<Made, Failure> {
    let (all, blobs) = prepare_all(references, members, transformation, format).await?;
    let encoding = all.first().ok_or_else(missing)?.encoding.clone();
    let images: Vec<Value> = all.iter().map(|one| one.image.to_value()).collect();
    let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let sheet = step("sprite", json!({"images": images, "names": names, "layout": "column", "gap_px": GAP}));
    let format = encoding.format.clone().unwrap_or_else(|| "png".to_owned());
    Ok(Made {
        source: Source::Canvas { width: 1, height: 1, color: [0; 4] },
        steps: vec![sheet],
        encoding: Encoding { format: Some(format), ..encoding },
        blobs,
    })
}

/// All pictures as frames or pages, in their order; all get the size of the first one.
///
/// # Errors
/// What is wrong with the transformation; no pictures.
pub async fn multi(
    references: &References<'_>,
    members: &[Member],
    transformation: &Transformation,
    format: Option<FormatName>,
) -> Result<Made, Failure> {
    let (mut all, blobs) = prepare_all(references, members, transformation, format).await?;
    if all.is_empty() {
        return Err(missing());
    }
    let first = all.remove(0);
    let source = match &first.image.source {
        Some(ImageSource::Url(url)) => Source::Url { url: url.clone() },
        Some(ImageSource::Blob(sha256)) => Source::Blob { sha256: sha256.clone(), asset: None },
        _ => return Err(missing()),
    };
    let images: Vec<Value> = all.iter().map(|one| one.image.to_value()).collect();
    let mut animate =
        json!({"images": images, "delay_ms": first.delay_ms.unwrap_or(100.0).round().clamp(10.0, 600_000.0) as u32});
    if let Some(loops) = first.loops {
        animate["loops"] = loops;
    }
    let mut steps = first.image.steps;
    // Of one that is animated, the first frame.
    steps.push(step("frames", json!({"pick": [1]})));
    steps.push(step("animate", animate));
    let format = first.encoding.format.clone().unwrap_or_else(|| "gif".to_owned());
    Ok(Made {
        source,
        steps,
        encoding: Encoding { format: Some(format), animated: Some(true), ..first.encoding },
        blobs,
    })
}

/// The steps that write a text, as a layer of nothing.
///
/// # Errors
/// What is wrong with the transformation.
pub async fn written(
    references: &References<'_>,
    transformation: &Transformation,
) -> Result<(Vec<Step>, Encoding), Failure> {
    let source = lower::Source { format: "png", frames: 1 };
    let facts = Facts::of(Size::new(1, 1));
    let (made, _) = references.lowered(transformation, &facts, source, lower::Wanted::default()).await?;
    Ok((made.steps, Encoding { format: Some("png".to_owned()), ..made.encoding }))
}

/// The style sheet of a sheet: one rule for the picture, one for each of its parts.
pub fn css(image_url: &str, infos: &serde_json::Map<String, Value>, prefix: &str) -> String {
    let class = |name: &str| {
        let clean = |character: char| {
            if character.is_ascii_alphanumeric() || "-_".contains(character) { character } else { '_' }
        };
        format!(".{prefix}{}", name.chars().map(clean).collect::<String>())
    };
    let mut text = String::new();
    let names: Vec<String> = infos.keys().map(|name| class(name)).collect();
    text.push_str(&format!("{} {{ background: url('{image_url}') no-repeat; }}\n", names.join(", ")));
    for (name, place) in infos {
        let number = |field: &str| place.get(field).and_then(Value::as_u64).unwrap_or_default();
        let shift = |field: &str| match number(field) {
            0 => "0px".to_owned(),
            pixels => format!("-{pixels}px"),
        };
        text.push_str(&format!(
            "{} {{ background-position: {} {}; width: {}px; height: {}px; }}\n",
            class(name),
            shift("x"),
            shift("y"),
            number("width"),
            number("height")
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_sheet_has_a_rule_for_every_picture() {
        let infos = json!({
            "a/logo 1": {"width": 162, "height": 38, "x": 0, "y": 0}, "b": {"width": 206, "height": 38, "x": 0, "y": 40},
        });
        let expected = ".a_logo_1, .b { background: url('http://h/x.png') no-repeat; }\n\
            .a_logo_1 { background-position: 0px 0px; width: 162px; height: 38px; }\n\
            .b { background-position: 0px -40px; width: 206px; height: 38px; }\n";
        assert_eq!(css("http://h/x.png", infos.as_object().unwrap(), ""), expected);
        assert!(css("u", infos.as_object().unwrap(), "p-").contains(".p-b {"));
    }
}
