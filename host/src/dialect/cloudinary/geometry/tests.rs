use super::*;
use crate::dialect::cloudinary::transformation::Compass;

fn px(value: f64) -> Option<Length> {
    Some(Length::Pixels(value))
}

fn part(value: f64) -> Option<Length> {
    Some(Length::Fraction(value))
}

fn asked(crop: Crop, width: Option<Length>, height: Option<Length>) -> Resize {
    Resize { crop: Some(crop), width, height, ..Resize::default() }
}

/// The layout as text: `cut > scale > window > pad`, what is not done left out.
fn text(layout: &Layout) -> String {
    let size = |size: Size| format!("{}x{}", size.width, size.height);
    let rect = |rect: Rect| format!("{}+{}+{}", size(rect.size), rect.x, rect.y);
    let mut parts = Vec::new();
    parts.extend(layout.cut.map(|cut| format!("cut {}", rect(cut))));
    parts.push(size(layout.scale));
    parts.extend(layout.window.map(|window| format!("window {}", rect(window))));
    parts.extend(layout.pad.map(|pad| format!("pad {}+{}+{}", size(pad.canvas), pad.x, pad.y)));
    parts.join(", ")
}

fn check(input: (u32, u32), resize: Resize, expected: &str) {
    let layout = resize.layout(Size::new(input.0, input.1));
    assert_eq!(text(&layout), expected, "{input:?} {resize:?}");
}

#[test]
fn every_mode_into_a_smaller_square() {
    // 864 x 576 is 3:2. Into 300 x 300: fits by 300/864, covers by 300/576.
    let cases = [
        (Crop::Scale, "300x300"),
        (Crop::Fit, "300x200"),
        (Crop::Limit, "300x200"),
        (Crop::Mfit, "864x576"),
        (Crop::Fill, "450x300, window 300x300+75+0"),
        (Crop::Lfill, "450x300, window 300x300+75+0"),
        (Crop::Pad, "300x200, pad 300x300+0+50"),
        (Crop::Lpad, "300x200, pad 300x300+0+50"),
        (Crop::Mpad, "864x576"),
        // At most a quarter of the width is cut: 400 x 267, then 33 rows are missing.
        (Crop::FillPad, "400x267, window 300x267+50+0, pad 300x300+0+16"),
        (Crop::Crop, "864x576, window 300x300+282+138"),
        (Crop::Thumb, "cut 576x576+144+0, 300x300"),
        (Crop::Auto, "450x300, window 300x300+75+0"),
        (Crop::AutoPad, "400x267, window 300x267+50+0, pad 300x300+0+16"),
    ];
    for (crop, expected) in cases {
        check((864, 576), asked(crop, px(300.0), px(300.0)), expected);
    }
}

#[test]
fn every_mode_into_a_larger_rectangle() {
    // 100 x 50 into 400 x 300: fits by 4, covers by 6.
    let cases = [
        (Crop::Scale, "400x300"),
        (Crop::Fit, "400x200"),
        (Crop::Limit, "100x50"),
        (Crop::Mfit, "400x200"),
        (Crop::Fill, "600x300, window 400x300+100+0"),
        (Crop::Lfill, "100x50"),
        (Crop::Pad, "400x200, pad 400x300+0+50"),
        (Crop::Lpad, "100x50, pad 400x300+150+125"),
        (Crop::Mpad, "100x50, pad 400x300+150+125"),
        (Crop::FillPad, "533x267, window 400x267+66+0, pad 400x300+0+16"),
        (Crop::Crop, "100x50"),
        (Crop::Thumb, "cut 67x50+16+0, 400x300"),
        (Crop::Auto, "600x300, window 400x300+100+0"),
    ];
    for (crop, expected) in cases {
        check((100, 50), asked(crop, px(400.0), px(300.0)), expected);
    }
}

#[test]
fn modes_where_one_side_is_larger_and_one_smaller() {
    // 100 x 50 into 50 x 80.
    let cases = [
        (Crop::Fit, "50x25"),
        (Crop::Limit, "50x25"),
        (Crop::Mfit, "100x50"),
        (Crop::Fill, "160x80, window 50x80+55+0"),
        (Crop::Lfill, "100x50, window 50x50+25+0"),
        (Crop::Lpad, "50x25, pad 50x80+0+27"),
        (Crop::Mpad, "100x50, pad 100x80+0+15"),
        (Crop::Crop, "100x50, window 50x50+25+0"),
    ];
    for (crop, expected) in cases {
        check((100, 50), asked(crop, px(50.0), px(80.0)), expected);
    }
}

#[test]
fn one_side_alone_keeps_the_ratio() {
    for crop in [Crop::Scale, Crop::Fit, Crop::Limit, Crop::Fill, Crop::Pad, Crop::Lpad] {
        check((864, 576), asked(crop, px(100.0), None), "100x67");
        check((864, 576), asked(crop, None, px(100.0)), "150x100");
    }
    // The logo of the kit's documentation: 241 x 51 by 2.0 and to a width of 100.
    check((241, 51), asked(Crop::Scale, part(2.0), None), "482x102");
    check((241, 51), asked(Crop::Scale, px(100.0), None), "100x21");
    let keeps = Resize { ignore_aspect_ratio: true, ..asked(Crop::Scale, px(100.0), None) };
    check((241, 51), keeps, "100x51");
    check((241, 51), Resize::default(), "241x51");
    check((3, 1000), asked(Crop::Fit, px(100.0), px(100.0)), "1x100");
    check((1000, 3), asked(Crop::Scale, px(10.0), None), "10x1");
    check((10, 10), asked(Crop::Scale, px(0.0), px(0.4)), "1x1");
}

#[test]
fn relative_sizes_relate_to_the_input() {
    check((200, 100), asked(Crop::Scale, part(0.5), None), "100x50");
    check((200, 100), asked(Crop::Scale, part(0.5), part(1.0)), "100x100");
    check((200, 100), asked(Crop::Crop, part(0.5), part(0.3)), "200x100, window 100x30+50+35");
    check((200, 100), asked(Crop::Fill, part(1.0), px(200.0)), "400x200, window 200x200+100+0");
}

#[test]
fn device_pixel_ratio_multiplies_sides() {
    let twice = |resize: Resize| Resize { dpr: Some(2.0), ..resize };
    check((864, 576), twice(asked(Crop::Scale, px(100.0), None)), "200x133");
    check((864, 576), twice(asked(Crop::Fill, px(100.0), px(100.0))), "300x200, window 200x200+50+0");
    check((200, 100), twice(asked(Crop::Scale, part(0.5), None)), "200x100");
}

#[test]
fn aspect_ratios_compute_what_is_missing() {
    let ratio = |ratio: f64, resize: Resize| Resize { aspect_ratio: Some(ratio), ..resize };
    check((864, 576), ratio(1.0, asked(Crop::Fill, px(100.0), None)), "150x100, window 100x100+25+0");
    check((864, 576), ratio(2.0, asked(Crop::Fill, None, px(100.0))), "200x133, window 200x100+0+16");
    check((864, 576), ratio(16.0 / 9.0, asked(Crop::Crop, px(320.0), None)), "864x576, window 320x180+272+198");
    // Without sides: cut or padded to the ratio.
    check((864, 576), ratio(1.0, asked(Crop::Crop, None, None)), "864x576, window 576x576+144+0");
    check((864, 576), ratio(1.0, asked(Crop::Fill, None, None)), "864x576, window 576x576+144+0");
    check((864, 576), ratio(2.0, asked(Crop::Fill, None, None)), "864x576, window 864x432+0+72");
    check((864, 576), ratio(1.0, asked(Crop::Pad, None, None)), "864x576, pad 864x864+0+144");
    check((864, 576), ratio(2.0, asked(Crop::Pad, None, None)), "864x576, pad 1152x576+144+0");
    check((864, 576), ratio(1.0, asked(Crop::Scale, None, None)), "864x864");
    // Both sides given: they win.
    check((864, 576), ratio(3.0, asked(Crop::Scale, px(10.0), px(10.0))), "10x10");
}

#[test]
fn anchors_choose_what_is_kept() {
    let cases = [
        (Compass::NorthWest, 0, 0, 5, 7),
        (Compass::North, 40, 0, 45, 7),
        (Compass::NorthEast, 80, 0, 75, 7),
        (Compass::West, 0, 30, 5, 37),
        (Compass::Center, 40, 30, 45, 37),
        (Compass::East, 80, 30, 75, 37),
        (Compass::SouthWest, 0, 60, 5, 53),
        (Compass::South, 40, 60, 45, 53),
        (Compass::SouthEast, 80, 60, 75, 53),
    ];
    for (compass, x, y, offset_x, offset_y) in cases {
        let anchor = Some(Anchor::Compass(compass));
        let crop = Resize { anchor, ..asked(Crop::Crop, px(20.0), px(40.0)) };
        check((100, 100), crop, &format!("100x100, window 20x40+{x}+{y}"));
        let moved = Resize { x: px(5.0), y: px(7.0), ..crop };
        check((100, 100), moved, &format!("100x100, window 20x40+{offset_x}+{offset_y}"));
        let pad = Resize { crop: Some(Crop::Mpad), width: px(100.0), height: px(100.0), ..crop };
        check((20, 40), pad, &format!("20x40, pad 100x100+{x}+{y}"));
    }
}

#[test]
fn offsets_without_an_anchor_start_from_the_top_left_in_crop_alone() {
    let moved = |crop: Crop| Resize { x: px(10.0), ..asked(crop, px(50.0), px(50.0)) };
    check((200, 100), moved(Crop::Crop), "200x100, window 50x50+10+0");
    check((200, 100), moved(Crop::Fill), "100x50, window 50x50+35+0");
    let fraction = Resize { x: part(0.25), y: part(0.1), ..asked(Crop::Crop, px(50.0), px(50.0)) };
    check((200, 100), fraction, "200x100, window 50x50+50+10");
    let beyond = Resize { x: px(190.0), y: px(-9.0), ..asked(Crop::Crop, px(50.0), px(50.0)) };
    check((200, 100), beyond, "200x100, window 50x50+150+0");
}

#[test]
fn cuts_stand_around_points_and_regions() {
    let middle =
        Resize { anchor: Some(Anchor::XyCenter), x: px(60.0), y: px(50.0), ..asked(Crop::Crop, px(20.0), px(30.0)) };
    check((200, 100), middle, "200x100, window 20x30+50+35");
    // A face of 20 x 20 at 150, 20.
    let face = Rect { x: 150, y: 20, size: Size::new(20, 20) };
    let anchor = Some(Anchor::around(face, Size::new(200, 100)));
    check((200, 100), Resize { anchor, ..asked(Crop::Crop, px(40.0), px(40.0)) }, "200x100, window 40x40+140+10");
    check((200, 100), Resize { anchor, ..asked(Crop::Fill, px(50.0), px(50.0)) }, "100x50, window 50x50+50+0");
    let thumb = Resize { anchor, zoom: Some(1.0), ..asked(Crop::Thumb, px(100.0), px(100.0)) };
    check((200, 100), thumb, "cut 20x20+150+20, 100x100");
    check((200, 100), Resize { zoom: Some(0.5), ..thumb }, "cut 40x40+140+10, 100x100");
    check((200, 100), Resize { zoom: None, ..thumb }, "cut 29x29+146+16, 100x100");
    check((200, 100), Resize { zoom: Some(0.01), ..thumb }, "cut 100x100+100+0, 100x100");
    let closer = Resize { zoom: Some(2.0), ..asked(Crop::Thumb, px(50.0), px(50.0)) };
    check((200, 100), closer, "cut 50x50+75+25, 50x50");
}

#[test]
fn results_have_the_asked_size_and_stay_within_the_input() {
    let sides = [1.0, 2.0, 3.0, 7.0, 99.0, 100.0, 101.0, 333.0];
    for input in [(1, 1), (1, 1000), (1000, 1), (3, 7), (100, 99), (641, 427)] {
        for (width, height) in sides.iter().flat_map(|width| sides.map(|height| (*width, height))) {
            for crop in Crop::ALL {
                let layout = asked(*crop, px(width), px(height)).layout(Size::new(input.0, input.1));
                let size = (f64::from(layout.size().width), f64::from(layout.size().height));
                let context = format!("{input:?} {crop} {width} {height}: {}", text(&layout));
                match crop {
                    Crop::Scale | Crop::Fill | Crop::Pad | Crop::Lpad | Crop::Thumb | Crop::Auto | Crop::FillPad => {
                        assert_eq!(size, (width, height), "{context}");
                    }
                    Crop::Fit => {
                        assert!(size.0 <= width && size.1 <= height, "{context}");
                        assert!(size.0 == width || size.1 == height, "{context}");
                    }
                    Crop::Limit | Crop::Lfill | Crop::Crop => {
                        assert!(size.0 <= width && size.1 <= height, "{context}");
                        assert!(size.0 <= f64::from(input.0) && size.1 <= f64::from(input.1), "{context}");
                    }
                    _ => assert!(size.0 >= 1.0 && size.1 >= 1.0, "{context}"),
                }
                let inside = |rect: Rect, size: Size| {
                    rect.x + rect.size.width <= size.width && rect.y + rect.size.height <= size.height
                };
                assert!(layout.cut.is_none_or(|cut| inside(cut, Size::new(input.0, input.1))), "{context}");
                assert!(layout.window.is_none_or(|window| inside(window, layout.scale)), "{context}");
                let image = layout.window.map_or(layout.scale, |window| window.size);
                let placed = |pad: Pad| Rect { x: pad.x, y: pad.y, size: image };
                assert!(layout.pad.is_none_or(|pad| inside(placed(pad), pad.canvas)), "{context}");
            }
        }
    }
}

#[test]
fn extreme_values_saturate() {
    for value in [f64::INFINITY, f64::NAN, -1.0, 1e300] {
        for crop in Crop::ALL {
            let resize = Resize { x: px(value), dpr: Some(2.0), ..asked(*crop, px(value), px(value)) };
            assert!(resize.layout(Size::new(100, 50)).size().width >= 1, "{crop} {value}");
        }
    }
}

#[test]
fn canvases_grow_where_layers_reach_outside() {
    let base = Size::new(100, 50);
    let layer = Size::new(20, 10);
    let at = |compass: Compass, x: f64, y: f64, stay: bool| {
        let canvas = place_layer(base, layer, Anchor::Compass(compass), Offset { x, y }, stay);
        (canvas.size.width, canvas.size.height, canvas.base, canvas.layer)
    };
    assert_eq!(at(Compass::Center, 0.0, 0.0, false), (100, 50, (0, 0), (40, 20)));
    assert_eq!(at(Compass::SouthEast, 5.0, 5.0, false), (100, 50, (0, 0), (75, 35)));
    assert_eq!(at(Compass::NorthWest, -8.0, 3.0, false), (108, 50, (8, 0), (0, 3)));
    assert_eq!(at(Compass::South, 0.0, -10.0, false), (100, 60, (0, 0), (40, 50)));
    assert_eq!(at(Compass::NorthWest, -8.0, 3.0, true), (100, 50, (0, 0), (-8, 3)));
    let huge = place_layer(base, layer, Anchor::NORTH_WEST, Offset { x: -1e300, y: f64::NAN }, false);
    assert!(huge.size.width > 1_000_000 && huge.size.height == 50);
    let larger = place_layer(base, Size::new(300, 10), Anchor::CENTER, Offset::default(), false);
    assert_eq!((larger.size, larger.base, larger.layer), (Size::new(300, 50), (100, 0), (0, 20)));
}

#[test]
fn turns_grow_the_canvas() {
    // The logo of the kit's tests, 241 x 51, is 206 wide after a turn by 45 degrees.
    assert_eq!(turned(Size::new(241, 51), 45.0), Size::new(206, 206));
    assert_eq!(turned(Size::new(241, 51), -90.0), Size::new(51, 241));
    assert_eq!(turned(Size::new(241, 51), 360.0), Size::new(241, 51));
    assert_eq!(turned(Size::new(1, 1), 10.0), Size::new(1, 1));
}
