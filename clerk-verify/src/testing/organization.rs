//! An active organization, as tokens of both versions have it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

#[derive(Clone)]
pub(super) struct Organization {
    pub(super) id: String,
    pub(super) role: String,
    pub(super) slug: Option<String>,
    pub(super) permissions: Vec<String>,
}

impl Default for Organization {
    fn default() -> Self {
        Self {
            id: "org_test".to_owned(),
            role: "member".to_owned(),
            slug: None,
            permissions: Vec::new(),
        }
    }
}

impl Organization {
    pub(super) fn claims_v1(&self, claims: &mut Map<String, Value>) {
        claims.insert("org_id".to_owned(), self.id.clone().into());
        if !self.role.is_empty() {
            claims.insert("org_role".to_owned(), format!("org:{}", self.role).into());
        }
        claims.insert(
            "org_permissions".to_owned(),
            self.permissions.clone().into(),
        );
        if let Some(slug) = &self.slug {
            claims.insert("org_slug".to_owned(), slug.clone().into());
        }
    }

    /// Packs the permissions as Clerk does: one mask for each entry of `fea`, bit `j` for the `j`-th permission.
    /// `scoped` are entries that are there for themselves.
    pub(super) fn claims_v2(&self, scoped: &[String], claims: &mut Map<String, Value>) {
        let mut features: Vec<(String, BTreeSet<usize>)> = scoped
            .iter()
            .map(|entry| (entry.clone(), BTreeSet::new()))
            .collect();
        let mut names: Vec<&str> = Vec::new();
        for permission in &self.permissions {
            let key = permission.strip_prefix("org:").unwrap_or(permission);
            let (feature, name) = key.split_once(':').unwrap_or((key, ""));
            let bit = names
                .iter()
                .position(|known| *known == name)
                .unwrap_or_else(|| {
                    names.push(name);
                    names.len() - 1
                });
            let is_it = |entry: &str| {
                ["o:", "ou:", "uo:"]
                    .iter()
                    .any(|scope| entry.strip_prefix(scope) == Some(feature))
            };
            match features.iter_mut().find(|(entry, _)| is_it(entry)) {
                Some((_, bits)) => {
                    bits.insert(bit);
                }
                None => features.push((format!("o:{feature}"), BTreeSet::from([bit]))),
            }
        }
        let mut o = Map::new();
        o.insert("id".to_owned(), self.id.clone().into());
        if !self.role.is_empty() {
            o.insert("rol".to_owned(), self.role.clone().into());
        }
        if let Some(slug) = &self.slug {
            o.insert("slg".to_owned(), slug.clone().into());
        }
        if !self.permissions.is_empty() {
            let (entries, masks): (Vec<String>, Vec<String>) = features
                .into_iter()
                .map(|(entry, bits)| (entry, mask(&bits)))
                .unzip();
            claims.insert("fea".to_owned(), entries.join(",").into());
            o.insert("per".to_owned(), names.join(",").into());
            o.insert("fpm".to_owned(), masks.join(",").into());
        }
        claims.insert("o".to_owned(), o.into());
    }
}

/// The decimal number, of any length, that has these bits.
fn mask(bits: &BTreeSet<usize>) -> String {
    // The lowest digit first.
    let mut digits = vec![0_u8];
    for bit in (0..=bits.last().copied().unwrap_or_default()).rev() {
        let mut carry = u8::from(bits.contains(&bit));
        for digit in &mut digits {
            let value = *digit * 2 + carry;
            *digit = value % 10;
            carry = value / 10;
        }
        if carry > 0 {
            digits.push(carry);
        }
    }
    digits
        .iter()
        .rev()
        .map(|digit| char::from(b'0' + digit))
        .collect()
}
