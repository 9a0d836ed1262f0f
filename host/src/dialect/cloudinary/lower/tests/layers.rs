//! Layers, their steps and their places.

use super::*;

/// The last step without its picture, and that picture.
fn laid(text: &str) -> (String, Value, Value) {
    let (name, mut params) = steps(text, 400, 300).pop().unwrap();
    let image = params.as_object_mut().unwrap().remove("image").unwrap_or_default();
    (name, params, image)
}

fn check(text: &str, name: &str, params: Value) {
    let made = laid(text);
    assert_eq!((made.0.as_str(), &made.1), (name, &params), "{text}");
}

#[test]
fn layers_lie_where_gravity_says() {
    let over = |more: Value| {
        let mut params = json!({ "canvas": "grow" });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    };
    check("l_a", "composite", over(json!({ "gravity": "center" })));
    check("g_south_east,l_a,x_5,y_-8", "composite", over(json!({ "gravity": "south_east", "x": 5, "y": -8 })));
    check("g_west,l_a,x_0.25", "composite", over(json!({ "gravity": "west", "x": "25%" })));
    check("g_xy_center,l_a,x_100,y_100", "composite", over(json!({ "gravity": "north_west", "x": 80, "y": 85 })));
    let text = json!({ "gravity": "center", "x": -100, "y": -50 });
    check("g_xy_center,l_text:Arial_20:Hi,x_100,y_100", "composite", over(text));
    check("fl_no_overflow,l_a", "composite", json!({ "canvas": "keep", "gravity": "center" }));
    check("u_a", "underlay", over(json!({ "gravity": "center" })));
    check("fl_tiled,l_a", "tile", json!({}));
    check("e_multiply,fl_tiled,l_a,x_5", "tile", json!({ "blend": "multiply", "x": 5 }));
    check("fl_cutter,l_a", "cutter", json!({ "mode": "keep", "gravity": "center" }));
    check("l_a/e_cut_out,fl_layer_apply", "cutter", json!({ "mode": "remove", "gravity": "center" }));
    check("l_a/e_mask,fl_layer_apply", "mask", json!({ "gravity": "center" }));
    check("l_a/e_displace,fl_layer_apply,x_5,y_-8", "displace", json!({ "x_px": 5.0, "y_px": -8.0 }));
    check("fl_replace_image,l_a", "composite", over(json!({ "blend": "src", "outside": "keep", "gravity": "center" })));
}

#[test]
fn a_layer_has_steps_of_its_own() {
    let asset = json!({ "asset": "a" });
    assert_eq!(laid("l_folder:logo").2, asset);
    let (_, _, image) = laid("l_a,w_20,o_50");
    let resize = json!({ "transform": "resize", "params": { "width": 20, "height": 15, "mode": "exact" } });
    let opacity = json!({ "transform": "opacity", "params": { "opacity": 0.5 } });
    assert_eq!(image, json!({ "made": { "source": asset, "steps": [resize, opacity] } }));
    let (_, _, image) = laid("l_a/c_scale,fl_relative,w_0.5/fl_layer_apply");
    let resize = json!({ "transform": "resize", "params": { "width": 200, "height": 150, "mode": "exact" } });
    assert_eq!(image["made"]["steps"], json!([resize]));
    let (_, _, image) = laid("l_fetch:aHR0cHM6Ly94LnRlc3QvYS5wbmc/fl_layer_apply");
    assert_eq!(image, json!({ "url": "https://x.test/a.png" }));
    let (_, _, image) = laid("l_a/dn_72,pg_3/fl_layer_apply");
    assert_eq!(image, json!({ "made": { "source": { "asset": "a", "page": 3, "dpi": 72.0 }, "steps": [] } }));
}

#[test]
fn layers_stand_in_layers() {
    let (_, _, image) = laid("l_a/l_b/e_sepia/fl_layer_apply,g_north/fl_layer_apply");
    let inner = &image["made"]["steps"][0];
    assert_eq!((&inner["transform"], &inner["params"]["gravity"]), (&json!("composite"), &json!("north")));
    let inner = &inner["params"]["image"]["made"]["steps"];
    assert_eq!(*inner, json!([{ "transform": "sepia", "params": { "amount": 0.8 } }]));
}

#[test]
fn texts_are_drawn() {
    let (_, _, image) = laid("co_blue,l_text:Arial_20_bold:Hi%20there,w_100,c_fit,h_50");
    let text = &image["made"]["steps"][0];
    assert_eq!(text["transform"], "text_image");
    assert_eq!(
        text["params"],
        json!({
            "text": "Hi there", "font": "Arial", "size_px": 20.0, "weight": 700, "color": "blue",
            "max_width": 100, "max_height": 50, "overflow": "ellipsis",
        })
    );
    assert_eq!(image["made"]["steps"].as_array().unwrap().len(), 1);
    let (_, _, image) = laid("bo_3px_solid_red,l_text:Arial_20_stroke:Hi/a_10/fl_layer_apply");
    let steps = image["made"]["steps"].as_array().unwrap();
    assert_eq!((&steps[0]["params"]["stroke_color"], &steps[1]["transform"]), (&json!("red"), &json!("rotate")));
    let (_, _, image) = laid("bo_3px_solid_red,l_text:Arial_20:Hi");
    assert_eq!(image["made"]["steps"][1]["transform"], "border");
}

#[test]
fn tables_change_colours() {
    let made = steps("l_lut:film.cube/fl_layer_apply", 400, 300);
    assert_eq!(made, [step("lut", json!({ "cube": "LUT_1D_SIZE 2\n0 0 0\n1 1 1" }))]);
    // And nothing of the size, which is still known.
    let made = steps("l_lut:film.cube/c_scale,w_200", 400, 300);
    assert_eq!(made[1].1, json!({ "width": 200, "height": 150, "mode": "exact" }));
}

#[test]
fn blobs_of_layers_are_told() {
    let mut lowered = lowered("l_a", 400, 300);
    let blob = |sha: &str| crate::job::ImageRef::from(ImageSource::Blob(sha.into())).to_value();
    lowered.steps[0].params["image"] = blob("one");
    let nested = json!({ "made": { "source": { "blob": "two" }, "steps": [
        { "transform": "composite", "params": { "image": blob("three") } }
    ] } });
    lowered
        .steps
        .push(Step { transform: "mask".into(), params: json!({ "image": nested }).as_object().unwrap().clone() });
    assert_eq!(lowered.blobs(), ["one", "three", "two"]);
    assert!(!lowered.fetches());
    assert!(super::lowered("l_a/l_fetch:aHR0cHM6Ly94LnRlc3QvYS5wbmc/fl_layer_apply/fl_layer_apply", 4, 3).fetches());
}
