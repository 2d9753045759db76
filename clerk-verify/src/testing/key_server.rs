//! A key server on loopback.

use std::{
    convert::Infallible,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    HeaderMap, Request, Response, StatusCode, body::Incoming, header, server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use super::TestIssuer;

/// A server on 127.0.0.1 that publishes an issuer's keys at every path.
///
/// It runs until [`shut_down`](KeyServer::shut_down), or until it and the issuer that started it are dropped. It
/// counts what it is asked and can be told to misbehave. Clones are the same server.
///
/// ```
/// use clerk_verify::{Reason, Verifier, testing::TestIssuer};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let issuer = TestIssuer::new();
/// let server = issuer.serve().await.unwrap();
/// server.answer(500, "out of order");
///
/// let verifier = Verifier::builder().jwks_url(server.jwks_url()).build().unwrap();
/// let error = verifier.verify_token(&issuer.token().sign()).await.unwrap_err();
/// assert_eq!(error.reason(), Reason::JwkRemoteFailedToLoad);
/// # });
/// ```
#[derive(Clone)]
pub struct KeyServer(Arc<Running>);

struct Running {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    held: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

struct Shared {
    status: u16,
    body: String,
    headers: Vec<(String, String)>,
    requests: usize,
    last_request: HeaderMap,
}

impl KeyServer {
    pub(super) async fn start(body: String) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Mutex::new(Shared {
            status: 200,
            body,
            headers: Vec::new(),
            requests: 0,
            last_request: HeaderMap::new(),
        }));
        let (held, waiting) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared), waiting));
        Ok(Self(Arc::new(Running {
            address,
            shared,
            held,
            accepting,
        })))
    }

    /// The URL of the key set, for `jwks_url`.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let server = TestIssuer::new().serve().await.unwrap();
    /// assert!(server.jwks_url().starts_with("http://127.0.0.1:"));
    /// # });
    /// ```
    #[must_use]
    pub fn jwks_url(&self) -> String {
        format!("{}/.well-known/jwks.json", self.url())
    }

    /// Its root, for `api_url`.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let server = TestIssuer::new().serve().await.unwrap();
    /// assert!(server.jwks_url().starts_with(&server.url()));
    /// # });
    /// ```
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// How many requests have come in.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// assert_eq!(TestIssuer::new().serve().await.unwrap().requests(), 0);
    /// # });
    /// ```
    #[must_use]
    pub fn requests(&self) -> usize {
        self.lock().requests
    }

    /// A header of the last request, as text.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// assert_eq!(TestIssuer::new().serve().await.unwrap().last_request_header("accept"), None);
    /// # });
    /// ```
    #[must_use]
    pub fn last_request_header(&self, name: &str) -> Option<String> {
        let shared = self.lock();
        let value = shared.last_request.get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    /// Publishes this issuer's keys from now on: a rotation.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let server = TestIssuer::new().serve().await.unwrap();
    /// server.publish(&TestIssuer::fresh());
    /// # });
    /// ```
    pub fn publish(&self, issuer: &TestIssuer) {
        self.answer(200, issuer.jwks_json());
    }

    /// Answers everything with this status and body from now on.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let server = TestIssuer::new().serve().await.unwrap();
    /// server.answer(503, "");
    /// # });
    /// ```
    pub fn answer(&self, status: u16, body: impl Into<String>) {
        let mut shared = self.lock();
        shared.status = status;
        shared.body = body.into();
        shared.headers.clear();
    }

    /// Adds a header to every answer, until the next [`answer`](KeyServer::answer).
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let server = TestIssuer::new().serve().await.unwrap();
    /// server.answer(429, "");
    /// server.answer_header("retry-after", "120");
    /// # });
    /// ```
    pub fn answer_header(&self, name: impl Into<String>, value: impl Into<String>) {
        self.lock().headers.push((name.into(), value.into()));
    }

    /// Keeps every request waiting for its answer, until [`release`](KeyServer::release).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use clerk_verify::{Verifier, testing::TestIssuer};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let issuer = TestIssuer::new();
    /// let server = issuer.serve().await.unwrap();
    /// server.hold();
    /// let verifier = Verifier::builder().jwks_url(server.jwks_url()).build().unwrap();
    /// let token = issuer.token().sign();
    ///
    /// let call = tokio::spawn(async move { verifier.verify_token(&token).await });
    /// while server.requests() == 0 {
    ///     tokio::task::yield_now().await;
    /// }
    /// assert!(!call.is_finished());
    /// server.release();
    /// assert!(call.await.unwrap().is_ok());
    /// # });
    /// ```
    pub fn hold(&self) {
        self.0.held.send_replace(true);
    }

    /// Answers all who wait, and everyone from now on.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let server = TestIssuer::new().serve().await.unwrap();
    /// server.hold();
    /// server.release();
    /// # });
    /// ```
    pub fn release(&self) {
        self.0.held.send_replace(false);
    }

    /// Stops: its connections are cut, and new ones refused.
    ///
    /// ```
    /// # use clerk_verify::{Reason, Verifier, testing::TestIssuer};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let issuer = TestIssuer::new();
    /// let server = issuer.serve().await.unwrap();
    /// server.shut_down();
    ///
    /// let verifier = Verifier::builder().jwks_url(server.jwks_url()).build().unwrap();
    /// let error = verifier.verify_token(&issuer.token().sign()).await.unwrap_err();
    /// assert_eq!(error.reason(), Reason::JwkRemoteFailedToLoad);
    /// # });
    /// ```
    pub fn shut_down(&self) {
        self.0.accepting.abort();
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl fmt::Debug for KeyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyServer")
            .field("address", &self.0.address)
            .finish_non_exhaustive()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Mutex<Shared>>, held: watch::Receiver<bool>) {
    // Ends its connections when it is dropped.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let (shared, held) = (Arc::clone(&shared), held.clone());
        let service = service_fn(move |request| answer(Arc::clone(&shared), held.clone(), request));
        connections.spawn(async move {
            // A client that hangs up is no concern of the server's.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    shared: Arc<Mutex<Shared>>,
    mut held: watch::Receiver<bool>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    {
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.requests += 1;
        shared.last_request = request.headers().clone();
    }
    // An error means that the server is gone, and then this answer reaches nobody.
    let _ = held.wait_for(|held| !held).await;
    let shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(response(&shared))
}

fn response(shared: &Shared) -> Response<Full<Bytes>> {
    let mut response = Response::builder()
        .status(shared.status)
        .header(header::CONTENT_TYPE, "application/json");
    for (name, value) in &shared.headers {
        response = response.header(name, value);
    }
    response
        .body(Full::from(shared.body.clone()))
        .unwrap_or_else(|_| {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        })
}
