//! Letters: where they stand, how lines break, what styles do.

use std::time::{Duration, Instant};

use safelight_sdk::PixelFormat::{Gray8, Rgb8, Rgba8};
use safelight_sdk::{Image, Size};

use super::{gray, run};
use crate::PLUGIN;

fn fonts() {
    safelight_sdk::fonts::provide(safelight_fonts::all());
}

/// Runs a transform with fonts at hand.
fn write(transform: &str, params: &str, image: Image) -> Image {
    fonts();
    run(transform, params, image)
}

/// White text on black, 400 x 200 pixels.
fn text(params: &str) -> Image {
    write("text", params, gray(400, 200, 0))
}

fn picture(params: &str) -> Image {
    write("text_image", params, Image::new(0, 0, Rgba8, Vec::new()))
}

fn refusal(transform: &str, params: &str) -> String {
    fonts();
    super::refusal(transform, params)
}

fn ink(image: &Image) -> f64 {
    image.pixels.iter().map(|value| f64::from(*value)).sum::<f64>() / 255.0
}

/// The box of all that is not black: left, top, right, bottom.
fn bounds(image: &Image) -> (usize, usize, usize, usize) {
    let mut found = (usize::MAX, usize::MAX, 0, 0);
    for (y, row) in image.rows().enumerate() {
        for (x, value) in row.iter().enumerate().filter(|(_, value)| **value > 8) {
            let _ = value;
            found = (found.0.min(x), found.1.min(y), found.2.max(x + 1), found.3.max(y + 1));
        }
    }
    found
}

/// Runs of rows with ink: lines of text, as long as no letter comes in parts.
fn bands(image: &Image) -> usize {
    let inked: Vec<bool> = image.rows().map(|row| row.iter().any(|value| *value > 40)).collect();
    inked.windows(2).filter(|pair| !pair[0] && pair[1]).count() + usize::from(inked[0])
}

#[test]
fn gravity_puts_the_text_at_its_side_and_offsets_go_inwards() {
    let at = |gravity: &str, x: i32| bounds(&text(&format!(r#"{{"text": "HHH", "gravity": "{gravity}", "x": {x}}}"#)));
    let (left, top, right, bottom) = at("north_west", 0);
    assert!(left < 6 && top < 20 && right < 100 && bottom < 45, "{left} {top} {right} {bottom}");
    let moved = at("north_west", 10);
    assert_eq!((moved.0, moved.2), (left + 10, right + 10));
    let east = at("south_east", 0);
    assert!(east.2 > 390 && east.3 > 180, "{east:?}");
    assert_eq!(at("south_east", 10).2, east.2 - 10);
    let middle = at("center", 0);
    assert!((middle.0 as i32 - (400 - middle.2 as i32)).abs() <= 1, "{middle:?}");
    assert_eq!(at("center", 10).0, middle.0 + 10);
}

#[test]
fn the_size_is_that_of_the_em_square() {
    // Capital letters of Noto Sans are 0.714 of the em square high (OS/2 sCapHeight 714 of 1000).
    let (_, top, _, bottom) = bounds(&text(r#"{"text": "H", "size_px": 100}"#));
    assert!((71..=72).contains(&(bottom - top)), "{}", bottom - top);
}

#[test]
fn weight_style_and_family_change_the_letters() {
    let plain = text(r#"{"text": "Handgloves"}"#);
    let with = |more: &str| text(&format!(r#"{{"text": "Handgloves", {more}}}"#));
    assert!(ink(&with(r#""weight": 700"#)) > 1.2 * ink(&plain));
    assert_eq!(with(r#""font": "Arial-Bold""#).pixels, with(r#""weight": 700"#).pixels);
    assert_ne!(with(r#""style": "italic""#).pixels, plain.pixels);
    assert_eq!(with(r#""font": "NotoSans""#).pixels, plain.pixels);
    assert_eq!(with(r#""font": "No Such Font""#).pixels, plain.pixels);
    assert_ne!(with(r#""font": "Times New Roman""#).pixels, plain.pixels);
    // Letters of a monospaced font are all as wide.
    let width = |text: &str| {
        let made = picture(&format!(r#"{{"text": "{text}", "font": "Courier", "trim": false}}"#));
        made.width
    };
    assert_eq!(width("iiiiii"), width("MMMMMM"));
    assert_eq!(
        refusal("text", r#"{"text": "a", "font": "No Such Font", "missing_font": "refuse"}"#),
        r#"font: is "No Such Font", expected a font that is there"#
    );
}

#[test]
fn a_style_that_a_family_lacks_is_made() {
    let plain = text(r#"{"text": "\u263a\u2600", "font": "NotoEmoji", "size_px": 60}"#);
    let bold = text(r#"{"text": "\u263a\u2600", "font": "NotoEmoji", "size_px": 60, "weight": 700}"#);
    // Emoji are left as they are; there is no other family without a bold style.
    assert_eq!(plain.pixels, bold.pixels);
}

#[test]
fn stroke_shadow_and_decoration_add_ink_where_they_say() {
    let plain = text(r#"{"text": "Hello", "size_px": 60}"#);
    let with = |more: &str| text(&format!(r#"{{"text": "Hello", "size_px": 60, {more}}}"#));
    let (left, top, right, bottom) = bounds(&plain);
    let stroked = with(r#""stroke_color": "white", "stroke_width_px": 4"#);
    assert!(ink(&stroked) > 1.2 * ink(&plain));
    let around = bounds(&stroked);
    assert!(around.0.abs_diff(left - 2) <= 1 && around.1.abs_diff(top - 2) <= 1, "{around:?}");
    assert!(around.2.abs_diff(right + 2) <= 1 && around.3.abs_diff(bottom + 2) <= 1, "{around:?}");
    let shadow = bounds(&with(r##""shadow_color": "#404040", "shadow_x_px": -7, "shadow_y_px": 5"##));
    assert_eq!(shadow, (left - 7, top, right, bottom + 5));
    let under = bounds(&with(r#""decoration": "underline""#));
    assert!(under.3 > bottom && under.0 <= left, "{under:?}");
    let through = with(r#""decoration": "strikethrough""#);
    assert!(ink(&through) > ink(&plain));
    assert_eq!(bounds(&through).3, bottom);
}

#[test]
fn spacing_and_stretch_widen_the_text_evenly() {
    let width = |more: &str| {
        let made = picture(&format!(r#"{{"text": "abcde", "size_px": 50, "trim": false, {more}}}"#));
        made.width as i32
    };
    let plain = width(r#""stretch": 1"#);
    assert_eq!(width(r#""letter_spacing_px": 10"#), plain + 40);
    assert!((width(r#""stretch": 2"#) - 2 * plain).abs() <= 1);
    let kerned = |kerning: bool| {
        picture(&format!(r#"{{"text": "AVAVAV", "font": "DejaVuSans", "kerning": {kerning}, "trim": false}}"#)).width
    };
    assert!(kerned(true) < kerned(false));
}

#[test]
fn opacity_and_antialias_do_what_they_say() {
    let plain = text(r#"{"text": "HH"}"#);
    let half = text(r#"{"text": "HH", "opacity": 0.5}"#);
    assert!((ink(&half) * 2.0 - ink(&plain)).abs() < 0.01 * ink(&plain));
    let hard = text(r#"{"text": "Sg", "antialias": false}"#);
    assert!(hard.pixels.iter().all(|value| [0, 255].contains(value)));
    // A stroke over letters does not show through itself.
    let both = text(r#"{"text": "HH", "opacity": 0.5, "stroke_color": "white", "stroke_width_px": 3}"#);
    assert!(both.pixels.iter().all(|value| *value <= 128));
}

#[test]
fn an_angle_turns_the_text_around_its_middle() {
    let flat = bounds(&text(r#"{"text": "HHHH"}"#));
    let up = bounds(&text(r#"{"text": "HHHH", "angle_deg": 90}"#));
    assert!((up.2 - up.0).abs_diff(flat.3 - flat.1) <= 1, "{flat:?} {up:?}");
    assert!((up.3 - up.1).abs_diff(flat.2 - flat.0) <= 1);
    assert!(((up.1 + up.3) as i32 - 200).abs() <= 2, "{up:?}");
}

#[test]
fn colours_make_a_gray_picture_coloured_and_gray_ones_do_not() {
    let made = text(r#"{"text": "Hi", "color": "silver", "shadow_color": "black"}"#);
    assert_eq!(made.format, Gray8);
    assert_eq!(text(r#"{"text": "Hi", "color": "red"}"#).format, Rgb8);
    let clear = Image::filled(Size::new(100, 60), Rgba8, &[0; 4]);
    let made = write("text", r#"{"text": "Hi", "color": "red"}"#, clear);
    // No dark fringe: all ink is red, more or less of it.
    let mut inked = made.pixels.as_chunks::<4>().0.iter().filter(|pixel| pixel[3] > 0).peekable();
    assert!(inked.peek().is_some());
    assert!(inked.all(|pixel| pixel[..3] == [255, 0, 0]));
}

#[test]
fn hebrew_runs_from_right_to_left_and_arabic_letters_join() {
    let alone = |letter: &str| picture(&format!(r#"{{"text": "{letter}", "size_px": 60, "background": "white"}}"#));
    // Lamed is the only letter of these that rises above the others: it is last, so on the left.
    let made = alone("\u{5d0}\u{5d1}\u{5dc}");
    let top: Vec<usize> = (0..made.width as usize).filter(|x| made.pixel(*x as u32, 1)[0] < 128).collect();
    assert!(!top.is_empty() && top.iter().all(|x| *x < made.width as usize / 2), "{top:?} of {}", made.width);
    // Between Latin letters, the order is that of the paragraph.
    let width = |text: &str| picture(&format!(r#"{{"text": "{text}", "size_px": 60, "trim": false}}"#)).width;
    // Beh three times: joined forms are narrower than three single ones.
    assert!(width("\u{628}\u{628}\u{628}") < 3 * width("\u{628}") - 20);
    // With letters apart they are still there.
    assert!(width("\u{627}") > 5);
}

#[test]
fn start_is_on_the_right_for_text_from_right_to_left() {
    let place = |text: &str, align: &str| {
        let params = format!(r#"{{"text": "{text}", "size_px": 20, "align": "{align}"}}"#);
        bounds(&write("caption", &params, gray(400, 100, 0)))
    };
    assert!(place("abc", "start").0 < 5 && place("abc", "end").2 > 395);
    let hebrew = "\u{5d0}\u{5d1}\u{5d2}";
    assert!(place(hebrew, "start").2 > 395 && place(hebrew, "end").0 < 5);
    assert!(place(hebrew, "left").0 < 5 && place("abc", "right").2 > 395);
    let middle = place("abc", "center");
    assert!((middle.0 as i32 + middle.2 as i32 - 400).abs() <= 3, "{middle:?}");
}

#[test]
fn letters_that_a_font_lacks_come_from_others() {
    // Noto Sans of the default set has no Arabic, no Georgian, no emoji.
    let missing = picture(r#"{"text": "\ue000", "size_px": 60}"#);
    for letter in ["\u{639}", "\u{10d0}", "\u{1f600}", "\u{5d0}", "\u{2603}", "\u{531}"] {
        let made = picture(&format!(r#"{{"text": "{letter}", "size_px": 60}}"#));
        assert_ne!(made, missing, "{letter}");
    }
    // A letter with an accent set apart stands as the letter with the accent.
    assert_eq!(picture(r#"{"text": "e\u0301"}"#), picture(r#"{"text": "\u00e9"}"#));
    // Blanks are those of the font, beside letters of another too.
    let width = |text: &str| picture(&format!(r#"{{"text": "{text}", "size_px": 60, "trim": false}}"#)).width;
    let blank = width("a a") - width("aa");
    assert!((width("\u{1f600} a") - width("\u{1f600}a")).abs_diff(blank) <= 1);
    // A sequence of emoji has no box for the joiner.
    let heart = picture(r#"{"text": "\u2764\ufe0f", "size_px": 60}"#);
    assert!(heart.width > 30 && heart.width < 90, "{}", heart.width);
}

#[test]
fn captions_break_between_words_and_grow_to_the_box() {
    let words = "one two three four five six seven eight nine ten";
    let caption = |more: &str| write("caption", &format!(r#"{{"text": "{words}", {more}}}"#), gray(300, 200, 0));
    let narrow = caption(r#""size_px": 20, "width": 120"#);
    let (left, _, right, _) = bounds(&narrow);
    assert!(left >= 90 && right <= 210, "{left} {right}");
    assert!(bands(&narrow) >= 4, "{}", bands(&narrow));
    assert_eq!(bands(&caption(r#""size_px": 10"#)), 1);
    assert_eq!(caption(r#""size_px": 20, "width_fraction": 0.4"#).pixels, narrow.pixels);
    // Without a size it fills the box, and stays in it.
    let grown = caption(r#""width": 280, "height": 150"#);
    let (left, top, right, bottom) = bounds(&grown);
    assert!(left >= 10 && right <= 290 && top >= 25 && bottom <= 175, "{left} {top} {right} {bottom}");
    assert!(ink(&grown) > 2.0 * ink(&narrow));
    // Twice as large a box, twice as large letters.
    let large = write("caption", &format!(r#"{{"text": "{words}"}}"#), gray(600, 400, 0));
    let small = write("caption", &format!(r#"{{"text": "{words}"}}"#), gray(300, 200, 0));
    assert!((ink(&large) / ink(&small) - 4.0).abs() < 0.3, "{}", ink(&large) / ink(&small));
}

#[test]
fn what_does_not_fit_stands_out_is_cut_or_refused() {
    let params = |overflow: &str| {
        format!(
            r#"{{"text": "aaa bbb ccc ddd eee fff", "size_px": 20, "width": 50, "height": 60, "vertical_align": "top",
            "gravity": "north_west", "overflow": "{overflow}"}}"#
        )
    };
    let visible = write("caption", &params("visible"), gray(100, 300, 0));
    assert_eq!(bands(&visible), 6);
    let cut = write("caption", &params("ellipsis"), gray(100, 300, 0));
    let (_, _, right, bottom) = bounds(&cut);
    assert_eq!(bands(&cut), 2);
    assert!(right <= 51 && bottom <= 60, "{right} {bottom}");
    assert_eq!(refusal("caption", &params("refuse")), "text: its lines are 164 px high, expected at most 60 px");
    assert_eq!(
        refusal("caption", r#"{"text": "a", "width": 5, "width_fraction": 0.5}"#),
        "width_fraction: is 0.5 beside width 5, expected only one of them"
    );
}

#[test]
fn a_word_wider_than_the_box_is_broken_and_lines_can_be_justified() {
    let params = r#"{"text": "mmmmmmmmmmmmmmmmmmmm", "size_px": 20, "width": 60}"#;
    let made = write("caption", params, gray(100, 300, 0));
    let (left, _, right, _) = bounds(&made);
    assert!(bands(&made) > 4 && left >= 19 && right <= 81, "{left} {right}");
    let params = r#"{"text": "aa bb cc dd ee ff gg hh", "size_px": 20, "width": 100, "align": "justify",
        "gravity": "north_west", "vertical_align": "top"}"#;
    let made = write("caption", params, gray(200, 200, 0));
    let edges: Vec<usize> = [5, 32]
        .map(|top| {
            let rows = made.rows().skip(top).take(18);
            rows.filter_map(|row| row.iter().rposition(|value| *value > 40)).max().unwrap_or(0)
        })
        .to_vec();
    assert!(edges.iter().all(|edge| (97..=100).contains(edge)), "{edges:?}");
}

#[test]
fn line_spacing_moves_lines_and_backgrounds_fill_the_box() {
    let height = |more: &str| picture(&format!(r#"{{"text": "a\nb\nc", "trim": false, {more}}}"#)).height;
    assert_eq!(height(r#""line_spacing_px": 10"#), height(r#""line_spacing_px": 0"#) + 20);
    let params = r#"{"text": "i", "size_px": 20, "width": 60, "height": 40, "background": "gray", "padding_px": 4}"#;
    let made = write("caption", params, gray(100, 80, 0));
    assert_eq!(bounds(&made), (20, 20, 80, 60));
}

#[test]
fn a_text_image_is_as_large_as_its_ink_or_its_lines() {
    let trimmed = picture(r#"{"text": "Hello", "size_px": 40}"#);
    assert_eq!(trimmed.format, Rgba8);
    let alpha = |x: u32, y: u32| trimmed.pixel(x, y)[3];
    let (right, bottom) = (trimmed.width - 1, trimmed.height - 1);
    assert!((0..=bottom).any(|y| alpha(0, y) > 0) && (0..=bottom).any(|y| alpha(right, y) > 0));
    assert!((0..=right).any(|x| alpha(x, 0) > 0) && (0..=right).any(|x| alpha(x, bottom) > 0));
    let whole = picture(r#"{"text": "Hello", "size_px": 40, "trim": false}"#);
    // Ascent 1069 and descent 293 of 1000.
    assert_eq!(whole.height, 55);
    assert!(whole.width >= trimmed.width && whole.height > trimmed.height);
    let padded = picture(r#"{"text": "Hello", "size_px": 40, "padding_px": 5, "background": "white"}"#);
    assert_eq!((padded.format, padded.size()), (Gray8, Size::new(trimmed.width + 10, trimmed.height + 10)));
    assert_eq!(picture(r#"{"text": "Hi", "background": "red"}"#).format, Rgb8);
    let wrapped = picture(r#"{"text": "aaa bbb ccc", "size_px": 40, "max_width": 100}"#);
    assert!(wrapped.width <= 100 && wrapped.height > 80);
    // Shadow and stroke are inside.
    let more =
        picture(r#"{"text": "Hello", "size_px": 40, "shadow_color": "black", "shadow_x_px": 9, "shadow_y_px": 0}"#);
    assert_eq!(more.width, trimmed.width + 9);
    let blank = picture(r#"{"text": " ", "size_px": 40}"#);
    assert_eq!(blank.height, 55);
}

#[test]
fn refusals_say_what_was_expected() {
    assert_eq!(refusal("text", "{}"), "text: is empty, expected 1 to 4096 characters");
    let long = format!(r#"{{"text": "{}"}}"#, "a".repeat(4097));
    assert!(refusal("text", &long).ends_with("expected a string of at most 4096 characters"));
    let nothing = || Image::new(0, 0, Rgba8, Vec::new());
    fonts();
    let wide = format!(r#"{{"text": "{}", "size_px": 2000}}"#, "W".repeat(60));
    let refused = PLUGIN.run("text_image", &wide, nothing()).expect_err("a refusal").to_string();
    assert!(refused.ends_with("px, over the limit of 65535 px a side"), "{refused}");
    let params = r#"{"text": "Donaudampfschiff", "max_width": 40, "overflow": "refuse"}"#;
    let refused = PLUGIN.run("text_image", params, nothing()).expect_err("a refusal").to_string();
    assert_eq!(refused, "text: has a word wider than max_width of 40 px");
}

#[test]
fn hinting_puts_letters_on_the_grid_of_pixels() {
    let grays = |hinting: &str| {
        let params = format!(r#"{{"text": "EFEFEF", "size_px": 17, "gravity": "north_west", "hinting": "{hinting}"}}"#);
        text(&params).pixels.iter().filter(|value| (30..=225).contains(*value)).count()
    };
    let found = ["none", "slight", "medium", "full"].map(grays);
    assert!(found[3] < found[0] && found[1] < found[0], "{found:?}");
}

#[test]
fn watermarks_are_pale_and_may_look_raised() {
    let made = write("watermark_text", r#"{"text": "Proof"}"#, gray(400, 200, 100));
    // 100 and 45 % of the way to 255.
    assert_eq!(made.pixels.iter().max(), Some(&170));
    let raised = write("watermark_text", r#"{"text": "Proof", "emboss": true, "color": "gray"}"#, gray(400, 200, 100));
    assert_eq!((raised.pixels.iter().max(), raised.pixels.iter().min()), (Some(&170), Some(&55)));
}

#[test]
fn the_same_text_gives_the_same_bytes() {
    let params =
        r#"{"text": "Bidi \u05d0\u05d1 \u0639\u0631\u0628\u064a \u2764\ufe0f fi", "size_px": 30, "weight": 700}"#;
    assert_eq!(text(params), text(params));
}

#[test]
fn strange_texts_and_extremes_end_soon() {
    let long: String = "wor d".repeat(819);
    let lines: String = "a\\n".repeat(1300);
    let texts = [
        "\\u0000\\u0001\\t\\r\\n",
        "\\u202e\\u202d\\u2066\\u2069\\u200d\\ufe0f",
        "\\ue000\\ud83d\\ude00",
        "   ",
        "\\n\\n",
        "\\u0301\\u0301",
        long.as_str(),
        lines.as_str(),
    ];
    let styles = [
        r#""size_px": 1"#,
        r#""size_px": 2000, "stroke_color": "white", "stroke_width_px": 200"#,
        r#""size_px": 500, "letter_spacing_px": -100, "line_spacing_px": -1000, "stretch": 0.1"#,
        r#""size_px": 300, "letter_spacing_px": 1000, "stretch": 10, "hinting": "full", "decoration": "underline""#,
    ];
    for text in texts {
        for style in styles {
            for transform in ["text", "caption", "watermark_text"] {
                for (width, height) in [(1, 1), (640, 480), (1, 2000), (2000, 1)] {
                    let params = format!(r#"{{"text": "{text}", {style}}}"#);
                    let started = Instant::now();
                    let made = write(transform, &params, gray(width, height, 9));
                    let took = started.elapsed();
                    assert!(took < Duration::from_secs(5), "{transform} {width}x{height} {style} took {took:?}");
                    assert_eq!(made.size(), Size::new(width, height));
                }
            }
        }
        // A size of its own is looked for.
        write("caption", &format!(r#"{{"text": "{text}", "overflow": "ellipsis"}}"#), gray(50, 20, 0));
    }
}
