//! Nothing of a token is seen, whatever becomes of it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clerk_verify::{Authentication, FixedClock, TokenSource, Verifier, VerifierBuilder};
use proptest::{prelude::*, sample::Index};

use super::{
    events::logged,
    shown::{Secrets, Shown},
};
use crate::{
    check::{Met, holds},
    draft::draft,
    mint::{ISSUER, NOW},
    rules::rules,
};

/// Signed or not, whole or broken, or no token at all.
fn token() -> impl Strategy<Value = String> {
    let signed = || draft().prop_map(|draft| draft.sign());
    prop_oneof![
        8 => signed(),
        1 => (signed(), any::<Index>(), "[=. \n\"A]").prop_map(|(mut token, place, text)| {
            token.insert_str(place.index(token.len() + 1), &text);
            token
        }),
        1 => (signed(), any::<Index>()).prop_map(|(token, place)| {
            token[..place.index(token.len())].to_owned()
        }),
        1 => "(sk_live_|sk_test_|ak_|mt_|Bearer )?[A-Za-z0-9]{24,48}",
        1 => "[A-Za-z0-9]{20}\\.[A-Za-z0-9]{20}\\.[A-Za-z0-9]{20}(\\.[A-Za-z0-9]{20}){0,2}",
    ]
}

/// Places of one's own beside the usual ones.
fn with_all_sources(builder: VerifierBuilder) -> VerifierBuilder {
    builder.token_sources([
        TokenSource::authorization(),
        TokenSource::session_cookie(),
        TokenSource::header("x-token"),
        TokenSource::cookie("mine"),
        TokenSource::from_fn(|headers| {
            let shown = format!("{headers:?}");
            headers
                .first("x-other")
                .filter(|token| !shown.contains(token.as_str()))
        }),
    ])
}

#[test]
fn no_part_of_a_token_is_seen() {
    let case = (token(), rules(), any::<bool>());
    holds(128, case, |(token, rules, has_key)| {
        let mut builder = with_all_sources(rules.builder().clock(FixedClock::at_unix(NOW)));
        if has_key {
            builder = builder.publishable_key(ISSUER.publishable_key());
        }
        let (mut shown, mut events) = (Shown::default(), Shown::default());
        shown.value("a builder", &builder);
        let is_accepted = logged(&mut events, || {
            ask(&mut shown, &builder.build().unwrap(), &token)
        });
        prop_assert!(is_accepted || events.has("the request is signed out"));
        shown.check(&Secrets::of(&[&token]))?;
        // Messages may quote claims; what is logged by itself says nothing of what the token says.
        let parts = token.split('.');
        let decoded =
            parts.filter_map(|part| String::from_utf8(URL_SAFE_NO_PAD.decode(part).ok()?).ok());
        events.check(&decoded.fold(Secrets::of(&[&token]), |secrets, text| secrets.and(&text)))?;
        Ok(Met::accepted_if(is_accepted))
    });
}

/// Asks about the token in every way, and says whether it was accepted.
fn ask(shown: &mut Shown, verifier: &Verifier, token: &str) -> bool {
    let result = verifier.verify_token_now(token).unwrap();
    shown.result(&result);
    for (name, value) in [
        ("authorization", format!("Bearer {token}")),
        ("authorization", format!("Bearer {token} {token}")),
        ("authorization", token.to_owned()),
        ("cookie", format!("__session={token}")),
        ("x-token", token.to_owned()),
        ("cookie", format!("mine=\"{token}\"")),
        ("x-other", token.to_owned()),
    ] {
        let outcome = verifier.begin(&[(name, value)], None);
        shown.value("an outcome", &outcome);
        match outcome {
            Authentication::Done(state) => shown.state(state),
            Authentication::Waiting(_) => panic!("fixed keys never wait"),
        }
    }
    shown.verifier(verifier);
    result.is_ok()
}
