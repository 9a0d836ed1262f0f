//! The foreign APIs, as their clients and receivers see them.

mod blitline;
mod blitline_jobs;
mod blurb;
mod documented;
mod events;
mod image_intelligence;
