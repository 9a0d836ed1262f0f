//! Codec plugins: formats of pictures and documents, read and written.
//!
//! An author implements [`Codec`] and [`Document`] and names the type in
//! [`export_codec!`](crate::export_codec). What is checked here and need not be checked again: pages that do
//! not exist, how many pages are rendered together and how large they are, regions, the format's name.
//!
//! ```
//! use safelight_sdk::codec::{self, Codec, Document, Error, Format, Limits, Page, Scaling};
//! use safelight_sdk::{Image, PixelFormat, Size};
//!
//! /// "DOT", then the gray value of the only pixel.
//! struct Dot(u8);
//!
//! impl Codec for Dot {
//!     const FORMATS: &'static [Format] = &[Format {
//!         extensions: &["dot"],
//!         media_types: &["image/x-dot"],
//!         signatures: &[&[codec::Mark::at(0, b"DOT")]],
//!         ..Format::reading("dot")
//!     }];
//!     type Document = Dot;
//!
//!     fn open(bytes: Vec<u8>, _format: &str, _limits: &Limits) -> Result<Dot, Error> {
//!         bytes.get(3).map(|&value| Dot(value)).ok_or_else(|| Error::Truncated("no pixel follows".into()))
//!     }
//! }
//!
//! impl Document for Dot {
//!     fn page(&mut self, _index: u32) -> Result<Page, Error> {
//!         Ok(Page { gray: true, ..Page::new(Size::new(1, 1), Scaling::Fixed) })
//!     }
//!
//!     fn render(&mut self, _index: u32, _size: Option<Size>) -> Result<Image, Error> {
//!         Ok(Image::new(1, 1, PixelFormat::Gray8, vec![self.0]))
//!     }
//! }
//!
//! safelight_sdk::export_codec!(name: "codec-dot", summary: "An example.", codec: Dot);
//!
//! // The same code runs without Wasm, which is how a codec is tested:
//! # fn main() {
//! let mut document = codec::open::<Dot>(b"DOT\x07".to_vec(), "dot", &Limits::default()).unwrap();
//! assert_eq!(document.render(0, 1, &codec::Request::default()).unwrap()[0].image.pixels, [7]);
//! # }
//! ```

mod bindings;
mod format;
mod opened;
mod pixels;

pub use bindings::exports::safelight::plugin::codec::{
    EncodeOptions, Error, Frame, Info, Kind, Limits, Manifest, Metadata, Page, Request, Scaling,
};
pub use format::{Format, Mark};
pub use opened::{Opened, encode, manifest, open};
pub use pixels::from_premultiplied;

use crate::{Image, Size};

/// The generated bindings; [`export_codec!`](crate::export_codec) uses them.
pub mod raw {
    pub use super::bindings::export;
    pub use super::bindings::exports;
}

/// A codec: its formats, and how they are read and written.
pub trait Codec {
    /// The formats.
    const FORMATS: &'static [Format];
    /// A source that was opened.
    type Document: Document + 'static;

    /// Reads as much as is needed to tell what the source is; `format` is one of those that are read.
    ///
    /// # Errors
    /// When the source is damaged, of an unknown kind, or over the limits already.
    fn open(bytes: Vec<u8>, format: &str, limits: &Limits) -> Result<Self::Document, Error>;

    /// Writes pictures; `options.format` is one of those that are written. There is at least one picture.
    ///
    /// # Errors
    /// When the format cannot hold them, or the result would be over `options.max_bytes`.
    fn encode(frames: Vec<Frame>, options: &EncodeOptions) -> Result<Vec<u8>, Error> {
        let _ = frames;
        Err(Error::CannotWrite(format!("{} is not written here", options.format)))
    }
}

/// A source that was opened.
pub trait Document {
    /// What it is; one still picture unless this says otherwise.
    fn info(&self) -> Info {
        Info { kind: Kind::Still, count: 1 }
    }

    /// What a page or frame is; `index` is below the count.
    ///
    /// # Errors
    /// When the page is damaged.
    fn page(&mut self, index: u32) -> Result<Page, Error>;

    /// Renders a page, at `size` where its scaling is free.
    ///
    /// # Errors
    /// When the page is damaged or of an unknown kind.
    fn render(&mut self, index: u32, size: Option<Size>) -> Result<Image, Error>;

    /// Renders several frames. Where one frame builds on the one before, this is the place to do all at once.
    ///
    /// # Errors
    /// As `render`.
    fn render_frames(&mut self, first: u32, count: u32, size: Option<Size>) -> Result<Vec<Frame>, Error> {
        (first..first + count).map(|index| self.render(index, size).map(|image| Frame { image, delay_ms: 0 })).collect()
    }

    /// What it says about itself.
    fn metadata(&mut self) -> Metadata {
        Metadata::default()
    }
}

impl Default for Limits {
    /// As the host's own defaults: 100 Mpx a page, 200 Mpx in all, 1000 pages, 1 GiB.
    fn default() -> Self {
        Limits { max_pixels: 100_000_000, max_total_pixels: 200_000_000, max_frames: 1000, max_memory_bytes: 1 << 30 }
    }
}

impl Limits {
    /// Checks the size of a page before it is allocated.
    ///
    /// # Errors
    /// `limit`, with the size and what is allowed; `corrupt` for a side of 0.
    pub fn check_size(&self, size: Size) -> Result<(), Error> {
        if size.width == 0 || size.height == 0 {
            return Err(Error::Corrupt(format!("its size is {size} px")));
        }
        if u64::from(size.width) * u64::from(size.height) > self.max_pixels {
            return Err(Error::Limit(format!("picture size: {size} px is over the limit of {} px", self.max_pixels)));
        }
        Ok(())
    }
}

impl Page {
    /// An opaque page in colour, without a physical size; rendering it takes four bytes a pixel, and as much
    /// again to work with.
    pub fn new(size: Size, scaling: Scaling) -> Self {
        let memory_bytes = u64::from(size.width) * u64::from(size.height) * 8;
        Page {
            size,
            dpi: None,
            scaling,
            delay_ms: 0,
            orientation: 1,
            has_alpha: false,
            gray: false,
            memory_bytes,
            held_bytes: 0,
        }
    }
}

impl Default for Request {
    /// All of the page in its own size.
    fn default() -> Self {
        Request { size: None, region: None }
    }
}

impl Default for Metadata {
    /// Played once, nothing else.
    fn default() -> Self {
        Metadata { plays: 1, icc: None, exif: None, xmp: None }
    }
}

/// Declares a codec plugin: its name, a line about it, and the type that implements
/// [`Codec`](crate::codec::Codec).
///
/// `needs: [...]` before `codec` asks for fonts and tables: a list of [`Need`](crate::Need)s. Version and licence are
/// those of the crate's `Cargo.toml`. The macro stands once in a crate, which offers no transforms beside.
#[macro_export]
macro_rules! export_codec {
    (name: $name:expr, summary: $summary:expr, $(needs: [$($need:expr),* $(,)?],)? codec: $codec:ty $(,)?) => {
        /// What `describe` answers.
        pub fn manifest() -> $crate::codec::Manifest {
            let (version, license) = (env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_LICENSE"));
            $crate::codec::manifest::<$codec>($name, version, license, $summary, &[$($($need),*)?])
        }

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::codec::raw::exports::safelight::plugin::codec as contract;

            struct Component;

            struct Resource(::std::cell::RefCell<$crate::codec::Opened<<$codec as $crate::codec::Codec>::Document>>);

            impl contract::Guest for Component {
                type Document = Resource;

                fn describe() -> contract::Manifest {
                    manifest()
                }

                fn open(
                    bytes: Vec<u8>,
                    format: String,
                    limits: contract::Limits,
                ) -> Result<contract::Document, contract::Error> {
                    let opened = $crate::codec::open::<$codec>(bytes, &format, &limits)?;
                    Ok(contract::Document::new(Resource(::std::cell::RefCell::new(opened))))
                }

                fn encode(
                    frames: Vec<contract::Frame>,
                    options: contract::EncodeOptions,
                ) -> Result<Vec<u8>, contract::Error> {
                    $crate::codec::encode::<$codec>(frames, &options)
                }
            }

            impl contract::GuestDocument for Resource {
                fn info(&self) -> contract::Info {
                    self.0.borrow().info()
                }

                fn page(&self, index: u32) -> Result<contract::Page, contract::Error> {
                    self.0.borrow_mut().page(index)
                }

                fn render(
                    &self,
                    first: u32,
                    count: u32,
                    request: contract::Request,
                ) -> Result<Vec<contract::Frame>, contract::Error> {
                    self.0.borrow_mut().render(first, count, &request)
                }

                fn metadata(&self) -> contract::Metadata {
                    self.0.borrow_mut().metadata()
                }
            }

    $crate::codec::raw::export!(Component with_types_in $crate::codec::raw);
        };
    };
}
