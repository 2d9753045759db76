//! Which addresses keys may be fetched from.

use ::url::Url;

/// The address of a path below an API's root.
pub(crate) fn base_url(root: &str, path: &str) -> Result<Url, String> {
    if root.contains(['?', '#']) {
        return Err("a URL with a query or a fragment".to_owned());
    }
    key_url(&format!("{}{path}", root.trim().trim_end_matches('/')))
}

/// An https URL; http only for this machine itself, where nobody can listen in.
pub(crate) fn key_url(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text.trim()).map_err(|error| format!("not a URL ({error})"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a URL with a user name or password in it".to_owned());
    }
    // A fragment is never sent; an answer could not be told to come from here.
    url.set_fragment(None);
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err("an http URL of another machine".to_owned()),
        _ => Err("a URL that is not https".to_owned()),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback()),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_and_http_on_this_machine() {
        for good in [
            "https://clerk.example.com/.well-known/jwks.json",
            "http://127.0.0.1:4000/jwks",
            "http://127.9.9.9/",
            "http://[::1]:80/jwks",
            "http://localhost:3000/jwks",
        ] {
            assert!(key_url(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_root_has_neither_query_nor_fragment() {
        let url = base_url("https://api.example.com/", "/v1/jwks").unwrap();
        assert_eq!(url.as_str(), "https://api.example.com/v1/jwks");
        assert!(base_url("https://api.example.com?x", "/v1/jwks").is_err());
        assert!(base_url("https://api.example.com#x", "/v1/jwks").is_err());
    }

    #[test]
    fn a_fragment_is_dropped() {
        assert_eq!(
            key_url("https://a.example/k#x").unwrap().as_str(),
            "https://a.example/k"
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "clerk.example.com",
            "http://clerk.example.com/jwks",
            "http://localhost.example.com/jwks",
            "http://127.0.0.1.example.com/jwks",
            "http://10.0.0.1/jwks",
            "ftp://127.0.0.1/jwks",
            "file:///etc/jwks.json",
            "https://user:password@clerk.example.com/jwks",
            "https://user@clerk.example.com/jwks",
            "https://:password@clerk.example.com/jwks",
        ] {
            assert!(key_url(bad).is_err(), "{bad}");
        }
    }
}
