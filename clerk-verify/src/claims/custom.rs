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
#[derive(Debug)]
pub struct ClaimsError(serde_json::Error);

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the session token's claims do not fit the type they are read into: {}; compare the type with \
             the session token's customization in the Clerk dashboard",
            self.0
        )
    }
}

impl Error for ClaimsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

pub(super) fn read<T: DeserializeOwned>(payload: &str) -> Result<T, ClaimsError> {
    serde_json::from_str(payload).map_err(ClaimsError)
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
