//! The command line, and the verifier that it describes.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap::Parser;
use clerk_verify::{FixedClock, Verifier, VerifierBuilder};

const ENVIRONMENT: &str = "\
Environment:
  CLERK_SECRET_KEY          Fetch the keys from the Backend API. There is no option for it, since others can
                            see a command line.
  CLERK_JWT_KEY             As --jwt-key
  CLERK_PUBLISHABLE_KEY     As --publishable-key
  CLERK_AUTHORIZED_PARTIES  As --authorized-party, comma-separated
  CLERK_PROXY_URL           Where the Frontend API is proxied
  CLERK_DOMAIN              The host of a satellite, with CLERK_IS_SATELLITE=true
  RUST_LOG                  What to log, such as debug
  An option goes before its variable, an empty variable counts as unset. Where an option gives a key or a key
  set, none is taken from the environment; CLERK_PUBLISHABLE_KEY then only says who the issuer is. Beside
  --publishable-key alone, CLERK_JWT_KEY is used.

Exit status:
  0  the token is accepted
  1  the token is refused
  2  the options are wrong";

/// Verifies a Clerk session token: prints its claims, or why it is refused.
#[derive(Parser)]
#[command(version, after_help = ENVIRONMENT)]
pub(crate) struct Options {
    /// The token, with or without `Bearer`; `-` or nothing reads it from standard input, which keeps it out
    /// of the shell's history
    // Several words, so that an unquoted `Bearer eyJ…` is no usage error, which would print it.
    #[arg(value_name = "TOKEN")]
    pub(crate) token: Vec<String>,

    /// The instance's public key: PEM, or its base64
    // PEM begins with dashes.
    #[arg(
        long,
        value_name = "PEM",
        allow_hyphen_values = true,
        help_heading = "Keys"
    )]
    jwt_key: Option<String>,

    /// A file with the instance's public key
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "jwt_key",
        help_heading = "Keys"
    )]
    jwt_key_file: Option<PathBuf>,

    /// A file with a JWK Set
    #[arg(long, value_name = "FILE", help_heading = "Keys")]
    jwks_file: Option<PathBuf>,

    /// The URL of a JWK Set: https, or http on this machine
    #[arg(long, value_name = "URL", help_heading = "Keys")]
    jwks_url: Option<String>,

    /// The publishable key: names the Frontend API to fetch the keys from, and the issuer
    #[arg(long, value_name = "KEY", help_heading = "Keys")]
    publishable_key: Option<String>,

    /// Mint a token with a test issuer and verify it: needs no key
    #[arg(
        long,
        conflicts_with_all = ["token", "jwt_key", "jwt_key_file", "jwks_file", "jwks_url", "publishable_key"],
        help_heading = "Keys"
    )]
    pub(crate) demo: bool,

    /// An issuer to trust; may be repeated
    #[arg(long, value_name = "URL", help_heading = "Checks")]
    issuer: Vec<String>,

    /// An origin whose tokens are accepted (`azp`); may be repeated
    #[arg(long, value_name = "ORIGIN", help_heading = "Checks")]
    authorized_party: Vec<String>,

    /// An audience to accept (`aud`); may be repeated
    #[arg(long, value_name = "AUDIENCE", help_heading = "Checks")]
    audience: Vec<String>,

    /// Accept a token without `azp` although authorized parties are given
    #[arg(long, help_heading = "Checks")]
    allow_missing_azp: bool,

    /// How far the clocks may differ [default: 5]
    #[arg(long, value_name = "SECONDS", help_heading = "Checks")]
    clock_skew: Option<u64>,

    /// Verify as of this moment, in seconds since 1970, and not as of now
    #[arg(long, value_name = "UNIX_SECONDS", help_heading = "Checks")]
    at: Option<i64>,

    /// Accept tokens made from JWT templates too
    #[arg(long, help_heading = "Checks")]
    accept_jwt_templates: bool,

    /// Accept sessions that are pending
    #[arg(long, help_heading = "Checks")]
    allow_pending: bool,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

impl Options {
    /// The verifier with the keys of the options or, where they name none, of the environment.
    pub(crate) fn verifier(&self) -> Result<Verifier, Box<dyn Error>> {
        let mut builder = Verifier::builder().with_env();
        if let Some(key) = &self.jwt_key {
            builder = builder.jwt_key(key);
        }
        if let Some(file) = &self.jwt_key_file {
            builder = builder.jwt_key(read(file)?);
        }
        if let Some(file) = &self.jwks_file {
            builder = builder.jwks_json(read(file)?);
        }
        if let Some(url) = &self.jwks_url {
            builder = builder.jwks_url(url);
        }
        if let Some(key) = &self.publishable_key {
            builder = builder.publishable_key(key);
        }
        Ok(self.checks(builder).build()?)
    }

    /// The options that do not concern the keys. What is not given stays as the builder has it.
    pub(crate) fn checks(&self, mut builder: VerifierBuilder) -> VerifierBuilder {
        if !self.issuer.is_empty() {
            builder = builder.issuers(&self.issuer);
        }
        if !self.authorized_party.is_empty() {
            builder = builder.authorized_parties(&self.authorized_party);
        }
        if let Some(seconds) = self.clock_skew {
            builder = builder.clock_skew(Duration::from_secs(seconds));
        }
        if let Some(seconds) = self.at {
            builder = builder.clock(FixedClock::at_unix(seconds));
        }
        builder
            .audience(&self.audience)
            .allow_missing_azp(self.allow_missing_azp)
            .accept_jwt_templates(self.accept_jwt_templates)
            .allow_pending_sessions(self.allow_pending)
    }

    /// The moment of the verification, in seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.at.unwrap_or_else(|| {
            let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
            since_1970.map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
        })
    }
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("can't read {}: {error}", file.display()))
}
