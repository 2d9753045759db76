//! Options from environment variables.

use super::VerifierBuilder;
use crate::{env::Environment, error::ConfigProblem};

impl VerifierBuilder {
    /// Takes what is not set in code from environment variables. An empty variable counts as unset.
    ///
    /// | variable | option |
    /// |---|---|
    /// | `CLERK_JWT_KEY` | [`jwt_key`](Self::jwt_key) |
    /// | `CLERK_PUBLISHABLE_KEY` | [`publishable_key`](Self::publishable_key) |
    /// | `CLERK_SECRET_KEY` | `secret_key` |
    /// | `CLERK_PROXY_URL` | [`proxy_url`](Self::proxy_url) |
    /// | `CLERK_DOMAIN` | [`domain`](Self::domain) |
    /// | `CLERK_IS_SATELLITE` | [`is_satellite`](Self::is_satellite): `true` or `1`, `false` or `0` |
    /// | `CLERK_AUTHORIZED_PARTIES` | [`authorized_parties`](Self::authorized_parties), comma-separated |
    /// | `CLERK_API_URL`, `CLERK_API_VERSION` | `api_url`, `api_version` |
    ///
    /// Keys come from code or from the environment, never from both: where code names keys (`jwt_key`, `jwks_json`,
    /// `jwks_url`, `openid_configuration`, `secret_key`), `CLERK_JWT_KEY` and `CLERK_SECRET_KEY` are not read, and
    /// `CLERK_PUBLISHABLE_KEY` only says who the issuer is. A publishable key or an issuer in code names no keys in this
    /// sense: beside it the environment's keys go before those that it would fetch. Where code names [instances](Self::instance), no
    /// variable that belongs to an instance is read.
    ///
    /// ```
    /// # // `with_env` alone would depend on the machine that runs this.
    /// use clerk_verify::{Verifier, testing::TestIssuer};
    ///
    /// let issuer = TestIssuer::new();
    /// let verifier = Verifier::builder().jwks_json(issuer.jwks_json()).with_env().build();
    /// # let _ = verifier;
    /// ```
    pub fn with_env(mut self) -> Self {
        self.environment = Some(Environment::process());
        self
    }

    /// [`with_env`](Self::with_env) with variables of your own: for tests, and for settings that live in a
    /// file.
    ///
    /// ```
    /// use clerk_verify::Verifier;
    ///
    /// let verifier = Verifier::builder()
    ///     .with_env_from(|name| match name {
    ///         "CLERK_PUBLISHABLE_KEY" => Some("pk_live_Y2xlcmsuY2xlcmsuZGV2JA".to_owned()),
    ///         _ => None,
    ///     })
    ///     .build()
    ///     .unwrap();
    /// ```
    pub fn with_env_from<F>(mut self, read: F) -> Self
    where
        F: Fn(&str) -> Option<String> + Send + Sync + 'static,
    {
        self.environment = Some(Environment::from_fn(read));
        self
    }
}

/// Code first, then the environment. Keys come from one of the two, never from both: beside keys in code the
/// environment's publishable key only says who the issuer is. A publishable key in code is first of all that too, so
/// beside it the environment may name keys.
pub(super) fn fill(builder: &mut VerifierBuilder, problems: &mut Vec<ConfigProblem>) {
    let Some(environment) = builder.environment.take() else {
        return;
    };
    builder.reads_environment = true;
    let origins = &mut builder.origins;
    let mut set = |option: &mut Option<String>, name: &'static str, variable: &'static str| {
        if option.is_none() {
            *option = environment.get(variable);
            if option.is_some() {
                origins.taken(name, variable);
            }
        }
    };
    let source = &mut builder.source;
    let mut is_satellite_taken = false;
    // Instances that code names are all there are.
    if builder.instances.is_empty() {
        if source.names_keys() {
            source.publishable_key_is_issuer = source.publishable_key.is_none();
        } else {
            set(&mut source.jwt_key, "jwt_key", "CLERK_JWT_KEY");
            #[cfg(feature = "remote")]
            set(&mut source.secret_key, "secret_key", "CLERK_SECRET_KEY");
        }
        let key = &mut source.publishable_key;
        set(key, "publishable_key", "CLERK_PUBLISHABLE_KEY");
        set(&mut source.proxy_url, "proxy_url", "CLERK_PROXY_URL");
        set(&mut source.domain, "domain", "CLERK_DOMAIN");
        if source.is_satellite.is_none() {
            let before = problems.len();
            source.is_satellite = flag(&environment, "CLERK_IS_SATELLITE", problems);
            is_satellite_taken = source.is_satellite.is_some();
            // Nobody knows what was meant; so that no mistake in a domain is found only afterwards.
            if problems.len() > before && source.domain.is_some() {
                source.is_satellite = Some(true);
            }
        }
    }
    #[cfg(feature = "remote")]
    {
        let remote = &mut builder.remote;
        set(&mut remote.api_url, "api_url", "CLERK_API_URL");
        set(&mut remote.api_version, "api_version", "CLERK_API_VERSION");
    }
    if is_satellite_taken {
        builder.origins.taken("is_satellite", "CLERK_IS_SATELLITE");
    }
    if builder.authorized_parties.is_none() {
        const VARIABLE: &str = "CLERK_AUTHORIZED_PARTIES";
        builder.authorized_parties = environment.list(VARIABLE);
        if let Some(parties) = &builder.authorized_parties {
            builder.origins.taken("authorized_parties", VARIABLE);
            if parties.is_empty() {
                problems.push(ConfigProblem::new(
                    VARIABLE,
                    "commas without an origin",
                    "list your frontends' origins, such as https://app.example.com, or unset it",
                ));
            }
        }
    }
}

fn flag(
    environment: &Environment,
    variable: &'static str,
    problems: &mut Vec<ConfigProblem>,
) -> Option<bool> {
    let value = environment.get(variable)?;
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => {
            problems.push(ConfigProblem::new(
                variable,
                "text that is neither true nor false",
                "set it to `true` or `false`, or unset it",
            ));
            None
        }
    }
}
