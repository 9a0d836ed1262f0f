//! What is done with a source before the functions: `pre_process`.

use serde_json::{Map, Value, json};

use super::{
    destinations::going,
    lower::{Context, Lowered, job},
    sources::Pictures,
    tree::Tree,
    values::Members,
};
use crate::job::{AS_SENT, Destination, Encoding, Params, Step};

/// Pictures that one job compares with its source, at most.
const MAX_COMPARED: usize = 20;

/// Sizes in which a part of the source is looked for, relative to its own.
const SCALES: (f64, f64) = (0.5, 2.0);

/// What the preparations of a job come to.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// Whether the job only looks at its source.
    pub(super) looks: bool,
    /// Steps that look at it, in the order of what they find.
    pub(super) steps: Vec<Step>,
    /// Whether the first of them looks for a part.
    pub(super) finds_part: bool,
    /// Identifiers of the pictures that the next ones compare it with.
    pub(super) compared: Vec<String>,
    /// What is done to animations, as functions.
    pub(super) functions: Vec<Value>,
    /// Where the source goes as it is.
    pub(super) moved: Vec<Destination>,
    /// A job that runs before.
    pub(super) before: Option<Box<Lowered>>,
}

/// Reads the preparations, one or a list.
///
/// Errors: a sentence.
pub(super) fn read(members: Members<'_>, context: &Context<'_>) -> Result<Prepared, String> {
    let mut prepared = Prepared::default();
    for preparation in members.list("pre_process")? {
        let Value::Object(preparation) = &preparation else {
            return Err(members.wrong("pre_process", "an object or a list of objects"));
        };
        prepared.add(Members::new("pre_process", preparation), context)?;
    }
    Ok(prepared)
}

impl Prepared {
    fn add(&mut self, one: Members<'_>, context: &Context<'_>) -> Result<(), String> {
        self.looks |= one.flag("peek")?;
        if let Some(moved) = one.object("move_original")? {
            let place = one.place("move_original");
            let to = going(Members::new(&place, &moved), context)?.destination;
            self.moved.push(to.ok_or_else(|| format!("{place} has no destination, expected s3_destination"))?);
        }
        if let Some(before) = one.object("job")? {
            if self.before.is_some() {
                return Err(format!("{} comes twice, expected one job", one.place("job")));
            }
            let lowered = job(&before, &Context { made: &[], ..*context });
            let lowered = lowered.map_err(|problem| format!("{}: {problem}", one.place("job")))?;
            if lowered.before.is_some() || lowered.pages.is_some() {
                return Err(format!("{} has jobs or pages of its own, expected a plain job", one.place("job")));
            }
            self.before = Some(Box::new(lowered));
        }
        if let Some(part) = one.object("find_subimage")? {
            let place = one.place("find_subimage");
            let image = Pictures(context.sources()).named(Members::new(&place, &part), "subimage_src")?;
            let params = json!({"image": image, "most": 1, "min_scale": SCALES.0, "max_scale": SCALES.1});
            self.steps.insert(0, step("match_template", params));
            self.finds_part = true;
        }
        if let Some(compared) = one.object("phash_compare")? {
            self.compare(Members::new(&one.place("phash_compare"), &compared), context)?;
        }
        for name in ["resize_gif", "resize_gif_to_fit", "gif_overlay"] {
            if let Some(members) = one.object(name)? {
                self.functions.push(animation(name, Members::new(&one.place(name), &members), &members)?);
            }
        }
        if one.get("gif_to_vid").is_some() {
            let place = one.place("gif_to_vid");
            return Err(format!("{place} is not offered here, where no videos are written; a .webp result moves, too"));
        }
        Ok(())
    }

    fn compare(&mut self, compared: Members<'_>, context: &Context<'_>) -> Result<(), String> {
        let others = compared.list("other_sources")?;
        if others.is_empty() || others.len() > MAX_COMPARED {
            let place = compared.place("other_sources");
            return Err(format!("{place} has {} sources, expected 1 to {MAX_COMPARED}", others.len()));
        }
        for other in &others {
            let Value::Object(members) = other else {
                return Err(compared.wrong("other_sources", "a list of objects"));
            };
            let place = compared.place("other_sources");
            let other = Members::new(&place, members);
            self.compared.push(other.needed_text("image_identifier")?);
            let image = Pictures(context.sources()).named(other, "src")?;
            self.steps.push(step("compare", json!({"image": image})));
        }
        Ok(())
    }

    /// Adds what is to be kept of the source itself.
    pub(super) fn keep(&self, tree: &mut Tree) {
        for to in &self.moved {
            let encoding = Encoding { format: Some(AS_SENT.to_owned()), ..Encoding::default() };
            tree.keep_source(encoding, Some(to.clone()));
        }
    }
}

fn step(transform: &str, params: Value) -> Step {
    let params: Params = params.as_object().cloned().unwrap_or_default();
    Step { transform: transform.to_owned(), params }
}

/// A function of an animation as one of the tree: its parameters stand in `params` or beside its destination.
fn animation(name: &str, at: Members<'_>, members: &Map<String, Value>) -> Result<Value, String> {
    let destinations = ["save", "s3_destination", "azure_destination", "signed_destination", "params"];
    let params = match at.object("params")? {
        Some(params) => params,
        None => members
            .iter()
            .filter(|(key, _)| !destinations.contains(&key.as_str()))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
    };
    let mut save = at.object("save")?.unwrap_or_default();
    for destination in destinations.into_iter().filter(|key| key.ends_with("_destination")) {
        if let Some(to) = at.object(destination)? {
            save.insert(destination.to_owned(), to.into());
        }
    }
    save.entry("image_identifier").or_insert_with(|| name.into());
    save.insert("extension".to_owned(), "gif".into());
    Ok(json!({"name": name, "params": params, "save": save}))
}
