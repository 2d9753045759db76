//! actix-web's header map (http 0.2), as the core reads headers.

use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue};
use clerk_verify::RequestHeaders;

/// The headers of a request.
pub(crate) struct Headers<'a>(pub(crate) &'a HeaderMap);

impl RequestHeaders for Headers<'_> {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.get_all(name).map(HeaderValue::as_bytes)
    }
}

/// Keeps tokens out of the `Debug` output of the headers, and so out of the logs of services behind us.
pub(crate) fn hide_credentials(headers: &mut HeaderMap) {
    for name in [AUTHORIZATION, COOKIE] {
        // The map lends no more than the first of several values.
        let values: Vec<HeaderValue> = headers.remove(&name).collect();
        for mut value in values {
            value.set_sensitive(true);
            headers.append(name.clone(), value);
        }
    }
}
