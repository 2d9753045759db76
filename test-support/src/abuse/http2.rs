//! An HTTP/2 connection without TLS, field by field.

use std::net::SocketAddr;

use h2::client::{ResponseFuture, SendRequest};
use http::{HeaderValue, Method, Request};
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};

use super::{crowd::Ask, running::PATIENCE};
use crate::Answer;

/// In bytes, of frames that have come and were not looked at.
const MOST_OVERHEAD: usize = 1 << 20;

/// A connection on which streams are opened at will. Dropping it ends it.
pub(super) struct Http2 {
    requests: SendRequest<bytes::Bytes>,
    connection: JoinHandle<()>,
}

impl Http2 {
    pub(super) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await;
        let stream = stream.expect("the server takes connections");
        stream.set_nodelay(true).expect("it is a connection");
        let mut client = h2::client::Builder::new();
        // Answers are small, and wait here until it is their turn.
        client.data_frame_budget(MOST_OVERHEAD);
        let handshake = timeout(PATIENCE, client.handshake(stream)).await;
        let (requests, connection) = handshake
            .expect("the server takes part")
            .expect("the server speaks HTTP/2");
        let connection = tokio::spawn(async move {
            // A server that ends it says so to each stream as well.
            let _ = connection.await;
        });
        Self {
            requests,
            connection,
        }
    }

    /// Sends a request, its fields one by one and in their order.
    pub(super) async fn send(&self, ask: &Ask) -> Result<ResponseFuture, h2::Error> {
        let mut request = Request::new(());
        *request.method_mut() = Method::GET;
        let uri = format!("http://localhost{}", ask.path);
        *request.uri_mut() = uri.parse().expect("it is a URI");
        for (name, value) in &ask.fields {
            let value = HeaderValue::from_str(value).expect("it can be sent");
            request.headers_mut().append(*name, value);
        }
        let ready = timeout(PATIENCE, self.requests.clone().ready()).await;
        let mut requests = ready.expect("the server takes streams")?;
        let (response, _) = requests.send_request(request, true)?;
        Ok(response)
    }

    /// The answer on a stream.
    pub(super) async fn receive(response: ResponseFuture) -> Result<Answer, h2::Error> {
        let answer = timeout(PATIENCE, whole(response)).await;
        answer.expect("the server answers, or resets the stream")
    }

    /// Sends it, and looks at the answer.
    pub(super) async fn ask(&self, ask: &Ask) {
        let response = self.send(ask).await.expect("the stream is opened");
        let answer = Self::receive(response).await;
        ask.check(&answer.expect("the request is answered"));
    }
}

impl Drop for Http2 {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

async fn whole(response: ResponseFuture) -> Result<Answer, h2::Error> {
    let (head, mut stream) = response.await?.into_parts();
    let mut body = Vec::new();
    while let Some(part) = stream.data().await {
        body.extend_from_slice(&part?);
    }
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let fields = head.headers.iter();
    Ok(Answer {
        status: head.status.as_u16(),
        headers: fields
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
        body: String::from_utf8(body).expect("the body is text"),
    })
}
