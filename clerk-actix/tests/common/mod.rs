//! A real actix-web server on loopback.
#![allow(clippy::expect_used)]

use std::ops::Deref;

use actix_web::{
    App, Error, HttpServer,
    body::MessageBody,
    dev::{ServerHandle, ServiceFactory, ServiceRequest, ServiceResponse},
};
use clerk_test_support::Client;

/// A running server and a client of it; dropping it ends it.
pub(crate) struct Server {
    client: Client,
    handle: ServerHandle,
}

impl Server {
    /// Starts as many workers, each with an app of its own.
    pub(crate) fn start<F, T, B>(workers: usize, app: F) -> Self
    where
        F: Fn() -> App<T> + Send + Clone + 'static,
        T: ServiceFactory<
                ServiceRequest,
                Config = (),
                Response = ServiceResponse<B>,
                Error = Error,
                InitError = (),
            > + 'static,
        B: MessageBody + 'static,
    {
        let server = HttpServer::new(app)
            .workers(workers)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .expect("a port is free");
        let url = format!("http://{}", server.addrs().first().expect("it is bound"));
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let client = Client::new(url);
        Self { client, handle }
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
        // Stops without waiting for connections that the client keeps open.
        drop(self.handle.stop(false));
    }
}
