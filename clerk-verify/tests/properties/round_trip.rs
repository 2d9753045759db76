//! What the test kit mints, a session gives back.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use clerk_verify::{
    FixedClock, Reason, Session, SessionStatus, Verifier,
    testing::{TestIssuer, TokenBuilder},
};
use proptest::{collection, option, prelude::*, sample::select};
use serde_json::Value;

use crate::{
    check::{Met, holds},
    junk,
    mint::{ISSUER, NOW},
};

/// All that one can say to the test kit.
#[derive(Clone, Debug)]
struct Minted {
    is_v2: bool,
    texts: Texts,
    issued_at: i64,
    lifetime: u32,
    organization: Option<Organization>,
    /// By their slug, with the scopes.
    features: BTreeMap<String, &'static str>,
    plans: BTreeMap<String, &'static str>,
    factors: Option<(Option<u32>, Option<u32>)>,
    custom: BTreeMap<String, Value>,
    flaw: Option<Reason>,
}

#[derive(Clone, Debug)]
struct Texts {
    user: String,
    session: String,
    issuer: String,
    party: String,
    audience: Option<String>,
    actor: Option<String>,
}

#[derive(Clone, Debug)]
struct Organization {
    id: String,
    role: String,
    slug: Option<String>,
    permissions: BTreeSet<(String, String)>,
}

fn minted() -> impl Strategy<Value = Minted> {
    let text =
        || prop_oneof![1 => "[a-z0-9_]{1,12}", 1 => ".{1,12}", 1 => "[\"\\\\\n\u{1f600}é/]{1,6}"];
    let user = text().prop_filter("of a machine", |user| !user.starts_with("mch_"));
    let texts = (
        user,
        text(),
        text(),
        text(),
        option::of(text()),
        option::of(text()),
    );
    let texts = texts.prop_map(|(user, session, issuer, party, audience, actor)| Texts {
        user,
        session,
        issuer,
        party,
        audience,
        actor,
    });
    let slug = || "[a-z][a-z0-9_-]{0,8}";
    let permissions = collection::btree_set((slug(), slug()), 0..6);
    let role = text().prop_filter("a prefix", |role| !role.starts_with("org:"));
    let organization = (text(), role, option::of(text()), permissions);
    let organization = organization.prop_map(|(id, role, slug, permissions)| Organization {
        id,
        role,
        slug,
        permissions,
    });
    let scopes = || select(&["o", "u", "ou", "uo"][..]);
    let entitlements = move || collection::btree_map(slug(), scopes(), 0..4);
    let factors = option::of((option::of(any::<u32>()), option::of(any::<u32>())));
    let exact = junk::json().prop_filter("a fraction that JSON rounds", |json| {
        !json.to_string().contains(['.', 'e'])
    });
    let custom = collection::btree_map("x_\\PC{0,6}", exact, 0..4);
    let flaw = prop_oneof![
        4 => Just(None),
        1 => select(vec![
            Reason::TokenExpired,
            Reason::TokenNotActiveYet,
            Reason::TokenInvalidSignature,
            Reason::SessionPending,
        ]).prop_map(Some),
    ];
    let times = (NOW - 1_000..NOW + 5, 1_020_u32..100_000_000);
    let rest = (entitlements(), entitlements(), factors, custom, flaw);
    (any::<bool>(), texts, times, option::of(organization), rest).prop_map(
        |(is_v2, texts, (issued_at, lifetime), organization, rest)| {
            let (features, plans, factors, custom, flaw) = rest;
            Minted {
                is_v2,
                texts,
                issued_at,
                lifetime,
                organization,
                features,
                plans,
                factors,
                custom,
                flaw,
            }
        },
    )
}

fn scoped(entitlements: &BTreeMap<String, &str>) -> Vec<String> {
    let entries = entitlements.iter();
    entries
        .map(|(slug, scope)| format!("{scope}:{slug}"))
        .collect()
}

impl Minted {
    fn token(&self) -> TokenBuilder {
        let Texts {
            user,
            session,
            issuer,
            party,
            audience,
            actor,
        } = &self.texts;
        let mut token = ISSUER.token();
        token = if self.is_v2 { token.v2() } else { token.v1() };
        token = token
            .user(user)
            .session_id(session)
            .issuer(issuer)
            .azp(party)
            .issued_at(self.issued_at)
            .lifetime(Duration::from_secs(self.lifetime.into()))
            .features(scoped(&self.features))
            .plans(scoped(&self.plans));
        if let Some(audience) = audience {
            token = token.audience(audience);
        }
        if let Some(actor) = actor {
            token = token.impersonated_by(actor);
        }
        if let Some((first, second)) = self.factors {
            token = token.factors_verified(first, second);
        }
        if let Some(Organization {
            id,
            role,
            slug,
            permissions,
        }) = &self.organization
        {
            token = token.org(id, role);
            if let Some(slug) = slug {
                token = token.org_slug(slug);
            }
            let permissions = permissions.iter();
            token =
                token.permissions(permissions.map(|(feature, name)| format!("{feature}:{name}")));
        }
        for (name, value) in &self.custom {
            token = token.claim(name, value.clone());
        }
        match self.flaw {
            Some(Reason::TokenExpired) => token.expired(),
            Some(Reason::TokenNotActiveYet) => token.not_active_yet(),
            Some(Reason::TokenInvalidSignature) => token.signed_by(&STRANGER),
            Some(Reason::SessionPending) => token.pending(),
            _ => token,
        }
    }

    fn check(&self, session: &Session) -> Result<(), TestCaseError> {
        let claims = session.claims();
        let texts = &self.texts;
        prop_assert_eq!(session.user_id(), &texts.user);
        prop_assert_eq!(session.session_id(), Some(texts.session.as_str()));
        prop_assert_eq!(session.issuer(), Some(texts.issuer.as_str()));
        prop_assert_eq!(session.authorized_party(), Some(texts.party.as_str()));
        prop_assert_eq!(session.audience(), texts.audience.as_slice());
        let actor = session.actor().map(|actor| actor.subject());
        prop_assert_eq!(actor, texts.actor.as_deref());
        prop_assert_eq!(session.issued_at(), Some(self.issued_at));
        prop_assert_eq!(claims.not_before(), Some(self.issued_at - 5));
        prop_assert_eq!(
            session.expires_at(),
            self.issued_at + i64::from(self.lifetime)
        );
        prop_assert_eq!(claims.version(), if self.is_v2 { 2 } else { 1 });
        prop_assert_eq!(
            session.status(),
            self.is_v2.then_some(SessionStatus::Active)
        );

        let default = self.is_v2.then_some((Some(0), None));
        let factors = self.factors.or(default);
        let minutes = |age: Option<u32>| age.map(u64::from);
        let expected = factors.map(|(first, second)| (minutes(first), minutes(second)));
        let age = session.factor_verification_age();
        let found = age.map(|age| (age.first_factor_minutes(), age.second_factor_minutes()));
        prop_assert_eq!(found, expected);
        for (name, value) in &self.custom {
            let found = claims.get(name);
            prop_assert_eq!(found.as_ref(), Some(value));
        }
        let all: BTreeMap<String, Value> = session.custom_claims().unwrap();
        for (name, value) in &self.custom {
            prop_assert_eq!(&all[name], value);
        }
        self.check_organization(session)?;
        self.check_entitlements(session)
    }

    fn check_organization(&self, session: &Session) -> Result<(), TestCaseError> {
        let found = session.organization();
        prop_assert_eq!(found.is_some(), self.organization.is_some());
        let (Some(found), Some(expected)) = (found, &self.organization) else {
            return Ok(());
        };
        prop_assert_eq!(found.id(), &expected.id);
        let role = format!("org:{}", expected.role);
        prop_assert_eq!(found.role(), Some(role.as_str()));
        prop_assert_eq!(found.slug(), expected.slug.as_deref());
        let permissions: BTreeSet<String> = found.permissions().iter().cloned().collect();
        let expected = expected.permissions.iter();
        let expected: BTreeSet<String> = expected
            .map(|(feature, name)| format!("org:{feature}:{name}"))
            .collect();
        prop_assert_eq!(permissions.len(), found.permissions().len());
        prop_assert_eq!(permissions, expected);
        Ok(())
    }

    fn check_entitlements(&self, session: &Session) -> Result<(), TestCaseError> {
        let mut features = self.features.clone();
        // Version 2 packs permissions into features of the organization, which then is said to have them.
        let packed = self.organization.iter().filter(|_| self.is_v2);
        let mut of_permissions = BTreeSet::new();
        for (feature, _) in packed.flat_map(|organization| &organization.permissions) {
            of_permissions.insert(feature.as_str());
            features.entry(feature.clone()).or_insert("o");
        }
        let extra = [of_permissions, BTreeSet::new()];
        let found = [session.features(), session.plans()];
        for ((found, expected), extra) in found.into_iter().zip([&features, &self.plans]).zip(extra)
        {
            let has = |scope: char| -> BTreeSet<&str> {
                let of_scope = expected.iter().filter(|(_, scopes)| scopes.contains(scope));
                of_scope.map(|(slug, _)| slug.as_str()).collect()
            };
            let of_user = found.map(|all| all.of_user().collect());
            let of_organization = found.map(|all| all.of_organization().collect());
            prop_assert_eq!(has('u'), of_user.unwrap_or_default());
            let expected = &has('o') | &extra;
            prop_assert_eq!(expected, of_organization.unwrap_or_default());
        }
        Ok(())
    }
}

static STRANGER: std::sync::LazyLock<TestIssuer> = std::sync::LazyLock::new(TestIssuer::fresh);

#[test]
fn a_session_says_what_was_minted() {
    let verifier = Verifier::builder()
        .jwks_json(ISSUER.jwks_json())
        .clock(FixedClock::at_unix(NOW))
        .build()
        .unwrap();
    holds(384, minted(), |minted| {
        let result = verifier.verify_token_now(&minted.token().sign()).unwrap();
        let reason = result.as_ref().err().map(|error| error.reason());
        prop_assert_eq!(reason, minted.flaw);
        if let Ok(session) = &result {
            minted.check(session)?;
        }
        Ok(Met::accepted_if(result.is_ok()))
    });
}
