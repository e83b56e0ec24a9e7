//! The feature `tracing`: what a subscriber hears of a call.

#![allow(clippy::unwrap_used)] // a failed unwrap fails the test

mod common;

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use common::StandIn;
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use wts_session::{Client, CompleteOptions};

/// Writes down all spans and events of the crate.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<String>>);

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Recorder {
    fn record(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut Fields<'_>)) {
        let mut text = self.0.lock().unwrap();
        write!(text, "{}", metadata.level()).unwrap();
        record(&mut Fields(&mut text));
        text.push('\n');
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("wts_session")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.record(span.metadata(), |fields| span.record(fields));
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        self.record(event.metadata(), |fields| event.record(fields));
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_call_is_a_span_with_events_and_the_key_is_in_none() {
    let stand_in = StandIn::start(&["--limit", "off", "--create-unknown"]);
    stand_in.script("traced", json!([{"status": 503}, {"pass": true}])).await;
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let client = Client::builder().api_key(stand_in.token()).base_url(stand_in.api()).build().unwrap();
    client.complete_session("traced", CompleteOptions::new()).await.unwrap();
    let text = recorder.0.lock().unwrap().clone();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].starts_with("INFO operation=\"complete_session\" session_id=traced"), "{text}");
    assert!(
        lines[1].starts_with("DEBUG") && lines[1].contains("attempt=1 http_status=503 error=\"server_error\""),
        "{text}"
    );
    assert!(lines[2].starts_with("WARN") && lines[2].contains("error=\"server_error\""), "{text}");
    assert!(lines[3].starts_with("DEBUG") && lines[3].contains("attempt=2 http_status=200"), "{text}");
    assert!(!text.contains(stand_in.token()));
}

#[test]
fn a_bulk_call_on_another_thread_is_heard_by_the_subscriber_of_the_caller() {
    let stand_in = StandIn::start(&["--limit", "off", "--create-unknown"]);
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let client = Client::builder().api_key(stand_in.token()).base_url(stand_in.api()).build_blocking().unwrap();
    assert_eq!(client.complete_sessions(["one", "two"], CompleteOptions::new()).count(), 2);
    let text = recorder.0.lock().unwrap().clone();
    assert_eq!(text.lines().filter(|line| line.starts_with("INFO")).count(), 2, "{text}");
}
