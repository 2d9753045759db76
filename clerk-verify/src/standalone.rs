//! `verify_token` without a verifier at hand.

use std::sync::OnceLock;

use crate::{
    error::{ConfigError, Kind, VerifyError},
    session::Session,
    verifier::Verifier,
};

/// Verifies a token with the verifier that the environment describes.
///
/// The verifier is made at the first call, as [`Verifier::from_env`] makes it, and serves the whole process.
/// A program that can should build its own and see a mistake in the set-up when it starts.
///
/// # Errors
///
/// [`VerifyError`] for a token that is not accepted. A mistake in the environment fails every call with the
/// reason `jwk-failed-to-resolve`; its `source()` is the [`ConfigError`].
///
/// ```no_run
/// # async fn f(token: &str) -> Result<(), clerk_verify::VerifyError> {
/// let session = clerk_verify::verify_token(token).await?;
/// println!("{} is calling", session.user_id());
/// # Ok(())
/// # }
/// ```
pub async fn verify_token(token: &str) -> Result<Session, VerifyError> {
    static VERIFIER: OnceLock<Result<Verifier, ConfigError>> = OnceLock::new();
    match VERIFIER.get_or_init(Verifier::from_env) {
        Ok(verifier) => verifier.verify_token(token).await,
        Err(error) => Err(Kind::NotConfigured(error.clone()).into()),
    }
}
