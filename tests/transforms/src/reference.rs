//! Independent programs that make the same picture another way: ImageMagick, libvips, and Python with
//! Pillow, numpy, SciPy, scikit-image and OpenCV. `make test-tools` installs them; a missing one is a
//! failure.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use safelight_sdk::Image;
use serde_json::Value;

use crate::files::{output_dir, read_png, target_dir, write_png};

/// What ImageMagick makes of pictures.
///
/// The arguments are those of `magick` (`convert` in version 6) between the pictures and the result.
/// Where an argument names a picture as `{0}`, `{1}`..., none is put in front; otherwise all stand
/// first. The result is read as RGBA.
///
/// # Panics
/// When it is not installed, or fails.
#[track_caller]
pub fn magick(args: &[&str], pictures: &[&Image]) -> Image {
    static PROGRAM: OnceLock<Option<&str>> = OnceLock::new();
    // Other programs are called `convert` too.
    let is_magick = |name: &&str| {
        let version = Command::new(name).arg("-version").output();
        version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("ImageMagick"))
    };
    let program = *PROGRAM.get_or_init(|| ["magick", "convert-im6.q16", "convert"].into_iter().find(is_magick));
    let program = program.expect("ImageMagick is missing: run `make test-tools`");

    let work = Work::new(pictures);
    let names_pictures = args.iter().any(|arg| arg.starts_with('{') && arg.ends_with('}'));
    let mut command = Command::new(program);
    if !names_pictures {
        command.args(&work.pictures);
    }
    for arg in args {
        let index = arg.strip_prefix('{').and_then(|arg| arg.strip_suffix('}')).and_then(|arg| arg.parse().ok());
        match index {
            Some(index) => command.arg(work.picture(index)),
            None => command.arg(arg),
        };
    }
    let result = work.dir.join("result.png");
    command.args(["-depth", "8"]).arg(format!("png32:{}", result.display()));
    succeed(&mut command);
    read_png(&result)
}

/// What a libvips operation makes of pictures: `vips OPERATION PICTURES... RESULT ARGS...`.
///
/// # Panics
/// When it is not installed, or fails.
#[track_caller]
pub fn vips(operation: &str, args: &[&str], pictures: &[&Image]) -> Image {
    let work = Work::new(pictures);
    let result = work.dir.join("result.png");
    let mut command = Command::new("vips");
    command.arg(operation).args(&work.pictures).arg(&result).args(args);
    succeed(&mut command);
    read_png(&result)
}

/// What a Python program makes of pictures.
///
/// It finds them as Pillow images in the list `pictures`, with `np` and `Image` imported, and leaves a
/// Pillow image or an array of bytes in `result`.
///
/// # Panics
/// When Python or a package is not installed, or the program fails.
#[track_caller]
pub fn python(program: &str, pictures: &[&Image]) -> Image {
    let work = Work::new(pictures);
    let result = work.dir.join("result.png");
    let ending = format!(
        "if not isinstance(result, Image.Image): result = Image.fromarray(np.asarray(result).astype(np.uint8))\n\
         result.save({:?})\n",
        result.display()
    );
    run_python(program, &ending, &work);
    read_png(&result)
}

/// What a Python program finds: as [`python`], but `result` is a value that JSON can hold.
///
/// # Panics
/// As `python`.
#[track_caller]
pub fn python_data(program: &str, pictures: &[&Image]) -> Value {
    let work = Work::new(pictures);
    let printed = run_python(program, "print(json.dumps(result))\n", &work);
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

#[track_caller]
fn run_python(program: &str, ending: &str, work: &Work) -> String {
    let python = target_dir().join("test-venv/bin/python");
    assert!(python.exists(), "{} is missing: run `make test-tools`", python.display());
    let beginning = "import json, sys\nimport numpy as np\nfrom PIL import Image\n\
                     pictures = [Image.open(path) for path in sys.argv[1:]]\n";
    let text = format!("{beginning}{}\n{ending}", dedented(program));
    succeed(Command::new(python).arg("-c").arg(text).args(&work.pictures))
}

/// The program without the indentation that its first line has.
fn dedented(program: &str) -> String {
    let lines = program.lines().skip_while(|line| line.trim().is_empty());
    let margin = lines.clone().next().map_or(0, |line| line.len() - line.trim_start().len());
    lines.map(|line| line.get(margin..).unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Runs a program to its end; what it prints.
#[track_caller]
fn succeed(command: &mut Command) -> String {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().unwrap_or_else(|error| panic!("{name}: {error}: run `make test-tools`"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A folder with the pictures of one call, gone when the call is over.
struct Work {
    dir: PathBuf,
    pictures: Vec<PathBuf>,
}

impl Work {
    fn new(pictures: &[&Image]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = output_dir(&format!("tmp/{}-{number}", std::process::id()));
        let write = |(index, image): (usize, &&Image)| {
            let path = dir.join(format!("{index}.png"));
            write_png(&path, image);
            path
        };
        let pictures = pictures.iter().enumerate().map(write).collect();
        Work { dir, pictures }
    }

    #[track_caller]
    fn picture(&self, index: usize) -> &Path {
        self.pictures.get(index).unwrap_or_else(|| panic!("there is no picture {{{index}}}"))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // A folder that stays is no reason to fail: it lies in `target`.
        drop(fs::remove_dir_all(&self.dir));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tolerance, compare, pictures};

    /// Every way to a reference hands the picture over and takes the result back unharmed.
    #[test]
    fn references_see_the_picture_as_it_is() {
        for (name, image) in
            [("gray", pictures::gray(17, 13)), ("photo", pictures::photo(17, 13)), ("cutout", pictures::cutout(17, 13))]
        {
            compare(name, &magick(&[], &[&image]), &image, Tolerance::EXACT);
            compare(name, &magick(&["{0}", "-flip", "-flip"], &[&image]), &image, Tolerance::EXACT);
            compare(name, &vips("copy", &[], &[&image]), &image, Tolerance::EXACT);
            compare(name, &python("result = pictures[0]", &[&image]), &image, Tolerance::EXACT);
            let program = "
                a = np.asarray(pictures[0])
                if a.ndim > 1:
                    result = a
            ";
            compare(name, &python(program, &[&image]), &image, Tolerance::EXACT);
            let size = python_data("result = list(pictures[0].size)", &[&image]);
            assert_eq!(size, serde_json::json!([17, 13]));
        }
    }
}
