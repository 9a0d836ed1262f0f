//! Nested functions to outputs: one for each function that saves, with the path of steps to it. Paths share their
//! beginnings, which the engine runs once.

use serde_json::{Map, Value};

use super::{
    functions::{self, Writing},
    lower::Context,
    saves::{self, Shown},
    sources::Pictures,
    values::Members,
};
use crate::{
    job::{Encoding, Group, Output, Step},
    schema::show,
};

/// The longest name of a function.
const MAX_NAME: usize = 200;

/// What a tree of functions comes to.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    /// One for each function that saves, and for each end without a save, whose failure is told too: a function's own
    /// before its children's.
    pub(super) outputs: Vec<Output>,
    /// Those of them that the client sees.
    pub(super) shown: Vec<Shown>,
}

/// Where a walk is.
struct Place<'a> {
    path: &'a [Step],
    writing: Writing,
    at: String,
}

/// Reads a list of functions that work on the source after `path`.
///
/// Errors: a sentence that names the function and what is wrong with it.
pub(super) fn read(functions: &[Value], path: &[Step], context: &Context<'_>) -> Result<Tree, String> {
    let mut tree = Tree::default();
    let place = Place { path, writing: Writing::default(), at: "functions".to_owned() };
    tree.walk(functions, &place, context)?;
    Ok(tree)
}

impl Tree {
    fn walk(&mut self, functions: &[Value], place: &Place<'_>, context: &Context<'_>) -> Result<(), String> {
        for (index, function) in functions.iter().enumerate() {
            let at = format!("{}[{index}]", place.at);
            let Value::Object(members) = function else {
                return Err(format!("{at} is {}, expected an object", show(function)));
            };
            self.function(members, at, place, context)?;
        }
        Ok(())
    }

    fn function(
        &mut self,
        members: &Map<String, Value>,
        at: String,
        place: &Place<'_>,
        context: &Context<'_>,
    ) -> Result<(), String> {
        let function = Members::new(&at, members);
        let name = function.needed_text("name")?;
        if name.len() > MAX_NAME {
            return Err(format!("{} has {} bytes, expected at most {MAX_NAME}", function.place("name"), name.len()));
        }
        let own = function.object("params")?.unwrap_or_default();
        let params_at = function.place("params");
        let params = Members::new(&params_at, &own);
        let found = functions::function(&name, params, &own, &Pictures(context.sources()))?;
        check(&found.steps, &at, &name, context)?;
        let path: Vec<Step> = place.path.iter().cloned().chain(found.steps).collect();
        if path.len() > context.rules.max_steps {
            return Err(format!("{at} is behind {} steps, expected at most {}", path.len(), context.rules.max_steps));
        }
        let writing = place.writing.then(found.writing);
        let children = function.list("functions")?;
        match function.object("save")?.filter(|save| !save.is_empty()) {
            Some(members) => self.save(&members, &function.place("save"), &path, writing, context)?,
            None if children.is_empty() => self.add(path.clone(), Encoding::default(), None, context)?,
            None => {}
        }
        let next = Place { path: &path, writing, at: format!("{at}.functions") };
        self.walk(&children, &next, context)
    }

    fn save(
        &mut self,
        members: &Map<String, Value>,
        at: &str,
        path: &[Step],
        writing: Writing,
        context: &Context<'_>,
    ) -> Result<(), String> {
        let save = saves::read(Members::new(at, members), writing, context)?;
        let destination = if save.skip { None } else { save.destination };
        let mut path = path.to_vec();
        if save.shown.checks_blank {
            path.push(Step { transform: "statistics".to_owned(), params: Map::new() });
        }
        self.add(path, save.encoding, destination, context)?;
        if let (false, Some(output)) = (save.skip, self.outputs.last()) {
            self.shown.push(Shown { output: output.id.clone(), ..save.shown });
        }
        Ok(())
    }

    fn add(
        &mut self,
        steps: Vec<Step>,
        encoding: Encoding,
        destination: Option<crate::job::Destination>,
        context: &Context<'_>,
    ) -> Result<(), String> {
        if self.outputs.len() == context.rules.max_outputs {
            return Err(format!("functions have more than {} results, which is the limit", context.rules.max_outputs));
        }
        let id = format!("f{}", self.outputs.len());
        self.outputs.push(Output { id, group: Group::Main, steps, encoding, destination });
        Ok(())
    }
}

/// Checks parameters as far as the catalogue knows the transforms; those it does not know fail when the job runs.
fn check(steps: &[Step], at: &str, name: &str, context: &Context<'_>) -> Result<(), String> {
    for step in steps {
        if let Ok(transform) = context.rules.transforms.resolve(&step.transform)
            && let Some(failure) = context.rules.transforms.check_params(&transform, &step.params).into_iter().next()
        {
            return Err(format!("{at} ('{name}'): {}", failure.message));
        }
    }
    Ok(())
}

/// The output whose steps look at the source itself.
pub(super) const SOURCE: &str = "source";

impl Tree {
    /// Adds an output that nobody sees, with steps that look at the source.
    pub(super) fn measure(&mut self, steps: Vec<Step>) {
        let (id, encoding) = (SOURCE.to_owned(), Encoding::default());
        self.outputs.push(Output { id, group: Group::Main, steps, encoding, destination: None });
    }

    /// Adds the outputs of another tree behind these.
    pub(super) fn append(&mut self, other: Tree) {
        let first = self.outputs.len();
        let renamed = |id: &str| {
            let number = id[1..].parse::<usize>().unwrap_or_default();
            format!("f{}", first + number)
        };
        self.shown.extend(other.shown.into_iter().map(|shown| Shown { output: renamed(&shown.output), ..shown }));
        self.outputs.extend(other.outputs.into_iter().map(|output| Output { id: renamed(&output.id), ..output }));
    }
}

/// A function whose results, and those of its children, are of page `page`: `_<page>` stands behind identifiers and
/// before the extension of names.
pub(super) fn numbered(function: &Value, page: u32) -> Value {
    let mut function = function.clone();
    if let Some(save) = function.get_mut("save").and_then(Value::as_object_mut) {
        if let Some(Value::String(identifier)) = save.get_mut("image_identifier") {
            identifier.push_str(&format!("_{page}"));
        }
        if let Some(Value::String(key)) = save.get_mut("s3_destination").and_then(|to| to.get_mut("key")) {
            let end = key.rfind('.').filter(|dot| !key[*dot..].contains('/')).unwrap_or(key.len());
            key.insert_str(end, &format!("_{page}"));
        }
    }
    if let Some(Value::Array(children)) = function.get_mut("functions") {
        for child in children {
            *child = numbered(child, page);
        }
    }
    function
}
