//! What both server examples share: a test issuer that stands in for Clerk where the environment has no keys of it,
//! so that they run with no account, and when to stop.
//!
//! Leave the issuer out of a service: it should rather not start than trust one of its own.

mod shutdown;

pub use self::shutdown::shutdown_requested;

use std::{env, io, time::Duration};

use clerk_verify::{
    ConfigError, Verifier,
    testing::{KeyServer, TestIssuer, TokenBuilder},
};

/// The frontend that the demo's tokens are for.
pub const FRONTEND: &str = "https://app.example.test";

/// Whether the environment names no Clerk instance.
#[must_use]
pub fn is_wanted() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    !["CLERK_PUBLISHABLE_KEY", "CLERK_JWT_KEY", "CLERK_SECRET_KEY"]
        .into_iter()
        .any(is_set)
}

/// A test issuer that publishes its keys on loopback.
#[derive(Debug)]
pub struct Demo {
    issuer: TestIssuer,
    key_server: KeyServer,
}

impl Demo {
    /// Makes an issuer and starts its key server.
    ///
    /// # Errors
    ///
    /// Where no port can be had.
    pub async fn start() -> io::Result<Self> {
        // Not `TestIssuer::new()`: its key is known to everyone.
        let issuer = TestIssuer::fresh();
        let key_server = issuer.serve().await?;
        Ok(Self { issuer, key_server })
    }

    /// Fetches the issuer's keys over HTTP, as it would fetch Clerk's.
    ///
    /// # Errors
    ///
    /// None: its set-up is good.
    pub fn verifier(&self) -> Result<Verifier, ConfigError> {
        Verifier::builder()
            .jwks_url(self.key_server.jwks_url())
            .issuer(self.issuer.issuer())
            .authorized_parties([FRONTEND])
            .build()
    }

    /// A good token, long enough to be pasted.
    pub fn token(&self) -> TokenBuilder {
        self.issuer
            .token()
            .user("user_demo")
            .azp(FRONTEND)
            .lifetime(Duration::from_secs(3600))
    }

    /// A token in the issuer's name that is signed with another key.
    pub fn forged(&self) -> TokenBuilder {
        self.token().signed_by(&TestIssuer::fresh())
    }

    /// What to try out, as lines for a shell.
    #[must_use]
    pub fn commands(&self, url: &str) -> String {
        let bearer = |token: TokenBuilder| format!("-H 'Authorization: Bearer {}' ", token.sign());
        let good = bearer(self.token());
        let cookie = format!("-H 'Cookie: __session={}' ", self.token().sign());
        let admin = bearer(self.token().org("org_demo", "admin"));
        let stale = bearer(self.token().factors_verified(Some(30), None));
        let note = r#"-H 'Content-Type: application/json' -d '{"text":"buy milk"}' "#;
        let preflight = format!(
            "-X OPTIONS -H 'Origin: {FRONTEND}' -H 'Access-Control-Request-Method: POST' \
             -H 'Access-Control-Request-Headers: authorization,content-type' "
        );
        let lines = [
            ("200: welcome", String::new(), "/"),
            ("200: hello, stranger", String::new(), "/hello"),
            ("200: hello, user_demo", good.clone(), "/me"),
            ("200: hello, user_demo", cookie, "/me"),
            ("401: token-expired", bearer(self.token().expired()), "/me"),
            ("401: token-invalid-signature", bearer(self.forged()), "/me"),
            ("401: session-token-missing", String::new(), "/me"),
            (
                "200: signed out: session-token-missing",
                String::new(),
                "/whoami",
            ),
            ("201: the note", format!("{good}{note}"), "/api/notes"),
            ("200: all notes of user_demo", good.clone(), "/api/notes"),
            (
                "403: reverification-error, for the sign-in is half an hour old",
                format!("-X DELETE {stale}"),
                "/api/notes",
            ),
            (
                "204: all notes deleted",
                format!("-X DELETE {good}"),
                "/api/notes",
            ),
            ("200: user_demo is an admin of org_demo", admin, "/team"),
            ("403: insufficient-authorization", good, "/team"),
            ("200: the preflight of a browser", preflight, "/api/notes"),
        ];
        let ignored = match env::var_os("CLERK_AUTHORIZED_PARTIES") {
            Some(parties) if !parties.is_empty() => " (and CLERK_AUTHORIZED_PARTIES is ignored)",
            _ => "",
        };
        let mut text = format!(
            "No Clerk keys in the environment{ignored}: {url} trusts a test issuer of its own.\n\
             Its tokens are good for an hour, or until it is stopped. Paste any of these:\n"
        );
        for (expected, options, path) in lines {
            text += &format!("\n# {expected}\ncurl -i {options}{url}{path}\n");
        }
        text
    }
}
