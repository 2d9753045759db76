//! What the library logs, field by field.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber,
};

use super::shown::Shown;

/// Runs something, and adds all that this thread logs meanwhile, at every level.
pub(crate) fn logged<T>(shown: &mut Shown, run: impl FnOnce() -> T) -> T {
    let fields = Fields::default();
    let result = subscriber::with_default(fields.clone(), run);
    for (name, value) in fields.0.lock().unwrap().iter() {
        shown.line(&format!("the logged field `{name}`"), value);
    }
    result
}

#[derive(Clone, Default)]
struct Fields(Arc<Mutex<Vec<(&'static str, String)>>>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let mut fields = self.0.lock().unwrap();
        fields.push((field.name(), value.to_owned()));
    }
}

impl Subscriber for Fields {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
