//! `detect` against the reference evaluator of the `onnx` package.

use std::{fs, path::Path};

use serde_json::{Value, json};
use transform_tests::{analyze, pictures, reference};

fn models() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models").display().to_string()
}

#[test]
fn the_networks_are_what_their_program_makes() {
    let program = format!(
        "
        import runpy, tempfile, os, base64
        folder = tempfile.mkdtemp()
        sys.argv = ['make.py', folder]
        runpy.run_path(os.path.join({:?}, 'make.py'))
        result = {{name: base64.b64encode(open(os.path.join(folder, name), 'rb').read()).decode() for name in os.listdir(folder)}}
        ",
        models()
    );
    let made = reference::python_data(&program, &[]);
    let files = made.as_object().expect("an object");
    assert_eq!(files.len(), 2);
    for (name, made) in files {
        let kept = fs::read(Path::new(&models()).join(name)).expect("the network");
        assert_eq!(made.as_str(), Some(base64(&kept).as_str()), "{name}: run models/make.py");
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = bytes.chunks(3).flat_map(|three| {
        let number = three.iter().chain(&[0, 0]).take(3).fold(0, |number, &byte| number << 8 | usize::from(byte));
        (0..4).map(move |i| if i <= three.len() { DIGITS[number >> (18 - 6 * i) & 63] } else { b'=' })
    });
    digits.map(char::from).collect()
}

/// The picture in the middle of 64 x 64 grays of 114 by Pillow, the network by the evaluator, overlaps by OpenCV.
const PROGRAM: &str = "
    import cv2, os
    from onnx.reference import ReferenceEvaluator
    picture = pictures[0].convert('RGB')
    scale = min(64 / picture.width, 64 / picture.height)
    small = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.BILINEAR)
    paper = Image.new('RGB', (64, 64), (114, 114, 114))
    left, top = (64 - small.width) // 2, (64 - small.height) // 2
    paper.paste(small, (left, top))
    values = np.asarray(paper).astype(np.float32).transpose(2, 0, 1)[None] / 255
    out, = ReferenceEvaluator(os.path.join(MODELS, 'squares_yolo.onnx')).run(None, {'images': values})
    out = out[0].T
    sx, sy = small.width / picture.width, small.height / picture.height
    found = []
    for kind in range(3):
        mine = [row for row in out if row[4:].argmax() == kind and row[4:].max() >= 0.05]
        boxes = [[float(x - w / 2), float(y - h / 2), float(w), float(h)] for x, y, w, h in (row[:4] for row in mine)]
        scores = [float(row[4 + kind]) for row in mine]
        for i in cv2.dnn.NMSBoxes(boxes, scores, 0.0, 0.1):
            x, y, w, h = boxes[i]
            l, t = max((x - left) / sx, 0), max((y - top) / sy, 0)
            r, b = min((x + w - left) / sx, picture.width), min((y + h - top) / sy, picture.height)
            found.append([kind, scores[i], l, t, r - l, b - t])
    result = sorted(found, key=lambda one: -one[1])
";

#[test]
fn objects_are_those_of_the_reference_evaluator() {
    let pictures = [("photo", pictures::photo(160, 100)), ("gradient", pictures::gradient(90, 120))];
    for (name, picture) in pictures {
        let params = json!({"model": "squares_yolo", "threshold": 0.05, "overlap": 0.1});
        let found = analyze("detect", params, &picture, &[]);
        let program = PROGRAM.replace("MODELS", &format!("{:?}", models()));
        let expected = reference::python_data(&program, &[&picture]);
        let (found, expected) = (found["objects"].as_array().expect("a list"), expected.as_array().expect("a list"));
        assert!(expected.len() > 3, "{name}: {expected:?}");
        assert_eq!(found.len(), expected.len(), "{name}: {found:?} against {expected:?}");
        for expected in expected {
            // Where scores are nearly equal, the order may differ.
            let near = |a: &Value, b: &Value, reach: f64| {
                a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| (a - b).abs() <= reach)
            };
            let same = |one: &&Value| {
                one["class"].as_u64() == expected[0].as_u64()
                    && near(&one["score"], &expected[1], 0.01)
                    && (0..4).all(|i| near(&one["box"][i], &expected[i + 2], 0.1))
            };
            assert!(found.iter().any(|one| same(&one)), "{name}: {expected} is not in {found:?}");
        }
    }
}
