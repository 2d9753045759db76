//! Where a token says that it comes from, and where it should come from.

use std::fmt;

use super::{List, Seen};

/// What a message says of the two.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    seen: Seen,
    trusted: List,
    likely: Likely,
}

#[derive(Clone, Copy, Debug)]
enum Likely {
    NothingToCompare,
    NoIssuer,
    SameIssuer,
    OtherInstance,
    Development,
    Production,
    Slash,
}

/// The end of the Frontend API's host of every development instance.
const DEVELOPMENT: &str = ".clerk.accounts.dev";

impl Origin {
    /// `iss` is the token's claim, if it is a string; `seen` is what stands there.
    pub(crate) fn new(iss: Option<&str>, seen: Seen, trusted: List) -> Self {
        let likely = likely(iss, &trusted.0);
        Self {
            seen,
            trusted,
            likely,
        }
    }

    /// For a token whose signature was not looked at yet.
    pub(super) fn by_its_word(&self) -> String {
        if !matches!(self.likely, Likely::OtherInstance) {
            return self.to_string();
        }
        format!(
            "it is {}; most likely it is signed by another Clerk instance: this verifier trusts {}. Give the client and \
             this service keys of the same instance; or, where this is a proxy, a satellite or a new domain of it, add \
             that to `issuers`",
            self.seen, self.trusted
        )
    }

    /// For a token whose signature holds.
    pub(super) fn of_one_instance(&self) -> String {
        if matches!(self.likely, Likely::NoIssuer | Likely::Slash) {
            return self.to_string();
        }
        format!(
            "it is {}, this verifier trusts {}. The signature holds, so the token is of the same instance under another \
             name: behind a proxy, on a satellite, or on a new domain; if it is yours, add it to `issuers`, or set \
             `proxy_url` or `domain` where the issuer is that of the publishable key",
            self.seen, self.trusted
        )
    }

    pub(super) fn or_unknown(origin: &Option<Self>) -> &dyn fmt::Display {
        match origin {
            Some(origin) => origin,
            None => &"another Clerk instance signed the token, or its key has been withdrawn",
        }
    }
}

fn likely(iss: Option<&str>, trusted: &[String]) -> Likely {
    let is_development = |issuer: &str| issuer.trim_end_matches('/').ends_with(DEVELOPMENT);
    match iss {
        _ if trusted.is_empty() => Likely::NothingToCompare,
        None => Likely::NoIssuer,
        Some(iss) if trusted.iter().any(|known| known == iss) => Likely::SameIssuer,
        Some(iss)
            if trusted
                .iter()
                .any(|known| known == iss.trim_end_matches('/')) =>
        {
            Likely::Slash
        }
        Some(iss) => match (
            is_development(iss),
            trusted.iter().any(|known| is_development(known)),
        ) {
            (true, false) => Likely::Development,
            (false, true) => Likely::Production,
            _ => Likely::OtherInstance,
        },
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seen,
            trusted,
            likely,
        } = self;
        match likely {
            Likely::NothingToCompare => write!(
                f,
                "the token's `iss` is {seen}, and this verifier is told of no issuer to compare that with; set \
                 `publishable_key` or `issuer`, and compare with the instance that the client signs in to"
            ),
            Likely::NoIssuer => write!(
                f,
                "the token's `iss` is {seen}, this verifier trusts {trusted}; all of Clerk's tokens name their issuer"
            ),
            Likely::SameIssuer => write!(
                f,
                "the token says that it comes from {seen}, which is trusted; either it is forged, or the verifier's key \
                 is an old one or that of another Clerk instance"
            ),
            Likely::Slash => write!(
                f,
                "the token says that {seen} issued it, with a slash at the end, this verifier trusts {trusted}; Clerk \
                 writes none"
            ),
            Likely::OtherInstance => write!(
                f,
                "it is signed by another Clerk instance, by its own word {seen}; this verifier trusts {trusted}. Give \
                 the client and this service keys of the same instance"
            ),
            Likely::Development => write!(
                f,
                "it is signed by another Clerk instance, by its own word the development instance {seen}; this \
                 verifier trusts {trusted}. Give the client and this service keys of the same instance"
            ),
            Likely::Production => write!(
                f,
                "it is signed by another Clerk instance, by its own word {seen}; this verifier trusts the development \
                 instance {trusted}. Give the client and this service keys of the same instance"
            ),
        }
    }
}
