//! Layouts of outputs, shapes of inputs, overlaps.

use safelight_sdk::{Image, PixelFormat};

use crate::{
    boxes::{Candidate, without_overlaps},
    description::{Description, Fit, Layout, Order},
    input::{self, Shape},
    outputs::{Output, candidates},
};

fn output(name: &str, shape: &[usize], values: &[f32]) -> Output {
    assert_eq!(shape.iter().product::<usize>(), values.len());
    Output { name: name.to_owned(), shape: shape.to_vec(), values: values.to_vec() }
}

#[track_caller]
fn check(outputs: &[Output], layout: Layout, labels: usize, expected: &[([f32; 4], f32, usize)]) {
    let found = candidates(outputs, layout, labels, [100, 50], 0.2).expect("candidates");
    let found: Vec<_> = found.iter().map(|one| (one.corners, one.score, one.class)).collect();
    assert_eq!(found, expected);
}

#[test]
fn yolo_is_read_either_way_round() {
    // Two places, two classes; the others have no score.
    let mut rows = vec![20.0, 10.0, 8.0, 4.0, 0.1, 0.9, 50.0, 30.0, 10.0, 10.0, 0.7, 0.2];
    rows.extend([0.0; 48]);
    let columns: Vec<f32> = (0..60).map(|i| rows[i % 10 * 6 + i / 10]).collect();
    let expected = [([16.0, 8.0, 24.0, 12.0], 0.9, 1), ([45.0, 25.0, 55.0, 35.0], 0.7, 0)];
    check(&[output("output0", &[1, 10, 6], &rows)], Layout::Yolo, 2, &expected);
    check(&[output("output0", &[1, 6, 10], &columns)], Layout::Auto, 2, &expected);
}

#[test]
fn other_tables_are_read() {
    let mut five = vec![20.0, 10.0, 8.0, 4.0, 0.5, 0.1, 0.8];
    five.extend([0.0; 63]);
    let expected = [([16.0, 8.0, 24.0, 12.0], 0.4, 1)];
    check(&[output("output", &[1, 10, 7], &five)], Layout::Auto, 2, &expected);
    check(&[output("output", &[1, 10, 7], &five)], Layout::YoloObjectness, 0, &expected);
    let mut ends = vec![1.0, 2.0, 30.0, 40.0, 0.75, 3.0];
    ends.extend([0.0; 24]);
    check(&[output("output0", &[1, 5, 6], &ends)], Layout::Auto, 0, &[([1.0, 2.0, 30.0, 40.0], 0.75, 3)]);
}

#[test]
fn lists_are_read_by_name_and_shape() {
    let boxes = [0.25, 0.5, 0.75, 1.0, 0.0, 0.0, 1.0, 1.0];
    let ssd = [
        output("detection_classes:0", &[1, 2], &[4.0, 1.0]),
        output("detection_boxes:0", &[1, 2, 4], &boxes),
        output("num_detections:0", &[1], &[2.0]),
        output("detection_scores:0", &[1, 2], &[0.9, 0.1]),
    ];
    // Shares of 100 x 50; top and left change places.
    check(&ssd, Layout::Auto, 0, &[([50.0, 12.5, 100.0, 37.5], 0.9, 4)]);
    let corners = [output("boxes", &[1, 2, 4], &boxes), output("scores", &[1, 2, 3], &[0.1, 0.3, 0.2, 0.0, 0.0, 0.6])];
    check(&corners, Layout::Auto, 0, &[([25.0, 25.0, 75.0, 50.0], 0.3, 1), ([0.0, 0.0, 100.0, 50.0], 0.6, 2)]);
    let pixels = [10.0, 20.0, 50.0, 40.0];
    let torch = [output("boxes", &[1, 4], &pixels), output("labels", &[1], &[7.0]), output("scores", &[1], &[0.5])];
    check(&torch, Layout::Auto, 0, &[([10.0, 20.0, 50.0, 40.0], 0.5, 7)]);
    check(
        &[output("boxes", &[0, 4], &[]), output("labels", &[0], &[]), output("scores", &[0], &[])],
        Layout::Auto,
        0,
        &[],
    );
}

#[test]
fn outputs_that_do_not_fit_are_refused_and_numbers_that_are_none_left_out() {
    let refused = |outputs: &[Output], layout| candidates(outputs, layout, 0, [9, 9], 0.2).expect_err("a refusal");
    assert!(refused(&[], Layout::Yolo).contains("expected a table"));
    assert!(refused(&[output("a", &[2, 3, 4], &[0.0; 24])], Layout::Auto).contains("a [2, 3, 4], expected one table"));
    assert!(refused(&[output("a", &[9, 3], &[0.0; 27])], Layout::EndToEnd).contains("more than 5 columns"));
    let nan = [f32::NAN, 1.0, 1.0, 1.0, 0.9, 0.0, 1.0, 1.0, 1.0, 1.0, f32::NAN, 0.0];
    check(&[output("a", &[2, 6], &nan)], Layout::EndToEnd, 0, &[]);
}

#[test]
fn the_better_of_two_boxes_stays() {
    let candidate = |left: f32, score, class| Candidate { corners: [left, 0.0, left + 10.0, 10.0], score, class };
    let kept = without_overlaps(vec![candidate(0.0, 0.5, 1), candidate(2.0, 0.9, 1), candidate(0.0, 0.4, 2)], 0.5);
    // 8 of 12 columns are shared: two thirds.
    assert_eq!(kept, [candidate(2.0, 0.9, 1), candidate(0.0, 0.4, 2)]);
    let all = vec![candidate(0.0, 0.5, 1), candidate(2.0, 0.9, 1)];
    assert_eq!(without_overlaps(all, 0.7).len(), 2);
}

#[test]
fn pictures_are_laid_into_the_input() {
    let image = Image::new(2, 1, PixelFormat::Rgb8, vec![10, 20, 30, 40, 50, 60]);
    let mut description = Description::default().input;
    let shape = Shape { width: 2, height: 3, channels: 3, planes: false };
    let (bytes, place) = input::bytes(image.clone(), shape, &description);
    assert_eq!(bytes, [[114; 6], [10, 20, 30, 40, 50, 60], [114; 6]].concat());
    assert_eq!((place.in_picture(0, 1.5), place.in_picture(1, 1.25), place.in_picture(1, 0.0)), (1.5, 0.25, 0.0));

    description.order = Order::Bgr;
    description.fit = Fit::Stretch;
    description.mean = [30.0, 20.0, 10.0];
    description.deviation = [10.0, 1.0, 2.0];
    let shape = Shape { width: 2, height: 1, channels: 3, planes: true };
    let (bytes, _) = input::bytes(image.clone(), shape, &description);
    assert_eq!(bytes, [30, 60, 20, 50, 10, 40]);
    assert_eq!(input::floats(&bytes, shape, &description), [0.0, 3.0, 0.0, 30.0, 0.0, 15.0]);

    let shape = Shape { width: 2, height: 1, channels: 1, planes: true };
    let (bytes, _) = input::bytes(image, shape, &description);
    assert_eq!(bytes.len(), 2);
}
