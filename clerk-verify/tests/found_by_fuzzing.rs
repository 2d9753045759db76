//! What the fuzz targets (`fuzz/`) have found, each in its smallest form.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::time::Duration;

use clerk_verify::{
    Authentication, FetchError, FetchRequest, FetchResponse, Fetcher, FixedClock, JwksOptions,
    Reason, Verifier, testing::TestIssuer,
};

fn outcome(verifier: &Verifier, field: (&str, String)) -> Result<String, Reason> {
    match verifier.begin(&[field], None) {
        Authentication::Done(state) => match state.into_session() {
            Ok(session) => Ok(session.user_id().to_owned()),
            Err(signed_out) => Err(signed_out.reason()),
        },
        Authentication::Waiting(_) => panic!("fixed keys never wait"),
    }
}

/// Target `headers`: white space around a value is space and tab (RFC 9110 §5.5). No HTTP server hands these bytes on, but
/// headers can come from elsewhere, and then the field is malformed.
#[test]
fn a_control_character_around_a_token_is_no_white_space() {
    let issuer = TestIssuer::new();
    let verifier = issuer.verifier().build().unwrap();
    let token = issuer.token().sign();
    for control in ["\r", "\n", "\x0c"] {
        for value in [
            format!("Bearer {token}{control}"),
            format!("{control}Bearer {token}"),
        ] {
            assert_eq!(
                outcome(&verifier, ("authorization", value.clone())),
                Err(Reason::TokenInvalid),
                "{value:?}"
            );
        }
        for value in [
            format!("__session={token}{control}"),
            format!("__session={control}{token}"),
            format!("{control}__session={token}"),
        ] {
            assert_eq!(
                outcome(&verifier, ("cookie", value.clone())),
                Err(Reason::SessionTokenMissing),
                "{value:?}"
            );
        }
    }
}

/// A key server that contradicts itself: nothing has changed, says a renewal, and names the tag of something else.
struct OtherTag(String);

impl Fetcher for OtherTag {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        let asks_about_one = request
            .headers()
            .any(|(name, value)| name == "if-none-match" && value == b"\"one\"");
        Ok(if asks_about_one {
            FetchResponse::new(304, "").with_header("etag", "\"two\"")
        } else {
            FetchResponse::new(200, self.0.as_str()).with_header("etag", "\"one\"")
        })
    }
}

/// Target `key_source`: RFC 9111 §4.3.4 does not let a 304 freshen what has another strong tag, for it speaks of something
/// else. Here it makes keys young again.
#[tokio::test(start_paused = true)]
async fn a_304_that_names_another_tag_confirms_nothing() {
    let clock = FixedClock::at_unix(1_790_000_000);
    let issuer = TestIssuer::new().with_clock(clock.clone());
    let verifier = Verifier::builder()
        .jwks_url("https://keys.example.test/jwks.json")
        .issuer(issuer.issuer())
        .fetcher(OtherTag(issuer.jwks_json()))
        .clock(clock.clone())
        .jwks(JwksOptions {
            renew_when_idle: false,
            ..JwksOptions::strict()
        })
        .build()
        .unwrap();
    let token = issuer.token().lifetime(Duration::from_secs(3600)).sign();
    assert!(verifier.verify_token(&token).await.is_ok());

    clock.advance(Duration::from_secs(290));
    assert!(verifier.verify_token(&token).await.is_ok(), "still fresh");
    // The renewal that this has started ends.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let age = verifier.status().age().unwrap();
    assert!(age >= Duration::from_secs(290), "confirmed {age:?} ago");
}

/// Target `pem`: with `\r` taken out first, `\\rn` became a line break. No key is spelled so; what is, is damaged.
#[test]
fn an_escape_is_not_made_of_what_stands_around_another() {
    let issuer = TestIssuer::new();
    let pem = issuer.public_pem().trim().to_owned();
    let escaped = pem.replace('\n', "\\r\\n");
    let build = |pem: &str| {
        Verifier::builder()
            .jwt_key(pem)
            .issuer(issuer.issuer())
            .build()
    };
    assert!(build(&escaped).is_ok());
    assert!(build(&pem.replace('\n', "\\\\rn")).is_err());
}
