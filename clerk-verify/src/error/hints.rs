//! What most likely went wrong, told from what was found.

/// Why an `azp` is none of the authorized parties. It is not given where it is too long to be an origin.
pub(super) fn authorized_party(
    is_string: bool,
    azp: Option<&str>,
    authorized: &[String],
) -> &'static str {
    if !is_string {
        return "it must be a string";
    }
    let near = |azp| authorized.iter().find_map(|party| near_miss(azp, party));
    azp.and_then(near).unwrap_or(
        "scheme, host and port must agree to the letter, with no slash at the end; add the origin, if this is a \
         frontend of yours",
    )
}

fn near_miss(azp: &str, party: &str) -> Option<&'static str> {
    if party.trim() == azp {
        return Some("the configured one has a space around it");
    }
    if party.split([',', ';', ' ']).any(|part| part == azp) {
        return Some(
            "the configured one is a list in one text; give each origin as an entry of its own",
        );
    }
    if party.contains('*') {
        return Some("there are no wildcards; name each origin");
    }
    if party.trim_end_matches('/') == azp {
        return Some("the configured one ends with a slash, and an origin does not");
    }
    if party
        .strip_prefix(azp)
        .is_some_and(|rest| rest.starts_with('/'))
    {
        return Some("the configured one has a path, and an origin does not");
    }
    if party.eq_ignore_ascii_case(azp) {
        return Some("upper and lower case differ");
    }
    if !party.contains("://") && azp.ends_with(&format!("://{party}")) {
        return Some("the configured one has no scheme; write the origin as the token has it");
    }
    let (ours, theirs) = (Origin::parse(party)?, Origin::parse(azp)?);
    let same_host = ours.host == theirs.host;
    if same_host && ours.scheme == theirs.scheme {
        return Some(
            "note the port; an origin names it where it is not the scheme's own (443 for https, 80 for http)",
        );
    }
    if same_host && ours.port == theirs.port {
        return Some("note the scheme: http and https are two origins");
    }
    if ours.host.strip_prefix("www.") == Some(theirs.host)
        || theirs.host.strip_prefix("www.") == Some(ours.host)
    {
        return Some("note the `www.`: with and without it are two origins");
    }
    let is_this_machine = |host: &str| matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    if is_this_machine(ours.host) && is_this_machine(theirs.host) {
        return Some("note the host: localhost and 127.0.0.1 are two origins");
    }
    None
}

struct Origin<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<&'a str>,
}

impl<'a> Origin<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port))
                if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                (host, Some(port))
            }
            _ => (rest, None),
        };
        Some(Self { scheme, host, port })
    }
}

/// What stands around a token that is no base64url, where it can be told.
pub(crate) fn around(token: &str) -> Option<&'static str> {
    let scheme = token.split_once([' ', '\t']).map(|(scheme, _)| scheme);
    if scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer")) {
        return Some("it begins with `Bearer `; pass what stands behind that, without white space");
    }
    if token.trim() != token {
        return Some("there is white space around it");
    }
    if token.starts_with(['"', '\'']) {
        return Some("it stands in quotes");
    }
    None
}

/// What was sent in place of a JWT, where it can be told.
pub(crate) fn no_jwt(token: &str) -> Option<&'static str> {
    const PREFIXES: [(&str, &str); 12] = [
        ("ak_", "an API key"),
        ("oat_", "an opaque OAuth access token"),
        ("mt_", "an opaque machine token"),
        ("m2m_", "an opaque machine token"),
        ("mch_", "the id of a machine"),
        (
            "sk_live_",
            "a secret key, which must never leave the server: roll it in the Clerk dashboard",
        ),
        (
            "sk_test_",
            "a secret key, which must never leave the server: roll it in the Clerk dashboard",
        ),
        ("pk_live_", "a publishable key"),
        ("pk_test_", "a publishable key"),
        ("sess_", "the id of a session"),
        ("user_", "the id of a user"),
        ("dvb_", "the token of a development browser"),
    ];
    const WORDS: [(&str, &str); 3] = [
        ("", "an empty text"),
        (
            "undefined",
            "the word `undefined`: the client sent it before it had a token",
        ),
        (
            "null",
            "the word `null`: the client sent it while nobody was signed in",
        ),
    ];
    if token.bytes().filter(|byte| *byte == b'.').count() == 4 {
        return Some("a token in five parts, which is encrypted (JWE)");
    }
    let word = WORDS.iter().find(|(word, _)| *word == token);
    let prefix = PREFIXES
        .iter()
        .find(|(prefix, _)| token.starts_with(prefix));
    word.or(prefix).map(|(_, what)| *what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_of_an_origin_is_named() {
        for (azp, party, hint) in [
            ("https://a.example", "https://a.example/", "slash"),
            ("https://a.example", "https://A.example", "case"),
            ("http://localhost:3000", "http://localhost:5173", "port"),
            ("https://a.example", "https://a.example:443", "port"),
            ("http://a.example", "https://a.example", "scheme"),
            ("https://www.a.example", "https://a.example", "www."),
            (
                "http://127.0.0.1:3000",
                "http://localhost:3000",
                "localhost",
            ),
            ("https://a.example", "a.example", "no scheme"),
            ("https://a.example", " https://a.example", "space"),
            (
                "https://a.example",
                "https://b.example,https://a.example",
                "list",
            ),
            ("https://a.example", "https://*.example", "wildcards"),
            ("https://a.example", "https://a.example/app", "path"),
            ("http://localhost:3000", "localhost:3000", "no scheme"),
            ("https://b.example", "https://a.example", "add the origin"),
            ("null", "https://a.example", "add the origin"),
            ("https://b.example", "a.example", "add the origin"),
            ("https://a.example", "localhost", "add the origin"),
            (
                "https://a.example",
                "http://localhost:3000",
                "add the origin",
            ),
            (
                "http://localhost:3000",
                "https://a.example",
                "add the origin",
            ),
            ("http://[::1]", "http://localhost", "localhost"),
            (
                "https://a.example:x",
                "http://a.example:y",
                "add the origin",
            ),
        ] {
            let found = authorized_party(true, Some(azp), &[party.to_owned()]);
            assert!(found.contains(hint), "{azp} {party}: {found}");
        }
    }

    #[test]
    fn what_stands_around_a_token_is_named() {
        for (token, what) in [
            ("Bearer a.b.c", "begins with `Bearer `"),
            ("bearer\ta.b.c", "begins with `Bearer `"),
            ("a.b.c\n", "white space"),
            ("\"a.b.c\"", "quotes"),
        ] {
            assert!(
                around(token).is_some_and(|found| found.contains(what)),
                "{token}"
            );
        }
        assert_eq!(around("a.b.c"), None);
    }

    #[test]
    fn what_is_no_jwt_is_named() {
        for (token, what) in [
            ("ak_123", "API key"),
            ("sk_live_123", "secret key"),
            ("undefined", "before it had a token"),
            ("a.b.c.d.e", "JWE"),
            ("", "empty"),
        ] {
            assert!(
                no_jwt(token).is_some_and(|found| found.contains(what)),
                "{token}"
            );
        }
        assert_eq!(no_jwt("a.b.c"), None);
        assert_eq!(no_jwt("hello"), None);
    }
}
