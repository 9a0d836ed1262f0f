//! Animations that other programs wrote, rearranged by the command, and read again by Pillow.

use serde_json::{Value, json};

use crate::support::tools;

/// Writes what the tests start from: `in.gif`, four frames of one colour for 40, 80, 120 and 160 ms, without end;
/// `in.webp`, the same; `second.png` and `third.png`, of other sizes.
const MAKE: &str = r#"
import sys
from PIL import Image
folder = sys.argv[1]
colors = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)]
frames = [Image.new("RGB", (40, 30), color) for color in colors]
times = [40, 80, 120, 160]
frames[0].save(f"{folder}/in.gif", save_all=True, append_images=frames[1:], duration=times, loop=0)
frames[0].save(f"{folder}/in.webp", save_all=True, append_images=frames[1:], duration=times, loop=0, lossless=True)
Image.new("RGB", (80, 30), (0, 255, 255)).save(f"{folder}/second.png")
Image.new("RGB", (40, 30), (255, 0, 255)).save(f"{folder}/third.png")
"#;

/// Tells size, loops (as the file counts them) and, for each frame, its time and the colours of its middle and corner.
const LOOK: &str = r#"
import json, sys
from PIL import Image, ImageSequence
picture = Image.open(sys.argv[1])
frames = []
for frame in ImageSequence.Iterator(picture):
    pixels = frame.convert("RGBA")
    time = frame.info.get("duration")
    frames.append([time, list(pixels.getpixel((20, 15))), list(pixels.getpixel((0, 0)))])
print(json.dumps({"size": picture.size, "loop": picture.info.get("loop"), "frames": frames}))
"#;

struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("safelight-animations-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&path).unwrap();
        let folder = Folder(path);
        tools::python(MAKE, &[folder.0.to_str().unwrap()]);
        folder
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn apply(&self, input: &str, output: &str, steps: &[&str]) -> Value {
        let (input, output) = (self.file(input), self.file(output));
        let mut arguments = vec!["apply", &input, &output];
        arguments.extend(steps);
        let (code, _, err) = tools::safelight(&arguments, &self.0.join("data"));
        assert_eq!(code, 0, "{steps:?}: {err}");
        serde_json::from_str(&tools::python(LOOK, &[&output])).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Time of each frame, and the first letter of the colour in its middle; lossy WebP moves it by a few levels.
fn shown(look: &Value) -> Vec<(u64, char)> {
    let letter = |color: &Value| {
        let full = [0, 1, 2].map(|channel| {
            let value = color[channel].as_u64().unwrap();
            assert!(!(8..=247).contains(&value), "an unexpected colour: {color}");
            value > 247
        });
        match full {
            [true, false, false] => 'r',
            [false, true, false] => 'g',
            [false, false, true] => 'b',
            [true, true, false] => 'y',
            [false, true, true] => 'c',
            [true, false, true] => 'm',
            _ => panic!("an unexpected colour: {color}"),
        }
    };
    let frames = look["frames"].as_array().unwrap();
    frames.iter().map(|frame| (frame[0].as_u64().unwrap_or(0), letter(&frame[1]))).collect()
}

#[test]
fn order_times_and_loops_are_as_asked() {
    let folder = Folder::new();
    for name in ["gif", "webp"] {
        let apply = |steps: &[&str]| folder.apply(&format!("in.{name}"), &format!("out.{name}"), steps);
        let forwards = [(40, 'r'), (80, 'g'), (120, 'b'), (160, 'y')];
        let plain = apply(&[]);
        assert_eq!((shown(&plain), &plain["loop"]), (forwards.to_vec(), &json!(0)), "{name}");
        assert_eq!(shown(&apply(&["reverse"])), forwards.iter().rev().copied().collect::<Vec<_>>(), "{name}");
        let there_and_back = [&forwards[..], &[(120, 'b'), (80, 'g')]].concat();
        assert_eq!(shown(&apply(&["boomerang"])), there_and_back, "{name}");
        assert_eq!(shown(&apply(&["speed", "factor=2"])), [(20, 'r'), (40, 'g'), (60, 'b'), (80, 'y')], "{name}");
        assert_eq!(shown(&apply(&["delay", "delay_ms=250"])), forwards.map(|(_, color)| (250, color)), "{name}");
        assert_eq!(shown(&apply(&["frames", "every=2"])), [(120, 'r'), (280, 'b')], "{name}");
        assert_eq!(shown(&apply(&["frames", "pick=[4,1]", "invert"])), [(160, 'b'), (40, 'c')], "{name}");
        // GIF counts what follows the first round, WebP all.
        let three = if name == "gif" { 2 } else { 3 };
        assert_eq!(apply(&["loop", "times=3"])["loop"], three, "{name}");
    }
}

#[test]
fn one_frame_becomes_a_still_picture() {
    let folder = Folder::new();
    for output in ["out.png", "out.gif", "out.webp"] {
        let look = folder.apply("in.gif", output, &["frames", "from=3", "to=3"]);
        assert_eq!(shown(&look), [(0, 'b')], "{output}");
    }
    let (input, output) = (folder.file("in.gif"), folder.file("none.png"));
    let (code, _, err) = tools::safelight(&["apply", &input, &output, "frames", "from=5"], &folder.0.join("data"));
    assert_eq!(code, 1);
    assert!(err.contains("from: is 5, expected at most 4: the picture has 4 frames"), "{err}");
}

#[test]
fn pictures_of_several_sizes_become_one_animation() {
    let folder = Folder::new();
    let images = json!([{"file": folder.file("second.png")}, {"file": folder.file("third.png")}]);
    let images = format!("images={images}");
    for (output, rounds) in [("out.gif", 1), ("out.webp", 2)] {
        let look = folder.apply("in.gif", output, &["frames", "to=1", "animate", &images, "delay_ms=300", "loops=2"]);
        assert_eq!((&look["size"], &look["loop"]), (&json!([40, 30]), &json!(rounds)), "{output}");
        assert_eq!(shown(&look), [(300, 'r'), (300, 'c'), (300, 'm')], "{output}");
    }
    // The second is 40 x 15 in the middle of the frame, and nothing is around it.
    let look = folder.apply("in.gif", "out.webp", &["frames", "to=1", "animate", &images]);
    assert_eq!(look["frames"][1][2][3], 0, "{look}");
    let filled = folder.apply("third.png", "out.webp", &["animate", &images, "fit=fill"]);
    assert_eq!(shown(&filled), [(100, 'm'), (100, 'c'), (100, 'm')]);
    assert_eq!(filled["frames"][1][2][3], 255);
}
