//! WebP encoding by libwebp, behind a safe interface.
//!
//! libwebp is C. It is used for encoding only, and only ever sees pixels that this program made;
//! bytes from outside are decoded by memory-safe code elsewhere. This crate is the one place in the
//! workspace where `unsafe` is allowed, and holds nothing but the calls.

use std::ptr;

use libwebp_sys as sys;

/// How to encode.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// 1 to 100. In lossless mode, how much work to spend.
    pub quality: u8,
    /// Keep every pixel, also the colour of transparent ones.
    pub lossless: bool,
    /// libwebp's method: 0 fastest, 6 smallest.
    pub method: u8,
}

/// Pixels to encode: packed rows of RGB or straight RGBA.
#[derive(Clone, Copy, Debug)]
pub struct Pixels<'a> {
    /// Width in pixels, 1 to 16383.
    pub width: u32,
    /// Height in pixels, 1 to 16383.
    pub height: u32,
    /// Four bytes per pixel instead of three.
    pub has_alpha: bool,
    /// `width * height * 3` or `* 4` bytes.
    pub bytes: &'a [u8],
}

/// Why libwebp did not encode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The pixels do not fill the size, or the size is out of range.
    #[error("{width} x {height} px with {length} bytes cannot be encoded")]
    Shape {
        /// Width given.
        width: u32,
        /// Height given.
        height: u32,
        /// Bytes given.
        length: usize,
    },
    /// libwebp refused the settings, or is another version than it was built for.
    #[error("libwebp refuses the settings")]
    Settings,
    /// libwebp failed; its error code.
    #[error("libwebp failed: {0}")]
    Failed(String),
}

/// Encodes a still picture.
pub fn still(pixels: &Pixels, settings: &Settings) -> Result<Vec<u8>, Error> {
    let config = config(settings)?;
    let mut picture = Picture::new(pixels, settings)?;
    let mut writer = Writer::new();
    picture.0.writer = Some(sys::WebPMemoryWrite);
    picture.0.custom_ptr = ptr::from_mut(&mut writer.0).cast();
    // SAFETY: `config` was validated by libwebp, the picture was filled by it, and `custom_ptr` is
    // the memory writer that `WebPMemoryWrite` expects; all three outlive the call.
    let done = unsafe { sys::WebPEncode(&config, &mut picture.0) };
    if done == 0 {
        return Err(Error::Failed(format!("{:?}", picture.0.error_code)));
    }
    Ok(writer.to_vec())
}

/// An animation in the making.
pub struct Animation {
    encoder: ptr::NonNull<sys::WebPAnimEncoder>,
    config: sys::WebPConfig,
    settings: Settings,
    size: (u32, u32),
    /// When the next frame starts, in milliseconds after the first.
    at_ms: i32,
}

impl Animation {
    /// Starts an animation; `loops` is how often it plays, 0 without end.
    pub fn new(width: u32, height: u32, loops: u16, settings: &Settings) -> Result<Animation, Error> {
        let config = config(settings)?;
        check_size(width, height, 0)?;
        // SAFETY: all fields are numbers, for which zero is a value.
        let mut options: sys::WebPAnimEncoderOptions = unsafe { std::mem::zeroed() };
        let version = sys::WEBP_MUX_ABI_VERSION as i32;
        // SAFETY: `options` is a structure of the version named.
        if unsafe { sys::WebPAnimEncoderOptionsInitInternal(&mut options, version) } == 0 {
            return Err(Error::Settings);
        }
        options.anim_params.loop_count = loops.into();
        options.anim_params.bgcolor = 0;
        let (columns, rows) = (width as i32, height as i32);
        // SAFETY: `options` was initialised above and is only read during the call.
        let encoder = unsafe { sys::WebPAnimEncoderNewInternal(columns, rows, &options, version) };
        let encoder = ptr::NonNull::new(encoder).ok_or(Error::Settings)?;
        Ok(Animation { encoder, config, settings: *settings, size: (width, height), at_ms: 0 })
    }

    /// Adds a full canvas that is shown for so long.
    pub fn add(&mut self, pixels: &Pixels, delay_ms: u32) -> Result<(), Error> {
        if (pixels.width, pixels.height) != self.size {
            return Err(shape(pixels.width, pixels.height, pixels.bytes.len()));
        }
        let mut picture = Picture::new(pixels, &self.settings)?;
        // SAFETY: the encoder is alive until drop; picture and configuration outlive the call, in
        // which the encoder copies what it keeps.
        let done = unsafe {
            let encoder = self.encoder.as_ptr();
            sys::WebPAnimEncoderAdd(encoder, &mut picture.0, self.at_ms, &self.config)
        };
        if done == 0 {
            return Err(self.failure());
        }
        // Frames must not go back in time, and the sum has to fit.
        self.at_ms = self.at_ms.saturating_add(i32::try_from(delay_ms).unwrap_or(i32::MAX));
        Ok(())
    }

    /// Ends the animation and gives the file.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        let (encoder, end) = (self.encoder.as_ptr(), self.at_ms);
        // SAFETY: the encoder is alive; no picture and no configuration mean that the end of the
        // last frame is told.
        if unsafe { sys::WebPAnimEncoderAdd(encoder, ptr::null_mut(), end, ptr::null()) } == 0 {
            return Err(self.failure());
        }
        let mut data = sys::WebPData { bytes: ptr::null(), size: 0 };
        // SAFETY: the encoder is alive and `data` is empty; on success it owns `size` bytes.
        if unsafe { sys::WebPAnimEncoderAssemble(encoder, &mut data) } == 0 {
            return Err(self.failure());
        }
        // SAFETY: `WebPAnimEncoderAssemble` succeeded, so that the bytes are there.
        let file = unsafe { std::slice::from_raw_parts(data.bytes, data.size) }.to_vec();
        // SAFETY: the bytes were allocated by libwebp and are not used any more.
        unsafe { sys::WebPFree(data.bytes.cast_mut().cast()) };
        Ok(file)
    }

    fn failure(&self) -> Error {
        // SAFETY: the encoder is alive and gives a C string that lives as long, or nothing.
        let text = unsafe {
            let text = sys::WebPAnimEncoderGetError(self.encoder.as_ptr());
            if text.is_null() {
                return Error::Failed("no reason given".into());
            }
            std::ffi::CStr::from_ptr(text)
        };
        Error::Failed(text.to_string_lossy().into_owned())
    }
}

impl Drop for Animation {
    fn drop(&mut self) {
        // SAFETY: the encoder was made by `WebPAnimEncoderNewInternal` and is deleted only here.
        unsafe { sys::WebPAnimEncoderDelete(self.encoder.as_ptr()) };
    }
}

fn config(settings: &Settings) -> Result<sys::WebPConfig, Error> {
    let mut config = sys::WebPConfig::new().map_err(|()| Error::Settings)?;
    config.quality = f32::from(settings.quality.min(100));
    config.method = i32::from(settings.method.min(6));
    config.lossless = settings.lossless.into();
    config.exact = settings.lossless.into();
    config.alpha_quality = 100;
    // SAFETY: `config` was initialised by libwebp.
    if unsafe { sys::WebPValidateConfig(&config) } == 0 {
        return Err(Error::Settings);
    }
    Ok(config)
}

/// A picture with its planes, which libwebp owns.
struct Picture(sys::WebPPicture);

impl Picture {
    fn new(pixels: &Pixels, settings: &Settings) -> Result<Picture, Error> {
        check_size(pixels.width, pixels.height, pixels.bytes.len())?;
        let channels: u32 = if pixels.has_alpha { 4 } else { 3 };
        let stride = pixels.width * channels;
        if pixels.bytes.len() != stride as usize * pixels.height as usize {
            return Err(shape(pixels.width, pixels.height, pixels.bytes.len()));
        }
        let mut picture = Picture(sys::WebPPicture::new().map_err(|()| Error::Settings)?);
        picture.0.width = pixels.width as i32;
        picture.0.height = pixels.height as i32;
        picture.0.use_argb = settings.lossless.into();
        let import = if pixels.has_alpha { sys::WebPPictureImportRGBA } else { sys::WebPPictureImportRGB };
        // SAFETY: the bytes hold `height` rows of `stride` bytes, which was checked above; libwebp
        // copies them into planes of its own.
        let done = unsafe { import(&mut picture.0, pixels.bytes.as_ptr(), stride as i32) };
        if done == 0 {
            return Err(Error::Failed("out of memory for the planes".into()));
        }
        Ok(picture)
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: the picture was initialised by libwebp and is freed only here.
        unsafe { sys::WebPPictureFree(&mut self.0) };
    }
}

/// Where `WebPEncode` puts its bytes.
struct Writer(sys::WebPMemoryWriter);

impl Writer {
    fn new() -> Writer {
        // SAFETY: a null pointer and zeros are an empty writer; the call says the same once more.
        let mut writer = unsafe { Writer(std::mem::zeroed()) };
        // SAFETY: the structure is ours and complete.
        unsafe { sys::WebPMemoryWriterInit(&mut writer.0) };
        writer
    }

    fn to_vec(&self) -> Vec<u8> {
        if self.0.mem.is_null() {
            return Vec::new();
        }
        // SAFETY: libwebp wrote `size` bytes at `mem`, which it allocated.
        unsafe { std::slice::from_raw_parts(self.0.mem, self.0.size) }.to_vec()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // SAFETY: frees what libwebp allocated, once.
        unsafe { sys::WebPMemoryWriterClear(&mut self.0) };
    }
}

fn check_size(width: u32, height: u32, length: usize) -> Result<(), Error> {
    let allowed = 1..=sys::WEBP_MAX_DIMENSION;
    if allowed.contains(&width) && allowed.contains(&height) { Ok(()) } else { Err(shape(width, height, length)) }
}

fn shape(width: u32, height: u32, length: usize) -> Error {
    Error::Shape { width, height, length }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: Settings = Settings { quality: 80, lossless: false, method: 0 };

    #[test]
    fn pixels_that_do_not_fill_the_size_are_refused() {
        for (width, height, length) in [(2, 2, 11), (2, 2, 13), (0, 2, 0), (16_384, 1, 49_152)] {
            let bytes = vec![0; length];
            let pixels = Pixels { width, height, has_alpha: false, bytes: &bytes };
            assert_eq!(still(&pixels, &FAST), Err(Error::Shape { width, height, length }));
        }
    }

    #[test]
    fn a_frame_of_another_size_is_refused() {
        let mut animation = Animation::new(2, 2, 0, &FAST).unwrap();
        let pixels = Pixels { width: 2, height: 1, has_alpha: false, bytes: &[0; 6] };
        assert!(animation.add(&pixels, 10).is_err());
    }

    #[test]
    fn stills_and_animations_are_riff_files() {
        let pixels = Pixels { width: 2, height: 2, has_alpha: true, bytes: &[200; 16] };
        let file = still(&pixels, &FAST).unwrap();
        assert_eq!((&file[..4], &file[8..12]), (b"RIFF".as_slice(), b"WEBP".as_slice()));
        let mut animation = Animation::new(2, 2, 3, &FAST).unwrap();
        animation.add(&pixels, 40).unwrap();
        animation.add(&Pixels { bytes: &[10; 16], ..pixels }, 50).unwrap();
        let file = animation.finish().unwrap();
        assert_eq!(&file[12..16], b"VP8X");
    }
}
