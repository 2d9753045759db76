//! When to stop.

use std::{future, io};

use tokio::signal;

/// Waits for Ctrl-C, or for the SIGTERM that stops a container.
pub async fn shutdown_requested() {
    tokio::select! {
        () = or_never(signal::ctrl_c()) => {}
        () = or_never(terminated()) => {}
    }
}

#[cfg(unix)]
async fn terminated() -> io::Result<()> {
    let mut signals = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    signals.recv().await;
    Ok(())
}

#[cfg(not(unix))]
async fn terminated() -> io::Result<()> {
    future::pending().await
}

/// A signal that can't be waited for must not stop the server.
async fn or_never(signal: impl Future<Output = io::Result<()>>) {
    if let Err(error) = signal.await {
        tracing::error!("can't wait for a signal to stop: {error}");
        future::pending::<()>().await;
    }
}
