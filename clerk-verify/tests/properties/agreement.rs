//! A verdict depends on nothing but the token, the configuration, the clock and the keys: every way to ask gives the same.

use clerk_verify::{FixedClock, Verifier, testing::TestIssuer};
use proptest::prelude::*;

use crate::{
    check::holds,
    draft::draft,
    mint::NOW,
    requests::{Field, field, request, set_up, verifier},
    rules::rules,
    verdict::Verdict,
};

/// Fixed keys never wait, so the runtime has neither time nor network.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

fn token() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => draft().prop_map(|draft| draft.sign()),
        // What a header can hold as one word.
        1 => "[!-~]{1,60}",
        1 => "[A-Za-z0-9_-]{1,20}\\.[A-Za-z0-9_-]{1,20}\\.[A-Za-z0-9_-]{0,20}",
    ]
}

#[test]
fn every_way_to_ask_about_a_token_gives_the_same() {
    holds(
        192,
        (token(), rules(), token()),
        |(token, rules, between)| {
            let clock = FixedClock::at_unix(NOW);
            let verifier = rules.build(clock.clone());
            let verdict = Verdict::of_token(&verifier, &token);
            let _ = Verdict::of_token(&verifier, &between);
            let clone = verifier.clone();
            let headers = [field("authorization", &format!("Bearer {token}"))];
            let mut map = http::HeaderMap::new();
            map.insert("authorization", format!("Bearer {token}").parse().unwrap());
            let ways = [
                Verdict::of_token(&verifier, &token),
                Verdict::of_token(&clone, &token),
                Verdict::from(wait(verifier.verify_token(&token))),
                Verdict::from(wait(clone.verify_token(&token))),
                Verdict::from(wait(verifier.authenticate(&headers))),
                Verdict::from(wait(clone.authenticate(&map))),
                Verdict::of_request(&verifier, &headers),
                // One that has seen nothing yet.
                Verdict::of_token(&rules.build(clock), &token),
            ];
            for (number, way) in ways.iter().enumerate() {
                prop_assert_eq!(way, &verdict, "way {}", number);
            }
            Ok(verdict.met())
        },
    );
}

#[test]
fn every_way_to_ask_about_a_request_gives_the_same() {
    let case = (request(), set_up(), request());
    holds(192, case, |(request, (has_key, rules), between)| {
        let new = || verifier(&rules, has_key, FixedClock::at_unix(NOW));
        let verifier = new();
        let fields: Vec<Field> = request.fields();
        let verdict = Verdict::of_request(&verifier, &fields);
        let _ = Verdict::of_request(&verifier, &between.fields());
        let mut map = http::HeaderMap::new();
        for (name, value) in &fields {
            let name: http::HeaderName = name.parse().unwrap();
            map.append(name, http::HeaderValue::from_bytes(value).unwrap());
        }
        let ways = [
            Verdict::of_request(&verifier, &fields),
            Verdict::from(wait(verifier.clone().authenticate(&fields))),
            Verdict::from(wait(verifier.authenticate(&map))),
            Verdict::of_request(&new(), &fields),
        ];
        for (number, way) in ways.iter().enumerate() {
            prop_assert_eq!(way, &verdict, "way {}", number);
        }
        Ok(verdict.met())
    });
}

const PARTY: &str = "https://app.example.com";

/// The verifier of the standalone function is the process's, and has its environment and the system's clock.
#[test]
fn the_standalone_function_says_what_the_environments_verifier_says() {
    let issuer = TestIssuer::new();
    if std::env::var_os("ALONE").is_none() {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CLERK_") {
                child.env_remove(name);
            }
        }
        let test = "agreement::the_standalone_function_says_what_the_environments_verifier_says";
        child
            .args(["--exact", test, "--nocapture"])
            .env("ALONE", "1")
            .env("CLERK_JWT_KEY", issuer.public_pem())
            .env("CLERK_AUTHORIZED_PARTIES", PARTY);
        let output = child.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{text}{errors}"
        );
        return;
    }
    let verifiers = [
        Verifier::from_env().unwrap(),
        Verifier::builder()
            .jwt_key(issuer.public_pem())
            .authorized_parties([PARTY])
            .build()
            .unwrap(),
    ];
    // Good for as long as this test may run.
    let token = draft().prop_map(|mut draft| {
        let end = draft
            .claims
            .iter_mut()
            .find(|(name, value)| name == "exp" && *value == (NOW + 57).to_string());
        if let Some((_, value)) = end {
            *value = "4000000000".to_owned();
        }
        draft
            .claims
            .retain(|(name, _)| name != "nbf" && name != "iat");
        draft.sign()
    });
    holds(64, token, |token| {
        let verdict = Verdict::from(wait(clerk_verify::verify_token(&token)));
        for verifier in &verifiers {
            let found = Verdict::of_token(verifier, &token);
            // Messages about times say what the clock says.
            prop_assert_eq!(found.reason(), verdict.reason());
            if verdict.reason() != Some(clerk_verify::Reason::TokenExpired) {
                prop_assert_eq!(&found, &verdict);
            }
        }
        Ok(verdict.met())
    });
}
