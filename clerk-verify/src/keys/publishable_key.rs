//! Clerk's publishable key: which instance a frontend talks to.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::{
    Engine as _, alphabet,
    engine::{
        DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE_NO_PAD,
    },
};

/// What a publishable key says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PublishableKey {
    /// The host of the Frontend API, such as `clerk.example.com`.
    pub(crate) frontend_api: String,
    pub(crate) instance_type: InstanceType,
    /// What the instance's cookies have at the end of their names, after an underscore.
    pub(crate) cookie_suffix: String,
}

/// What a Clerk instance is for.
///
/// ```
/// use clerk_verify::{InstanceType, Verifier};
///
/// let verifier = Verifier::builder().publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA").build().unwrap();
/// assert_eq!(verifier.instance_type(), Some(InstanceType::Production));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum InstanceType {
    /// Of `pk_live_…`.
    Production,
    /// Of `pk_test_…`: anyone may sign up to it, and its users are no real ones.
    Development,
}

impl InstanceType {
    /// Clerk's name for it.
    ///
    /// ```
    /// assert_eq!(clerk_verify::InstanceType::Development.as_str(), "development");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Development => "development",
        }
    }
}

impl PublishableKey {
    /// Reads `pk_live_` or `pk_test_`, then base64 (padding optional) of `<host>$`; or says what is wrong.
    pub(crate) fn parse(key: &str) -> Result<Self, &'static str> {
        const BASE64: GeneralPurpose = GeneralPurpose::new(
            &alphabet::STANDARD,
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
        );
        if key.starts_with("sk_") {
            return Err("a secret key");
        }
        if key.starts_with(['"', '\'']) {
            return Err("text in quotes");
        }
        let (instance_type, encoded) =
            match (key.strip_prefix("pk_live_"), key.strip_prefix("pk_test_")) {
                (Some(encoded), _) => (InstanceType::Production, encoded),
                (_, Some(encoded)) => (InstanceType::Development, encoded),
                _ => return Err("text that does not begin with `pk_live_` or `pk_test_`"),
            };
        let decoded = BASE64
            .decode(encoded)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or("text whose last part is not base64")?;
        let host = decoded
            .strip_suffix('$')
            .filter(|host| !host.contains('$'))
            .ok_or("text that does not hold a host followed by one `$`")?;
        if !is_host(host) {
            return Err("text that holds no host name with a dot in it");
        }
        Ok(Self {
            frontend_api: host.to_owned(),
            instance_type,
            cookie_suffix: cookie_suffix(key),
        })
    }
}

/// The first 8 characters of the url-safe base64 of the SHA-1 of the key, exactly as it was given. SHA-1 only makes
/// a name here; nothing rests on it.
fn cookie_suffix(key: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    let mut suffix = URL_SAFE_NO_PAD.encode(hash);
    suffix.truncate(8);
    suffix
}

/// A DNS name with a dot in it. Anything else (a path, a port, user information, an address of another
/// kind) could make the key URL point somewhere else than it seems to.
pub(crate) fn is_host(host: &str) -> bool {
    host.contains('.')
        && host.len() <= 253
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frontend_api(key: &str) -> Result<String, &'static str> {
        PublishableKey::parse(key).map(|key| key.frontend_api)
    }

    #[test]
    #[cfg_attr(miri, ignore = "SHA-1 is C")]
    fn the_host_stands_before_the_dollar_sign() {
        for key in [
            "pk_live_Y2xlcmsuY2xlcmsuZGV2JA",
            "pk_live_Y2xlcmsuY2xlcmsuZGV2JA==",
            "pk_test_Y2xlcmsuY2xlcmsuZGV2JA",
        ] {
            assert_eq!(frontend_api(key).as_deref(), Ok("clerk.clerk.dev"), "{key}");
        }
        assert_eq!(
            frontend_api("pk_live_ZmFrZS1jbGVyay10ZXN0LmNsZXJrLmFjY291bnRzLmRldiQ=").as_deref(),
            Ok("fake-clerk-test.clerk.accounts.dev")
        );
    }

    #[test]
    #[cfg_attr(miri, ignore = "SHA-1 is C")]
    fn the_prefix_names_the_type_of_the_instance() {
        let instance_type = |key| PublishableKey::parse(key).map(|key| key.instance_type);
        assert_eq!(
            instance_type("pk_live_Y2xlcmsuY2xlcmsuZGV2JA"),
            Ok(InstanceType::Production)
        );
        assert_eq!(
            instance_type("pk_test_Y2xlcmsuY2xlcmsuZGV2JA"),
            Ok(InstanceType::Development)
        );
    }

    #[test]
    #[cfg_attr(miri, ignore = "SHA-1 is C")]
    fn the_cookie_suffix_is_a_hash_of_the_key_exactly_as_it_was_given() {
        for (key, suffix) in [
            ("pk_live_Y2xlcmsuY2xlcmsuZGV2JA", "1Z8AzTQD"),
            ("pk_test_Y2xlcmsuY2xlcmsuZGV2JA", "QvfNY2dr"),
            (
                "pk_live_ZmFrZS1jbGVyay10ZXN0LmNsZXJrLmFjY291bnRzLmRldiQ=",
                "qReyu04C",
            ),
            (
                "pk_live_ZmFrZS1jbGVyay10ZXN0LmNsZXJrLmFjY291bnRzLmRldiQ",
                "GptbXqnu",
            ),
            (
                "pk_test_ZW5vdWdoLWFscGFjYS04Mi5jbGVyay5hY2NvdW50cy5sY2xjbGVyay5jb20k",
                "jtYvyt_H",
            ),
            (
                "pk_test_eHh4eHh4LXhhYWFhYS1hYS5jbGVyay5hY2NvdW50cy5sY2xjbGVyay5jb20k",
                "tZJdb-5s",
            ),
        ] {
            let parsed = PublishableKey::parse(key).map(|key| key.cookie_suffix);
            assert_eq!(parsed.as_deref(), Ok(suffix), "{key}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let key = |text: &str| {
            format!(
                "pk_live_{}",
                base64::engine::general_purpose::STANDARD.encode(text)
            )
        };
        for text in [
            "clerk.clerk.dev",
            "clerk.clerk.dev$extra",
            "clerk.clerk.dev$$",
            "$",
            "localhost$",
            "a.b/c$",
            "u@a.b$",
            "a.b:1$",
            "a..b$",
        ] {
            assert!(frontend_api(&key(text)).is_err(), "{text}");
        }
        for bad in [
            "",
            "pk_",
            "pk_live_",
            "pk_live_***",
            "pk_dev_Y2xlcmsuY2xlcmsuZGV2JA",
            "sk_live_abc",
            "PK_LIVE_Y2xlcmsuY2xlcmsuZGV2JA",
        ] {
            assert!(frontend_api(bad).is_err(), "{bad}");
        }
    }
}
