//! What a token, a key set or a request has beside what is read never matters.

use clerk_verify::{FixedClock, Verifier};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

use crate::{
    check::holds,
    draft::{Draft, draft},
    junk, key_sets,
    mint::{ISSUER, NOW, OWN},
    requests::{Field, request, set_up, unrelated_cookie, unrelated_field, verifier},
    rules::{Rules, rules},
    verdict::Verdict,
};

/// Rules whose limits no addition here comes near.
fn roomy() -> impl Strategy<Value = Rules> {
    rules().prop_map(|rules| Rules {
        max_len: 16 * 1024,
        max_nesting: 127,
        ..rules
    })
}

/// Members at any place, under names that nothing reads.
fn insert(members: &mut Vec<(String, String)>, added: &[(String, Value, prop::sample::Index)]) {
    for (name, value, place) in added {
        let place = place.index(members.len() + 1);
        members.insert(place, (name.clone(), value.to_string()));
    }
}

#[test]
fn of_claims_that_are_not_read() {
    let names = prop_oneof![
        3 => select(&["Sub", "EXP", "exp ", "scope", "cnf", "nonce", "permissions", "role", "org", "azp2", ""][..])
            .prop_map(str::to_owned),
        1 => "x-\\PC{1,8}",
    ];
    let added = vec((names, junk::json(), any::<prop::sample::Index>()), 1..5);
    holds(192, (draft(), roomy(), added), |(draft, rules, added)| {
        let verifier = rules.build(FixedClock::at_unix(NOW));
        let verdict = Verdict::of_token(&verifier, &draft.sign()).without_claims();
        let mut other = draft;
        insert(&mut other.claims, &added);
        let found = Verdict::of_token(&verifier, &other.sign()).without_claims();
        prop_assert_eq!(&found, &verdict);
        Ok(verdict.met())
    });
}

#[test]
fn of_header_parameters_that_are_not_read() {
    let jwk = crate::mint::STRANGER.jwk(ISSUER.key_id());
    let values = prop_oneof![Just(jwk), junk::json()];
    let names = [
        "jwk", "jku", "x5u", "x5c", "x5t", "zip", "nonce", "Alg", "KID", "cty", "enc", "url", "",
    ];
    let added = (select(names.to_vec()), values, any::<prop::sample::Index>());
    let added = vec(added, 1..4);
    holds(192, (draft(), roomy(), added), |(draft, rules, added)| {
        let verifier = rules.build(FixedClock::at_unix(NOW));
        let verdict = Verdict::of_token(&verifier, &draft.sign());
        let mut other = draft;
        let mut known = std::collections::HashSet::new();
        let added = added.into_iter().filter(|(name, ..)| known.insert(*name));
        let added = added.map(|(name, value, place)| (name.to_owned(), value, place));
        insert(&mut other.header, &added.collect::<Vec<_>>());
        prop_assert_eq!(&Verdict::of_token(&verifier, &other.sign()), &verdict);
        Ok(verdict.met())
    });
}

#[test]
fn of_keys_that_are_not_the_tokens() {
    let sets = (key_sets::extras(), any::<prop::sample::Index>());
    holds(
        192,
        (draft(), rules(), sets),
        |(draft, rules, (extras, place))| {
            let token = draft.sign();
            let alone = json!({ "keys": [OWN.jwk(ISSUER.key_id())], "next": null });
            let [verdict, found] = [alone, key_sets::set(&extras, place)].map(|set| {
                let builder = rules.beside(Verifier::builder().jwks_json(set.to_string()));
                let verifier = builder.clock(FixedClock::at_unix(NOW)).build().unwrap();
                Verdict::of_token(&verifier, &token)
            });
            prop_assert_eq!(&found, &verdict);
            Ok(verdict.met())
        },
    );
}

#[test]
fn of_cookies_and_fields_that_are_not_read() {
    let cookies = vec((unrelated_cookie(), any::<prop::sample::Index>()), 0..5);
    let fields = vec((unrelated_field(), any::<prop::sample::Index>()), 0..4);
    // Bytes that are no text, and pairs without a name or a value.
    let broken = vec((broken_cookies(), any::<prop::sample::Index>()), 0..3);
    let case = (request(), set_up(), cookies, fields, broken);
    holds(
        192,
        case,
        |(mut request, (has_key, rules), cookies, fields, broken)| {
            let verifier = verifier(&rules, has_key, FixedClock::at_unix(NOW));
            let verdict = Verdict::of_request(&verifier, &request.fields());
            for (cookie, place) in cookies {
                let place = place.index(request.cookies.len() + 1);
                request.cookies.insert(place, cookie);
            }
            let mut all = request.fields();
            for (field, place) in fields.into_iter().chain(broken) {
                all.insert(place.index(all.len() + 1), field);
            }
            prop_assert_eq!(&Verdict::of_request(&verifier, &all), &verdict);
            Ok(verdict.met())
        },
    );
}

/// The first of a name counts, also where it is empty or broken.
#[test]
fn of_later_cookies_of_the_same_name() {
    let value = select(vec!["", "x", "0", "1789999000", "{A}"]);
    let later = vec((any::<prop::sample::Index>(), value), 1..4);
    let case = (request(), set_up(), draft(), later);
    holds(192, case, |(request, (has_key, rules), draft, later)| {
        let verifier = verifier(&rules, has_key, FixedClock::at_unix(NOW));
        let verdict = Verdict::of_request(&verifier, &request.fields());
        let mut other = request.clone();
        for (place, value) in later {
            if !request.cookies.is_empty() {
                let (name, _) = place.get(&request.cookies);
                let value = value.replace("{A}", &draft.sign());
                other.cookies.push((name.clone(), value));
            }
        }
        prop_assert_eq!(&Verdict::of_request(&verifier, &other.fields()), &verdict);
        Ok(verdict.met())
    });
}

fn broken_cookies() -> impl Strategy<Value = Field> {
    let fields: [&[u8]; 8] = [
        b"",
        b";;;",
        b"__session",
        b"__session_",
        b"a=b; \xff\xfe=\x00; c",
        b"=__session=x",
        b"; ;=;__session ;",
        b"\"__session=x\"; '__session'=y",
    ];
    select(fields.to_vec()).prop_map(|value| ("cookie".to_owned(), value.to_vec()))
}

#[test]
fn of_white_space_in_the_json_of_a_token() {
    let case = (draft(), roomy(), junk::json_space(), junk::json_space());
    holds(192, case, |(draft, rules, first, second)| {
        let verifier = rules.build(FixedClock::at_unix(NOW));
        let [verdict, found] =
            [&first, &second].map(|space| Verdict::of_token(&verifier, &draft.sign_with(space)));
        prop_assert_eq!(&found, &verdict);
        prop_assert_eq!(&Verdict::of_token(&verifier, &draft.sign()), &verdict);
        Ok(verdict.met())
    });
}

/// Behind the scheme, and around the value, where HTTP lets it stand (RFC 9110 §5.5).
#[test]
fn of_white_space_in_the_authorization_header() {
    let case = (draft(), rules(), "[ \t]{1,4}", "[ \t]{0,3}", "[ \t]{0,3}");
    holds(
        128,
        case,
        |(draft, rules, behind, before, after): (Draft, Rules, _, _, _)| {
            let verifier = rules.build(FixedClock::at_unix(NOW));
            let token = draft.sign();
            let verdict = Verdict::of_token(&verifier, &token);
            for value in [
                format!("{before}Bearer{behind}{token}{after}"),
                format!("{before}{token}{after}"),
            ] {
                let headers = [("authorization", value)];
                prop_assert_eq!(&Verdict::of_request(&verifier, &headers), &verdict);
            }
            Ok(verdict.met())
        },
    );
}
