//! What happens with a caller who is signed out.

use clerk_verify::SignedOut;
use http::{HeaderName, HeaderValue, Response, StatusCode};

/// What a layer does when the caller is signed out.
///
/// You rarely name this trait: give [`on_error`](crate::RequireSession::on_error) a closure. It gets the
/// [`SignedOut`] and returns nothing (to look on only), or `Option<Response<B>>`, or `Response<B>`.
///
/// ```
/// use axum::{http::StatusCode, response::IntoResponse};
/// use clerk_axum::{RequireSession, SignedOut, WithSession};
/// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
///
/// // Looks on: the usual answer goes out.
/// let layer = RequireSession::new(verifier.clone())
///     .on_error(|signed_out: &SignedOut| eprintln!("{}", signed_out.reason()));
///
/// // Answers itself.
/// let layer = RequireSession::new(verifier).on_error(|signed_out: &SignedOut| {
///     (StatusCode::UNAUTHORIZED, signed_out.reason().as_str()).into_response()
/// });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no answer with a body of type `{B}` for a caller who is signed out",
    note = "give `on_error` a closure: `|signed_out: &SignedOut| …` that returns `()`, \
            `Option<http::Response<{B}>>` or `http::Response<{B}>`",
    note = "where the service's body can't be made from a `String`, as in tonic, only a closure that returns \
            `http::Response<{B}>` will do"
)]
pub trait OnError<B> {
    /// The answer of a strict layer.
    fn refuse(&self, signed_out: &SignedOut) -> Response<B>;

    /// The answer of a lax layer, or `None` to let the request through.
    fn observe(&self, signed_out: &SignedOut) -> Option<Response<B>>;
}

/// The answer that [`SignedOut::refusal`] describes; lax layers let the request through.
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

impl<B: From<String>> OnError<B> for DefaultAnswer {
    fn refuse(&self, signed_out: &SignedOut) -> Response<B> {
        let refusal = signed_out.refusal();
        let mut response = Response::new(B::from(refusal.body()));
        *response.status_mut() =
            StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNAUTHORIZED);
        for (name, value) in refusal.headers() {
            if let Ok(value) = HeaderValue::try_from(value) {
                response
                    .headers_mut()
                    .insert(HeaderName::from_static(name), value);
            }
        }
        response
    }

    fn observe(&self, _: &SignedOut) -> Option<Response<B>> {
        None
    }
}

impl<B, F, A> OnError<B> for F
where
    F: Fn(&SignedOut) -> A,
    A: Answer<B>,
{
    fn refuse(&self, signed_out: &SignedOut) -> Response<B> {
        self(signed_out).or_default(signed_out)
    }

    fn observe(&self, signed_out: &SignedOut) -> Option<Response<B>> {
        self(signed_out).given()
    }
}

/// What a closure for `on_error` may return: `()`, `Option<Response<B>>` or `Response<B>`.
///
/// ```
/// use clerk_axum::Answer;
/// use http::Response;
///
/// let given: Option<Response<String>> = Response::new(String::new()).given();
/// assert!(given.is_some());
/// let given: Option<Response<String>> = ().given();
/// assert!(given.is_none());
/// ```
pub trait Answer<B> {
    /// The response, if there is one.
    fn given(self) -> Option<Response<B>>;

    /// The response, or the usual one.
    fn or_default(self, signed_out: &SignedOut) -> Response<B>;
}

impl<B> Answer<B> for Response<B> {
    fn given(self) -> Option<Response<B>> {
        Some(self)
    }

    fn or_default(self, _: &SignedOut) -> Response<B> {
        self
    }
}

impl<B: From<String>> Answer<B> for Option<Response<B>> {
    fn given(self) -> Option<Response<B>> {
        self
    }

    fn or_default(self, signed_out: &SignedOut) -> Response<B> {
        self.unwrap_or_else(|| DefaultAnswer.refuse(signed_out))
    }
}

impl<B: From<String>> Answer<B> for () {
    fn given(self) -> Option<Response<B>> {
        None
    }

    fn or_default(self, signed_out: &SignedOut) -> Response<B> {
        DefaultAnswer.refuse(signed_out)
    }
}
