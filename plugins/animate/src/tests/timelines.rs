//! Which frames are shown, in which order and for how long.

use super::*;

const DELAYS: [u32; 4] = [10, 20, 30, 40];

fn shown(transform: &str, params: &str) -> Vec<(u32, u32)> {
    let made = arrange(transform, params, &DELAYS).unwrap_or_else(|refusal| panic!("{transform} {params}: {refusal}"));
    if transform != "loop" && transform != "animate" {
        assert_eq!(made.loops, 3, "{transform}");
    }
    shots(&made)
}

fn refused(transform: &str, params: &str) -> String {
    arrange(transform, params, &DELAYS).expect_err("a refusal").to_string()
}

#[test]
fn reverse_keeps_times_with_frames() {
    assert_eq!(shown("reverse", "{}"), [(3, 40), (2, 30), (1, 20), (0, 10)]);
}

#[test]
fn boomerang_turns_without_a_halt_unless_asked() {
    assert_eq!(shown("boomerang", "{}"), [(0, 10), (1, 20), (2, 30), (3, 40), (2, 30), (1, 20)]);
    let held = [(0, 10), (1, 20), (2, 30), (3, 40), (3, 40), (2, 30), (1, 20), (0, 10)];
    assert_eq!(shown("boomerang", r#"{"hold_ends": true}"#), held);
    let few = |delays: &[u32]| shots(&arrange("boomerang", "{}", delays).expect("an arrangement"));
    assert_eq!(few(&[0]), [(0, 0)]);
    assert_eq!(few(&[10, 20]), [(0, 10), (1, 20)]);
}

#[test]
fn delay_and_loop_set_what_they_say() {
    assert_eq!(shown("delay", "{}"), [(0, 100), (1, 100), (2, 100), (3, 100)]);
    assert_eq!(shown("delay", r#"{"delay_ms": 655350}"#)[3], (3, 655_350));
    assert_eq!(refused("delay", r#"{"delay_ms": 5}"#), "delay_ms: is 5, expected a whole number from 10 to 655350");
    assert_eq!(arrange("loop", r#"{"times": 7}"#, &DELAYS).expect("an arrangement").loops, 7);
    let forever = arrange("loop", "{}", &DELAYS).expect("an arrangement");
    assert_eq!((forever.loops, shots(&forever)), (0, shown("reverse", "{}").into_iter().rev().collect()));
}

#[test]
fn speed_divides_time_and_keeps_its_sum() {
    assert_eq!(shown("speed", r#"{"min_delay_ms": 10}"#), [(0, 10), (1, 20), (2, 30), (3, 40)]);
    assert_eq!(shown("speed", r#"{"factor": 0.5}"#), [(0, 20), (1, 40), (2, 60), (3, 80)]);
    // Beginnings at 0, 14.3, 42.9, 85.7, end at 142.9.
    let slower = shown("speed", r#"{"factor": 0.7, "min_delay_ms": 10}"#);
    assert_eq!(slower, [(0, 14), (1, 29), (2, 43), (3, 57)]);
}

#[test]
fn frames_too_short_to_be_seen_are_left_out() {
    // Beginnings at 0, 5, 15, 30, end at 50.
    assert_eq!(shown("speed", r#"{"factor": 2}"#), [(0, 30), (3, 20)]);
    // All within the least time: one is left.
    assert_eq!(shown("speed", r#"{"factor": 100}"#), [(0, 20)]);
    // Without a time a frame counts as 100 ms; a still picture stays one.
    let made = |delays: &[u32]| shots(&arrange("speed", r#"{"factor": 2}"#, delays).expect("an arrangement"));
    assert_eq!(made(&[0, 0]), [(0, 50), (1, 50)]);
    assert_eq!(made(&[0]), [(0, 0)]);
    assert_eq!(made(&[u32::MAX, 100]), [(0, 655_350), (1, 50)]);
}

#[test]
fn frames_are_kept_by_range_and_step() {
    assert_eq!(shown("frames", "{}"), [(0, 10), (1, 20), (2, 30), (3, 40)]);
    assert_eq!(shown("frames", r#"{"from": 2, "to": 3}"#), [(1, 20), (2, 30)]);
    assert_eq!(shown("frames", r#"{"from": 4, "to": 9}"#), [(3, 40)]);
    assert_eq!(shown("frames", r#"{"every": 2}"#), [(0, 30), (2, 70)]);
    assert_eq!(shown("frames", r#"{"from": 2, "every": 1000}"#), [(1, 90)]);
    let expected = "from: is 5, expected at most 4: the picture has 4 frames";
    assert_eq!(refused("frames", r#"{"from": 5}"#), expected);
    let expected = "to: is 2, expected at least from, which is 3";
    assert_eq!(refused("frames", r#"{"from": 3, "to": 2}"#), expected);
    assert_eq!(refused("frames", r#"{"from": 0}"#), "from: is 0, expected a whole number from 1 to 4294967295");
}

#[test]
fn frames_are_picked_in_any_order() {
    assert_eq!(shown("frames", r#"{"pick": [4, 1, 4]}"#), [(3, 40), (0, 10), (3, 40)]);
    let expected = "pick[1]: is 5, expected at most 4: the picture has 4 frames";
    assert_eq!(refused("frames", r#"{"pick": [1, 5]}"#), expected);
    let expected = "pick: is given with from, to or every, expected one of both";
    assert_eq!(refused("frames", r#"{"pick": [1], "every": 2}"#), expected);
    assert_eq!(refused("frames", r#"{"pick": [0]}"#), "pick[0]: is 0, expected a whole number from 1 to 4294967295");
}

#[test]
fn pictures_follow_the_frames() {
    let size = [Size::new(2, 2), Size::new(9, 9)];
    let made = |params: &str, delays: &[u32]| {
        let params = format!(r#"{{"images": [{{"asset": "a"}}, {{"asset": "b"}}]{params}}}"#);
        let made = PLUGIN.arrange_with("animate", &params, timeline(delays), &size).expect("an arrangement");
        (shots(&made), made.loops)
    };
    assert_eq!(made("", &[0]), (vec![(0, 100), (1, 100), (2, 100)], 0));
    assert_eq!(made(r#", "loops": 2"#, &[30, 40]), (vec![(0, 30), (1, 40), (2, 100), (3, 100)], 2));
    assert_eq!(made(r#", "delay_ms": 50"#, &[30, 40]).0, [(0, 50), (1, 50), (2, 50), (3, 50)]);
    assert_eq!(shown("animate", "{}"), [(0, 10), (1, 20), (2, 30), (3, 40)]);
    let missing = PLUGIN.arrange_with("animate", r#"{"images": [{"asset": "a"}]}"#, timeline(&[0]), &[]);
    let missing = missing.expect_err("a refusal").to_string();
    assert_eq!(missing, "the parameters name 1 pictures, and 0 came with the call");
}
