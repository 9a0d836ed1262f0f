//! What transformations come to, step by step.

mod coverage;
mod geometry;
mod layers;
mod outputs;

use serde_json::{Value, json};

use super::{
    super::{
        evaluate::{Bounds, EvaluateError, Facts, Hints, evaluate},
        geometry::Size,
        transformation::{FormatName, Transformation},
    },
    Found, Lookup, Lowered, Missing, Source, Wanted, lower,
};
use crate::job::{ImageSource, Step};

/// Finds every image as the asset `a` of 40 x 30, a table, a style and a component; no named transformation.
fn found(what: &Missing) -> Found {
    match what {
        Missing::Image(_, id) if id.starts_with("missing") => Found::Nothing,
        Missing::Image(..) => Found::Image(ImageSource::Asset("a".into()), Size::new(40, 30)),
        Missing::Table(_) => Found::Table("LUT_1D_SIZE 2\n0 0 0\n1 1 1".into()),
        Missing::Component(id) if id == "my.wasm" => Found::Component("ab".repeat(32)),
        Missing::Named(name) if name == "named" => Found::Named("c_scale,w_10".parse().unwrap()),
        Missing::Named(_) | Missing::Style(_) | Missing::Component(_) => Found::Nothing,
    }
}

fn with(text: &str, facts: &Facts, source: Source<'_>, wanted: Wanted<'_>) -> Result<(Lowered, Size), EvaluateError> {
    let transformation: Transformation = text.parse().map_err(EvaluateError::Transformation)?;
    let mut lookup = Lookup::default();
    for _ in 0..20 {
        let done = evaluate(&transformation, facts, &lookup, Hints::default(), &Bounds::default())
            .and_then(|evaluated| lower(&evaluated, source, wanted, &lookup).map(|lowered| (lowered, evaluated.size)));
        let missing = lookup.missing();
        if missing.is_empty() {
            return done;
        }
        for what in missing {
            let found = found(&what);
            lookup.insert(what, found);
        }
    }
    panic!("{text}: the lookup does not end");
}

const JPEG: Source<'_> = Source { format: "jpeg", frames: 1 };

/// Lowers for a JPEG of this size.
fn lowered(text: &str, width: u32, height: u32) -> Lowered {
    let facts = Facts::of(Size::new(width, height));
    with(text, &facts, JPEG, Wanted::default()).unwrap_or_else(|error| panic!("{text}: {error}")).0
}

fn error(text: &str) -> String {
    let facts = Facts::of(Size::new(400, 300));
    let failed = with(text, &facts, JPEG, Wanted::default());
    failed.map(|lowered| panic!("{text} is {lowered:?}")).unwrap_err().to_string()
}

/// Name and parameters of each step.
fn told(steps: &[Step]) -> Vec<(String, Value)> {
    steps.iter().map(|step| (step.transform.clone(), Value::Object(step.params.clone()))).collect()
}

fn steps(text: &str, width: u32, height: u32) -> Vec<(String, Value)> {
    told(&lowered(text, width, height).steps)
}

fn step(name: &str, params: Value) -> (String, Value) {
    (name.to_owned(), params)
}

fn name(extension: &str) -> FormatName {
    FormatName::from_name(extension).unwrap()
}

#[test]
fn components_follow_the_order_of_the_language() {
    let made = steps("a_20,b_red,bo_5px_solid_blue,c_scale,e_sepia,o_50,r_10,w_100", 400, 300);
    let names: Vec<&str> = made.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["resize", "sepia", "border", "rotate", "opacity", "background"]);
}

#[test]
fn a_stored_component_is_a_step() {
    let digest = "ab".repeat(32);
    let wasm = format!("component:{digest}");
    let made = steps("c_scale,w_100/fn_wasm:my.wasm/e_sepia", 400, 300);
    assert_eq!(made.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["resize", &wasm, "sepia"]);
    let before = lowered("c_scale,w_100/fn_pre:wasm:my.wasm", 400, 300);
    assert_eq!(before.steps[0].transform, wasm);
    assert_eq!(before.blobs(), [digest]);
    assert_eq!(error("fn_wasm:other.wasm"), "Resource not found - other.wasm");
    let remote = lowered("fn_remote:aHR0cHM6Ly94LnRlc3Q=", 400, 300);
    assert_eq!(remote.steps[0].transform, "remote:https://x.test");
    assert!(remote.calls_out() && !before.calls_out());
}

#[test]
fn what_cannot_be_done_names_its_component() {
    for (text, expected) in [
        ("e_art:zorro", "Invalid effect in transformation: art:zorro (in component e_art:zorro; expected an effect"),
        ("e_redeye", "Invalid effect in transformation: redeye"),
        ("c_imagga_crop,w_100", "Invalid crop in transformation: imagga_crop (in component c_imagga_crop,w_100;"),
        ("c_fill,g_bird,h_10,w_10", "Invalid gravity in transformation: bird"),
        ("c_fill,g_liquid,h_10,w_10", "Invalid gravity in transformation: liquid"),
        ("e_blur_faces", "Invalid effect in transformation: blur_faces"),
        ("e_screen", "Invalid effect in transformation: screen"),
        ("e_anti_removal", "Invalid effect in transformation: anti_removal"),
        ("b_auto:predominant_gradient:2,c_pad,h_100,w_200", "Invalid background in transformation: auto:pred"),
        ("cs_cmyk", "Invalid color space in transformation: cmyk"),
        ("q_70:qmax_20", "Invalid quality in transformation: 70:qmax_20"),
        ("fl_clip", "Invalid flag in transformation: clip"),
        ("fl_splice,l_a", "Invalid flag in transformation: splice"),
        ("f_heic", "Invalid fetch format in transformation: heic"),
        ("pg_name:one", "Invalid page in transformation: name:one"),
        ("l_video:a", "Invalid overlay in transformation: video:a"),
        ("l_subtitles:a.srt", "Invalid overlay in transformation: subtitles:a.srt"),
        ("l_missing", "Resource not found - missing"),
        ("l_lut:a.cube/e_sepia/fl_layer_apply", "Invalid overlay in transformation: lut:a.cube"),
        ("l_text:my_style:Hi", "Resource not found - my_style"),
        ("l_text:font.ttf_20:Hi", "Invalid overlay in transformation: font.ttf"),
        ("t_nothing", "Unknown transformation nothing"),
        ("e_screen,u_a", "Invalid effect in transformation: screen"),
        ("p_icon", "Invalid prefix in transformation: icon"),
        ("w_auto:breakpoints:json", "Invalid width in transformation: auto:breakpoints:json"),
        ("e_blur_region,h_10,w_10,y_-20", "Invalid effect in transformation: blur_region"),
        ("l_text:Arial_20:Hi,pg_2", "Invalid overlay in transformation: text:Arial_20:Hi"),
        ("e_tint:100:red:20p:blue", "Invalid effect in transformation: tint"),
    ] {
        let message = error(text);
        assert!(message.starts_with(expected), "{text}: {message}");
        assert!(message.is_ascii());
    }
}

#[test]
fn regions_lose_what_lies_outside() {
    let made = steps("e_pixelate_region:5,h_30,w_0.5,x_10,y_-20", 400, 300);
    assert_eq!(made, [step("pixelate", json!({ "size_px": 5, "x": 10, "y": 0, "width": "50%", "height": 10 }))]);
}

#[test]
fn faces_are_blurred_where_they_are() {
    let mut facts = Facts::of(Size::new(400, 300));
    let face = |x, y| super::super::geometry::Rect { x, y, size: Size::new(40, 60) };
    facts.faces = vec![face(100, 80), face(300, 20)];
    let (made, _) = with("c_scale,w_200/e_pixelate_faces:5", &facts, JPEG, Wanted::default()).unwrap();
    let place = |x: u32, y: u32| json!({ "size_px": 5, "x": x, "y": y, "width": 20, "height": 30 });
    let resize = step("resize", json!({ "width": 200, "height": 150, "mode": "exact" }));
    assert_eq!(told(&made.steps), [resize, step("pixelate", place(50, 40)), step("pixelate", place(150, 10))]);
}
