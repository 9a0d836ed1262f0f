use super::*;
use crate::dialect::cloudinary::transformation::{Color, Delivery, Dimension, Key, LayerId, Param, generate::Random};

/// Named transformations and layer sizes of the tests.
struct Shelf;

impl Library for Shelf {
    fn named(&self, name: &str) -> Option<Transformation> {
        let text = match name {
            "thumb" => "c_thumb,h_50,w_50/e_sepia",
            "sized" => "c_scale,w_$width",
            "endless" => "t_endless",
            "bomb" => "t_bomb/t_bomb",
            _ => return None,
        };
        Some(Transformation::parse(text).unwrap())
    }

    fn measure(&self, layer: &Layer) -> Measured {
        match layer {
            Layer::Asset { id: LayerId::Public(id), delivery: Delivery::Upload, .. } if id == "logo" => {
                Measured::Size(Size::new(40, 20))
            }
            Layer::Text { .. } => Measured::Later,
            _ => Measured::Missing,
        }
    }
}

/// 200 x 100, with tags, metadata and a face.
fn facts() -> Facts {
    let mut facts = Facts::of(Size::new(200, 100));
    facts.tags = vec!["sale".into(), "new".into()];
    facts.context.insert("x_pos".into(), "0.25".into());
    facts.context.insert("name".into(), "Ann".into());
    facts.metadata.insert("n".into(), "7".into());
    facts.faces = vec![Rect { x: 150, y: 20, size: Size::new(20, 20) }];
    facts
}

fn evaluated(text: &str) -> Evaluated {
    let tree = Transformation::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    evaluate(&tree, &facts(), &Shelf, Hints::default(), &Bounds::default())
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn problem(text: &str) -> String {
    let tree = Transformation::parse(text).unwrap();
    evaluate(&tree, &facts(), &Shelf, Hints::default(), &Bounds::default()).expect_err(text).to_string()
}

/// Steps as text: components with their values and the size after each; layers in brackets.
fn text(actions: &[Action]) -> String {
    let action = |action: &Action| match action {
        Action::Step(step) => format!("{} {}x{}", step.component, step.after.width, step.after.height),
        Action::Layer(layer) => {
            let place = layer.canvas.map_or("?".into(), |canvas| format!("{},{}", canvas.layer.0, canvas.layer.1));
            let under = if layer.under { "under " } else { "" };
            let after = layer.after;
            format!(
                "[{under}{}: {}; {} at {place}] {}x{}",
                layer.layer,
                text(&layer.steps),
                layer.apply,
                after.width,
                after.height
            )
        }
    };
    actions.iter().map(action).collect::<Vec<_>>().join(" / ")
}

fn check(transformation: &str, expected: &str) {
    assert_eq!(text(&evaluated(transformation).actions), expected, "{transformation}");
}

#[test]
fn expressions_are_computed_from_left_to_right() {
    check("w_2_add_3_mul_4", "w_20 20x10");
    check("w_iw_div_2", "w_100 100x50");
    check("c_scale,w_100/c_scale,w_w_div_2", "c_scale,w_100 100x50 / c_scale,w_50 50x25");
    check("c_scale,w_100/c_scale,w_iw_div_2", "c_scale,w_100 100x50 / c_scale,w_100 100x50");
    check("w_iw_div_3", "w_67 67x34");
    check("w_7_mod_4,h_2_pow_3", "h_8,w_3 3x8");
    check("$w_0.5,w_$w", "w_0.5 100x50");
    check("$w_0.5_mul_1,w_$w", "w_1 1x1");
    check("ar_w_div_h_mul_0.5,c_crop", "ar_1,c_crop 100x100");
    check("r_10:$r:max,$r_iw_div_10", "r_10:20:max 200x100");
    check("o_$o,$o_50,q_$o:444", "o_50,q_50:444 200x100");
    check("c_crop,h_oh,w_ow", "c_crop,h_100,w_200 200x100");
    check("$n_md:!n!_to_i_mul_10,w_$n", "w_70 70x35");
    check("$x_ctx:!x_pos!_to_f,c_crop,h_10,w_10,x_$x_mul_w", "c_crop,h_10,w_10,x_50 10x10");
    check("$x_ctx:!x_pos!_to_f,c_crop,h_10,w_10,x_$x", "c_crop,h_10,w_10,x_0.25 10x10");
}

#[test]
fn variables_stand_for_words_colours_and_texts() {
    check("$m_!fill!,c_$m,h_50,w_50", "c_fill,h_50,w_50 50x50");
    check("$c_!rgb:ff0000!,b_$c,bo_2px_solid_$c", "b_rgb:ff0000,bo_2px_solid_rgb:ff0000 204x104");
    check("$e_!blur!,$s_100,e_$e:$s", "e_blur:100 200x100");
    check("e_blur:iw_div_10", "e_blur:20 200x100");
    check("$l_!logo!/l_$l,w_20", "[logo: w_20 20x10;  at 90,45] 200x100");
    check(
        "$style_!Arial_12_bold!,$n_ctx:!name!/l_text:$style:Hi%20$(n)%252C",
        "[text:Arial_12_bold:Hi%20Ann%252C: ;  at ?] 200x100",
    );
    check("$width_80/t_sized", "c_scale,w_80 80x40");
}

#[test]
fn conditions_choose_branches() {
    let holds = |condition: &str| {
        let actions = evaluated(&format!("c_scale,w_100/if_{condition},e_sepia/if_else,e_grayscale")).actions;
        text(&actions).ends_with("e_sepia 100x50")
    };
    for condition in [
        "w_eq_100",
        "iw_eq_200",
        "w_lt_101_and_h_gte_50",
        "w_gt_500_or_h_eq_50",
        "w_gt_500_and_h_eq_1_or_ar_eq_2",
        "ar_gt_16:9",
        "ar_eq_2.0",
        "fc_eq_1",
        "pc_lte_1",
        "cp_ne_2",
        "!sale:new!_in_tags",
        "!sale!_in_tags",
        "!old:other!_nin_tags",
        "ctx:!name!_eq_!Ann!",
        "ctx:!none!_eq_!!",
        "w_div_2_gt_h_sub_1",
        "!a!_ne_!b!",
    ] {
        assert!(holds(condition), "{condition}");
    }
    for condition in ["w_eq_200", "!sale:old!_in_tags", "!sale:old!_nin_tags", "tar_lt_1", "ctx:!name!_eq_!Bob!"] {
        assert!(!holds(condition), "{condition}");
    }
    check("if_w_gt_1/w_10/if_else/w_20/if_end/e_sepia", "w_10 10x5 / e_sepia 10x5");
    check("if_w_lt_1/w_10/if_else/w_20/if_end", "w_20 20x10");
    check("if_w_lt_1/w_10/if_end", "");
    // The documentation's example: variables of a component hold within it.
    check("if_fc_gt_0,$z_5,$foo_$z_mul_2,c_scale,w_$foo_mul_2", "c_scale,w_20 20x10");
    check("$foo_10/if_fc_gt_0/c_scale,w_$foo_mul_200_div_fc/if_end", "c_scale,w_2000 2000x1000");
}

#[test]
fn named_transformations_are_put_in() {
    check("t_thumb", "c_thumb,h_50,w_50 50x50 / e_sepia 50x50");
    check("t_thumb,w_10", "c_thumb,h_50,w_50 50x50 / e_sepia 50x50 / w_10 10x10");
    check("bl_thumb/w_10", "c_thumb,h_50,w_50 50x50 / e_sepia 50x50 / w_10 10x10");
    assert_eq!(problem("t_nothing"), "Unknown transformation nothing");
    assert_eq!(
        problem("t_endless"),
        "Invalid named transformation in transformation: endless (in component t_endless; expected at most 10 within \
         each other)"
    );
    assert!(problem("t_bomb").contains("expected at most"));
}

#[test]
fn sizes_follow_turns_and_borders() {
    check("a_90", "a_90 100x200");
    check("a_45", "a_45 212x212");
    check("a_hflip.90.vflip", "a_hflip.90.vflip 100x200");
    check("bo_5px_solid_red,w_100", "bo_5px_solid_red,w_100 110x60");
    check("a_auto_right,c_fill,h_100,w_50", "a_auto_right,c_fill,h_100,w_50 50x100");
    match evaluated("a_auto_left,c_fill,h_100,w_50").actions.as_slice() {
        [Action::Step(step)] => {
            assert_eq!(step.first_turn_deg, Some(-90.0));
            assert_eq!(step.layout.unwrap().scale, Size::new(50, 100));
        }
        other => panic!("{other:?}"),
    }
    assert!(evaluated("e_sepia").exact);
    assert!(!evaluated("e_trim/w_10").exact);
}

#[test]
fn faces_are_followed_through_cuts_and_scalings() {
    let window = |transformation: &str| match evaluated(transformation).actions.last() {
        Some(Action::Step(step)) => step.layout.unwrap().window.unwrap(),
        other => panic!("{other:?}"),
    };
    let at = |x, y, width, height| Rect { x, y, size: Size::new(width, height) };
    assert_eq!(window("c_crop,g_face,h_40,w_40"), at(140, 10, 40, 40));
    assert_eq!(window("c_scale,w_100/c_crop,g_face,h_20,w_20"), at(70, 5, 20, 20));
    assert_eq!(window("c_crop,w_100,h_100,g_east/c_crop,g_face,h_40,w_40"), at(40, 10, 40, 40));
    assert_eq!(window("bo_10px_solid_red/c_crop,g_face,h_40,w_40"), at(150, 20, 40, 40));
    assert_eq!(window("c_mpad,w_300,h_100,g_west/c_crop,g_auto:face,h_40,w_40"), at(140, 10, 40, 40));
    // Cut away or turned: the middle.
    assert_eq!(window("c_crop,w_100,h_100,g_west/c_crop,g_face,h_40,w_40"), at(30, 30, 40, 40));
    assert_eq!(window("a_90/c_crop,g_face,h_40,w_40"), at(30, 80, 40, 40));
    assert_eq!(window("c_crop,g_custom,h_40,w_40"), at(80, 30, 40, 40));
    assert_eq!(window("c_crop,g_custom:face,h_40,w_40"), at(140, 10, 40, 40));
    match evaluated("c_thumb,h_50,w_50,z_1").actions.as_slice() {
        [Action::Step(step)] => assert_eq!(step.layout.unwrap().cut, Some(at(150, 20, 20, 20))),
        other => panic!("{other:?}"),
    }
    assert!(problem("c_crop,g_ocr_text,w_10").contains("expected a gravity that needs no detector"));
}

#[test]
fn layers_have_steps_of_their_own_and_a_place() {
    check("l_logo", "[logo: ;  at 80,40] 200x100");
    check("g_south_east,l_logo,w_20,x_5,y_5", "[logo: w_20 20x10; g_south_east,x_5,y_5 at 175,85] 200x100");
    check(
        "l_logo/w_20/e_sepia/fl_layer_apply,g_north",
        "[logo: w_20 20x10 / e_sepia 20x10; fl_layer_apply,g_north at 90,0] 200x100",
    );
    check("l_logo,w_0.5", "[logo: w_0.5 20x10;  at 90,45] 200x100");
    check("fl_relative,l_logo,w_0.5", "[logo: w_0.5 100x50; fl_relative at 50,25] 200x100");
    check(
        "l_logo/c_scale,fl_relative,w_0.5/fl_layer_apply",
        "[logo: c_scale,fl_relative,w_0.5 100x50; fl_layer_apply at 50,25] 200x100",
    );
    check("g_north_west,l_logo,x_-10,y_90", "[logo: ; g_north_west,x_-10,y_90 at 0,90] 210x110");
    check("fl_no_overflow,g_north_west,l_logo,x_-10", "[logo: ; fl_no_overflow,g_north_west,x_-10 at -10,0] 200x100");
    check("u_logo,w_300", "[under logo: w_300 300x150;  at 0,0] 300x150");
    check("e_screen,l_logo,o_50", "[logo: o_50 40x20; e_screen at 80,40] 200x100");
    check(
        "l_logo/l_logo,w_10/e_sepia/fl_layer_apply/w_w_div_2",
        "[logo: ;  at 80,40] 200x100 / [logo: w_10 10x5 / e_sepia 10x5; fl_layer_apply at 95,47] 200x100 / w_100 100x50",
    );
    assert_eq!(problem("l_folder:gone"), "Resource not found - folder/gone");
}

#[test]
fn output_settings_are_collected() {
    let output = |text: &str| evaluated(text).output.to_string();
    assert_eq!(
        output("f_png,q_50/w_10/f_webp,fl_lossy/fl_progressive.lossy,pg_2"),
        "f_webp,fl_lossy.progressive,pg_2,q_50"
    );
    assert_eq!(output("l_logo/f_gif/fl_layer_apply/dn_$d,$d_100_add_50"), "dn_150,fl_layer_apply");
    assert!(evaluated("w_10").output.param(Key::Format).is_none());
}

#[test]
fn hints_are_used_and_told() {
    let with = |text: &str, width: Option<u32>, dpr: Option<f64>| {
        let tree = Transformation::parse(text).unwrap();
        let result = evaluate(&tree, &facts(), &Shelf, Hints { width, dpr }, &Bounds::default()).unwrap();
        (result.size.width, result.asked_width_hint, result.asked_dpr_hint)
    };
    assert_eq!(with("c_scale,w_auto", None, None), (200, true, false));
    assert_eq!(with("c_scale,w_auto", Some(90), None), (90, true, false));
    assert_eq!(with("c_scale,w_auto:20:350", Some(81), None), (100, true, false));
    assert_eq!(with("c_scale,w_auto:20:350", None, None), (350, true, false));
    assert_eq!(with("c_scale,w_auto:breakpoints_50_80_20_15", Some(99), None), (80, true, false));
    assert_eq!(with("c_scale,dpr_auto,w_50", None, Some(2.0)), (100, false, true));
    assert_eq!(with("c_scale,dpr_auto,w_50", None, None), (50, false, true));
    assert_eq!(with("c_scale,dpr_1.5,w_50", None, Some(2.0)), (75, false, false));
}

#[test]
fn regions_are_no_sizes() {
    check("e_blur_region:500,h_20,w_30,x_10,y_10", "e_blur_region:500,h_20,w_30,x_10,y_10 200x100");
    check("c_crop,e_pixelate_region,h_20,w_30", "c_crop,e_pixelate_region,h_20,w_30 30x20");
}

#[test]
fn problems_are_told_with_their_component() {
    assert_eq!(
        problem("c_fill,w_$gone"),
        "Invalid variable in transformation: $gone (in component c_fill,w_$gone; expected a variable that is defined \
         before)"
    );
    assert!(problem("w_iw_div_0").contains("expected a divisor other than zero"));
    assert!(problem("w_10_pow_99").contains("expected a number of at most twelve digits"));
    assert!(problem("w_5_sub_10").contains("expected 0 to 1000000 pixels"));
    assert!(problem("w_$t,$t_!abc!").contains("expected a number"));
    assert!(problem("w_$t_add_1,$t_!abc!").contains("numbers on both sides"));
    assert!(problem("if_!a!_gt_1,w_1").contains("numbers on both sides"));
    assert!(problem("$o_101,o_$o").contains("expected 0 to 100"));
    assert!(problem("$c_!zzz!,b_$c").contains("expected a colour name"));
    assert!(problem("$t_!!/l_text:Arial_9:$(t)").contains("expected text of 1 to 4096 bytes"));
    let long = format!("$t_!{}!/l_text:Arial_9:{}", "x".repeat(1000), "$(t)".repeat(5));
    assert!(problem(&long).contains("expected text of 1 to 4096 bytes"));
    assert!(problem("w_du").contains("expected a value that is known of this image"));
    assert!(problem("so_2").contains("expected no parameter of videos"));
    assert_eq!(problem("w_40000"), "Image is too large: 40000 x 20000 pixels (at most 100000000 pixels)");
    assert_eq!(problem("w_100.0"), "Image is too large: 20000 x 10000 pixels (at most 100000000 pixels)");
    assert!(problem("g_north_west,l_logo,x_-90000").contains("Image is too large"));
    assert!(problem(&vec!["t_thumb"; 190].join("/")).contains("expected at most 500 steps"));
}

#[test]
fn every_vector_is_carried_out_or_refused_with_a_reason() {
    let cases: Vec<String> = crate::dialect::cloudinary::vectors::load("transformation");
    for text in cases {
        if let Ok(tree) = Transformation::parse(&text) {
            match evaluate(&tree, &facts(), &Shelf, Hints::default(), &Bounds::default()) {
                Ok(result) => assert!(result.size.width >= 1),
                Err(error) => assert!(error.to_string().is_ascii(), "{error}"),
            }
        }
    }
}

/// Whether all numbers are known, in layers too.
fn constant(actions: &[Action]) -> bool {
    let known = |param: &Param| match param {
        Param::Deferred(..) => false,
        Param::Width(Dimension::Value(value)) | Param::Height(Dimension::Value(value)) => value.as_number().is_some(),
        Param::X(value) | Param::Y(value) | Param::Zoom(value) | Param::Opacity(value) => value.as_number().is_some(),
        Param::Color(color) => !matches!(color, Color::Variable(_)),
        _ => true,
    };
    actions.iter().all(|action| match action {
        Action::Step(step) => step.component.params.iter().all(known),
        Action::Layer(layer) => layer.apply.params.iter().all(known) && constant(&layer.steps),
    })
}

/// Random transformations end within the bounds, in steps whose values are all constant.
#[test]
fn random_trees_are_carried_out_or_refused() {
    let mut done = 0;
    for seed in 0..4000 {
        let tree = Random::new(seed).transformation();
        match evaluate(&tree, &facts(), &Shelf, Hints::default(), &Bounds::default()) {
            Ok(result) => {
                done += usize::from(!result.actions.is_empty());
                let bounds = Bounds::default();
                assert!(result.size.pixels() <= bounds.pixels, "{tree}");
                assert!(constant(&result.actions), "{tree}");
            }
            Err(error) => assert!(error.to_string().is_ascii(), "{error}"),
        }
    }
    assert!(done > 50, "{done}");
}
