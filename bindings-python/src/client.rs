//! `Client` and the functions of the module: calls that wait.

use std::future::Future;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use wts_session::binding::{ClientCache, PerProcess};
use wts_session::blocking;
use wts_session::{ClientBuilder, Error, Item, Operation, Session};

use crate::bulk::BulkRun;
use crate::convert::{self, Flag};
use crate::error::{catching_panics, exception};
use crate::logging;
use crate::own_client::OwnClient;

/// How often a waiting call looks for signals.
pub(crate) const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

/// The clients of the module's functions.
static SHARED: PerProcess<ClientCache<Arc<blocking::Client>>> = PerProcess::new();

/// A client of the WTS Chat API; a call waits until it is done.
///
/// `api_key` is a permanent token of the web app (Ajustes > Integrações > Integração via API), as it was copied from
/// there; without it the environment's `WTS_API_KEY` is taken. `base_url` is the address of the API without `/chat`;
/// without it the environment's `WTS_BASE_URL`, or else `https://api.wts.chat`.
///
/// `timeout` bounds one attempt and `total_timeout` a whole call with its waiting and retries, both in seconds;
/// `total_timeout=None` is no bound. A request is sent again at most `max_retries` times, and only where that can help.
/// At most `max_concurrency` requests are under way at once. `rate_limits` are the account's limits, pairs of requests
/// and seconds; `None` switches them off. `reserve` is the share of each limit, 0 to 0.5, that a call which holds many
/// slots leaves to other calls.
///
/// `shared_limits` is where the ledger is that processes share: `'machine'`, `'redis://host'` and others, as
/// `docs/several-processes.md` lists them; without it the environment's `WTS_SHARED_LIMITS`, or else `'off'`.
/// `shared_limits_account` is a name that joins several keys of one account. `shared_limits_fallback` is `'wait'`, or
/// the share of the limits that is used while the ledger can't be reached.
///
/// `auth_scheme` is `'bearer'`, or `'raw'` for tenants that want the key alone. `allow_insecure_http` allows a base
/// URL of plain http, which shows the key to everyone on the way.
///
/// Many threads may share a client. A child made by `os.fork` can go on with the client of its parent; it has
/// connections of its own, and rate limits of its own unless `shared_limits` are set.
///
/// Raises `ConfigError` where a client can't be made of these settings.
///
/// >>> with Client() as client:
/// ...     session = client.complete_session("session_12345")
/// >>> session["success"], session["sessionId"]
/// (True, 'session_12345')
#[pyclass(frozen, subclass, weakref, module = "wts_session")]
#[derive(Debug)]
pub(crate) struct Client {
    own: OwnClient<blocking::Client>,
}

#[pymethods]
impl Client {
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

    /// Set the status of a session, and return the session as the API has it then.
    ///
    /// `status` is a `SessionStatus` or its name, `'IN_PROGRESS'` or `'In Progress'`, in any case.
    /// `stop_bot_in_execution` stops a chatbot that is running in the session. The dict holds what the API answered,
    /// every field of it; `id` and `status` are always there.
    ///
    /// Raises a `WtsError`: `ValidationError` before anything is sent, `ApiError` where the API says no,
    /// `ConnectionFailedError` and `RequestTimeoutError` where there is no answer.
    #[pyo3(
        signature = (session_id, status, *, stop_bot_in_execution=Flag::Off),
        text_signature = "($self, session_id, status, *, stop_bot_in_execution=False)"
    )]
    fn update_session_status<'py>(
        &self,
        py: Python<'py>,
        session_id: &Bound<'py, PyAny>,
        status: &Bound<'py, PyAny>,
        stop_bot_in_execution: Flag<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (id, status) = (convert::session_id(session_id)?, convert::status(status)?);
        let options = convert::update_options(&stop_bot_in_execution)?;
        let client = self.own.get().map_err(|error| exception(py, &error))?;
        wait(py, client, client.as_async().call(Operation::UpdateSessionStatus(options), Item::update(id, status)))
    }

    /// Complete a session, and return the session as the API has it then.
    ///
    /// `reactivate_on_new_message` has a new message of the contact reopen the session; `stop_bot_in_execution` stops
    /// a chatbot that is running in it. The dict holds what the API answered, every field of it; `success` and
    /// `sessionId` are always there.
    ///
    /// Raises a `WtsError`: `ValidationError` before anything is sent, `ApiError` where the API says no,
    /// `ConnectionFailedError` and `RequestTimeoutError` where there is no answer.
    #[pyo3(
        signature = (session_id, *, reactivate_on_new_message=Flag::Off, stop_bot_in_execution=Flag::Off),
        text_signature = "($self, session_id, *, reactivate_on_new_message=False, stop_bot_in_execution=False)"
    )]
    fn complete_session<'py>(
        &self,
        py: Python<'py>,
        session_id: &Bound<'py, PyAny>,
        reactivate_on_new_message: Flag<'_, 'py>,
        stop_bot_in_execution: Flag<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let id = convert::session_id(session_id)?;
        let options = convert::complete_options(&reactivate_on_new_message, &stop_bot_in_execution)?;
        let client = self.own.get().map_err(|error| exception(py, &error))?;
        wait(py, client, client.as_async().call(Operation::CompleteSession(options), Item::complete(id)))
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
    fn _panic<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let client = self.own.get().map_err(|error| exception(py, &error))?;
        wait(py, client, async { panic!("as the tests want it") })
    }

    /// Close the client: calls that wait to be sent, and all later ones, raise `ClientClosedError`.
    ///
    /// Requests under way end as they would.
    fn close(&self) {
        self.own.close();
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyTuple>) {
        self.own.close();
    }
}

impl Client {
    /// The client of core in this process.
    pub(crate) fn of_core(&self) -> Result<&blocking::Client, Error> {
        self.own.get()
    }

    fn start_bulk(&self, py: Python<'_>, operation: Operation) -> PyResult<BulkRun> {
        logging::look(py)?;
        let call = py.detach(|| self.of_core().map(|client| client.bulk(operation)));
        Ok(BulkRun::new(operation, call.map_err(|error| exception(py, &error))?))
    }
}

/// Set the status of a session, as `Client.update_session_status` does, without a client of your own.
///
/// The client is kept for the next call with the same `api_key` and `base_url`, which are those of `Client`.
///
/// >>> update_session_status("session_12345", "PENDING")["status"]
/// 'PENDING'
#[pyfunction]
#[pyo3(
    signature = (session_id, status, *, api_key=None, base_url=None, stop_bot_in_execution=Flag::Off),
    text_signature = "(session_id, status, *, api_key=None, base_url=None, stop_bot_in_execution=False)"
)]
pub(crate) fn update_session_status<'py>(
    py: Python<'py>,
    session_id: &Bound<'py, PyAny>,
    status: &Bound<'py, PyAny>,
    api_key: Option<&Bound<'py, PyAny>>,
    base_url: Option<&Bound<'py, PyAny>>,
    stop_bot_in_execution: Flag<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let (id, status) = (convert::session_id(session_id)?, convert::status(status)?);
    let options = convert::update_options(&stop_bot_in_execution)?;
    let client = shared(py, convert::short_builder(api_key, base_url)?)?;
    wait(py, &client, client.as_async().call(Operation::UpdateSessionStatus(options), Item::update(id, status)))
}

/// Complete a session, as `Client.complete_session` does, without a client of your own.
///
/// The client is kept for the next call with the same `api_key` and `base_url`, which are those of `Client`.
///
/// >>> complete_session("session_12345", reactivate_on_new_message=True)["success"]
/// True
#[pyfunction]
#[pyo3(
    signature = (
        session_id, *, api_key=None, base_url=None, reactivate_on_new_message=Flag::Off, stop_bot_in_execution=Flag::Off
    ),
    text_signature = "(session_id, *, api_key=None, base_url=None, reactivate_on_new_message=False, \
                      stop_bot_in_execution=False)"
)]
pub(crate) fn complete_session<'py>(
    py: Python<'py>,
    session_id: &Bound<'py, PyAny>,
    api_key: Option<&Bound<'py, PyAny>>,
    base_url: Option<&Bound<'py, PyAny>>,
    reactivate_on_new_message: Flag<'_, 'py>,
    stop_bot_in_execution: Flag<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let id = convert::session_id(session_id)?;
    let options = convert::complete_options(&reactivate_on_new_message, &stop_bot_in_execution)?;
    let client = shared(py, convert::short_builder(api_key, base_url)?)?;
    wait(py, &client, client.as_async().call(Operation::CompleteSession(options), Item::complete(id)))
}

/// The client of the module's functions for these settings.
fn shared(py: Python<'_>, builder: ClientBuilder) -> PyResult<Arc<blocking::Client>> {
    let client = py.detach(|| {
        let clients = SHARED.get_or_make(|| Ok::<_, Error>(ClientCache::new()))?;
        clients.get(builder, |builder| builder.build_blocking().map(Arc::new))
    });
    client.map_err(|error| exception(py, &error))
}

/// Waits for `call` without the GIL, and looks for signals.
fn wait<'py>(
    py: Python<'py>,
    client: &blocking::Client,
    call: impl Future<Output = Result<Session, Error>> + Send,
) -> PyResult<Bound<'py, PyAny>> {
    logging::look(py)?;
    let waited = py.detach(|| catching_panics(|| client.wait_unless(call, SIGNAL_INTERVAL, check_signals)));
    convert::result(py, waited.unwrap_or_else(|panic| Ok(Err(panic)))?)
}

/// Runs the handlers of signals that came; fails with what they raise.
pub(crate) fn check_signals() -> PyResult<()> {
    Python::try_attach(|py| py.check_signals()).unwrap_or_else(|| wait_for_exit())
}

/// Python is shutting down, and this is one of its daemon threads: it must not touch Python any more.
fn wait_for_exit() -> ! {
    loop {
        thread::park();
    }
}
