//! What may stand in a token or a request and means nothing there.

use proptest::{collection::vec, prelude::*};
use serde_json::Value;

/// Any JSON value, a few levels deep.
pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let members = vec(("\\PC{0,6}", inner.clone()), 0..4);
        prop_oneof![
            vec(inner, 0..4).prop_map(Value::from),
            members.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// White space of JSON (RFC 8259 §2).
pub(crate) fn json_space() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,3}"
}

/// The items in the order of the keys, with those of one name in the order that they had.
pub(crate) fn reordered<T: Clone, N: Ord>(
    items: &[T],
    keys: &[u16],
    name: impl Fn(&T) -> N,
) -> Vec<T> {
    let mut places: Vec<usize> = (0..items.len()).collect();
    places.sort_by_key(|place| keys[place % keys.len()].wrapping_mul(1 + *place as u16));
    let mut result = Vec::new();
    for place in &places {
        // As the n-th of its name it gives its place to the n-th of its name in the old order.
        let is_same = |other: &&usize| name(&items[**other]) == name(&items[*place]);
        let before = places
            .iter()
            .take_while(|other| *other != place)
            .filter(is_same)
            .count();
        let mut same = (0..items.len()).filter(|other| is_same(&other));
        result.push(items[same.nth(before).unwrap()].clone());
    }
    result
}

/// What [`reordered`] orders by.
pub(crate) fn order() -> impl Strategy<Value = Vec<u16>> {
    vec(any::<u16>(), 8)
}

/// The same value with the members of all its objects the other way round.
pub(crate) fn reversed(json: &str) -> String {
    fn write(value: &Value) -> String {
        match value {
            Value::Object(members) => {
                let members = members.iter().rev();
                let written: Vec<String> = members
                    .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), write(value)))
                    .collect();
                format!("{{{}}}", written.join(","))
            }
            Value::Array(entries) => {
                let entries: Vec<String> = entries.iter().map(write).collect();
                format!("[{}]", entries.join(","))
            }
            other => other.to_string(),
        }
    }
    if !json.starts_with(['{', '[']) {
        return json.to_owned();
    }
    write(&serde_json::from_str(json).expect("drafts hold JSON"))
}
