//! Extractors and responses for axum (and whatever else speaks axum-core).

use axum_core::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header, request::Parts};

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

const REMEDY: &str = "`.layer(clerk_axum::WithSession::new(verifier))` (or `RequireSession`) to the router, \
                      after its routes";

/// The outcome for the request, signed in or out. Needs one of the layers; answers 500 without.
impl<S: Send + Sync> FromRequestParts<S> for AuthState {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        state(parts)
    }
}

/// The session. Answers as [`Refusal`] says for a caller who is signed out, and 500 without a layer.
impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(state(parts)?.into_session()?)
    }
}

/// The session, `None` for every caller who is signed out, whatever the reason. Answers 500 without a layer.
impl<S: Send + Sync> OptionalFromRequestParts<S> for Session {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(state(parts)?.into_session().ok())
    }
}

fn state(parts: &Parts) -> Result<AuthState, SessionRejection> {
    parts
        .extensions
        .get::<AuthState>()
        .cloned()
        .ok_or_else(|| SessionRejection::MissingLayer(MissingLayer::found(REMEDY)))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.into()
    }
}

impl IntoResponse for VerifyError {
    fn into_response(self) -> Response {
        SignedOut::from(self).into_response()
    }
}

/// The refusal; the reason goes along in the response's extensions for layers further out.
impl IntoResponse for SignedOut {
    fn into_response(self) -> Response {
        let mut response = self.refusal().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The refusal; what is missing goes along in the response's extensions for layers further out.
impl IntoResponse for Forbidden {
    fn into_response(self) -> Response {
        let mut response = self.refusal().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::SignedOut(signed_out) => signed_out.into_response(),
            Self::Forbidden(forbidden) => forbidden.into_response(),
        }
    }
}

impl IntoResponse for MissingLayer {
    fn into_response(self) -> Response {
        own_mistake(self.body())
    }
}

/// 500, and an error in the log: the type and the dashboard do not agree, which is not the caller's fault.
impl IntoResponse for ClaimsError {
    fn into_response(self) -> Response {
        own_mistake(claims_body(&self))
    }
}

fn own_mistake(body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (StatusCode::INTERNAL_SERVER_ERROR, headers, body).into_response()
}

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        match self {
            Self::SignedOut(signed_out) => signed_out.into_response(),
            Self::Forbidden(forbidden) => forbidden.into_response(),
            Self::MissingLayer(missing) => missing.into_response(),
        }
    }
}
