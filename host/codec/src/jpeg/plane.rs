//! The samples of one component, one row of MCUs at a time.

use super::Scale;
use super::frame::{Component, Frame};

/// How the components of a frame lie in the output at some scale.
pub(super) struct Geometry {
    /// Size of the output.
    pub(super) width: usize,
    pub(super) height: usize,
    /// MCUs of a scan of all components.
    pub(super) mcus_across: usize,
    pub(super) mcus_down: usize,
    /// Output rows of one MCU.
    pub(super) rows: usize,
    pub(super) components: Vec<Placement>,
}

/// The size of a component and its relation to the output.
#[derive(Clone)]
pub(super) struct Placement {
    /// Blocks per MCU across and down.
    pub(super) h: usize,
    pub(super) v: usize,
    /// Samples per block across and down: 1, 2, 4 or 8.
    pub(super) size: usize,
    /// Samples that belong to the picture.
    pub(super) width: usize,
    pub(super) height: usize,
    /// Blocks that belong to the picture: those a scan of this component alone has.
    pub(super) blocks_across: usize,
    pub(super) blocks_down: usize,
    /// Output pixels per sample, as the fraction `across.0 / across.1`.
    pub(super) across: (usize, usize),
    pub(super) down: (usize, usize),
}

impl Placement {
    /// The number of blocks of a scan of this component alone.
    pub(super) fn blocks(&self) -> u64 {
        self.blocks_across as u64 * self.blocks_down as u64
    }

    /// Whether `factor` samples go to one output pixel, exactly.
    pub(super) fn is_factor(ratio: (usize, usize), factor: usize) -> bool {
        ratio.0 == factor * ratio.1
    }
}

impl Geometry {
    pub(super) fn new(frame: &Frame, scale: Scale) -> Geometry {
        let eighths = scale.eighths();
        let h_max = frame.components.iter().map(|component| component.h).max().unwrap_or(1);
        let v_max = frame.components.iter().map(|component| component.v).max().unwrap_or(1);
        let place = |component: &Component| {
            let (h, v) = (component.h, component.v);
            // A component with fewer samples is reduced less, as long as its samples do not become finer than the
            // output's.
            let mut size = eighths;
            while size < 8
                && (h_max * eighths).is_multiple_of(h * size * 2)
                && (v_max * eighths).is_multiple_of(v * size * 2)
            {
                size *= 2;
            }
            Placement {
                h,
                v,
                size,
                width: (frame.width * h * size).div_ceil(h_max * 8),
                height: (frame.height * v * size).div_ceil(v_max * 8),
                blocks_across: (frame.width * h).div_ceil(h_max * 8),
                blocks_down: (frame.height * v).div_ceil(v_max * 8),
                across: (h_max * eighths, h * size),
                down: (v_max * eighths, v * size),
            }
        };
        Geometry {
            width: (frame.width * eighths).div_ceil(8),
            height: (frame.height * eighths).div_ceil(8),
            mcus_across: frame.width.div_ceil(h_max * 8),
            mcus_down: frame.height.div_ceil(v_max * 8),
            rows: v_max * eighths,
            components: frame.components.iter().map(place).collect(),
        }
    }
}

/// Samples of one component for one row of MCUs, below the last row of samples of the MCUs before.
pub(super) struct Plane {
    pub(super) samples: Vec<u8>,
    /// Samples from one row to the next.
    pub(super) stride: usize,
    rows: usize,
    /// Index of the row of samples that follows the one kept from before.
    first: usize,
}

impl Plane {
    /// Bytes a plane takes.
    pub(super) fn bytes(geometry: &Geometry, place: &Placement) -> u64 {
        (geometry.mcus_across * place.h * place.size) as u64 * (place.v * place.size + 1) as u64
    }

    pub(super) fn new(geometry: &Geometry, place: &Placement) -> Plane {
        let stride = geometry.mcus_across * place.h * place.size;
        let rows = place.v * place.size;
        Plane { samples: vec![128; stride * (rows + 1)], stride, rows, first: 0 }
    }

    /// Where the sample (0, 0) of a block goes, counted in blocks within the row of MCUs.
    #[inline(always)]
    pub(super) fn position(&self, block_x: usize, block_y: usize, size: usize) -> usize {
        (1 + block_y * size) * self.stride + block_x * size
    }

    /// Moves on to the next row of MCUs.
    pub(super) fn advance(&mut self) {
        let last = self.rows * self.stride;
        self.samples.copy_within(last.., 0);
        self.first += self.rows;
    }

    /// A row of the component: the last one before these MCUs or one of theirs.
    pub(super) fn row(&self, row: usize) -> &[u8] {
        let index = (row + 1 - self.first) * self.stride;
        &self.samples[index..index + self.stride]
    }
}
