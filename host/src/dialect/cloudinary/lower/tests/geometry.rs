//! Sizes, cuts, pads, corners and turns.

use super::*;

fn resize(width: u32, height: u32) -> (String, Value) {
    step("resize", json!({ "width": width, "height": height, "mode": "exact" }))
}

fn crop(x: u32, y: u32, width: u32, height: u32) -> (String, Value) {
    step("crop", json!({ "x": x, "y": y, "width": width, "height": height }))
}

#[test]
fn modes_become_whole_pixels() {
    let check = |text: &str, expected: &[(String, Value)]| assert_eq!(steps(text, 400, 300), expected, "{text}");
    check("c_scale,w_200", &[resize(200, 150)]);
    check("w_200,h_200", &[resize(200, 200)]);
    check("c_fit,h_200,w_200", &[resize(200, 150)]);
    check("c_limit,h_500,w_500", &[]);
    check("c_fill,h_200,w_200", &[resize(267, 200), crop(33, 0, 200, 200)]);
    check("c_fill,g_north_west,h_200,w_200", &[resize(267, 200), crop(0, 0, 200, 200)]);
    check("c_fill,g_east,h_300,w_300", &[crop(100, 0, 300, 300)]);
    check("c_crop,h_50,w_100,x_10,y_20", &[crop(10, 20, 100, 50)]);
    check("c_crop,g_center,h_100,w_100", &[crop(150, 100, 100, 100)]);
    check("c_thumb,g_north,h_100,w_200", &[crop(0, 0, 400, 200), resize(200, 100)]);
    let auto = step("crop", json!({ "width": 200, "height": 200, "gravity": "auto" }));
    check("c_fill,g_auto,h_200,w_200", &[resize(267, 200), auto]);
    check("c_scale,g_liquid,h_300,w_350", &[step("liquid_rescale", json!({ "width": 350, "height": 300 }))]);
}

#[test]
fn pads_take_the_background() {
    let pad = |more: Value| {
        let mut params = json!({ "left": 0, "top": 25, "right": 0, "bottom": 25 });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        step("pad", params)
    };
    let check = |text: &str, expected: &[(String, Value)]| assert_eq!(steps(text, 400, 300), expected, "{text}");
    check("c_pad,h_200,w_200", &[resize(200, 150), pad(json!({}))]);
    check("b_auto,c_pad,h_200,w_200", &[resize(200, 150), pad(json!({ "backdrop": "border_color" }))]);
    let red = json!({ "background": "red" });
    let behind = step("background", json!({ "color": "red" }));
    check("b_red,c_pad,h_200,w_200", &[resize(200, 150), pad(red), behind]);
    let blurred = json!({ "backdrop": "blurred", "blur_sigma_px": 5.0, "blur_brightness": -0.5 });
    check("b_blurred:100:-150,c_pad,h_200,w_200", &[resize(200, 150), pad(blurred)]);
}

#[test]
fn sizes_behind_a_trim_are_left_to_the_transforms() {
    let behind = |text: &str| steps(&format!("e_trim/{text}"), 400, 300).split_off(1);
    let check = |text: &str, name: &str, params: Value| assert_eq!(behind(text), [step(name, params)], "{text}");
    check("c_scale,w_100", "resize", json!({ "width": 100, "mode": "exact" }));
    check("c_scale,w_0.5,h_0.25", "resize", json!({ "width": "50%", "height": "25%", "mode": "exact" }));
    check("c_fit,dpr_2.0,h_100,w_100", "resize", json!({ "width": 200, "height": 200, "mode": "fit" }));
    check("c_mfit,w_100", "resize", json!({ "width": 100, "mode": "fit", "only": "enlarge" }));
    let fill = json!({ "width": 100, "height": 50, "mode": "fill", "gravity": "east" });
    check("c_fill,g_east,h_50,w_100", "resize", fill);
    check("c_lfill,w_100,h_50", "resize", json!({ "width": 100, "height": 50, "mode": "fill", "only": "shrink" }));
    check("ar_1.0,c_fill", "crop", json!({ "aspect_ratio": 1.0 }));
    check("c_crop,h_10,w_20,x_3,y_4", "crop", json!({ "width": 20, "height": 10, "x": 3, "y": 4 }));
    let point = json!({ "width": 20, "height": 10, "gravity": "point", "x": 3, "y": 4 });
    check("c_crop,g_xy_center,h_10,w_20,x_3,y_4", "crop", point);
    check("c_scale,fl_ignore_aspect_ratio,w_9", "resize", json!({ "width": 9, "height": "100%", "mode": "exact" }));
    let padded = behind("b_white,c_pad,h_100,w_100");
    assert_eq!(padded[0], step("resize", json!({ "width": 100, "height": 100, "mode": "fit" })));
    let pad = json!({ "width": 100, "height": 100, "if_larger": "grow", "background": "white" });
    assert_eq!(padded[1], step("pad", pad));
}

#[test]
fn corners_borders_and_turns() {
    let check = |text: &str, name: &str, params: Value| {
        assert_eq!(steps(text, 400, 300), [step(name, params)], "{text}");
    };
    let corners = |radii: [u32; 4]| {
        let [radius, top_right, bottom_right, bottom_left] = radii;
        json!({ "radius": radius, "top_right": top_right, "bottom_right": bottom_right, "bottom_left": bottom_left })
    };
    check("r_20", "rounded_corners", corners([20; 4]));
    check("r_20:10", "rounded_corners", corners([20, 10, 20, 10]));
    check("r_20:10:5", "rounded_corners", corners([20, 10, 5, 10]));
    check("r_20:10:5:0", "rounded_corners", corners([20, 10, 5, 0]));
    check("r_max", "rounded_corners", json!({ "shape": "ellipse" }));
    check("bo_5px_solid_rgb:00f", "border", json!({ "width_px": 5, "color": "#0000ff" }));
    check("bo_5px_solid_red,r_9", "border", json!({ "width_px": 5, "color": "red", "radius_px": [9.0] }));
    check("bo_5px_solid_red,r_max", "border", json!({ "width_px": 5, "color": "red", "ellipse": true }));
    check("a_90", "rotate", json!({ "angle_deg": 90.0 }));
    check("a_hflip", "flip", json!({ "direction": "horizontal" }));
    check("o_30", "opacity", json!({ "opacity": 0.3 }));
    check("b_rgb:ff880080", "background", json!({ "color": "#ff880080" }));
    assert_eq!(steps("a_360/a_exif/bo_0px_solid_red/b_transparent", 400, 300), []);
    let turned = steps("a_auto_right,c_fill,h_400,w_300", 400, 300);
    assert_eq!(turned, [step("rotate", json!({ "angle_deg": 90.0 }))]);
}
