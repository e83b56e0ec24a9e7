//! What `AsyncClient` is made of: calls that the background thread drives for an event loop.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tokio::task::AbortHandle;
use wts_session::binding::{Background, PerProcess};
use wts_session::{Client, ClientBuilder, Error, Item, Operation, Session};

use crate::bulk::BulkRun;
use crate::convert::{self, Flag};
use crate::error::exception;
use crate::logging;
use crate::mailbox::{Mailbox, Slot};
use crate::own_client::{CoreClient, OwnClient};

/// The thread that drives the calls of all event loops.
static BACKGROUND: PerProcess<Background> = PerProcess::new();

/// The native half of `AsyncClient`.
#[pyclass(frozen, subclass, weakref, module = "wts_session._wts_session")]
#[derive(Debug)]
pub(crate) struct AsyncCalls {
    own: OwnClient<LoopClient>,
}

/// A client of core, and the mailbox of the loop that it was used in last.
#[derive(Debug)]
struct LoopClient {
    client: Client,
    mailbox: Mutex<Option<Arc<Mailbox>>>,
}

impl CoreClient for LoopClient {
    fn build(builder: ClientBuilder) -> Result<Self, Error> {
        Ok(Self { client: builder.build()?, mailbox: Mutex::new(None) })
    }

    fn close(&self) {
        self.client.close();
    }
}

impl LoopClient {
    fn mailbox(&self, event_loop: &Bound<'_, PyAny>) -> PyResult<Arc<Mailbox>> {
        let last = self.last().clone();
        if let Some(mailbox) = last.filter(|mailbox| mailbox.belongs_to(event_loop)) {
            return Ok(mailbox);
        }
        let mailbox = Mailbox::of(event_loop)?;
        let _last = self.last().replace(Arc::clone(&mailbox));
        Ok(mailbox)
    }

    /// Not to be held while code in Python runs, which may let go of the GIL.
    fn last(&self) -> MutexGuard<'_, Option<Arc<Mailbox>>> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl AsyncCalls {
    #[new]
    #[pyo3(
        signature = (api_key=None, **settings),
        text_signature = "(api_key=None, *, base_url=None, timeout=15.0, total_timeout=60.0, max_retries=3, \
                          max_concurrency=64, rate_limits=((200, 5.0), (1000, 300.0)), reserve=0.05, \
                          shared_limits=None, shared_limits_account=None, shared_limits_fallback='wait', \
                          auth_scheme='bearer', allow_insecure_http=False)"
    )]
    fn new(py: Python<'_>, api_key: Option<&Bound<'_, PyAny>>, settings: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let builder = convert::builder(api_key, settings)?;
        let own = py.detach(|| OwnClient::new(builder)).map_err(|error| exception(py, &error))?;
        Ok(Self { own })
    }

    fn _update_session_status(
        &self,
        py: Python<'_>,
        future: &Bound<'_, PyAny>,
        session_id: &Bound<'_, PyAny>,
        status: &Bound<'_, PyAny>,
        stop_bot_in_execution: Flag<'_, '_>,
    ) -> PyResult<Call> {
        let (id, status) = (convert::session_id(session_id)?, convert::status(status)?);
        let options = convert::update_options(&stop_bot_in_execution)?;
        self.start(py, future, |client| async move {
            client.call(Operation::UpdateSessionStatus(options), Item::update(id, status)).await
        })
    }

    fn _complete_session(
        &self,
        py: Python<'_>,
        future: &Bound<'_, PyAny>,
        session_id: &Bound<'_, PyAny>,
        reactivate_on_new_message: Flag<'_, '_>,
        stop_bot_in_execution: Flag<'_, '_>,
    ) -> PyResult<Call> {
        let id = convert::session_id(session_id)?;
        let options = convert::complete_options(&reactivate_on_new_message, &stop_bot_in_execution)?;
        self.start(py, future, |client| async move {
            client.call(Operation::CompleteSession(options), Item::complete(id)).await
        })
    }

    fn _update_session_statuses(&self, py: Python<'_>, stop_bot_in_execution: Flag<'_, '_>) -> PyResult<BulkRun> {
        self.start_bulk(py, Operation::UpdateSessionStatus(convert::update_options(&stop_bot_in_execution)?))
    }

    fn _complete_sessions(
        &self,
        py: Python<'_>,
        reactivate_on_new_message: Flag<'_, '_>,
        stop_bot_in_execution: Flag<'_, '_>,
    ) -> PyResult<BulkRun> {
        let options = convert::complete_options(&reactivate_on_new_message, &stop_bot_in_execution)?;
        self.start_bulk(py, Operation::CompleteSession(options))
    }

    /// For the tests: a call that panics.
    #[cfg(debug_assertions)]
    fn _panic(&self, py: Python<'_>, future: &Bound<'_, PyAny>) -> PyResult<Call> {
        self.start(py, future, |_| async { panic!("as the tests want it") })
    }

    fn _close(&self) {
        self.own.close();
    }
}

impl AsyncCalls {
    /// Starts the call whose outcome `future` becomes.
    fn start<F>(&self, py: Python<'_>, future: &Bound<'_, PyAny>, call: impl FnOnce(Client) -> F) -> PyResult<Call>
    where
        F: Future<Output = Result<Session, Error>> + Send + 'static,
    {
        logging::look(py)?;
        let (mailbox, slot) = self.slot(future)?;
        let number = slot.number();
        let outcome = call(self.client(py)?.clone());
        let background = background().map_err(|error| exception(py, &error))?;
        let task = background.spawn(async move { slot.deliver(outcome.await) });
        Ok(Call { task, mailbox, number })
    }

    /// A place for what `future` becomes, in the mailbox of its loop.
    pub(crate) fn slot(&self, future: &Bound<'_, PyAny>) -> PyResult<(Arc<Mailbox>, Slot)> {
        let py = future.py();
        let own = self.own.get().map_err(|error| exception(py, &error))?;
        let background = background().map_err(|error| exception(py, &error))?;
        let mailbox = own.mailbox(&future.call_method0("get_loop")?)?;
        let slot = mailbox.slot(future.clone().unbind(), background);
        Ok((mailbox, slot))
    }

    fn client(&self, py: Python<'_>) -> PyResult<&Client> {
        self.own.get().map(|own| &own.client).map_err(|error| exception(py, &error))
    }

    fn start_bulk(&self, py: Python<'_>, operation: Operation) -> PyResult<BulkRun> {
        logging::look(py)?;
        let background = background().map_err(|error| exception(py, &error))?;
        Ok(BulkRun::new(operation, self.client(py)?.bulk_on(background, operation)))
    }
}

/// A call that is under way.
#[pyclass(frozen, module = "wts_session._wts_session")]
#[derive(Debug)]
pub(crate) struct Call {
    task: AbortHandle,
    mailbox: Arc<Mailbox>,
    number: u64,
}

#[pymethods]
impl Call {
    /// Stop the call and close its connection.
    fn abort(&self) {
        self.task.abort();
        self.mailbox.forget(self.number);
    }
}

fn background() -> Result<&'static Background, Error> {
    BACKGROUND.get_or_make(Background::start)
}
