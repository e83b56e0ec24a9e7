use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

/// A request that arrived.
#[derive(Debug, Serialize)]
pub(crate) struct Record {
    pub(crate) session_id: Option<String>,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
    pub(crate) body_text: String,
    pub(crate) at_ms: u64,
    pub(crate) connection: u64,
}

/// The requests that arrived, the latest of them; others can await them.
#[derive(Debug)]
pub(crate) struct Journal {
    records: watch::Sender<VecDeque<Arc<Record>>>,
    keep: usize,
}

impl Journal {
    /// A journal that keeps the latest `keep` requests.
    pub(crate) fn new(keep: usize) -> Self {
        Self { records: watch::Sender::default(), keep }
    }

    pub(crate) fn add(&self, record: Record) {
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
    pub(crate) fn records(&self, session_id: Option<&str>) -> Vec<Arc<Record>> {
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

fn is_for(record: &Record, session_id: Option<&str>) -> bool {
    session_id.is_none() || record.session_id.as_deref() == session_id
}
