//! What other libraries get wrong, and what must come out here.

use std::time::Duration;

use clerk_verify::{FixedClock, Verifier, testing::TestIssuer};
use serde_json::json;

const NOW: i64 = 1_790_000_000;
/// The one authorized party of every case.
const PARTY: &str = "https://app.example.com";

/// A request and its outcome.
#[derive(Clone, Debug)]
pub struct PeerCase {
    /// What it is about.
    pub name: &'static str,
    /// Its method.
    pub method: &'static str,
    /// Its headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Who verifies it.
    pub verifier: Verifier,
    /// What must come out.
    pub outcome: Outcome,
}

/// What must come out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Signed in, with this organization.
    SignedIn {
        /// The active organization's id and role.
        organization: Option<(&'static str, &'static str)>,
    },
    /// Refused with this status and reason.
    Refused(u16, &'static str),
}

/// The failures of other libraries, as requests.
#[must_use]
pub fn peer_cases() -> Vec<PeerCase> {
    let clock = FixedClock::at_unix(NOW);
    let issuer = TestIssuer::new().with_clock(clock.clone());
    let verifier = issuer
        .verifier()
        .authorized_parties([PARTY])
        .build()
        .expect("the set-up is good");
    // Nothing listens on port 1.
    let unreachable = Verifier::builder()
        .jwks_url("http://127.0.0.1:1/jwks.json")
        .clock(clock)
        .build()
        .expect("the set-up is good");
    let token = || issuer.token().user("user_1").azp(PARTY);
    let bearer = |token: String| {
        vec![(
            "authorization".to_owned(),
            format!("Bearer {token}").into_bytes(),
        )]
    };
    let signed_in = Outcome::SignedIn { organization: None };
    let case = |name, headers, outcome| PeerCase {
        name,
        method: "GET",
        headers,
        verifier: verifier.clone(),
        outcome,
    };

    let mut cases = vec![
        case(
            "a foreign azp",
            bearer(token().azp("https://evil.example").sign()),
            Outcome::Refused(401, "token-invalid-authorized-parties"),
        ),
        case(
            "a missing azp",
            bearer(token().without("azp").sign()),
            Outcome::Refused(401, "token-invalid-authorized-parties"),
        ),
        case(
            "a foreign iss with a trusted key",
            bearer(token().issuer("https://clerk.evil.example").sign()),
            Outcome::Refused(401, "token-invalid-issuer"),
        ),
        case(
            "an aud where none is configured",
            bearer(token().audience("somebody").sign()),
            signed_in.clone(),
        ),
        case(
            "the organization of version 2",
            bearer(token().org("org_1", "admin").sign()),
            Outcome::SignedIn {
                organization: Some(("org_1", "org:admin")),
            },
        ),
        case(
            "the organization of version 1 without permissions and slug",
            bearer(
                token()
                    .v1()
                    .org("org_1", "admin")
                    .without("org_permissions")
                    .sign(),
            ),
            Outcome::SignedIn {
                organization: Some(("org_1", "org:admin")),
            },
        ),
        case(
            "a pending session",
            bearer(token().pending().sign()),
            Outcome::Refused(401, "session-pending"),
        ),
        case(
            "a token without iat",
            bearer(token().without("iat").sign()),
            signed_in.clone(),
        ),
        case(
            "an exp after 2038",
            bearer(token().claim("exp", 4_000_000_000_i64).sign()),
            signed_in.clone(),
        ),
        case(
            "59 seconds after exp",
            bearer(
                token()
                    .issued_at(NOW - 119)
                    .lifetime(Duration::from_secs(60))
                    .sign(),
            ),
            Outcome::Refused(401, "token-expired"),
        ),
        case(
            "an iat in the future",
            bearer(token().claim("iat", NOW + 60).sign()),
            Outcome::Refused(401, "token-iat-in-the-future"),
        ),
        case(
            "Basic beside a good cookie",
            vec![
                ("authorization".to_owned(), b"Basic dXNlcjpwYXNz".to_vec()),
                (
                    "cookie".to_owned(),
                    format!("__session={}", token().sign()).into_bytes(),
                ),
            ],
            signed_in.clone(),
        ),
        case(
            "no scheme, but the form of a token",
            vec![("authorization".to_owned(), token().sign().into_bytes())],
            signed_in.clone(),
        ),
        case(
            "a lower-case scheme",
            vec![(
                "authorization".to_owned(),
                format!("bearer {}", token().sign()).into_bytes(),
            )],
            signed_in,
        ),
        case(
            "a bad bearer token beside a good cookie",
            vec![
                ("authorization".to_owned(), b"Bearer junk".to_vec()),
                (
                    "cookie".to_owned(),
                    format!("__session={}", token().sign()).into_bytes(),
                ),
            ],
            Outcome::Refused(401, "token-invalid"),
        ),
        case(
            "bytes that are not ASCII",
            vec![("authorization".to_owned(), b"Bearer \xff".to_vec())],
            Outcome::Refused(401, "token-invalid"),
        ),
        case(
            "bytes that are not ASCII in a cookie",
            vec![("cookie".to_owned(), b"__session=\xff".to_vec())],
            Outcome::Refused(401, "session-token-missing"),
        ),
        case(
            "no token",
            Vec::new(),
            Outcome::Refused(401, "session-token-missing"),
        ),
        case(
            "a token of another instance under the same key id",
            bearer(token().signed_by(&TestIssuer::fresh()).sign()),
            Outcome::Refused(401, "token-invalid-signature"),
        ),
        case(
            "alg none",
            bearer(token().header("alg", "none").sign()),
            Outcome::Refused(401, "token-invalid-algorithm"),
        ),
        case(
            "crit",
            bearer(token().header("crit", json!(["exp"])).sign()),
            Outcome::Refused(401, "token-invalid"),
        ),
    ];
    cases.push(PeerCase {
        name: "a preflight",
        method: "OPTIONS",
        headers: vec![
            ("origin".to_owned(), PARTY.as_bytes().to_vec()),
            ("access-control-request-method".to_owned(), b"GET".to_vec()),
        ],
        verifier: verifier.clone(),
        outcome: Outcome::Refused(401, "session-token-missing"),
    });
    cases.push(PeerCase {
        name: "the key server is down",
        method: "GET",
        headers: bearer(token().sign()),
        verifier: unreachable,
        outcome: Outcome::Refused(503, "jwk-remote-failed-to-load"),
    });
    cases
}
