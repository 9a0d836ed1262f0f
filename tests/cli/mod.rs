//! The commands, as a person types them.

mod capabilities;

use safelight_codec::{DecodeOptions, Format, Limits, decode};

use crate::support::{jpeg, tools};

struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("safelight-cli-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        tools::safelight(arguments, &self.0.join("data"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn apply_runs_steps_on_a_file() {
    let folder = Folder::new();
    std::fs::write(folder.file("in.jpg"), jpeg(1600, 1200)).unwrap();
    let (input, output) = (folder.file("in.jpg"), folder.file("out.webp"));
    let (code, _, err) = folder.run(&["apply", &input, &output, "resize", "width=800", "blur", "sigma_px=2"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("800 x 600"), "{err}");
    let bytes = std::fs::read(&output).unwrap();
    assert_eq!(Format::sniff(&bytes), Some(Format::WebP));
    let limits = Limits::default();
    let picture =
        decode(&bytes, &DecodeOptions { limits: &limits, enough: None, keep_metadata: false, animated: false })
            .unwrap();
    assert_eq!((picture.frames[0].raster.width(), picture.frames[0].raster.height()), (800, 600));
}

#[test]
fn apply_says_what_is_wrong() {
    let folder = Folder::new();
    std::fs::write(folder.file("in.jpg"), jpeg(64, 48)).unwrap();
    std::fs::write(folder.file("text.jpg"), "no picture").unwrap();
    let input = folder.file("in.jpg");
    let cases: [(Vec<String>, &str); 6] = [
        (vec![input.clone(), folder.file("o.png"), "blu3r".into()], "Unknown function named 'blu3r'"),
        (vec![input.clone(), folder.file("o.png"), "blur".into(), "sigma_px=-1".into()], "sigma_px"),
        (vec![input.clone(), folder.file("o.docx")], "docx"),
        (vec![folder.file("none.jpg"), folder.file("o.png")], "none.jpg"),
        (vec![folder.file("text.jpg"), folder.file("o.png")], "unknown_format"),
        (vec![input, folder.file("o.png"), "width=3".into()], "width=3"),
    ];
    for (arguments, expected) in cases {
        let mut line = vec!["apply"];
        line.extend(arguments.iter().map(String::as_str));
        let (code, out, err) = folder.run(&line);
        assert_eq!(code, 1, "{line:?}: {out}{err}");
        assert!(err.contains(expected), "{line:?}: {err}");
        assert!(!std::path::Path::new(&arguments[1]).exists(), "{line:?}: nothing half-written");
    }
}

#[test]
fn plugins_are_listed_shown_checked_installed_and_removed() {
    let folder = Folder::new();
    let (code, out, _) = folder.run(&["plugin", "list"]);
    assert_eq!(code, 0);
    assert!(out.contains("geometry") && out.contains("resize") && out.contains("bundled"), "{out}");
    let (code, out, _) = folder.run(&["plugin", "show", "filter"]);
    assert_eq!(code, 0);
    assert!(out.contains("sigma_px") && out.contains("maximum"), "{out}");

    let empty = tools::program("empty");
    let empty = empty.to_str().unwrap();
    let (code, out, err) = folder.run(&["plugin", "check", empty]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(folder.run(&["plugin", "install", empty]).0, 0);
    assert!(folder.run(&["plugin", "list"]).1.contains("noop"));
    assert_eq!(folder.run(&["plugin", "remove", "empty"]).0, 0);
    assert!(!folder.run(&["plugin", "list"]).1.contains("noop"));

    let liar = tools::program("liar");
    let (code, out, err) = folder.run(&["plugin", "check", liar.to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(format!("{out}{err}").contains("twin"), "{out}{err}");
    assert_eq!(folder.run(&["plugin", "remove", "geometry"]).0, 1, "bundled plugins stay");
}

#[test]
fn accounts_are_made_listed_and_rotated() {
    let folder = Folder::new();
    let (code, made, err) = folder.run(&["account", "create", "gallery"]);
    assert_eq!(code, 0, "{err}");
    assert!(made.contains("whsec_"), "{made}");
    let (code, _, err) = folder.run(&["account", "create", "gallery"]);
    assert_eq!(code, 1);
    assert!(err.contains("gallery"), "{err}");
    let (_, rotated, _) = folder.run(&["account", "rotate", "gallery"]);
    assert_ne!(made, rotated);
    let (_, listed, _) = folder.run(&["account", "list"]);
    assert!(listed.contains("gallery") && !listed.contains("whsec_"), "{listed}");
}

#[test]
fn settings_are_shown_and_checked() {
    let folder = Folder::new();
    let (code, shown, _) = folder.run(&["config", "show"]);
    assert_eq!(code, 0);
    std::fs::write(folder.file("good.toml"), &shown).unwrap();
    assert_eq!(folder.run(&["config", "check", "--config", &folder.file("good.toml")]).0, 0);
    std::fs::write(folder.file("bad.toml"), "[worker]\nslotz = 1\n").unwrap();
    let (code, _, err) = folder.run(&["config", "check", "--config", &folder.file("bad.toml")]);
    assert_eq!(code, 1);
    assert!(err.contains("slotz"), "{err}");
}

#[test]
fn every_command_explains_itself_with_an_example() {
    let folder = Folder::new();
    for command in [
        vec!["serve"],
        vec!["apply"],
        vec!["plugin", "list"],
        vec!["plugin", "show"],
        vec!["plugin", "check"],
        vec!["plugin", "install"],
        vec!["plugin", "remove"],
        vec!["plugin", "push"],
        vec!["plugin", "pull"],
        vec!["plugin", "lock"],
        vec!["plugin", "keygen"],
        vec!["plugin", "sign"],
        vec!["plugin", "verify"],
        vec!["account", "create"],
        vec!["account", "list"],
        vec!["account", "rotate"],
        vec!["delivery", "list"],
        vec!["delivery", "replay"],
        vec!["config", "show"],
        vec!["config", "check"],
    ] {
        let mut line = command.clone();
        line.push("--help");
        let (code, out, err) = folder.run(&line);
        assert_eq!(code, 0, "{command:?}: {err}");
        assert!(out.contains("Example: safelight"), "{command:?}: {out}");
    }
}

/// Makes pictures that lie on their side: 40 x 20 px with a blue corner top left, which EXIF turns to 20 x 40.
const LYING: &str = r#"
import sys
from PIL import Image
picture = Image.new("RGB", (40, 20), (200, 10, 10))
picture.paste((10, 10, 200), (0, 0, 10, 10))
exif = picture.getexif()
exif[0x0112] = 6
for name in sys.argv[1:]:
    picture.save(name, exif=exif, quality=95)
"#;

/// Prints size, the first pixel's blue and pixels an inch.
const LOOK: &str = r#"
import sys
from PIL import Image
for name in sys.argv[1:]:
    picture = Image.open(name)
    print(*picture.size, picture.convert("RGB").getpixel((0, 0))[2] > 150, round(picture.info["dpi"][0]))
"#;

/// JPEG is decoded by the host, PNG in the sandbox.
#[test]
fn apply_leaves_a_picture_as_it_is_stored_and_writes_its_resolution() {
    let folder = Folder::new();
    let inputs = ["lying.jpg", "lying.png"].map(|name| folder.file(name));
    tools::python(LYING, &[&inputs[0], &inputs[1]]);
    for input in &inputs {
        for (flags, said) in [(&[][..], "10 20 False 300"), (&["--as-stored"], "10 5 True 300")] {
            for output in ["out.jpg", "out.png", "out.tif"].map(|name| folder.file(name)) {
                let steps = [input, &output, "resize", "width=10"];
                let (code, _, err) = folder.run(&[&["apply", "--output-dpi", "300"], flags, &steps].concat());
                assert_eq!(code, 0, "{err}");
                assert_eq!(tools::python(LOOK, &[&output]).trim(), said, "{input} {flags:?} {output}");
            }
        }
    }
}

#[test]
fn limits_secrets_and_buses_are_set_for_one_account() {
    let folder = Folder::new();
    let ok = |arguments: &[&str]| {
        let (code, out, err) = folder.run(arguments);
        assert_eq!(code, 0, "{err}");
        out
    };
    ok(&["account", "create", "shop"]);
    let set = ok(&["account", "set", "shop", "--queue-limit", "500", "--polls-per-s", "0", "--event-bus", "orders"]);
    for line in ["queue limit    500", "polls per s    0", "requests per s none", "event bus      orders"] {
        assert!(set.contains(line), "{set}");
    }
    let set = ok(&["account", "set", "shop", "--event-bus", "none", "--webhook-secret", "none"]);
    assert!(set.contains("queue limit    500") && set.contains("event bus      none"), "{set}");
    let secret = set.split_whitespace().find(|word| word.starts_with("whsec_")).unwrap();
    assert!(ok(&["account", "list", "--secrets"]).contains(secret));
    for (arguments, part) in [
        (["shop", "--queue-limit", "0"], "--queue-limit: is 0, expected at least 1"),
        (["shop", "--queue-limit", "many"], "--queue-limit"),
        (["shop", "--webhook-secret", "x"], "--webhook-secret: expected whsec_"),
        (["nobody", "--queue-limit", "1"], "there is no account nobody"),
    ] {
        let (code, _, err) = folder.run(&[&["account", "set"], &arguments[..]].concat());
        assert!(code != 0 && err.contains(part), "{err}");
    }
}
