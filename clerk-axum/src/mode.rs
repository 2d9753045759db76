//! The two ways to treat a caller who is not let in.

use clerk_verify::{AuthState, Refused, Requirement, SignedOut};
use http::Response;

/// Whether a layer is lax or strict: [`Lax`] or [`Strict`].
///
/// ```
/// use clerk_axum::{Lax, Mode, Strict};
///
/// fn mode<M: Mode>() {}
/// mode::<Lax>();
/// mode::<Strict>();
/// ```
pub trait Mode: sealed::Sealed {
    /// Why a layer of this kind would not let a request through.
    type Cause;

    /// What a layer of this kind gets for such a request.
    type Answer<B>;

    /// The outcome to go on with, or the response to send instead.
    #[doc(hidden)]
    fn decide<B>(
        state: AuthState,
        requirement: Option<&Requirement>,
        answer: impl FnOnce(&Self::Cause) -> Self::Answer<B>,
    ) -> Result<AuthState, Response<B>>;
}

/// Of [`WithSession`](crate::WithSession): the request of a caller who is [`SignedOut`] goes through, unless there is
/// an answer.
///
/// ```
/// use clerk_axum::{Lax, Mode, SignedOut};
///
/// fn reason<M: Mode<Cause = SignedOut>>(signed_out: &M::Cause) -> &'static str {
///     signed_out.reason().as_str()
/// }
/// # let state = clerk_axum::AuthState::from(clerk_verify::testing::TestIssuer::new().token().expired().session());
/// assert_eq!(reason::<Lax>(state.signed_out().unwrap()), "token-expired");
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Lax {}

/// Of [`RequireSession`](crate::RequireSession): whoever is [`Refused`] gets an answer.
///
/// ```
/// use clerk_axum::{Mode, Refused, Strict};
///
/// fn status<M: Mode<Cause = Refused>>(refused: &M::Cause) -> u16 {
///     refused.refusal().status()
/// }
/// # let state = clerk_axum::AuthState::from(clerk_verify::testing::TestIssuer::new().token().expired().session());
/// assert_eq!(status::<Strict>(&state.check(None).unwrap_err()), 401);
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Strict {}

impl Mode for Lax {
    type Cause = SignedOut;
    type Answer<B> = Option<Response<B>>;

    fn decide<B>(
        state: AuthState,
        _: Option<&Requirement>,
        answer: impl FnOnce(&SignedOut) -> Option<Response<B>>,
    ) -> Result<AuthState, Response<B>> {
        let response = state.signed_out().and_then(answer);
        match (response, state) {
            (Some(mut response), AuthState::SignedOut(signed_out)) => {
                response.extensions_mut().insert(signed_out);
                Err(response)
            }
            (_, state) => Ok(state),
        }
    }
}

impl Mode for Strict {
    type Cause = Refused;
    type Answer<B> = Response<B>;

    fn decide<B>(
        state: AuthState,
        requirement: Option<&Requirement>,
        answer: impl FnOnce(&Refused) -> Response<B>,
    ) -> Result<AuthState, Response<B>> {
        state.check(requirement).map_err(|refused| {
            let mut response = answer(&refused);
            // For layers further out, which may log it or answer otherwise.
            let extensions = response.extensions_mut();
            if let Some(signed_out) = refused.signed_out() {
                extensions.insert(signed_out.clone());
            }
            if let Some(forbidden) = refused.forbidden() {
                extensions.insert(forbidden.clone());
            }
            response
        })
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Lax {}
    impl Sealed for super::Strict {}
}
