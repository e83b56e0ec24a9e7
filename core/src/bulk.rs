//! Many items, one outcome each.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, FuturesUnordered, Stream, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use crate::background::Background;
use crate::client::Client;
use crate::error::Error;
use crate::model::Session;
use crate::ops::{Item, Operation};
use crate::progress::Progress;

/// What came of one item of a bulk call.
#[derive(Debug)]
pub struct Outcome {
    /// The place of the item in the input, from 0.
    pub index: usize,
    /// The session id as it was given.
    pub session_id: String,
    /// The session, or what went wrong with this item.
    pub result: Result<Session, Error>,
}

type Source = Pin<Box<dyn Stream<Item = Item> + Send>>;

/// A bulk call under way: takes its input as fast as there is room for it, and gives outcomes as they settle.
///
/// Nothing happens unless [`next`](Self::next) is awaited. Dropping it drops the requests under way.
pub struct Bulk {
    client: Client,
    operation: Operation,
    /// None once it has ended.
    source: Option<Source>,
    under_way: FuturesUnordered<BoxFuture<'static, Outcome>>,
    taken: usize,
    cancelled: watch::Sender<bool>,
}

impl Bulk {
    pub(crate) fn new(client: Client, operation: Operation, source: impl Stream<Item = Item> + Send + 'static) -> Self {
        Self {
            client,
            operation,
            source: Some(Box::pin(source)),
            under_way: FuturesUnordered::new(),
            taken: 0,
            cancelled: watch::Sender::new(false),
        }
    }

    /// The outcome that settles next; none when all have. It loses nothing when it is dropped before its end.
    pub async fn next(&mut self) -> Option<Outcome> {
        self.settle(true).await
    }

    /// All outcomes that are still to come, in the order of the input.
    pub async fn in_order(mut self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        while let Some(outcome) = self.next().await {
            outcomes.push(outcome);
        }
        outcomes.sort_unstable_by_key(|outcome| outcome.index);
        outcomes
    }

    /// Ends the requests under way, and sends nothing more: every item that has not settled yet, and all that the input
    /// still gives, have the outcome [`Cancelled`](crate::ErrorKind::Cancelled).
    pub fn cancel(&self) {
        self.cancelled.send_replace(true);
    }

    /// The next outcome, with or without taking more input.
    async fn settle(&mut self, take_more: bool) -> Option<Outcome> {
        loop {
            let has_room = take_more && self.under_way.len() < self.client.max_concurrency();
            tokio::select! {
                biased;
                Some(item) = next_of(&mut self.source), if has_room && self.source.is_some() => self.start(item),
                Some(outcome) = self.under_way.next() => return Some(outcome),
                else => return None,
            }
        }
    }

    fn start(&mut self, item: Item) {
        let index = self.taken;
        self.taken += 1;
        let (client, operation, cancelled) = (self.client.clone(), self.operation, self.cancelled.subscribe());
        self.under_way.push(Box::pin(async move {
            let result = settled(&client, operation, &item, cancelled).await;
            Outcome { index, session_id: item.session_id, result }
        }));
    }
}

/// The next item; once there is none, the source is gone, and with it what it holds.
async fn next_of(source: &mut Option<Source>) -> Option<Item> {
    let item = source.as_mut()?.next().await;
    if item.is_none() {
        *source = None;
    }
    item
}

async fn settled(
    client: &Client,
    operation: Operation,
    item: &Item,
    mut cancelled: watch::Receiver<bool>,
) -> Result<Session, Error> {
    let request = operation.request(item)?;
    let progress = Arc::default();
    tokio::select! {
        biased;
        _ = cancelled.wait_for(|cancelled| *cancelled) => Err(Progress::conclude(&progress, Error::cancelled())),
        result = client.execute(&request, None, &progress) => result,
    }
}

impl fmt::Debug for Bulk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk")
            .field("operation", &self.operation)
            .field("taken", &self.taken)
            .field("under_way", &self.under_way.len())
            .finish_non_exhaustive()
    }
}

/// A bulk call that another thread drives: items go in at one end, outcomes come out at the other.
///
/// Both ends have room for as many items as there are requests under way at most, so that memory is bounded whatever the
/// speeds of the two. Dropping it drops the requests under way.
#[derive(Debug)]
pub struct BulkCall {
    input: Option<mpsc::Sender<Item>>,
    outcomes: mpsc::Receiver<Outcome>,
    cancelled: watch::Sender<bool>,
    task: AbortHandle,
}

impl BulkCall {
    /// Starts a call on the thread of `background`, to which the connections of `client` have to belong.
    pub fn start(background: &Background, client: Client, operation: Operation) -> Self {
        let room = client.max_concurrency();
        let (input, mut items) = mpsc::channel(room);
        let (sender, outcomes) = mpsc::channel(room);
        let bulk = Bulk::new(client, operation, stream::poll_fn(move |context| items.poll_recv(context)));
        let cancelled = bulk.cancelled.clone();
        let task = background.spawn(deliver(bulk, sender));
        Self { input: Some(input), outcomes, cancelled, task }
    }

    /// Puts an item in.
    ///
    /// # Errors
    /// Gives the item back where there is no room before an outcome is taken out, or after [`finish`](Self::finish).
    pub fn push(&self, item: Item) -> Result<(), Item> {
        match &self.input {
            Some(input) => input.try_send(item).map_err(mpsc::error::TrySendError::into_inner),
            None => Err(item),
        }
    }

    /// Says that no more items come.
    pub fn finish(&mut self) {
        self.input = None;
    }

    /// The outcome that settles next; none when all have and no more items come.
    pub async fn next(&mut self) -> Option<Outcome> {
        self.outcomes.recv().await
    }

    /// Outcomes that have settled, at least one and at most `most`; none as in [`next`](Self::next).
    pub async fn next_many(&mut self, most: usize) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        self.outcomes.recv_many(&mut outcomes, most).await;
        outcomes
    }

    /// As [`Bulk::cancel`].
    pub fn cancel(&self) {
        self.cancelled.send_replace(true);
    }
}

impl Drop for BulkCall {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Hands outcomes over as they are taken. Requests under way go on meanwhile, but none begins.
async fn deliver(mut bulk: Bulk, outcomes: mpsc::Sender<Outcome>) {
    let mut settled = VecDeque::new();
    loop {
        tokio::select! {
            biased;
            Ok(place) = outcomes.reserve(), if !settled.is_empty() => if let Some(outcome) = settled.pop_front() {
                place.send(outcome);
            },
            Some(outcome) = bulk.settle(settled.is_empty()) => settled.push_back(outcome),
            else => return,
        }
    }
}
