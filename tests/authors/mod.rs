//! From `plugin new` to a transform that answers, in every language; and the cookbook.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use safelight_codec::{DecodeOptions, Limits, Picture, decode};

use crate::support::{jpeg, tools};

/// A folder for projects, with what toolchains need to find what is installed already.
struct Bench(PathBuf);

impl Bench {
    fn new() -> Bench {
        let path = std::env::temp_dir().join(format!("safelight-authors-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&path).unwrap();
        Bench(path)
    }

    /// Runs a command, with the settings of this bench if it has any.
    fn safelight(&self, arguments: &[&str]) -> (i32, String, String) {
        let settings = self.0.join("settings.toml");
        let config = ["--config", settings.to_str().unwrap()];
        let config: &[&str] = if settings.exists() { &config } else { &[] };
        tools::safelight(&[config, arguments].concat(), &self.0.join("data"))
    }

    /// A new project, ready to be built without fetching anything.
    fn project(&self, name: &str, language: &str) -> PathBuf {
        let folder = self.0.join(name);
        let (code, out, err) =
            self.safelight(&["plugin", "new", name, "--lang", language, "--dir", folder.to_str().unwrap()]);
        assert_eq!(code, 0, "{err}");
        assert!(out.contains("make test"), "{out}");
        let target = tools::release_dir().parent().unwrap().to_path_buf();
        let link = |from: &Path, to: &str| std::os::unix::fs::symlink(from, folder.join(to)).unwrap();
        match language {
            "js" => link(&target.join("test-node/node_modules"), "node_modules"),
            "python" => link(&target.join("test-venv"), ".venv"),
            _ => {}
        }
        folder
    }

    /// Runs `make`; answers what it prints.
    fn make(&self, folder: &Path, goal: Option<&str>) -> String {
        let target = tools::release_dir().parent().unwrap().to_path_buf();
        let path = std::env::var("PATH").unwrap();
        let output = Command::new("make")
            // What is linked in is newer than its date says.
            .args(["-o", "node_modules", "-o", ".venv"])
            .args(goal)
            .current_dir(folder)
            .env("PATH", format!("{}:{path}", target.join("test-venv/bin").display()))
            .env("SAFELIGHT", tools::binary())
            // Dependencies are compiled once for all projects; the results lie by the project's name.
            .env("CARGO_TARGET_DIR", target.join("test-plugins"))
            .env("GOFLAGS", "-mod=mod")
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(output.status.success(), "{}: make {goal:?}: {text}", folder.display());
        text
    }

    /// Builds a project, runs its test and the conformance suite; answers the component.
    fn built(&self, folder: &Path, name: &str) -> String {
        self.make(folder, None);
        self.make(folder, Some("test"));
        let component = folder.join(format!("{name}.wasm"));
        let component = component.to_str().unwrap().to_owned();
        let (code, out, err) = self.safelight(&["plugin", "check", &component]);
        assert_eq!(code, 0, "{out}{err}");
        assert!(out.contains("the same input gives the same bytes") && out.contains(" 0 failed"), "{out}");
        component
    }

    /// A new project with an author's files laid over it, built.
    fn overlaid(&self, name: &str, language: &str, files: &Path) -> String {
        let folder = self.project(name, language);
        let copied = Command::new("cp").arg("-R").arg(format!("{}/.", files.display())).arg(&folder).status().unwrap();
        assert!(copied.success());
        self.built(&folder, name)
    }

    fn picture(&self, name: &str) -> Picture {
        let limits = Limits::default();
        let options = DecodeOptions { limits: &limits, enough: None, keep_metadata: false, animated: false };
        decode(&std::fs::read(self.0.join(name)).unwrap(), &options).unwrap()
    }

    fn apply(&self, component: &str, output: &str, steps: &[&str]) -> String {
        let (input, output) = (self.0.join("in.jpg"), self.0.join(output));
        std::fs::write(&input, jpeg(120, 80)).unwrap();
        let fixed = ["apply", "--plugin", component, input.to_str().unwrap(), output.to_str().unwrap()];
        let (code, out, err) = self.safelight(&[&fixed, steps].concat());
        assert_eq!(code, 0, "{err}");
        out
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A new project answers with opposites, and twice with the picture that went in.
fn new_project(language: &str) {
    let bench = Bench::new();
    let name = format!("opposite-{language}");
    let transform = name.replace('-', "_");
    let folder = bench.project(&name, language);
    let component = bench.built(&folder, &name);
    bench.apply(&component, "plain.png", &[&transform, "amount=0"]);
    bench.apply(&component, "once.png", &[&transform]);
    bench.apply(&component, "twice.png", &[&transform, &transform]);
    let [plain, once, twice] = ["plain.png", "once.png", "twice.png"].map(|name| bench.picture(name));
    assert_eq!(plain.frames[0].raster, twice.frames[0].raster);
    let opposite: Vec<u8> = plain.frames[0].raster.pixels().iter().map(|value| 255 - value).collect();
    assert_eq!(once.frames[0].raster.pixels(), opposite);

    // Its page of reference, and a parameter that is not allowed.
    let (code, page, err) = bench.safelight(&["plugin", "docs", &component]);
    assert_eq!(code, 0, "{err}");
    assert!(page.contains(&format!("## {transform}")) && page.contains("number from 0"), "{page}");
    let input = bench.0.join("in.jpg");
    let refused = bench.0.join("refused.png");
    let (code, _, err) = bench.safelight(&[
        "apply",
        "--plugin",
        &component,
        input.to_str().unwrap(),
        refused.to_str().unwrap(),
        &transform,
        "amount=2",
    ]);
    assert!(code == 1 && err.contains("amount: is 2") && !refused.exists(), "{err}");
}

/// An example of the cookbook over a new project.
fn example(bench: &Bench, name: &str, language: &str) -> String {
    bench.overlaid(name, language, &Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/examples").join(name))
}

/// A plugin that works by an operator's table: refused without, and opposites by a table of opposites.
fn granted_table(language: &str) {
    let bench = Bench::new();
    let tables = bench.0.join("tables");
    std::fs::create_dir_all(&tables).unwrap();
    std::fs::write(tables.join("curve.bin"), (0..=255).rev().collect::<Vec<u8>>()).unwrap();
    let settings = |grants: &str| {
        let text = format!("[plugins]\ntables_dir = {tables:?}\n[wasm.plugin.curve]\n{grants}\n");
        std::fs::write(bench.0.join("settings.toml"), text).unwrap();
    };
    // A check grants what is asked for.
    settings("");
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("authors/curve").join(language);
    let component = bench.overlaid("curve", language, &files);

    let input = bench.0.join("in.png");
    let raster = safelight_codec::Raster::filled(2, 2, [0, 100, 255, 255]);
    let options = safelight_codec::EncodeOptions::new(safelight_codec::Format::Png);
    std::fs::write(&input, safelight_codec::encode(&Picture::still(raster), &options).unwrap()).unwrap();
    let output = bench.0.join("out.png");
    let apply = || bench.safelight(&["apply", input.to_str().unwrap(), output.to_str().unwrap(), "curve"]);
    // Installed it has what the operator grants.
    let (code, _, err) = bench.safelight(&["plugin", "install", &component]);
    assert_eq!(code, 0, "{err}");
    let (code, _, err) = apply();
    assert!(code == 1 && err.contains("asset_missing: plugin curve needs tables:curve"), "{err}");
    settings("grants = [\"tables:curve\"]");
    let (code, _, err) = apply();
    assert_eq!(code, 0, "{err}");
    assert_eq!(bench.picture("out.png").frames[0].raster.pixels()[..3], [255, 155, 0]);

    // Where the table is missing, the check says that it could try nothing.
    std::fs::remove_file(tables.join("curve.bin")).unwrap();
    let (code, out, _) = bench.safelight(&["plugin", "check", &component]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("\nof the world safelight:plugin/transformer@0.2.0\n"), "{out}");
    assert!(out.contains("\nasks for tables:curve: The curve.\n"), "{out}");
    assert!(out.contains("plugin curve needs tables:curve, which is granted, and there is no such file"), "{out}");
}

#[test]
fn a_new_plugin_in_rust_answers() {
    new_project("rust");
}

#[test]
fn a_new_plugin_in_c_answers() {
    new_project("c");
}

#[test]
fn a_new_plugin_in_javascript_answers() {
    new_project("js");
}

#[test]
fn a_new_plugin_in_python_answers() {
    new_project("python");
}

#[test]
fn a_new_plugin_in_go_answers() {
    new_project("go");
}

#[test]
fn a_plugin_in_c_reads_a_table_that_it_is_granted() {
    granted_table("c");
}

#[test]
fn a_plugin_in_javascript_reads_a_table_that_it_is_granted() {
    granted_table("js");
}

#[test]
fn a_plugin_in_python_reads_a_table_that_it_is_granted() {
    granted_table("python");
}

#[test]
fn a_plugin_in_go_reads_a_table_that_it_is_granted() {
    granted_table("go");
}

#[test]
fn the_cookbook_works() {
    let bench = Bench::new();
    let halftone = example(&bench, "halftone", "c");
    bench.apply(&halftone, "dots.png", &["halftone", "cell_px=6"]);
    let dots = bench.picture("dots.png");
    assert!(dots.frames[0].raster.pixels().contains(&0) && dots.frames[0].raster.pixels().contains(&255));

    let census = example(&bench, "census", "python");
    let found = bench.apply(&census, "same.png", &["census", "top=2"]);
    let found: serde_json::Value = serde_json::from_str(found.trim()).unwrap();
    assert_eq!(found["frequent"].as_array().unwrap().len(), 2, "{found}");

    let map = example(&bench, "gradient-map", "js");
    bench.apply(&map, "blue.png", &["gradient_map", r##"colors=["#0000ff","#0000ff","#0000fe"]"##]);
    assert!(bench.picture("blue.png").frames[0].raster.pixels().chunks_exact(3).all(|pixel| pixel[2] >= 254));

    let board = example(&bench, "checkerboard", "rust");
    bench.apply(&board, "board.png", &["checkerboard", "width=64", "height=32"]);
    let board = bench.picture("board.png");
    assert_eq!((board.frames[0].raster.width(), board.frames[0].raster.height()), (64, 32));

    let wipe = example(&bench, "wipe", "go");
    bench.apply(&wipe, "part.png", &["wipe", "progress=0.25"]);
    let part = bench.picture("part.png");
    assert_eq!((part.frames[0].raster.width(), part.frames[0].raster.height()), (30, 80));
}

#[test]
fn what_is_no_project_is_told() {
    let bench = Bench::new();
    let (code, _, err) = bench.safelight(&["plugin", "new", "No Name"]);
    assert!(code == 1 && err.contains("name: is \"No Name\", expected lower-case letters"), "{err}");
    let folder = bench.0.join("full");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("file"), "kept").unwrap();
    let (code, _, err) = bench.safelight(&["plugin", "new", "full", "--dir", folder.to_str().unwrap()]);
    assert!(code == 1 && err.contains("the folder is not empty"), "{err}");
    let module = bench.0.join("core.wasm");
    std::fs::write(&module, b"\0asm\x01\0\0\0").unwrap();
    let out = bench.0.join("out.wasm");
    let (code, _, err) = bench.safelight(&["plugin", "pack", module.to_str().unwrap(), out.to_str().unwrap()]);
    assert!(code == 1 && err.contains("safelight:plugin/transform@0.2.0") && !out.exists(), "{err}");
}
