//! One fetch of a JWK Set over HTTP.

use std::{error::Error, sync::Arc, time::Duration};

use reqwest::{
    Client, Response, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, HeaderValue, RETRY_AFTER},
    redirect::Policy,
};

use super::JwksOptions;
use crate::{
    algorithm::Algorithm,
    keys::{
        jwk::{self, SetProblem},
        key_set::KeySet,
    },
};

/// Where keys are fetched from, and as whom.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) url: Url,
    /// `Bearer <secret key>`, marked sensitive: its `Debug` shows nothing.
    pub(crate) authorization: Option<HeaderValue>,
}

impl Endpoint {
    /// One that anybody may ask.
    pub(crate) fn public(url: Url) -> Self {
        Self {
            url,
            authorization: None,
        }
    }
}

/// The client that is used for this endpoint unless the user gives one.
pub(crate) fn default_client(
    endpoint: &Endpoint,
    options: &JwksOptions,
) -> Result<Client, reqwest::Error> {
    let builder = if endpoint.url.scheme() == "http" {
        // Allowed because nothing leaves this machine; a proxy would make it leave.
        Client::builder().no_proxy()
    } else {
        Client::builder()
    };
    builder
        .connect_timeout(options.connect_timeout)
        // One fetch in minutes gains nothing from a kept connection, which would belong to the runtime of
        // the request that opened it.
        .pool_max_idle_per_host(0)
        .redirect(Policy::none())
        .timeout(options.timeout)
        .user_agent(concat!("clerk-verify/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Fetches the set. Whatever is not a set with a usable key is a failure, whole.
pub(crate) async fn fetch(
    client: &Client,
    endpoint: &Endpoint,
    options: &JwksOptions,
    algorithms: &[Algorithm],
) -> Result<KeySet, FetchFailure> {
    let mut request = client
        .get(endpoint.url.clone())
        .header(ACCEPT, "application/json")
        .timeout(options.timeout);
    if let Some(authorization) = &endpoint.authorization {
        request = request.header(AUTHORIZATION, authorization.clone());
    }
    let response = request.send().await.map_err(FetchFailure::transport)?;
    check_answer(&response, endpoint)?;
    let body = read_body(response, options.max_body_bytes).await?;
    let text = std::str::from_utf8(&body).map_err(|_| FetchFailure::Set(SetProblem::NoSet))?;
    jwk::parse_set(text, algorithms, options.max_keys).map_err(FetchFailure::Set)
}

/// Why a fetch brought no keys. No text of the answer is in it, and no secret.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum FetchFailure {
    #[error("{}", describe(.0.as_ref()))]
    Transport(#[source] Arc<reqwest::Error>),
    #[error("the key server answered with status {status}")]
    Status {
        status: u16,
        retry_after: Option<Duration>,
    },
    #[error("the Backend API refused the secret key with status {status}")]
    SecretKey { status: u16 },
    #[error("the key server redirected to another address, which is not followed")]
    Redirected,
    #[error("the key server's answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the key server sent {0}")]
    Set(SetProblem),
    #[error("the fetch was cut off: the runtime that it ran in has ended")]
    Cancelled,
    #[error("the fetch panicked")]
    Panicked,
}

impl FetchFailure {
    fn transport(error: reqwest::Error) -> Self {
        Self::Transport(Arc::new(error.without_url()))
    }

    /// How long the server asked us to stay away.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// The error with its causes: reqwest's own text is only "error sending request".
fn describe(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

fn check_answer(response: &Response, endpoint: &Endpoint) -> Result<(), FetchFailure> {
    let status = response.status();
    let redirects = status.is_redirection() && status != StatusCode::NOT_MODIFIED;
    if redirects || *response.url() != endpoint.url {
        return Err(FetchFailure::Redirected);
    }
    if endpoint.authorization.is_some()
        && matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    {
        return Err(FetchFailure::SecretKey {
            status: status.as_u16(),
        });
    }
    if status != StatusCode::OK {
        return Err(FetchFailure::Status {
            status: status.as_u16(),
            retry_after: retry_after(response),
        });
    }
    Ok(())
}

/// `Retry-After` in seconds; the form with a date is rare and left to the backoff.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

async fn read_body(mut response: Response, limit: usize) -> Result<Vec<u8>, FetchFailure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(FetchFailure::transport)? {
        if body.len() + chunk.len() > limit {
            return Err(FetchFailure::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
