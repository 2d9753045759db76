//! The one key and the tokens that all contestants get.

use std::time::Duration;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use clerk_verify::testing::TestIssuer;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Result;

/// Far longer than a run takes.
const LIFETIME: Duration = Duration::from_secs(3600);

/// `sub` of the tokens.
pub(crate) const SUBJECT: &str = "user_2wQkZbVhT9mYx4RcN7pLsJ0fDgA";

pub(crate) struct Material {
    pub(crate) issuer: TestIssuer,
    /// A session token as Clerk makes them, with two claims of the application's own.
    pub(crate) token: String,
    /// The same with an active organization, its features and permissions.
    pub(crate) organization_token: String,
    /// The first with another signature.
    pub(crate) tampered: String,
}

/// The claims of a session token, for libraries that leave them to their users.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct SessionClaims {
    pub(crate) azp: Option<String>,
    pub(crate) email: String,
    pub(crate) exp: i64,
    pub(crate) fea: Option<String>,
    pub(crate) fva: Option<[i64; 2]>,
    pub(crate) iat: i64,
    pub(crate) iss: String,
    pub(crate) jti: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) nbf: i64,
    pub(crate) pla: Option<String>,
    pub(crate) sid: String,
    pub(crate) sts: Option<String>,
    pub(crate) sub: String,
    pub(crate) v: Option<u8>,
}

/// What the application has put into its tokens.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Metadata {
    pub(crate) onboarded: bool,
}

impl Material {
    pub(crate) fn new() -> Result<Self> {
        let issuer = TestIssuer::new();
        let session = issuer
            .token()
            .user(SUBJECT)
            .session_id("sess_2wQkZdMn8sVt5YbXr1LpKcH3jUe")
            .claim("email", "ada.lovelace@analytical.example.com")
            .claim("metadata", json!({ "onboarded": true }))
            .features(["u:dashboard"])
            .plans(["u:free_user"])
            .lifetime(LIFETIME);
        let token = session.sign();
        let organization_token = session
            .org("org_2wQkZf7TgBq0WzNx6MhRvPa9sLd", "admin")
            .org_slug("acme-incorporated")
            .features(["o:dashboard", "o:invoices", "o:teams", "u:beta"])
            .permissions([
                "org:invoices:read",
                "org:invoices:create",
                "org:teams:read",
                "org:teams:manage",
            ])
            .sign();
        Ok(Self {
            tampered: tampered(&token)?,
            issuer,
            token,
            organization_token,
        })
    }

    /// The public key as DER.
    pub(crate) fn public_der(&self) -> Result<Vec<u8>> {
        let pem = self.issuer.public_pem();
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        Ok(STANDARD.decode(body)?)
    }
}

/// What is signed, and the signature's bytes.
pub(crate) fn split(token: &str) -> Result<(&str, Vec<u8>)> {
    let (signed, signature) = token.rsplit_once('.').ok_or("a token has three parts")?;
    Ok((signed, URL_SAFE_NO_PAD.decode(signature)?))
}

fn tampered(token: &str) -> Result<String> {
    let (signed, mut signature) = split(token)?;
    if let Some(byte) = signature.get_mut(100) {
        *byte ^= 1;
    }
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
