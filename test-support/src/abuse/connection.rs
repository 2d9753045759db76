//! A raw HTTP/1.1 connection: bytes out, answers in.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

use super::running::PATIENCE;
use crate::Answer;

/// The sending half of a connection.
pub(super) struct Sender(OwnedWriteHalf);

/// The receiving half of a connection.
pub(super) struct Receiver {
    stream: OwnedReadHalf,
    buffer: Vec<u8>,
}

/// A connection that is used for one request after the other.
pub(super) struct Connection {
    sender: Sender,
    receiver: Receiver,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await;
        let stream = stream.expect("the server takes connections");
        stream.set_nodelay(true).expect("pieces are sent as such");
        let (stream, sender) = stream.into_split();
        let buffer = Vec::new();
        let receiver = Receiver { stream, buffer };
        Self {
            sender: Sender(sender),
            receiver,
        }
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sender.send(bytes).await
    }

    /// The next answer; `None` where the connection ends instead.
    pub(super) async fn receive(&mut self) -> Option<Answer> {
        self.receiver.receive().await
    }

    /// Sends a request and waits for the answer, also to a part of it. `None` where the connection ends instead.
    pub(super) async fn exchange(&mut self, bytes: &[u8]) -> Option<Answer> {
        let (sent, answer) = tokio::join!(self.sender.send(bytes), self.receiver.receive());
        // A server that has had enough closes while we send.
        answer.or_else(|| sent.ok().and(None))
    }

    pub(super) fn split(self) -> (Sender, Receiver) {
        (self.sender, self.receiver)
    }

    /// Ends it with a reset, as a client does that is killed, or with an orderly close.
    pub(super) fn abort(self, with_reset: bool) {
        let stream = self.receiver.stream.reunite(self.sender.0);
        let stream = stream.expect("both halves are of one connection");
        if with_reset {
            stream.set_zero_linger().expect("it can be reset");
        }
    }
}

impl Sender {
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = timeout(PATIENCE, self.0.write_all(bytes)).await;
        sent.expect("the server reads what it is sent")
    }
}

impl Receiver {
    /// The next answer; `None` where the connection ends instead.
    pub(super) async fn receive(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(at) = position(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            self.read_more().await?;
        };
        let mut answer = head(&self.buffer[..end]);
        let length = answer
            .header("content-length")
            .expect("a body has a length");
        let length: usize = length.parse().expect("a length is a number");
        while self.buffer.len() < end + length {
            self.read_more().await?;
        }
        answer.body =
            String::from_utf8(self.buffer[end..end + length].to_vec()).expect("the body is text");
        self.buffer.drain(..end + length);
        Some(answer)
    }

    async fn read_more(&mut self) -> Option<()> {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.buffer)).await;
        match read.expect("the server answers, or closes the connection") {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(()),
        }
    }
}

fn head(bytes: &[u8]) -> Answer {
    let text = std::str::from_utf8(bytes).expect("the head is text");
    let mut lines = text.trim_end().split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status = status.and_then(|status| status.parse().ok());
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').expect("a field has a name");
        (name.to_ascii_lowercase(), value.trim().to_owned())
    });
    Answer {
        status: status.expect("there is a status"),
        headers: headers.collect(),
        body: String::new(),
    }
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}
