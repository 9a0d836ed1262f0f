//! AVIF still pictures: one AV1 frame or a grid of them, with an alpha picture beside it if need be.
//!
//! AV1 itself is decoded by `re_rav1d`, dav1d in Rust without assembly. Of an animated AVIF the
//! still picture is read that stands for it.
//!
//! Source: AV1 Image File Format v1.1.0; ISO/IEC 23008-12 (HEIF) section 6; ISO/IEC 23000-22 (MIAF)
//! section 7.

mod av1;
mod boxes;
mod container;
mod yuv;

use self::container::{Color, Container, Item};
use super::samples::divide_by_alpha;
use super::{Content, Headers, be32};
use crate::orient::Orientation;
use crate::{DecodeOptions, Error, Format, PixelFormat, Raster, color};

const AVIF: Format = Format::Avif;

pub(super) fn headers(bytes: &[u8]) -> Result<Headers, Error> {
    let container = Container::read(bytes)?;
    let primary = container.primary()?;
    let (width, height) =
        container.size(primary).ok_or_else(|| Error::corrupt(AVIF, "its picture has no ispe property"))?;
    let mut headers = Headers::new(AVIF, width, height);
    headers.orientation = orientation(&container, primary);
    let coded = container.config(primary).or_else(|| {
        let tile = container.tiles(primary).first().copied()?;
        container.config(container.item(tile)?)
    });
    headers.gray = coded.is_some_and(|config| config.monochrome);
    let alpha = container.alpha(primary);
    headers.has_alpha = alpha.is_some();
    if container.ends_early
        || !container.is_complete(primary, bytes)
        || alpha.is_some_and(|alpha| !container.is_complete(alpha, bytes))
    {
        headers.ends_early = Some("the data ends before its picture does");
    }
    // The decoder's planes, one or two bytes a sample, and as much again for its filters.
    let planes = if headers.gray { 1 } else { 3 };
    let sample = if coded.is_some_and(|config| config.more_than_8_bits) { 2 } else { 1 };
    headers.work = 2 * planes * sample + 1;
    Ok(headers)
}

pub(super) fn content(bytes: &[u8], headers: &Headers, options: &DecodeOptions) -> Result<Content, Error> {
    let container = Container::read(bytes)?;
    let primary = container.primary()?;
    if container.has_clap(primary) {
        return Err(Error::unsupported(AVIF, "a clean aperture (clap)"));
    }
    let size = (headers.width, headers.height);
    let told = container.color(primary);
    let picture = Reader { container: &container, bytes };
    let mut decoded = picture.item(primary, size, told.numbers)?;
    if let Some(alpha) = container.alpha(primary) {
        let values = picture.alpha(alpha, size)?;
        decoded.raster = with_alpha(decoded.raster, &values, container.is_premultiplied(primary));
    }
    let mut content = Content::still(decoded.raster);
    match told.icc {
        Some(icc) => content.icc = Some(icc.to_vec()),
        None => content.profile = color::from_numbers(decoded.primaries, decoded.transfer).map(Box::new),
    }
    if options.keep_metadata {
        // The block starts with where in it the TIFF structure is.
        content.exif = container.described_by(primary, b"Exif", bytes).and_then(|block| {
            let skip = be32(&block, 0)? as usize;
            Some(block.get(4_usize.checked_add(skip)?..)?.to_vec())
        });
        content.xmp = container.described_by(primary, b"mime", bytes);
    }
    Ok(content)
}

/// Turning and mirroring, in the order in which the file lists them.
fn orientation(container: &Container, item: &Item) -> Orientation {
    let mut orientation = Orientation::UPRIGHT;
    for property in container.properties(item) {
        let next = match (&property.kind, property.data) {
            // Quarter turns against the clock.
            (b"irot", &[turns, ..]) => match turns & 3 {
                1 => Orientation::from_exif(8),
                2 => Orientation::from_exif(3),
                3 => Orientation::from_exif(6),
                _ => Orientation::UPRIGHT,
            },
            // 0 exchanges top and bottom, 1 left and right.
            (b"imir", &[axis, ..]) => Orientation::from_exif(if axis & 1 == 0 { 4 } else { 2 }),
            _ => continue,
        };
        orientation = orientation.then(next);
    }
    orientation
}

/// A decoded item, still in its own colour space.
struct Decoded {
    raster: Raster,
    /// ITU-T H.273 numbers.
    primaries: u8,
    transfer: u8,
}

struct Reader<'a> {
    container: &'a Container<'a>,
    bytes: &'a [u8],
}

impl Reader<'_> {
    /// Decodes a coded picture, or a grid of such.
    fn item(&self, item: &Item, size: (u32, u32), told: Option<Color>) -> Result<Decoded, Error> {
        if &item.kind == b"av01" {
            let frame = av1::decode(self.container.data(item, self.bytes)?, size, told)?;
            let raster = yuv::to_raster(&frame)?;
            let Color { primaries, transfer, .. } = frame.color;
            return Ok(Decoded { raster, primaries, transfer });
        }
        let grid = Grid::read(&self.container.data(item, self.bytes)?)?;
        let tiles = self.container.tiles(item);
        if grid.size != size || tiles.len() != grid.columns * grid.rows {
            return Err(Error::corrupt(AVIF, "its grid contradicts its properties"));
        }
        // Tiles have data of their own: together not more than there is.
        let coded: u64 =
            tiles.iter().filter_map(|id| self.container.item(*id)).map(Item::length).fold(0, u64::saturating_add);
        if coded > self.bytes.len() as u64 {
            return Err(Error::corrupt(AVIF, "the tiles of its grid share data"));
        }
        let mut canvas: Option<(PixelFormat, Vec<u8>)> = None;
        let mut colors = (2, 2);
        let mut tile_size = (0, 0);
        for (index, id) in tiles.iter().enumerate() {
            let tile = self
                .container
                .item(*id)
                .filter(|tile| &tile.kind == b"av01")
                .ok_or_else(|| Error::corrupt(AVIF, "a tile of its grid is not a picture"))?;
            let own_size =
                self.container.size(tile).ok_or_else(|| Error::corrupt(AVIF, "a tile of its grid has no size"))?;
            if index == 0 {
                tile_size = own_size;
                grid.check_tiles(tile_size)?;
            } else if own_size != tile_size {
                return Err(Error::corrupt(AVIF, "the tiles of its grid differ in size"));
            }
            let decoded = self.item(tile, own_size, told)?;
            colors = (decoded.primaries, decoded.transfer);
            let format = decoded.raster.format();
            let bytes_per_pixel = format.bytes_per_pixel();
            let (_, pixels) =
                canvas.get_or_insert_with(|| (format, vec![0; size.0 as usize * size.1 as usize * bytes_per_pixel]));
            let place = (index % grid.columns, index / grid.columns);
            paste(pixels, size, &decoded.raster, place)
                .ok_or_else(|| Error::corrupt(AVIF, "the tiles of its grid differ in kind"))?;
        }
        let (format, pixels) = canvas.ok_or_else(|| Error::corrupt(AVIF, "its grid has no tile"))?;
        let raster = Raster::new(size.0, size.1, format, pixels).map_err(Error::shape(AVIF))?;
        Ok(Decoded { raster, primaries: colors.0, transfer: colors.1 })
    }

    /// Decodes an alpha picture: only its brightness counts.
    fn alpha(&self, item: &Item, size: (u32, u32)) -> Result<Vec<u8>, Error> {
        if self.container.size(item) != Some(size) {
            return Err(Error::unsupported(AVIF, "an alpha picture of another size"));
        }
        if &item.kind == b"av01" {
            let told = self.container.color(item).numbers;
            let frame = av1::decode(self.container.data(item, self.bytes)?, size, told)?;
            return Ok(yuv::luma(&frame));
        }
        let decoded = self.item(item, size, None)?;
        Ok(decoded.raster.convert(PixelFormat::Gray8).into_pixels())
    }
}

/// Copies a tile to its place, cut at the right and bottom; none if it is of another pixel format.
fn paste(canvas: &mut [u8], (width, height): (u32, u32), tile: &Raster, (column, row): (usize, usize)) -> Option<()> {
    let bytes_per_pixel = tile.format().bytes_per_pixel();
    let stride = width as usize * bytes_per_pixel;
    if canvas.len() != stride * height as usize {
        return None;
    }
    let tile_stride = tile.width() as usize * bytes_per_pixel;
    let left = column * tile_stride;
    let length = tile_stride.min(stride.checked_sub(left)?);
    let top = row * tile.height() as usize;
    let rows = canvas.chunks_exact_mut(stride).skip(top);
    for (to, from) in rows.zip(tile.pixels().chunks_exact(tile_stride)) {
        to[left..left + length].copy_from_slice(&from[..length]);
    }
    Some(())
}

/// Source: ISO/IEC 23008-12 section 6.6.2.3.
struct Grid {
    columns: usize,
    rows: usize,
    size: (u32, u32),
}

impl Grid {
    fn read(data: &[u8]) -> Result<Grid, Error> {
        let damaged = || Error::corrupt(AVIF, "its grid description is too short");
        let &[_, flags, rows, columns, ref rest @ ..] = data else {
            return Err(damaged());
        };
        let size = if flags & 1 == 0 {
            let &[a, b, c, d, ..] = rest else {
                return Err(damaged());
            };
            (u32::from(u16::from_be_bytes([a, b])), u32::from(u16::from_be_bytes([c, d])))
        } else {
            let (Some(width), Some(height)) = (be32(rest, 0), be32(rest, 4)) else {
                return Err(damaged());
            };
            (width, height)
        };
        Ok(Grid { columns: usize::from(columns) + 1, rows: usize::from(rows) + 1, size })
    }

    /// Tiles have to cover the picture, and each has to show some of it. This also bounds what the
    /// tiles cost by the size of the picture, which was checked.
    fn check_tiles(&self, (width, height): (u32, u32)) -> Result<(), Error> {
        let covers = |tile: u32, count: usize, whole: u32| {
            let all = u64::from(tile) * count as u64;
            all >= u64::from(whole) && all - u64::from(tile) < u64::from(whole)
        };
        if covers(width, self.columns, self.size.0) && covers(height, self.rows, self.size.1) {
            Ok(())
        } else {
            Err(Error::corrupt(AVIF, "the tiles of its grid do not cover it"))
        }
    }
}

fn with_alpha(raster: Raster, alpha: &[u8], premultiplied: bool) -> Raster {
    let mut raster = raster.convert(PixelFormat::Rgba8);
    for (pixel, &alpha) in raster.pixels_mut().as_chunks_mut::<4>().0.iter_mut().zip(alpha) {
        pixel[3] = alpha;
    }
    if premultiplied {
        divide_by_alpha(&mut raster);
    }
    raster
}
