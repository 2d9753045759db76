//! Which keys the options name.

use std::sync::Arc;

use super::{VerifierBuilder, source::SourceOptions};
use crate::{
    algorithm::Algorithm,
    clock::Clock,
    error::ConfigProblem,
    keys::{
        FixedKeys, Keys,
        jwk::{self, SetLimits},
        pem,
    },
};

/// What the instances of a verifier have in common.
pub(super) struct Common<'b> {
    #[cfg_attr(not(feature = "remote"), allow(dead_code))]
    pub(super) builder: &'b VerifierBuilder,
    pub(super) algorithms: &'b Arc<[Algorithm]>,
    #[cfg_attr(not(feature = "remote"), allow(dead_code))]
    pub(super) clock: &'b Arc<dyn Clock>,
}

/// The keys of an instance, and the options that name them. Where a problem was found they are of no use, and are
/// not used.
#[cfg_attr(not(feature = "remote"), allow(unused_variables))]
pub(super) fn keys(
    source: &SourceOptions,
    frontend_api: Option<&str>,
    issuers: &[String],
    common: &Common<'_>,
    problems: &mut Vec<ConfigProblem>,
) -> (Keys, Vec<&'static str>) {
    let set = source.jwks_json.as_deref().and_then(|text| {
        jwk::parse_set(text, common.algorithms, SetLimits::NONE)
            .map_err(|problem| {
                problems.push(ConfigProblem::new(
                    "jwks_json",
                    problem.to_string(),
                    "give the JSON that the Frontend API serves at /.well-known/jwks.json",
                ));
            })
            .ok()
    });
    let one = source.jwt_key.as_deref().and_then(|text| {
        pem::parse(text, common.algorithms)
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
    let mut names = Vec::new();
    let fixed = match (one, set) {
        (Some(key), _) => {
            names.push("jwt_key");
            Some(FixedKeys::One(Box::new(key)))
        }
        (None, Some(set)) => {
            names.push("jwks_json");
            Some(FixedKeys::Set(set.keys))
        }
        (None, None) => None,
    };
    #[cfg(feature = "remote")]
    let remote = super::remote_source::source(source, frontend_api, issuers, common, problems);
    #[cfg(feature = "remote")]
    let remote = remote.map(|(remote, name)| {
        names.push(name);
        remote
    });
    #[cfg(feature = "remote")]
    let named = source.names_a_source() || source.lone_issuer().is_some();
    #[cfg(not(feature = "remote"))]
    let named = source.has_fixed_keys();
    #[cfg(feature = "remote")]
    let has_keys = fixed.is_some() || remote.is_some();
    #[cfg(not(feature = "remote"))]
    let has_keys = fixed.is_some();
    // Where a source was named and is of no use, that was reported.
    if (!named && !source.names_empty_issuer()) || (!has_keys && problems.is_empty()) {
        problems.push(ConfigProblem::new(
            "key source",
            "no key source",
            match common.builder.reads_environment && common.builder.instances.is_empty() {
                true => NO_KEY_IN_ENVIRONMENT,
                false => NO_KEY_SOURCE,
            },
        ));
    }
    let keys = Keys {
        fixed,
        #[cfg(feature = "remote")]
        remote,
    };
    (keys, names)
}

#[cfg(feature = "remote")]
const NO_KEY_SOURCE: &str = "give `publishable_key` (or CLERK_PUBLISHABLE_KEY), `jwt_key` (CLERK_JWT_KEY), \
                             `jwks_json`, `jwks_url`, `openid_configuration`, `secret_key` (CLERK_SECRET_KEY) or \
                             one `issuer`";
#[cfg(not(feature = "remote"))]
const NO_KEY_SOURCE: &str = "give `jwt_key` (or CLERK_JWT_KEY) or `jwks_json`; to fetch the keys of a \
                             `publishable_key`, turn on the feature `jwks`";
#[cfg(feature = "remote")]
const NO_KEY_IN_ENVIRONMENT: &str = "set CLERK_PUBLISHABLE_KEY, CLERK_JWT_KEY or CLERK_SECRET_KEY (names with a frontend's \
                                     prefix, such as NEXT_PUBLIC_… and VITE_…, are not read), or name a source in code, \
                                     such as `publishable_key`";
#[cfg(not(feature = "remote"))]
const NO_KEY_IN_ENVIRONMENT: &str = "set CLERK_JWT_KEY, or give `jwt_key` or `jwks_json`; to fetch the keys of a \
                                     `publishable_key`, turn on the feature `jwks`";
