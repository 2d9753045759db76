//! Which remote source the options name.

use std::sync::Arc;

use http::HeaderValue;
use url::Url;

use super::{key_source::Common, source::SourceOptions};
use crate::{
    error::ConfigProblem,
    keys::{
        jwk,
        remote::{
            AnyFetcher, Endpoint, OPENID_CONFIGURATION, RemoteKeys, Seed, Setup, base_url, key_url,
        },
    },
};

const DEFAULT_API_URL: &str = "https://api.clerk.com";
const DEFAULT_API_VERSION: &str = "v1";

/// The remote source that the options name, and the option that does, unless `jwt_key` makes it needless. The
/// options are checked all the same.
pub(super) fn source(
    source: &SourceOptions,
    frontend_api: Option<&str>,
    issuers: &[String],
    common: &Common<'_>,
    problems: &mut Vec<ConfigProblem>,
) -> Option<(RemoteKeys, &'static str)> {
    let options = &common.builder.remote.options;
    let endpoint = endpoint(source, frontend_api, issuers, common, problems);
    let seed = seed(source, common, problems);
    let endpoint = endpoint.filter(|_| source.jwt_key.is_none());
    if endpoint.is_none() && seed.is_some() {
        problems.push(ConfigProblem::new(
            "with_seed",
            "a seed for keys that are fetched, and nothing to fetch them from",
            "name a key source beside it, or leave it out; instances have a `with_seed` of their own",
        ));
    }
    let (endpoint, name) = endpoint?;
    let fetcher = fetcher(&endpoint, common, problems)?;
    let keys = RemoteKeys::new(Setup {
        fetcher,
        endpoint,
        options: options.clone(),
        algorithms: Arc::clone(common.algorithms),
        clock: Arc::clone(common.clock),
        events: common.builder.remote.events.clone(),
        seed,
    });
    Some((keys, name))
}

fn endpoint(
    source: &SourceOptions,
    frontend_api: Option<&str>,
    issuers: &[String],
    common: &Common<'_>,
    problems: &mut Vec<ConfigProblem>,
) -> Option<(Endpoint, &'static str)> {
    let backend = backend(source, common, problems);
    let frontend = frontend(source, frontend_api, problems);
    let discovered = discovered(source, issuers, problems);
    let url = source
        .jwks_url
        .as_deref()
        .and_then(|url| checked("jwks_url", key_url(url), problems));
    // Beside keys of its own, a publishable key says who the issuer is, and no more.
    let frontend = frontend.filter(|_| !source.has_fixed_keys());
    url.map(|url| (Endpoint::public(url), "jwks_url"))
        .or(discovered.map(|endpoint| (endpoint, "openid_configuration")))
        .or(frontend)
        .or(backend.map(|endpoint| (endpoint, "secret_key")))
}

/// The JWK Set of the publishable key's Frontend API; without one, that of the one issuer.
fn frontend(
    source: &SourceOptions,
    frontend_api: Option<&str>,
    problems: &mut Vec<ConfigProblem>,
) -> Option<(Endpoint, &'static str)> {
    const PATH: &str = "/.well-known/jwks.json";
    let frontend_api = frontend_api.filter(|_| !source.publishable_key_is_issuer);
    // An empty one is reported where the issuers are made of it.
    if let Some(proxy) = source.proxy_url.as_ref().filter(|proxy| !is_empty(proxy)) {
        let url = checked("proxy_url", base_url(proxy, PATH), problems);
        if frontend_api.is_some() {
            return Some((Endpoint::public(url?), "proxy_url"));
        }
    }
    if let Some(host) = frontend_api {
        let root = format!("https://{host}");
        let url = checked("publishable_key", base_url(&root, PATH), problems)?;
        return Some((Endpoint::public(url), "publishable_key"));
    }
    let url = checked("issuer", base_url(source.lone_issuer()?, PATH), problems)?;
    Some((Endpoint::public(url), "issuer"))
}

fn is_empty(url: &str) -> bool {
    url.trim().trim_end_matches('/').is_empty()
}

/// The OpenID configuration, whose issuer must be one of those that are trusted.
fn discovered(
    source: &SourceOptions,
    issuers: &[String],
    problems: &mut Vec<ConfigProblem>,
) -> Option<Endpoint> {
    let text = source.openid_configuration.as_deref()?.trim();
    let url = if text.ends_with(OPENID_CONFIGURATION) {
        key_url(text)
    } else if text.contains("/.well-known/") {
        Err("the URL of another document".to_owned())
    } else {
        base_url(text, OPENID_CONFIGURATION)
    };
    let url = checked("openid_configuration", url, problems);
    if issuers.is_empty() && source.publishable_key.is_none() {
        problems.push(ConfigProblem::new(
            "openid_configuration",
            "no issuer to compare it with",
            "say with `issuer` whose configuration it must be",
        ));
    }
    Some(Endpoint {
        discovery: Some(issuers.to_vec()),
        ..Endpoint::public(url?)
    })
}

fn backend(
    source: &SourceOptions,
    common: &Common<'_>,
    problems: &mut Vec<ConfigProblem>,
) -> Option<Endpoint> {
    let remote = &common.builder.remote;
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
    let authorization = bearer(source.secret_key.as_deref()?.trim(), problems);
    Some(Endpoint {
        authorization: Some(authorization?),
        ..Endpoint::public(url?)
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

fn seed(
    source: &SourceOptions,
    common: &Common<'_>,
    problems: &mut Vec<ConfigProblem>,
) -> Option<Seed> {
    let (text, fetched_at) = source.seed.as_ref()?;
    let limits = common.builder.remote.options.set_limits();
    match jwk::parse_set(text, common.algorithms, limits) {
        Ok(set) => Some(Seed {
            keys: set.keys,
            text: text.as_str().into(),
            fetched_at: *fetched_at,
        }),
        Err(problem) => {
            problems.push(ConfigProblem::new(
                "with_seed",
                problem.to_string(),
                "give the JSON that `export_snapshot` gave, or leave it out",
            ));
            None
        }
    }
}

fn fetcher(
    endpoint: &Endpoint,
    common: &Common<'_>,
    problems: &mut Vec<ConfigProblem>,
) -> Option<Arc<dyn AnyFetcher>> {
    let remote = &common.builder.remote;
    if let Some(fetcher) = &remote.fetcher {
        return Some(Arc::clone(fetcher));
    }
    #[cfg(feature = "jwks")]
    {
        crate::keys::remote::HttpClient::for_url(&endpoint.url, &remote.options)
            .map_err(|error| {
                problems.push(ConfigProblem::new(
                    "http_client",
                    format!("the default client can't be made ({})", error.without_url()),
                    "install the system's CA certificates, or give a client with `http_client`",
                ));
            })
            .ok()
            .map(|client| Arc::new(client) as Arc<dyn AnyFetcher>)
    }
    #[cfg(not(feature = "jwks"))]
    {
        let _ = endpoint;
        problems.push(ConfigProblem::new(
            "fetcher",
            "no transport to fetch keys with",
            "give one with `fetcher`, or turn on the feature `jwks`",
        ));
        None
    }
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
