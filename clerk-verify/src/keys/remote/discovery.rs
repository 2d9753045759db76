//! The OpenID configuration of an issuer, which says where its keys are (OpenID Connect Discovery 1.0 §4).

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Deserialize;
use url::Url;

use super::{FetchFailure, key_url};

/// The path at which an issuer publishes it.
pub(crate) const PATH: &str = "/.well-known/openid-configuration";

/// How long an address is taken from a configuration before it is read again.
const TTL: Duration = Duration::from_secs(60 * 60);

/// How soon it is read again where keys could not be had, or the configuration could not be read: keys may have moved.
const RETRY: Duration = Duration::from_secs(60);

/// The address that was found last. It stays in use where the configuration can't be read.
#[derive(Debug, Default)]
pub(super) struct Discovered(Mutex<Option<Known>>);

#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) url: Url,
    read_at: Duration,
    until: Duration,
}

impl Known {
    pub(super) fn is_fresh(&self, now: Duration) -> bool {
        now < self.until
    }
}

impl Discovered {
    pub(super) fn known(&self) -> Option<Known> {
        self.lock().clone()
    }

    pub(super) fn found(&self, url: Url, now: Duration) {
        *self.lock() = Some(Known {
            url,
            read_at: now,
            until: now.saturating_add(TTL),
        });
    }

    /// Keys could not be had from there.
    pub(super) fn doubt(&self) {
        if let Some(known) = &mut *self.lock() {
            known.until = known.until.min(known.read_at.saturating_add(RETRY));
        }
    }

    /// The configuration could not be read again.
    pub(super) fn not_read(&self, now: Duration) {
        if let Some(known) = &mut *self.lock() {
            known.read_at = now;
            known.until = now.saturating_add(RETRY);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address of the keys, if the document is that of one of these issuers.
pub(super) fn keys_url(
    document: &str,
    from: &Url,
    issuers: &[String],
) -> Result<Url, FetchFailure> {
    #[derive(Deserialize)]
    struct Document {
        issuer: String,
        jwks_uri: String,
    }
    let found: Document = serde_json::from_str(document).map_err(|_| {
        problem("it is not a JSON object with the texts `issuer` and `jwks_uri`".to_owned())
    })?;
    if !issuers.contains(&found.issuer) {
        let with_slash = found.issuer.strip_suffix('/');
        let text = if issuers.iter().any(|issuer| Some(&**issuer) == with_slash) {
            "its `issuer` has a slash at the end that the configured one has not"
        } else {
            "its `issuer` is not the one that is configured"
        };
        return Err(problem(text.to_owned()));
    }
    let url =
        key_url(&found.jwks_uri).map_err(|why| problem(format!("its `jwks_uri` is {why}")))?;
    // What the network says must not turn the fetch to this machine's own services.
    if url.scheme() == "http" && from.scheme() != "http" {
        return Err(problem(
            "its `jwks_uri` is an http URL of this machine".to_owned(),
        ));
    }
    Ok(url)
}

fn problem(text: String) -> FetchFailure {
    FetchFailure::Discovery(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(document: &str, from: &str) -> Result<String, String> {
        let issuers = ["https://clerk.example.com".to_owned()];
        keys_url(document, &Url::parse(from).unwrap(), &issuers)
            .map(String::from)
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn an_address_is_good_for_an_hour_and_in_doubt_for_a_minute() {
        let seconds = Duration::from_secs;
        let ends_at = |discovered: &Discovered, end: u64| {
            let known = discovered.known().unwrap();
            assert!(known.is_fresh(seconds(end - 1)), "before {end}");
            assert!(!known.is_fresh(seconds(end)), "at {end}");
        };
        let discovered = Discovered::default();
        discovered.found(Url::parse(FROM).unwrap(), seconds(1_000));
        ends_at(&discovered, 4_600);
        discovered.doubt();
        ends_at(&discovered, 1_060);
        discovered.not_read(seconds(2_000));
        ends_at(&discovered, 2_060);
    }

    const FROM: &str = "https://clerk.example.com/.well-known/openid-configuration";

    #[test]
    fn the_issuer_must_be_the_configured_one() {
        let document = |issuer: &str| {
            format!(r#"{{"issuer":"{issuer}","jwks_uri":"https://keys.example.com/jwks","x":1}}"#)
        };
        assert_eq!(
            read(&document("https://clerk.example.com"), FROM).unwrap(),
            "https://keys.example.com/jwks"
        );
        for other in [
            "https://evil.example",
            "https://clerk.example.com/",
            "",
            "HTTPS://clerk.example.com",
        ] {
            assert!(read(&document(other), FROM).unwrap_err().contains("issuer"));
        }
    }

    #[test]
    fn the_key_url_keeps_to_the_rules_of_any_key_url() {
        for bad in [
            "http://keys.example.com/jwks",
            "http://127.0.0.1/jwks",
            "file:///etc/passwd",
            "/jwks",
            "https://user:secret@keys.example.com/",
        ] {
            let document =
                format!(r#"{{"issuer":"https://clerk.example.com","jwks_uri":"{bad}"}}"#);
            assert!(read(&document, FROM).is_err(), "{bad}");
        }
        let document =
            r#"{"issuer":"https://clerk.example.com","jwks_uri":"http://127.0.0.1:80/jwks"}"#;
        assert!(
            read(
                document,
                "http://127.0.0.1/.well-known/openid-configuration"
            )
            .is_ok()
        );
    }

    #[test]
    fn anything_else_is_no_configuration() {
        for bad in [
            "",
            "[]",
            "{}",
            "null",
            r#"{"issuer":1,"jwks_uri":2}"#,
            "<html>",
        ] {
            assert!(read(bad, FROM).is_err(), "{bad}");
        }
    }
}
