//! Requests to several instances at once: which token is read, and what is said of it.

use std::{cell::RefCell, collections::BTreeMap};

use clerk_verify::Reason;
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};

use super::{
    apps::{App, SetUp},
    model::{Held, verdict},
    requests::{Cookie, Request, Value, request},
    set_ups::{app, reordered, set_up},
    tokens::token,
};
use crate::{
    check::{Met, holds},
    rules::{PARTIES, Rules},
    verdict::Verdict,
};

fn plain_rules() -> impl Strategy<Value = Rules> {
    (any::<bool>(), any::<bool>()).prop_map(|(has_parties, is_cached)| Rules {
        parties: PARTIES[..if has_parties { 2 } else { 0 }].to_vec(),
        is_cached,
        ..Rules::default()
    })
}

/// The user and the issuer, or the reason.
fn told(verdict: Verdict) -> Result<(String, String), Reason> {
    match verdict {
        Verdict::Accepted(told) => Ok((
            told.user.clone(),
            told.claims["iss"].as_str().unwrap().to_owned(),
        )),
        Verdict::Refused(reason, _) => Err(reason),
    }
}

#[test]
fn the_token_that_the_rules_choose_is_read() {
    let requests = |set_up: SetUp| (request(&set_up), Just(set_up));
    let case = (set_up(1..=3).prop_flat_map(requests), plain_rules());
    let met = RefCell::new(BTreeMap::<String, u32>::new());
    holds(1_024, case, |((request, set_up), rules)| {
        let verifier = set_up.verifier(&rules);
        let choice = request.read(&set_up);
        let expected = match choice.held {
            Some(held) => verdict(&set_up, &rules, held),
            None => Err(Reason::SessionTokenMissing),
        };
        let fields = request.fields();
        let found = Verdict::of_request(&verifier, &fields);
        prop_assert_eq!(told(found.clone()), expected, "{}", choice.rule);
        // Asked again, a verifier with a memory looks there.
        prop_assert_eq!(&Verdict::of_request(&verifier, &fields), &found);
        let place = choice
            .place
            .map_or(String::new(), |place| format!("at {place}"));
        for met_now in [choice.rule.to_owned(), place] {
            *met.borrow_mut().entry(met_now).or_default() += 1;
        }
        Ok(found.met())
    });
    let met = met.into_inner();
    let cases: u32 = met.values().sum::<u32>() / 2;
    for rule in RULES {
        let count = met.get(rule).copied().unwrap_or_default();
        assert!(count >= cases / 400, "{rule}: {count} of {cases}, {met:?}");
    }
}

/// What must come up: every rule, and every place in the order.
const RULES: [&str; 14] = [
    "header",
    "branch 1",
    "branch 2",
    "branch 3",
    "branch 4",
    "branch 5",
    "branch 6",
    "branch 7",
    "branch 8",
    "__session alone",
    "none",
    "at 0",
    "at 1",
    "at 2",
];

/// A browser that each app's frontend has left its own cookies in: the first instance in the order of the configuration
/// counts that by itself finds a session in them.
#[test]
fn of_several_sessions_the_first_instances_is_taken() {
    let browsers = |mut set_up: SetUp| {
        for app in &mut set_up.apps {
            app.issuers.retain(|_| app.publishable.is_none());
            app.issuers.truncate(1);
        }
        let browser: Vec<_> = set_up.apps.iter().map(own_cookies).collect();
        (browser, any::<Index>(), Just(set_up))
    };
    let case = (
        set_up(2..=3).prop_flat_map(browsers),
        vec(any::<Index>(), 3),
    );
    holds(384, case, |((browser, plain, set_up), order)| {
        let rules = Rules::default();
        let mut cookies = plain.get(&browser).clone();
        for cookie in &mut cookies {
            cookie.suffix.clear();
        }
        let with_key = |app: &App| app.publishable.is_some();
        let own = browser
            .into_iter()
            .zip(&set_up.apps)
            .filter(|(_, app)| with_key(app));
        cookies.extend(own.flat_map(|(own, _)| own));
        let bearer = None;
        let request = Request { bearer, cookies };
        let plain = request.pair("");
        let plain_iss = plain.token().and_then(|token| token.iss.as_deref());
        let fields = request.fields();
        let mut met = Met::Accepted;
        for set_up in [reordered(&set_up, &order), set_up] {
            // By itself one without a publishable key takes any `__session` for its own.
            let owner = set_up.issued_by(plain_iss);
            let (with, without): (Vec<usize>, Vec<usize>) =
                (0..set_up.apps.len()).partition(|place| with_key(&set_up.apps[*place]));
            let without = without.into_iter().filter(|place| owner == Some(*place));
            let mut alone = with.into_iter().chain(without).map(|place| {
                let verifier = set_up.alone(place).verifier(&rules);
                told(Verdict::of_request(&verifier, &fields))
            });
            let missing = Err(Reason::SessionTokenMissing);
            let first = alone.find(|verdict| *verdict != missing);
            let verdict = Verdict::of_request(&set_up.verifier(&rules), &fields);
            met = verdict.met();
            prop_assert_eq!(told(verdict), first.unwrap_or(missing));
        }
        Ok(met)
    });
}

/// A session of this app or none, and what its frontend says of the last sign-in.
fn own_cookies(app: &App) -> impl Strategy<Value = Vec<Cookie>> + use<> {
    let suffix = app
        .suffix()
        .map_or(String::new(), |suffix| format!("_{suffix}"));
    let alone = SetUp {
        apps: vec![app.clone()],
        on_builder: false,
    };
    let (own, number) = (alone.clone(), app.number);
    let session = token(&alone).prop_map(move |mut token| {
        if own.issued_by(token.iss.as_deref()).is_none() {
            token.iss = Some(own.apps[0].all_issuers()[0].clone());
        }
        token.signer = number;
        token
    });
    let session = prop::option::weighted(0.6, session);
    let uat = prop::option::weighted(0.8, select(vec!["0", "1789999000", "1789999000"]));
    (session, uat).prop_map(move |(session, uat)| {
        let session = session.map(|token| Value::Session(Held::Token(token)));
        let values = session.into_iter().chain(uat.map(Value::Uat));
        let named = values.map(|value| Cookie {
            suffix: suffix.clone(),
            value,
        });
        named.collect()
    })
}

/// For a request that holds nothing but what the others' users have.
#[test]
fn an_unrelated_instance_more_changes_nothing() {
    let requests = |set_up: SetUp| {
        let missing = (0..3).find(|number| set_up.apps.iter().all(|app| app.number != *number));
        let unrelated = app(missing.unwrap());
        (request(&set_up), Just(set_up), unrelated)
    };
    let case = (
        set_up(1..=2)
            .prop_map(without_lookalikes)
            .prop_flat_map(requests),
        plain_rules(),
        any::<Index>(),
    );
    holds(
        768,
        case,
        |((mut request, set_up, mut unrelated), rules, place)| {
            unrelated.issuers.truncate(1);
            let issuers = set_up.apps[0].all_issuers();
            for token in request.tokens_mut() {
                if set_up.issued_by(token.iss.as_deref()).is_none() {
                    token.iss = Some(issuers[0].clone());
                }
            }
            let first = usize::from(set_up.on_builder);
            let mut more = set_up.clone();
            let place = first + place.index(more.apps.len() + 1 - first);
            more.apps.insert(place, unrelated);
            let fields = request.fields();
            let verdict = Verdict::of_request(&set_up.verifier(&rules), &fields);
            let found = Verdict::of_request(&more.verifier(&rules), &fields);
            let met = verdict.met();
            prop_assert_eq!(told(found), told(verdict));
            Ok(met)
        },
    );
}

/// No instance with an issuer on another's host.
fn without_lookalikes(mut set_up: SetUp) -> SetUp {
    for app in &mut set_up.apps {
        app.issuers.truncate(1);
    }
    set_up
}
