//! Trees planned and walked with transforms that write down what was asked of them.

mod animation;
mod failures;
mod planning;
mod sharing;
mod timeline;

use std::sync::Arc;

use safelight_codec::{Frame, Loops, Metadata, Picture, Raster};

use super::{
    Images, Leaf, Limits, Plan, Shape, Size, Stopped, Timeline,
    testing::{FakeTransforms, output, step},
    walk,
};
use crate::job::{Group, JobError, Output};

pub(crate) const LIMITS: Limits = Limits { max_pixels: 1_000_000, max_frames: 20, max_total_pixels: 4_000_000 };

const FULL: Size = Size { width: 80, height: 60 };

fn still(size: Size) -> Picture {
    Picture::still(Raster::filled(size.width, size.height, [9, 8, 7, 255]))
}

fn animation(shades: &[u8]) -> Picture {
    let frame = |(index, &shade): (usize, &u8)| Frame {
        raster: Raster::filled(FULL.width, FULL.height, [shade, shade, shade, 255]),
        delay_ms: 10 * (index as u32 + 1),
    };
    let frames = shades.iter().enumerate().map(frame).collect();
    Picture { frames, loops: Loops::Times(3), metadata: Metadata::default() }
}

/// Everything a walk told, in the order in which it was told.
struct Walk {
    transforms: FakeTransforms,
    told: Vec<(usize, Result<Leaf, JobError>)>,
    end: Result<(), Stopped>,
}

impl Walk {
    fn of(outputs: &[Output], source: Picture) -> Walk {
        Walk::with(outputs, source, FULL, &Images::new(), &[], &|| false)
    }

    fn with(
        outputs: &[Output],
        source: Picture,
        full: Size,
        images: &Images,
        animated: &[bool],
        stop: &dyn Fn() -> bool,
    ) -> Walk {
        let transforms = FakeTransforms::default();
        let shape = Shape { size: Some(full), timeline: Some(Timeline::of(&source)), scalable: false };
        let plan = Plan::new(&transforms, outputs, Some(images), shape, LIMITS, animated);
        let mut told = Vec::new();
        let end = walk(&transforms, &plan, Some(Arc::new(source)), full, stop, &mut |output, leaf| {
            told.push((output, leaf));
        });
        Walk { transforms, told, end }
    }

    /// Which output came when and as what: `a 20x10`, or `b step 1: unknown_transform: ...`.
    fn summary(&self, outputs: &[Output]) -> Vec<String> {
        let line = |(output, leaf): &(usize, Result<Leaf, JobError>)| {
            let id = &outputs[*output].id;
            match leaf {
                Ok(leaf) => {
                    let raster = &leaf.picture.frames[0].raster;
                    format!("{id} {}x{}", raster.width(), raster.height())
                }
                Err(error) => {
                    assert_eq!(error.output.as_deref(), Some(id.as_str()));
                    let step = error.step.map_or("none".to_owned(), |step| step.to_string());
                    format!("{id} step {step}: {}: {}", error.code, error.message)
                }
            }
        };
        self.told.iter().map(line).collect()
    }

    fn leaf(&self, output: usize) -> &Leaf {
        let told = self.told.iter().find(|(told, _)| *told == output).expect("every output is told");
        told.1.as_ref().expect("the output was made")
    }
}
