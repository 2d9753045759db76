//! A real axum server on loopback.
#![allow(clippy::expect_used)]

use std::ops::Deref;

use axum::Router;
use clerk_test_support::Client;
use tokio::{net::TcpListener, task::JoinHandle};

/// A running server and a client of it; dropping it ends it.
pub(crate) struct Server {
    client: Client,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(app: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let task = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("the server runs");
        });
        let client = Client::new(url);
        Self { client, task }
    }
}

impl Deref for Server {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
