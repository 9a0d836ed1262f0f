//! Sources that are slow, endless, forbidden, broken or bombs: a clear error each, and nothing left behind.

mod addresses;
mod pictures;
mod transfer;
