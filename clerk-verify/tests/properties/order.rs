//! The order of what has names of its own never matters.

use clerk_verify::{FixedClock, Verifier};
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

use crate::{
    check::holds,
    draft::draft,
    junk::{order, reordered, reversed},
    key_sets,
    mint::{ISSUER, Member, NOW, STRANGER},
    requests::{request, set_up, unrelated_field, verifier},
    rules::rules,
    verdict::Verdict,
};

#[test]
fn of_members_in_a_tokens_header_and_claims() {
    let case = (draft(), rules(), order(), order());
    holds(192, case, |(draft, rules, first, second)| {
        let verifier = rules.build(FixedClock::at_unix(NOW));
        let verdict = Verdict::of_token(&verifier, &draft.sign());
        let name = |(name, _): &Member| name.clone();
        let mut other = draft.clone();
        other.header = reordered(&draft.header, &first, name);
        other.claims = reordered(&draft.claims, &second, name);
        for (_, value) in &mut other.claims {
            *value = reversed(value);
        }
        prop_assert_eq!(&Verdict::of_token(&verifier, &other.sign()), &verdict);
        Ok(verdict.met())
    });
}

#[test]
fn of_keys_in_a_set() {
    let sets = (key_sets::extras(), any::<prop::sample::Index>());
    let case = (draft(), rules(), sets, order());
    holds(192, case, |(draft, rules, (extras, place), order)| {
        let set = key_sets::set(&extras, place);
        let keys = set["keys"].as_array().unwrap();
        // Another key under the same id is tried too, before or after.
        let stranger = STRANGER.jwk(ISSUER.key_id());
        let keys: Vec<(usize, Value)> = keys
            .iter()
            .chain([&stranger])
            .cloned()
            .enumerate()
            .collect();
        let other = reordered(&keys, &order, |(number, _)| *number);
        let token = draft.sign();
        let [one, two] = [keys, other].map(|keys| {
            let keys: Vec<Value> = keys.into_iter().map(|(_, key)| key).collect();
            let set = json!({ "keys": keys }).to_string();
            let builder = Verifier::builder().jwks_json(set);
            let builder = rules.beside(builder).clock(FixedClock::at_unix(NOW));
            Verdict::of_token(&builder.build().unwrap(), &token)
        });
        prop_assert_eq!(&one, &two);
        Ok(one.met())
    });
}

/// Fields of one name keep their order, for which of two cookies counts depends on it.
#[test]
fn of_fields_of_different_names_in_a_request() {
    let case = (request(), set_up(), vec(unrelated_field(), 0..5), order());
    holds(
        192,
        case,
        |(request, (has_key, rules), unrelated, order)| {
            let verifier = verifier(&rules, has_key, FixedClock::at_unix(NOW));
            let fields = request.fields();
            let verdict = Verdict::of_request(&verifier, &fields);
            let all = [fields, unrelated].concat();
            let other = reordered(&all, &order, |(name, _)| name.to_ascii_lowercase());
            prop_assert_eq!(&Verdict::of_request(&verifier, &other), &verdict);
            Ok(verdict.met())
        },
    );
}

#[test]
fn of_cookies_of_different_names() {
    let case = (request(), set_up(), order());
    holds(256, case, |(mut request, (has_key, rules), order)| {
        request.authorization.clear();
        let verifier = verifier(&rules, has_key, FixedClock::at_unix(NOW));
        let verdict = Verdict::of_request(&verifier, &request.fields());
        request.cookies = reordered(&request.cookies, &order, |(name, _)| name.clone());
        prop_assert_eq!(&Verdict::of_request(&verifier, &request.fields()), &verdict);
        Ok(verdict.met())
    });
}
