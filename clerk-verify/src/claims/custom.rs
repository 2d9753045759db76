//! Claims that this crate gives no type.

use std::{error::Error, fmt};

use serde::{
    Deserializer as _,
    de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;

/// The payload does not have the shape of the type it was asked for in.
///
/// That is no fault of the caller's: the type and the session token's customization (in the Clerk
/// dashboard, Sessions) do not agree.
///
/// ```
/// use clerk_verify::testing::TestIssuer;
///
/// #[derive(Debug, serde::Deserialize)]
/// struct Mine {
///     #[allow(dead_code)]
///     plan: String,
/// }
///
/// let session = TestIssuer::new().token().session().unwrap();
/// let error = session.custom_claims::<Mine>().unwrap_err();
/// assert!(error.to_string().contains("missing field `plan`"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClaimsError {
    problem: String,
}

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the session token's claims do not fit the type they are read into: {}; compare the type with \
             the session token's customization in the Clerk dashboard",
            self.problem
        )
    }
}

impl Error for ClaimsError {}

impl From<serde_json::Error> for ClaimsError {
    /// Keeps what the type expected, and drops the value that was found: it is the user's.
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        let begins = |starts: &[&str]| starts.iter().any(|start| text.starts_with(start));
        let problem = if begins(&["missing field", "duplicate field"]) {
            text
        } else if !begins(&[
            "invalid type",
            "invalid value",
            "invalid length",
            "unknown variant",
            "unknown field",
        ]) {
            // The type's own words, and nobody knows what they quote.
            let (line, column) = (error.line(), error.column());
            format!("a value that the type refuses, at line {line} column {column}")
        } else {
            let kind = text.split([':', '`']).next().unwrap_or_default().trim_end();
            let expected = text
                .rsplit_once(", expected ")
                .map_or("another", |(_, rest)| rest);
            format!("{kind}, expected {expected}")
        };
        Self { problem }
    }
}

pub(super) fn read<T: DeserializeOwned>(payload: &str) -> Result<T, ClaimsError> {
    serde_json::from_str(payload).map_err(ClaimsError::from)
}

/// The last member of that name, as JSON parsers commonly have it.
pub(super) fn get(payload: &str, name: &str) -> Option<Value> {
    struct Find<'n>(&'n str);

    impl<'de> Visitor<'de> for Find<'_> {
        type Value = Option<Value>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<String>()? {
                if key == self.0 {
                    found = Some(map.next_value()?);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }

    serde_json::Deserializer::from_str(payload)
        .deserialize_map(Find(name))
        .ok()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code)]
    struct Mine {
        pin: u32,
        #[serde(default)]
        kind: Kind,
    }

    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        #[default]
        Gold,
    }

    #[test]
    fn the_words_of_a_type_of_yours_are_not_repeated() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(try_from = "String")]
        struct Plan;

        impl TryFrom<String> for Plan {
            type Error = String;

            fn try_from(name: String) -> Result<Self, String> {
                Err(format!("unknown plan {name}"))
            }
        }

        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct Mine {
            plan: Plan,
        }

        let error = read::<Mine>(r#"{"plan":"SECRET"}"#)
            .unwrap_err()
            .to_string();
        assert!(!error.contains("SECRET"), "{error}");
        assert!(
            error.contains("a value that the type refuses, at line 1 column "),
            "{error}"
        );
    }

    #[test]
    fn a_message_names_what_was_expected_and_no_value() {
        for payload in [
            r#"{"pin":"1234, expected SECRET"}"#,
            r#"{"pin":-1234}"#,
            r#"{"pin":1,"kind":"SECRET"}"#,
            r#"{"pin":1,"kind":"`SECRET`: x"}"#,
        ] {
            let error = read::<Mine>(payload).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(
                shown.contains("expected") && !shown.contains("SECRET") && !shown.contains("1234"),
                "{shown}"
            );
        }
        assert!(
            read::<Mine>("{}")
                .unwrap_err()
                .to_string()
                .contains("missing field `pin`")
        );
    }
}
