//! What a session may do: role, permission, feature, plan and the age of the sign-in.

use super::json::Json;

/// One thing that is asked.
#[derive(Clone, Debug)]
pub enum Ask {
    Role(String),
    Permission(String),
    Feature(String),
    Plan(String),
    /// Which factor, and the age in minutes at which it is no longer fresh.
    Fresh(Factor, u32),
}

#[derive(Clone, Copy, Debug)]
pub enum Factor {
    First,
    Second,
    Both,
}

/// Whether the claims grant what is asked.
#[must_use]
pub fn has(claims: &Json, ask: &Ask) -> bool {
    match ask {
        Ask::Role(role) => organization(claims).is_some_and(|organization| {
            let held = organization.role.as_deref().unwrap_or_default();
            !held.is_empty() && with_prefix(held) == with_prefix(role)
        }),
        Ask::Permission(permission) => organization(claims).is_some_and(|organization| {
            organization.permissions.contains(&with_prefix(permission))
        }),
        Ask::Feature(feature) => entitled(claims.get("fea"), feature),
        Ask::Plan(plan) => entitled(claims.get("pla"), plan),
        Ask::Fresh(factor, minutes) => is_fresh(claims.get("fva"), *factor, *minutes),
    }
}

/// `admin`, `org:admin` and `org:org:admin` are one.
fn with_prefix(name: &str) -> String {
    let mut bare = name;
    while let Some(rest) = bare.strip_prefix("org:") {
        bare = rest;
    }
    format!("org:{bare}")
}

struct Organization {
    role: Option<String>,
    permissions: Vec<String>,
}

fn organization(claims: &Json) -> Option<Organization> {
    let text = |value: Option<&Json>| value.and_then(Json::text).map(str::to_owned);
    let is_version_2 = claims.get("v").and_then(Json::number) == Some(2.0);
    if !is_version_2 {
        text(claims.get("org_id")).filter(|id| !id.is_empty())?;
        let permissions = match claims.get("org_permissions") {
            Some(Json::List(all)) => all.iter().filter_map(|one| text(Some(one))).collect(),
            _ => Vec::new(),
        };
        return Some(Organization {
            role: text(claims.get("org_role")),
            permissions,
        });
    }
    let organization = claims.get("o")?;
    text(organization.get("id")).filter(|id| !id.is_empty())?;
    let role = text(organization.get("rol")).filter(|role| !role.is_empty());
    let list = |value: Option<&Json>| list(value.and_then(Json::text).unwrap_or_default());
    Some(Organization {
        role: role.map(|role| format!("org:{role}")),
        permissions: permissions(
            &list(claims.get("fea")),
            &list(organization.get("per")),
            &list(organization.get("fpm")),
        ),
    })
}

fn list(text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    text.split(',')
        .map(|entry| entry.trim().to_owned())
        .collect()
}

/// As many masks as features: by position among all. As many as features of the organization: by position among
/// those. Otherwise only what both readings grant.
fn permissions(features: &[String], names: &[String], masks: &[String]) -> Vec<String> {
    let all: Vec<Option<&str>> = features
        .iter()
        .map(|entry| {
            let (scope, slug) = entry.split_once(':')?;
            ["o", "ou", "uo"].contains(&scope).then_some(slug)
        })
        .collect();
    let of_organization: Vec<Option<&str>> =
        all.iter().filter(|slug| slug.is_some()).copied().collect();
    let by_position = |slugs: &[Option<&str>]| {
        let mut granted = Vec::new();
        for (slug, mask) in slugs.iter().zip(masks) {
            let Some(slug) = slug else { continue };
            for (name, is_set) in names.iter().zip(bits(mask)) {
                if is_set {
                    granted.push(format!("org:{slug}:{name}"));
                }
            }
        }
        granted
    };
    if masks.len() == all.len() {
        return by_position(&all);
    }
    if masks.len() == of_organization.len() {
        return by_position(&of_organization);
    }
    let both = by_position(&of_organization);
    let mut granted = by_position(&all);
    granted.retain(|permission| both.contains(permission));
    granted
}

/// The bits of a decimal number of any length, the lowest first; none of anything else.
fn bits(mask: &str) -> Vec<bool> {
    if mask.is_empty() || !mask.bytes().all(|digit| digit.is_ascii_digit()) {
        return Vec::new();
    }
    let mut digits: Vec<u8> = mask.bytes().map(|digit| digit - b'0').collect();
    let mut bits = Vec::new();
    while digits.iter().any(|digit| *digit != 0) {
        let mut rest = 0;
        for digit in &mut digits {
            let value = rest * 10 + *digit;
            *digit = value / 2;
            rest = value % 2;
        }
        bits.push(rest == 1);
    }
    bits
}

/// Features and plans.
fn entitled(claim: Option<&Json>, asked: &str) -> bool {
    let entries = list(claim.and_then(Json::text).unwrap_or_default());
    if entries.is_empty() || entries.iter().any(|entry| !entry.contains(':')) {
        return false;
    }
    let mut parts = asked.split(':');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    let (scopes, slug): (&[&str], _) = match (first, second) {
        (slug, None) => (&["o", "u", "ou", "uo"], slug),
        ("o" | "org" | "organization", Some(second)) => (&["o", "ou", "uo"], second),
        ("u" | "user", Some(second)) => (&["u", "ou", "uo"], second),
        _ => return false,
    };
    let slug = if slug.is_empty() { first } else { slug };
    let grants = |entry: &String| {
        let (scope, held) = entry.split_once(':').unwrap_or_default();
        scopes.contains(&scope) && held == slug
    };
    entries.iter().any(grants)
}

fn is_fresh(claim: Option<&Json>, factor: Factor, minutes: u32) -> bool {
    let Some(Json::List(ages)) = claim else {
        return false;
    };
    let [first, second] = &ages[..] else {
        return false;
    };
    let age = |value: &Json| {
        let age = value.number()?;
        (age.is_finite() && (age == -1.0 || age >= 0.0)).then_some(age)
    };
    let (Some(first), Some(second)) = (age(first), age(second)) else {
        return false;
    };
    let never = -1.0;
    let fresh = |age: f64| age != never && f64::from(minutes) > age;
    if minutes == 0 || (first == never && second == never) {
        return false;
    }
    match factor {
        Factor::First => fresh(first),
        Factor::Second | Factor::Both if second == never => fresh(first),
        Factor::Second => fresh(second),
        Factor::Both => fresh(first) && fresh(second),
    }
}
