//! The foreign APIs, as their clients and receivers see them.

mod blurb;
