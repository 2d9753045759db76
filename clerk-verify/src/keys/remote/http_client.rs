//! The transport that comes with the crate: reqwest.

use reqwest::{Client, Response, redirect::Policy};
use url::Url;

use super::{
    JwksOptions,
    transport::{FetchError, FetchRequest, FetchResponse, Fetcher},
};

/// A client of the user's, or one with the limits of the options.
pub(crate) struct HttpClient(pub(crate) Client);

impl HttpClient {
    /// The client that is used for this URL unless the user gives one.
    pub(crate) fn for_url(url: &Url, options: &JwksOptions) -> Result<Self, reqwest::Error> {
        let builder = if url.scheme() == "http" {
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
            // A key set is small; what can't be inflated is no bomb.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .user_agent(concat!("clerk-verify/", env!("CARGO_PKG_VERSION")))
            .build()
            .map(Self)
    }
}

impl Fetcher for HttpClient {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        let response = self
            .0
            .get(request.url())
            .headers(request.headers.clone())
            .send()
            .await
            .map_err(failed)?;
        // A user's own client may follow redirects, and then it has asked elsewhere.
        if response.url().as_str() != request.url() {
            return Err(FetchError::new(
                "the key server redirected to another address, which is not followed",
            ));
        }
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = read(response, request.max_body_bytes()).await?;
        let mut answer = FetchResponse::new(status, body);
        answer.headers = headers;
        Ok(answer)
    }
}

/// Reads up to the limit and one chunk more, which tells that there is more.
async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        let room = limit.saturating_add(1).saturating_sub(body.len());
        body.extend(chunk.iter().take(room));
        if body.len() > limit {
            break;
        }
    }
    Ok(body)
}

fn failed(error: reqwest::Error) -> FetchError {
    let not_reached = error.is_connect();
    let error = FetchError::new(error.without_url());
    if not_reached {
        error.not_reached()
    } else {
        error
    }
}
