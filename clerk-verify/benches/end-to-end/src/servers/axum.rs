//! On axum.

use std::net::TcpListener;

use axum::{Router, routing::get};
use clerk_axum::{RequireSession, Verifier};
use tokio::runtime;

use super::BODY;
use crate::Result;

pub(super) fn serve(listener: TcpListener, verifier: Option<Verifier>) -> Result<()> {
    let mut app = Router::new().route("/", get(async || BODY));
    if let Some(verifier) = verifier {
        app = app.route_layer(RequireSession::new(verifier));
    }
    listener.set_nonblocking(true)?;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        Ok(axum::serve(listener, app).await?)
    })
}
