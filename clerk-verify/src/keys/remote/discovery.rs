//! The OpenID configuration of an issuer, which says where its keys are (OpenID Connect Discovery 1.0 §4).

use serde::Deserialize;
use url::Url;

use super::{FetchFailure, key_url};

/// The path at which an issuer publishes it.
pub(crate) const PATH: &str = "/.well-known/openid-configuration";

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
