//! Where keys are fetched from, and as whom.

use http::HeaderValue;
use url::Url;

/// One address, fixed when the verifier is built. Nothing in a token ever changes it.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) url: Url,
    /// `Bearer <secret key>`, marked sensitive: its `Debug` shows nothing.
    pub(crate) authorization: Option<HeaderValue>,
    /// Where the URL is that of an OpenID configuration, which names the one of the keys: the issuers of which it
    /// must name one.
    pub(crate) discovery: Option<Vec<String>>,
}

impl Endpoint {
    /// A JWK Set that anybody may fetch.
    pub(crate) fn public(url: Url) -> Self {
        Self {
            url,
            authorization: None,
            discovery: None,
        }
    }

    /// What names it in logs and events: neither query nor secret.
    pub(super) fn label(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.into()
    }
}
