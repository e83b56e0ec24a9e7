//! The client for programs that run on tokio.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::Stream;

use crate::background::Background;
use crate::bulk::{Bulk, Source, Spawner};
use crate::config::Config;
use crate::engine::Engine;
use crate::error::Error;
use crate::model::{CompleteOptions, Session, SessionStatus, UpdateOptions};
use crate::ops::{Item, Operation, complete_session, update_session_status};
use crate::progress::Progress;

/// A client of the WTS Chat API.
///
/// It is cheap to clone; all clones share connections and limits. A call runs on the tokio runtime that awaits it. Dropping
/// the future of a call aborts its request and closes its connection.
///
/// A connection belongs to the runtime that it was opened on, and only calls on that runtime use it. So a client in a static
/// may be used on many runtimes, one after another or at once.
///
/// # Panics
/// A single call panics where there is no tokio runtime, where that has no I/O or timers (`enable_all`), and where it has been
/// shut down. A bulk call that is begun outside a runtime has a thread of its own.
#[derive(Clone)]
pub struct Client {
    engine: Engine,
}

impl Client {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        Ok(Self { engine: Engine::new(config)? })
    }

    /// Sets the status of a session (`PUT /chat/v1/session/{id}/status`) and returns the updated session.
    ///
    /// A status that comes as text is parsed first: `"IN_PROGRESS".parse()?`.
    ///
    /// # Errors
    /// An [`Error`] of any kind, except those of [`ClientBuilder::build`](crate::ClientBuilder::build).
    pub async fn update_session_status(
        &self,
        session_id: impl AsRef<str>,
        status: SessionStatus,
        options: UpdateOptions,
    ) -> Result<Session, Error> {
        let request = update_session_status::request(session_id.as_ref(), status.as_str(), options)?;
        self.engine.call(&request, &Arc::default()).await
    }

    /// Completes a session (`PUT /chat/v1/session/{id}/complete`) and returns the updated session.
    ///
    /// # Errors
    /// An [`Error`] of any kind, except those of [`ClientBuilder::build`](crate::ClientBuilder::build).
    pub async fn complete_session(
        &self,
        session_id: impl AsRef<str>,
        options: CompleteOptions,
    ) -> Result<Session, Error> {
        let request = complete_session::request(session_id.as_ref(), options)?;
        self.engine.call(&request, &Arc::default()).await
    }

    /// One call of any operation.
    ///
    /// # Errors
    /// As [`update_session_status`](Self::update_session_status) and [`complete_session`](Self::complete_session);
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) for an item of another operation.
    pub async fn call(&self, operation: Operation, item: Item) -> Result<Session, Error> {
        self.engine.call(&operation.request(item)?, &Arc::default()).await
    }

    /// As [`call`](Self::call), but the call is cancelled once `cancelled` is done. If its future is dropped, `progress` tells what may
    /// have been applied.
    ///
    /// # Errors
    /// As [`call`](Self::call), and [`Cancelled`](crate::ErrorKind::Cancelled).
    #[doc(hidden)]
    pub async fn call_unless(
        &self,
        operation: Operation,
        item: Item,
        cancelled: impl Future<Output = ()>,
        progress: &Arc<Progress>,
    ) -> Result<Session, Error> {
        let request = operation.request(item)?;
        tokio::select! {
            biased;
            () = cancelled => Err(progress.conclude(Error::cancelled())),
            result = self.engine.call(&request, progress) => result,
        }
    }

    /// Completes many sessions, as many at once as the account's limits and `max_concurrency` allow.
    ///
    /// All ids are read before this returns. An invalid id fails alone, and nothing is sent for it. A task on the current
    /// tokio runtime drives the call; outside a runtime it gets a thread of its own. There is no total time limit.
    pub fn complete_sessions<I>(&self, session_ids: I, options: CompleteOptions) -> Bulk
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let items = session_ids.into_iter().map(|id| Item::complete(id.as_ref())).collect();
        self.start(Operation::CompleteSession(options), Source::List(items))
    }

    /// Sets the status of many sessions, from pairs of session id and status; statuses that come as text go through [`bulk_from`](Self::bulk_from). Otherwise as
    /// [`complete_sessions`](Self::complete_sessions).
    pub fn update_session_statuses<I, S>(&self, updates: I, options: UpdateOptions) -> Bulk
    where
        I: IntoIterator<Item = (S, SessionStatus)>,
        S: AsRef<str>,
    {
        let items = updates.into_iter().map(|(id, status)| Item::update(id.as_ref(), status.as_str())).collect();
        self.start(Operation::UpdateSessionStatus(options), Source::List(items))
    }

    /// A bulk call without items yet: [`Bulk::push`] adds them, [`Bulk::finish`] says that no more come.
    pub fn bulk(&self, operation: Operation) -> Bulk {
        self.start(operation, Source::Pushed)
    }

    /// A bulk call on the items of a stream. It takes the next item when there is room for it.
    pub fn bulk_from(&self, operation: Operation, items: impl Stream<Item = Item> + Send + 'static) -> Bulk {
        self.start(operation, Source::stream(items))
    }

    /// As [`bulk`](Self::bulk), driven by the thread of `background`.
    #[doc(hidden)]
    pub fn bulk_on(&self, background: &Background, operation: Operation) -> Bulk {
        Bulk::start(self.engine.clone(), operation, Source::Pushed, Spawner::Background(background))
    }

    fn start(&self, operation: Operation, source: Source) -> Bulk {
        Bulk::start(self.engine.clone(), operation, source, Spawner::Current)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Closes the client. Calls that wait, and all later calls, fail with [`Closed`](crate::ErrorKind::Closed). Requests in
    /// flight are awaited. Idle connections are closed.
    pub fn close(&self) {
        self.engine.close();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.engine.config().base_url.as_str()).finish_non_exhaustive()
    }
}
