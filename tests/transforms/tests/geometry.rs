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

#[test]
fn parts_by_proportions_are_those_of_imagemagick() {
    for picture in [pictures::photo(90, 61), pictures::cutout(61, 90)] {
        let square = run("crop", json!({"aspect_ratio": 1, "gravity": "south_east"}), &picture);
        let expected = reference::magick(&["-gravity", "SouthEast", "-crop", "61x61+0+0", "+repage"], &[&picture]);
        compare("crop-square", &square, &expected, Tolerance::EXACT);
        let params = json!({"width": 30, "height": 20, "gravity": "east", "x": 7, "y": -5});
        let expected = reference::magick(&["-gravity", "East", "-crop", "30x20+7-5", "+repage"], &[&picture]);
        compare("crop-offset", &run("crop", params, &picture), &expected, Tolerance::EXACT);
    }
}

#[test]
fn fill_is_the_fit_of_pillow() {
    // Pillow's fit crops to fractions of a pixel, as ours does, and goes across first, rounding in between.
    for (gravity, centering) in [("center", "0.5, 0.5"), ("north_west", "0, 0"), ("east", "1, 0.5")] {
        for (width, height) in [(40, 40), (20, 50)] {
            let picture = pictures::photo(97, 61);
            let program = format!(
                "from PIL import ImageOps\nresult = ImageOps.fit(pictures[0], ({width}, {height}), Image.LANCZOS, 0, ({centering}))"
            );
            let params = json!({"width": width, "height": height, "mode": "fill", "gravity": gravity});
            let expected = reference::python(&program, &[&picture]);
            compare(
                &format!("fill-{gravity}-{width}"),
                &run("resize", params, &picture),
                &expected,
                // At cut edges we look at the pixels beyond, and Pillow does not.
                Tolerance::max(6).mean(0.6).inside(3),
            );
        }
    }
}

#[test]
fn perspective_is_that_of_opencv() {
    let program = "
        import cv2
        a = np.asarray(pictures[0].convert('RGB'))
        h, w = a.shape[:2]
        to = np.float32([[4, 0], [100, 12], [80, 70], [0, 60]])
        # OpenCV counts from the first pixel's middle, we from its corner.
        matrix = cv2.getPerspectiveTransform(np.float32([[0, 0], [w, 0], [w, h], [0, h]]) - 0.5, to - 0.5)
        result = cv2.warpPerspective(a, matrix, (100, 70), flags=cv2.INTER_LINEAR)
    ";
    let picture = pictures::photo(97, 61);
    let params = json!({"corners": [4, 0, 100, 12, 80, 70, 0, 60], "background": "black"});
    let made = run("distort", params, &picture);
    // OpenCV knows 32 steps between pixels; the outline is a matter of taste.
    compare("perspective", &made, &reference::python(program, &[&picture]), Tolerance::max(6).mean(0.7).but_for(0.06));
}

#[test]
fn an_arc_is_that_of_imagemagick() {
    let picture = pictures::photo(97, 31);
    for angle in ["60", "180"] {
        let params = json!({"arc_deg": angle.parse::<f64>().expect("a number"), "background": "black"});
        let made = run("distort", params, &picture);
        // Laid on our canvas, as ImageMagick's is a pixel or two larger.
        let canvas = format!("{}x{}", made.width, made.height);
        let args = [
            "-virtual-pixel",
            "black",
            "-filter",
            "triangle",
            "-distort",
            "Arc",
            angle,
            "+repage",
            "-gravity",
            "Center",
            "-extent",
            &canvas,
        ];
        let expected = reference::magick(&args, &[&picture]);
        compare(&format!("arc-{angle}"), &made, &expected, Tolerance::max(40).mean(6.0).but_for(0.2));
    }
}

#[test]
fn shear_is_the_affine_transform_of_scipy() {
    let program = "
        from scipy.ndimage import affine_transform
        a = np.asarray(pictures[0].convert('RGB')).astype(float)
        out_w, out_h = pictures[1].size
        h, w = a.shape[:2]
        kx, ky = np.tan(np.deg2rad(20)), np.tan(np.deg2rad(-10))
        # x' = x + kx y, y' = y + ky x': as a matrix over (y, x), about the middles.
        forward = np.array([[1 + ky * kx, ky], [kx, 1]])
        back = np.linalg.inv(forward)
        middle_out = np.array([(out_h - 1) / 2, (out_w - 1) / 2])
        middle_in = np.array([(h - 1) / 2, (w - 1) / 2])
        offset = middle_in - back @ middle_out
        planes = [affine_transform(a[..., i], back, offset, (out_h, out_w), order=1, mode='grid-constant') for i in range(3)]
        result = np.rint(np.stack(planes, axis=-1))
    ";
    let picture = pictures::photo(97, 61);
    let made = run("shear", json!({"x_deg": 20, "y_deg": -10, "background": "black"}), &picture);
    compare("shear", &made, &reference::python(program, &[&picture, &made]), Tolerance::max(4).mean(0.8).but_for(0.06));
}

#[test]
fn shear_leans_to_the_other_side_than_imagemagick() {
    // As in SVG and CSS, a positive angle moves lower rows to the right; ImageMagick moves upper ones.
    let picture = pictures::photo(97, 61);
    let made = run("shear", json!({"x_deg": -20, "background": "black"}), &picture);
    let canvas = format!("{}x{}", made.width, made.height);
    let args = ["-background", "black", "-shear", "20x0", "+repage", "-gravity", "Center", "-extent", &canvas];
    // ImageMagick slides rows by halves of its own; a picture that leaned the other way would be 60 levels off.
    compare("shear-side", &made, &reference::magick(&args, &[&picture]), Tolerance::max(60).mean(8.0).but_for(0.1));
}

#[test]
fn round_corners_are_those_of_a_large_mask_made_small() {
    let program = "
        from PIL import ImageDraw
        w, h = pictures[0].size
        times = 16
        mask = Image.new('L', (w * times, h * times), 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, w * times - 1, h * times - 1), 14 * times, 255)
        result = pictures[0].convert('RGBA')
        result.putalpha(mask.resize((w, h), Image.BOX))
    ";
    let picture = pictures::photo(64, 48);
    let made = run("rounded_corners", json!({"radius": 14}), &picture);
    compare("rounded", &made, &reference::python(program, &[&picture]), Tolerance::max(8).mean(0.1));
}

#[test]
fn seams_are_those_of_the_paper() {
    // Straight from the definition, seam by seam; of equal seams the one that ours takes.
    let program = "
        a = np.asarray(pictures[0].convert('L')).astype(int)
        for _ in range(12):
            h, w = a.shape
            p = np.pad(a, 1, mode='edge')
            energy = abs(p[1:-1, :-2] - p[1:-1, 2:]) + abs(p[:-2, 1:-1] - p[2:, 1:-1])
            sums = energy.copy()
            for y in range(1, h):
                before = np.pad(sums[y - 1], 1, constant_values=10**9)
                sums[y] += np.minimum(np.minimum(before[:-2], before[2:]), before[1:-1])
            x = int(np.argmin(sums[-1]))
            kept = np.ones((h, w), bool)
            kept[h - 1, x] = False
            for y in range(h - 2, -1, -1):
                x = min((sums[y, i], abs(i - x), i) for i in range(max(x - 1, 0), min(x + 2, w)))[2]
                kept[y, x] = False
            a = a[kept].reshape(h, w - 1)
        result = a.astype(np.uint8)
    ";
    let picture = pictures::gray(64, 48);
    let made = run("liquid_rescale", json!({"width": 52}), &picture);
    compare("seams", &made, &reference::python(program, &[&picture]), Tolerance::EXACT);
}

#[test]
fn deskew_finds_the_angle_that_imagemagick_finds() {
    let page = run(
        "pad",
        json!({"left": 60, "right": 60, "top": 60, "bottom": 60, "background": "white"}),
        &pictures::text(400, 300),
    );
    for angle in [-5.0, 3.0] {
        let turned = run("rotate", json!({"angle_deg": angle, "background": "white"}), &page);
        let made = run("deskew", json!({}), &turned);
        let expected = reference::magick(&["-background", "white", "-deskew", "40%", "+repage"], &[&turned]);
        // The canvas of a rotation grows by 5 pixels a degree here: half a degree at most between the two.
        let apart = made.width.abs_diff(expected.width).max(made.height.abs_diff(expected.height));
        assert!(apart <= 4, "{angle}: {} and {}", made.size(), expected.size());
    }
}

#[test]
fn the_blurred_backdrop_is_the_picture_covering_the_canvas() {
    let picture = pictures::photo(40, 60);
    let made = run("pad", json!({"width": 100, "height": 60, "backdrop": "blurred", "blur_sigma_px": 5}), &picture);
    let program = "
        from PIL import ImageOps, ImageFilter
        result = ImageOps.fit(pictures[0].convert('RGB'), (100, 60), Image.BILINEAR).filter(ImageFilter.GaussianBlur(5))
        result.paste(pictures[0].convert('RGB'), (30, 0))
    ";
    // Pillow's Gaussian is three boxes, and its fit does not look beyond the cut edge.
    compare("backdrop", &made, &reference::python(program, &[&picture]), Tolerance::max(6).mean(0.5).but_for(0.01));
}
