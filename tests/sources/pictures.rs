//! Damaged pictures, bombs and absurd parameters.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use safelight_codec::Format;
use serde_json::{Value, json};

use crate::support::{Origin, Server, photo, pictures_written, tools};

const FORMATS: [Format; 8] =
    [Format::Jpeg, Format::Png, Format::WebP, Format::Gif, Format::Avif, Format::Tiff, Format::Bmp, Format::Ico];

fn job(url: &str) -> Value {
    json!({"source": {"url": url}, "outputs": [{"id": "o", "format": "png",
        "steps": [{"transform": "resize", "params": {"width": 10}}]}]})
}

#[tokio::test]
async fn cut_off_and_damaged_pictures_of_every_format_are_told_clearly() {
    let server = Server::start().await;
    let origin = Origin::start().await;
    for format in FORMATS {
        let whole = pictures_written(photo(64, 48), format);
        let done = server.run(&job(&origin.bytes("whole", whole.clone()))).await;
        assert_eq!(done["state"], "succeeded", "{format}: {done}");
        assert_eq!(done["source"]["format"], format.name());

        for part in [2, 3] {
            let cut = whole[..whole.len() / part].to_vec();
            let done = server.run(&job(&origin.bytes("cut", cut))).await;
            assert_eq!(done["state"], "failed", "{format} cut to 1/{part}");
            let error = &done["errors"][0];
            assert!(
                error["code"] == "corrupt_image" || error["code"] == "unknown_format",
                "{format} cut to 1/{part}: {error}"
            );
        }
        let mut random = StdRng::seed_from_u64(7);
        for round in 0..20 {
            let mut damaged = whole.clone();
            for _ in 0..8 {
                let at = random.random_range(0..damaged.len());
                damaged[at] = random.random();
            }
            let done = server.run(&job(&origin.bytes("damaged", damaged))).await;
            let state = done["state"].as_str().unwrap();
            assert!(state == "succeeded" || state == "failed", "{format}, round {round}");
            assert_ne!(done["errors"][0]["code"], "internal", "{format}, round {round}: {done}");
        }
    }
    assert_eq!(server.run(&json!({"source": {"canvas": {"width": 2, "height": 2}}})).await["state"], "succeeded");
}

/// A PNG whose header promises this size and whose data is a little.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let mut crc = !0u32;
        for &byte in kind.iter().chain(data) {
            crc ^= u32::from(byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            }
        }
        let mut chunk = (data.len() as u32).to_be_bytes().to_vec();
        chunk.extend_from_slice(kind);
        chunk.extend_from_slice(data);
        chunk.extend_from_slice(&(!crc).to_be_bytes());
        chunk
    };
    let mut header = width.to_be_bytes().to_vec();
    header.extend_from_slice(&height.to_be_bytes());
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.extend(chunk(b"IHDR", &header));
    file.extend(chunk(b"IDAT", &[0x78, 0x9c, 0x03, 0, 0, 0, 0, 1]));
    file.extend(chunk(b"IEND", &[]));
    file
}

#[tokio::test]
async fn bombs_are_refused_before_memory_is_taken() {
    let server = Server::builder().set("codec", "max_pixels", 1_000_000).set("codec", "max_frames", 10).start().await;
    let origin = Origin::start().await;
    server.run(&json!({"source": {"canvas": {"width": 2, "height": 2}}})).await;
    let before = server.resident();

    let bombs = [
        ("pixels", png_header(60_000, 60_000), "image_limit"),
        ("zero", png_header(0, 10), "corrupt_image"),
        ("gif", gif_frames(50), "image_limit"),
        ("real", pictures_written(photo(1200, 1000), Format::Png), "image_limit"),
    ];
    for (name, bytes, code) in bombs {
        // An animation's frames count when the result may hold them.
        let done = server
            .run(&json!({"source": {"url": origin.bytes(name, bytes)}, "outputs": [{"id": "o", "format": "gif",
                "steps": [{"transform": "resize", "params": {"width": 10}}]}]}))
            .await;
        assert_eq!(done["errors"][0]["code"], code, "{name}: {done}");
    }
    let grown = server.resident().saturating_sub(before);
    assert!(grown < 200 << 20, "resident memory grew by {grown} bytes");
    let (status, problem) = server.refused(&json!({"source": {"canvas": {"width": 100_000, "height": 100_000}}})).await;
    assert_eq!(status.as_u16(), 422);
    assert!(problem.to_string().contains("100000"), "{problem}");
}

/// An animation of 1 x 1 px.
fn gif_frames(count: usize) -> Vec<u8> {
    let mut file = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff".to_vec();
    for _ in 0..count {
        file.extend_from_slice(b"\x21\xf9\x04\0\x0a\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0");
    }
    file.push(0x3b);
    file
}

#[tokio::test]
async fn absurd_parameters_are_refused_with_field_value_and_range() {
    let server = Server::start().await;
    let cases = [
        (json!({"transform": "resize", "params": {"width": 0}}), "width"),
        (json!({"transform": "resize", "params": {"width": -1}}), "width"),
        (json!({"transform": "resize", "params": {"width": 1e300}}), "width"),
        (json!({"transform": "resize", "params": {"width": "wide"}}), "width"),
        (json!({"transform": "resize", "params": {"width": 10, "mode": "stretchy"}}), "mode"),
        (json!({"transform": "blur", "params": {"sigma_px": -1}}), "sigma_px"),
        (json!({"transform": "blur", "params": {"sigma_px": 1e9}}), "sigma_px"),
        (json!({"transform": "blur", "params": {"sigma_px": null}}), "sigma_px"),
        (json!({"transform": "blur", "params": {"sigma": 2}}), "sigma"),
        (json!({"transform": "crop", "params": {"width": 4_294_967_296_u64, "height": 1}}), "width"),
        (json!({"transform": "pixelate", "params": {"size_px": 0}}), "size_px"),
        (json!({"transform": "gamma", "params": {"gamma": "NaN"}}), "gamma"),
    ];
    for (step, field) in cases {
        let (status, problem) =
            server.refused(&json!({"source": {"canvas": {"width": 20, "height": 20}}, "steps": [step]})).await;
        assert_eq!(status.as_u16(), 422, "{step}: {problem}");
        assert_eq!(problem["errors"][0]["code"], "invalid_params", "{step}: {problem}");
        assert!(problem["errors"].to_string().contains(field), "{step}: {problem}");
    }
    // Valid for the schema, yet too much.
    let done = server
        .post("/v1/jobs")
        .json(&json!({"source": {"canvas": {"width": 20, "height": 20}},
            "steps": [{"transform": "resize", "params": {"width": 60000, "height": 60000, "mode": "exact"}}]}))
        .send()
        .await
        .unwrap();
    let answer: Value = done.json().await.unwrap();
    let told = match answer["id"].as_str() {
        Some(id) => server.finished(id).await.to_string(),
        None => answer.to_string(),
    };
    assert!(told.contains("60000") || told.contains("limit"), "{told}");
}

#[tokio::test]
async fn an_animation_keeps_its_frames_and_timing() {
    use safelight_codec::{DecodeOptions, EncodeOptions, Frame, Limits, Loops, Metadata, Picture, decode, encode};
    let whole = photo(400, 30);
    let frames = [100, 200, 350].map(|delay_ms| Frame { raster: whole.crop(delay_ms, 0, 40, 30).unwrap(), delay_ms });
    let picture = Picture { frames: frames.into(), loops: Loops::Forever, metadata: Metadata::default() };
    let server = Server::start().await;
    let origin = Origin::start().await;
    for (from, to) in [(Format::Gif, Format::WebP), (Format::WebP, Format::Gif)] {
        let source = encode(&picture, &EncodeOptions::new(from)).unwrap();
        let done = server
            .run(&json!({"source": {"url": origin.bytes("animation", source)},
                "outputs": [{"id": "o", "format": to.name(), "steps": [{"transform": "resize", "params": {"width": 20}}]}]}))
            .await;
        assert_eq!(done["state"], "succeeded", "{done}");
        let bytes = server.download(&done["outputs"][0]).await;
        let limits = Limits::default();
        let made =
            decode(&bytes, &DecodeOptions { limits: &limits, enough: None, keep_metadata: false, animated: true })
                .unwrap();
        let delays: Vec<u32> = made.frames.iter().map(|frame| frame.delay_ms).collect();
        assert_eq!(delays, [100, 200, 350], "{from} to {to}");
        assert_eq!(made.frames[2].raster.width(), 20);
    }
}

#[tokio::test]
async fn orientation_is_applied_and_metadata_dropped_unless_kept() {
    let server = Server::start().await;
    let origin = Origin::start().await;
    // Made by tests/fixtures/README.md: 40 x 20 px with orientation 6, an EXIF block with a name in it.
    let source = std::fs::read(tools::fixture("rotated.jpg")).unwrap();
    let done = server
        .run(&json!({"source": {"url": origin.bytes("rotated", source)}, "outputs": [
            {"id": "plain", "format": "jpeg"},
            {"id": "kept", "format": "jpeg", "metadata": "keep"},
        ]}))
        .await;
    assert_eq!((&done["source"]["width"], &done["source"]["height"]), (&json!(20), &json!(40)), "{done}");
    let plain = server.download(&done["outputs"][0]).await;
    let kept = server.download(&done["outputs"][1]).await;
    let holds = |bytes: &[u8]| bytes.windows(11).any(|window| window == b"A. Stranger");
    assert!(!holds(&plain) && holds(&kept));
}
