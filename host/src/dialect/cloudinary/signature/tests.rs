use serde_json::Value;

use super::*;
use crate::dialect::cloudinary::{escape, vectors};

fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn version(number: u8) -> Version {
    if number == 1 { Version::V1 } else { Version::V2 }
}

#[derive(Deserialize)]
struct Request {
    params: serde_json::Map<String, Value>,
    api_secret: String,
    algorithm: Algorithm,
    signature_version: u8,
    string_to_sign: String,
    signature: String,
}

/// The fields as a form carries them; arrays as repeated `name[]`.
fn form(params: &serde_json::Map<String, Value>) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut form = Vec::new();
    for (name, value) in params {
        match value {
            Value::Array(items) => form.extend(items.iter().map(|item| (format!("{name}[]"), text(item)))),
            other => form.push((name.clone(), text(other))),
        }
    }
    form
}

#[test]
fn requests_are_signed_like_the_kit_does() {
    let cases: Vec<Request> = vectors::load("api_sign_request");
    assert_eq!(cases.len(), 56);
    for case in cases {
        let form = form(&case.params);
        let version = version(case.signature_version);
        assert_eq!(text_to_sign(&form, version), case.string_to_sign);
        assert_eq!(sign(&case.string_to_sign, &case.api_secret, case.algorithm), case.signature);
        // This vector calls the kit's function with a field that requests never sign.
        if form.iter().any(|(name, _)| name == "cloud_name") {
            continue;
        }
        assert_eq!(verify_request(&form, &case.signature, &case.api_secret, version, false), Ok(()));
        assert!(verify_request(&form, &case.signature, "other", version, false).is_err());
    }
}

#[test]
fn sent_fields_carry_their_signature() {
    #[derive(Deserialize)]
    struct Case {
        api_secret: String,
        fields: serde_json::Map<String, Value>,
    }
    let cases: Vec<Case> = vectors::load("upload_params");
    assert_eq!(cases.len(), 20);
    for case in cases {
        let form = form(&case.fields);
        let given = case.fields["signature"].as_str().unwrap();
        assert_eq!(verify_request(&form, given, &case.api_secret, Version::V2, false), Ok(()), "{form:?}");
    }
}

#[test]
fn download_addresses_carry_their_signature() {
    #[derive(Deserialize)]
    struct Case {
        url: String,
    }
    let cases: Vec<Case> = vectors::load("download_url");
    assert_eq!(cases.len(), 5);
    for case in cases {
        let (_, query) = case.url.split_once('?').unwrap();
        let decode = |text: &str| escape::decode(&text.replace('+', " ")).unwrap();
        let form: Vec<_> = query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (decode(name), decode(value)))
            .collect();
        let given = &form.iter().find(|(name, _)| name == "signature").unwrap().1;
        assert_eq!(verify_request(&form, given, "abcd", Version::V2, false), Ok(()), "{}", case.url);
    }
}

#[test]
fn a_wrong_signature_tells_the_text_without_the_secret() {
    let form = fields(&[("timestamp", "1"), ("public_id", "a&b"), ("api_key", "k"), ("signature", "00")]);
    let error = verify_request(&form, "00", "very secret", Version::V2, false).unwrap_err();
    assert_eq!(error.to_string(), "Invalid Signature 00. String to sign - 'public_id=a%26b&timestamp=1'.");
}

#[test]
fn a_value_cannot_pose_as_two_parameters_in_version_2() {
    let two = fields(&[("a", "1"), ("b", "2")]);
    let one = fields(&[("a", "1&b=2")]);
    assert_eq!(request_text(&two, Version::V1), request_text(&one, Version::V1));
    assert_ne!(request_text(&two, Version::V2), request_text(&one, Version::V2));
}

#[test]
fn list_calls_may_leave_two_fields_unsigned() {
    let form = fields(&[("command", "add"), ("tag", "x"), ("notification_url", "http://a/"), ("batch_id", "b")]);
    let short = sign("command=add&tag=x", "s", Algorithm::Sha1);
    let full = sign(&request_text(&form, Version::V2), "s", Algorithm::Sha1);
    assert_eq!(verify_request(&form, &short, "s", Version::V2, true), Ok(()));
    assert_eq!(verify_request(&form, &full, "s", Version::V2, true), Ok(()));
    assert!(verify_request(&form, &short, "s", Version::V2, false).is_err());
}

#[test]
fn indexed_and_repeated_names_are_one_array() {
    let expected = "ids=x,y";
    for names in [["ids[]", "ids[]"], ["ids[0]", "ids[1]"], ["ids", "ids"]] {
        let form = fields(&[(names[0], "x"), (names[1], "y")]);
        assert_eq!(request_text(&form, Version::V2), expected);
    }
    assert_eq!(request_text(&fields(&[("a[b]", "1")]), Version::V2), "a[b]=1");
}

#[test]
fn responses_are_signed_like_the_kit_expects() {
    #[derive(Deserialize)]
    struct Case {
        public_id: String,
        version: u64,
        api_secret: String,
        algorithm: Algorithm,
        signature: String,
    }
    let cases: Vec<Case> = vectors::load("response_signature");
    assert_eq!(cases.len(), 8);
    for case in cases {
        let signature = response_signature(&case.public_id, case.version, &case.api_secret, case.algorithm);
        assert_eq!(signature, case.signature);
    }
}

#[test]
fn delivery_addresses_are_signed_like_the_kit_does() {
    #[derive(Deserialize)]
    struct Case {
        string_signed: String,
        api_secret: String,
        signature: String,
        #[serde(default)]
        algorithm: Algorithm,
    }
    let cases: Vec<Case> = vectors::load("signed_url");
    assert!(cases.len() > 150, "{}", cases.len());
    for case in cases {
        let long = case.signature.len() == 32;
        let signature = delivery_signature(&case.string_signed, &case.api_secret, case.algorithm, long);
        assert_eq!(signature, case.signature, "{}", case.string_signed);
    }
}

#[test]
fn delivery_signatures_fit_raw_and_re_escaped_ids() {
    let text = delivery_text("c_scale//w_1", "ima%20ge.jpg");
    assert_eq!(text, "c_scale/w_1/ima%20ge.jpg");
    assert_eq!(delivery_text("", "a.jpg"), "a.jpg");
    let signature = delivery_signature(&text, "s", Algorithm::Sha1, false);
    for id in ["ima%20ge.jpg", "ima ge.jpg", "%69ma%20ge.jpg"] {
        assert!(verify_delivery(&signature, "c_scale/w_1", id, "s", Algorithm::Sha1), "{id}");
    }
    assert!(!verify_delivery(&signature, "c_scale/w_1", "image.jpg", "s", Algorithm::Sha1));
    assert!(!verify_delivery("", "c_scale/w_1", "ima%20ge.jpg", "s", Algorithm::Sha1));
}

#[test]
fn tokens_are_those_of_the_kit() {
    #[derive(Deserialize)]
    struct Case {
        options: serde_json::Map<String, Value>,
        key: String,
        token: String,
    }
    let cases: Vec<Case> = vectors::load("auth_token");
    assert_eq!(cases.len(), 6);
    for case in cases {
        let number = |name: &str| case.options.get(name).and_then(Value::as_u64);
        let text = |name: &str| case.options.get(name).and_then(Value::as_str).map(str::to_owned);
        let acl = match case.options.get("acl") {
            Some(Value::Array(items)) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
            _ => text("acl").into_iter().collect(),
        };
        let parts = TokenParts {
            ip: text("ip"),
            start: number("start_time"),
            expires: number("expiration")
                .unwrap_or_else(|| number("start_time").unwrap() + number("duration").unwrap()),
            acl,
        };
        let url = text("url").unwrap_or_default();
        assert_eq!(parts.sign(&case.key, &url).unwrap(), case.token);
        let token = Token::parse(&case.token).unwrap();
        assert_eq!(token.parts, parts);
        let path = if parts.acl.is_empty() { url } else { parts.acl[0].replace('*', "a/b") };
        let client = parts.ip.clone().unwrap_or_default();
        let now = parts.expires - 1;
        assert_eq!(verify_token(&token, &case.key, &path, &client, now), Ok(()));
        assert_eq!(verify_token(&token, &case.key, &path, &client, parts.expires), Err(TokenError::Time));
        assert_eq!(verify_token(&token, "00", &path, &client, now), Err(TokenError::Signature));
    }
}

#[test]
fn tokens_are_for_their_time_client_and_paths() {
    let parts = TokenParts {
        ip: Some("192.0.2.1".into()),
        start: Some(100),
        expires: 200,
        acl: vec!["/c/image/*/a*.jpg".into(), "/c/raw/x".into()],
    };
    let token = Token::parse(&parts.sign("00ff", "").unwrap()).unwrap();
    let check = |path: &str, client: &str, now: u64, expected| {
        assert_eq!(verify_token(&token, "00ff", path, client, now), expected, "{path} {client} {now}");
    };
    check("/c/image/upload/ab.jpg", "192.0.2.1", 100, Ok(()));
    check("/c/raw/x", "192.0.2.1", 199, Ok(()));
    check("/c/raw/xy", "192.0.2.1", 150, Err(TokenError::Denied));
    check("/c/image/upload/b.jpg", "192.0.2.1", 150, Err(TokenError::Denied));
    check("/c/raw/x", "192.0.2.2", 150, Err(TokenError::Denied));
    check("/c/raw/x", "192.0.2.1", 99, Err(TokenError::Time));
}

#[test]
fn what_is_no_token_is_refused() {
    for text in ["", "hmac=1", "exp=1", "st=1~hmac=00", "exp=x~hmac=00", "exp=1~exp=2~hmac=0", "exp=1~foo=2~hmac=0"] {
        assert_eq!(Token::parse(text), Err(TokenError::Malformed), "{text}");
    }
    assert_eq!(TokenParts::default().sign("zz", ""), Err(TokenError::Key));
}

#[test]
fn requests_are_fresh_for_an_hour() {
    let now = 1_481_779_000;
    assert_eq!(check_timestamp(now - 3600, now), Ok(()));
    assert_eq!(check_timestamp(now + 900, now), Ok(()));
    assert_eq!(
        check_timestamp(1_481_775_293, now).unwrap_err().to_string(),
        "Stale request - reported time is 2016-12-15 04:14:53 +0000 which is more than 1 hour ago"
    );
    assert_eq!(
        check_timestamp(1_709_164_800, now).unwrap_err().to_string(),
        "Stale request - reported time is 2024-02-29 00:00:00 +0000 which is in the future"
    );
    assert_eq!(check_timestamp(0, now), Err(Stale::Old(0)));
    assert!(Stale::Old(0).to_string().contains("1970-01-01 00:00:00 +0000"));
    assert!(check_timestamp(u64::MAX, now).unwrap_err().to_string().starts_with("Stale request"));
}
