//! What the transforms of this plugin do with pictures in common.

use safelight_kernels::{self as kernels, Blend, Layer, Paint};
use safelight_sdk::{Color, Image, PixelFormat, Size, to_format};

use crate::placement::Layout;

/// The one picture that the parameters name. The SDK has counted them.
pub(crate) fn only(images: Vec<Image>) -> Image {
    images.into_iter().next().expect("as many pictures as are named")
}

/// Whether no pixel that shows has a colour.
pub(crate) fn is_gray(image: &Image) -> bool {
    match image.format {
        PixelFormat::Gray8 => true,
        PixelFormat::Rgb8 => image.pixels.as_chunks::<3>().0.iter().all(|[r, g, b]| r == g && g == b),
        PixelFormat::Rgba8 => image.pixels.as_chunks::<4>().0.iter().all(|[r, g, b, a]| *a == 0 || r == g && g == b),
    }
}

/// The format that holds a picture in `format` after something was laid over it.
pub(crate) fn joined_format(format: PixelFormat, gray_layer: bool, blend: Blend) -> PixelFormat {
    match format {
        _ if !blend.keeps_opaque() => PixelFormat::Rgba8,
        PixelFormat::Gray8 if !gray_layer || blend.colours_gray() => PixelFormat::Rgb8,
        format => format,
    }
}

/// The picture on the canvas of a layout, in a format; what is new has the colour of `behind`.
pub(crate) fn on_canvas(picture: Image, layout: &Layout, format: PixelFormat, behind: Color) -> Image {
    let picture = to_format(picture, format);
    if picture.size() == layout.canvas {
        return picture;
    }
    let (from, to) = ((picture.width, picture.height), (layout.canvas.width, layout.canvas.height));
    let pixels = kernels::extend(&picture.pixels, from, behind.pixel(format), to, layout.picture);
    Image::new(to.0, to.1, format, pixels)
}

/// Lays an RGBA picture over another one.
pub(crate) fn lay(picture: &mut Image, layer: &Image, at: (i64, i64), paint: Paint) {
    let (size, channels) = ((picture.width, picture.height), picture.format.bytes());
    let layer = Layer { pixels: &layer.pixels, size: (layer.width, layer.height) };
    kernels::composite(&mut picture.pixels, size, channels, layer, at, paint);
}

/// An RGBA picture of one colour, with its alpha and `opacity` multiplied by a plane, rounded to nearest.
pub(crate) fn coloured(color: Color, opacity: f64, plane: &[u8], size: Size) -> Image {
    let [red, green, blue, alpha] = color.rgba;
    let full = f64::from(alpha) / 255.0 * opacity;
    let alphas = kernels::table(|value| value * full);
    let mut pixels = Image::room(size, PixelFormat::Rgba8);
    for block in plane.chunks(64) {
        let mut made = [[red, green, blue, 0]; 64];
        made.iter_mut().zip(block).for_each(|(pixel, value)| pixel[3] = alphas[*value as usize]);
        pixels.extend_from_slice(made[..block.len()].as_flattened());
    }
    Image::new(size.width, size.height, PixelFormat::Rgba8, pixels)
}

/// The format that holds pictures side by side; `around` is the colour of what is free, if anything is.
pub(crate) fn common_format<'a>(images: impl Iterator<Item = &'a Image>, around: Option<Color>) -> PixelFormat {
    let start = around.map_or(PixelFormat::Gray8, |color| color.format_with(PixelFormat::Gray8));
    images.map(|image| image.format).fold(start, |one, other| if one.bytes() < other.bytes() { other } else { one })
}

/// A sheet of pictures that do not overlap, each in its place and none beyond the sheet; what is free has a colour.
pub(crate) fn sheet(
    size: Size,
    format: PixelFormat,
    free: Color,
    pictures: impl IntoIterator<Item = Image>,
    places: &[(u32, u32)],
) -> Image {
    let pictures = pictures.into_iter().map(|picture| to_format(picture, format));
    let mut placed: Vec<((u32, u32), Image)> = places.iter().copied().zip(pictures).collect();
    placed.sort_unstable_by_key(|((x, _), _)| *x);
    let blank = free.pixel(format).repeat(size.width as usize);
    let mut pixels = Image::room(size, format);
    for y in 0..size.height {
        let mut done = 0;
        for ((x, top), picture) in &placed {
            if (*top..top + picture.height).contains(&y) {
                let start = *x as usize * format.bytes();
                let stride = picture.width as usize * format.bytes();
                pixels.extend_from_slice(&blank[done..start]);
                pixels.extend_from_slice(&picture.pixels[(y - top) as usize * stride..][..stride]);
                done = start + stride;
            }
        }
        pixels.extend_from_slice(&blank[done..]);
    }
    Image::new(size.width, size.height, format, pixels)
}

/// The alpha of a picture, with rows and columns of nothing around it: left, top, right, bottom.
pub(crate) fn alpha_plane(image: &Image, [left, top, right, bottom]: [u32; 4]) -> (Vec<u8>, Size) {
    let size = Size::new(image.width + left + right, image.height + top + bottom);
    let mut plane = vec![0; size.pixels() as usize];
    let lines = plane.chunks_exact_mut(size.width as usize).skip(top as usize);
    for (line, row) in lines.zip(image.rows()) {
        let line = &mut line[left as usize..][..image.width as usize];
        match image.format {
            PixelFormat::Rgba8 => {
                line.iter_mut().zip(row.as_chunks::<4>().0).for_each(|(to, pixel)| *to = pixel[3]);
            }
            _ => line.fill(255),
        }
    }
    (plane, size)
}
