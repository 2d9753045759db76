//! Secret keys that were pasted where they do not belong: what is configured there is logged, described and sent.

use super::{VerifierBuilder, source::SourceOptions};
use crate::error::ConfigProblem;

/// What Clerk's secret keys begin with.
const PREFIXES: [&str; 2] = ["sk_live_", "sk_test_"];

/// In the options that all instances share.
pub(super) fn in_builder(builder: &VerifierBuilder, problems: &mut Vec<ConfigProblem>) {
    let parties = builder.authorized_parties.as_deref().unwrap_or_default();
    no_secret("authorized_parties", parties, problems);
    no_secret("audience", &builder.audiences, problems);
    #[cfg(feature = "remote")]
    {
        no_secret("api_url", &builder.remote.api_url, problems);
        no_secret("api_version", &builder.remote.api_version, problems);
    }
}

/// In those of one instance; the others say of themselves what they are.
pub(super) fn in_source(source: &SourceOptions, problems: &mut Vec<ConfigProblem>) {
    no_secret("issuer", source.issuers.iter().flatten(), problems);
    no_secret("proxy_url", &source.proxy_url, problems);
    no_secret("domain", &source.domain, problems);
    #[cfg(feature = "remote")]
    for (option, url) in [
        ("jwks_url", &source.jwks_url),
        ("openid_configuration", &source.openid_configuration),
    ] {
        // A query is shown nowhere, and may be how a key server of one's own knows its callers.
        let path = url.as_deref().and_then(|url| url.split('?').next());
        no_secret(option, path, problems);
    }
}

/// The value of an option that anybody may see, which may be anything that somebody pasted.
pub(super) fn shown(value: &str) -> &str {
    match is_secret(value) {
        true => "(a secret key)",
        false => value,
    }
}

fn no_secret(
    option: &'static str,
    values: impl IntoIterator<Item = impl AsRef<str>>,
    problems: &mut Vec<ConfigProblem>,
) {
    if values.into_iter().any(|value| is_secret(value.as_ref())) {
        problems.push(ConfigProblem::new(
            option,
            "a secret key",
            "give it to `secret_key` (CLERK_SECRET_KEY) alone, and roll it in the Clerk dashboard if it was logged",
        ));
    }
}

fn is_secret(value: &str) -> bool {
    PREFIXES.iter().any(|prefix| value.contains(prefix))
}
