//! Which instances the options name, and who issues their tokens.

use std::sync::Arc;

use super::{
    VerifierBuilder,
    check::no_empty,
    key_source::{self, Common},
    misplaced,
    source::SourceOptions,
};
use crate::{
    algorithm::Algorithm,
    clock::Clock,
    error::ConfigProblem,
    keys::publishable_key::{InstanceType, PublishableKey, is_host},
    pipeline::{About, Trusted},
};

/// The instances, in the order of the configuration: what is set on the builder itself is the first.
pub(super) fn instances(
    builder: &VerifierBuilder,
    algorithms: &Arc<[Algorithm]>,
    clock: &Arc<dyn Clock>,
    problems: &mut Vec<ConfigProblem>,
) -> Vec<Trusted> {
    let common = Common {
        builder,
        algorithms,
        clock,
    };
    let own = builder.instances.is_empty() || builder.source.is_set();
    let own = own.then_some(&builder.source);
    let all: Vec<&SourceOptions> = own.into_iter().chain(&builder.instances).collect();
    let mut known: Vec<String> = Vec::new();
    let mut instances = Vec::new();
    for (number, source) in (1..).zip(&all) {
        let mut found = Vec::new();
        let trusted = instance(source, &common, &mut found);
        if !builder.instances.is_empty() {
            check_issuers(&trusted.issuers, &known, &mut found);
            found = found
                .into_iter()
                .map(|problem| problem.in_instance(number))
                .collect();
        }
        problems.append(&mut found);
        known.extend_from_slice(&trusted.issuers);
        instances.push(trusted);
    }
    instances
}

fn instance(
    source: &SourceOptions,
    common: &Common<'_>,
    problems: &mut Vec<ConfigProblem>,
) -> Trusted {
    misplaced::in_source(source, problems);
    let app = app(source, problems);
    let satellite = satellite(source, app.as_ref(), problems);
    let (issuers, issuers_from) = issuers(source, app.as_ref(), satellite.as_deref(), problems);
    let frontend_api = app.as_ref().map(|app| app.frontend_api.as_str());
    let (keys, keys_from) = key_source::keys(source, frontend_api, &issuers, common, problems);
    let origins = &common.builder.origins;
    Trusted {
        issuers: issuers.into(),
        keys,
        about: About {
            app_from: origins.of("publishable_key"),
            app,
            satellite,
            issuers_from: origins.of_all(&issuers_from),
            keys_from: origins.of_all(&keys_from),
        },
    }
}

/// By its issuer a token finds its instance.
fn check_issuers(issuers: &[String], known: &[String], problems: &mut Vec<ConfigProblem>) {
    // Where the publishable key is bad, that was reported.
    if issuers.is_empty() && problems.is_empty() {
        problems.push(ConfigProblem::new(
            "issuer",
            "none, and by its issuer a token finds its instance",
            "say who issues its tokens, with `issuer` or `publishable_key`",
        ));
    }
    if issuers.iter().any(|issuer| known.contains(issuer)) {
        problems.push(ConfigProblem::new(
            "issuer",
            "one that another instance has too",
            "name each issuer once",
        ));
    }
}

fn app(source: &SourceOptions, problems: &mut Vec<ConfigProblem>) -> Option<PublishableKey> {
    match PublishableKey::parse(source.publishable_key.as_deref()?) {
        Ok(app) => Some(app),
        Err(found) => {
            problems.push(ConfigProblem::new(
                "publishable_key",
                found,
                "copy the publishable key (`pk_live_…` or `pk_test_…`) from the Clerk dashboard, API keys",
            ));
            None
        }
    }
}

/// The host of a satellite's own Frontend API. In development satellites have none: there it is the instance's.
fn satellite(
    source: &SourceOptions,
    app: Option<&PublishableKey>,
    problems: &mut Vec<ConfigProblem>,
) -> Option<String> {
    if !source.is_satellite.unwrap_or_default() {
        return None;
    }
    let Some(domain) = &source.domain else {
        if source.proxy_url.is_none() {
            problems.push(ConfigProblem::new(
                "is_satellite",
                "set without a domain",
                "give the satellite's host with `domain` (CLERK_DOMAIN), or the URL of its proxy with `proxy_url` \
                 (CLERK_PROXY_URL)",
            ));
        }
        return None;
    };
    let names_an_issuer = source.names_issuers() || source.proxy_url.is_some();
    if source.publishable_key.is_none() && !names_an_issuer {
        problems.push(ConfigProblem::new(
            "domain",
            "given without a publishable key, so that it says nothing of the issuer",
            "give the instance's `publishable_key` (CLERK_PUBLISHABLE_KEY), or the issuers with `issuers`",
        ));
    }
    if app.is_some_and(|app| app.instance_type == InstanceType::Development) {
        return None;
    }
    let domain = domain.trim().to_ascii_lowercase();
    if !is_host(&domain) {
        problems.push(ConfigProblem::new(
            "domain",
            "text that is no host name with a dot in it",
            "give the satellite's host alone, such as satellite.example, without scheme, port and path",
        ));
        return None;
    }
    app.map(|_| format!("clerk.{domain}"))
}

/// What is configured; otherwise the publishable key's Frontend API, the satellite's, and the proxy. Also the
/// options that name them.
fn issuers(
    source: &SourceOptions,
    app: Option<&PublishableKey>,
    satellite: Option<&str>,
    problems: &mut Vec<ConfigProblem>,
) -> (Vec<String>, Vec<&'static str>) {
    let trimmed = |issuer: &String| issuer.trim().trim_end_matches('/').to_owned();
    // An empty list names no issuer, and must not switch the check off.
    if let Some(issuers) = source
        .issuers
        .as_ref()
        .filter(|issuers| !issuers.is_empty())
    {
        let issuers: Vec<String> = issuers.iter().map(trimmed).collect();
        no_empty("issuer", &issuers, problems);
        #[cfg(feature = "remote")]
        let is_fetched_from = source.lone_issuer().is_some();
        #[cfg(not(feature = "remote"))]
        let is_fetched_from = false;
        if !is_fetched_from {
            check_url("issuer", &issuers, problems);
        }
        return (issuers, vec!["issuer"]);
    }
    let proxy = source.proxy_url.as_ref().map(trimmed);
    if proxy.as_deref() == Some("") {
        problems.push(ConfigProblem::new(
            "proxy_url",
            "empty",
            "give the full URL under which the Frontend API is proxied, or leave it out",
        ));
    }
    // Where keys may be fetched, the key source checks it.
    #[cfg(not(feature = "remote"))]
    if let Some(proxy) = &proxy {
        check_proxy(proxy, problems);
    }
    let frontend_api = app.map(|app| format!("https://{}", app.frontend_api));
    let satellite = satellite.map(|host| format!("https://{host}"));
    [
        (frontend_api, "publishable_key"),
        (satellite, "domain"),
        (proxy, "proxy_url"),
    ]
    .into_iter()
    .filter_map(|(issuer, option)| Some((issuer?, option)))
    .unzip()
}

/// What is in no issuer of Clerk's and may be a secret. Where keys are fetched from the same URL, that is checked more
/// closely there.
fn check_url(option: &'static str, urls: &[impl AsRef<str>], problems: &mut Vec<ConfigProblem>) {
    if urls
        .iter()
        .any(|url| url.as_ref().contains(['@', '?', '#']))
    {
        problems.push(ConfigProblem::new(
            option,
            "a URL with a user name, a query or a fragment in it",
            "give the URL without them, as it stands in `iss` of the tokens",
        ));
    }
}

/// Accepts what a key source accepts: https, and http on this machine.
#[cfg(any(test, not(feature = "remote")))]
fn check_proxy(proxy: &str, problems: &mut Vec<ConfigProblem>) {
    if proxy.is_empty() {
        // That is reported already.
        return;
    }
    check_url("proxy_url", &[proxy], problems);
    if !proxy.starts_with("https://") && !is_on_this_machine(proxy) {
        problems.push(ConfigProblem::new(
            "proxy_url",
            "no https URL",
            "give the full https:// URL under which the Frontend API is proxied",
        ));
    }
}

#[cfg(any(test, not(feature = "remote")))]
fn is_on_this_machine(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        // Otherwise the colon is one of an IPv6 address.
        Some((host, port)) if !port.ends_with(']') => host,
        _ => authority,
    };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    host == "localhost" || address.is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_no_keys_are_fetched_a_proxy_is_https_or_on_this_machine_too() {
        for (proxy, is_good) in [
            ("https://app.example.com/__clerk", true),
            ("http://localhost/__clerk", true),
            ("http://localhost:3000/__clerk", true),
            ("http://127.0.0.1:3000/__clerk", true),
            ("http://127.9.9.9", true),
            ("http://[::1]/__clerk", true),
            ("http://[::1]:3000", true),
            ("http://app.example.com/__clerk", false),
            ("http://10.0.0.1:3000/__clerk", false),
            ("http://[2001:db8::1]:3000", false),
            ("http://localhost.example.com", false),
            ("http://app.example.com/localhost", false),
            ("ftp://localhost/__clerk", false),
            ("/__clerk", false),
            ("localhost:3000", false),
            ("https:", false),
        ] {
            let mut problems = Vec::new();
            check_proxy(proxy, &mut problems);
            let options: Vec<&str> = problems.iter().map(ConfigProblem::option).collect();
            let expected: &[&str] = if is_good { &[] } else { &["proxy_url"] };
            assert_eq!(options, expected, "{proxy}");
            #[cfg(feature = "remote")]
            assert_eq!(
                crate::keys::remote::key_url(proxy).is_ok(),
                is_good,
                "{proxy}"
            );
        }
    }

    #[test]
    fn where_no_keys_are_fetched_an_empty_proxy_is_reported_once() {
        let mut problems = Vec::new();
        check_proxy("", &mut problems);
        assert!(problems.is_empty());
    }

    #[test]
    fn where_no_keys_are_fetched_a_proxys_url_holds_no_secret_either() {
        for proxy in [
            "https://user:hunter2@app.example.com",
            "https://app.example.com/?key=hunter2",
            "https://app.example.com/#hunter2",
        ] {
            let mut problems = Vec::new();
            check_proxy(proxy, &mut problems);
            assert_eq!(problems.len(), 1, "{proxy}");
            assert!(!problems[0].to_string().contains("hunter2"), "{proxy}");
        }
    }
}
