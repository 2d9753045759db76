//! What a server says of those who may and those who may not.

use clerk_verify::{Level, Requirement, Reverification, testing::TestIssuer};

use crate::{Client, bearer};

/// What a route asks for, beside the tokens that [`says_who_may`] sends to it.
#[must_use]
pub fn requirements() -> Vec<(&'static str, Requirement)> {
    let asked = Requirement::new;
    vec![
        ("role", asked().role("org:admin")),
        ("permission", asked().permission("org:invoices:create")),
        ("feature", asked().feature("org:reports")),
        ("plan", asked().plan("team")),
        (
            "reverification",
            asked().reverification(Reverification::strict()),
        ),
        (
            "custom",
            asked().reverification(Reverification::new(Level::FirstFactor, 15)),
        ),
        (
            "several",
            asked()
                .role("org:admin")
                .reverification(Reverification::strict_mfa()),
        ),
        (
            "any",
            Requirement::any_of([asked().role("org:admin"), asked().plan("user:pro")]),
        ),
        ("nothing", asked()),
    ]
}

/// A server of this issuer with a route `/layer/<name>` behind a strict layer for each of [`requirements`], and a
/// route `/handler/<name>` behind a strict layer that asks for nothing more than a session, whose handler insists on
/// the requirement with `session.require`. All answer the user's id.
///
/// # Panics
///
/// Where it does otherwise.
pub async fn says_who_may(server: &Client, issuer: &TestIssuer) {
    enum Expected {
        Let,
        Forbidden,
        Again(&'static str),
    }
    use Expected::{Again, Forbidden, Let};

    let user = || {
        issuer
            .token()
            .user("user_1")
            .factors_verified(Some(12), None)
    };
    let (anyone, member) = (user(), user().org("org_1", "member"));
    let admin = user()
        .org("org_1", "admin")
        .permissions(["org:invoices:create"])
        .features(["o:reports"])
        .plans(["o:team"]);
    let fresh = admin.clone().factors_verified(Some(1), Some(1));
    const CUSTOM: &str = r#"{"level":"first_factor","afterMinutes":15}"#;
    let stale = anyone.clone().factors_verified(Some(15), Some(1));
    for (name, token, expected) in [
        ("role", &anyone, Forbidden),
        ("role", &member, Forbidden),
        ("role", &admin, Let),
        ("permission", &member, Forbidden),
        ("permission", &admin, Let),
        ("feature", &member, Forbidden),
        ("feature", &admin, Let),
        ("plan", &member, Forbidden),
        ("plan", &admin, Let),
        ("reverification", &admin, Again("\"strict\"")),
        ("reverification", &fresh, Let),
        ("custom", &anyone, Let),
        ("custom", &stale, Again(CUSTOM)),
        ("several", &member, Forbidden),
        ("several", &admin, Again("\"strict_mfa\"")),
        ("several", &fresh, Let),
        ("any", &member, Forbidden),
        ("any", &admin, Let),
        ("any", &anyone.clone().plans(["u:pro"]), Let),
        ("nothing", &fresh, Forbidden),
    ] {
        let token = token.sign();
        for place in ["layer", "handler"] {
            let path = format!("/{place}/{name}");
            let answer = server.get(&path, &[bearer(&token)]).await;
            match expected {
                Let => assert_eq!(
                    (answer.status, answer.body.as_str()),
                    (200, "user_1"),
                    "{path}"
                ),
                Forbidden => answer.assert_forbids(),
                Again(reverification) => answer.assert_asks_for_reverification(reverification),
            }
            answer.assert_hides(&token);
        }
    }
    answers_to_the_letter(server, issuer).await;
    // Who is not signed in hears that first.
    for (name, _) in requirements() {
        for place in ["layer", "handler"] {
            let path = format!("/{place}/{name}");
            let refused = server.get(&path, &[]).await;
            refused.assert_refuses(401, "session-token-missing");
            let refused = server
                .get(&path, &[bearer(&admin.clone().expired().sign())])
                .await;
            refused.assert_refuses(401, "token-expired");
        }
    }
}

/// One answer of each kind, byte for byte.
async fn answers_to_the_letter(server: &Client, issuer: &TestIssuer) {
    const JSON: (&str, &str) = ("content-type", "application/json");
    const NO_STORE: (&str, &str) = ("cache-control", "no-store");
    const SIGNED_OUT: (&str, &str) = ("x-clerk-auth-status", "signed-out");
    let reason = |reason: &'static str| ("x-clerk-auth-reason", reason);
    let challenge = |challenge: &'static str| ("www-authenticate", challenge);
    let token = issuer
        .token()
        .user("user_1")
        .factors_verified(Some(12), None);
    let ask = async |path: &str, token: String| server.get(path, &[bearer(&token)]).await;

    let welcome = ask("/layer/custom", token.sign()).await;
    assert_eq!((welcome.status, welcome.body.as_str()), (200, "user_1"));
    for ours in [
        "www-authenticate",
        "x-clerk-auth-status",
        "x-clerk-auth-reason",
        "cache-control",
    ] {
        assert_eq!(welcome.header(ours), None);
    }
    server.get("/layer/role", &[]).await.assert_is(
        401,
        &[NO_STORE, JSON, challenge("Bearer"), reason("session-token-missing"), SIGNED_OUT],
        r#"{"errors":[{"code":"session-token-missing","message":"The request carries no session token: sign in."}]}"#,
    );
    ask("/layer/role", token.clone().expired().sign()).await.assert_is(
        401,
        &[
            NO_STORE,
            JSON,
            challenge(
                r#"Bearer error="invalid_token", error_description="The session token has expired.""#,
            ),
            reason("token-expired"),
            SIGNED_OUT,
        ],
        r#"{"errors":[{"code":"token-expired","message":"The session token has expired."}]}"#,
    );
    ask("/layer/role", token.sign()).await.assert_is(
        403,
        &[
            NO_STORE,
            JSON,
            challenge(r#"Bearer error="insufficient_scope""#),
            reason("insufficient-authorization"),
        ],
        r#"{"errors":[{"code":"insufficient-authorization","message":"The session lacks a role, permission, feature or plan that is needed here."}]}"#,
    );
    ask("/layer/reverification", token.sign()).await.assert_is(
        403,
        &[NO_STORE, JSON, reason("reverification-error")],
        r#"{"clerk_error":{"type":"forbidden","reason":"reverification-error","metadata":{"reverification":"strict"}}}"#,
    );
}
