//! The client for programs without an async runtime.

use std::convert::Infallible;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;
use std::vec;

use tokio::runtime::{Handle, Runtime};

use crate::background::Background;
use crate::bulk::{Bulk, BulkHandle, Outcome, Source, Spawner};
use crate::config::Config;
use crate::crowd::{Crowd, Place};
use crate::error::Error;
use crate::model::{CompleteOptions, Session, SessionStatus, UpdateOptions};
use crate::ops::{Item, Operation, Request, complete_session, update_session_status};
use crate::signals::without_signals;
use crate::threads::{is_this_thread_ending, new_runtime, thread_builder};

/// The maximum number of outcomes taken at once from a bulk call.
const MAX_AT_ONCE: usize = 64;

/// How many threads drive their requests themselves at the same time. Where more wait, a thread of the client does it for them.
const MAX_DRIVERS: usize = 2;

/// How long a client that is dropped waits at most until the ledger that processes share knows what it has sent.
const MAX_TIME_TO_SETTLE: Duration = Duration::from_millis(200);

/// Makes a blocking client.
pub type ClientBuilder = crate::ClientBuilder<Client>;

/// A client of the WTS Chat API whose calls block the thread until they are done.
///
/// The waiting thread sends its own request. Bulk calls start a thread in the background, and so do calls when other threads
/// wait for theirs already. Many threads may share a client.
#[derive(Debug)]
pub struct Client {
    inner: crate::Client,
    /// Always there until the client is dropped.
    runtime: Option<Runtime>,
    background: OnceLock<(Background, crate::Client)>,
    crowd: Crowd,
}

impl Client {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let runtime = new_runtime().map_err(|error| Error::no_resources("descriptors", error))?;
        let inner = crate::Client::new(config)?;
        inner.engine().is_driven_during_calls(runtime.handle().clone());
        Ok(Self { inner, runtime: Some(runtime), background: OnceLock::new(), crowd: Crowd::new(MAX_DRIVERS) })
    }

    /// As [`Client::update_session_status`](crate::Client::update_session_status).
    ///
    /// # Errors
    /// As there.
    pub fn update_session_status(
        &self,
        session_id: impl AsRef<str> + Send,
        status: SessionStatus,
        options: UpdateOptions,
    ) -> Result<Session, Error> {
        self.send(update_session_status::request(session_id.as_ref(), status.as_str(), options)?)
    }

    /// As [`Client::complete_session`](crate::Client::complete_session).
    ///
    /// # Errors
    /// As there.
    pub fn complete_session(
        &self,
        session_id: impl AsRef<str> + Send,
        options: CompleteOptions,
    ) -> Result<Session, Error> {
        self.send(complete_session::request(session_id.as_ref(), options)?)
    }

    /// As [`Client::call`](crate::Client::call).
    ///
    /// # Errors
    /// As there.
    pub fn call(&self, operation: Operation, item: Item) -> Result<Session, Error> {
        self.send(operation.request(item)?)
    }

    /// As [`Client::complete_sessions`](crate::Client::complete_sessions). A thread of the client sends the requests, whether
    /// or not anybody takes the outcomes; it ends with the client.
    pub fn complete_sessions<I>(&self, session_ids: I, options: CompleteOptions) -> Outcomes
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let items = session_ids.into_iter().map(|id| Item::complete(id.as_ref())).collect();
        Outcomes::of(self.start(Operation::CompleteSession(options), Source::List(items)))
    }

    /// As [`Client::update_session_statuses`](crate::Client::update_session_statuses); otherwise as
    /// [`complete_sessions`](Self::complete_sessions).
    pub fn update_session_statuses<I, S>(&self, updates: I, options: UpdateOptions) -> Outcomes
    where
        I: IntoIterator<Item = (S, SessionStatus)>,
        S: AsRef<str>,
    {
        let items = updates.into_iter().map(|(id, status)| Item::update(id.as_ref(), status.as_str())).collect();
        Outcomes::of(self.start(Operation::UpdateSessionStatus(options), Source::List(items)))
    }

    /// As [`Client::bulk`](crate::Client::bulk), driven by the background thread of the client.
    pub fn bulk(&self, operation: Operation) -> Bulk {
        self.start(operation, Source::Pushed)
    }

    /// A bulk call on `items`. The thread that takes the outcomes also reads the items, when there is room for them: a panic of
    /// theirs is one of `next`, which can be called again.
    pub fn bulk_from<I>(&self, operation: Operation, items: I) -> OutcomesOf<I>
    where
        I: Iterator<Item = Item>,
    {
        OutcomesOf { outcomes: Outcomes::of(self.bulk(operation)), items: Some(items), held: None }
    }

    fn send(&self, request: Request) -> Result<Session, Error> {
        let engine = self.inner.engine().clone();
        self.run(async move { engine.call(&request, &Arc::default()).await })?
    }

    fn start(&self, operation: Operation, source: Source) -> Bulk {
        match self.background() {
            Ok((background, client)) => {
                Bulk::start(client.engine().clone(), operation, source, Spawner::Background(background))
            }
            Err(error) => Bulk::start(self.inner.engine().clone(), operation, source, Spawner::Nobody(error)),
        }
    }

    /// The background thread, which drives bulk calls and started calls, and this client for its calls. The thread is started
    /// when it is first needed.
    ///
    /// # Errors
    /// [`Connection`](crate::ErrorKind::Connection), retryable, when the system gives no thread.
    #[doc(hidden)]
    pub fn background(&self) -> Result<&(Background, crate::Client), Error> {
        if let Some(thread) = self.background.get() {
            return Ok(thread);
        }
        let background = Background::start()?;
        Ok(self.background.get_or_init(|| (background, self.inner.clone())))
    }

    /// Ends the background thread, if there is one, and waits until it has ended. Its calls are dropped. A plain drop of the
    /// client does not wait.
    #[doc(hidden)]
    pub fn join_background(&self) {
        if let Some((background, _)) = self.background.get() {
            background.join();
        }
    }

    /// As [`Client::close`](crate::Client::close).
    pub fn close(&self) {
        self.inner.close();
        self.see_connections_closed();
    }

    fn see_connections_closed(&self) {
        if self.inner.engine().are_connections_closing() {
            // Without a thread they close with the client.
            let _ = self.outside_other_runtimes(|runtime| runtime.block_on(self.inner.engine().connections_closing()));
        }
    }

    /// The async client inside this one. Pass its futures to [`wait`](Self::wait).
    pub fn as_async(&self) -> &crate::Client {
        &self.inner
    }

    /// Runs `future` on this thread until it is done. A bulk call that it begins goes on only while this thread, or another
    /// call of this client, waits: its outcomes are to be taken inside it.
    ///
    /// # Panics
    /// If this thread is inside a runtime, or ends, and the system gives no other thread.
    pub fn wait<F>(&self, future: F) -> F::Output
    where
        F: Future + Send,
        F::Output: Send,
    {
        self.try_wait(future).expect("there is a thread")
    }

    /// Runs a call to its end: on this thread, or in the background where many threads wait already, or where this one ends.
    ///
    /// # Errors
    /// [`Connection`](crate::ErrorKind::Connection), retryable, when this thread can't, and the system gives no other.
    #[doc(hidden)]
    pub fn run<F>(&self, call: F) -> Result<F::Output, Error>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let place = self.crowd.join();
        match self.driver_of(&place)? {
            Some(background) => {
                let waited = background.wait_unless(call, Duration::MAX, || Ok::<_, Infallible>(()));
                waited.map_err(|never| match never {})
            }
            None => {
                let outcome = self.try_wait(call);
                self.leave_to(&place);
                outcome
            }
        }
    }

    /// As [`run`](Self::run), but calls `check` every `interval`. If `check` fails, the call is dropped, which cancels it, and
    /// the error of `check` is returned.
    ///
    /// # Errors
    /// What `check` returns.
    ///
    /// # Panics
    /// If this thread ends, and the system gives no other.
    #[doc(hidden)]
    pub fn run_unless<F, E>(
        &self,
        call: F,
        interval: Duration,
        check: impl FnMut() -> Result<(), E> + Send,
    ) -> Result<F::Output, E>
    where
        F: Future<Output: Send> + Send + 'static,
        E: Send,
    {
        let place = self.crowd.join();
        match self.driver_of(&place).expect("there is a thread") {
            Some(background) => background.wait_unless(call, interval, check),
            None => {
                let outcome = self.wait_unless(call, interval, check);
                self.leave_to(&place);
                outcome
            }
        }
    }

    /// Who drives the request of this thread; none where it does that itself.
    ///
    /// # Errors
    /// [`Connection`](crate::ErrorKind::Connection), retryable, when this thread can't, and the system gives no other.
    fn driver_of(&self, place: &Place<'_>) -> Result<Option<&Background>, Error> {
        if is_this_thread_ending() || self.is_driven_by_this_thread() {
            return self.background().map(|(background, _)| Some(background));
        }
        Ok(self.driver_of_crowd(place))
    }

    /// Whether this thread drives a call of this client already: an observer of that call makes another one.
    fn is_driven_by_this_thread(&self) -> bool {
        Handle::try_current().is_ok_and(|current| current.id() == self.own_runtime().handle().id())
    }

    fn own_runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("only drop takes the runtime away")
    }

    fn driver_of_crowd(&self, place: &Place<'_>) -> Option<&Background> {
        if !place.is_in_crowd() {
            return None;
        }
        let (background, _) = self.background().ok()?;
        if place.is_first_in_crowd() {
            self.close_own_connections();
        }
        (!background.is_this_thread()).then_some(background)
    }

    /// A thread has driven its request itself. Where a crowd has formed meanwhile, nobody does so after it.
    fn leave_to(&self, place: &Place<'_>) {
        if place.has_become_crowd() {
            self.close_own_connections();
        }
    }

    /// Closes what the background does not use, now: it counts as open, and nobody would drive it to its end.
    fn close_own_connections(&self) {
        self.inner.engine().close_idle_driven_during_calls();
        self.see_connections_closed();
    }

    /// As [`wait`](Self::wait), without the panic.
    ///
    /// # Errors
    /// [`Connection`](crate::ErrorKind::Connection), retryable, in place of the panic.
    fn try_wait<F>(&self, future: F) -> Result<F::Output, Error>
    where
        F: Future + Send,
        F::Output: Send,
    {
        self.outside_other_runtimes(|runtime| {
            runtime.block_on(async {
                self.inner.engine().look_at_connections().await;
                let output = future.await;
                self.inner.engine().connections_closing().await;
                output
            })
        })
    }

    /// As [`wait`](Self::wait), with a check as [`run_unless`](Self::run_unless).
    fn wait_unless<F, E>(
        &self,
        future: F,
        interval: Duration,
        mut check: impl FnMut() -> Result<(), E> + Send,
    ) -> Result<F::Output, E>
    where
        F: Future + Send,
        F::Output: Send,
        E: Send,
    {
        let waited = self.outside_other_runtimes(|runtime| {
            let outcome = {
                let mut future = pin!(async {
                    self.inner.engine().look_at_connections().await;
                    future.await
                });
                loop {
                    match runtime.block_on(async { tokio::time::timeout(interval, future.as_mut()).await }) {
                        Ok(output) => break Ok(output),
                        Err(_) => {
                            if let Err(error) = check() {
                                break Err(error);
                            }
                        }
                    }
                }
            };
            runtime.block_on(self.inner.engine().connections_closing());
            outcome
        });
        waited.expect("there is a thread")
    }

    /// Runs `work` with the runtime. A thread that is inside a runtime can't enter another, and one that ends can enter none:
    /// then `work` runs on a thread of its own. If that inside which it is drives calls of this client, and so has to wait for
    /// `work`, the runtime is another one.
    ///
    /// # Errors
    /// [`Connection`](crate::ErrorKind::Connection), retryable, when the system gives no thread or no descriptors.
    fn outside_other_runtimes<T: Send>(&self, work: impl FnOnce(&Runtime) -> T + Send) -> Result<T, Error> {
        if Handle::try_current().is_err_and(|error| error.is_missing_context()) {
            return Ok(work(self.own_runtime()));
        }
        if !self.is_driven_by_this_thread() && !self.is_background_thread() {
            return on_another_thread(|| work(self.own_runtime()));
        }
        let runtime = new_runtime().map_err(|error| Error::no_resources("descriptors", error))?;
        let output = on_another_thread(|| work(&runtime));
        runtime.shutdown_background();
        output
    }

    fn is_background_thread(&self) -> bool {
        self.background.get().is_some_and(|(background, _)| background.is_this_thread())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A plain drop would wait for look-ups of names, and panic inside another runtime.
            runtime.shutdown_background();
        }
        // The process may end now.
        self.inner.engine().settle(MAX_TIME_TO_SETTLE);
    }
}

/// Runs `work` on a thread of its own, while this one waits.
///
/// # Errors
/// [`Connection`](crate::ErrorKind::Connection), retryable, when the system gives no thread.
fn on_another_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    thread::scope(|scope| {
        let thread = without_signals(|| thread_builder().spawn_scoped(scope, work))
            .map_err(|error| Error::no_resources("thread", error))?;
        thread.join().map_or_else(|panic| resume_unwind(panic), Ok)
    })
}

/// The outcomes of a bulk call as they settle; [`in_order`](Self::in_order) has them as the input was.
///
/// Dropping it aborts the requests in flight.
#[derive(Debug)]
#[must_use = "dropping a bulk call aborts it: take its outcomes"]
pub struct Outcomes {
    bulk: Bulk,
    /// Taken from the call together, because each wait costs time.
    taken: vec::IntoIter<Outcome>,
}

impl Outcomes {
    fn of(bulk: Bulk) -> Self {
        Self { bulk, taken: Vec::new().into_iter() }
    }

    /// All outcomes that are still to come, in the order of the input.
    pub fn in_order(self) -> Vec<Outcome> {
        sorted(self)
    }

    /// As [`Bulk::cancel`].
    pub fn cancel(&self) {
        self.bulk.cancel();
    }

    /// As [`Bulk::stop`].
    pub fn stop(&self) {
        self.bulk.stop();
    }

    /// As [`Bulk::handle`].
    pub fn handle(&self) -> BulkHandle {
        self.bulk.handle()
    }

    /// The bulk call.
    #[doc(hidden)]
    pub fn bulk(&mut self) -> &mut Bulk {
        &mut self.bulk
    }

    fn settled(&mut self) -> Option<Outcome> {
        if self.taken.len() == 0 {
            self.taken = self.bulk.take_settled(MAX_AT_ONCE).into_iter();
        }
        self.taken.next()
    }
}

impl Iterator for Outcomes {
    type Item = Outcome;

    fn next(&mut self) -> Option<Outcome> {
        if self.taken.len() == 0 {
            self.taken = self.bulk.wait_many(MAX_AT_ONCE).into_iter();
        }
        self.taken.next()
    }
}

/// As [`Outcomes`], for [`bulk_from`](Client::bulk_from).
#[derive(Debug)]
#[must_use = "nothing is sent unless the outcomes are taken"]
pub struct OutcomesOf<I> {
    outcomes: Outcomes,
    /// None once it has ended.
    items: Option<I>,
    /// The item that waits for room.
    held: Option<Item>,
}

impl<I: Iterator<Item = Item>> OutcomesOf<I> {
    /// All outcomes that are still to come, in the order of the input.
    pub fn in_order(self) -> Vec<Outcome> {
        sorted(self)
    }

    /// As [`Bulk::handle`].
    pub fn handle(&self) -> BulkHandle {
        self.outcomes.handle()
    }

    /// The bulk call.
    #[doc(hidden)]
    pub fn bulk(&mut self) -> &mut Bulk {
        self.outcomes.bulk()
    }

    /// Adds one item; false if there is no room for it, or no more items come.
    fn feed(&mut self) -> bool {
        let Some(items) = &mut self.items else { return false };
        match self.held.take().or_else(|| items.next()) {
            Some(item) => self.held = self.outcomes.bulk.push(item).err(),
            None => {
                self.items = None;
                self.outcomes.bulk.finish();
            }
        }
        self.held.is_none()
    }
}

impl<I: Iterator<Item = Item>> Iterator for OutcomesOf<I> {
    type Item = Outcome;

    /// Items may come slowly, so settled outcomes are returned between any two of them.
    fn next(&mut self) -> Option<Outcome> {
        loop {
            if let Some(outcome) = self.outcomes.settled() {
                return Some(outcome);
            }
            if !self.feed() {
                return self.outcomes.next();
            }
        }
    }
}

fn sorted(outcomes: impl Iterator<Item = Outcome>) -> Vec<Outcome> {
    let mut outcomes: Vec<_> = outcomes.collect();
    outcomes.sort_unstable_by_key(|outcome| outcome.index);
    outcomes
}
