//! One thing that is asked of a session, and the rule that decides it.

use std::fmt;

use super::{
    forbidden::{Dimension, Unmet},
    requirement::Requirement,
    reverification::Reverification,
};
use crate::{
    claims::{Claims, Entitlements},
    error::Seen,
};

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Ask {
    Role(String),
    Permission(String),
    Feature(String),
    Plan(String),
    Reverification(Reverification),
    AnyOf(Vec<Requirement>),
    /// What a requirement that asks nothing brings into another one: it is never met.
    Nothing,
}

impl Ask {
    pub(super) fn is_met_by(&self, claims: &Claims) -> bool {
        match self {
            Self::Role(asked) => has_role(claims, asked),
            Self::Permission(asked) => has_permission(claims, asked),
            Self::Feature(asked) => is_entitled(claims.features(), asked),
            Self::Plan(asked) => is_entitled(claims.plans(), asked),
            Self::Reverification(asked) => asked.is_met_by(claims.factor_verification_age()),
            Self::AnyOf(alternatives) => alternatives
                .iter()
                .any(|alternative| alternative.is_met_by(claims)),
            Self::Nothing => false,
        }
    }

    /// Why no session ever meets it, where that can be told.
    pub(super) fn never_met(&self) -> Option<&'static str> {
        match self {
            Self::Role(asked) | Self::Permission(asked) if bare(asked).is_empty() => {
                Some("an empty name")
            }
            Self::Permission(asked) if bare(asked).starts_with("sys_") => {
                Some("a system permission, and Clerk puts none into a token")
            }
            Self::Feature(asked) | Self::Plan(asked) if asked.is_empty() => Some("an empty name"),
            Self::Feature(asked) | Self::Plan(asked) if !has_known_scope(asked) => {
                Some("a scope that is neither `org` nor `user`")
            }
            Self::Reverification(asked) if !asked.can_be_met() => Some("zero minutes"),
            Self::AnyOf(alternatives) => {
                let mut reasons = alternatives.iter().map(Requirement::never_met);
                let first = reasons.next().unwrap_or(Some(NOTHING))?;
                reasons.all(|reason| reason.is_some()).then_some(first)
            }
            Self::Nothing => Some(NOTHING),
            _ => None,
        }
    }

    pub(super) fn role(&self) -> Option<&str> {
        match self {
            Self::Role(asked) => Some(bare(asked)),
            _ => None,
        }
    }

    /// What the session lacks of it; of alternatives, what each of them lacks.
    pub(super) fn explain(&self, claims: &Claims, unmet: &mut Vec<Unmet>) {
        let (dimension, asked, found) = match self {
            Self::Role(asked) => (Dimension::Role, asked.clone(), role_found(claims)),
            Self::Permission(asked) => (
                Dimension::Permission,
                asked.clone(),
                permission_found(claims, asked),
            ),
            Self::Feature(asked) => (
                Dimension::Feature,
                asked.clone(),
                entitlements_found(claims.features(), "fea", asked),
            ),
            Self::Plan(asked) => (
                Dimension::Plan,
                asked.clone(),
                entitlements_found(claims.plans(), "pla", asked),
            ),
            Self::Reverification(asked) => (
                Dimension::Reverification,
                asked.to_string(),
                asked.found(claims.factor_verification_age()),
            ),
            Self::AnyOf(alternatives) => {
                for ask in alternatives
                    .iter()
                    .flat_map(|alternative| alternative.unmet(claims))
                {
                    ask.explain(claims, unmet);
                }
                return;
            }
            Self::Nothing => return,
        };
        unmet.push(Unmet::new(dimension, asked, found));
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(asked) => write!(f, "role `{}`", asked.escape_debug()),
            Self::Permission(asked) => write!(f, "permission `{}`", asked.escape_debug()),
            Self::Feature(asked) => write!(f, "feature `{}`", asked.escape_debug()),
            Self::Plan(asked) => write!(f, "plan `{}`", asked.escape_debug()),
            Self::Reverification(asked) => write!(f, "reverification {asked}"),
            Self::Nothing => f.write_str(NOTHING),
            Self::AnyOf(alternatives) if alternatives.is_empty() => {
                write!(f, "one of {NOTHING}")
            }
            Self::AnyOf(alternatives) => {
                f.write_str("one of (")?;
                for (position, alternative) in alternatives.iter().enumerate() {
                    let separator = if position == 0 { "" } else { ", or " };
                    write!(f, "{separator}{alternative}")?;
                }
                f.write_str(")")
            }
        }
    }
}

/// The name without its prefix, however often that stands there: `admin`, `org:admin` and `org:org:admin` are one.
fn bare(name: &str) -> &str {
    let mut bare = name;
    while let Some(rest) = bare.strip_prefix("org:") {
        bare = rest;
    }
    bare
}

fn has_role(claims: &Claims, asked: &str) -> bool {
    let asked = bare(asked);
    !asked.is_empty()
        && claims
            .organization()
            .and_then(|organization| organization.role())
            .is_some_and(|role| bare(role) == asked)
}

/// Only what is asked may leave the prefix out; what the token grants counts as it stands there.
fn has_permission(claims: &Claims, asked: &str) -> bool {
    let asked = bare(asked);
    !asked.is_empty()
        && claims.organization().is_some_and(|organization| {
            organization
                .permissions()
                .iter()
                .any(|granted| granted.strip_prefix("org:") == Some(asked))
        })
}

/// `slug`, or `scope:slug`; what stands behind a second colon does not count.
fn is_entitled(claim: Option<&Entitlements>, asked: &str) -> bool {
    let Some(claim) = claim.filter(|claim| claim.is_well_formed()) else {
        return false;
    };
    let (scope, slug) = match asked.split_once(':') {
        Some((scope, rest)) => {
            let slug = rest.split(':').next().unwrap_or_default();
            (Some(scope), if slug.is_empty() { scope } else { slug })
        }
        None => (None, asked),
    };
    if slug.is_empty() {
        return false;
    }
    match scope {
        Some("o" | "org" | "organization") => claim.of_organization().any(|known| known == slug),
        Some("u" | "user") => claim.of_user().any(|known| known == slug),
        Some(_) => false,
        None => claim
            .of_organization()
            .chain(claim.of_user())
            .any(|known| known == slug),
    }
}

fn has_known_scope(asked: &str) -> bool {
    let scope = asked.split_once(':').map(|(scope, _)| scope);
    matches!(
        scope,
        None | Some("o" | "org" | "organization" | "u" | "user")
    )
}

fn role_found(claims: &Claims) -> String {
    match claims.organization() {
        None => NO_ORGANIZATION.to_owned(),
        Some(organization) => match organization.role() {
            None => "the token names no role".to_owned(),
            Some(role) => format!("the session has {}", Seen::text(role)),
        },
    }
}

fn permission_found(claims: &Claims, asked: &str) -> String {
    if bare(asked).starts_with("sys_") {
        return "Clerk puts no system permission into a token: ask for a role or a custom permission"
            .to_owned();
    }
    match claims.organization() {
        None => NO_ORGANIZATION.to_owned(),
        Some(organization) => match organization.permissions().len() {
            0 => "the session has none; Clerk puts only custom permissions into a token".to_owned(),
            count => format!("it is not among the session's {count}"),
        },
    }
}

fn entitlements_found(claim: Option<&Entitlements>, name: &str, asked: &str) -> String {
    match claim {
        _ if !has_known_scope(asked) => "its scope must be `org` or `user`".to_owned(),
        None => format!("the token has no `{name}`, or a malformed one"),
        Some(claim) if !claim.is_well_formed() => {
            format!("the token's `{name}` has an entry without a scope")
        }
        Some(_) => format!("it is not in the token's `{name}`"),
    }
}

pub(super) const NOTHING: &str = "nothing, which is never met";
const NO_ORGANIZATION: &str = "no organization is active in the session";
