//! What happens with a caller who is not let in.

use clerk_verify::{Refused, SignedOut};
use http::Response;

use crate::mode::{Lax, Mode, Strict};

/// What a layer does with a caller who is not let in.
///
/// You rarely name this trait: give [`on_error`](crate::RequireSession::on_error) a closure. It gets the reason
/// ([`Refused`] in a strict layer, [`SignedOut`] in a lax one) and returns nothing (to look on only), or
/// `Option<Response<B>>`, or `Response<B>`.
///
/// ```
/// use axum::{http::StatusCode, response::IntoResponse};
/// use clerk_axum::RequireSession;
/// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
///
/// // Looks on: the usual answer goes out.
/// let layer = RequireSession::new(verifier.clone())
///     .on_error(|refused| eprintln!("{refused}"));
///
/// // Answers itself, but leaves 403 and 503 as they are.
/// let layer = RequireSession::new(verifier).on_error(|refused| {
///     (refused.refusal().status() == 401)
///         .then(|| (StatusCode::UNAUTHORIZED, refused.reason().as_str()).into_response())
/// });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no answer with a body of type `{B}` for a caller who is not let in",
    note = "give `on_error` a closure: `|refused| …` that returns `()`, \
            `Option<http::Response<{B}>>` or `http::Response<{B}>`",
    note = "where the service's body can't be made from a `String`, as in tonic, a strict layer needs a closure \
            that returns `http::Response<{B}>`"
)]
pub trait OnError<M: Mode, B> {
    /// The answer, in the form that this kind of layer needs.
    fn answer(&self, cause: &M::Cause) -> M::Answer<B>;
}

/// A strict layer answers as [`Refused::refusal`] says; a lax one lets the request through.
///
/// ```
/// use clerk_axum::{DefaultAnswer, RequireSession};
///
/// fn plain(layer: RequireSession) -> RequireSession<DefaultAnswer> {
///     layer
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultAnswer;

impl<B: From<String>> OnError<Strict, B> for DefaultAnswer {
    fn answer(&self, refused: &Refused) -> Response<B> {
        refused.refusal().into()
    }
}

impl<B> OnError<Lax, B> for DefaultAnswer {
    fn answer(&self, _: &SignedOut) -> Option<Response<B>> {
        None
    }
}

impl<M, B, F, A> OnError<M, B> for F
where
    M: Mode,
    F: Fn(&M::Cause) -> A,
    A: Answer<M, B>,
{
    fn answer(&self, cause: &M::Cause) -> M::Answer<B> {
        self(cause).complete(cause)
    }
}

/// What a closure for `on_error` may return: `()`, `Option<Response<B>>` or `Response<B>`.
///
/// ```
/// use clerk_axum::{Answer, Lax};
/// use http::Response;
/// # let signed_out = clerk_verify::AuthState::from(
/// #     clerk_verify::testing::TestIssuer::new().token().expired().session(),
/// # ).into_session().unwrap_err();
///
/// let response = Response::new("mine".to_owned());
/// let answer: Option<Response<String>> = Answer::<Lax, String>::complete(response, &signed_out);
/// assert!(answer.is_some());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no answer with a body of type `{B}` for a caller who is not let in",
    note = "return `()`, `Option<http::Response<{B}>>` or `http::Response<{B}>` from the closure (axum: \
            `.into_response()`)",
    note = "where the service's body can't be made from a `String`, as in tonic, the closure of a strict layer \
            must return `http::Response<{B}>`"
)]
pub trait Answer<M: Mode, B> {
    /// The answer in the form that this kind of layer needs; a strict one falls back on the usual.
    fn complete(self, cause: &M::Cause) -> M::Answer<B>;
}

impl<B> Answer<Lax, B> for () {
    fn complete(self, _: &SignedOut) -> Option<Response<B>> {
        None
    }
}

impl<B> Answer<Lax, B> for Option<Response<B>> {
    fn complete(self, _: &SignedOut) -> Option<Response<B>> {
        self
    }
}

impl<B> Answer<Lax, B> for Response<B> {
    fn complete(self, _: &SignedOut) -> Option<Response<B>> {
        Some(self)
    }
}

impl<B: From<String>> Answer<Strict, B> for () {
    fn complete(self, refused: &Refused) -> Response<B> {
        refused.refusal().into()
    }
}

impl<B: From<String>> Answer<Strict, B> for Option<Response<B>> {
    fn complete(self, refused: &Refused) -> Response<B> {
        self.unwrap_or_else(|| refused.refusal().into())
    }
}

impl<B> Answer<Strict, B> for Response<B> {
    fn complete(self, _: &Refused) -> Response<B> {
        self
    }
}
