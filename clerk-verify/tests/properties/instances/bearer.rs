//! A token by itself: the instance that it claims to be of, and no other, says whether it is good.

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use serde_json::json;

use super::{
    apps::{NOBODYS, SetUp, Source},
    set_ups::{app, reordered, set_up},
    tokens::aimed,
};
use crate::{
    check::{Met, holds},
    draft::{Draft, draft, good},
    requests::field,
    rules::{Rules, rules},
    verdict::Verdict,
};

/// An instance's name is its own business here.
fn common_rules() -> impl Strategy<Value = Rules> {
    rules().prop_map(|rules| Rules {
        issuers: Vec::new(),
        ..rules
    })
}

/// A draft, and which instance and issuer it is meant for.
type Aim = (Draft, Index, Index, Option<usize>);

/// Signed by the instance, or by whoever comes up.
fn aim() -> impl Strategy<Value = Aim> {
    let signer = prop_oneof![9 => Just(None), 1 => (0..=NOBODYS).prop_map(Some)];
    (draft(), any::<Index>(), any::<Index>(), signer)
}

/// The issuer that it claims in the end, and the token.
fn signed(set_up: &SetUp, (draft, place, issuer, signer): &Aim) -> (Option<String>, String) {
    let app = place.get(&set_up.apps);
    let forger = draft.is_forged.then_some(NOBODYS);
    let signer = signer.or(forger).unwrap_or(app.number);
    aimed(
        draft,
        app.kid,
        issuer.get::<String>(&app.all_issuers()),
        signer,
    )
}

#[test]
fn a_token_is_worth_what_the_instance_that_it_claims_says_alone() {
    let case = (set_up(1..=3), common_rules(), aim());
    holds(512, case, |(set_up, rules, aim)| {
        let (claimed, token) = signed(&set_up, &aim);
        let claimed_by = set_up.issued_by(claimed.as_deref());
        let verifier = set_up.verifier(&rules);
        let verdict = Verdict::of_token(&verifier, &token);
        let header = [field("authorization", &format!("Bearer {token}"))];
        prop_assert_eq!(&Verdict::of_request(&verifier, &header), &verdict);
        for place in 0..set_up.apps.len() {
            let alone = Verdict::of_token(&set_up.alone(place).verifier(&rules), &token);
            if claimed_by == Some(place) {
                prop_assert_eq!(&alone, &verdict);
            } else {
                prop_assert_eq!(alone.met(), Met::Refused);
            }
        }
        if let Some(Ok(session)) = verifier.verify_token_now(&token) {
            prop_assert!(claimed_by.is_some());
            prop_assert_eq!(session.issuer(), claimed.as_deref());
        }
        if claimed_by.is_none() {
            prop_assert_eq!(verdict.met(), Met::Refused);
        }
        Ok(verdict.met())
    });
}

/// Whatever key id it says, and whatever ids the instances have in common.
#[test]
fn a_token_that_the_instance_it_claims_has_not_signed_is_refused() {
    let kids = select(vec!["ins_shared", "ins_a", "ins_b", "ins_c", "ins_d", ""]);
    let token = (good(), any::<Index>(), any::<Index>());
    let signer = (0..=NOBODYS, any::<bool>());
    let case = (set_up(1..=3), token, signer, kids, any::<bool>());
    holds(
        384,
        case,
        |(set_up, (draft, place, issuer), (other, is_own), kid, has_own_kid)| {
            let app = place.get(&set_up.apps);
            let signer = if is_own { app.number } else { other };
            let kid = if has_own_kid { app.kid } else { kid };
            let (_, token) = aimed(
                &draft,
                kid,
                issuer.get::<String>(&app.all_issuers()),
                signer,
            );
            let verdict = Verdict::of_token(&set_up.verifier(&Rules::default()), &token);
            let is_good = signer == app.number && (app.source != Source::Set || kid == app.kid);
            prop_assert_eq!(verdict.met(), Met::accepted_if(is_good));
            Ok(verdict.met())
        },
    );
}

#[test]
fn the_order_of_the_instances_says_nothing_of_a_token() {
    let case = (set_up(2..=3), common_rules(), aim(), vec(any::<Index>(), 3));
    holds(256, case, |(mut set_up, rules, aim, order)| {
        // No instance but the builder's own takes issuers beside a publishable key.
        let apps = set_up.apps.iter_mut();
        for app in apps.filter(|app| app.publishable.is_some()) {
            app.issuers.clear();
        }
        let (_, token) = signed(&set_up, &aim);
        let verdict = Verdict::of_token(&set_up.verifier(&rules), &token);
        let other = reordered(&set_up, &order).verifier(&rules);
        let other = Verdict::of_token(&other, &token);
        // The message about an issuer that nobody has names all of them, in their order.
        prop_assert_eq!(other.reason(), verdict.reason());
        if verdict.met() == Met::Accepted {
            prop_assert_eq!(&other, &verdict);
        }
        Ok(verdict.met())
    });
}

/// Keys, names, and whether the key id plays a part are each instance's own.
#[test]
fn the_options_of_one_instance_say_nothing_of_anothers_tokens() {
    let others = (app(0), app(1), app(2)).prop_map(|(first, second, third)| [first, second, third]);
    let case = (set_up(2..=3), common_rules(), aim(), others);
    holds(256, case, |(set_up, rules, aim, others)| {
        let (claimed, token) = signed(&set_up, &aim);
        let Some(place) = set_up.issued_by(claimed.as_deref()) else {
            return Ok(Met::Refused);
        };
        let verdict = Verdict::of_token(&set_up.verifier(&rules), &token);
        let mut changed = set_up.clone();
        for (other, app) in changed.apps.iter_mut().enumerate() {
            if other != place {
                *app = others[app.number].clone();
            }
        }
        prop_assert_eq!(
            &Verdict::of_token(&changed.verifier(&rules), &token),
            &verdict
        );
        Ok(verdict.met())
    });
}

/// Parties, audiences and all else that is no instance's own hold for every one of them.
#[test]
fn what_is_no_instances_own_holds_for_each_of_them() {
    let parties = select(vec!["https://app.example.com", "http://localhost:3000"]);
    let audiences = select(vec!["api", "x"]);
    let case = (set_up(2..=3), good(), parties, audiences);
    holds(192, case, |(set_up, mut draft, party, audience)| {
        draft
            .claims
            .push(("aud".to_owned(), json!(audience).to_string()));
        let rules = Rules {
            parties: vec![party],
            audiences: vec!["api"],
            ..Rules::default()
        };
        let verifier = set_up.verifier(&rules);
        let azp = ("azp".to_owned(), json!(party).to_string());
        let is_good = draft.claims.contains(&azp) && audience == "api";
        for app in &set_up.apps {
            for issuer in app.all_issuers() {
                let (_, token) = aimed(&draft, app.kid, &issuer, app.number);
                let verdict = Verdict::of_token(&verifier, &token);
                prop_assert_eq!(verdict.met(), Met::accepted_if(is_good));
            }
        }
        Ok(Met::accepted_if(is_good))
    });
}
