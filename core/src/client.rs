//! The client for programs that run on tokio.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::stream::{self, Stream};

use crate::bulk::Bulk;
use crate::config::Config;
use crate::engine::Engine;
use crate::error::Error;
use crate::model::{CompleteOptions, Session, UpdateOptions};
use crate::ops::{Item, Operation, complete_session, update_session_status};
use crate::progress::Progress;

/// A client of the WTS Chat API.
///
/// It is cheap to clone, and its clones share connections and limits. Its calls run on the tokio runtime they are awaited
/// on; dropping a call's future cancels the call and closes its connection.
///
/// A connection belongs to the runtime that it was opened on, and is used by calls on that runtime alone. So a client in a
/// static may be used on many runtimes, one after another or at once.
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

    /// One call of either operation, which is cancelled once `wish` is done. Whoever drops its future learns from `progress`
    /// what may have been applied.
    ///
    /// # Errors
    /// As [`update_session_status`](Self::update_session_status) and [`complete_session`](Self::complete_session), and
    /// [`Cancelled`](crate::ErrorKind::Cancelled).
    pub async fn call_one(
        &self,
        operation: Operation,
        mut item: Item,
        wish: impl Future<Output = ()>,
        progress: &Arc<Progress>,
    ) -> Result<Session, Error> {
        let request = operation.request(&mut item)?;
        tokio::select! {
            biased;
            () = wish => Err(progress.conclude(Error::cancelled())),
            result = self.engine.call(&request, progress) => result,
        }
    }

    /// Completes many sessions, as many at once as the account's limits and `max_concurrency` allow.
    ///
    /// Ids that are not valid fail by themselves without being sent. There is no total time limit.
    pub fn complete_sessions<I>(&self, session_ids: I, options: CompleteOptions) -> Bulk
    where
        I: IntoIterator<Item: Into<String>, IntoIter: Send + 'static>,
    {
        let items = session_ids.into_iter().map(|id| Item::to_complete(id.into()));
        self.bulk(Operation::CompleteSession(options), stream::iter(items))
    }

    /// Sets the status of many sessions, given as pairs of session id and status; as
    /// [`complete_sessions`](Self::complete_sessions).
    pub fn update_session_statuses<I, S, T>(&self, updates: I, options: UpdateOptions) -> Bulk
    where
        I: IntoIterator<Item = (S, T), IntoIter: Send + 'static>,
        S: Into<String>,
        T: AsRef<str>,
    {
        let items = updates.into_iter().map(|(id, status)| Item::to_update(id.into(), status.as_ref().to_owned()));
        self.bulk(Operation::UpdateSessionStatus(options), stream::iter(items))
    }

    /// A bulk call on items that come from a stream.
    pub fn bulk(&self, operation: Operation, items: impl Stream<Item = Item> + Send + 'static) -> Bulk {
        Bulk::new(self.engine.clone(), operation, items)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Closes the client: calls that wait, and all later ones, fail with [`Closed`](crate::ErrorKind::Closed); requests
    /// under way end as they would. Idle connections are closed.
    pub fn close(&self) {
        self.engine.close();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.engine.config().base_url.as_str()).finish_non_exhaustive()
    }
}
