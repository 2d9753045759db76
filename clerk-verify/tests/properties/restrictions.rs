//! Whoever configures more restrictions never accepts more.

use clerk_verify::{FixedClock, Verifier};
use proptest::{prelude::*, sample::Index, sample::select};
use serde_json::json;
use std::time::Duration;

use crate::{
    check::{Met, holds},
    draft::draft,
    key_sets,
    mint::{ISSUER, NOW, STRANGER},
    rules::{AUDIENCES, ISSUERS, PARTIES, Rules, rules},
    verdict::Verdict,
};

/// One restriction more, or one that is tighter.
#[derive(Clone, Copy, Debug)]
enum Tighter {
    Issuers,
    Audiences,
    RequireAudience,
    Parties,
    NoMissingAzp,
    Skew,
    Algorithms,
    NoPending,
    NoTemplates,
    Length,
    Nesting,
}

const ALL: [Tighter; 11] = [
    Tighter::Issuers,
    Tighter::Audiences,
    Tighter::RequireAudience,
    Tighter::Parties,
    Tighter::NoMissingAzp,
    Tighter::Skew,
    Tighter::Algorithms,
    Tighter::NoPending,
    Tighter::NoTemplates,
    Tighter::Length,
    Tighter::Nesting,
];

impl Tighter {
    fn apply(self, mut rules: Rules, choice: &Index) -> Rules {
        match self {
            Self::Issuers => fewer(&mut rules.issuers, ISSUERS, choice),
            Self::Audiences => fewer(&mut rules.audiences, AUDIENCES, choice),
            Self::RequireAudience => rules.require_audience = !rules.audiences.is_empty(),
            Self::Parties => fewer(&mut rules.parties, PARTIES, choice),
            Self::NoMissingAzp => rules.allow_missing_azp = false,
            Self::Skew => rules.skew = *choice.get(&[Duration::ZERO, rules.skew / 2]),
            Self::Algorithms if rules.algorithms.len() > 1 => {
                rules
                    .algorithms
                    .remove(choice.index(rules.algorithms.len()));
            }
            Self::Algorithms => {}
            Self::NoPending => rules.allow_pending = false,
            Self::NoTemplates => rules.allow_templates = false,
            Self::Length => rules.max_len = rules.max_len.min(*choice.get(&[2_000, 750, 700, 1])),
            Self::Nesting => rules.max_nesting = choice.index(rules.max_nesting) + 1,
        }
        rules
    }
}

/// An empty list checks nothing, so fewer means one that is named, or one less of those.
fn fewer(list: &mut Vec<&'static str>, all: [&'static str; 2], choice: &Index) {
    match list.len() {
        0 => list.push(*choice.get(&all)),
        1 => {}
        count => drop(list.remove(choice.index(count))),
    }
}

#[test]
fn a_restriction_more_never_accepts_more() {
    let tighter = prop::collection::vec((select(&ALL[..]), any::<Index>()), 1..3);
    // Half of the pairs begin with rules that allow all there is.
    let lax = prop_oneof![rules(), Just(permissive())];
    holds(768, (draft(), lax, tighter), |(draft, lax, tighter)| {
        let token = draft.sign();
        let strict = tighter
            .iter()
            .fold(lax.clone(), |rules, (tighter, choice)| {
                tighter.apply(rules, choice)
            });
        let verdicts = [&lax, &strict]
            .map(|rules| Verdict::of_token(&rules.build(FixedClock::at_unix(NOW)), &token));
        let [lax, strict] = &verdicts;
        if strict.met() == Met::Accepted {
            prop_assert_eq!(lax, strict, "{:?}", tighter);
        }
        // What the strict ones turn away and the lax ones don't is what this is about.
        Ok(match (lax.met(), strict.met()) {
            (Met::Accepted, Met::Refused) => Met::Refused,
            _ => Met::Accepted,
        })
    });
}

fn permissive() -> Rules {
    Rules {
        algorithms: crate::rules::ALGORITHMS.to_vec(),
        allow_pending: true,
        allow_templates: true,
        allow_missing_azp: true,
        skew: Duration::from_secs(60),
        ..Rules::default()
    }
}

/// Fewer keys are a restriction too.
#[test]
fn fewer_keys_never_accept_more() {
    let sets = (key_sets::extras(), any::<Index>(), any::<Index>());
    holds(
        192,
        (draft(), rules(), sets),
        |(draft, rules, (extras, own, left_out))| {
            let token = draft.sign();
            let mut keys = key_sets::set(&extras, own)["keys"]
                .as_array()
                .unwrap()
                .clone();
            keys.push(STRANGER.jwk(ISSUER.key_id()));
            // One is left that can be used under an id of its own, for without any no verifier is built.
            keys.insert(0, STRANGER.jwk("ins_extra_3"));
            let accepts = |keys: &[serde_json::Value]| {
                let set = json!({ "keys": keys }).to_string();
                let builder = rules.beside(Verifier::builder().jwks_json(set));
                let verifier = builder.clock(FixedClock::at_unix(NOW)).build().unwrap();
                Verdict::of_token(&verifier, &token)
            };
            let all = accepts(&keys);
            keys.remove(1 + left_out.index(keys.len() - 1));
            let fewer = accepts(&keys);
            if fewer.met() == Met::Accepted {
                prop_assert_eq!(&fewer, &all);
            }
            Ok(fewer.met())
        },
    );
}
