//! The library's verdict beside the model's.

use clerk_verify::{Session, VerifyError};

use crate::{
    harness::Outcome,
    model::{json::Json, token::Verdict},
};

/// Holds the library to the model: it accepts only what the model accepts, and what it accepts says the same; it refuses
/// what the model refuses, with the same reason.
#[track_caller]
pub fn compare(result: &Result<Session, VerifyError>, model: &Verdict) -> Outcome {
    match (result, &model.result) {
        (Ok(session), Ok(claims)) => {
            compare_claims(session, claims, model.may_be_malformed);
            "accepted".to_owned()
        }
        (Ok(session), Err(reason)) => {
            panic!("accepted {session:?}, but the model says {reason}")
        }
        (Err(error), expected) => {
            let reason = error.reason();
            let expected = expected.as_ref().err().copied();
            let malformed = ["token-invalid", "token-verification-failed"];
            let is_open = model.may_be_malformed && malformed.contains(&reason.as_str());
            assert!(
                expected == Some(reason.as_str()) || is_open,
                "refused with {reason:?} ({error}), but the model says {expected:?}"
            );
            // That it can be said at all.
            let said = format!("{error} {error:?}");
            assert!(said.len() < 4096, "{} bytes of message", said.len());
            reason.as_str().to_owned()
        }
    }
}

fn compare_claims(session: &Session, claims: &Json, may_be_malformed: bool) {
    let text = |name: &str| claims.get(name).and_then(Json::text);
    assert_eq!(Some(session.user_id()), text("sub"));
    assert!(may_be_malformed || session.session_id() == text("sid"));
    let exp = claims.get("exp").and_then(Json::number).unwrap_or_default();
    assert_eq!(session.expires_at() as f64, exp.trunc());
    if let Some(iat) = claims.get("iat").and_then(Json::number) {
        assert_eq!(session.issued_at(), Some(iat.trunc() as i64));
    }
    if let Some(azp) = session.authorized_party() {
        assert_eq!(Some(azp), text("azp"));
    }
    for audience in session.audience() {
        let named = match claims.get("aud") {
            Some(Json::List(all)) => all.iter().any(|one| one.text() == Some(audience.as_str())),
            aud => aud.and_then(Json::text) == Some(audience.as_str()),
        };
        assert!(named, "an audience that is not in the token: {audience}");
    }
}
