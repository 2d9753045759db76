//! A secret key in the place of something else.

use clerk_verify::{Authentication, Verifier, VerifierBuilder, testing::TestIssuer};

use super::shown::{Secrets, Shown};
use crate::mint::ISSUER;

const SECRET: &str = "sk_live_abcdefghijklmnopqrstuvwx";

/// What one comes to see of a set-up into which a secret key was pasted, and of a token that it refuses.
fn shown(builder: VerifierBuilder) -> Shown {
    let mut shown = Shown::default();
    shown.value("a builder", &builder);
    match builder.build() {
        Ok(verifier) => {
            shown.verifier(&verifier);
            let token = ISSUER.token().audience("x").sign();
            let headers = [("authorization", format!("Bearer {token}"))];
            if let Authentication::Done(state) = verifier.begin(&headers, None) {
                shown.state(state);
            }
        }
        Err(error) => shown.error("a mistake", &error),
    }
    shown
}

fn assert_hidden(builder: VerifierBuilder) {
    let check = shown(builder).check(&Secrets::of(&[SECRET]));
    assert!(check.is_ok(), "{check:?}");
}

/// It is also sent: as a part of the URL.
#[test]
fn a_secret_key_in_the_place_of_the_api_version_is_not_shown() {
    assert_hidden(
        Verifier::builder()
            .secret_key("sk_live_x")
            .api_version(SECRET),
    );
}

#[test]
fn a_secret_key_among_the_authorized_parties_is_not_shown() {
    assert_hidden(ISSUER.verifier().authorized_parties([SECRET]));
}

#[test]
fn a_secret_key_among_the_audiences_is_not_shown() {
    assert_hidden(ISSUER.verifier().audience([SECRET]));
}

#[test]
fn a_secret_key_in_the_place_of_an_issuer_is_not_shown() {
    assert_hidden(ISSUER.verifier().issuer(SECRET));
}

#[tokio::test]
async fn the_debug_output_of_a_snapshot_does_not_show_the_keys() {
    let issuer = TestIssuer::new();
    let server = issuer.serve().await.unwrap();
    let verifier = Verifier::builder()
        .jwks_url(server.jwks_url())
        .build()
        .unwrap();
    verifier.ready().await.unwrap();
    let mut shown = Shown::default();
    let snapshot = verifier.export_snapshot().unwrap();
    shown.value("a snapshot", &snapshot);
    let check = shown.check(&Secrets::of(&[snapshot.json()]));
    assert!(check.is_ok(), "{check:?}");
}
