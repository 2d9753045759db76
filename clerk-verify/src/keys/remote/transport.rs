//! The way to the key server, which a user may replace.

use std::{error::Error, fmt, future::Future, pin::Pin, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue};

/// What carries a request for keys to the key server: a transport of your own in place of reqwest.
///
/// It only carries. Time limits, retries, caching, and what counts as a good answer are the key source's: a
/// fetch that takes too long is dropped, one that panics has failed. Two rules are the transport's: it must **not
/// follow redirects**, and it should stop reading at [`max_body_bytes`](FetchRequest::max_body_bytes).
///
/// ```
/// use clerk_verify::{FetchError, FetchRequest, FetchResponse, Fetcher, Verifier, testing::TestIssuer};
///
/// /// Keys that another part of the program keeps at hand.
/// struct FromMemory(String);
///
/// impl Fetcher for FromMemory {
///     async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
///         assert_eq!(request.url(), "https://clerk.example.com/.well-known/jwks.json");
///         Ok(FetchResponse::new(200, self.0.clone()).with_header("cache-control", "max-age=300"))
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let issuer = TestIssuer::new();
/// let verifier = Verifier::builder()
///     .publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k")
///     .issuer(issuer.issuer())
///     .fetcher(FromMemory(issuer.jwks_json()))
///     .build()
///     .unwrap();
/// assert!(verifier.verify_token(&issuer.token().sign()).await.is_ok());
/// # });
/// ```
pub trait Fetcher: Send + Sync + 'static {
    /// Sends a `GET` request and reads the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// [`FetchError`] where there is no answer.
    fn fetch(
        &self,
        request: FetchRequest,
    ) -> impl Future<Output = Result<FetchResponse, FetchError>> + Send;
}

impl<F: Fetcher> Fetcher for Arc<F> {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        (**self).fetch(request).await
    }
}

/// [`Fetcher`] as a trait object.
pub(crate) trait AnyFetcher: Send + Sync {
    fn fetch_boxed(&self, request: FetchRequest) -> FetchFuture<'_>;
}

type FetchFuture<'a> = Pin<Box<dyn Future<Output = Result<FetchResponse, FetchError>> + Send + 'a>>;

impl<F: Fetcher> AnyFetcher for F {
    fn fetch_boxed(&self, request: FetchRequest) -> FetchFuture<'_> {
        Box::pin(self.fetch(request))
    }
}

/// A `GET` request for keys.
///
/// ```
/// use clerk_verify::FetchRequest;
///
/// fn print(request: &FetchRequest) {
///     println!("GET {}", request.url());
///     for (name, value) in request.headers() {
///         println!("{name}: {} bytes", value.len());
///     }
/// }
/// ```
#[derive(Clone)]
pub struct FetchRequest {
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) max_body_bytes: usize,
}

impl FetchRequest {
    /// A request for this URL, for tests of a [`Fetcher`]; with the default size limit of 512 KiB.
    ///
    /// ```
    /// # use clerk_verify::FetchRequest;
    /// let request = FetchRequest::new("https://clerk.example.com/.well-known/jwks.json")
    ///     .with_header("cache-control", "no-cache");
    /// assert_eq!(request.headers().count(), 1);
    /// ```
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            headers: HeaderMap::new(),
            max_body_bytes: 512 * 1024,
        }
    }

    /// Adds a header, for a [`Fetcher`] that passes the request on. One that is no header (RFC 9110 §5) is left out.
    ///
    /// ```
    /// # use clerk_verify::FetchRequest;
    /// fn traced(request: FetchRequest) -> FetchRequest {
    ///     request.with_header("x-request-id", "1")
    /// }
    /// ```
    #[must_use]
    pub fn with_header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        append(&mut self.headers, name.as_ref(), value.as_ref());
        self
    }

    /// The URL, exactly as configured or discovered: nothing from a token is ever in it.
    ///
    /// ```
    /// # use clerk_verify::FetchRequest;
    /// fn is_encrypted(request: &FetchRequest) -> bool {
    ///     request.url().starts_with("https://")
    /// }
    /// ```
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The headers to send, names in lower case. `authorization` carries the secret key where there is one: do
    /// not log it.
    ///
    /// ```
    /// # use clerk_verify::FetchRequest;
    /// fn wants_no_cache(request: &FetchRequest) -> bool {
    ///     request.headers().any(|header| header == ("cache-control", b"no-cache"))
    /// }
    /// ```
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        pairs(&self.headers)
    }

    /// The largest body that is of use, in bytes. A larger one is refused, so there is no need to read on.
    ///
    /// ```
    /// # use clerk_verify::FetchRequest;
    /// fn buffer(request: &FetchRequest) -> Vec<u8> {
    ///     Vec::with_capacity(request.max_body_bytes().min(4096))
    /// }
    /// ```
    #[must_use]
    pub fn max_body_bytes(&self) -> usize {
        self.max_body_bytes
    }
}

/// Shows no header values, and not the URL's query.
impl fmt::Debug for FetchRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchRequest")
            .field("url", &self.url.split('?').next())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("max_body_bytes", &self.max_body_bytes)
            .finish()
    }
}

/// The key server's answer.
///
/// ```
/// use clerk_verify::FetchResponse;
///
/// let answer = FetchResponse::new(503, "").with_header("retry-after", "120");
/// assert_eq!(answer.status(), 503);
/// ```
#[derive(Clone)]
pub struct FetchResponse {
    status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl FetchResponse {
    /// An answer with this status and body, decompressed if it was compressed.
    ///
    /// ```
    /// # use clerk_verify::FetchResponse;
    /// let answer = FetchResponse::new(200, r#"{"keys":[]}"#);
    /// ```
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }

    /// Adds a header. Of use are `cache-control`, `age`, `date`, `expires`, `etag`, `last-modified`, `retry-after` and
    /// `content-type`. One that is no header (RFC 9110 §5) is left out.
    ///
    /// ```
    /// # use clerk_verify::FetchResponse;
    /// let answer = FetchResponse::new(304, "").with_header("etag", "\"1\"");
    /// ```
    #[must_use]
    pub fn with_header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        append(&mut self.headers, name.as_ref(), value.as_ref());
        self
    }

    /// The headers, names in lower case.
    ///
    /// ```
    /// # use clerk_verify::FetchResponse;
    /// let answer = FetchResponse::new(304, "").with_header("ETag", "\"1\"");
    /// assert_eq!(answer.headers().next(), Some(("etag", &b"\"1\""[..])));
    /// ```
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        pairs(&self.headers)
    }

    /// The body.
    ///
    /// ```
    /// # use clerk_verify::FetchResponse;
    /// assert_eq!(FetchResponse::new(200, "{}").body(), b"{}");
    /// ```
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The status.
    ///
    /// ```
    /// # use clerk_verify::FetchResponse;
    /// assert_eq!(FetchResponse::new(204, "").status(), 204);
    /// ```
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }
}

/// Shows the length of the body, not its text.
impl fmt::Debug for FetchResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchResponse")
            .field("status", &self.status)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_len", &self.body.len())
            .finish()
    }
}

fn append(headers: &mut HeaderMap, name: &str, value: &[u8]) {
    let name = HeaderName::from_bytes(name.as_bytes());
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
        headers.append(name, value);
    }
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
}

/// There was no answer. Its text and those of its causes stand in logs: no secrets in them.
///
/// ```
/// use std::io;
/// use clerk_verify::FetchError;
///
/// let error = FetchError::new(io::Error::from(io::ErrorKind::ConnectionRefused));
/// assert!(error.to_string().contains("connection refused"));
/// ```
#[derive(Clone, Debug)]
pub struct FetchError {
    cause: Arc<dyn Error + Send + Sync>,
    is_connect: bool,
}

impl FetchError {
    /// An error with this cause.
    ///
    /// ```
    /// # use clerk_verify::FetchError;
    /// assert_eq!(FetchError::new("the tunnel is closed").to_string(), "the tunnel is closed");
    /// ```
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            cause: Arc::from(cause.into()),
            is_connect: false,
        }
    }

    /// Says that the server was not reached at all: while there are no keys, it is tried again at once.
    ///
    /// ```
    /// # use clerk_verify::FetchError;
    /// assert!(FetchError::new("connection refused").not_reached().is_not_reached());
    /// ```
    #[must_use]
    pub fn not_reached(mut self) -> Self {
        self.is_connect = true;
        self
    }

    /// Whether the server was not reached at all.
    ///
    /// ```
    /// # use clerk_verify::FetchError;
    /// assert!(!FetchError::new("connection reset").is_not_reached());
    /// ```
    #[must_use]
    pub fn is_not_reached(&self) -> bool {
        self.is_connect
    }
}

/// The error with its causes: the outermost text alone often says nothing.
impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.cause, f)?;
        let mut cause = self.cause.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl Error for FetchError {}
