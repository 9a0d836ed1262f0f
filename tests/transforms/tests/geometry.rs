//! `geometry` against Pillow, ImageMagick and libvips.

use serde_json::json;
use transform_tests::{Tolerance, compare, pictures, reference, run};

#[test]
fn resize_mixes_pixels_as_pillow_does() {
    let filters = [
        ("lanczos3", "LANCZOS"),
        ("catmull_rom", "BICUBIC"),
        ("bilinear", "BILINEAR"),
        ("box", "BOX"),
        ("nearest", "NEAREST"),
    ];
    let inputs =
        [("gray", pictures::text(97, 61)), ("photo", pictures::photo(97, 61)), ("cutout", pictures::cutout(97, 61))];
    for (filter, pillow) in filters {
        // Whether a box or a hard pixel counts a pixel at its very border hangs on the last digit of a position.
        let on_border = if matches!(filter, "box" | "nearest") { 0.02 } else { 0.0 };
        let tolerance = Tolerance::max(6).mean(0.4).but_for(on_border);
        for (width, height) in [(40, 25), (31, 61), (200, 150)] {
            let program = format!("result = pictures[0].resize(({width}, {height}), Image.{pillow})");
            for (name, picture) in &inputs {
                let params = json!({"width": width, "height": height, "mode": "exact", "filter": filter});
                let expected = reference::python(&program, &[picture]);
                // Pillow goes across first and cuts what overshoots 0 or 255 before it goes down, which shows at
                // hard strokes; it also premultiplies in whole levels.
                compare(
                    &format!("resize-{filter}-{width}x{height}-{name}"),
                    &run("resize", params, picture),
                    &expected,
                    tolerance,
                );
            }
        }
    }
}

#[test]
fn parts_turns_and_mirrors_are_exactly_those_of_libvips() {
    let cases = [
        ("crop", json!({"x": 5, "y": 7, "width": 30, "height": 20}), "crop", vec!["5", "7", "30", "20"]),
        ("flip", json!({}), "flip", vec!["horizontal"]),
        ("flip", json!({"direction": "vertical"}), "flip", vec!["vertical"]),
        ("rotate", json!({"angle_deg": 90}), "rot", vec!["d90"]),
        ("rotate", json!({"angle_deg": 180}), "rot", vec!["d180"]),
        ("rotate", json!({"angle_deg": -90}), "rot", vec!["d270"]),
    ];
    for picture in [pictures::gray(64, 49), pictures::photo(64, 49), pictures::cutout(64, 49)] {
        for (transform, params, operation, args) in &cases {
            let expected = reference::vips(operation, args, &[&picture]);
            compare(transform, &run(transform, params.clone(), &picture), &expected, Tolerance::EXACT);
        }
    }
}

#[test]
fn rotation_by_any_angle_is_that_of_scipy() {
    // Bilinear between premultiplied pixels, transparent outside; half a pixel at the edge is another
    // matter of taste, so the comparison is of what lies within the turned picture and far outside.
    let program = "
        from scipy.ndimage import affine_transform
        angle = np.deg2rad(30)
        width, height = 97, 61
        a = np.asarray(pictures[0]).astype(float)
        out_w, out_h = pictures[1].size
        c, s = np.cos(angle), np.sin(angle)
        matrix = np.array([[c, -s], [s, c]])
        middle_out = np.array([(out_h - 1) / 2, (out_w - 1) / 2])
        middle_in = np.array([(height - 1) / 2, (width - 1) / 2])
        offset = middle_in - matrix @ middle_out
        planes = [affine_transform(a[..., i], matrix, offset, (out_h, out_w), order=1, mode='grid-constant')
                  for i in range(3)]
        result = np.rint(np.stack(planes, axis=-1))
    ";
    let picture = pictures::photo(97, 61);
    let made = run("rotate", json!({"angle_deg": 30, "background": "black"}), &picture);
    let expected = reference::python(program, &[&picture, &made]);
    compare("rotate-30", &made, &expected, Tolerance::max(4).mean(0.3).but_for(0.03));
}

#[test]
fn pad_is_the_extent_of_imagemagick() {
    let picture = pictures::photo(40, 30);
    let made =
        run("pad", json!({"width": 60, "height": 50, "gravity": "north_east", "background": "#336699"}), &picture);
    let args = ["-background", "#336699", "-gravity", "NorthEast", "-extent", "60x50"];
    compare("pad", &made, &reference::magick(&args, &[&picture]), Tolerance::EXACT);
}

#[test]
fn trim_leaves_what_imagemagick_leaves() {
    let framed = run("pad", json!({"width": 60, "height": 50, "background": "#336699"}), &pictures::photo(40, 30));
    let expected = reference::magick(&["-trim", "+repage"], &[&framed]);
    compare("trim", &run("trim", json!({"tolerance": 0}), &framed), &expected, Tolerance::EXACT);
}
