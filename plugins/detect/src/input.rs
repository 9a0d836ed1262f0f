//! The picture as the network wants it.

use safelight_kernels as kernels;
use safelight_sdk::{Image, PixelFormat, to_format};

use crate::description::{self, Fit, Order};

/// How a network's input lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// 1 (gray) or 3.
    pub(crate) channels: usize,
    /// A plane a channel (NCHW); otherwise channels side by side (NHWC).
    pub(crate) planes: bool,
}

/// Where the picture lies in the input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    /// Pixels of the input a pixel of the picture, across and down.
    scale: [f64; 2],
    /// Of the picture's top left corner.
    offset: [f64; 2],
    /// Of the picture itself.
    size: [f64; 2],
}

impl Place {
    /// A place of the input in pixels of the picture, not outside.
    pub(crate) fn in_picture(&self, axis: usize, value: f64) -> f64 {
        ((value - self.offset[axis]) / self.scale[axis]).clamp(0.0, self.size[axis])
    }
}

/// The value around a picture of other proportions, as Ultralytics trains with.
const AROUND: u8 = 114;

/// The bytes of the input, as `shape` has them, and where the picture lies in it.
pub(crate) fn bytes(image: Image, shape: Shape, description: &description::Input) -> (Vec<u8>, Place) {
    let format = if shape.channels == 1 { PixelFormat::Gray8 } else { PixelFormat::Rgb8 };
    let Image { width, height, mut pixels, .. } = to_format(image, format);
    let (into_width, into_height) = (f64::from(shape.width), f64::from(shape.height));
    let across = into_width / f64::from(width);
    let down = into_height / f64::from(height);
    let (fit_width, fit_height) = match description.fit {
        Fit::Stretch => (shape.width, shape.height),
        Fit::Letterbox => {
            let scale = across.min(down);
            let length = |length: u32, most: u32| ((f64::from(length) * scale).round().max(1.0) as u32).min(most);
            (length(width, shape.width), length(height, shape.height))
        }
    };
    let whole = kernels::Window::whole(width, height);
    let fit = (fit_width, fit_height);
    let channels = shape.channels;
    let scaled = kernels::resize(&mut pixels, (width, height), channels, whole, fit, kernels::Filter::Bilinear);
    let (left, top) = ((shape.width - fit_width) / 2, (shape.height - fit_height) / 2);

    let mut laid = vec![AROUND; shape.width as usize * shape.height as usize * channels];
    let (stride, row_bytes) = (shape.width as usize * channels, fit_width as usize * channels);
    for (y, row) in scaled.chunks_exact(row_bytes).enumerate() {
        let start = (y + top as usize) * stride + left as usize * channels;
        laid[start..start + row_bytes].copy_from_slice(row);
    }
    if description.order == Order::Bgr && channels == 3 {
        laid.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| pixel.swap(0, 2));
    }
    if shape.planes && channels > 1 {
        let planes = (0..channels).flat_map(|channel| laid.iter().skip(channel).step_by(channels).copied());
        laid = planes.collect();
    }
    let place = Place {
        scale: [f64::from(fit_width) / f64::from(width), f64::from(fit_height) / f64::from(height)],
        offset: [f64::from(left), f64::from(top)],
        size: [f64::from(width), f64::from(height)],
    };
    (laid, place)
}

/// The same bytes as the numbers that the network was trained with.
pub(crate) fn floats(bytes: &[u8], shape: Shape, description: &description::Input) -> Vec<f32> {
    let tables: Vec<[f32; 256]> = (0..shape.channels)
        .map(|channel| {
            let (mean, deviation) = (description.mean[channel], description.deviation[channel]);
            std::array::from_fn(|value| (value as f32 - mean) / deviation)
        })
        .collect();
    let plane = bytes.len() / shape.channels;
    let channel = |index: usize| if shape.planes { index / plane } else { index % shape.channels };
    bytes.iter().enumerate().map(|(index, &value)| tables[channel(index)][usize::from(value)]).collect()
}
