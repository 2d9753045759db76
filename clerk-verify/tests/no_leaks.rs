//! A token, a key or a secret in the logs, in `Debug`, in `Display` or in an answer: never.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use clerk_test_support::capture_logs;
use clerk_verify::{
    Authentication, FetchError, FetchRequest, FetchResponse, Fetcher, Verifier, testing::TestIssuer,
};

/// A transport that shows what it is asked for, as one might while debugging.
struct Showing(std::sync::Arc<std::sync::Mutex<String>>);

impl Fetcher for Showing {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        *self.0.lock().unwrap() += &format!("{request:?}");
        Ok(FetchResponse::new(500, ""))
    }
}

/// One test alone: the subscriber is the process's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_is_ever_shown() {
    const SECRET: &str = "sk_test_0123456789secret";
    let asked = std::sync::Arc::default();
    let logs = capture_logs();
    let issuer = TestIssuer::new();
    let server = issuer.serve().await.unwrap();
    let builder = Verifier::builder()
        .secret_key(SECRET)
        .api_url(server.url())
        .authorized_parties(["https://app.example.com"])
        .issuer(issuer.issuer());
    let mut shown = format!("{builder:?}");
    let verifier = builder.build().unwrap();

    let token = || issuer.token().azp("https://app.example.com");
    let good = token().sign();
    let tokens = [
        good.clone(),
        token().expired().sign(),
        token().not_active_yet().sign(),
        token().azp("https://evil.example").sign(),
        token().issuer("https://evil.example").sign(),
        token().audience("x").sign(),
        token().user("").sign(),
        token().pending().sign(),
        token().signed_by(&TestIssuer::fresh()).sign(),
        token().header("kid", "ins_unknown").sign(),
        token().header("alg", "none").sign(),
        token().header("typ", "at+jwt").sign(),
        token().header("crit", "x").sign(),
        format!("{good}="),
        format!("{good}.{good}"),
        good.replace('.', ""),
        good.replace('.', " "),
    ];
    let first = verifier.begin(&[("authorization", format!("Bearer {good}"))], None);
    shown += &format!("{first:?}");
    let Authentication::Waiting(pending) = first else {
        panic!("no key is at hand yet")
    };
    shown += &format!("{pending:?}");
    for token in &tokens {
        for headers in [
            [("authorization", format!("Bearer {token}"))],
            [("authorization", format!("Bearer {token} {token}"))],
            [("cookie", format!("__session={token}"))],
        ] {
            let state = verifier.authenticate(&headers).await;
            shown += &format!("{state:?}");
            if let Some(session) = state.session() {
                shown += &format!("{session:?} {:?}", session.claims());
            }
            if let Some(signed_out) = state.signed_out() {
                let refusal = signed_out.refusal();
                let headers: Vec<_> = refusal.headers().collect();
                shown += &format!(
                    "{signed_out} {signed_out:?} {refusal:?} {headers:?} {}",
                    refusal.body()
                );
                let mut error: Option<&dyn std::error::Error> = Some(signed_out.error());
                while let Some(cause) = error {
                    shown += &format!("{cause} {cause:?}");
                    error = cause.source();
                }
            }
        }
    }
    server.answer(401, "refused");
    let refused = Verifier::builder()
        .secret_key(SECRET)
        .api_url(server.url())
        .build()
        .unwrap();
    let error = refused.verify_token(&good).await.unwrap_err();
    shown += &format!(
        "{error} {error:?} {:?} {:?}",
        refused.status(),
        verifier.status()
    );
    shown += &format!(
        "{verifier:?} {refused:?} {issuer:?} {server:?} {:?}",
        issuer.token()
    );

    let own = Verifier::builder()
        .secret_key(SECRET)
        .fetcher(Showing(std::sync::Arc::clone(&asked)))
        .build()
        .unwrap();
    assert!(own.verify_token(&good).await.is_err());
    let requests = asked.lock().unwrap().clone();
    assert!(requests.contains("authorization"), "{requests}");
    shown += &format!("{requests} {own:?}");

    let logged = logs.text();
    assert!(
        logged.contains("could not fetch the keys"),
        "the log is captured"
    );
    assert!(
        logged.contains("the request is signed out"),
        "the log is captured"
    );
    for text in [&shown, &logged] {
        assert!(
            !text.contains("0123456789secret"),
            "the secret key is shown"
        );
        assert!(
            !logged.contains("ins_unknown"),
            "a token's key id is logged"
        );
        for token in &tokens {
            for part in token.split(['.', ' ', '=']).filter(|part| part.len() > 40) {
                assert!(!text.contains(part), "a part of a token is shown: {part}");
            }
        }
    }
}
