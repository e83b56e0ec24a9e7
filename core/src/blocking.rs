//! The client for programs without an async runtime.

use std::future::Future;
use std::pin::pin;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;
use std::vec;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::background::Background;
use crate::bulk::{BulkCall, Outcome};
use crate::config::Config;
use crate::error::Error;
use crate::model::{CompleteOptions, Session, UpdateOptions};
use crate::ops::{Item, Operation};
use crate::transport::{look_at_connections, no_resources};

/// How many outcomes of a bulk call are taken at once at most.
const MOST_AT_ONCE: usize = 64;

/// A client of the WTS Chat API whose calls block until they are done.
///
/// The waiting thread itself drives the request: there is no thread in the background. Many threads may share a client.
#[derive(Debug)]
pub struct Client {
    inner: crate::Client,
    /// Always there until the client is dropped.
    runtime: Option<Runtime>,
    background: OnceLock<(Background, crate::Client)>,
}

impl Client {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| no_resources("descriptors", error))?;
        let inner = crate::Client::new(config)?;
        inner.engine().is_driven_during_calls(runtime.handle().clone());
        Ok(Self { inner, runtime: Some(runtime), background: OnceLock::new() })
    }

    /// As [`Client::update_session_status`](crate::Client::update_session_status).
    ///
    /// # Errors
    /// As there.
    pub fn update_session_status(
        &self,
        session_id: impl AsRef<str> + Send,
        status: impl AsRef<str> + Send,
        options: UpdateOptions,
    ) -> Result<Session, Error> {
        self.wait(self.inner.update_session_status(session_id, status, options))
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
        self.wait(self.inner.complete_session(session_id, options))
    }

    /// As [`Client::complete_sessions`](crate::Client::complete_sessions). A thread of the client's sends the requests
    /// while this one goes through the outcomes.
    ///
    /// # Errors
    /// [`Connection`](crate::ErrorKind::Connection) when the system gives no thread.
    pub fn complete_sessions<I>(
        &self,
        session_ids: I,
        options: CompleteOptions,
    ) -> Result<Outcomes<'_, impl Iterator<Item = Item>>, Error>
    where
        I: IntoIterator<Item: Into<String>>,
    {
        let items = session_ids.into_iter().map(|id| Item::to_complete(id.into()));
        self.outcomes(Operation::CompleteSession(options), items)
    }

    /// As [`Client::update_session_statuses`](crate::Client::update_session_statuses); otherwise as
    /// [`complete_sessions`](Self::complete_sessions).
    ///
    /// # Errors
    /// As there.
    pub fn update_session_statuses<I, S, T>(
        &self,
        updates: I,
        options: UpdateOptions,
    ) -> Result<Outcomes<'_, impl Iterator<Item = Item>>, Error>
    where
        I: IntoIterator<Item = (S, T)>,
        S: Into<String>,
        T: AsRef<str>,
    {
        let items = updates.into_iter().map(|(id, status)| Item::to_update(id.into(), status.as_ref().to_owned()));
        self.outcomes(Operation::UpdateSessionStatus(options), items)
    }

    /// A bulk call on `items`, which are taken on this thread as there is room for them.
    ///
    /// # Errors
    /// [`Connection`](crate::ErrorKind::Connection) when the system gives no thread.
    pub fn outcomes<I>(&self, operation: Operation, items: I) -> Result<Outcomes<'_, I>, Error>
    where
        I: Iterator<Item = Item>,
    {
        Ok(Outcomes {
            client: self,
            call: self.bulk(operation)?,
            source: Some(items),
            refused: None,
            settled: Vec::new().into_iter(),
        })
    }

    /// A bulk call without input yet, driven by a thread of this client's.
    ///
    /// # Errors
    /// [`Connection`](crate::ErrorKind::Connection) when the system gives no thread.
    pub fn bulk(&self, operation: Operation) -> Result<BulkCall, Error> {
        let (background, client) = self.background()?;
        Ok(BulkCall::start(background, client, operation))
    }

    /// A thread that drives calls while the caller does other things, bulk calls for one, and this client for its calls. The
    /// thread is started when it is first asked for.
    ///
    /// # Errors
    /// [`Connection`](crate::ErrorKind::Connection) when the system gives no thread.
    pub fn background(&self) -> Result<&(Background, crate::Client), Error> {
        if let Some(thread) = self.background.get() {
            return Ok(thread);
        }
        let background = Background::start()
            .map_err(|error| no_resources("thread or descriptors for calls in the background", error))?;
        Ok(self.background.get_or_init(|| (background, self.inner.clone())))
    }

    /// Ends the thread in the background, if there is one, and waits until it has ended; what it was driving is dropped. A
    /// plain drop does not wait.
    pub fn join_background(&self) {
        if let Some((background, _)) = self.background.get() {
            background.join();
        }
    }

    /// As [`Client::close`](crate::Client::close).
    pub fn close(&self) {
        self.inner.close();
        if self.inner.engine().are_connections_closing() {
            self.outside_other_runtimes(|runtime| runtime.block_on(self.inner.engine().connections_closing()));
        }
    }

    /// The async client that this one drives; its futures belong into [`wait`](Self::wait).
    pub fn as_async(&self) -> &crate::Client {
        &self.inner
    }

    /// Drives `future` on this thread until it is done.
    pub fn wait<F>(&self, future: F) -> F::Output
    where
        F: Future + Send,
        F::Output: Send,
    {
        self.outside_other_runtimes(|runtime| {
            runtime.block_on(async {
                look_at_connections().await;
                let output = future.await;
                self.inner.engine().connections_closing().await;
                output
            })
        })
    }

    /// As [`wait`](Self::wait), but calls `check` every `interval`; when that fails, the future is dropped, which
    /// cancels the call, and the failure is returned.
    ///
    /// # Errors
    /// What `check` returns.
    pub fn wait_unless<F, E>(
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
        self.outside_other_runtimes(|runtime| {
            let outcome = {
                let mut future = pin!(async {
                    look_at_connections().await;
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
        })
    }

    /// Runs `work` with the runtime; on a thread of its own where this one already runs a runtime, which can't be entered
    /// twice.
    fn outside_other_runtimes<T: Send>(&self, work: impl FnOnce(&Runtime) -> T + Send) -> T {
        let runtime = self.runtime.as_ref().expect("only drop takes the runtime away");
        if Handle::try_current().is_err() {
            return work(runtime);
        }
        thread::scope(|scope| match scope.spawn(|| work(runtime)).join() {
            Ok(output) => output,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A plain drop would wait for look-ups of names, and panic inside another runtime.
            runtime.shutdown_background();
        }
    }
}

/// The outcomes of a bulk call as they settle; [`in_order`](Self::in_order) has them as the input was.
///
/// Dropping it drops the requests under way.
#[derive(Debug)]
pub struct Outcomes<'a, I> {
    client: &'a Client,
    call: BulkCall,
    /// None once it has ended.
    source: Option<I>,
    /// The item for which there was no room yet.
    refused: Option<Item>,
    /// What has been taken out of the call at once, since each wait has its costs.
    settled: vec::IntoIter<Outcome>,
}

impl<I: Iterator<Item = Item>> Outcomes<'_, I> {
    /// As [`Bulk::cancel`](crate::Bulk::cancel).
    pub fn cancel(&self) {
        self.call.cancel();
    }

    /// As [`cancel`](Self::cancel), once `wish` is done.
    ///
    /// # Errors
    /// [`Connection`](crate::ErrorKind::Connection) when the system gives no thread.
    pub fn cancel_when(&mut self, wish: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let (background, _) = self.client.background()?;
        self.call.cancel_when(background, wish);
        Ok(())
    }

    /// All outcomes that are still to come, in the order of the input.
    pub fn in_order(self) -> Vec<Outcome> {
        let mut outcomes: Vec<_> = self.collect();
        outcomes.sort_unstable_by_key(|outcome| outcome.index);
        outcomes
    }

    fn feed(&mut self) {
        while let Some(source) = &mut self.source {
            let Some(item) = self.refused.take().or_else(|| source.next()) else {
                self.source = None;
                return self.call.finish();
            };
            if let Err(item) = self.call.push(item) {
                self.refused = Some(item);
                return;
            }
        }
    }
}

impl<I: Iterator<Item = Item>> Iterator for Outcomes<'_, I> {
    type Item = Outcome;

    fn next(&mut self) -> Option<Outcome> {
        self.feed();
        if self.settled.len() == 0 {
            self.settled = self.client.wait(self.call.next_many(MOST_AT_ONCE)).into_iter();
        }
        self.settled.next()
    }
}
