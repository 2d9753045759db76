//! Responses in the types of `http` 1.x.

use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::refusal::Refusal;

/// The refusal with any body that can be made from a `String`.
impl<B: From<String>> From<Refusal> for Response<B> {
    fn from(refusal: Refusal) -> Self {
        let mut response = Self::new(B::from(refusal.body()));
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
}
