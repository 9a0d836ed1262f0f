//! The standard plugin `animate`: when frames are shown, and animations made of several pictures.
//!
//! All transforms are of the kind `timeline`: the host tells how long each frame is shown and moves the frames
//! itself; pixels come in only where a picture has to be made as large as the others. **Times** are whole
//! milliseconds; formats round them (GIF to hundredths of a second). **Frames** are counted from 1.

mod animate;
mod boomerang;
mod delay;
mod frames;
mod r#loop;
mod reverse;
mod speed;
#[cfg(test)]
mod tests;
mod timing;

use timing::Timed;

safelight_sdk::export!(
    name: "animate",
    summary: "Frames chosen, put in order and timed; animations made of several pictures.",
    transforms: [
        animate::Animate,
        Timed<frames::Frames>,
        Timed<delay::Delay>,
        Timed<speed::Speed>,
        Timed<reverse::Reverse>,
        Timed<boomerang::Boomerang>,
        Timed<r#loop::Loop>,
    ],
);
