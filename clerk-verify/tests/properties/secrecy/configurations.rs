//! Nothing of a secret key, a private key or a PEM is seen, in whatever option it stands, whole or broken.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clerk_test_support::key_file;
use clerk_verify::{
    Authentication, FetchError, FetchRequest, FetchResponse, Fetcher, Instance, Verifier,
    VerifierBuilder,
};
use proptest::{prelude::*, sample::Index, sample::select};
use serde_json::json;
use std::time::UNIX_EPOCH;

use super::{
    events::logged,
    shown::{Secrets, Shown},
};
use crate::{
    check::{Met, holds},
    mint::{ISSUER, OWN},
};

/// A text for an option, and what in it is secret.
type Secret = (String, String);

fn secret() -> impl Strategy<Value = Secret> {
    prop_oneof![
        4 => secret_key(),
        3 => pem(),
        1 => private_jwk(),
    ]
}

fn secret_key() -> impl Strategy<Value = Secret> {
    let key = "sk_(live|test)_[A-Za-z0-9]{24,40}";
    let around = [
        "{}",
        "{}",
        "{}",
        "{}\n",
        "\"{}\"",
        "'{}",
        "Bearer {}",
        "{}\u{e9}",
        "{} {}",
        "x={}",
        "a\r\n{}",
        "https://keys.example/jwks?key={}",
        "https://keys.example/jwks#{}",
        "https://user:{}@keys.example/jwks",
        "https://{}@keys.example/jwks",
        "http://keys.example/{}",
        "ftp://keys.example/{}",
        "https://keys.example:{}/jwks",
        "{}.example.com/jwks",
        "pk_live_{}",
    ];
    (key, select(around.to_vec())).prop_map(|(key, around)| (around.replace("{}", &key), key))
}

/// Keys of all kinds, in the spellings in which people have them, and broken ones.
fn pem() -> impl Strategy<Value = Secret> {
    let files = [
        "test-only-private-ec.pem",
        "test-only-private-encrypted.pem",
        "test-only-private-pkcs1.pem",
        "test-only-private-sec1.pem",
        "issuer-public-spki.pem",
        "issuer-certificate.pem",
        "ec-p256-public.pem",
        "rsa-1024-public.pem",
    ];
    let files: Vec<String> = files.into_iter().map(key_file).collect();
    (select(files), 0_usize..12, any::<Index>()).prop_map(|(pem, spelling, place)| {
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let middle = place.index(pem.len());
        let text = match spelling {
            0 => pem.clone(),
            1 => pem.replace('\n', "\\n"),
            2 => pem.replace('\n', " "),
            3 => pem.replace('\n', "\r\n"),
            4 => format!("\"{pem}\""),
            5 => pem.replace("PRIVATE KEY", "PUBLIC KEY"),
            6 => pem[..middle].to_owned(),
            7 => format!("{}*{}", &pem[..middle], &pem[middle..]),
            8 => body.clone(),
            9 => STANDARD.encode(&pem),
            10 => format!("{pem}{pem}"),
            _ => format!("-----BEGIN {body}-----\n{body}\n-----END {body}-----"),
        };
        let secret = format!("{pem} {body} {}", STANDARD.encode(&pem));
        (text, secret)
    })
}

fn private_jwk() -> impl Strategy<Value = Secret> {
    ("[A-Za-z0-9_-]{40}", 0_usize..5).prop_map(|(d, form)| {
        let mut jwk = OWN.jwk(ISSUER.key_id());
        jwk["d"] = json!(d);
        let text = match form {
            0 => jwk.to_string(),
            1 => json!({ "keys": [jwk] }).to_string(),
            2 => json!({ "keys": [OWN.jwk("ins_1"), jwk] }).to_string(),
            3 => json!({ "keys": [{ "kty": d, "kid": d, "n": d, "alg": d }] }).to_string(),
            _ => json!({ "keys": [jwk] }).to_string().replace("}]", "]"),
        };
        (text, d)
    })
}

type Place = fn(VerifierBuilder, String) -> VerifierBuilder;

/// Options that hold keys, and addresses, into which keys are pasted.
const PLACES: [Place; 20] = [
    |builder, text| builder.secret_key(text),
    |builder, text| builder.secret_key(text),
    |builder, text| builder.jwt_key(text),
    |builder, text| builder.jwks_json(text),
    |builder, text| builder.publishable_key(text),
    |builder, text| builder.jwks_url(text),
    |builder, text| builder.openid_configuration(text),
    |builder, text| builder.openid_configuration(text).issuer(ISSUER.issuer()),
    |builder, text| builder.proxy_url(text),
    |builder, text| builder.domain(text).is_satellite(true),
    |builder, text| builder.api_url(text),
    |builder, text| builder.secret_key("sk_test_1").api_version(text),
    |builder, text| builder.with_seed(text, UNIX_EPOCH),
    |builder, text| builder.instance(Instance::publishable_key(text)),
    |builder, text| builder.instance(other().jwt_key(text)),
    |builder, text| builder.instance(other().jwks_json(text)),
    |builder, text| builder.instance(other().secret_key(text)),
    |builder, text| builder.instance(other().jwks_url(text)),
    |builder, text| builder.instance(other().proxy_url(text)),
    |builder, text| {
        builder.instance(
            other()
                .jwt_key(ISSUER.public_pem())
                .with_seed(text, UNIX_EPOCH),
        )
    },
];

fn other() -> Instance {
    Instance::issuer("https://other.example")
}

/// Nothing is ever fetched here.
struct Silent;

impl Fetcher for Silent {
    async fn fetch(&self, _: FetchRequest) -> Result<FetchResponse, FetchError> {
        Err(FetchError::new("nothing is fetched"))
    }
}

/// What is good by itself, so that only the option in question is at fault.
fn builder(beside: usize) -> VerifierBuilder {
    let builder = Verifier::builder().fetcher(Silent);
    match beside {
        0 => builder,
        1 => builder.jwt_key(ISSUER.public_pem()),
        2 => builder.secret_key("sk_test_short"),
        _ => builder.publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA"),
    }
}

/// One that the verifier under test may know or not.
fn token() -> String {
    ISSUER.token().sign()
}

/// Builds it, and says whether that worked.
fn build(shown: &mut Shown, builder: VerifierBuilder) -> bool {
    shown.value("a builder", &builder);
    let token = token();
    let mut seen = Shown::default();
    let is_built = logged(shown, || match builder.build() {
        Ok(verifier) => {
            seen.verifier(&verifier);
            let headers = [("authorization", format!("Bearer {token}"))];
            let outcome = verifier.begin(&headers, None);
            seen.value("an outcome", &outcome);
            if let Authentication::Done(state) = outcome {
                seen.state(state);
            }
            true
        }
        Err(error) => {
            seen.error("a mistake", &error);
            for problem in error.problems() {
                seen.value("a problem", problem);
                seen.line("a problem", problem);
                seen.line("what was found", problem.found());
            }
            false
        }
    });
    shown.append(seen);
    is_built
}

#[test]
fn no_secret_of_an_option_is_seen() {
    let case = (secret(), select(PLACES.to_vec()), 0_usize..4);
    holds(256, case, |((text, secret), place, beside)| {
        let mut shown = Shown::default();
        let is_built = build(&mut shown, place(builder(beside), text));
        shown.check(&Secrets::of(&[&secret, &token()]))?;
        Ok(Met::accepted_if(is_built))
    });
}

/// Names are seen by everybody; what looks like a secret key is taken for none.
const NAMES: [Place; 5] = [
    |builder, text| builder.issuer(text),
    |builder, text| builder.audience([text]),
    |builder, text| builder.authorized_parties([text]),
    |_, text| Verifier::builder().instance(Instance::issuer(text).jwt_key(ISSUER.public_pem())),
    |builder, text| {
        builder
            .with_env_from(move |name| (name == "CLERK_AUTHORIZED_PARTIES").then(|| text.clone()))
    },
];

#[test]
fn no_secret_key_among_names_is_seen() {
    let case = (secret_key(), select(NAMES.to_vec()), any::<bool>());
    holds(128, case, |((text, secret), place, is_there)| {
        let mut shown = Shown::default();
        let name = if is_there {
            text
        } else {
            "https://a.example".to_owned()
        };
        let is_built = build(&mut shown, place(builder(1), name));
        shown.check(&Secrets::of(&[&secret, &token()]))?;
        prop_assert_eq!(is_built, !is_there);
        Ok(Met::accepted_if(is_built))
    });
}

#[test]
fn no_secret_of_a_variable_is_seen() {
    let variables = [
        "CLERK_SECRET_KEY",
        "CLERK_SECRET_KEY",
        "CLERK_JWT_KEY",
        "CLERK_PUBLISHABLE_KEY",
        "CLERK_API_URL",
        "CLERK_API_VERSION",
        "CLERK_PROXY_URL",
        "CLERK_DOMAIN",
        "CLERK_IS_SATELLITE",
    ];
    let case = (secret(), select(variables.to_vec()), 0_usize..4);
    holds(128, case, |((text, secret), variable, beside)| {
        let mut shown = Shown::default();
        let read = move |name: &str| (name == variable).then(|| text.clone());
        let is_built = build(&mut shown, builder(beside).with_env_from(read));
        shown.check(&Secrets::of(&[&secret, &token()]))?;
        Ok(Met::accepted_if(is_built))
    });
}
