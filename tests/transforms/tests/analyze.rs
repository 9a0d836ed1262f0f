//! `analyze` against numpy, SciPy, scikit-image, OpenCV, ImageMagick's measures and zxing-cpp's codes.

use safelight_sdk::{Image, PixelFormat, to_format};
use serde_json::{Value, json};
use transform_tests::{analyze, pictures, reference, run};

#[track_caller]
fn near(what: &str, made: &Value, expected: &Value, reach: f64) {
    let (Some(a), Some(b)) = (made.as_f64(), expected.as_f64()) else {
        panic!("{what}: {made} against {expected}");
    };
    assert!((a - b).abs() <= reach, "{what}: {a} against {b}");
}

fn each_format() -> [(&'static str, Image); 3] {
    [("gray", pictures::text(97, 61)), ("photo", pictures::photo(97, 61)), ("cutout", pictures::cutout(97, 61))]
}

#[test]
fn statistics_are_those_of_numpy_and_scikit_image() {
    let program = "
        from skimage.measure import shannon_entropy
        from scipy.ndimage import convolve
        a = np.asarray(pictures[0])
        a = a[..., None] if a.ndim == 2 else a
        shown = a[a[..., 3] > 0] if a.shape[2] == 4 else a.reshape(-1, a.shape[2])
        values = [shown[:, i] for i in range(min(3, a.shape[2]))]
        if a.shape[2] == 4: values.append(a[..., 3].ravel())
        result = [[int(v.min()), int(v.max()), v.mean(), v.std(), shannon_entropy(v)] for v in values]
    ";
    for (name, picture) in each_format() {
        let found = analyze("statistics", json!({}), &picture, &[]);
        let expected = reference::python_data(program, &[&picture]);
        for (channel, expected) in
            found["channels"].as_array().expect("a list").iter().zip(expected.as_array().expect("a list"))
        {
            for (index, field) in ["min", "max", "mean", "standard_deviation", "entropy_bits"].iter().enumerate() {
                near(&format!("{name} {} {field}", channel["name"]), &channel[field], &expected[index], 2e-6);
            }
        }
    }
}

#[test]
fn noise_and_colourfulness_follow_their_papers() {
    let program = "
        from scipy.ndimage import convolve
        a = np.asarray(pictures[0]).astype(float)
        gray = np.rint(a @ [0.2126, 0.7152, 0.0722])
        h, w = gray.shape
        mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
        response = convolve(gray, mask)[1:-1, 1:-1]
        noise = np.sqrt(np.pi / 2) * np.abs(response).sum() / (6 * (w - 2) * (h - 2))
        rg, yb = a[..., 0] - a[..., 1], (a[..., 0] + a[..., 1]) / 2 - a[..., 2]
        colour = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
        result = [noise, colour]
    ";
    for (name, picture) in
        [("photo", pictures::photo(97, 61)), ("noisy", pictures::noisy(50, 40, PixelFormat::Rgb8, 3))]
    {
        let found = analyze("statistics", json!({}), &picture, &[]);
        let expected = reference::python_data(program, &[&picture]);
        // Luma is rounded a little differently where it lies between two levels.
        near(name, &found["noise_deviation"], &expected[0], 0.02);
        near(name, &found["colorfulness"], &expected[1], 1e-5);
    }
}

#[test]
fn colours_lie_as_close_to_the_pixels_as_those_of_k_means() {
    // The mean distance in Oklab of the pixels from their nearest of 8 colours, against OpenCV's best of 10 runs.
    let program = "
        import cv2
        def oklab(c):
            c = np.asarray(c, float) / 255
            c = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
            m = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]])
            n = np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099], [0.0259040371, 0.7827717662, -0.8086757660]])
            return (np.cbrt(c @ m.T) @ n.T).astype(np.float32)
        lab = oklab(np.asarray(pictures[0]).reshape(-1, 3))
        def error(centres):
            return float(((lab[:, None] - centres[None]) ** 2).sum(2).min(1).mean())
        cv2.setRNGSeed(1)
        _, _, best = cv2.kmeans(lab, 8, None, (3, 50, 1e-5), 10, cv2.KMEANS_PP_CENTERS)
        result = [error(oklab(np.asarray(pictures[1]).reshape(-1, 3))), error(best)]
    ";
    let picture = pictures::photo(160, 120);
    let found = analyze("colors", json!({"count": 8}), &picture, &[]);
    let list = found["colors"].as_array().expect("a list");
    let palette: Vec<u8> =
        list.iter().flat_map(|color| (0..3).map(|i| color["rgb"][i].as_u64().expect("a byte") as u8)).collect();
    let palette = Image::new(list.len() as u32, 1, PixelFormat::Rgb8, palette);
    let errors = reference::python_data(program, &[&picture, &palette]);
    let (ours, best) = (errors[0].as_f64().expect("a number"), errors[1].as_f64().expect("a number"));
    assert!(ours < 1.25 * best, "{ours} against {best}");
    let total: u64 = list.iter().filter_map(|color| color["pixels"].as_u64()).sum();
    assert_eq!(total, 160 * 120);
}

#[test]
fn hashes_are_those_of_pillow_and_scipy() {
    let program = "
        from scipy.fft import dctn
        g = pictures[0]
        small = lambda w, h: np.asarray(g.resize((w, h), Image.BOX)).astype(float)
        average = small(8, 8)
        average = average > average.mean()
        d = small(9, 8)
        difference = d[:, 1:] > d[:, :-1]
        c = dctn(small(32, 32))[1:9, 1:9]
        dct = c > np.median(c)
        result = ['%016x' % int(''.join('1' if b else '0' for b in bits.ravel()), 2) for bits in (average, difference, dct)]
    ";
    for (name, picture) in [
        ("gray", pictures::gray(97, 61)),
        ("text", pictures::text(300, 200)),
        ("noisy", pictures::noisy(64, 64, PixelFormat::Gray8, 2)),
    ] {
        let found = analyze("perceptual_hash", json!({}), &picture, &[]);
        let expected = reference::python_data(program, &[&picture]);
        for (index, kind) in ["average", "difference", "dct"].iter().enumerate() {
            let number = |value: &Value| u64::from_str_radix(value.as_str().expect("digits"), 16).expect("a hash");
            let apart = (number(&found[kind]) ^ number(&expected[index])).count_ones();
            // Reduced values are rounded, here and there: pairs that are nearly equal may fall either way.
            assert!(apart <= 2, "{name} {kind}: {} against {}", found[kind], expected[index]);
        }
    }
}

#[test]
fn blurriness_is_the_variance_of_opencvs_laplacian() {
    let program = "
        import cv2
        a = np.asarray(pictures[0])
        result = cv2.Laplacian(a, cv2.CV_64F, borderType=cv2.BORDER_REPLICATE).var()
    ";
    for (name, picture) in [("text", pictures::text(97, 61)), ("noisy", pictures::noisy(33, 20, PixelFormat::Gray8, 5))]
    {
        let found = analyze("blurriness", json!({}), &picture, &[]);
        near(name, &found["laplacian_variance"], &reference::python_data(program, &[&picture]), 1e-4);
    }
}

#[test]
fn comparisons_are_those_of_scikit_image() {
    let program = "
        from skimage.metrics import peak_signal_noise_ratio, mean_squared_error
        from scipy.ndimage import uniform_filter
        a, b = (np.asarray(p).astype(float) for p in pictures[:2])
        x, y = (np.asarray(p).astype(float) for p in pictures[2:])
        c1, c2 = 6.5025, 58.5225
        # Means over 8 x 8 windows by their top left corners, every fourth.
        mean = lambda v: np.lib.stride_tricks.sliding_window_view(v, (8, 8)).mean((2, 3))[::4, ::4]
        mx, my = mean(x), mean(y)
        sx, sy, sxy = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
        ssim = ((2 * mx * my + c1) * (2 * sxy + c2) / ((mx * mx + my * my + c1) * (sx + sy + c2))).mean()
        result = [mean_squared_error(a, b), peak_signal_noise_ratio(a, b, data_range=255), ssim]
    ";
    let picture = pictures::photo(100, 64);
    let changes = [("blur", json!({"sigma_px": 1.5})), ("quantize", json!({"colors": 8})), ("invert", json!({}))];
    for (transform, params) in changes {
        let other = run(transform, params, &picture);
        let found = analyze("compare", json!({"image": {"asset": "a"}}), &picture, std::slice::from_ref(&other));
        let gray = [&picture, &other].map(|image| to_format(image.clone(), PixelFormat::Gray8));
        let expected = reference::python_data(program, &[&picture, &other, &gray[0], &gray[1]]);
        near(transform, &found["mean_squared_error"], &expected[0], 1e-4);
        near(transform, &found["psnr_db"], &expected[1], 1e-5);
        near(transform, &found["ssim"], &expected[2], 1e-5);
    }
}

#[test]
fn matches_are_where_opencv_finds_them() {
    let program = "
        import cv2
        scores = cv2.matchTemplate(np.asarray(pictures[0]), np.asarray(pictures[1]), cv2.TM_CCOEFF_NORMED)
        _, best, _, place = cv2.minMaxLoc(scores)
        result = [place[0], place[1], best]
    ";
    let picture = pictures::gray(320, 240);
    for (x, y, width, height) in [(40, 150, 60, 50), (200, 60, 80, 40), (100, 120, 21, 33)] {
        let part = run("crop", json!({"x": x, "y": y, "width": width, "height": height}), &picture);
        // Not the same any more: softer, darker.
        let part = run("brightness", json!({"amount": 0.7}), &run("blur", json!({"sigma_px": 0.8}), &part));
        let part = to_format(part, PixelFormat::Gray8);
        let search = json!({"image": {"asset": "a"}, "threshold": 0.5});
        let found = analyze("match_template", search, &picture, std::slice::from_ref(&part));
        let expected = reference::python_data(program, &[&picture, &part]);
        let best = &found["matches"][0];
        near("x", &best["x"], &expected[0], 0.0);
        near("y", &best["y"], &expected[1], 0.0);
        near("score", &best["score"], &expected[2], 1e-4);
    }
}

/// A code by zxing-cpp, four pixels a module, in the middle of gray paper with some grain, turned by an angle.
const CODE: &str = "
    import zxingcpp
    made = zxingcpp.create_barcode(TEXT, zxingcpp.BarcodeFormat.KIND)
    code = Image.fromarray(np.array(made.to_image(scale=4)))
    paper = Image.new('L', (code.width + 200, code.height + 200), 255)
    paper.paste(code, (100, 100))
    paper = paper.rotate(ANGLE, Image.BICUBIC, expand=True, fillcolor=255)
    grain = np.random.default_rng(1).normal(0, 6, (paper.height, paper.width))
    result = np.clip(np.asarray(paper) * 0.8 + 25 + grain, 0, 255)
";

#[test]
fn codes_made_by_zxing_cpp_are_read() {
    let codes = [
        ("QRCode", "qr", "https://example.com/?q=\u{e4}\u{4e2d}", 17),
        ("MicroQRCode", "micro_qr", "12345", 0),
        ("DataMatrix", "data_matrix", "Data Matrix 1", 10),
        ("Aztec", "aztec", "Aztec code", 90),
        ("PDF417", "pdf417", "some text of a PDF417", 0),
        ("EAN13", "ean_13", "4006381333931", 3),
        ("EAN8", "ean_8", "96385074", 0),
        ("UPCA", "upc_a", "036000291452", 90),
        ("UPCE", "upc_e", "04252614", 0),
        ("Code39", "code_39", "ABC-1", 180),
        ("Code93", "code_93", "ABC 93", 0),
        ("Code128", "code_128", "Code 128!", 2),
        ("ITF", "itf", "1234567890", 0),
        ("DataBar", "databar", "24012345678905", 0),
    ];
    for (theirs, ours, text, angle) in codes {
        let program =
            CODE.replace("KIND", theirs).replace("TEXT", &format!("{text:?}")).replace("ANGLE", &angle.to_string());
        let picture = reference::python(&program, &[]);
        let found = analyze("codes", json!({}), &picture, &[]);
        let codes = found["codes"].as_array().expect("a list");
        let alike = codes.iter().find(|code| code["kind"] == ours);
        let code = alike.unwrap_or_else(|| panic!("{theirs}: {found}"));
        // zxing-cpp leaves away what the code's own format adds.
        assert!(code["text"].as_str().is_some_and(|read| read == text || read.ends_with(text)), "{theirs}: {found}");
        // The code's middle is the picture's.
        for (axis, length) in [(0, picture.width), (1, picture.height)] {
            let middle =
                code["box"][axis].as_f64().unwrap_or(-1.0) + code["box"][axis + 2].as_f64().unwrap_or(-1.0) / 2.0;
            let reach = if code["points"].as_array().map(Vec::len) == Some(2) { f64::from(length) / 2.0 } else { 25.0 };
            assert!((middle - f64::from(length) / 2.0).abs() < reach, "{theirs}: {found}");
        }
    }
}

#[test]
fn several_codes_are_read_from_top_to_bottom() {
    let program = "
        import zxingcpp
        paper = Image.new('L', (500, 700), 255)
        for index, (kind, text) in enumerate([('QRCode', 'first'), ('QRCode', 'second'), ('Code128', 'third')]):
            made = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind))
            paper.paste(Image.fromarray(np.array(made.to_image(scale=4))), (50, 40 + 220 * index))
        result = paper
    ";
    let found = analyze("codes", json!({}), &reference::python(program, &[]), &[]);
    let texts: Vec<&str> =
        found["codes"].as_array().expect("a list").iter().filter_map(|code| code["text"].as_str()).collect();
    assert_eq!(texts, ["first", "second", "third"]);
}
