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
use crate::model::{CompleteOptions, Session, UpdateOptions};
use crate::ops::{Item, Operation, complete_session, update_session_status};
use crate::progress::Progress;
use crate::transport::let_connections_notice;

/// A client of the WTS Chat API.
///
/// It is cheap to clone, and its clones share connections and limits. Its calls run on the tokio runtime they are awaited
/// on; dropping a call's future cancels the call and closes its connection.
#[derive(Clone)]
pub struct Client {
    engine: Engine,
}

impl Client {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        Ok(Self { engine: Engine::new(config)? })
    }

    /// Sets the status of a session (`PUT /chat/v1/session/{id}/status`) and gives the session as the API has it then.
    ///
    /// `status` is a [`SessionStatus`](crate::SessionStatus) or its name, `IN_PROGRESS` or `In Progress`, in any case.
    ///
    /// # Errors
    /// [`Error`] of any kind but those about the making of a client.
    pub async fn update_session_status(
        &self,
        session_id: impl AsRef<str>,
        status: impl AsRef<str>,
        options: UpdateOptions,
    ) -> Result<Session, Error> {
        let request = update_session_status::request(session_id.as_ref(), status.as_ref(), options)?;
        self.engine.call(&request, &Arc::default()).await
    }

    /// Completes a session (`PUT /chat/v1/session/{id}/complete`) and gives the session as the API has it then.
    ///
    /// # Errors
    /// [`Error`] of any kind but those about the making of a client.
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

    /// As [`call`](Self::call), but the call is cancelled once `cancelled` is done. Whoever drops its future learns from
    /// `progress` what may have been applied.
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
            () = cancelled => {
                let_connections_notice().await;
                Err(progress.conclude(Error::cancelled()))
            }
            result = self.engine.call(&request, progress) => result,
        }
    }

    /// Completes many sessions, as many at once as the account's limits and `max_concurrency` allow.
    ///
    /// The ids are taken at once; those that are not valid fail by themselves without being sent. The call is driven by a
    /// task of its own on this tokio runtime, or by a thread of its own outside of one. There is no total time limit.
    pub fn complete_sessions<I>(&self, session_ids: I, options: CompleteOptions) -> Bulk
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let items = session_ids.into_iter().map(|id| Item::complete(id.as_ref())).collect();
        self.start(Operation::CompleteSession(options), Source::list(items))
    }

    /// Sets the status of many sessions, given as pairs of session id and status; otherwise as
    /// [`complete_sessions`](Self::complete_sessions).
    pub fn update_session_statuses<I, S, T>(&self, updates: I, options: UpdateOptions) -> Bulk
    where
        I: IntoIterator<Item = (S, T)>,
        S: AsRef<str>,
        T: AsRef<str>,
    {
        let items = updates.into_iter().map(|(id, status)| Item::update(id.as_ref(), status.as_ref())).collect();
        self.start(Operation::UpdateSessionStatus(options), Source::list(items))
    }

    /// A bulk call without items yet: [`Bulk::push`] adds them, [`Bulk::finish`] says that no more come.
    pub fn bulk(&self, operation: Operation) -> Bulk {
        self.start(operation, Source::Pushed)
    }

    /// A bulk call on the items of a stream, which are taken as there is room for them.
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

    /// The same client with connections of its own, to be used on another runtime: limits, retries and `close` are shared.
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) when the HTTP client can't be made.
    pub fn with_own_connections(&self) -> Result<Self, Error> {
        Ok(Self { engine: self.engine.with_own_connections()? })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Closes the client: calls that wait, and all later ones, fail with [`Closed`](crate::ErrorKind::Closed); requests
    /// under way end as they would.
    pub fn close(&self) {
        self.engine.close();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.engine.config().base_url.as_str()).finish_non_exhaustive()
    }
}
