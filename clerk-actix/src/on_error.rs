//! What happens with a caller who is signed out.

use actix_web::HttpResponse;
use clerk_verify::SignedOut;

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
///     .on_error(|signed_out| eprintln!("{signed_out}"));
///
/// // Answers itself.
/// let middleware = RequireSession::new(verifier)
///     .on_error(|signed_out| HttpResponse::Unauthorized().body(signed_out.reason().as_str()));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no answer for a caller who is signed out",
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

/// What a middleware has until it is given a closure: the usual answer goes out.
///
/// ```
/// use clerk_actix::{DefaultAnswer, RequireSession};
///
/// fn plain(middleware: RequireSession) -> RequireSession<DefaultAnswer> {
///     middleware
/// }
/// ```
pub type DefaultAnswer = fn(&SignedOut);
