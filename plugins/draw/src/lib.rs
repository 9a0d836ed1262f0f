//! The standard plugin `draw`: shapes, gradients and text.
//!
//! **Coordinates.** The origin is the outer corner of the top left pixel; x grows to the right, y
//! downwards. Pixel (i, j) is the square from (i, j) to (i + 1, j + 1), so its centre is at
//! (i + 0.5, j + 0.5): a line one pixel wide is sharp when it runs along centres.
//! **Smoothing.** A pixel on the border of a shape is covered by the exact area of the shape inside it.
//! **Colours** are mixed as sRGB-encoded values, premultiplied by alpha, rounded to nearest. A gray
//! picture stays gray as long as all colours are gray.
//! **Time.** All loops are bounded by the picture's size and the number of points or letters.

mod canvas;
mod caption;
mod ellipse;
mod fill;
mod gradient;
mod line;
mod painter;
mod placement;
mod polygon;
mod polyline;
mod rectangle;
#[cfg(test)]
mod tests;
mod text;
mod text_image;
mod typeset;
mod watermark_text;

use safelight_sdk::Need;

safelight_sdk::export!(
    name: "draw",
    summary: "Draw shapes, gradients and text.",
    needs: [Need::fonts("The fonts that text is set in.").optional()],
    transforms: [
        line::Line,
        rectangle::Rectangle,
        ellipse::Ellipse,
        polygon::Polygon,
        polyline::Polyline,
        gradient::Gradient,
        fill::Fill,
        canvas::Canvas,
        text::Text,
        caption::Caption,
        text_image::TextImage,
        watermark_text::WatermarkText,
    ],
);
