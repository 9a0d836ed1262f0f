//! Real pictures by address: size, format and some pixels of each result.

use safelight_codec::{DecodeOptions, Format, Limits, Picture, PixelFormat, Raster, decode};

use crate::support::{Server, pictures_written};

/// What is expected at a pixel: red, green, blue, alpha; levels may be off by `TOLERANCE`.
type Pixel = (u32, u32, [u8; 4]);

/// Lossy formats and resampling are off by some levels.
const TOLERANCE: i32 = 12;

const RED: [u8; 4] = [220, 20, 20, 255];
const GREEN: [u8; 4] = [20, 200, 20, 255];
const BLUE: [u8; 4] = [20, 20, 220, 255];
const GRAY: [u8; 4] = [128, 128, 128, 255];
const WHITE: [u8; 4] = [255, 255, 255, 255];
const CLEAR: [u8; 4] = [0, 0, 0, 0];

/// 120 x 80: red on the left, green on the right above, blue on the right below.
fn flag() -> Raster {
    let color = |x: u32, y: u32| match (x < 60, y < 40) {
        (true, _) => RED,
        (false, true) => GREEN,
        (false, false) => BLUE,
    };
    painted(120, 80, color)
}

/// 20 x 20: a gray disc on nothing.
fn disc() -> Raster {
    let far = |at: u32| (at as f32 + 0.5 - 10.0).powi(2);
    painted(20, 20, |x, y| if far(x) + far(y) < 81.0 { GRAY } else { CLEAR })
}

/// 60 x 40: blue in a white frame of 10 pixels.
fn framed() -> Raster {
    let inside = |at: u32, side: u32| (10..side - 10).contains(&at);
    painted(60, 40, |x, y| if inside(x, 60) && inside(y, 40) { BLUE } else { WHITE })
}

fn painted(width: u32, height: u32, color: impl Fn(u32, u32) -> [u8; 4]) -> Raster {
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| color(x, y)).collect();
    Raster::new(width, height, PixelFormat::Rgba8, pixels).unwrap()
}

async fn store(server: &Server, id: &str, bytes: Vec<u8>) {
    let stored = server.request(reqwest::Method::PUT, &format!("/v1/assets/{id}")).body(bytes).send().await.unwrap();
    assert_eq!(stored.status(), 200, "{}", stored.text().await.unwrap());
}

async fn pictures(server: &Server) {
    for (id, raster) in [("flag", flag()), ("disc", disc()), ("framed", framed())] {
        store(server, id, pictures_written(raster, Format::Png)).await;
    }
}

fn read(bytes: &[u8]) -> Picture {
    let limits = Limits::default();
    let options = DecodeOptions { limits: &limits, enough: None, keep_metadata: false, animated: true };
    decode(bytes, &options).unwrap()
}

/// Asks for an address of an image and checks what comes.
async fn check(server: &Server, address: &str, format: Format, size: (u32, u32), pixels: &[Pixel]) {
    let url = format!("{}/demo/image/upload/{address}", server.url);
    let answer = server.client.get(&url).header("accept", "image/webp").send().await.unwrap();
    let error = answer.headers().get("x-cld-error").map(|value| value.to_str().unwrap().to_owned());
    assert_eq!((answer.status().as_u16(), error), (200, None), "{address}");
    let media_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
    let bytes = answer.bytes().await.unwrap();
    assert_eq!(Format::sniff(&bytes), Some(format), "{address}");
    assert_eq!(media_type, format.media_type(), "{address}");
    let raster = read(&bytes).frames.remove(0).raster;
    assert_eq!((raster.width(), raster.height()), size, "{address}");
    let raster = raster.convert(PixelFormat::Rgba8);
    for (x, y, expected) in pixels {
        let at = (*y as usize * raster.width() as usize + *x as usize) * 4;
        let pixel = &raster.pixels()[at..at + 4];
        // What cannot be seen has no colour.
        let same = if expected[3] == 0 {
            i32::from(pixel[3]) <= TOLERANCE
        } else {
            pixel.iter().zip(expected).all(|(a, b)| (i32::from(*a) - i32::from(*b)).abs() <= TOLERANCE)
        };
        assert!(same, "{address}: {pixel:?} at {x},{y}, expected {expected:?}");
    }
}

#[tokio::test]
async fn sizes_and_cuts() {
    let server = Server::start().await;
    pictures(&server).await;
    let cases: &[(&str, (u32, u32), &[Pixel])] = &[
        ("c_scale,w_60/flag.png", (60, 40), &[(10, 20, RED), (50, 10, GREEN), (50, 30, BLUE)]),
        ("c_scale,h_40,w_40/flag.png", (40, 40), &[(5, 20, RED), (35, 5, GREEN)]),
        ("h_0.5/flag.png", (60, 40), &[(10, 20, RED)]),
        ("c_fit,h_30,w_90/flag.png", (45, 30), &[]),
        ("c_limit,h_500,w_500/flag.png", (120, 80), &[(119, 79, BLUE)]),
        ("c_mfit,h_160,w_160/flag.png", (160, 107), &[]),
        ("c_mfit,h_40,w_40/flag.png", (120, 80), &[]),
        ("c_fill,h_40,w_40/flag.png", (40, 40), &[(5, 20, RED), (35, 5, GREEN), (35, 35, BLUE)]),
        ("c_fill,g_west,h_40,w_20/flag.png", (20, 40), &[(0, 0, RED), (19, 39, RED)]),
        ("c_fill,g_north_east,h_40,w_20/flag.png", (20, 40), &[(2, 2, GREEN), (19, 39, BLUE)]),
        ("c_lfill,h_200,w_40/flag.png", (40, 80), &[]),
        ("c_pad,h_80,w_80/flag.png", (80, 80), &[(40, 2, CLEAR), (5, 40, RED)]),
        ("b_rgb:1414dc,c_pad,h_80,w_80/flag.png", (80, 80), &[(40, 2, BLUE), (5, 40, RED)]),
        ("b_white,c_pad,g_south,h_80,w_60/flag.png", (60, 80), &[(30, 2, WHITE), (2, 78, RED)]),
        ("b_auto,c_pad,h_60,w_60/framed.png", (60, 60), &[(30, 2, WHITE)]),
        ("b_blurred:400,c_pad,h_90,w_90/flag.png", (90, 90), &[(2, 2, RED)]),
        ("c_lpad,h_100,w_140/flag.png", (140, 100), &[(2, 50, CLEAR), (12, 50, RED)]),
        ("c_mpad,h_100,w_140/flag.png", (140, 100), &[(2, 50, CLEAR), (12, 50, RED)]),
        ("b_white,c_fill_pad,g_auto,h_40,w_40/flag.png", (40, 40), &[]),
        ("c_crop,h_20,w_30,x_70,y_50/flag.png", (30, 20), &[(0, 0, BLUE), (29, 19, BLUE)]),
        ("c_crop,g_center,h_20,w_20/flag.png", (20, 20), &[(2, 10, RED), (17, 2, GREEN), (17, 17, BLUE)]),
        ("c_crop,g_xy_center,h_20,w_20,x_100,y_20/flag.png", (20, 20), &[(10, 10, GREEN)]),
        ("c_crop,h_0.5,w_0.5,x_0.5,y_0.0/flag.png", (60, 40), &[(2, 2, GREEN), (57, 37, GREEN)]),
        ("c_thumb,g_north,h_40,w_40/flag.png", (40, 40), &[]),
        ("c_thumb,g_north_west,h_20,w_20,z_2.0/flag.png", (20, 20), &[(0, 0, RED), (19, 19, RED)]),
        ("c_auto,g_auto,h_40,w_40/flag.png", (40, 40), &[]),
        ("ar_1:1,c_fill,w_50/flag.png", (50, 50), &[]),
        ("ar_1.0,c_crop,g_east/flag.png", (80, 80), &[(78, 2, GREEN), (78, 78, BLUE)]),
        ("c_scale,dpr_2.0,w_30/flag.png", (60, 40), &[]),
        ("c_scale,fl_ignore_aspect_ratio,w_40/flag.png", (40, 80), &[]),
        ("c_scale,g_liquid,h_80,w_110/flag.png", (110, 80), &[]),
        ("w_iw_div_2,c_scale/flag.png", (60, 40), &[]),
        ("$size_25/c_fill,h_$size,w_$size_mul_2/flag.png", (50, 25), &[]),
        ("if_w_gt_100/c_scale,w_30/if_else/c_scale,w_90/if_end/flag.png", (30, 20), &[]),
        ("if_w_gt_500,c_scale,w_30/if_else,c_scale,w_90/flag.png", (90, 60), &[]),
    ];
    for (address, size, pixels) in cases {
        check(&server, address, Format::Png, *size, pixels).await;
    }
    assert!(cases.len() >= 30);
}

#[tokio::test]
async fn turns_shapes_and_effects() {
    let server = Server::start().await;
    pictures(&server).await;
    let gray_of = |[red, green, blue, alpha]: [u8; 4]| {
        let luma = 0.2126 * f32::from(red) + 0.7152 * f32::from(green) + 0.0722 * f32::from(blue);
        [luma as u8, luma as u8, luma as u8, alpha]
    };
    let cases: &[(&str, (u32, u32), &[Pixel])] = &[
        ("a_90/flag.png", (80, 120), &[(40, 10, RED), (70, 110, GREEN), (10, 110, BLUE)]),
        ("a_180/flag.png", (120, 80), &[(110, 40, RED), (10, 70, GREEN)]),
        ("a_45/flag.png", (141, 141), &[(2, 2, CLEAR)]),
        ("a_45,b_white/flag.png", (141, 141), &[(2, 2, WHITE)]),
        ("a_hflip/flag.png", (120, 80), &[(110, 40, RED), (10, 10, GREEN)]),
        ("a_vflip/flag.png", (120, 80), &[(110, 10, BLUE)]),
        ("a_hflip.90/flag.png", (80, 120), &[(40, 110, RED)]),
        ("a_auto_right,c_fill,h_120,w_80/flag.png", (80, 120), &[(40, 10, RED)]),
        ("r_20/flag.png", (120, 80), &[(1, 1, CLEAR), (60, 1, GREEN), (20, 40, RED)]),
        ("r_max/flag.png", (120, 80), &[(5, 5, CLEAR), (20, 40, RED)]),
        ("r_30:0/flag.png", (120, 80), &[(1, 1, CLEAR), (118, 1, GREEN), (1, 78, RED), (118, 78, CLEAR)]),
        ("bo_5px_solid_white/flag.png", (130, 90), &[(2, 2, WHITE), (10, 45, RED)]),
        ("bo_5px_solid_rgb:1414dc,r_max/flag.png", (130, 90), &[(2, 2, CLEAR), (2, 45, BLUE), (20, 45, RED)]),
        ("o_50/flag.png", (120, 80), &[(10, 10, [220, 20, 20, 128])]),
        ("b_white/disc.png", (20, 20), &[(0, 0, WHITE), (10, 10, GRAY)]),
        ("e_grayscale/flag.png", (120, 80), &[(10, 10, gray_of(RED)), (110, 10, gray_of(GREEN))]),
        ("e_negate/flag.png", (120, 80), &[(10, 10, [35, 235, 235, 255])]),
        ("e_blackwhite/flag.png", (120, 80), &[(10, 10, [0, 0, 0, 255]), (110, 10, WHITE)]),
        ("e_sepia/flag.png", (120, 80), &[]),
        ("e_brightness:-99/flag.png", (120, 80), &[(10, 10, [2, 0, 0, 255])]),
        ("e_saturation:-100/flag.png", (120, 80), &[]),
        ("e_hue:67/flag.png", (120, 80), &[]),
        ("co_white,e_colorize:100/flag.png", (120, 80), &[(10, 10, WHITE)]),
        ("e_blur:300/flag.png", (120, 80), &[(10, 40, RED)]),
        ("e_blur_region:400,h_80,w_30,x_45,y_0/flag.png", (120, 80), &[(10, 10, RED), (110, 10, GREEN)]),
        ("e_pixelate:40/flag.png", (120, 80), &[(10, 10, RED)]),
        ("e_pixelate_region:20,h_40,w_40,x_60,y_0/flag.png", (120, 80), &[(80, 10, GREEN)]),
        ("e_sharpen:100/flag.png", (120, 80), &[(20, 40, RED)]),
        ("e_trim/framed.png", (40, 20), &[(1, 1, BLUE), (38, 18, BLUE)]),
        ("e_trim/c_pad,b_white,h_60,w_60/framed.png", (60, 60), &[(30, 2, WHITE), (30, 30, BLUE)]),
        ("e_make_transparent/framed.png", (60, 40), &[(2, 2, CLEAR), (30, 20, BLUE)]),
        ("e_outline:5,co_white/disc.png", (30, 30), &[(15, 2, WHITE), (15, 15, GRAY)]),
        ("e_shadow:20,x_10,y_10/disc.png", (36, 36), &[]),
        ("e_vignette:100/flag.png", (120, 80), &[(0, 0, [0, 0, 0, 255]), (30, 40, RED)]),
        ("e_recolor:0:1:0:1:0:0:0:0:1/flag.png", (120, 80), &[(10, 10, [20, 220, 20, 255])]),
        ("e_replace_color:white:20:dc1414/flag.png", (120, 80), &[(10, 10, WHITE), (110, 10, GREEN)]),
        ("e_tint:100:red/flag.png", (120, 80), &[]),
        ("e_cartoonify/flag.png", (120, 80), &[]),
        ("e_oil_paint:40/flag.png", (120, 80), &[(20, 20, RED)]),
        ("e_improve/flag.png", (120, 80), &[]),
        ("e_gradient_fade,x_0.5/flag.png", (120, 80), &[(0, 40, CLEAR), (110, 70, BLUE)]),
        ("e_distort:0:0:120:20:120:60:0:80/flag.png", (120, 80), &[(118, 2, CLEAR)]),
        ("e_shear:20:0/flag.png", (149, 80), &[(2, 78, CLEAR)]),
        ("e_simulate_colorblind/flag.png", (120, 80), &[]),
        ("e_ordered_dither:4/flag.png", (120, 80), &[]),
        ("e_noise:20/flag.png", (120, 80), &[]),
        ("e_opacity_threshold/disc.png", (20, 20), &[(10, 10, GRAY), (0, 0, CLEAR)]),
    ];
    for (address, size, pixels) in cases {
        check(&server, address, Format::Png, *size, pixels).await;
    }
    assert!(cases.len() >= 40);
}

#[tokio::test]
async fn layers_and_texts() {
    let server = Server::start().await;
    pictures(&server).await;
    let cases: &[(&str, (u32, u32), &[Pixel])] = &[
        ("l_disc/flag.png", (120, 80), &[(60, 40, GRAY), (10, 10, RED)]),
        ("g_north_west,l_disc,x_5,y_5/flag.png", (120, 80), &[(15, 15, GRAY), (5, 5, RED)]),
        ("g_south_east,l_disc,w_40/flag.png", (120, 80), &[(100, 60, GRAY)]),
        ("g_east,l_disc,x_-10/flag.png", (130, 80), &[(120, 40, GRAY), (128, 2, CLEAR)]),
        ("fl_no_overflow,g_east,l_disc,x_-10/flag.png", (120, 80), &[(118, 40, GRAY)]),
        ("l_disc,o_50/flag.png", (120, 80), &[(57, 40, [174, 74, 74, 255])]),
        ("l_disc/c_scale,w_40/e_negate/fl_layer_apply,g_west/flag.png", (120, 80), &[(20, 40, [127, 127, 127, 255])]),
        ("fl_relative,l_disc,w_0.5/flag.png", (120, 80), &[(40, 40, GRAY)]),
        ("fl_tiled,l_disc/flag.png", (120, 80), &[(10, 10, GRAY), (30, 30, GRAY), (0, 0, RED)]),
        ("fl_cutter,l_disc/flag.png", (120, 80), &[(58, 40, RED), (10, 10, CLEAR)]),
        ("l_disc/e_cut_out,fl_layer_apply/flag.png", (120, 80), &[(58, 40, CLEAR), (10, 10, RED)]),
        ("l_disc/e_multiply,fl_layer_apply,g_west/flag.png", (120, 80), &[(10, 40, [110, 10, 10, 255])]),
        ("l_disc/e_screen,fl_layer_apply,g_west/flag.png", (120, 80), &[(10, 40, [238, 138, 138, 255])]),
        ("l_framed/e_mask,fl_layer_apply/flag.png", (120, 80), &[(2, 2, CLEAR), (35, 25, RED)]),
        ("u_flag/disc.png", (120, 80), &[(60, 40, GRAY), (10, 10, RED)]),
        ("fl_relative,h_2.0,u_flag,w_2.0/disc.png", (40, 40), &[(20, 20, GRAY), (2, 20, RED)]),
        ("l_disc/l_framed/c_scale,w_10/fl_layer_apply,g_center/fl_layer_apply/flag.png", (120, 80), &[(60, 40, BLUE)]),
        ("co_white,g_north,l_text:Arial_30:%E2%96%88%E2%96%88/flag.png", (120, 80), &[]),
        ("co_white,l_text:Arial_24_bold:Hello/flag.png", (120, 80), &[(5, 5, RED)]),
        ("b_white,l_text:Arial_40:MMMM/flag.png", (143, 80), &[]),
        ("c_fit,l_text:Arial_12:Some%20words%20that%20wrap,w_60/flag.png", (120, 80), &[]),
        ("l_text:Arial_20:%24(none)%252C/a_90/fl_layer_apply/flag.png", (120, 80), &[]),
        ("$word_!Hi!/l_text:Arial_20:$(word)%20there/flag.png", (120, 80), &[]),
    ];
    for (address, size, pixels) in cases {
        // How wide letters are is the font's matter.
        if address.contains("MMMM") {
            let url = format!("{}/demo/image/upload/{address}", server.url);
            let bytes = server.client.get(&url).send().await.unwrap().bytes().await.unwrap();
            let raster = read(&bytes).frames.remove(0).raster;
            assert!(raster.width() > size.0 - 20 && raster.height() == size.1, "{} wide", raster.width());
            continue;
        }
        check(&server, address, Format::Png, *size, pixels).await;
    }
    let white = |bytes: &[u8]| {
        let raster = read(bytes).frames.remove(0).raster.convert(PixelFormat::Rgba8);
        raster.pixels().as_chunks::<4>().0.iter().filter(|pixel| **pixel == WHITE).count()
    };
    let text = format!("{}/demo/image/upload/co_white,l_text:Arial_30:Text/flag.png", server.url);
    let bytes = server.client.get(&text).send().await.unwrap().bytes().await.unwrap();
    assert!(white(&bytes) > 100, "the letters are seen");
}

#[tokio::test]
async fn formats_qualities_and_pages() {
    let server = Server::start().await;
    pictures(&server).await;
    store(&server, "moving", moving()).await;
    store(&server, "drawn", drawn().into_bytes()).await;
    for (address, format, size) in [
        ("w_60/flag.jpg", Format::Jpeg, (60, 40)),
        ("f_webp,w_60/flag.png", Format::WebP, (60, 40)),
        ("w_60/flag.gif", Format::Gif, (60, 40)),
        ("w_60/flag.avif", Format::Avif, (60, 40)),
        ("w_60/flag.bmp", Format::Bmp, (60, 40)),
        ("w_60/flag.ico", Format::Ico, (60, 40)),
        ("w_60/flag.tiff", Format::Tiff, (60, 40)),
        ("f_auto,w_60/flag", Format::WebP, (60, 40)),
        ("q_10,w_60/flag.jpg", Format::Jpeg, (60, 40)),
        ("q_auto,w_60/flag.jpg", Format::Jpeg, (60, 40)),
        ("q_auto:eco,w_60/flag.webp", Format::WebP, (60, 40)),
        ("fl_progressive,q_80:444,w_60/flag.jpg", Format::Jpeg, (60, 40)),
        ("fl_png8,w_60/flag", Format::Png, (60, 40)),
        ("fl_lossy,w_60/flag.png", Format::Png, (60, 40)),
        ("w_60/flag", Format::Png, (60, 40)),
        ("pg_2/moving.png", Format::Png, (16, 12)),
        ("w_8/moving.gif", Format::Gif, (8, 6)),
        ("w_200/drawn.png", Format::Png, (200, 100)),
        ("dn_192/drawn.png", Format::Png, (200, 100)),
    ] {
        check(&server, address, format, size, &[]).await;
    }
    let frames = |address: &'static str| {
        let server = &server;
        async move {
            let url = format!("{}/demo/image/upload/{address}", server.url);
            let bytes = server.client.get(&url).send().await.unwrap().bytes().await.unwrap();
            read(&bytes).frames.iter().map(|frame| frame.delay_ms).collect::<Vec<_>>()
        }
    };
    assert_eq!(frames("w_8/moving.gif").await, [100, 100, 100]);
    assert_eq!(frames("dl_300,w_8/moving.gif").await, [300, 300, 300]);
    assert_eq!(frames("pg_1;3/w_8/moving.gif").await, [100, 100]);
    assert_eq!(frames("w_8/moving.jpg").await, [0]);
    let small = format!("{}/demo/image/upload/q_10/flag.jpg", server.url);
    let large = format!("{}/demo/image/upload/q_95/flag.jpg", server.url);
    let bytes = |url: String| async { server.client.get(url).send().await.unwrap().bytes().await.unwrap().len() };
    assert!(bytes(small).await < bytes(large).await);
}

/// Three frames of 16 x 12.
fn moving() -> Vec<u8> {
    use safelight_codec::{EncodeOptions, Frame, Loops, encode};
    let frame = |color| Frame { raster: Raster::filled(16, 12, color), delay_ms: 100 };
    let picture = Picture {
        frames: vec![frame(RED), frame(GREEN), frame(BLUE)],
        loops: Loops::Forever,
        ..Picture::still(Raster::filled(16, 12, RED))
    };
    encode(&picture, &EncodeOptions::new(Format::Gif)).unwrap()
}

fn drawn() -> String {
    r#"<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50"><rect width="100" height="50" fill="red"/></svg>"#
        .to_owned()
}
