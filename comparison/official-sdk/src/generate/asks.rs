//! What is asked of a session.

use super::dice::Dice;
use crate::case::{Ask, Freshness};

pub(crate) fn asks(dice: &mut Dice) -> Vec<Ask> {
    let count = dice.below(5);
    (0..count).map(|_| ask(dice)).collect()
}

/// For each permission that a place may grant.
pub(crate) fn of_places() -> Vec<Ask> {
    let names = ["create", "read", "delete"].iter();
    let all = names.flat_map(|name| ["invoices", "reports", "beta"].map(|feature| (feature, name)));
    all.map(|(feature, name)| Ask {
        permission: Some(format!("org:{feature}:{name}")),
        ..Ask::default()
    })
    .collect()
}

fn ask(dice: &mut Dice) -> Ask {
    let mut ask = Ask::default();
    let text = |dice: &mut Dice, all: &[&str]| Some(dice.one(all).to_owned());
    // Mostly one thing; what is asked together has to hold together.
    for _ in 0..dice.weighed(&[(75, 1), (15, 2), (8, 3), (2, 0)]) {
        if dice.percent(6) {
            let name = text(dice, &["", "org:"]);
            match dice.between(0, 3) {
                0 => ask.role = name,
                1 => ask.permission = name,
                2 => ask.feature = name,
                _ => ask.plan = name,
            }
            continue;
        }
        match dice.between(0, 4) {
            0 => ask.role = text(dice, &ROLES),
            1 => ask.permission = text(dice, &PERMISSIONS),
            2 => ask.feature = text(dice, &FEATURES),
            3 => ask.plan = text(dice, &PLANS),
            _ => ask.reverification = Some(freshness(dice)),
        }
    }
    ask
}

fn freshness(dice: &mut Dice) -> Freshness {
    if dice.percent(50) {
        return Freshness::Preset(dice.one(&["strict_mfa", "strict", "moderate", "lax"]));
    }
    Freshness::Custom {
        level: dice.one(&["first_factor", "second_factor", "multi_factor"]),
        after_minutes: dice.one(&[0, 1, 9, 10, 11, 60, 1440, u32::MAX]),
    }
}

const ROLES: [&str; 9] = [
    "org:admin",
    "admin",
    "org:org:admin",
    "org:member",
    "member",
    "Admin",
    "",
    "org:",
    "guest",
];
const PERMISSIONS: [&str; 12] = [
    "org:invoices:create",
    "invoices:create",
    "org:org:invoices:create",
    "org:invoices:read",
    "org:reports:manage",
    "org:reports:create",
    "org:reports:read",
    "org:beta:create",
    "org:invoices:a:b",
    "org:sys_memberships:manage",
    "",
    "org:",
];
const FEATURES: [&str; 18] = [
    "invoices",
    "org:invoices",
    "o:invoices",
    "organization:invoices",
    "reports",
    "beta",
    "u:beta",
    "user:beta",
    "ou:beta",
    "x:beta",
    "org",
    "org:",
    "o",
    "o:",
    ":",
    ":invoices",
    "",
    "org:invoices:extra",
];
const PLANS: [&str; 10] = [
    "team",
    "org:team",
    "o:team",
    "pro",
    "u:pro",
    "user:pro",
    "free_user",
    "x:pro",
    "",
    "Team",
];
