//! What holds of `has` whatever the claims are.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::sync::LazyLock;

use clerk_verify::{
    FixedClock, Level, Requirement, Reverification, Session, Verifier,
    testing::{TestIssuer, TokenBuilder},
};
use proptest::{
    collection::vec, option, prelude::*, sample::select, strategy::ValueTree,
    test_runner::TestRunner,
};
use serde_json::{Value, json};

static ISSUER: LazyLock<(TestIssuer, Verifier)> = LazyLock::new(|| {
    let issuer = TestIssuer::new().with_clock(FixedClock::at_unix(1_790_000_000));
    let verifier = issuer.verifier().build().unwrap();
    (issuer, verifier)
});

fn session(token: &TokenBuilder) -> Session {
    let (_, verifier) = &*ISSUER;
    verifier.verify_token_now(&token.sign()).unwrap().unwrap()
}

fn token(claims: &[(&'static str, Value)]) -> TokenBuilder {
    let (issuer, _) = &*ISSUER;
    // Version 1 has none of the claims that are chosen here.
    let bare = issuer.token().v1();
    claims.iter().fold(bare, |token, (name, value)| {
        token.claim(*name, value.clone())
    })
}

const SLUGS: [&str; 2] = ["a", "org"];

fn slug() -> impl Strategy<Value = String> {
    select(&SLUGS[..]).prop_map(str::to_owned)
}

fn scoped_list() -> impl Strategy<Value = Value> {
    let entry = (
        select(&["o:", "o:", "u:", "u:", "ou:", "ou:", "uo:", "uo:", "", "x:"][..]),
        slug(),
    );
    vec(
        entry.prop_map(|(scope, slug)| format!("{scope}{slug}")),
        1..4,
    )
    .prop_map(|entries| entries.join(",").into())
}

/// Anything that JSON can say, mostly of a type that it should not have.
fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        slug().prop_map(Value::from),
        Just(json!("")),
        vec(slug(), 0..3).prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        slug().prop_map(|slug| json!({ "id": slug })),
        slug().prop_map(|slug| json!([[slug]])),
    ]
}

fn age() -> impl Strategy<Value = Value> {
    prop_oneof![
        9 => select(&[-1, 0, 5, 9, 10, 11, 60, 2000][..]).prop_map(Value::from),
        1 => anything()
    ]
}

fn organization() -> impl Strategy<Value = Value> {
    let mask = prop_oneof![select(&["0", "1", "3", "3", "3", "-1"][..]).prop_map(str::to_owned)];
    (slug(), slug(), vec(slug(), 0..3), vec(mask, 0..3)).prop_map(|(id, role, per, fpm)| {
        json!({ "id": id, "rol": role, "per": per.join(","), "fpm": fpm.join(",") })
    })
}

/// All claims that say what a session may do.
fn claims() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let claim = |name: &'static str, good: BoxedStrategy<Value>| {
        option::weighted(0.9, prop_oneof![8 => good, 1 => anything()])
            .prop_map(move |value| value.map(|value| (name, value)))
            .boxed()
    };
    let permissions = vec((slug(), slug()), 0..3).prop_map(|all| {
        let all = all
            .into_iter()
            .map(|(feature, name)| format!("org:{feature}:{name}"));
        all.collect::<Vec<_>>().into()
    });
    let role = slug().prop_map(|role| format!("org:{role}").into());
    let claims: [BoxedStrategy<Option<(&'static str, Value)>>; 8] = [
        claim("v", Just(json!(2)).boxed()),
        claim("o", organization().boxed()),
        claim("org_id", slug().prop_map(Value::from).boxed()),
        claim("org_role", role.boxed()),
        claim("org_permissions", permissions.boxed()),
        claim("fea", scoped_list().boxed()),
        claim("pla", scoped_list().boxed()),
        claim(
            "fva",
            (age(), age())
                .prop_map(|(first, second)| json!([first, second]))
                .boxed(),
        ),
    ];
    Vec::from(claims).prop_map(|claims| claims.into_iter().flatten().collect())
}

#[derive(Clone, Debug)]
enum Ask {
    Role(String),
    Permission(String),
    Feature(String),
    Plan(String),
    Fresh(Level, u32),
}

impl Ask {
    fn requirement(&self) -> Requirement {
        let asked = Requirement::new();
        match self {
            Self::Role(role) => asked.role(role),
            Self::Permission(permission) => asked.permission(permission),
            Self::Feature(feature) => asked.feature(feature),
            Self::Plan(plan) => asked.plan(plan),
            Self::Fresh(level, minutes) => {
                asked.reverification(Reverification::new(*level, *minutes))
            }
        }
    }

    fn is_of_organization(&self) -> bool {
        matches!(self, Self::Role(_) | Self::Permission(_))
    }

    /// The claims that this may depend on; `v` says which version they are read as.
    fn named(&self) -> &'static [&'static str] {
        match self {
            Self::Role(_) => &["v", "o", "org_id", "org_role"],
            Self::Permission(_) => &["v", "o", "org_id", "org_permissions", "fea"],
            Self::Feature(_) => &["fea"],
            Self::Plan(_) => &["pla"],
            Self::Fresh(..) => &["fva"],
        }
    }
}

fn ask() -> impl Strategy<Value = Ask> {
    let scoped = || {
        let scope = select(&["", "org:", "user:", "o:", "u:", "x:"][..]);
        (scope, slug()).prop_map(|(scope, slug)| format!("{scope}{slug}"))
    };
    let level = select(&[Level::FirstFactor, Level::SecondFactor, Level::MultiFactor][..]);
    let minutes = select(&[0, 1, 10, 11, 60][..]);
    prop_oneof![
        slug().prop_map(Ask::Role),
        (slug(), slug())
            .prop_map(|(feature, name)| Ask::Permission(format!("org:{feature}:{name}"))),
        scoped().prop_map(Ask::Feature),
        scoped().prop_map(Ask::Plan),
        (level, minutes).prop_map(|(level, minutes)| Ask::Fresh(level, minutes)),
    ]
}

/// A random claim that `asks` do not name, known or not.
fn other_claim() -> impl Strategy<Value = (&'static str, Value)> {
    let names = [
        "v",
        "o",
        "org_id",
        "org_role",
        "org_slug",
        "org_permissions",
        "fea",
        "pla",
        "fva",
        "sts",
        "sid",
        "act",
        "jti",
        "role",
        "permissions",
        "metadata",
        "admin",
    ];
    let value = prop_oneof![
        anything(),
        scoped_list(),
        organization(),
        Just(json!([0, 0])),
        Just(json!("org:admin")),
        Just(json!(["org:a:a", "org:b:b"])),
    ];
    (select(names.to_vec()), value)
}

/// The properties below would hold of a library that refuses everything.
#[test]
fn the_generated_requirements_are_often_met() {
    let mut runner = TestRunner::deterministic();
    let met = (0..500)
        .filter(|_| {
            let (claims, ask) = (claims(), ask()).new_tree(&mut runner).unwrap().current();
            session(&token(&claims)).has(&ask.requirement())
        })
        .count();
    assert!((50..450).contains(&met), "{met} of 500");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        max_global_rejects: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_claim_that_is_not_asked_for_never_turns_a_refusal_into_a_pass(
        claims in claims(),
        asks in vec(ask(), 1..4),
        (name, value) in other_claim(),
    ) {
        prop_assume!(!asks.iter().any(|ask| ask.named().contains(&name)));
        // `sts: pending` signs the user out, which is no pass either.
        prop_assume!(!(name == "sts" && value == json!("pending")));
        let requirement = asks
            .iter()
            .map(Ask::requirement)
            .reduce(Requirement::and)
            .unwrap();
        let before = session(&token(&claims));
        let after = session(&token(&claims).claim(name, value));
        prop_assert!(before.has(&requirement) || !after.has(&requirement), "{requirement}");
    }

    #[test]
    fn removing_the_organization_never_grants_an_organizations_requirement(
        claims in claims(),
        asks in vec(ask(), 1..4),
    ) {
        prop_assume!(asks.iter().any(Ask::is_of_organization));
        let requirement = asks
            .iter()
            .map(Ask::requirement)
            .reduce(Requirement::and)
            .unwrap();
        let without = token(&claims).without("o").without("org_id");
        prop_assert!(!session(&without).has(&requirement), "{requirement}");
    }

    #[test]
    fn a_malformed_claim_fails_closed(
        claims in claims(),
        ask in ask(),
        place in any::<prop::sample::Index>(),
        value in anything(),
    ) {
        let name = *place.get(ask.named());
        let of_right_type = match name {
            // Where `v` is malformed the claims of version 1 count, and those may grant it.
            "v" => true,
            "o" => value.is_object(),
            "org_id" | "org_role" | "fea" | "pla" => value.is_string(),
            "org_permissions" | "fva" => value.is_array(),
            _ => false,
        };
        prop_assume!(!of_right_type);
        // Version 2 reads nothing from version 1's claims, and version 1's permissions are not in `fea`.
        let reads_version_2 = name == "o" || (name == "fea" && matches!(ask, Ask::Permission(_)));
        let claims = claims.into_iter().filter(|(known, _)| *known != "v");
        let version = reads_version_2.then(|| ("v", json!(2)));
        let claims: Vec<_> = claims.chain(version).collect();
        let session = session(&token(&claims).claim(name, value));
        prop_assert!(!session.has(&ask.requirement()), "{name}: {:?}", ask);
    }

    #[test]
    fn has_and_require_agree_and_a_refusal_names_something(
        claims in claims(),
        asks in vec(ask(), 1..4),
    ) {
        let requirement = asks
            .iter()
            .map(Ask::requirement)
            .reduce(Requirement::and)
            .unwrap();
        let session = session(&token(&claims));
        match session.require(&requirement) {
            Ok(()) => {
                prop_assert!(session.has(&requirement));
                prop_assert!(asks.iter().all(|ask| session.has(&ask.requirement())));
            }
            Err(forbidden) => {
                prop_assert!(!session.has(&requirement));
                let unmet = asks.iter().filter(|ask| !session.has(&ask.requirement())).count();
                prop_assert_eq!(forbidden.unmet().len(), unmet);
                let any = Requirement::any_of(asks.iter().map(Ask::requirement));
                prop_assert_eq!(session.has(&any), unmet < asks.len());
            }
        }
    }
}
