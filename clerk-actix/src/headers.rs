//! actix-web's header map (http 0.2), as the core reads headers.

use actix_web::http::header::{HeaderMap, HeaderValue};
use clerk_verify::RequestHeaders;

/// The headers of a request.
pub(crate) struct Headers<'a>(pub(crate) &'a HeaderMap);

impl RequestHeaders for Headers<'_> {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.get_all(name).map(HeaderValue::as_bytes)
    }
}
