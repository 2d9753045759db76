//! The defaults that `SECURITY.md` promises, each tried.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::time::Duration;

use clerk_test_support::{Logs, capture_logs};
use clerk_verify::{
    Algorithm, FixedClock, JwksOptions, Reason, TokenCache, Verifier, VerifierBuilder, VerifyError,
    testing::{TestIssuer, TokenBuilder},
};
use http::{
    HeaderMap,
    header::{AUTHORIZATION, COOKIE},
};

const NOW: i64 = 1_790_000_000;

/// Held by the tests of the adapters, whose option it is: `a_preflight_is_refused_unless_it_is_allowed`.
const OF_THE_ADAPTERS: &str = "`allow_preflight`";

struct Scene {
    issuer: TestIssuer,
    logs: Logs,
}

impl Scene {
    /// With nothing set but what the test kit needs.
    fn verifier(&self) -> VerifierBuilder {
        Verifier::builder()
            .jwks_json(self.issuer.jwks_json())
            .issuer(self.issuer.issuer())
            .clock(FixedClock::at_unix(NOW))
    }

    fn token(&self) -> TokenBuilder {
        self.issuer.token().issued_at(NOW - 10)
    }

    fn verify(&self, token: &TokenBuilder) -> Result<(), Reason> {
        verify(&self.verifier().build().unwrap(), &token.sign())
    }
}

fn verify(verifier: &Verifier, token: &str) -> Result<(), Reason> {
    let result = verifier.verify_token_now(token).expect("keys are fixed");
    result
        .map(drop)
        .map_err(|error: VerifyError| error.reason())
}

/// A row of the table, by its first column, and what shows it.
type Row = (&'static str, fn(&Scene));

fn rows() -> Vec<Row> {
    vec![
        ("`algorithms`", |scene| {
            assert_eq!(scene.verify(&scene.token()), Ok(()));
            for algorithm in [Algorithm::RS384, Algorithm::RS512] {
                let token = scene.token().algorithm(algorithm);
                assert_eq!(scene.verify(&token), Err(Reason::TokenInvalidAlgorithm));
            }
        }),
        ("`clock_skew`", |scene| {
            let ended = |seconds: i64| {
                let lifetime = Duration::from_secs(60);
                scene
                    .token()
                    .issued_at(NOW - 60 - seconds)
                    .lifetime(lifetime)
            };
            assert_eq!(scene.verify(&ended(4)), Ok(()));
            assert_eq!(scene.verify(&ended(5)), Err(Reason::TokenExpired));
        }),
        ("`authorized_parties`", |scene| {
            let warnings = || scene.logs.text().matches("WARN").count();
            let before = warnings();
            let token = scene.token().azp("https://anywhere.example");
            assert_eq!(scene.verify(&token), Ok(()));
            assert_eq!(warnings(), before + 1, "{}", scene.logs.text());
        }),
        ("`allow_missing_azp`", |scene| {
            let parties = ["https://a.example"];
            let verifier = scene
                .verifier()
                .authorized_parties(parties)
                .build()
                .unwrap();
            let token = scene.token().without("azp").sign();
            let refused = Err(Reason::TokenInvalidAuthorizedParties);
            assert_eq!(verify(&verifier, &token), refused);
        }),
        ("`audience`, `require_audience`", |scene| {
            assert_eq!(scene.verify(&scene.token().audience("anybody")), Ok(()));
            let verifier = scene.verifier().audience(["api"]).build().unwrap();
            assert_eq!(verify(&verifier, &scene.token().sign()), Ok(()));
        }),
        ("`accept_jwt_templates`", |scene| {
            let token = scene.token().header("cat", "cl_B7d4PD222AAA");
            assert_eq!(scene.verify(&token), Err(Reason::TokenTypeMismatch));
        }),
        ("`allow_pending_sessions`", |scene| {
            let token = scene.token().pending();
            assert_eq!(scene.verify(&token), Err(Reason::SessionPending));
        }),
        ("`max_token_len`", |scene| {
            let verifier = scene.verifier().build().unwrap();
            let of = |len: usize| {
                let short = scene.token().claim("fill", "").sign().len();
                // Three bytes are four characters.
                let fill = "x".repeat((len - short) / 4 * 3);
                (0..4)
                    .map(|more| format!("{fill}{}", "x".repeat(more)))
                    .map(|fill| scene.token().claim("fill", fill).sign())
                    .find(|token| token.len() >= len)
                    .expect("a token of this length")
            };
            let (long, longer) = (of(16_380), of(16_385));
            assert!(long.len() <= 16_384 && longer.len() <= 16_387);
            assert_eq!(verify(&verifier, &long), Ok(()));
            assert_eq!(verify(&verifier, &longer), Err(Reason::TokenInvalid));
        }),
        ("`max_claims_nesting`", |scene| {
            // The payload itself is the first level.
            let nested = |depth: usize| {
                (1..depth).fold(serde_json::json!(1), |value, _| [value].to_vec().into())
            };
            assert_eq!(
                scene.verify(&scene.token().claim("deep", nested(127))),
                Ok(())
            );
            let token = scene.token().claim("deep", nested(128));
            assert_eq!(scene.verify(&token), Err(Reason::TokenInvalid));
        }),
        ("`token_sources`", token_sources),
        ("`token_cache`", |_| {
            assert_eq!(TokenCache::DEFAULT_MAX_ENTRIES, 10_000);
            assert_eq!(TokenCache::DEFAULT_MAX_BYTES, 32 << 20);
            assert_eq!(TokenCache::DEFAULT_MAX_ENTRY_BYTES, 32 << 10);
        }),
        ("key sources", |_| {
            let build = |url: &str| {
                Verifier::builder()
                    .jwks_url(url)
                    .issuer("https://a.example")
                    .build()
            };
            assert!(build("http://keys.example.com/jwks").is_err());
            assert!(build("http://127.0.0.1:1/jwks").is_ok());
            assert!(build("https://keys.example.com/jwks").is_ok());
        }),
        ("`jwks.max_stale`", |_| {
            let day = Duration::from_secs(24 * 60 * 60);
            assert_eq!(JwksOptions::default().max_stale, day);
        }),
        ("`jwks.max_ttl`", |_| {
            let hour = Duration::from_secs(60 * 60);
            assert_eq!(JwksOptions::default().max_ttl, hour);
        }),
        ("`jwks.max_fetches_per_minute`", |_| {
            assert_eq!(JwksOptions::default().max_fetches_per_minute, 12);
        }),
    ]
}

fn token_sources(scene: &Scene) {
    let verifier = scene.verifier().build().unwrap();
    let user = |headers: &[(http::HeaderName, String)]| {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect();
        let state = match verifier.begin(&headers, None) {
            clerk_verify::Authentication::Done(state) => state,
            clerk_verify::Authentication::Waiting(_) => panic!("keys are fixed"),
        };
        state.session().map(|session| session.user_id().to_owned())
    };
    let cookie = (
        COOKIE,
        format!("__session={}", scene.token().user("user_c").sign()),
    );
    let header = (
        AUTHORIZATION,
        format!("Bearer {}", scene.token().user("user_h").sign()),
    );
    assert_eq!(
        user(std::slice::from_ref(&cookie)).as_deref(),
        Some("user_c")
    );
    assert_eq!(user(&[cookie, header]).as_deref(), Some("user_h"));
}

#[test]
fn each_default_that_is_promised_holds() {
    let scene = Scene {
        issuer: TestIssuer::new(),
        logs: capture_logs(),
    };
    let (_, table) = include_str!("../../SECURITY.md")
        .split_once("|---|---|---|\n")
        .unwrap();
    let promised: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .filter(|name| *name != OF_THE_ADAPTERS)
        .collect();
    let rows = rows();
    let names: Vec<&str> = rows.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, promised);
    for (_, holds) in rows {
        holds(&scene);
    }
}
