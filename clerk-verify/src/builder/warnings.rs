//! What is said of a set-up that works and is odd.

use crate::pipeline::Trusted;

/// Names the place and not the value: people paste all kinds of things, tokens among them.
pub(super) fn warn_of(trusted: &[Trusted], authorized_parties: &[String]) {
    let issuers = trusted.iter().flat_map(|trusted| &*trusted.issuers);
    for (position, _) in odd_ones(issuers, |issuer| issuer.contains("://")) {
        tracing::warn!(
            position,
            "this issuer matches no token of Clerk's: an issuer is a URL, such as https://clerk.example.com"
        );
    }
    if authorized_parties.is_empty() {
        tracing::warn!(
            "no authorized parties are configured: session tokens that users got on any other site of the \
             same Clerk instance are accepted; name your frontends with `authorized_parties` or \
             CLERK_AUTHORIZED_PARTIES"
        );
    }
    for (position, _) in odd_ones(authorized_parties, is_origin) {
        tracing::warn!(
            position,
            "this authorized party matches no token: an origin is scheme://host, with a port where it is not \
             the scheme's own, without a path, a slash at the end or a wildcard"
        );
    }
}

/// The values that are not as they should be, with their place in the list, from 1.
fn odd_ones<'v>(
    values: impl IntoIterator<Item = &'v String>,
    is_right: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (usize, &'v String)> {
    (1..).zip(values).filter(move |(_, value)| !is_right(value))
}

/// `scheme://host` or `scheme://host:port`, as browsers write it: in lower case, without the scheme's own port.
fn is_origin(party: &str) -> bool {
    party.split_once("://").is_some_and(|(scheme, rest)| {
        let own_port = match scheme {
            "https" => rest.ends_with(":443"),
            "http" => rest.ends_with(":80"),
            _ => false,
        };
        let odd = |character: char| {
            character.is_ascii_uppercase()
                || character.is_whitespace()
                || "/?#*@".contains(character)
        };
        !scheme.is_empty()
            && !rest.is_empty()
            && !own_port
            && !scheme.contains(odd)
            && !rest.contains(odd)
    })
}
