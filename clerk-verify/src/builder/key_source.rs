//! Which keys the options name.

use std::sync::Arc;

use super::VerifierBuilder;
use crate::{
    algorithm::Algorithm,
    clock::Clock,
    error::ConfigProblem,
    keys::{FixedKeys, Keys, jwk, pem},
};

/// The keys of a verifier. Where a problem was found they are of no use, and are not used.
pub(super) fn keys(
    builder: &VerifierBuilder,
    frontend_api: Option<&str>,
    algorithms: &Arc<[Algorithm]>,
    clock: &Arc<dyn Clock>,
    problems: &mut Vec<ConfigProblem>,
) -> Keys {
    let set = builder.jwks_json.as_deref().and_then(|text| {
        // The limit on keys is for sets that come over the network.
        jwk::parse_set(text, algorithms, usize::MAX)
            .map_err(|problem| {
                problems.push(ConfigProblem::new(
                    "jwks_json",
                    problem.to_string(),
                    "give the JSON that the Frontend API serves at /.well-known/jwks.json",
                ));
            })
            .ok()
    });
    let one = builder.jwt_key.as_deref().and_then(|text| {
        pem::parse(text, algorithms)
            .map_err(|problem| {
                problems.push(ConfigProblem::new(
                    "jwt_key",
                    problem.to_string(),
                    "copy the PEM public key from the Clerk dashboard, API keys, \"JWKS Public Key\": RSA, \
                     2048 bits or more",
                ));
            })
            .ok()
    });
    let fixed = match (one, set) {
        (Some(key), _) => Some(FixedKeys::One(Box::new(key))),
        (None, Some(set)) => Some(FixedKeys::Set(set)),
        (None, None) => None,
    };
    #[cfg(feature = "jwks")]
    let remote = remote::source(builder, frontend_api, algorithms, clock, problems);
    #[cfg(feature = "jwks")]
    let named = remote.is_some() || names_a_source(builder);
    #[cfg(not(feature = "jwks"))]
    let named = {
        let _ = (frontend_api, clock);
        builder.jwt_key.is_some() || builder.jwks_json.is_some()
    };
    if !named {
        problems.push(ConfigProblem::new(
            "key source",
            "no key source",
            NO_KEY_SOURCE,
        ));
    }
    Keys {
        fixed,
        #[cfg(feature = "jwks")]
        remote,
    }
}

#[cfg(feature = "jwks")]
const NO_KEY_SOURCE: &str = "give `publishable_key` (or CLERK_PUBLISHABLE_KEY), `jwt_key` (CLERK_JWT_KEY), \
                             `jwks_json`, `jwks_url` or `secret_key` (CLERK_SECRET_KEY)";
#[cfg(not(feature = "jwks"))]
const NO_KEY_SOURCE: &str = "give `jwt_key` (or CLERK_JWT_KEY) or `jwks_json`; to fetch the keys of a \
                             `publishable_key`, turn on the feature `jwks`";

/// Whether an option says where the keys are.
pub(super) fn names_a_source(builder: &VerifierBuilder) -> bool {
    let fixed = builder.jwt_key.is_some() || builder.jwks_json.is_some();
    #[cfg(feature = "jwks")]
    let remote = [
        &builder.remote.jwks_url,
        &builder.remote.secret_key,
        &builder.publishable_key,
    ]
    .iter()
    .any(|option| option.is_some());
    #[cfg(not(feature = "jwks"))]
    let remote = false;
    fixed || remote
}

#[cfg(feature = "jwks")]
mod remote {
    use reqwest::header::HeaderValue;

    use super::{Algorithm, Arc, Clock, ConfigProblem, VerifierBuilder};
    use crate::keys::remote::{Endpoint, RemoteKeys, base_url, default_client, key_url};
    use reqwest::Url;

    const DEFAULT_API_URL: &str = "https://api.clerk.com";
    const DEFAULT_API_VERSION: &str = "v1";

    /// The remote source that the options name, unless `jwt_key` makes it needless. The options are
    /// checked all the same.
    pub(super) fn source(
        builder: &VerifierBuilder,
        frontend_api: Option<&str>,
        algorithms: &Arc<[Algorithm]>,
        clock: &Arc<dyn Clock>,
        problems: &mut Vec<ConfigProblem>,
    ) -> Option<RemoteKeys> {
        let backend = backend(builder, problems);
        let frontend = frontend(builder, frontend_api, problems);
        let url = builder
            .remote
            .jwks_url
            .as_deref()
            .and_then(|url| checked("jwks_url", key_url(url), problems));
        builder.remote.options.check(problems);
        let fixed = builder.jwt_key.is_some() || builder.jwks_json.is_some();
        let endpoint = match (url.map(Endpoint::public), frontend) {
            (Some(url), _) => url,
            // Beside keys of its own, a publishable key says who the issuer is, and no more.
            (None, Some(frontend)) if !fixed => frontend,
            (None, _) => backend?,
        };
        if builder.jwt_key.is_some() {
            return None;
        }
        let client = match &builder.remote.client {
            Some(client) => client.clone(),
            None => default_client(&endpoint, &builder.remote.options)
                .map_err(|error| {
                    problems.push(ConfigProblem::new(
                        "http_client",
                        format!("the default client can't be made ({})", error.without_url()),
                        "install the system's CA certificates, or give a client with `http_client`",
                    ));
                })
                .ok()?,
        };
        Some(RemoteKeys::new(
            client,
            endpoint,
            builder.remote.options.clone(),
            Arc::clone(algorithms),
            Arc::clone(clock),
        ))
    }

    /// The Frontend API of the publishable key; without one, that of the one issuer.
    fn frontend(
        builder: &VerifierBuilder,
        frontend_api: Option<&str>,
        problems: &mut Vec<ConfigProblem>,
    ) -> Option<Endpoint> {
        const PATH: &str = "/.well-known/jwks.json";
        let frontend_api = frontend_api.filter(|_| !builder.publishable_key_is_issuer);
        if let Some(proxy) = &builder.proxy_url {
            let url = checked("proxy_url", base_url(proxy, PATH), problems)?;
            return frontend_api.map(|_| Endpoint::public(url));
        }
        if let Some(host) = frontend_api {
            let root = format!("https://{host}");
            return checked("publishable_key", base_url(&root, PATH), problems)
                .map(Endpoint::public);
        }
        match builder.issuers.as_deref() {
            Some([issuer]) if !super::names_a_source(builder) && !issuer.trim().is_empty() => {
                checked("issuer", base_url(issuer, PATH), problems).map(Endpoint::public)
            }
            _ => None,
        }
    }

    fn backend(builder: &VerifierBuilder, problems: &mut Vec<ConfigProblem>) -> Option<Endpoint> {
        let remote = &builder.remote;
        let api = remote.api_url.as_deref().unwrap_or(DEFAULT_API_URL);
        let version = remote.api_version.as_deref().unwrap_or(DEFAULT_API_VERSION);
        let version_fits = !version.is_empty()
            && version
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if !version_fits {
            problems.push(ConfigProblem::new(
                "api_version",
                "text that is no version",
                "leave it at `v1`, or give the version as it stands in the Backend API's paths",
            ));
        }
        let url = checked(
            "api_url",
            base_url(api, &format!("/{version}/jwks")),
            problems,
        );
        let authorization = bearer(remote.secret_key.as_deref()?.trim(), problems);
        Some(Endpoint {
            url: url?,
            authorization: Some(authorization?),
        })
    }

    fn bearer(secret_key: &str, problems: &mut Vec<ConfigProblem>) -> Option<HeaderValue> {
        let found = if secret_key.is_empty() {
            "empty"
        } else if secret_key.starts_with("pk_") {
            "a publishable key"
        } else if secret_key.bytes().all(|byte| byte.is_ascii_graphic()) {
            let mut value = HeaderValue::from_str(&format!("Bearer {secret_key}")).ok()?;
            value.set_sensitive(true);
            return Some(value);
        } else {
            "text with spaces or control characters in it"
        };
        problems.push(ConfigProblem::new(
            "secret_key",
            found,
            "copy the secret key (`sk_live_…` or `sk_test_…`) from the Clerk dashboard, API keys",
        ));
        None
    }

    fn checked(
        option: &'static str,
        url: Result<Url, String>,
        problems: &mut Vec<ConfigProblem>,
    ) -> Option<Url> {
        url.map_err(|found| {
            problems.push(ConfigProblem::new(
                option,
                found,
                "give a full https:// URL; http:// is only for 127.0.0.0/8, [::1] and localhost",
            ));
        })
        .ok()
    }
}
