//! What a server must do, whatever framework it is built with: the routes it needs stand at each function.

mod who_may;

use clerk_verify::{Verifier, testing::TestIssuer};
use serde_json::Value;

use crate::{
    Client, CookieCase, Outcome, PeerCase, RealToken, Vector, Verdict, bearer, cookie,
    policy_table, vectors,
};

pub use self::who_may::{requirements, says_who_may};

/// A strict server at the real token's time, with `/me` answering the user's id.
///
/// # Panics
///
/// Where it does otherwise.
pub async fn accepts_the_real_token(server: &Client) {
    let real = RealToken::load();
    for header in [bearer(&real.token), cookie(&real.token)] {
        let answer = server.get("/me", &[header]).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, real.expect_sub.as_str())
        );
    }
    for changed in [real.with_changed_payload(), real.with_changed_signature()] {
        for header in [bearer(&changed), cookie(&changed)] {
            let answer = server.get("/me", &[header]).await;
            answer.assert_refuses(401, "token-invalid-signature");
        }
    }
}

/// A strict server after the real token's end, with `/me`.
///
/// # Panics
///
/// Where it does otherwise.
pub async fn refuses_the_real_token_as_expired(server: &Client) {
    let real = RealToken::load();
    for header in [bearer(&real.token), cookie(&real.token)] {
        let answer = server.get("/me", &[header]).await;
        answer.assert_refuses(401, "token-expired");
        answer.assert_hides(&real.token);
    }
}

/// A strict server of the case's verifier, with `/organization` answering the active organization's `id` and
/// `role` as JSON.
///
/// # Panics
///
/// Where it does otherwise.
pub async fn handles(server: &Client, case: &PeerCase) {
    let answer = server
        .send(case.method, "/organization", &case.headers)
        .await;
    match case.outcome {
        Outcome::SignedIn { organization } => {
            assert_eq!(answer.status, 200, "{}: {answer:?}", case.name);
            let body: Value = serde_json::from_str(&answer.body).expect("it is JSON");
            let (id, role) = organization.unzip();
            assert_eq!(body["id"].as_str(), id, "{}", case.name);
            assert_eq!(body["role"].as_str(), role, "{}", case.name);
        }
        Outcome::Refused(status, reason) => {
            answer.assert_refuses(status, reason);
            for (_, value) in &case.headers {
                answer.assert_hides(&String::from_utf8_lossy(value));
            }
        }
    }
}

/// A lax server of this issuer, with `/maybe` answering the user's id or `nobody`, `/state` answering `in: ` and
/// the id or `out: ` and the reason, and `/me`, which takes a session itself.
///
/// # Panics
///
/// Where it does otherwise.
pub async fn lets_everyone_through(server: &Client, issuer: &TestIssuer) {
    let good = issuer.token().user("user_1").sign();
    let expired = issuer.token().expired().sign();
    for (path, headers, body) in [
        ("/maybe", vec![bearer(&good)], "user_1"),
        ("/maybe", vec![bearer(&expired)], "nobody"),
        ("/maybe", vec![], "nobody"),
        ("/state", vec![cookie(&good)], "in: user_1"),
        ("/state", vec![bearer(&expired)], "out: token-expired"),
        ("/state", vec![], "out: session-token-missing"),
        ("/me", vec![cookie(&good)], "user_1"),
    ] {
        let answer = server.get(path, &headers).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body), "{path}");
    }
    let refused = server.get("/me", &[bearer(&expired)]).await;
    refused.assert_refuses(401, "token-expired");
    let refused = server.get("/me", &[]).await;
    refused.assert_refuses(401, "session-token-missing");
}

/// A strict server of the case's verifier, with `/me` answering the user's id.
///
/// # Panics
///
/// Where it does otherwise.
pub async fn chooses_the_cookie(server: &Client, case: &CookieCase) {
    let headers = [("cookie", case.cookies.clone())];
    let answer = server.get("/me", &headers).await;
    match case.outcome {
        Ok(user) => assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, user),
            "{}",
            case.name
        ),
        Err(reason) => {
            assert_eq!(
                answer.header("x-clerk-auth-reason"),
                Some(reason),
                "{}",
                case.name
            );
            answer.assert_refuses(401, reason);
            answer.assert_hides(&case.cookies);
        }
    }
}

/// A strict server of this issuer, with `/profile/{id}` answering the id.
///
/// # Panics
///
/// Where it does otherwise.
pub async fn guards_a_route_with_a_parameter(server: &Client, issuer: &TestIssuer) {
    let refused = server.get("/profile/7", &[]).await;
    refused.assert_refuses(401, "session-token-missing");
    let answer = server
        .get("/profile/7", &[bearer(&issuer.token().sign())])
        .await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "7"));
}

/// A strict server with `/me` whose key server answers 500.
///
/// # Panics
///
/// Where it does otherwise.
pub async fn is_unavailable_without_keys(server: &Client, issuer: &TestIssuer) {
    let answer = server.get("/me", &[bearer(&issuer.token().sign())]).await;
    answer.assert_refuses(503, "jwk-remote-failed-to-load");
    answer.assert_is(
        503,
        &[
            ("cache-control", "no-store"),
            ("content-type", "application/json"),
            ("retry-after", "1"),
            ("x-clerk-auth-reason", "jwk-remote-failed-to-load"),
            ("x-clerk-auth-status", "signed-out"),
        ],
        r#"{"errors":[{"code":"jwk-remote-failed-to-load","message":"The keys that verify session tokens can't be fetched now; try again later."}]}"#,
    );
}

/// A strict server with `/me` behind a CORS layer that allows `https://app.example.com`.
///
/// # Panics
///
/// Where it does otherwise.
pub async fn answers_preflights_and_marks_refusals(server: &Client) {
    const ORIGIN: &str = "https://app.example.com";
    let headers = [
        ("origin".to_owned(), ORIGIN.as_bytes().to_vec()),
        ("access-control-request-method".to_owned(), b"GET".to_vec()),
    ];
    let preflight = server.send("OPTIONS", "/me", &headers).await;
    assert_eq!(preflight.status, 200);
    assert_eq!(
        preflight.header("access-control-allow-origin"),
        Some(ORIGIN)
    );
    let refused = server.send("GET", "/me", &headers[..1]).await;
    refused.assert_refuses(401, "session-token-missing");
    assert_eq!(refused.header("access-control-allow-origin"), Some(ORIGIN));
}

/// A server with no layer, whose routes take sessions: each says which line to add.
///
/// # Panics
///
/// Where it does otherwise.
pub async fn says_which_line_to_add(server: &Client, paths: &[&str], line: &str) {
    let token = TestIssuer::new().token().sign();
    for path in paths {
        let answer = server.get(path, &[bearer(&token)]).await;
        assert_eq!(answer.status, 500, "{path}");
        assert!(answer.body.contains(line), "{}", answer.body);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let body: Value = serde_json::from_str(&answer.body).expect("the body is JSON");
        assert_eq!(body["errors"][0]["code"], "session-layer-missing");
    }
}

/// A server of this issuer with `/claims`, whose handler reads the claim `plan` as a string with `?`.
///
/// # Panics
///
/// Where it does otherwise.
pub async fn does_not_blame_the_caller_for_claims(server: &Client, issuer: &TestIssuer) {
    let good = issuer.token().claim("plan", "gold").sign();
    let answer = server.get("/claims", &[bearer(&good)]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "gold"));
    for token in [issuer.token(), issuer.token().claim("plan", 123_456)] {
        let answer = server.get("/claims", &[bearer(&token.sign())]).await;
        answer.assert_is(
            500,
            &[("cache-control", "no-store"), ("content-type", "application/json")],
            r#"{"errors":[{"code":"session-claims-mismatch","message":"The server does not understand the claims of the session token."}]}"#,
        );
    }
}

/// Tokens of every kind, sent to every path in header and cookie: none is sent back, and none is logged.
///
/// # Panics
///
/// Where one is.
pub async fn leaks_nothing(
    server: &Client,
    issuer: &TestIssuer,
    paths: &[&str],
    logs: &crate::Logs,
) {
    let tokens = [
        issuer.token().sign(),
        issuer.token().expired().sign(),
        issuer.token().signed_by(&TestIssuer::fresh()).sign(),
        issuer.token().header("alg", "none").sign(),
        format!("{}!", issuer.token().sign()),
    ];
    for token in &tokens {
        for path in paths {
            for header in [bearer(token), cookie(token)] {
                server.get(path, &[header]).await.assert_hides(token);
            }
        }
    }
    let logged = logs.text();
    assert!(
        logged.contains("the request is signed out"),
        "the log is captured"
    );
    for token in &tokens {
        for part in token.split('.').filter(|part| part.len() > 40) {
            assert!(!logged.contains(part), "a part of a token is logged");
        }
    }
}

/// Every request case of the vectors, through whatever `verdicts` sends it: all its verdicts must be the case's, or
/// those of the table of policies.
///
/// # Panics
///
/// Where one is not; lists them all.
pub async fn gives_every_request_its_verdict(
    verdicts: impl AsyncFn(&Vector, Verifier) -> Vec<Verdict>,
) {
    let policies = policy_table();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for vector in vectors().iter().filter(|vector| vector.request.is_some()) {
        seen += 1;
        let found = match vector.verifier() {
            Ok(verifier) => verdicts(vector, verifier).await,
            Err(_) => vec![Verdict::build_error()],
        };
        assert!(!found.is_empty(), "{}: no verdict", vector.id);
        wrong.extend(
            found
                .iter()
                .filter_map(|verdict| verdict.check(vector, &policies).err()),
        );
    }
    assert_eq!(seen, 103);
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
