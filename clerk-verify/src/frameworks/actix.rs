//! Extractors and responses for actix-web.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError, dev::Payload,
    http::StatusCode,
};

use super::{MissingLayer, SessionRejection, rejection::claims_body};
use crate::{
    auth_state::{AuthState, SignedOut},
    authorization::Forbidden,
    claims::ClaimsError,
    error::VerifyError,
    refusal::Refusal,
    refused::Refused,
    session::Session,
};

const REMEDY: &str = "`.wrap(clerk_actix::WithSession::new(verifier))` (or `RequireSession`) to the app or \
                      scope";

/// The outcome for the request, signed in or out. Needs one of the middlewares; answers 500 without.
impl FromRequest for AuthState {
    type Error = SessionRejection;
    type Future = Ready<Result<Self, SessionRejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(state(request))
    }
}

/// The session. Answers as [`Refusal`] says for a caller who is signed out, and 500 without a middleware.
///
/// `Option<Session>` is actix-web's own extractor: it is `None` for every caller who is signed out, but also
/// where there is no middleware (which is logged as an error). actix-web logs the failure it swallows at debug.
impl FromRequest for Session {
    type Error = SessionRejection;
    type Future = Ready<Result<Self, SessionRejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(state(request).and_then(|state| Ok(state.into_session()?)))
    }
}

fn state(request: &HttpRequest) -> Result<AuthState, SessionRejection> {
    request
        .extensions()
        .get::<AuthState>()
        .cloned()
        .ok_or_else(|| SessionRejection::MissingLayer(MissingLayer::found(REMEDY)))
}

impl From<Refusal> for HttpResponse {
    fn from(refusal: Refusal) -> Self {
        let mut response = Self::build(status(&refusal));
        for header in refusal.headers() {
            response.insert_header(header);
        }
        response.body(refusal.body())
    }
}

impl ResponseError for VerifyError {
    fn status_code(&self) -> StatusCode {
        status(&self.refusal())
    }

    fn error_response(&self) -> HttpResponse {
        SignedOut::from(self.clone()).error_response()
    }
}

/// The refusal; the reason goes along in the response's extensions for middleware further out.
impl ResponseError for SignedOut {
    fn status_code(&self) -> StatusCode {
        status(&self.refusal())
    }

    fn error_response(&self) -> HttpResponse {
        with_cause(self.refusal(), self.clone())
    }
}

/// The refusal; what is missing goes along in the response's extensions for middleware further out.
impl ResponseError for Forbidden {
    fn status_code(&self) -> StatusCode {
        status(&self.refusal())
    }

    fn error_response(&self) -> HttpResponse {
        with_cause(self.refusal(), self.clone())
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        status(&self.refusal())
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::SignedOut(signed_out) => signed_out.error_response(),
            Self::Forbidden(forbidden) => forbidden.error_response(),
        }
    }
}

impl ResponseError for MissingLayer {
    fn error_response(&self) -> HttpResponse {
        own_mistake(self.body())
    }
}

/// 500, and an error in the log: the type and the dashboard do not agree, which is not the caller's fault.
impl ResponseError for ClaimsError {
    fn error_response(&self) -> HttpResponse {
        own_mistake(claims_body(self))
    }
}

fn own_mistake(body: String) -> HttpResponse {
    HttpResponse::InternalServerError()
        .content_type("application/json")
        .insert_header(("cache-control", "no-store"))
        .body(body)
}

impl ResponseError for SessionRejection {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignedOut(signed_out) => signed_out.status_code(),
            Self::Forbidden(forbidden) => forbidden.status_code(),
            Self::MissingLayer(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::SignedOut(signed_out) => signed_out.error_response(),
            Self::Forbidden(forbidden) => forbidden.error_response(),
            Self::MissingLayer(missing) => missing.error_response(),
        }
    }
}

fn with_cause<C: 'static>(refusal: Refusal, cause: C) -> HttpResponse {
    let mut response = HttpResponse::from(refusal);
    response.extensions_mut().insert(cause);
    response
}

fn status(refusal: &Refusal) -> StatusCode {
    StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNAUTHORIZED)
}
