//! Differences in what a session is said to be and to be allowed, of a token that both accept.

use super::{
    Direction::{Laxer, Session, Stricter},
    Rule,
};
use crate::{
    answer::Field,
    case::Ask,
    compare::Seen,
    json::{Json, LONE_SURROGATE},
};

type InField = fn(&Seen<'_>, Field) -> bool;
type InRequirement = fn(&Seen<'_>, &Ask) -> bool;

pub(crate) fn in_fields() -> &'static [Rule<InField>] {
    const RULES: &[Rule<InField>] = &[
        field("other-type-is-absent", |seen, field| {
            let claim = source(seen, field);
            claim.is_some_and(|claim| !is_of_type(seen, field, claim))
        }),
        field("repeated-in-organization", |seen, field| {
            is_of_organization(field) && repeats_in_organization(seen)
        }),
        field("organization-without-id", |seen, field| {
            is_of_organization(field) && !has_organization(seen)
        }),
        field("empty-organization-claim", |seen, field| {
            let claim = source(seen, field);
            is_of_organization(field) && claim.and_then(Json::text) == Some("")
        }),
        field("place-of-masks", |seen, field| {
            field == Field::OrgPermissions && has_two_readings(seen)
        }),
        field("nameless-permission", |seen, field| {
            field == Field::OrgPermissions && has_nameless(seen)
        }),
        field("other-white-space", |seen, field| {
            field == Field::OrgPermissions && has_other_space(seen)
        }),
    ];
    RULES
}

pub(crate) fn in_requirements() -> &'static [Rule<InRequirement>] {
    const RULES: &[Rule<InRequirement>] = &[
        requirement("empty-name", |_, ask| {
            let is_bare = |name: &Option<String>| {
                name.as_ref()
                    .is_some_and(|name| name.replace("org:", "").is_empty())
            };
            let is_empty = |name: &Option<String>| name.as_deref() == Some("");
            is_bare(&ask.role)
                || is_bare(&ask.permission)
                || is_empty(&ask.feature)
                || is_empty(&ask.plan)
        }),
        requirement("other-type-is-absent", |seen, ask| {
            let is_other =
                |field| source(seen, field).is_some_and(|claim| !is_of_type(seen, field, claim));
            asks_organization(ask)
                && (is_other(Field::OrgId) || ask.role.is_some() && is_other(Field::OrgRole))
        }),
        requirement("repeated-in-organization", |seen, ask| {
            asks_organization(ask) && repeats_in_organization(seen)
        }),
        Rule {
            name: "place-of-masks",
            directions: &[Stricter, Laxer],
            holds: |seen, ask| ask.permission.is_some() && has_two_readings(seen),
        },
        requirement("other-white-space", |seen, ask| {
            (ask.permission.is_some() || ask.feature.is_some() || ask.plan.is_some())
                && has_other_space(seen)
        }),
    ];
    RULES
}

const fn field(name: &'static str, holds: InField) -> Rule<InField> {
    Rule {
        name,
        directions: &[Session],
        holds,
    }
}

const fn requirement(name: &'static str, holds: InRequirement) -> Rule<InRequirement> {
    Rule {
        name,
        directions: &[Stricter],
        holds,
    }
}

fn is_second_version(seen: &Seen<'_>) -> bool {
    seen.token.claim("v").and_then(Json::number) == Some(2.0)
}

/// The claim that says it, or for permissions of the second version one of those that say it.
fn source<'a>(seen: &'a Seen<'_>, field: Field) -> Option<&'a Json> {
    let claim = |name: &str| seen.token.claim(name);
    let of_organization = |first: &str, second: &str| match is_second_version(seen) {
        true => claim("o").and_then(|o| o.get(second)),
        false => claim(first),
    };
    match field {
        Field::UserId => claim("sub"),
        Field::SessionId => claim("sid"),
        Field::OrgId => of_organization("org_id", "id"),
        Field::OrgRole => of_organization("org_role", "rol"),
        Field::OrgSlug => of_organization("org_slug", "slg"),
        Field::OrgPermissions => of_organization("org_permissions", "per"),
        Field::FactorVerificationAge => claim("fva"),
    }
    .filter(|claim| **claim != Json::Null)
}

fn is_of_type(seen: &Seen<'_>, field: Field, claim: &Json) -> bool {
    let is_text = |json: &Json| {
        json.text()
            .is_some_and(|text| !text.contains(LONE_SURROGATE))
    };
    match (field, claim) {
        (Field::FactorVerificationAge, Json::Array(ages)) => {
            let is_age = |age: &Json| {
                age.number()
                    .is_some_and(|age| age.is_finite() && (age == -1.0 || age >= 0.0))
            };
            ages.len() == 2 && ages.iter().all(is_age)
        }
        (Field::FactorVerificationAge, _) => false,
        (Field::OrgPermissions, claim) if !is_second_version(seen) => match claim {
            Json::Array(values) => values.iter().all(is_text),
            _ => false,
        },
        (_, claim) => is_text(claim),
    }
}

fn is_of_organization(field: Field) -> bool {
    matches!(
        field,
        Field::OrgId | Field::OrgRole | Field::OrgSlug | Field::OrgPermissions
    )
}

fn asks_organization(ask: &Ask) -> bool {
    ask.role.is_some() || ask.permission.is_some()
}

fn has_organization(seen: &Seen<'_>) -> bool {
    source(seen, Field::OrgId)
        .and_then(Json::text)
        .is_some_and(|id| !id.is_empty())
}

fn repeats_in_organization(seen: &Seen<'_>) -> bool {
    is_second_version(seen)
        && seen
            .token
            .claim("o")
            .is_some_and(|o| !o.repeated().is_empty())
}

/// `fea`, `per` and `fpm` of a second version's organization.
fn packed<'a>(seen: &'a Seen<'_>) -> Option<[&'a str; 3]> {
    let o = seen.token.claim("o").filter(|_| is_second_version(seen))?;
    let text = |json: Option<&'a Json>| json.and_then(Json::text).unwrap_or_default();
    Some([
        text(seen.token.claim("fea")),
        text(o.get("per")),
        text(o.get("fpm")),
    ])
}

fn is_of_an_organization(entry: &str) -> bool {
    let scope = entry.trim().split_once(':').map(|(scope, _)| scope);
    matches!(scope, Some("o" | "ou" | "uo"))
}

/// Some features are none of the organization's, and there are not as many masks as features that are.
fn has_two_readings(seen: &Seen<'_>) -> bool {
    packed(seen).is_some_and(|[features, _, masks]| {
        let all = features.split(',').count();
        let own = features
            .split(',')
            .filter(|entry| is_of_an_organization(entry))
            .count();
        own < all && masks.split(',').count() != own
    })
}

fn has_nameless(seen: &Seen<'_>) -> bool {
    packed(seen).is_some_and(|[features, permissions, _]| {
        let is_nameless = |entry: &str| {
            entry
                .trim()
                .split_once(':')
                .is_some_and(|(_, name)| name.is_empty())
        };
        features.split(',').any(is_nameless)
            || permissions.split(',').any(|name| name.trim().is_empty())
    })
}

/// White space that JavaScript trims and ASCII does not have, or has as another control character.
fn has_other_space(seen: &Seen<'_>) -> bool {
    let is_other = |character: char| {
        character == '\u{b}'
            || character == '\u{feff}'
            || !character.is_ascii() && character.is_whitespace()
    };
    let packed = packed(seen).into_iter().flatten();
    let claims = ["fea", "pla"]
        .iter()
        .filter_map(|name| seen.token.claim(name)?.text());
    packed.chain(claims).any(|text| text.contains(is_other))
}
