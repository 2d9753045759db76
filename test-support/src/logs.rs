//! What the code under test logs.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use tracing::{Event, Subscriber};
use tracing_subscriber::{
    Layer,
    fmt::{MakeWriter, format::FmtSpan},
    layer::{Context, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

/// Everything logged so far.
#[derive(Clone, Debug, Default)]
pub struct Logs(Arc<Mutex<Vec<u8>>>, Arc<Mutex<Vec<LoggedEvent>>>);

/// What an event is, without what it says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoggedEvent {
    /// Its name.
    pub name: &'static str,
    /// Its target.
    pub target: &'static str,
    /// Its level, in capitals.
    pub level: &'static str,
    /// The names of its fields, without that of the message.
    pub fields: Vec<&'static str>,
}

impl Logs {
    /// As text.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The events of a target, in their order.
    #[must_use]
    pub fn events(&self, target: &str) -> Vec<LoggedEvent> {
        let events = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        let of_target = events.iter().filter(|event| event.target == target);
        of_target.cloned().collect()
    }
}

/// Captures every event and span of the whole process, at every level.
///
/// # Panics
///
/// Where the process has a subscriber already: one test a process may do this.
#[must_use]
pub fn capture_logs() -> Logs {
    let logs = Logs::default();
    let text = tracing_subscriber::fmt::layer()
        .with_span_events(FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(logs.clone());
    tracing_subscriber::registry()
        .with(text)
        .with(logs.clone())
        .init();
    logs
}

impl<S: Subscriber> Layer<S> for Logs {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let fields = metadata.fields().iter().map(|field| field.name());
        let logged = LoggedEvent {
            name: metadata.name(),
            target: metadata.target(),
            level: metadata.level().as_str(),
            fields: fields.filter(|name| *name != "message").collect(),
        };
        let mut events = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        events.push(logged);
    }
}

impl io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Logs {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
