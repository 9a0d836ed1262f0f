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
    job::{Destination, Encoding, Group, Output, Step},
    schema::show,
};

/// What the outermost functions go by in messages.
const TOP: &str = "functions";

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
    /// Where the outputs of each outermost function begin.
    begins: Vec<usize>,
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
    let place = Place { path, writing: Writing::default(), at: TOP.to_owned() };
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
            if place.path.is_empty() && place.at == TOP {
                self.begins.push(self.outputs.len());
            }
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
        destination: Option<Destination>,
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

/// What begins the ids of outputs that are the source as it came.
const ORIGINAL: &str = "original";

/// Whether an output is made of the source, and not of its pages.
pub(super) fn is_of_source(id: &str) -> bool {
    id == SOURCE || id.starts_with(ORIGINAL)
}

impl Tree {
    /// The outputs of the first functions: those before the first one of the function behind them.
    pub(super) fn of_first(&mut self, count: usize) -> impl Iterator<Item = &mut Output> {
        let end = self.begins.get(count).copied().unwrap_or(self.outputs.len());
        self.outputs[..end].iter_mut()
    }

    /// Adds an output that nobody sees, with steps that look at the source.
    pub(super) fn measure(&mut self, steps: Vec<Step>) {
        let (id, encoding) = (SOURCE.to_owned(), Encoding::default());
        self.outputs.push(Output { id, group: Group::Main, steps, encoding, destination: None });
    }

    /// Adds an output that is the source as it came; its id.
    pub(super) fn keep_source(&mut self, encoding: Encoding, destination: Option<Destination>) -> String {
        let id = format!("{ORIGINAL}{}", self.outputs.len());
        self.outputs.push(Output { id: id.clone(), group: Group::Main, steps: Vec::new(), encoding, destination });
        id
    }
}
