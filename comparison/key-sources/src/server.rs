//! A key server on loopback that does what it is told, and counts.

use std::{
    convert::Infallible,
    future,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::Result;

/// What the server does with a request, whatever its path.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Publishes these keys.
    Keys(Vec<Value>),
    /// Publishes them this much later.
    Late(Vec<Value>, Duration),
    /// Status 500.
    Failure,
    /// Nothing, ever; the connection stays open.
    Hang,
}

/// It runs until the process ends.
pub(crate) struct KeyServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    answer: Mutex<Answer>,
    cache_control: Option<HeaderValue>,
    requests: AtomicUsize,
}

impl KeyServer {
    pub(crate) async fn start(answer: Answer, cache_control: Option<&'static str>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            answer: Mutex::new(answer),
            cache_control: cache_control.map(HeaderValue::from_static),
            requests: AtomicUsize::new(0),
        });
        tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared })
    }

    /// Without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on.
    pub(crate) fn set(&self, answer: Answer) {
        let mut current = self.shared.lock();
        *current = answer;
    }

    /// How many have come in.
    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Answer> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        let service = service_fn(move |_: Request<Incoming>| respond(Arc::clone(&shared)));
        tokio::spawn(async move {
            // A client that hangs up is no concern of the server's.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn respond(shared: Arc<Shared>) -> Result<Response<Full<Bytes>>, Infallible> {
    shared.requests.fetch_add(1, Ordering::Relaxed);
    let answer = shared.lock().clone();
    let (status, body) = match answer {
        Answer::Keys(keys) => (StatusCode::OK, json!({ "keys": keys })),
        Answer::Late(keys, latency) => {
            tokio::time::sleep(latency).await;
            (StatusCode::OK, json!({ "keys": keys }))
        }
        Answer::Failure => (
            StatusCode::INTERNAL_SERVER_ERROR,
            json!({ "errors": [{ "code": "internal_error" }] }),
        ),
        Answer::Hang => future::pending().await,
    };
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let (StatusCode::OK, Some(value)) = (status, &shared.cache_control) {
        headers.insert(CACHE_CONTROL, value.clone());
    }
    Ok(response)
}
