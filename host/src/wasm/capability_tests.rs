//! What plugins may read, and plugins of two versions of the contract beside each other.
//!
//! Those of 0.1.0 are the very files of `tests/frozen`; the others are built from `tests/programs`.

use std::sync::Arc;

use safelight_codec::{EncodeOptions, Format, Limits, Loops, Picture, PixelFormat, Raster};
use serde_json::{Value, json};

use super::{
    Config, Grants, PluginConfig, Registry, Snapshot, Wanted,
    tests::{Dir, call, component, open, run, small, wanted},
};
use crate::{
    dialect::cloudinary::{lower::Lowered, recipe::recipe},
    error::Code,
    job::{Encoding, Params, Rendering, Step},
    pipeline::{Ask, Codecs, Sandbox, Size, Timeline, Transforms, Want},
};

fn frozen(name: &str) -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/frozen/0.1.0");
    std::fs::read(format!("{path}/{name}.wasm")).unwrap()
}

/// Assets of every sort beside the built-in fonts.
fn dir() -> Dir {
    Dir::new()
        .with("tables/film.cube", b"a film")
        .with("tables/secret.csv", b"1,2,3")
        .with("tables/palette.bin", &[0, 128, 255])
        .with("models/net.onnx", b"a net")
        .with("models/net.json", b"{}")
}

fn grants(list: &[&str]) -> Grants {
    list.iter().map(|text| text.parse().unwrap()).collect()
}

fn grant(config: &mut Config, plugin: &str, list: &[&str]) {
    let own = PluginConfig { grants: Some(grants(list)), ..PluginConfig::default() };
    config.plugin.insert(plugin.to_owned(), own);
}

fn seen(snapshot: &Snapshot, transform: &str) -> Value {
    run(snapshot, &[transform], &small()).unwrap().data.remove(0).unwrap()
}

fn names(seen: &Value, kind: &str) -> Vec<String> {
    seen[kind].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn a_plugin_sees_nothing_until_it_is_granted_and_then_no_more_than_it_asks_for() {
    let dir = dir().with("folder/witness.wasm", &component("witness"));
    let look = |list: Option<&[&str]>| {
        let registry = open(&dir, |config| list.into_iter().for_each(|list| grant(config, "witness", list))).unwrap();
        let plugin = registry.plugins().remove(0);
        (seen(&registry.snapshot(), "assets"), plugin.has.to_string())
    };
    let nothing = json!({"fonts": {}, "tables": {}, "models": {}, "descriptions": {}, "unlisted": []});
    assert_eq!(look(None), (nothing.clone(), "none".to_owned()));
    assert_eq!(look(Some(&[])), (nothing, "none".to_owned()));

    let (data, has) = look(Some(&["tables", "models:net"]));
    assert_eq!(has, "tables:film, models:net");
    assert_eq!(data["tables"], json!({"film": 6}), "it asks for no other table");
    assert_eq!((&data["models"], &data["descriptions"]), (&json!({"net": 5}), &json!({"net": "{}"})));
    assert_eq!((&data["fonts"], &data["unlisted"]), (&json!({}), &json!([])));

    let (data, has) = look(Some(&["fonts:NotoSans", "fonts:NoSuchFont", "tables:secret", "models:other"]));
    assert_eq!(names(&data, "fonts"), ["NotoSans"]);
    assert_eq!((names(&data, "tables"), names(&data, "models")), (Vec::new(), Vec::new()));
    assert_eq!(has, "fonts:NoSuchFont, fonts:NotoSans, models:other");
}

#[test]
fn a_bundled_plugin_has_what_it_asks_for_unless_the_operator_says_otherwise() {
    let dir = dir().with("bundled/witness.wasm", &component("witness"));
    let all = seen(&open(&dir, |_| ()).unwrap().snapshot(), "assets");
    let fonts: Vec<&str> = safelight_fonts::all().iter().map(|(name, _)| *name).collect();
    assert_eq!(names(&all, "fonts"), fonts);
    assert_eq!((names(&all, "tables"), names(&all, "models")), (vec!["film".to_owned()], vec!["net".to_owned()]));
    let none = open(&dir, |config| grant(config, "witness", &[])).unwrap();
    assert!(names(&seen(&none.snapshot(), "assets"), "fonts").is_empty());
}

/// How a codec is asked.
struct Asked {
    limits: Limits,
    rendering: Rendering,
}

impl Asked {
    fn new() -> Asked {
        Asked { limits: Limits::default(), rendering: Rendering::default() }
    }

    fn ask(&self) -> Ask<'_> {
        Ask { limits: &self.limits, sandbox: Sandbox::All, rendering: &self.rendering }
    }

    fn decode(&self, codecs: &dyn Codecs, bytes: &[u8]) -> Picture {
        let info = codecs.probe(bytes, self.ask()).unwrap();
        let want = Want { enough: None, animated: false, keep_metadata: true };
        codecs.decode(bytes, self.ask(), &info, want).unwrap()
    }
}

#[test]
fn a_codec_that_is_of_no_use_without_a_table_says_so_until_it_has_it() {
    let dir = dir().with("folder/witness_codec.wasm", &component("witness_codec"));
    let asked = Asked::new();
    let source = b"WITNESS\x02\x01\x00";
    let without = open(&dir, |_| ()).unwrap();
    assert_eq!(without.plugins().len(), 1, "it is loaded all the same");
    let failure = without.snapshot().probe(source, asked.ask()).unwrap_err();
    assert_eq!(failure.code, Code::AssetMissing);
    assert_eq!(failure.message, "plugin witness-codec needs tables:palette, which the operator has not granted");
    let picture = Picture::still(Raster::new(2, 1, PixelFormat::Gray8, vec![250, 3]).unwrap());
    let options = EncodeOptions::new(Format::Png);
    let failure = without.snapshot().encode("witness", &picture, None, &options).unwrap_err();
    assert_eq!(failure.code, Code::AssetMissing);

    let with = open(&dir, |config| grant(config, "witness-codec", &["tables:palette", "fonts:NotoSans"])).unwrap();
    let snapshot = with.snapshot();
    let read = asked.decode(snapshot.codecs(), source);
    assert_eq!(read.frames[0].raster.pixels(), [255, 128, 0]);
    assert_eq!(read.metadata.xmp.as_deref(), Some(&b"NotoSans"[..]));
    assert_eq!(snapshot.encode("witness", &picture, None, &options).unwrap(), b"WITNESS\x02\x00");

    // A component that does not fit is refused for good, one that lacks a file is not.
    std::fs::remove_dir_all(dir.path("tables")).unwrap();
    let bare = open(&Dir::new(), |_| ()).unwrap();
    assert!(bare.check(&component("witness_codec")).fits());
}

#[test]
fn results_are_kept_apart_by_the_assets_that_they_were_made_with() {
    let dir = dir();
    let registry = open(&dir, |_| ()).unwrap();
    let apart = |list: &[&str]| registry.apart(&component("witness"), grants(list)).unwrap();
    let (none, one) = (apart(&[]), apart(&["tables"]));
    let nothing = Size { width: 0, height: 0 };
    let width = |snapshot: &Arc<Snapshot>| {
        snapshot.plan(&call(snapshot, "wide", Params::new()), nothing).unwrap().output.unwrap().width
    };
    // One host remembers the plans of both.
    assert_eq!([width(&none), width(&one), width(&none), width(&one)], [1, 2, 1, 2]);

    let lowered = Lowered {
        steps: vec![Step { transform: "wide".to_owned(), params: Params::new() }],
        encoding: Encoding::default(),
        rendering: Rendering::default(),
        varies: false,
    };
    let kept = |snapshot: &Arc<Snapshot>| recipe(snapshot.as_ref(), &lowered, "png");
    assert_eq!(kept(&none), kept(&apart(&["fonts:none"])));
    assert_ne!(kept(&none), kept(&one));
    assert_eq!(kept(&one), kept(&apart(&["tables:film"])));
    assert_ne!(kept(&one), kept(&apart(&["tables:film", "fonts:NotoSans"])));

    // The file itself counts as well, also after a restart.
    std::fs::write(dir.path("tables/film.cube"), b"another film").unwrap();
    let again = open(&dir, |_| ()).unwrap();
    let changed = again.apart(&component("witness"), grants(&["tables"])).unwrap();
    assert_ne!(kept(&one), kept(&changed));

    // And a codec that reads the source.
    let codec = |list: &[&str]| {
        let snapshot = again.apart(&component("witness_codec"), grants(list)).unwrap();
        let lowered = Lowered { steps: Vec::new(), ..lowered.clone() };
        (recipe(snapshot.as_ref(), &lowered, "witness"), recipe(snapshot.as_ref(), &lowered, "png"))
    };
    assert_ne!(codec(&["tables"]).0, codec(&["tables", "fonts"]).0);
    assert_eq!(codec(&["tables"]).1, codec(&["tables", "fonts"]).1);
}

#[test]
fn an_accounts_own_copy_of_a_component_has_nothing_of_what_everybodys_was_granted() {
    let registry = open(&dir(), |config| grant(config, "witness", &["models"])).unwrap();
    let bytes = component("witness");
    let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&bytes));
    let plugin = |owner: &str, list: Option<&[&str]>| Wanted {
        versions: vec![digest.clone()],
        active: Some(digest.clone()),
        grants: list.map(grants),
        ..wanted(owner, "witness")
    };
    let components = [(digest.clone(), bytes::Bytes::from(bytes))].into();
    let problems = registry.offer(vec![plugin("", Some(&["tables"])), plugin("shop", None)], &components);
    assert_eq!(problems, Vec::<String>::new());
    let sees = |account: &str| {
        let data = seen(&registry.view(account), "assets");
        (names(&data, "tables").len(), names(&data, "models").len())
    };
    assert_eq!((sees("demo"), sees("shop")), ((1, 0), (0, 0)));
}

/// Plugins of both versions in one registry, none of them bundled.
fn both(change: impl FnOnce(&mut Config)) -> (Dir, Registry) {
    let dir = dir()
        .with("folder/elder.wasm", &frozen("elder"))
        .with("folder/codec_elder.wasm", &frozen("codec_elder"))
        .with("folder/halftone.wasm", &frozen("halftone"))
        .with("folder/witness.wasm", &component("witness"))
        .with("folder/empty.wasm", &component("empty"));
    let registry = open(&dir, change).unwrap();
    (dir, registry)
}

#[test]
fn two_versions_of_the_contract_are_loaded_at_once_and_do_the_same() {
    let (_dir, registry) = both(|_| ());
    let worlds: Vec<(String, String)> =
        registry.plugins().into_iter().map(|plugin| (plugin.info.name.clone(), plugin.world)).collect();
    let expected = [
        ("codec-elder", "safelight:plugin/codec-plugin@0.1.0"),
        ("elder", "safelight:plugin/transformer@0.1.0"),
        ("empty", "safelight:plugin/transformer@0.2.0"),
        ("halftone", "safelight:plugin/transformer@0.1.0"),
        ("witness", "safelight:plugin/transformer@0.2.0"),
    ];
    assert_eq!(worlds, expected.map(|(name, world)| (name.to_owned(), world.to_owned())));
    let snapshot = registry.snapshot();

    // A run of several calls, with a plan that counts, and a refusal of its own.
    let gray = Raster::new(2, 2, PixelFormat::Gray8, vec![0, 100, 200, 255]).unwrap();
    let opposite = run(&snapshot, &["elder_opposite"], &gray).unwrap().image.unwrap();
    assert_eq!(opposite.pixels(), [255, 155, 55, 0]);
    let twice = run(&snapshot, &["elder_opposite", "elder_opposite"], &gray).unwrap().image.unwrap();
    assert_eq!(twice, run(&snapshot, &["noop"], &gray).unwrap().image.unwrap());
    let rows = |rows: u32| json!({"rows": rows}).as_object().unwrap().clone();
    let size = Size { width: 2, height: 2 };
    let planned = snapshot.plan(&call(&snapshot, "elder_opposite", rows(1)), size).unwrap();
    assert_eq!(planned.output, Some(Size { width: 2, height: 1 }));
    let refused = snapshot.plan(&call(&snapshot, "elder_opposite", rows(9)), size).unwrap_err().failure;
    assert_eq!(refused.to_string(), "invalid_params: rows: is 9, expected at most the picture's 2");
    let timeline = Timeline { delays_ms: vec![10, 20, 30], loops: Loops::Forever };
    let arranged = snapshot.arrange(&call(&snapshot, "elder_reverse", Params::new()), &timeline).unwrap();
    assert_eq!(arranged.shots.iter().map(|shot| shot.frame).collect::<Vec<_>>(), [2, 1, 0]);
    assert_eq!(arranged.loops, Loops::Forever);

    // One that a C compiler made.
    let dots = run(&snapshot, &["halftone"], &Raster::filled(16, 16, [128, 128, 128, 255])).unwrap().image.unwrap();
    assert!(dots.pixels().contains(&0) && dots.pixels().contains(&255));

    // And a codec: read, written, refused.
    let asked = Asked::new();
    let source = b"ELDER\x02\x01\x07\x09";
    let picture = asked.decode(snapshot.codecs(), source);
    assert_eq!(picture.frames[0].raster.pixels(), [7, 9]);
    let options = EncodeOptions::new(Format::Png);
    assert_eq!(snapshot.encode("elder", &picture, None, &options).unwrap(), source);
    assert_eq!(snapshot.probe(b"ELDER\x02", asked.ask()).unwrap_err().code, Code::CorruptImage);
    let color = Picture::still(small());
    assert_eq!(snapshot.encode("elder", &color, None, &options).unwrap_err().code, Code::EncodeFailed);
}

#[test]
fn what_an_older_plugin_imports_is_what_it_asks_for() {
    let (_dir, registry) = both(|_| ());
    let asks = |name: &str| {
        let plugin = registry.plugins().into_iter().find(|plugin| plugin.info.name == name).unwrap();
        (plugin.needs.iter().map(|need| need.assets.to_string()).collect::<Vec<_>>().join(" "), plugin.has.to_string())
    };
    assert_eq!(asks("elder"), ("fonts:* models:*".to_owned(), "none".to_owned()));
    assert_eq!(asks("codec-elder"), ("fonts:*".to_owned(), "none".to_owned()));
    assert_eq!(asks("halftone"), (String::new(), "none".to_owned()));
    let data = seen(&registry.snapshot(), "elder_assets");
    assert_eq!(data, json!({"fonts": {}, "models": {}, "unlisted": false}));

    let (_dir, registry) = both(|config| {
        grant(config, "elder", &["fonts:NotoSans", "models", "tables"]);
        grant(config, "codec-elder", &["fonts:NotoEmoji", "models"]);
    });
    let snapshot = registry.snapshot();
    let data = seen(&snapshot, "elder_assets");
    assert_eq!((names(&data, "fonts"), &data["models"]), (vec!["NotoSans".to_owned()], &json!({"net": 5})));
    let picture = Asked::new().decode(snapshot.codecs(), b"ELDER\x01\x01\x07");
    assert_eq!(picture.metadata.xmp.as_deref(), Some(&b"NotoEmoji"[..]));
    // The plugin counted them in `describe`.
    let elder = registry.plugins().into_iter().find(|plugin| plugin.info.name == "elder").unwrap();
    assert_eq!(elder.info.summary, "Sees 0 fonts and 0 models while it describes itself.");
}

#[test]
fn a_component_of_an_unknown_version_or_with_other_types_is_refused_with_the_reason() {
    let registry = open(&Dir::new(), |_| ()).unwrap();
    let renamed = |from: &str, to: &str| {
        let mut bytes = frozen("elder");
        assert_eq!(from.len(), to.len());
        let places: Vec<usize> =
            (0..bytes.len() - from.len()).filter(|&at| bytes[at..].starts_with(from.as_bytes())).collect();
        assert!(!places.is_empty());
        places.iter().for_each(|&at| bytes[at..at + to.len()].copy_from_slice(to.as_bytes()));
        registry.check(&bytes).problems.remove(0)
    };
    let future = renamed("safelight:plugin/transform@0.1.0", "safelight:plugin/transform@0.9.0");
    assert_eq!(future.code, Code::PluginInvalid);
    let expected = "the component is of safelight:plugin@0.9.0, this host speaks safelight:plugin@0.1.0 and 0.2.0";
    assert_eq!(future.message, expected);
    // The manifest of 0.1.0 under the name of 0.2.0.
    let lie = renamed("safelight:plugin/transform@0.1.0", "safelight:plugin/transform@0.2.0");
    assert_eq!(lie.code, Code::PluginInvalid);
    let expected = "the component is not of the world safelight:plugin/transformer@0.2.0: describe has another type";
    assert!(lie.message.starts_with(expected), "{lie}");
}
