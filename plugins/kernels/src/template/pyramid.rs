//! A picture at several sizes.

use std::collections::BTreeMap;

use crate::{Filter, Window, resize};

#[derive(Clone)]
pub(super) struct Gray {
    pub(super) pixels: Vec<u8>,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Gray {
    pub(super) fn new(pixels: Vec<u8>, (width, height): (u32, u32)) -> Gray {
        assert_eq!(pixels.len(), crate::bytes(width, height, 1), "bytes of a gray picture");
        Gray { pixels, width, height }
    }

    pub(super) fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    pub(super) fn resized(&self, width: u32, height: u32) -> Gray {
        if (width, height) == (self.width, self.height) {
            return self.clone();
        }
        let whole = Window::whole(self.width, self.height);
        let size = (self.width, self.height);
        let pixels = resize(&mut self.pixels.clone(), size, 1, whole, (width, height), Filter::Bilinear);
        Gray { pixels, width, height }
    }

    pub(super) fn row(&self, y: usize) -> &[u8] {
        let stride = self.width as usize;
        &self.pixels[y * stride..(y + 1) * stride]
    }
}

/// The picture at sizes reduced by powers of two, made when asked for.
pub(super) struct Pyramid {
    pub(super) full: Gray,
    reduced: BTreeMap<u32, Gray>,
}

impl Pyramid {
    pub(super) fn new(pixels: &[u8], size: (u32, u32)) -> Pyramid {
        Pyramid { full: Gray::new(pixels.to_vec(), size), reduced: BTreeMap::new() }
    }

    /// The picture at any smaller size, made from one that is at most twice as large if there is any.
    pub(super) fn sized(&mut self, width: u32, height: u32) -> Gray {
        let times = (self.full.width / width).min(self.full.height / height).max(1);
        self.at(times.ilog2()).resized(width, height)
    }

    pub(super) fn at(&mut self, level: u32) -> &Gray {
        if level == 0 {
            return &self.full;
        }
        let reduce = |length: u32| (f64::from(length) / f64::from(1 << level)).round().max(1.0) as u32;
        self.reduced.entry(level).or_insert_with(|| {
            let (width, height) = (reduce(self.full.width), reduce(self.full.height));
            self.full.resized(width, height)
        })
    }
}
