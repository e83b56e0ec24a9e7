use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

/// A request that the stand-in has received.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Request {
    /// The session that it is about, decoded.
    pub session_id: Option<String>,
    /// Its method, such as `PUT`.
    pub method: String,
    /// Its path as it was sent, byte by byte.
    pub path: String,
    /// Its headers; names are in lower case, and no key is in them.
    pub headers: BTreeMap<String, String>,
    /// Its body as JSON, or null where it is none.
    pub body: Value,
    /// Its body as text.
    pub body_text: String,
    /// When it arrived, in milliseconds since the start.
    pub at_ms: u64,
    /// The serial number of its connection.
    pub connection: u64,
}

/// The requests that arrived, the latest of them; others can await them.
#[derive(Debug)]
pub(crate) struct Journal {
    records: watch::Sender<VecDeque<Arc<Request>>>,
    keep: usize,
}

impl Journal {
    /// A journal that keeps the latest `keep` requests.
    pub(crate) fn new(keep: usize) -> Self {
        Self { records: watch::Sender::default(), keep }
    }

    pub(crate) fn add(&self, record: Request) {
        self.records.send_modify(|records| {
            records.push_back(Arc::new(record));
            if records.len() > self.keep {
                records.pop_front();
            }
        });
    }

    pub(crate) fn clear(&self) {
        self.records.send_modify(VecDeque::clear);
    }

    /// The requests so far, those for one session or all.
    pub(crate) fn records(&self, session_id: Option<&str>) -> Vec<Arc<Request>> {
        self.records.borrow().iter().filter(|record| is_for(record, session_id)).cloned().collect()
    }

    /// Waits until there are at least `count` requests, `longest` at the most.
    pub(crate) async fn wait_for(&self, session_id: Option<&str>, count: usize, longest: Duration) {
        let mut changes = self.records.subscribe();
        let enough = changes.wait_for(|records| {
            let matching = records.iter().filter(|record| is_for(record, session_id));
            matching.count() >= count
        });
        drop(tokio::time::timeout(longest, enough).await);
    }
}

fn is_for(record: &Request, session_id: Option<&str>) -> bool {
    session_id.is_none() || record.session_id.as_deref() == session_id
}
