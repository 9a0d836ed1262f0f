//! From submission to the last delivery, with kills in between.

mod callbacks;
mod crash;
mod stopping;
