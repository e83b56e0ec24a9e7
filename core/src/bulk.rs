//! Many items, one outcome each.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, FuturesUnordered, Stream, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use crate::background::Background;
use crate::client::Client;
use crate::engine::Engine;
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

/// Which requests go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Going {
    All,
    /// Those that have left, to the answer that they wait for.
    Sent,
    None,
}

/// A bulk call under way: takes its input as fast as there is room for it, and gives outcomes as they settle.
///
/// Nothing happens unless [`next`](Self::next) is awaited. Dropping it drops the requests under way.
pub struct Bulk {
    engine: Engine,
    operation: Operation,
    /// None once it has ended.
    source: Option<Source>,
    under_way: FuturesUnordered<BoxFuture<'static, Outcome>>,
    taken: usize,
    going: watch::Sender<Going>,
}

impl Bulk {
    pub(crate) fn new(engine: Engine, operation: Operation, source: impl Stream<Item = Item> + Send + 'static) -> Self {
        Self {
            engine,
            operation,
            source: Some(Box::pin(source)),
            under_way: FuturesUnordered::new(),
            taken: 0,
            going: watch::Sender::new(Going::All),
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
        cancel(&self.going);
    }

    /// Sends nothing more: requests that have left get their answer, and everything else is as in
    /// [`cancel`](Self::cancel).
    pub fn stop(&self) {
        stop(&self.going);
    }

    /// The next outcome, with or without taking more input.
    async fn settle(&mut self, take_more: bool) -> Option<Outcome> {
        loop {
            let has_room = take_more && self.under_way.len() < self.engine.max_concurrency();
            tokio::select! {
                biased;
                Some(item) = next_of(&mut self.source), if has_room && self.source.is_some() => self.start(item),
                Some(outcome) = self.under_way.next() => return Some(outcome),
                else => return None,
            }
        }
    }

    fn start(&mut self, mut item: Item) {
        let index = self.taken;
        self.taken += 1;
        let (engine, operation, going) = (self.engine.clone(), self.operation, self.going.subscribe());
        self.under_way.push(Box::pin(async move {
            let result = settled(&engine, operation, &mut item, going).await;
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
    engine: &Engine,
    operation: Operation,
    item: &mut Item,
    going: watch::Receiver<Going>,
) -> Result<Session, Error> {
    let request = operation.request(item)?;
    let progress = Arc::default();
    tokio::select! {
        biased;
        () = ended(going, &progress) => Err(Progress::conclude(&progress, Error::cancelled())),
        result = engine.execute(&request, None, &progress) => result,
    }
}

/// Waits until the call of `progress` has to end, which has its last attempt then.
async fn ended(mut going: watch::Receiver<Going>, progress: &Progress) {
    if let Ok(first) = going.wait_for(|going| *going != Going::All).await.map(|going| *going)
        && first == Going::Sent
        && progress.has_left()
    {
        progress.allow_no_other_attempt();
        // That the sender is gone means the same.
        let _ = going.wait_for(|going| *going == Going::None).await;
    }
}

fn cancel(going: &watch::Sender<Going>) {
    going.send_replace(Going::None);
}

fn stop(going: &watch::Sender<Going>) {
    going.send_if_modified(|going| {
        let was_all = *going == Going::All;
        if was_all {
            *going = Going::Sent;
        }
        was_all
    });
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
    going: watch::Sender<Going>,
    tasks: Vec<AbortHandle>,
}

impl BulkCall {
    /// Starts a call on the thread of `background`, to which the connections of `engine` have to belong.
    pub fn start(background: &Background, client: &Client, operation: Operation) -> Self {
        let engine = client.engine().clone();
        let room = engine.max_concurrency();
        let (input, mut items) = mpsc::channel(room);
        let (sender, outcomes) = mpsc::channel(room);
        let bulk = Bulk::new(engine, operation, stream::poll_fn(move |context| items.poll_recv(context)));
        let going = bulk.going.clone();
        let tasks = vec![background.spawn(deliver(bulk, sender))];
        Self { input: Some(input), outcomes, going, tasks }
    }

    /// Cancels the call, as [`cancel`](Self::cancel) does, once `wish` is done, which `background` waits for.
    pub fn cancel_when(&mut self, background: &Background, wish: impl Future<Output = ()> + Send + 'static) {
        let going = self.going.clone();
        self.tasks.push(background.spawn(async move {
            wish.await;
            cancel(&going);
        }));
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

    /// As [`next_many`](Self::next_many), for callers who use the call in other ways while they wait: the task of
    /// `context` is woken when it is worth another try.
    pub fn poll_many(&mut self, context: &mut Context<'_>, most: usize) -> Poll<Vec<Outcome>> {
        let mut outcomes = Vec::new();
        self.outcomes.poll_recv_many(context, &mut outcomes, most).map(|_| outcomes)
    }

    /// As [`Bulk::cancel`].
    pub fn cancel(&self) {
        cancel(&self.going);
    }

    /// As [`Bulk::stop`].
    pub fn stop(&self) {
        stop(&self.going);
    }
}

impl Drop for BulkCall {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
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
