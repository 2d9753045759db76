//! What the packed permissions of the second version grant, read from the rules as this library documents them, and from nobody's
//! code: the differences in permissions are deliberate, but what this library grants has to be this.

use serde_json::Value;

use crate::{
    answer::Answer,
    case::Case,
    json::{Json, LONE_SURROGATE},
    pick::Picks,
    reading::Reading,
};

/// What is wrong where this library grants another list than the documented one, or says yes to a permission that is not in it.
pub(crate) fn granted_without(case: &Case, picks: &Picks, ours: &Answer) -> Option<String> {
    let Answer::In(ours) = ours else { return None };
    let token = case.token.as_deref().or_else(|| picks.ours.token())?;
    let granted = permissions(&Reading::of(token)?)?;
    let fields = ours.fields.as_ref()?;
    let shown: Vec<&str> = match &fields.org_permissions {
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if shown != granted {
        return Some(format!(
            "the rules grant {granted:?}, this library {shown:?}"
        ));
    }
    let is_granted = |name: &str| {
        let name = name.trim_start_matches("org:");
        granted.contains(&format!("org:{name}"))
    };
    let asked = case.asks.iter().zip(&ours.has).filter(|(_, has)| **has);
    let mut permissions = asked.filter_map(|(ask, _)| ask.permission.as_deref());
    let name = permissions.find(|name| !is_granted(name))?;
    Some(format!(
        "`{name}` is not granted, and this library says that it is"
    ))
}

/// `None` where the token is not of the second version.
fn permissions(token: &Reading) -> Option<Vec<String>> {
    if token.claim("v").and_then(Json::number) != Some(2.0) {
        return None;
    }
    Some(packed(token).unwrap_or_default())
}

fn packed(token: &Reading) -> Option<Vec<String>> {
    let text = |json: Option<&Json>| -> Option<String> {
        let text = json?.text()?;
        (!text.is_empty() && !text.contains(LONE_SURROGATE)).then(|| text.to_owned())
    };
    let o = token
        .claim("o")
        .filter(|o| o.is_object() && o.repeated().is_empty())?;
    text(o.get("id"))?;
    let (features, names, masks) = (
        text(token.claim("fea"))?,
        text(o.get("per"))?,
        text(o.get("fpm"))?,
    );
    let list = |text: &str| -> Vec<String> {
        let parts = text.split(',').map(str::trim_ascii);
        parts.map(str::to_owned).collect()
    };
    let (features, names, masks) = (list(&features), list(&names), list(&masks));
    let own = |feature: &&String| {
        let scope = feature.split_once(':').map(|(scope, _)| scope);
        matches!(scope, Some("o" | "ou" | "uo"))
    };
    let of_organization: Vec<String> = features.iter().filter(own).cloned().collect();
    let by_all = granted(&features, &names, &masks);
    let by_own = granted(&of_organization, &names, &masks);
    Some(match masks.len() {
        count if count == features.len() => by_all,
        count if count == of_organization.len() => by_own,
        _ => by_all
            .into_iter()
            .filter(|permission| by_own.contains(permission))
            .collect(),
    })
}

/// A mask for each feature, by place; those of the organization's features count.
fn granted(features: &[String], names: &[String], masks: &[String]) -> Vec<String> {
    let mut granted = Vec::new();
    for (feature, mask) in features.iter().zip(masks) {
        let Some(("o" | "ou" | "uo", slug)) = feature.split_once(':') else {
            continue;
        };
        let bits = bits(mask);
        for (place, name) in names.iter().enumerate() {
            let is_set = bits.get(place).copied().unwrap_or_default();
            if is_set && !name.is_empty() && !slug.is_empty() {
                granted.push(format!("org:{slug}:{name}"));
            }
        }
    }
    granted
}

/// The bits of a decimal number, the lowest first; none of anything else.
fn bits(mask: &str) -> Vec<bool> {
    let mut bits: Vec<bool> = Vec::new();
    for digit in mask.chars() {
        let Some(digit) = digit.to_digit(10) else {
            return Vec::new();
        };
        // Ten times as much and the digit, bit by bit.
        let mut carry = digit;
        for bit in &mut bits {
            let sum = u32::from(*bit) * 10 + carry;
            *bit = sum % 2 == 1;
            carry = sum / 2;
        }
        while carry > 0 {
            bits.push(carry % 2 == 1);
            carry /= 2;
        }
    }
    bits
}
