//! What `AsyncClient` is made of: calls that the background thread drives for an event loop.

use std::future::Future;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use wts_session::binding::AbortHandle;
use wts_session::{Client, Error, Session};

use crate::bulk::BulkRun;
use crate::error::exception;
use crate::fork_safe::ForkSafe;
use crate::interpreter::background;
use crate::logging::Observed;
use crate::mailbox::{Mailbox, Settled};
use crate::operation::Operation;
use crate::settings::builder;

/// The native half of `AsyncClient`.
#[pyclass(frozen, module = "wts_session._wts_session")]
#[derive(Debug)]
pub(crate) struct AsyncCalls {
    own: ForkSafe<Client>,
}

#[pymethods]
impl AsyncCalls {
    #[new]
    fn new(py: Python<'_>, settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        let own = ForkSafe::new(builder(settings)?).map_err(|error| exception(py, &error))?;
        Ok(Self { own })
    }

    /// Starts the call whose outcome `future` becomes by way of a mailbox. Its lines are logged in `context`.
    #[expect(
        clippy::too_many_arguments,
        reason = "a call has so many parts, and an object for them would be made for each"
    )]
    fn start(
        &self,
        operation: &Bound<'_, Operation>,
        session_id: &Bound<'_, PyAny>,
        status: &Bound<'_, PyAny>,
        logs_attempts: bool,
        context: Py<PyAny>,
        settled: &Bound<'_, Settled>,
        future: &Bound<'_, PyAny>,
    ) -> PyResult<StartedCall> {
        let item = operation.get().item(session_id, status)?;
        let operation = operation.get().of_core;
        self.begin(logs_attempts, context, settled, future, |client| async move { client.call(operation, item).await })
    }

    /// Begins a bulk call.
    fn bulk(slf: Py<Self>, operation: &Bound<'_, Operation>, logs_attempts: bool) -> PyResult<BulkRun> {
        let py = operation.py();
        let background = background().map_err(|error| exception(py, &error))?;
        let client = slf.get().client(py)?;
        Ok(BulkRun::begin(slf.clone_ref(py).into_any(), operation, logs_attempts, |it| client.bulk_on(background, it)))
    }

    /// For the tests: a call that panics.
    #[cfg(debug_assertions)]
    fn panic(
        &self,
        context: Py<PyAny>,
        settled: &Bound<'_, Settled>,
        future: &Bound<'_, PyAny>,
    ) -> PyResult<StartedCall> {
        self.begin(false, context, settled, future, |_| async { panic!("as the tests want it") })
    }

    fn close(&self) {
        self.own.close();
    }
}

impl AsyncCalls {
    fn client(&self, py: Python<'_>) -> PyResult<&Client> {
        self.own.get().map_err(|error| exception(py, &error))
    }

    fn begin<F>(
        &self,
        logs_attempts: bool,
        context: Py<PyAny>,
        settled: &Bound<'_, Settled>,
        future: &Bound<'_, PyAny>,
        call: impl FnOnce(Client) -> F,
    ) -> PyResult<StartedCall>
    where
        F: Future<Output = Result<Session, Error>> + Send + 'static,
    {
        let py = future.py();
        let background = background().map_err(|error| exception(py, &error))?;
        let mailbox = settled.get().mailbox();
        let call = call(self.client(py)?.clone());
        let slot = mailbox.slot(future.clone().unbind(), Some(context), background);
        let number = slot.number();
        let observed = Observed::new(logs_attempts, slot.sink());
        let task = background.spawn(async move {
            let outcome = observed.call(call).await;
            slot.deliver(outcome);
        });
        Ok(StartedCall { task, mailbox, number })
    }
}

/// A call that is under way.
#[pyclass(frozen, module = "wts_session._wts_session")]
#[derive(Debug)]
pub(crate) struct StartedCall {
    task: AbortHandle,
    mailbox: Arc<Mailbox>,
    number: u64,
}

#[pymethods]
impl StartedCall {
    /// Stop the call and close its connection.
    fn abort(&self) {
        self.task.abort();
        self.mailbox.forget(self.number);
    }
}
