//! The check of all options, and what becomes of them.

use std::{sync::Arc, time::Duration};

use super::{VerifierBuilder, environment, misplaced, trusted, warnings};
use crate::{
    algorithm::Algorithm,
    checks::Expected,
    error::{ConfigError, ConfigProblem},
    pipeline::{Pipeline, Trusted},
    request::{SessionCookies, TokenSource},
    usual_header::UsualHeaders,
    verifier::Verifier,
};

const DEFAULT_SKEW: Duration = Duration::from_secs(5);
const MAX_SKEW: Duration = Duration::from_secs(24 * 60 * 60);
const DEFAULT_MAX_TOKEN_LEN: usize = 16 * 1024;
const MAX_TOKEN_LEN: usize = 1024 * 1024 * 1024;
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
    misplaced::in_builder(&builder, &mut problems);
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
    if max_token_len > MAX_TOKEN_LEN {
        problems.push(ConfigProblem::new(
            "max_token_len",
            format!("{max_token_len} bytes"),
            "give at most 1 GiB, better a few KiB: a cookie holds 4 KiB",
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
    let trusted = trusted::instances(&builder, &algorithms, &clock, &mut problems);
    #[cfg(feature = "remote")]
    builder.remote.options.check(&mut problems);
    #[cfg(feature = "cache")]
    let token_cache = builder.token_cache_or_default();
    #[cfg(feature = "cache")]
    token_cache.check(&mut problems);

    let origins = &builder.origins;
    let problems = problems.into_iter().map(|problem| {
        let variable = origins.variable(problem.option());
        problem.taken_from(variable)
    });
    ConfigError::check(problems.collect())?;
    if !builder.is_quiet() {
        warnings::warn_of(&trusted, &authorized_parties);
    }
    let session_cookies = SessionCookies {
        apps: trusted.iter().filter_map(Trusted::cookies).collect(),
        plain: trusted.iter().any(|trusted| trusted.about.app.is_none()),
        max_len: max_token_len.max(DEFAULT_MAX_TOKEN_LEN),
        max_nesting: MAX_NESTING,
    };
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
        session_cookies,
        usual_headers: UsualHeaders::default(),
        parties_from: builder.origins.of("authorized_parties"),
        #[cfg(feature = "cache")]
        cache: token_cache.open(),
    }))
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

pub(super) fn no_empty(option: &'static str, values: &[String], problems: &mut Vec<ConfigProblem>) {
    if values.iter().any(|value| value.trim().is_empty()) {
        problems.push(ConfigProblem::new(
            option,
            "an empty value",
            "give the exact value that tokens have, or leave the option out",
        ));
    }
}
