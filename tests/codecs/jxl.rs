//! JPEG XL of libjxl's encoder, against its decoder.

use super::{Folder, assert_near, frames, photo_png, size};

#[test]
fn pictures_without_loss_come_out_to_the_bit_and_others_as_libjxl_decodes_them() {
    let folder = Folder::new();
    photo_png(&folder, "rgb.png", 317, 211);
    folder.python(
        "gray.png",
        "import sys\nfrom PIL import Image\nImage.linear_gradient('L').resize((90, 70)).save(sys.argv[1])",
    );
    folder.python(
        "alpha.png",
        "import sys\nfrom PIL import Image\nimage = Image.effect_noise((120, 80), 90).convert('RGB')\n\
         image.putalpha(Image.linear_gradient('L').resize((120, 80)))\nimage.save(sys.argv[1])",
    );
    for name in ["rgb.png", "gray.png", "alpha.png"] {
        folder.run("cjxl", &[name, "exact.jxl", "-d", "0"]);
        folder.apply("exact.jxl", "out.png", &[]).unwrap();
        assert_eq!(frames(&folder.read("out.png")), frames(&folder.read(name)), "{name}");
        for options in [&["-q", "90"][..], &["-q", "60", "-p", "--container=1"], &["-m", "1", "-q", "80"]] {
            folder.run("cjxl", &[&[name, "lossy.jxl"], options].concat());
            folder.apply("lossy.jxl", "out.png", &[]).unwrap();
            folder.run("djxl", &["lossy.jxl", "reference.png"]);
            let (ours, reference) =
                (frames(&folder.read("out.png")).remove(0), frames(&folder.read("reference.png")).remove(0));
            assert_near(&ours, &reference, 0.6);
        }
    }
}

#[test]
fn a_jpeg_inside_is_read_as_the_jpeg() {
    let folder = Folder::new();
    folder.write("in.jpg", crate::support::jpeg(200, 120));
    folder.run("cjxl", &["in.jpg", "in.jxl", "--lossless_jpeg=1"]);
    folder.apply("in.jxl", "out.png", &[]).unwrap();
    folder.apply("in.jpg", "jpeg.png", &[]).unwrap();
    assert_near(&folder.rgb("out.png"), &folder.rgb("jpeg.png"), 1.0);
}

#[test]
fn animations_keep_their_frames_and_times() {
    let folder = Folder::new();
    folder.python(
        "in.gif",
        "import sys\nfrom PIL import Image\nframes = [Image.new('P', (48, 32), 0) for _ in range(4)]\n\
         for index, frame in enumerate(frames):\n    frame.putpalette([40 * index, 200, 90])\n\
         frames[0].save(sys.argv[1], save_all=True, append_images=frames[1:], duration=[100, 200, 300, 400], loop=2)",
    );
    folder.run("cjxl", &["in.gif", "in.jxl", "-d", "0"]);
    folder.apply("in.jxl", "out.gif", &[]).unwrap();
    assert_eq!(frames(&folder.read("out.gif")), frames(&folder.read("in.gif")));
    let times = "import sys\nfrom PIL import Image, ImageSequence\n\
        print([frame.info['duration'] for frame in ImageSequence.Iterator(Image.open(sys.argv[1]))])";
    let times = crate::support::tools::python(times, &[folder.path("out.gif").to_str().unwrap()]);
    assert_eq!(times.trim(), "[100, 200, 300, 400]");
    folder.apply("in.jxl", "third.png", &["--page", "3"]).unwrap();
    assert_eq!(super::pixel(&folder.rgb("third.png"), 5, 5), [80, 200, 90]);
    let error = folder.apply("in.jxl", "fifth.png", &["--page", "5"]).unwrap_err();
    assert!(error.contains("page: is 5, the source has 4"), "{error}");
}

/// Wide gamut: libvips converts the same picture, with the same profile inside, to sRGB.
#[test]
fn profiles_and_wide_gamuts_become_srgb() {
    let folder = Folder::new();
    photo_png(&folder, "srgb.png", 160, 120);
    folder.run("vips", &["icc_transform", "srgb.png", "wide.png", "p3", "--input-profile", "srgb", "--embedded"]);
    folder.apply("wide.png", "reference.png", &[]).unwrap();
    for options in [&["-d", "0"][..], &["-q", "98"]] {
        folder.run("cjxl", &[&["wide.png", "in.jxl"], options].concat());
        folder.apply("in.jxl", "out.png", &[]).unwrap();
        let ours = folder.rgb("out.png");
        assert_eq!(size(&ours), (160, 120));
        assert_near(&ours, &folder.rgb("reference.png"), 1.5);
        // And so it is again what it was.
        assert_near(&ours, &folder.rgb("srgb.png"), 2.5);
    }
}

#[test]
fn cut_and_damaged_pictures_are_told() {
    let folder = Folder::new();
    photo_png(&folder, "in.png", 200, 150);
    folder.run("cjxl", &["in.png", "in.jxl", "-q", "80"]);
    let whole = folder.read("in.jxl");
    for length in [3, 20, whole.len() / 2, whole.len() - 10] {
        folder.write("cut.jxl", &whole[..length]);
        let error = folder.apply("cut.jxl", "out.png", &[]).unwrap_err();
        assert!(error.contains("corrupt_image"), "cut to {length}: {error}");
    }
    for at in (12..whole.len()).step_by(whole.len() / 12) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x5a;
        folder.write("damaged.jxl", damaged);
        if let Err(error) = folder.apply("damaged.jxl", "out.png", &[]) {
            let told = ["corrupt_image", "unsupported_feature", "image_limit", "limit_memory"];
            assert!(told.iter().any(|code| error.contains(code)), "damaged at {at}: {error}");
        }
    }
}
