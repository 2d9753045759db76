//! What other libraries get wrong, through the core.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use clerk_test_support::{Outcome, PeerCase, peer_cases};
use clerk_verify::AuthState;

#[tokio::test]
async fn none_of_their_failures_are_ours() {
    for case in peer_cases() {
        let PeerCase {
            name,
            headers,
            verifier,
            outcome,
            ..
        } = case;
        let state = verifier.authenticate(&headers).await;
        match (outcome, &state) {
            (Outcome::SignedIn { organization }, AuthState::SignedIn(session)) => {
                let active = session
                    .organization()
                    .map(|active| (active.id(), active.role().unwrap()));
                assert_eq!(active, organization, "{name}");
            }
            (Outcome::Refused(status, reason), AuthState::SignedOut(signed_out)) => {
                assert_eq!(signed_out.reason().as_str(), reason, "{name}");
                assert_eq!(signed_out.refusal().status(), status, "{name}");
            }
            (outcome, state) => panic!("{name}: {state:?}, not {outcome:?}"),
        }
    }
}
