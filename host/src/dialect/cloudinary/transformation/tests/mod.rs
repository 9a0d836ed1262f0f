mod kit;

use super::{generate::Random, *};

fn check(text: &str, expected: &str) {
    let tree = Transformation::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(tree.to_string(), expected);
    assert_eq!(Transformation::parse(expected), Ok(tree));
}

fn refused(text: &str, message: &str) {
    let error = Transformation::parse(text).expect_err(text);
    assert_eq!(error.to_string(), message);
}

#[test]
fn random_trees_print_and_parse_back() {
    for seed in 0..4000 {
        let tree = Random::new(seed).transformation();
        let text = tree.to_string();
        let limits = Limits { bytes: 1 << 20, components: 1000, depth: 10 };
        match Transformation::parse_within(&text, &limits) {
            Ok(parsed) => assert_eq!(parsed, tree, "{seed}: {text}"),
            Err(error) => panic!("{seed}: {text}: {error}"),
        }
    }
}

#[test]
fn every_parameter_prints_and_parses_back() {
    for key in Key::ALL {
        for seed in 0..300 {
            let param = Random::new(seed).param(*key);
            let text = param.to_string();
            let (parsed, value) = text.split_once('_').unwrap();
            assert_eq!(parsed, key.text());
            assert_eq!(Param::parse(*key, value), Ok(param), "{text}");
        }
    }
}

/// Broken text ends in a tree that prints and parses back, or in an error fit for a header; never in a panic.
#[test]
fn mutilated_text_is_read_or_refused() {
    let pieces = [
        "_",
        ",",
        "/",
        ":",
        "$",
        "!",
        "%",
        "%2",
        "if_else",
        "if_end",
        "fl_layer_apply",
        "l_",
        "text:",
        "-",
        "0.",
        "auto",
        "é",
        "\u{0}",
        "$(",
        ")",
        "w_",
        "e_",
        "..",
        "999999999999999999",
        "to_f",
        "rgb:",
    ];
    for seed in 0..4000 {
        let mut random = Random::new(seed);
        let mut text = random.transformation().to_string();
        for _ in 0..=random.below(4) {
            let places: Vec<usize> = text.char_indices().map(|(place, _)| place).chain([text.len()]).collect();
            let (from, to) = (random.pick(&places), random.pick(&places));
            match random.below(3) {
                0 => text.insert_str(from, random.pick(&pieces)),
                1 if from < to && to - from < 12 => text.replace_range(from..to, ""),
                _ => text.truncate(from.max(to)),
            }
        }
        match Transformation::parse(&text) {
            Ok(tree) => check(&text, &tree.to_string()),
            Err(error) => {
                let message = error.to_string();
                assert!(message.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{message}");
                assert!(message.len() < 8000, "{message}");
            }
        }
    }
}

#[test]
fn canonical_form_sorts_parameters_and_drops_what_is_empty() {
    check("w_100,c_fill,h_50", "c_fill,h_50,w_100");
    check("/w_100,,h_1//e_sepia/", "h_1,w_100/e_sepia");
    check("w_1,$b_2,$a_3", "$b_2,$a_3,w_1");
    check("fl_lossy,fl_progressive", "fl_lossy.progressive");
    check("b_RGB:FFaa00,w_.5", "b_rgb:ffaa00,w_0.5");
    check("b_rgb%3Affaa00,ar_16%3A9", "ar_16:9,b_rgb:ffaa00");
    check("", "");
}

#[test]
fn numbers_may_be_expressions_and_values_may_be_variables() {
    for text in [
        "h_iw_div_2_sub_10,w_$w_mul_-1.5",
        "$c_!red!,b_$c,bo_2px_solid_$c,co_$c",
        "c_$mode,g_$gravity",
        "e_blur:iw_div_10",
        "e_$name:$strength:20",
        "q_$q:444",
        "f_$format",
        "pg_$p",
        "l_$logo",
        "l_text:$style:$(greeting)%252C%20you",
        "l_text:Arial_$size_bold:Hi",
        "$x_ref:!folder:logo!",
        "$r_16:9,ar_$r",
        "if_ar_gt_3:4,w_1",
        "if_!sale:new!_in_tags_and_ctx:!a!_eq_!b!,w_1",
    ] {
        check(text, text);
    }
}

#[test]
fn texts_are_escaped_once_or_twice() {
    let text = |escaped: &str| match Layer::parse(&format!("text:Arial_20:{escaped}")) {
        Ok(Layer::Text { text, .. }) => text.0,
        other => panic!("{other:?}"),
    };
    let literal = |words: &str| vec![TextPart::Literal(words.into())];
    assert_eq!(text("a%252Cb%252Fc"), literal("a,b/c"));
    assert_eq!(text("a%2Cb%20c"), literal("a,b c"));
    assert_eq!(text("100%25"), literal("100%"));
    assert_eq!(text("100%2525%20of"), literal("100% of"));
    assert_eq!(text("one%0Atwo:three"), literal("one\ntwo:three"));
    let variable = TextPart::Variable("x".into());
    assert_eq!(text("$(x)$(x)"), vec![variable.clone(), variable.clone()]);
    assert_eq!(text("$(1)%24(x)$(x)"), vec![TextPart::Literal("$(1)$(x)".into()), variable]);
}

#[test]
fn layers_nest_and_close() {
    let tree = Transformation::parse("l_a,w_9/l_b/e_sepia/fl_layer_apply,g_north/w_5").unwrap();
    match tree.nodes.as_slice() {
        [Node::Apply(first), Node::Layer { inner, .. }, Node::Apply(_)] => {
            assert!(first.layer().is_some());
            assert_eq!(inner.len(), 1);
        }
        other => panic!("{other:?}"),
    }
    let nested = "l_a/l_b/e_sepia/fl_layer_apply/w_3/fl_layer_apply,x_5";
    check(nested, nested);
    match Transformation::parse(nested).unwrap().nodes.as_slice() {
        [Node::Layer { inner, .. }] => assert!(matches!(inner[..], [Node::Layer { .. }, Node::Apply(_)])),
        other => panic!("{other:?}"),
    }
}

#[test]
fn conditions_are_blocks_or_stand_with_their_parameters() {
    for text in [
        "if_w_gt_1/w_1/if_else/w_2/w_3/if_end",
        "if_w_gt_1,w_1/if_else,w_2/e_sepia",
        "if_a_gt_1/if_end".replace("a_", "ar_").as_str(),
        "if_w_gt_1/if_h_gt_1,w_1/if_else/w_2/if_end",
        "if_w_gt_1/if_h_gt_1,w_1/if_else,w_2/if_else/w_3/if_end",
    ] {
        check(text, text);
    }
    check("if_w_gt_1,w_1/if_else/w_2/w_3/if_end", "if_w_gt_1/w_1/if_else/w_2/w_3/if_end");
    check("if_w_gt_1/w_1/if_else,w_2/if_end", "if_w_gt_1/w_1/if_else/w_2/if_end");
    check("if_w_gt_1,w_1/if_end/w_2", "if_w_gt_1,w_1/w_2");
}

#[test]
fn errors_name_component_parameter_and_expectation() {
    refused(
        "e_sepia/c_scale,w_abc",
        "Invalid width in transformation: abc (in component c_scale,w_abc; expected a whole number of pixels, a \
         fraction with a decimal point, \"auto\" or an expression)",
    );
    refused(
        "zz_5,w_1",
        "Invalid parameter in transformation: zz_5 (in component zz_5,w_1; expected a known key before the \
         underscore)",
    );
    refused(
        "e_blu3r:5",
        "Invalid effect in transformation: blu3r:5 (in component e_blu3r:5; expected the name of an effect)",
    );
    refused(
        "e_gen_fill",
        "Invalid effect in transformation: gen_fill (in component e_gen_fill; expected an effect that this server \
         has; \"gen_fill\" needs a model or is for videos only)",
    );
    refused(
        "e_sepia:x",
        "Invalid effect in transformation: sepia:x (in component e_sepia:x; expected one number after the effect \
         \"sepia\")",
    );
    refused(
        "o_101",
        "Invalid opacity in transformation: 101 (in component o_101; expected 0 to 100, or an expression)",
    );
    refused(
        "fl_layer_apply",
        "Invalid flag in transformation: fl_layer_apply (expected a layer before fl_layer_apply)",
    );
    refused("if_w_gt_1/w_2", "Invalid condition in transformation: if_w_gt_1 (expected if_end after it)");
    refused("w_1/if_end", "Invalid condition in transformation: if_end (expected a condition before if_end)");
    refused("w_1/if_else", "Invalid condition in transformation: if_else (expected a condition before if_else)");
    refused(
        "if_w/c_fit",
        "Invalid condition in transformation: w (in component if_w; expected a condition like w_gt_100_and_ar_lte_1.5)",
    );
    refused(
        "w_1,w_2",
        "Invalid width in transformation: 2 (in component w_1,w_2; expected each parameter once in a component)",
    );
    refused(
        "co_grün",
        "Invalid color in transformation: gr\\u{fc}n (in component co_gr\\u{fc}n; expected a colour name, rgb:RRGGBB \
         or rgb:RRGGBBAA)",
    );
}

#[test]
fn what_is_too_much_is_refused() {
    let many = vec!["e_sepia"; 201].join("/");
    assert!(Transformation::parse(&many).unwrap_err().to_string().ends_with("(expected at most 200 components)"));
    let long = "e_sepia/".repeat(3000);
    assert!(Transformation::parse(&long).unwrap_err().to_string().ends_with("(expected at most 16384 bytes)"));
    let deep = format!("{}w_1{}", "if_w_gt_1/".repeat(11), "/if_end".repeat(11));
    assert!(Transformation::parse(&deep).unwrap_err().to_string().contains("at most 10 deep"));
    let deep = format!("{}w_1{}", "l_a/".repeat(11), "/fl_layer_apply".repeat(11));
    assert!(Transformation::parse(&deep).unwrap_err().to_string().contains("at most 10 deep"));
    let wide = format!("w_{}1", "1_add_".repeat(40));
    assert!(Transformation::parse(&wide).is_err());
    let params = vec!["e_sepia"; 65].join(",");
    assert!(Transformation::parse(&params).is_err());
}

#[test]
fn colours_have_values() {
    let rgba = |text: &str| Color::parse(text).unwrap().rgba();
    assert_eq!(rgba("red"), Some([255, 0, 0, 255]));
    assert_eq!(rgba("RebeccaPurple"), Some([0x66, 0x33, 0x99, 255]));
    assert_eq!(rgba("rgb:abc"), Some([0xaa, 0xbb, 0xcc, 255]));
    assert_eq!(rgba("rgb:abc8"), Some([0xaa, 0xbb, 0xcc, 0x88]));
    assert_eq!(rgba("rgb:01020304"), Some([1, 2, 3, 4]));
    assert_eq!(rgba("transparent"), Some([0, 0, 0, 0]));
    assert_eq!(rgba("auto"), None);
    assert!(Color::parse("rgb:12345").is_err());
    let names: Vec<_> = Color::names().collect();
    assert!(names.is_sorted() && names.len() >= 140);
}

#[test]
fn unpadded_addresses_are_the_same_as_padded_ones() {
    let padded = Layer::parse("fetch:aHR0cHM6Ly9hLmIvYw==");
    assert_eq!(padded, Ok(Layer::Fetch { video: false, url: "https://a.b/c".into() }));
    assert_eq!(Layer::parse("fetch:aHR0cHM6Ly9hLmIvYw"), padded);
    assert!(Layer::parse("fetch:*").is_err());
    assert!(Layer::parse("fetch:").is_err());
}

#[test]
fn levels_have_ranges_and_defaults() {
    let effective = |text: &str| match Effect::parse(text) {
        Ok(Effect::Level(level, written)) => level.effective(written),
        other => panic!("{other:?}"),
    };
    assert_eq!(effective("sepia"), Some(80.0));
    assert_eq!(effective("sepia:-10"), Some(1.0));
    assert_eq!(effective("sepia:50"), Some(50.0));
    assert_eq!(effective("pixelate"), None);
    for level in Level::ALL {
        let (least, most) = level.range();
        assert!(level.default().is_none_or(|default| (least..=most).contains(&default)), "{level}");
    }
}

#[test]
fn components_are_told_in_long_words() {
    let check = |text: &str, expected: &str| {
        let expected: Vec<serde_json::Value> = serde_json::from_str(expected).unwrap();
        assert_eq!(Eager::parse(text).unwrap().info(), expected, "{text}");
    };
    check("c_scale,w_100", r#"[{"crop": "scale", "width": 100}]"#);
    check(
        "$a_10,l_text:arial_20:hello,w_0.5/e_sepia:80,e_blur/",
        r#"[{"overlay": "text:arial_20:hello", "variables": [["$a", "10"]], "width": 0.5},
            {"effect": ["sepia:80", "blur"], "extension": "none"}]"#,
    );
    check(
        "if_w_gt_1/t_a.b,w_w_mul_2/if_else,fl_lossy.png8/if_end/jpg",
        r#"[{"if": "w_gt_1"}, {"transformation": ["a", "b"], "width": "w_mul_2"}, {"if": "else"},
            {"flags": ["lossy", "png8"]}, {"if": "end", "extension": "jpg"}]"#,
    );
}
