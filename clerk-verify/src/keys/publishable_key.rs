//! Clerk's publishable key: which instance a frontend talks to.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// The host of the Frontend API that a publishable key names (`clerk.example.com`), or what is wrong.
///
/// `pk_live_` or `pk_test_`, then base64 (padding optional) of `<host>$`.
pub(crate) fn frontend_api(key: &str) -> Result<String, &'static str> {
    const BASE64: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    if key.starts_with("sk_") {
        return Err("a secret key");
    }
    let encoded = ["pk_live_", "pk_test_"]
        .iter()
        .find_map(|prefix| key.strip_prefix(prefix))
        .ok_or("text that does not begin with `pk_live_` or `pk_test_`")?;
    let decoded = BASE64
        .decode(encoded)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or("text whose last part is not base64")?;
    let host = decoded
        .strip_suffix('$')
        .filter(|host| !host.contains('$'))
        .ok_or("text that does not hold a host followed by one `$`")?;
    if is_host(host) {
        Ok(host.to_owned())
    } else {
        Err("text that holds no host name with a dot in it")
    }
}

/// A DNS name with a dot in it. Anything else (a path, a port, user information, an address of another
/// kind) could make the key URL point somewhere else than it seems to.
fn is_host(host: &str) -> bool {
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

    #[test]
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
