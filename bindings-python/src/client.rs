//! What `Client` is made of: calls that wait.

use std::future::Future;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use wts_session::binding::{ClientCache, PerProcess};
use wts_session::blocking;
use wts_session::{Error, Session};

use crate::bulk::BulkRun;
use crate::convert;
use crate::error::{catching_panics, exception};
use crate::fork_safe::ForkSafe;
use crate::interpreter::{SIGNAL_INTERVAL, SignalWatch};
use crate::logging::{Lines, Observed};
use crate::operation::Operation;
use crate::settings::builder;

/// The clients of the module's functions.
static SHARED: PerProcess<ClientCache<Arc<blocking::Client>>> = PerProcess::new();

/// The native half of `Client`.
#[pyclass(frozen, module = "wts_session._wts_session")]
#[derive(Debug)]
pub(crate) struct Calls {
    own: ForkSafe<blocking::Client>,
}

#[pymethods]
impl Calls {
    #[new]
    fn new(py: Python<'_>, settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        let own = ForkSafe::new(builder(settings)?).map_err(|error| exception(py, &error))?;
        Ok(Self { own })
    }

    /// One call; `logs_attempts` tells whether lines below warnings are wanted.
    fn call<'py>(
        &self,
        operation: &Bound<'py, Operation>,
        session_id: &Bound<'py, PyAny>,
        status: &Bound<'py, PyAny>,
        logs_attempts: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = operation.py();
        let client = self.own.get().map_err(|error| exception(py, &error))?;
        call(client, operation, session_id, status, logs_attempts)
    }

    /// Begins a bulk call.
    fn bulk(slf: Py<Self>, operation: &Bound<'_, Operation>, logs_attempts: bool) -> PyResult<BulkRun> {
        let client = slf.get().own.get().map_err(|error| exception(operation.py(), &error))?;
        Ok(BulkRun::begin(slf.clone_ref(operation.py()).into_any(), operation, logs_attempts, |it| client.bulk(it)))
    }

    /// For the tests: a call that panics.
    #[cfg(debug_assertions)]
    fn panic<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let client = self.own.get().map_err(|error| exception(py, &error))?;
        wait(py, client, false, async { panic!("as the tests want it") })
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.own.close());
    }
}

/// One call by the client that all calls with these settings share.
#[pyfunction]
pub(crate) fn shared_call<'py>(
    settings: &Bound<'py, PyDict>,
    operation: &Bound<'py, Operation>,
    session_id: &Bound<'py, PyAny>,
    status: &Bound<'py, PyAny>,
    logs_attempts: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let clients = SHARED.get_or_default();
    let client = clients.get(builder(settings)?, |builder| builder.build_blocking().map(Arc::new));
    let client = client.map_err(|error| exception(settings.py(), &error))?;
    call(&client, operation, session_id, status, logs_attempts)
}

fn call<'py>(
    client: &blocking::Client,
    operation: &Bound<'py, Operation>,
    session_id: &Bound<'py, PyAny>,
    status: &Bound<'py, PyAny>,
    logs_attempts: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let item = operation.get().item(session_id, status)?;
    let (inner, operation_of_core) = (client.as_async().clone(), operation.get().of_core);
    // Boxed, because it is moved several times, and threads of Python may have small stacks.
    let call = Box::pin(async move { inner.call(operation_of_core, item).await });
    wait(operation.py(), client, logs_attempts, call)
}

/// Waits for `call` without the GIL, logs its lines, and looks for signals.
fn wait<'py>(
    py: Python<'py>,
    client: &blocking::Client,
    logs_attempts: bool,
    call: impl Future<Output = Result<Session, Error>> + Send + 'static,
) -> PyResult<Bound<'py, PyAny>> {
    let lines = Arc::<Lines>::default();
    let observed = Observed::new(logs_attempts, lines.clone());
    let watch = SignalWatch::new(py);
    let check = || watch.check_after(|py| lines.log(py));
    let waited = py.detach(|| {
        let call = observed.call(call);
        catching_panics(|| client.run_unless(call, SIGNAL_INTERVAL, check))
    });
    lines.log(py)?;
    convert::result(py, waited.unwrap_or_else(|panic| Ok(Err(panic)))?)
}
