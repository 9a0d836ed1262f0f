//! The same functions on several pages of a source.

use serde_json::json;

use super::{destinations::numbered, saves::Shown, tree};
use crate::job::{Destination, Output, Params, Step};

/// What stands before the number of a page in one job, and in a job of its own.
pub(super) const IN_ONE: &str = "_";
pub(super) const IN_MANY: &str = "__";

/// What is made of these pages, counted from 0, with their numbers in the names: `p2f0` is what `f0` makes of the page
/// of index 2. With `picks` the source has several pages, of which each takes its own.
pub(super) fn of(outputs: &[Output], images: &[Shown], pages: &[u32], picks: bool) -> (Vec<Output>, Vec<Shown>) {
    let (mut made, mut shown) = (Vec::new(), Vec::new());
    for &page in pages {
        let id = |id: &str| format!("p{page}{id}");
        let mut pick = Params::new();
        pick.insert("pick".to_owned(), json!([page + 1]));
        let pick = picks.then(|| Step { transform: "frames".to_owned(), params: pick });
        made.extend(of_functions(outputs).map(|output| Output {
            id: id(&output.id),
            steps: pick.iter().chain(&output.steps).cloned().collect(),
            destination: output.destination.as_ref().map(|to| place(to, IN_ONE, page)),
            ..output.clone()
        }));
        shown.extend(images.iter().map(|image| Shown { output: id(&image.output), ..image.numbered(IN_ONE, page) }));
    }
    // What looks at the source itself does so once.
    made.extend(outputs.iter().filter(|output| tree::is_of_source(&output.id)).cloned());
    (made, shown)
}

/// What is made of one page alone.
pub(super) fn alone(outputs: &[Output], images: &[Shown], page: u32) -> (Vec<Output>, Vec<Shown>) {
    let made = of_functions(outputs).map(|output| Output {
        destination: output.destination.as_ref().map(|to| place(to, IN_MANY, page)),
        ..output.clone()
    });
    (made.collect(), images.iter().map(|image| image.numbered(IN_MANY, page)).collect())
}

fn of_functions(outputs: &[Output]) -> impl Iterator<Item = &Output> {
    outputs.iter().filter(|output| !tree::is_of_source(&output.id))
}

/// The place for a page's result.
fn place(to: &Destination, mark: &str, page: u32) -> Destination {
    let mut to = to.clone();
    if let Destination::S3 { key, .. } = &mut to {
        *key = numbered(key, mark, page);
    }
    to
}

/// Refuses places that pages would overwrite one after the other.
pub(super) fn check(outputs: &[Output]) -> Result<(), String> {
    let one_place = |output: &Output| matches!(output.destination, Some(Destination::Url { .. }));
    if of_functions(outputs).any(one_place) {
        return Err("a signed URL takes one result, expected s3_destination for those of several pages".to_owned());
    }
    Ok(())
}
