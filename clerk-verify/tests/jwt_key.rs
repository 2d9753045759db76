//! `jwt_key` in every spelling in which people have it.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use clerk_test_support::key_file;
use clerk_verify::{Reason, Verifier, testing::TestIssuer};

#[test]
fn every_spelling_of_the_key_is_the_key() {
    let spki = key_file("issuer-public-spki.pem");
    let body =
        |pem: &str| -> String { pem.lines().filter(|line| !line.starts_with('-')).collect() };
    let der = STANDARD.decode(body(&spki)).unwrap();
    let pkcs1 = key_file("issuer-public-pkcs1.pem");
    let certificate = key_file("issuer-certificate.pem");
    let spellings = [
        ("PEM", spki.clone()),
        ("without its last newline", spki.trim_end().to_owned()),
        ("CRLF", spki.replace('\n', "\r\n")),
        ("literal \\n", spki.replace('\n', "\\n")),
        ("literal \\r\\n", spki.replace('\n', "\\r\\n")),
        ("on one line", spki.replace('\n', "")),
        ("spaces for newlines", spki.replace('\n', " ")),
        (
            "in double quotes",
            format!("\"{}\"", spki.replace('\n', "\\n")),
        ),
        ("in single quotes", format!("'{spki}'")),
        ("white space around", format!(" \n\t{spki}\n ")),
        ("a byte order mark", format!("\u{feff}{spki}")),
        (
            "text around the block",
            format!("subject=x\n{spki}and more"),
        ),
        ("bare base64", body(&spki)),
        (
            "bare base64, wrapped",
            spki.lines()
                .filter(|line| !line.starts_with('-'))
                .collect::<Vec<_>>()
                .join("\n"),
        ),
        ("bare base64 without padding", STANDARD_NO_PAD.encode(&der)),
        ("bare base64url", URL_SAFE_NO_PAD.encode(&der)),
        ("base64 of the PEM", STANDARD.encode(&spki)),
        ("base64url of the PEM", URL_SAFE_NO_PAD.encode(&spki)),
        (
            "base64 of a PEM with literal \\n",
            STANDARD.encode(spki.replace('\n', "\\n")),
        ),
        ("PKCS#1", pkcs1.clone()),
        ("bare base64 of PKCS#1", body(&pkcs1)),
        ("base64 of a PKCS#1 PEM", STANDARD.encode(&pkcs1)),
        ("a certificate", certificate.clone()),
        ("bare base64 of a certificate", body(&certificate)),
        ("what the test kit gives", TestIssuer::new().public_pem()),
    ];
    let issuer = TestIssuer::new();
    for (name, spelling) in spellings {
        let verifier = Verifier::builder()
            .jwt_key(spelling)
            .build()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let session = verifier
            .verify_token_now(&issuer.token().user("user_1").sign())
            .unwrap();
        assert_eq!(session.unwrap().user_id(), "user_1", "{name}");
    }
}

#[test]
fn anything_else_is_refused_for_what_it_is() {
    let spki = key_file("issuer-public-spki.pem");
    let private = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/testing/test-only-private-key.pem"
    ))
    .unwrap();
    let body =
        |pem: &str| -> String { pem.lines().filter(|line| !line.starts_with('-')).collect() };
    let cut = spki.lines().take(4).collect::<Vec<_>>().join("\n");
    let refused = [
        (String::new(), "empty"),
        ("  \n".to_owned(), "empty"),
        ("\"\"".to_owned(), "empty"),
        (private.clone(), "a private key"),
        (private.replace('\n', "\\n"), "a private key"),
        (body(&private), "a private key"),
        (STANDARD.encode(&private), "a private key"),
        (key_file("test-only-private-pkcs1.pem"), "a private key"),
        (
            body(&key_file("test-only-private-pkcs1.pem")),
            "a private key",
        ),
        (key_file("test-only-private-ec.pem"), "a private key"),
        (body(&key_file("test-only-private-ec.pem")), "a private key"),
        (
            body(&key_file("test-only-private-sec1.pem")),
            "a private key",
        ),
        (
            body(&key_file("test-only-private-encrypted.pem")),
            "a private key",
        ),
        (format!("{spki}{private}"), "a private key"),
        (format!("{spki}{spki}"), "more than one PEM block"),
        (
            format!("{}{spki}", key_file("issuer-certificate.pem")),
            "more than one PEM block",
        ),
        (private.replace("PRIVATE", "PUBLIC"), "a private key"),
        (key_file("rsa-1024-public.pem"), "1024 bits"),
        (key_file("ec-p256-public.pem"), "elliptic curve"),
        (key_file("ec-certificate.pem"), "elliptic curve"),
        (key_file("ed25519-public.pem"), "Ed25519"),
        (key_file("rsa-pss-public.pem"), "PSS"),
        (cut, "without an end"),
        (
            spki.replace("END PUBLIC", "END RSA PUBLIC"),
            "without an end",
        ),
        ("not a key at all".to_owned(), "not a public key"),
        ("%%%".to_owned(), "neither PEM nor base64"),
        (
            format!(
                "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
                STANDARD.encode([1, 2, 3])
            ),
            "not a public key",
        ),
        (
            spki.replace("PUBLIC KEY", "CERTIFICATE REQUEST"),
            "CERTIFICATE REQUEST",
        ),
        (TestIssuer::new().jwks_json(), "neither PEM nor base64"),
        (TestIssuer::new().publishable_key(), "a publishable key"),
        ("sk_test_0123456789".to_owned(), "a secret key"),
    ];
    for (text, found) in refused {
        let error = Verifier::builder()
            .jwt_key(text.as_str())
            .build()
            .unwrap_err();
        assert_eq!(error.problems().len(), 1);
        assert_eq!(error.problems()[0].option(), "jwt_key");
        assert!(
            error.problems()[0].found().contains(found),
            "{found:?} is not in {error}"
        );
        assert!(error.problems()[0].remedy().contains("2048 bits"));
    }
}

#[test]
fn a_key_of_4096_bits_is_a_good_key() {
    let verifier = Verifier::builder()
        .jwt_key(key_file("rsa-4096-public.pem"))
        .build()
        .unwrap();
    let error = verifier
        .verify_token_now(&TestIssuer::new().token().sign())
        .unwrap()
        .unwrap_err();
    assert_eq!(error.reason(), Reason::TokenInvalidSignature);
}

#[test]
fn a_pem_wins_over_every_other_source() {
    let (ours, theirs) = (TestIssuer::new(), TestIssuer::fresh());
    let verifier = Verifier::builder()
        .jwt_key(ours.public_pem())
        .jwks_json(theirs.jwks_json())
        .jwks_url("http://127.0.0.1:1/jwks")
        .build()
        .unwrap();
    assert!(
        verifier
            .verify_token_now(&ours.token().sign())
            .unwrap()
            .is_ok()
    );
    let error = verifier
        .verify_token_now(&theirs.token().sign())
        .unwrap()
        .unwrap_err();
    assert_eq!(error.reason(), Reason::TokenInvalidSignature);
}

#[test]
fn a_key_of_another_kind_is_named_and_three_numbers_are_no_private_key() {
    // SEQUENCE of an algorithm and an empty BIT STRING; DSA is 1.2.840.10040.4.1.
    let dsa = b"\x30\x0f\x30\x09\x06\x07\x2a\x86\x48\xce\x38\x04\x01\x03\x02\x00\x00";
    // SEQUENCE of three INTEGER, as a damaged RSA key may be; and of nine BOOLEAN.
    let numbers = b"\x30\x09\x02\x01\x07\x02\x01\x07\x02\x01\x07";
    let booleans = [&[0x30, 27][..], &[1, 1, 0].repeat(9)].concat();
    for (der, found) in [
        (&dsa[..], "a public key that is not RSA (DSA)"),
        (&numbers[..], "base64 of something that is not a public key"),
        (
            &booleans[..],
            "base64 of something that is not a public key",
        ),
    ] {
        let error = Verifier::builder().jwt_key(STANDARD.encode(der)).build();
        let error = error.unwrap_err();
        assert_eq!(error.problems()[0].found(), found);
    }
}
