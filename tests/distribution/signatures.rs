//! Signatures, detached and in a registry; openssl checks what we make, and makes what we check.

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{Bench, Registry};
use crate::support::tools;

fn openssl(arguments: &[&str]) -> Output {
    Command::new("openssl").args(arguments).output().expect("openssl is missing: run `make test-tools`")
}

/// A bench with a pair of keys `acme` and a component.
fn bench() -> (Bench, String) {
    let bench = Bench::new();
    bench.plugin(&["keygen", &bench.file("acme")]);
    let component = bench.file("empty.wasm");
    std::fs::copy(tools::program("empty"), &component).unwrap();
    (bench, component)
}

/// Settings that trust keys.
fn trust(bench: &Bench, required: bool, names: &[&str]) -> Vec<(&'static str, String)> {
    let keys: Vec<String> =
        names.iter().map(|name| format!("{name} = \"{}\"", bench.file(&format!("{name}.pub")))).collect();
    vec![
        ("SAFELIGHT__PLUGINS__TRUST__REQUIRED", required.to_string()),
        ("SAFELIGHT__PLUGINS__TRUST__KEYS", format!("{{{}}}", keys.join(", "))),
    ]
}

#[test]
fn what_we_sign_openssl_verifies() {
    let (bench, component) = bench();
    let mode = std::fs::metadata(bench.file("acme.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    bench.fails(&[], &["keygen", &bench.file("acme")], &["acme.pub is there already"]);

    bench.plugin(&["sign", &component, "--key", &bench.file("acme.key")]);
    let text = std::fs::read_to_string(format!("{component}.sig")).unwrap();
    let signature = bench.file("signature");
    std::fs::write(&signature, STANDARD.decode(text.trim()).unwrap()).unwrap();
    let check = ["dgst", "-sha256", "-verify", &bench.file("acme.pub"), "-signature", &signature, &component];
    let checked = openssl(&check);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    std::fs::write(&component, "something else").unwrap();
    assert!(!openssl(&check).status.success());
}

#[test]
fn what_openssl_signs_we_verify() {
    let (bench, component) = bench();
    let public = bench.file("openssl.pub");
    let signature = format!("{component}.sig");
    let verify = ["verify", &component, "--key", &public];
    for (key, make) in [
        (bench.file("pkcs8.key"), &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"][..]),
        (bench.file("sec1.key"), &["ecparam", "-name", "prime256v1", "-genkey"]),
    ] {
        assert!(openssl(&[make, &["-out", &key]].concat()).status.success());
        assert!(openssl(&["pkey", "-in", &key, "-pubout", "-out", &public]).status.success());
        assert!(openssl(&["dgst", "-sha256", "-sign", &key, "-out", &signature, &component]).status.success());
        let out = bench.plugin(&verify);
        assert!(out.contains("signed by") && out.contains("openssl.pub"), "{out}");
        // In base64, as `cosign sign-blob` writes it.
        let raw = std::fs::read(&signature).unwrap();
        std::fs::write(&signature, STANDARD.encode(raw)).unwrap();
        bench.plugin(&verify);
        // Ours with the same key.
        bench.plugin(&["sign", &component, "--key", &key]);
        bench.plugin(&verify);
    }

    bench.fails(&[], &["verify", &component, "--key", &bench.file("acme.pub")], &["plugin_untrusted", "acme.pub"]);
    let mut bytes = std::fs::read(&component).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&component, bytes).unwrap();
    bench.fails(&[], &verify, &["plugin_untrusted", "none of the trusted keys"]);
    std::fs::remove_file(&signature).unwrap();
    bench.fails(&[], &verify, &["plugin_untrusted", "has no signature"]);
    bench.fails(&[], &["verify", &component], &["--key", "plugins.trust.keys"]);
}

#[test]
fn keys_that_cannot_be_used_are_named() {
    let (bench, component) = bench();
    let (rsa, encrypted) = (bench.file("rsa.key"), bench.file("encrypted.key"));
    assert!(openssl(&["genpkey", "-algorithm", "RSA", "-out", &rsa]).status.success());
    let pkcs8 = ["pkcs8", "-topk8", "-passout", "pass:x", "-in", &bench.file("acme.key"), "-out", &encrypted];
    assert!(openssl(&pkcs8).status.success());
    let public = bench.file("acme.pub");
    for (key, expected) in [
        (&rsa, "P-256"),
        (&encrypted, "encrypted keys are not read"),
        (&public, "found PUBLIC KEY"),
        (&component, "cannot read"),
        (&bench.file("none.key"), "none.key"),
    ] {
        bench.fails(&[], &["sign", &component, "--key", key], &[expected]);
    }
    assert!(!Path::new(&format!("{component}.sig")).exists());
    let bad = [("SAFELIGHT__PLUGINS__TRUST__KEYS__ACME", rsa)];
    bench.fails(&bad, &["pull", &component, "-o", &bench.file("o.wasm")], &["plugins.trust.keys.acme", "rsa.key"]);
    let none = [("SAFELIGHT__PLUGINS__TRUST__REQUIRED", "true".to_owned())];
    bench.fails(&none, &["pull", &component, "-o", &bench.file("o.wasm")], &["plugins.trust.required"]);
}

#[test]
fn components_in_a_registry_are_signed_beside_their_manifest() {
    let (bench, _) = bench();
    bench.plugin(&["keygen", &bench.file("other")]);
    let registry = Registry::start(&bench.0);
    let at = |name: &str| format!("oci://{}/acme/{name}", registry.address);
    let output = bench.file("out.wasm");
    let (signed, unsigned) = (at("signed:1"), at("unsigned:1"));
    bench.push("empty", &signed, &["--sign-key", &bench.file("acme.key")]);
    bench.push("empty", &unsigned, &[]);

    let pull = |settings: &[(&str, String)], reference: &str| {
        let (code, out, err) = bench.plugin_with(settings, &["pull", reference, "-o", &output]);
        assert_eq!(code, 0, "{err}");
        out
    };
    assert!(pull(&trust(&bench, true, &["acme", "other"]), &signed).contains("signed by acme"));
    assert!(pull(&trust(&bench, false, &["acme"]), &unsigned).contains("no signature checked"));
    let refused = |settings: &[(&str, String)], reference: &str, expected: &str| {
        bench.fails(settings, &["pull", reference, "-o", &output], &["plugin_untrusted", expected]);
    };
    refused(&trust(&bench, true, &["acme"]), &unsigned, "has no signature, and one is required");
    refused(&trust(&bench, true, &["other"]), &signed, "none of the trusted keys made (other)");
    refused(&trust(&bench, false, &["other"]), &signed, "none of the trusted keys made (other)");

    // A second signature is added to the first; the same key signs once.
    for _ in 0..2 {
        bench.push("empty", &signed, &["--sign-key", &bench.file("other.key")]);
    }
    for name in ["acme", "other"] {
        assert!(pull(&trust(&bench, true, &[name]), &signed).contains(&format!("signed by {name}")));
        bench.plugin(&["verify", &signed, "--key", &bench.file(&format!("{name}.pub"))]);
    }
    // The lock file says who signed.
    let (code, _, err) = bench.plugin_with(&trust(&bench, true, &["other"]), &["lock", &signed]);
    assert_eq!(code, 0, "{err}");
    let locked = std::fs::read_to_string(bench.file("data/plugins.lock")).unwrap();
    assert!(locked.contains("signed_by = \"other\""), "{locked}");
}

#[tokio::test]
async fn signatures_in_a_registry_are_as_cosign_writes_them() {
    let (bench, _) = bench();
    let registry = Registry::start(&bench.0);
    let reference = format!("oci://{}/acme/empty:1", registry.address);
    let pinned = bench.push("empty", &reference, &["--sign-key", &bench.file("acme.key")]);
    let (_, digest) = pinned.split_once("@sha256:").unwrap();
    let manifest = registry.get(&format!("acme/empty/manifests/sha256-{digest}.sig")).await;
    let layer = &manifest["layers"][0];
    assert_eq!(layer["mediaType"], "application/vnd.dev.cosign.simplesigning.v1+json");
    let payload = layer["digest"].as_str().unwrap();
    let claim = registry.get(&format!("acme/empty/blobs/{payload}")).await;
    assert_eq!(claim["critical"]["type"], "cosign container image signature");
    assert_eq!(claim["critical"]["image"]["docker-manifest-digest"], format!("sha256:{digest}"));
    assert_eq!(claim["critical"]["identity"]["docker-reference"], format!("{}/acme/empty", registry.address));

    let bytes = registry.bytes(&format!("acme/empty/blobs/{payload}")).await;
    assert_eq!(payload, format!("sha256:{}", hex::encode(Sha256::digest(&bytes))));
    let signature = layer["annotations"]["dev.cosignproject.cosign/signature"].as_str().unwrap();
    std::fs::write(bench.file("signature"), STANDARD.decode(signature).unwrap()).unwrap();
    std::fs::write(bench.file("payload"), bytes).unwrap();
    let (public, signature, payload) = (bench.file("acme.pub"), bench.file("signature"), bench.file("payload"));
    assert!(openssl(&["dgst", "-sha256", "-verify", &public, "-signature", &signature, &payload]).status.success());
}

#[tokio::test]
async fn a_signature_of_another_component_and_a_changed_one_are_refused() {
    let (bench, _) = bench();
    let registry = Registry::start(&bench.0);
    let at = |tag: &str| format!("oci://{}/acme/tool:{tag}", registry.address);
    let good = bench.push("empty", &at("good"), &["--sign-key", &bench.file("acme.key")]);
    let evil = bench.push("hostile", &at("evil"), &[]);
    let signatures = |pinned: &str| {
        let (_, digest) = pinned.split_once("@sha256:").unwrap();
        format!("acme/tool/manifests/sha256-{digest}.sig")
    };
    // Whoever may push puts the signature of the one beside the other.
    let mut manifest = registry.get(&signatures(&good)).await;
    registry.put(&signatures(&evil), &manifest).await;
    let output = bench.file("out.wasm");
    let trusted = trust(&bench, false, &["acme"]);
    let pull = |tag: &str| ["pull".to_owned(), at(tag), "-o".to_owned(), output.clone()];
    let fails = |tag: &str, expected: &[&str]| {
        let line = pull(tag);
        bench.fails(&trusted, &line.each_ref().map(String::as_str), expected);
    };
    fails("evil", &["plugin_untrusted", "signature of acme that does not fit", "it is of the manifest sha256:"]);

    // Or changes the signature.
    let signature = &mut manifest["layers"][0]["annotations"]["dev.cosignproject.cosign/signature"];
    let text = signature.as_str().unwrap();
    let mut bytes = STANDARD.decode(text).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    *signature = STANDARD.encode(bytes).into();
    let untouched = registry.get(&signatures(&good)).await;
    registry.put(&signatures(&good), &manifest).await;
    fails("good", &["plugin_untrusted", "none of the trusted keys"]);

    // Or the signed text.
    registry.put(&signatures(&good), &untouched).await;
    let line = pull("good");
    let (code, _, err) = bench.plugin_with(&trusted, &line.each_ref().map(String::as_str));
    assert_eq!(code, 0, "{err}");
    let payload = untouched["layers"][0]["digest"].as_str().unwrap();
    registry.tamper(payload.strip_prefix("sha256:").unwrap());
    fails("good", &["plugin_untrusted", "the blob that came is"]);
}
