//! The same functions on several pages of a source, each page in a job of its own: pages differ in size.

use serde::{Deserialize, Serialize};

use super::{destinations::numbered, saves::Shown, tree};
use crate::job::{Destination, Output};

/// How the results of pages are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// As the one job that was asked for: `multi_page`.
    AsOne,
    /// Under an id for all of them: `burst_pdf`.
    AsGroup,
}

impl Told {
    /// What stands before the number of a page in names.
    fn mark(self) -> &'static str {
        match self {
            Told::AsOne => "_",
            Told::AsGroup => "__",
        }
    }

    /// How many pages are taken at most.
    pub(super) fn most(self) -> u32 {
        match self {
            Told::AsOne => 20,
            Told::AsGroup => 1500,
        }
    }
}

/// Pages of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paged {
    /// How they are told.
    pub told: Told,
    /// These, counted from 0; all there are when it is empty.
    pub only: Vec<u32>,
}

impl Paged {
    /// The pages of a source that has so many.
    ///
    /// Errors: too many, and how many are taken.
    pub(super) fn of(&self, count: u32) -> Result<Vec<u32>, u32> {
        match self.only.is_empty() {
            false => Ok(self.only.clone()),
            true if count > self.told.most() => Err(self.told.most()),
            true => Ok((0..count).collect()),
        }
    }

    /// Those that are known before the source was read: of all the first one.
    pub(super) fn foreseen(&self) -> Vec<u32> {
        if self.only.is_empty() { vec![0] } else { self.only.clone() }
    }

    /// What is made of one page, with its number in the names. What looks at the source itself stands with the `first`
    /// one.
    pub(super) fn alone(
        &self,
        outputs: &[Output],
        images: &[Shown],
        page: u32,
        is_first: bool,
    ) -> (Vec<Output>, Vec<Shown>) {
        let mark = self.told.mark();
        let is_made = |output: &&Output| is_first || !tree::is_of_source(&output.id);
        let made = outputs.iter().filter(is_made).map(|output| match tree::is_of_source(&output.id) {
            true => output.clone(),
            false => {
                Output { destination: output.destination.as_ref().map(|to| place(to, mark, page)), ..output.clone() }
            }
        });
        (made.collect(), images.iter().map(|image| image.numbered(mark, page)).collect())
    }
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
    let one_place = |output: &&Output| matches!(output.destination, Some(Destination::Url { .. }));
    if outputs.iter().filter(|output| !tree::is_of_source(&output.id)).any(|output| one_place(&output)) {
        return Err("a signed URL takes one result, expected s3_destination for those of several pages".to_owned());
    }
    Ok(())
}
