use serde::Deserialize;

use super::*;
use crate::dialect::cloudinary::vectors;

/// The path of an address and the host it is on.
fn split(url: &str, private: bool) -> (String, Host<'static>) {
    let (_, rest) = url.split_once("://").unwrap();
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    let path = path.split('?').next().unwrap();
    (path.to_owned(), if private { Host::Of("test123") } else { Host::Shared })
}

#[derive(Deserialize)]
struct Case {
    url: String,
    public_id: String,
    transformation: Option<String>,
    private_cdn: bool,
    suffix: Option<String>,
    #[serde(rename = "type")]
    delivery: Option<String>,
    resource_type: Option<String>,
}

/// Id and extension, decoded.
fn file_name(address: &Address) -> String {
    match address.extension {
        Some(extension) => format!("{}.{}", address.public_id, extension.name()),
        None => address.public_id.clone(),
    }
}

#[test]
fn address_vectors_are_taken_apart() {
    let cases: Vec<Case> = vectors::load("url");
    assert!(cases.len() > 150, "{}", cases.len());
    let mut skipped = 0;
    for case in cases {
        let (path, host) = split(&case.url, case.private_cdn);
        // Addresses of elsewhere are no business of ours, unknown flags are refused.
        if case.url == case.public_id || path.contains("/fl_abc") {
            skipped += 1;
            continue;
        }
        let address = Address::parse(&path, host).unwrap_or_else(|error| panic!("{}: {error}", case.url));
        assert_eq!(address.resource_type.word(), case.resource_type.as_deref().unwrap_or("image"), "{}", case.url);
        assert_eq!(address.delivery.word(), case.delivery.as_deref().unwrap_or("upload"), "{}", case.url);
        assert_eq!(address.suffix, case.suffix, "{}", case.url);

        // The kit decodes ids that are escaped already. An id that begins like a version is one.
        let given = escape::decode(&case.public_id).unwrap();
        let given = given.strip_prefix("v1234/").unwrap_or(&given);
        let name = file_name(&address);
        let extended = name.strip_prefix(given).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        assert!(extended, "{}: {name} is not {given}", case.url);

        // All that stands before the id is there, but a format that the kit adds for remote and video sources.
        if let Some(expected) = case.transformation.filter(|_| !path.contains("/f_")) {
            let tag = "c_pad,w_auto";
            assert!(address.transformation_text == expected || path.contains(tag), "{}", case.url);
        }
    }
    assert_eq!(skipped, 3);
}

#[test]
fn signed_address_vectors_are_taken_apart_and_fit() {
    #[derive(Deserialize)]
    struct Case {
        url: String,
        api_secret: String,
        cloud_name: String,
        signature: String,
        string_signed: String,
        #[serde(default)]
        private_cdn: bool,
        #[serde(default)]
        algorithm: Algorithm,
        suffix: Option<String>,
    }
    let cases: Vec<Case> = vectors::load("signed_url");
    assert!(cases.len() > 150, "{}", cases.len());
    for case in cases {
        let (path, host) = split(&case.url, case.private_cdn);
        let address = Address::parse(&path, host).unwrap_or_else(|error| panic!("{}: {error}", case.url));
        assert_eq!(address.cloud, case.cloud_name);
        assert_eq!(address.signature.as_deref(), Some(case.signature.as_str()));
        assert_eq!(address.suffix, case.suffix);
        let signed =
            crate::dialect::cloudinary::signature::delivery_text(&address.transformation_text, &address.signed_id);
        assert_eq!(signed, case.string_signed, "{}", case.url);
        assert!(address.is_signed(&case.api_secret, case.algorithm), "{}", case.url);
        assert!(!address.is_signed("other", case.algorithm), "{}", case.url);
        // Written anew, it is what the kit wrote.
        let plain = address.suffix.is_none() && !case.private_cdn;
        if plain {
            assert_eq!(address.path(), path);
        }
    }
}

fn parts(path: &str, host: Host<'_>) -> String {
    match Address::parse(path, host) {
        Ok(a) => format!(
            "{} {}/{} [{}] v{:?} {} {:?} {:?}",
            a.cloud,
            a.resource_type.word(),
            a.delivery.word(),
            a.transformation,
            a.version.unwrap_or_default(),
            a.public_id,
            a.extension.map(FormatName::name).unwrap_or_default(),
            a.suffix.unwrap_or_default()
        ),
        Err(error) => error.to_string(),
    }
}

#[test]
fn addresses_of_all_forms() {
    let check = |path: &str, expected: &str| assert_eq!(parts(path, Host::Shared), expected, "{path}");
    check("/c/image/upload/sample", "c image/upload [] v0 sample \"\" \"\"");
    check("/c/image/upload/w_1/e_sepia/v7/a/b.c.PNG", "c image/upload [w_1/e_sepia] v7 a/b.c \"png\" \"\"");
    check("//c//image//upload//w_1//a.jpg", "c image/upload [w_1] v0 a \"jpg\" \"\"");
    check("/c/raw/upload/v1/doc.pdf", "c raw/upload [] v1 doc.pdf \"\" \"\"");
    check("/c/image/upload/report.docx", "c image/upload [] v0 report.docx \"\" \"\"");
    check("/c/video/authenticated/so_1/x.mp4", "c video/authenticated [so_1] v0 x \"mp4\" \"\"");
    check("/c/image/sprite/f_jpg,w_100/v5/logo.css", "c image/sprite [f_jpg,w_100] v5 logo \"css\" \"\"");
    check("/c/iu/w_1/a.jpg", "c image/upload [w_1] v0 a \"jpg\" \"\"");
    check("/c/images/w_1/a/b/nice-name.jpg", "c image/upload [w_1] v0 a/b \"jpg\" \"nice-name\"");
    check("/c/private_images/a/name", "c image/private [] v0 a \"\" \"name\"");
    check("/c/authenticated_images/a.jpg", "c image/authenticated [] v0 a \"jpg\" \"\"");
    check("/c/videos/a/name.mp4", "c video/upload [] v0 a \"mp4\" \"name\"");
    check("/c/files/a.txt/name", "c raw/upload [] v0 a.txt \"\" \"name\"");
    check("/c/w_1/a.jpg", "c image/upload [w_1] v0 a \"jpg\" \"\"");
    check("/c/v1/a/b.jpg", "c image/upload [] v1 a/b \"jpg\" \"\"");
    check("/c/image/upload/v12", "c image/upload [] v0 v12 \"\" \"\"");
    check("/c/image/upload/w_100", "c image/upload [] v0 w_100 \"\" \"\"");
    check("/c/image/upload/v1/w_100/x.jpg", "c image/upload [] v1 w_100/x \"jpg\" \"\"");
    check("/c/image/upload/.jpg", "c image/upload [] v0 .jpg \"\" \"\"");
    check("/c/image/upload/%E7%81%AB%20a", "c image/upload [] v0 火 a \"\" \"\"");
    check(
        "/c/image/fetch/w_1/https://a.b//c.jpg%3Fd=e%20f",
        "c image/fetch [w_1] v0 https://a.b//c.jpg?d=e f \"\" \"\"",
    );
    check("/c/image/fetch/https%3A%2F%2Fa.b%2Fw_1%2Fc", "c image/fetch [] v0 https://a.b/w_1/c \"\" \"\"");
    check("/c/image/facebook/65646572251.jpg", "c image/facebook [] v0 65646572251.jpg \"\" \"\"");
}

#[test]
fn a_host_of_one_cloud_may_leave_out_its_name() {
    let check = |path: &str, expected: &str| assert_eq!(parts(path, Host::Of("mine")), expected, "{path}");
    check("/image/upload/w_1/a.jpg", "mine image/upload [w_1] v0 a \"jpg\" \"\"");
    check("/mine/image/upload/a.jpg", "mine image/upload [] v0 a \"jpg\" \"\"");
    check("/other/image/upload/a.jpg", "mine image/upload [] v0 other/image/upload \"jpg\" \"a\"");
    check("/images/a/name.jpg", "mine image/upload [] v0 a \"jpg\" \"name\"");
    check("/a.jpg", "mine image/upload [] v0 a \"jpg\" \"\"");
}

#[test]
fn what_is_no_address_is_refused() {
    let check = |path: &str, expected: &str| assert_eq!(parts(path, Host::Shared), expected, "{path}");
    check("", "Resource not found - ");
    check("/", "Resource not found - ");
    check("/c", "Resource not found - c");
    check("/c/image", "Resource not found - c/image");
    check("/c/image/upload", "Resource not found - c/image/upload");
    check("/c/image/up%load/x", "Resource not found - c/image/up%load/x");
    check("/c/image/upload/%ff.jpg", "Invalid path - its escapes are not UTF-8");
    check("/c/image/upload/a%00b", "Invalid path - it holds control characters");
    check(
        "/c/image/upload/w_abc/x.jpg",
        "Invalid width in transformation: abc (in component w_abc; expected a whole number of pixels, a fraction \
         with a decimal point, \"auto\" or an expression)",
    );
    check(
        "/c/image/upload/w_1,zz_2/x.jpg",
        "Invalid parameter in transformation: zz_2 (in component w_1,zz_2; expected a known key before the \
         underscore)",
    );
    // A folder that is no component.
    check("/c/image/upload/my_folder/x.jpg", "c image/upload [] v0 my_folder/x \"jpg\" \"\"");
    let long = format!("/c/image/upload/{}", "a".repeat(40_000));
    check(&long, "Invalid path - it is too long");
}

#[test]
fn tokens_are_taken_from_queries() {
    let check = |query: &str, expected: Option<&str>| assert_eq!(token_in_query(query).as_deref(), expected);
    check("_a=XYZ&__cld_token__=exp=1~acl=%2fa*~hmac=00", Some("exp=1~acl=%2fa*~hmac=00"));
    check("__cld_token__=exp%3D1%7Ehmac%3D00", Some("exp=1~hmac=00"));
    check("_a=XYZ", None);
}

#[test]
fn addresses_are_written_as_the_kit_does() {
    let cases: Vec<Case> = vectors::load("url");
    let mut written = 0;
    for case in cases {
        let (path, host) = split(&case.url, false);
        let Ok(address) = Address::parse(&path, host) else { continue };
        let standard = ["/image/", "/video/", "/raw/"].iter().any(|kind| path.contains(kind));
        if case.private_cdn || !standard || case.url == case.public_id {
            continue;
        }
        assert_eq!(address.path(), path);
        written += 1;
    }
    assert!(written > 150, "{written}");
    let parts = Parts {
        cloud: "c",
        resource_type: ResourceType::Image,
        delivery: &DeliveryType::Upload,
        signature: None,
        transformation: "l_text:My Font_20:a%252Cb",
        version: Some(7),
        public_id: "ä b/c?d",
        extension: Some("png"),
    };
    assert_eq!(parts.path(), "/c/image/upload/l_text:My%20Font_20:a%252Cb/v7/%C3%A4%20b/c%3Fd.png");
}

/// No path ends in a panic; what is read, is read again from its plain form.
#[test]
fn paths_of_any_shape_are_read_or_refused() {
    let pieces = [
        "/",
        "c",
        "image",
        "upload",
        "images",
        "fetch",
        "iu",
        "raw",
        "s--",
        "--",
        "v1",
        "v",
        "w_100",
        "c_fill,",
        "l_text:",
        "a%20b",
        "%",
        "%ff",
        ".jpg",
        "..",
        "https://a.b",
        "$x_1",
        "if_w_gt_1",
        "fl_layer_apply",
        "é",
        "\u{0}",
        "?",
        "t_",
    ];
    let mut seed = 7_u64;
    let mut below = |end: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % end
    };
    for _ in 0..20_000 {
        let mut path = String::from("/c/image/upload/");
        path.truncate(below(16) + 1);
        for _ in 0..below(12) {
            path.push_str(pieces[below(pieces.len())]);
            if below(2) == 0 {
                path.push('/');
            }
        }
        for host in [Host::Shared, Host::Of("c")] {
            if let Ok(address) = Address::parse(&path, host) {
                assert!(!address.public_id.is_empty());
                let again = Address::parse(&address.path(), Host::Shared);
                let again = again.unwrap_or_else(|error| panic!("{path}: {error}"));
                assert_eq!(again.transformation, address.transformation, "{path}");
            }
        }
    }
}
