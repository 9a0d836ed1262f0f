//! The foreign APIs, as their clients and receivers see them.

mod blitline;
mod blurb;
mod image_intelligence;
