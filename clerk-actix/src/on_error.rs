//! What happens with a caller who is not let in.

use actix_web::HttpResponse;

/// What a closure for [`on_error`](crate::RequireSession::on_error) may return: nothing (it looks on only),
/// `Option<HttpResponse>`, or `HttpResponse`.
///
/// ```
/// use actix_web::HttpResponse;
/// use clerk_actix::RequireSession;
/// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
///
/// // Looks on: the usual answer goes out.
/// let middleware = RequireSession::new(verifier.clone())
///     .on_error(|refused| eprintln!("{refused}"));
///
/// // Answers itself, but leaves 403 and 503 as they are.
/// let middleware = RequireSession::new(verifier).on_error(|refused| {
///     (refused.refusal().status() == 401)
///         .then(|| HttpResponse::Unauthorized().body(refused.reason().as_str()))
/// });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no answer for a caller who is not let in",
    note = "return `()`, `Option<HttpResponse>` or `HttpResponse` from the closure"
)]
pub trait Answer {
    /// The response, if there is one.
    fn given(self) -> Option<HttpResponse>;
}

impl Answer for HttpResponse {
    fn given(self) -> Option<HttpResponse> {
        Some(self)
    }
}

impl Answer for Option<HttpResponse> {
    fn given(self) -> Option<HttpResponse> {
        self
    }
}

impl Answer for () {
    fn given(self) -> Option<HttpResponse> {
        None
    }
}

/// What a middleware has until it is given a closure: the usual answer goes out. `C` is why a caller is not let in:
/// [`Refused`](crate::Refused) in a strict middleware, [`SignedOut`](crate::SignedOut) in a lax one.
///
/// ```
/// use clerk_actix::{DefaultAnswer, Refused, RequireSession};
///
/// fn plain(middleware: RequireSession) -> RequireSession<DefaultAnswer<Refused>> {
///     middleware
/// }
/// ```
pub type DefaultAnswer<C> = fn(&C);
