//! Documents and formats that codec plugins read and write: files of the programs that people use, and what
//! independent programs say of the results.

mod jxl;
mod pdf;
mod pictures;
mod svg;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use safelight_codec::{DecodeOptions, Limits, PixelFormat, Raster, decode};

use crate::support::tools;

/// A folder for files that programs read and write; it is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("safelight-codecs-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Runs a program with this as its folder.
    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(program).args(arguments).current_dir(&self.0).output();
        let output = output.unwrap_or_else(|error| panic!("{program}: {error}: run `make test-tools`"));
        assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a Python program with the path of a file that it shall write; the file's bytes.
    fn python(&self, name: &str, program: &str) -> Vec<u8> {
        tools::python(program, &[self.path(name).to_str().unwrap()]);
        self.read(name)
    }

    /// `safelight apply INPUT OUTPUT ...` on files of this folder: whether it succeeds, and standard error.
    fn apply(&self, input: &str, output: &str, rest: &[&str]) -> Result<(), String> {
        let (input, output) = (self.path(input), self.path(output));
        let mut line = vec!["apply", input.to_str().unwrap(), output.to_str().unwrap()];
        line.extend(rest);
        let (code, _, err) = tools::safelight(&line, &self.path("data"));
        if code == 0 { Ok(()) } else { Err(err) }
    }

    /// The first frame of a picture file, as RGB.
    fn rgb(&self, name: &str) -> Raster {
        rgb(&self.read(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn frames(bytes: &[u8]) -> Vec<Raster> {
    let limits = Limits::default();
    let options = DecodeOptions { limits: &limits, enough: None, keep_metadata: false, animated: true };
    decode(bytes, &options).unwrap().frames.into_iter().map(|frame| frame.raster).collect()
}

fn rgb(bytes: &[u8]) -> Raster {
    frames(bytes).remove(0).convert(PixelFormat::Rgb8)
}

fn size(raster: &Raster) -> (u32, u32) {
    (raster.width(), raster.height())
}

fn pixel(raster: &Raster, x: u32, y: u32) -> &[u8] {
    let bytes = raster.format().bytes_per_pixel();
    let at = (y as usize * raster.width() as usize + x as usize) * bytes;
    &raster.pixels()[at..at + bytes]
}

/// The mean and the largest difference of two pictures of one size and format.
fn difference(one: &Raster, other: &Raster) -> (f64, u8) {
    assert_eq!((size(one), one.format()), (size(other), other.format()));
    let pairs = one.pixels().iter().zip(other.pixels());
    let (sum, most) = pairs.fold((0u64, 0), |(sum, most), (a, b)| {
        let difference = a.abs_diff(*b);
        (sum + u64::from(difference), most.max(difference))
    });
    (sum as f64 / one.pixels().len() as f64, most)
}

/// What a program made of the same file, in `name`, differs at most so much on average.
fn assert_near(ours: &Raster, reference: &Raster, mean: f64) {
    let (is, most) = difference(ours, reference);
    assert!(is <= mean, "the mean difference is {is:.3} (at most {most}), expected {mean}");
}

/// A picture that other programs read: a photo in PNG.
fn photo_png(folder: &Folder, name: &str, width: u32, height: u32) {
    folder.write(name, crate::support::png(width, height));
}

/// A file URL would be one more way out of a document.
fn url_of(path: &Path) -> String {
    format!("file://{}", path.display())
}
