//! The check of all options, and what becomes of them.

use std::{sync::Arc, time::Duration};

use super::{
    VerifierBuilder, environment,
    key_source::{self, Common},
    source::SourceOptions,
    warnings,
};
use crate::{
    algorithm::Algorithm,
    checks::Expected,
    clock::Clock,
    error::{ConfigError, ConfigProblem},
    keys::publishable_key,
    pipeline::{Pipeline, Trusted},
    request::TokenSource,
    verifier::Verifier,
};

const DEFAULT_SKEW: Duration = Duration::from_secs(5);
const MAX_SKEW: Duration = Duration::from_secs(24 * 60 * 60);
const DEFAULT_MAX_TOKEN_LEN: usize = 16 * 1024;
/// serde_json reads no deeper.
const MAX_NESTING: usize = 127;

pub(super) fn build(mut builder: VerifierBuilder) -> Result<Verifier, ConfigError> {
    let mut problems = Vec::new();
    environment::fill(&mut builder, &mut problems);

    let algorithms = algorithms(&builder, &mut problems);
    let skew_millis = skew_millis(&builder, &mut problems);
    let authorized_parties = builder.authorized_parties.clone().unwrap_or_default();
    no_empty("authorized_parties", &authorized_parties, &mut problems);
    no_empty("audience", &builder.audiences, &mut problems);
    if builder.require_audience && builder.audiences.is_empty() {
        problems.push(ConfigProblem::new(
            "require_audience",
            "set without an audience",
            "name the accepted ones with `audience`, or leave it out",
        ));
    }
    let max_token_len = builder.max_token_len.unwrap_or(DEFAULT_MAX_TOKEN_LEN);
    if max_token_len == 0 {
        problems.push(ConfigProblem::new(
            "max_token_len",
            "zero, which refuses every token",
            "leave it at 16 KiB, or give the length of your longest token",
        ));
    }
    let max_claims_nesting = builder.max_claims_nesting.unwrap_or(MAX_NESTING);
    if !(1..=MAX_NESTING).contains(&max_claims_nesting) {
        problems.push(ConfigProblem::new(
            "max_claims_nesting",
            max_claims_nesting.to_string(),
            "give a number from 1 to 127",
        ));
    }
    let token_sources = builder
        .token_sources
        .clone()
        .unwrap_or_else(|| vec![TokenSource::authorization(), TokenSource::session_cookie()]);
    if token_sources.is_empty() {
        problems.push(ConfigProblem::new(
            "token_sources",
            "an empty list, which finds no token",
            "name at least one, such as `TokenSource::authorization()`",
        ));
    }
    let clock = builder.clock_or_default();
    let algorithms: Arc<[Algorithm]> = algorithms.into();
    let trusted = trusted(&builder, &algorithms, &clock, &mut problems);
    #[cfg(feature = "remote")]
    builder.remote.options.check(&mut problems);

    ConfigError::check(problems)?;
    warnings::warn_of(&trusted, &authorized_parties);
    Ok(Verifier::from_pipeline(Pipeline {
        algorithms,
        trusted,
        expected: Expected {
            audiences: builder.audiences.into(),
            require_audience: builder.require_audience,
            authorized_parties: authorized_parties.into(),
            allow_missing_azp: builder.allow_missing_azp,
            skew_millis,
            allow_pending_sessions: builder.allow_pending_sessions,
        },
        clock,
        accept_jwt_templates: builder.accept_jwt_templates,
        max_token_len,
        max_claims_nesting,
        token_sources: token_sources.into(),
    }))
}

/// The instances, in the order of the configuration: what is set on the builder itself is the first.
fn trusted(
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
    let mut trusted = Vec::new();
    for (number, source) in (1..).zip(&all) {
        let mut found = Vec::new();
        let frontend_api = frontend_api(source, &mut found);
        let issuers = issuers(source, frontend_api.as_deref(), &mut found);
        let keys = key_source::keys(
            source,
            frontend_api.as_deref(),
            &issuers,
            &common,
            &mut found,
        );
        if all.len() > 1 {
            check_issuers(&issuers, &known, &mut found);
            found = found
                .into_iter()
                .map(|problem| problem.in_instance(number))
                .collect();
        }
        problems.append(&mut found);
        known.extend_from_slice(&issuers);
        trusted.push(Trusted {
            issuers: issuers.into(),
            keys,
        });
    }
    trusted
}

/// By its issuer a token finds its instance.
fn check_issuers(issuers: &[String], known: &[String], problems: &mut Vec<ConfigProblem>) {
    if issuers.is_empty() {
        problems.push(ConfigProblem::new(
            "issuer",
            "none, beside other instances",
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

fn algorithms(builder: &VerifierBuilder, problems: &mut Vec<ConfigProblem>) -> Vec<Algorithm> {
    let mut algorithms = Vec::new();
    for algorithm in builder
        .algorithms
        .clone()
        .unwrap_or_else(|| vec![Algorithm::RS256])
    {
        if !algorithms.contains(&algorithm) {
            algorithms.push(algorithm);
        }
    }
    if algorithms.is_empty() {
        problems.push(ConfigProblem::new(
            "algorithms",
            "an empty list, which refuses every token",
            "leave it at RS256, which is what Clerk signs with",
        ));
    }
    algorithms
}

fn frontend_api(source: &SourceOptions, problems: &mut Vec<ConfigProblem>) -> Option<String> {
    match publishable_key::frontend_api(source.publishable_key.as_deref()?) {
        Ok(host) => Some(host),
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

/// What is configured; otherwise the publishable key's Frontend API and its proxy.
fn issuers(
    source: &SourceOptions,
    frontend_api: Option<&str>,
    problems: &mut Vec<ConfigProblem>,
) -> Vec<String> {
    let trimmed = |issuer: &String| issuer.trim().trim_end_matches('/').to_owned();
    // An empty list names no issuer, and must not switch the check off.
    if let Some(issuers) = source
        .issuers
        .as_ref()
        .filter(|issuers| !issuers.is_empty())
    {
        let issuers: Vec<String> = issuers.iter().map(trimmed).collect();
        no_empty("issuer", &issuers, problems);
        return issuers;
    }
    let proxy = source.proxy_url.as_ref().map(trimmed);
    if proxy.as_deref() == Some("") {
        problems.push(ConfigProblem::new(
            "proxy_url",
            "empty",
            "give the full URL under which the Frontend API is proxied, or leave it out",
        ));
    }
    let frontend_api = frontend_api.map(|host| format!("https://{host}"));
    frontend_api.into_iter().chain(proxy).collect()
}

fn skew_millis(builder: &VerifierBuilder, problems: &mut Vec<ConfigProblem>) -> u64 {
    let skew = builder.clock_skew.unwrap_or(DEFAULT_SKEW);
    if skew > MAX_SKEW {
        problems.push(ConfigProblem::new(
            "clock_skew",
            format!("{} s", skew.as_secs()),
            "give at most a day, better a few seconds: a token stays good for so long after its end",
        ));
    }
    u64::try_from(skew.as_millis()).unwrap_or(u64::MAX)
}

fn no_empty(option: &'static str, values: &[String], problems: &mut Vec<ConfigProblem>) {
    if values.iter().any(|value| value.trim().is_empty()) {
        problems.push(ConfigProblem::new(
            option,
            "an empty value",
            "give the exact value that tokens have, or leave the option out",
        ));
    }
}
