//! Delivery with resources in memory and a maker that draws a blank picture.

mod access;
mod answers;
mod hostile;
mod once;
mod remote;
mod room;

pub(crate) use room::FakeMaker;
pub(super) use room::FakeResources;
