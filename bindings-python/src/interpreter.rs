//! The interpreter as threads outside it see it: the GIL, signals, its end.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;
use wts_session::Error;
use wts_session::binding::{Background, PerProcess, Process, identify_processes_with, settle_shared_limits};

/// How often a waiting call looks for signals.
pub(crate) const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

/// How long the end of the interpreter waits at most for the ledgers that processes share.
const MAX_TIME_TO_SETTLE: Duration = Duration::from_millis(200);

/// How many forks led to this process, of those that Python was told of.
static FORKS: AtomicU64 = AtomicU64::new(0);

/// Has each child that Python forks know that it is one, whatever its process id.
pub(crate) fn count_forks(module: &Bound<'_, PyModule>) -> PyResult<()> {
    identify_processes_with(|| Process::after_forks(FORKS.load(Ordering::Relaxed)));
    let os = module.py().import("os")?;
    if os.hasattr("register_at_fork")? {
        let arguments = PyDict::new(module.py());
        arguments.set_item("after_in_child", wrap_pyfunction!(forked, module)?)?;
        os.call_method("register_at_fork", (), Some(&arguments))?;
    }
    Ok(())
}

#[pyfunction]
fn forked() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// The thread that drives the calls of all event loops.
pub(crate) fn background() -> Result<&'static Background, Error> {
    static BACKGROUND: PerProcess<Background> = PerProcess::new();
    BACKGROUND.get_or_make(Background::start)
}

/// Whether Python is shutting down; locked while a thread is in Python, where the end would be its end too.
fn exits() -> &'static RwLock<bool> {
    static EXITS: PerProcess<RwLock<bool>> = PerProcess::new();
    EXITS.get_or_make(|| Ok::<_, Infallible>(RwLock::new(false))).unwrap_or_else(|never| match never {})
}

/// Runs `work` in Python, unless that is shutting down. Only for threads that are not attached to it.
pub(crate) fn in_python(work: impl FnOnce(Python<'_>)) {
    let exits = exits().read().unwrap_or_else(PoisonError::into_inner);
    if !*exits {
        Python::try_attach(work);
    }
}

/// Runs `work`, which may run code of the program, unless Python is shutting down. It does not wait.
pub(crate) fn in_program<T>(work: impl FnOnce() -> T) -> Option<T> {
    let exits = exits().try_read().ok()?;
    (!*exits).then(work)
}

/// Keeps our threads out of Python from now on, and tells ledgers that are shared what they do not know yet; for `atexit`.
#[pyfunction]
pub(crate) fn interpreter_ends(py: Python<'_>) {
    // Then this is a subinterpreter's end inside that of the main one, where a thread that detaches never comes back.
    if is_finalizing(py) {
        return;
    }
    py.detach(|| {
        *exits().write().unwrap_or_else(PoisonError::into_inner) = true;
        settle_shared_limits(MAX_TIME_TO_SETTLE);
    });
}

/// `sys.is_finalizing`.
static IS_FINALIZING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Keeps what is to be called when Python shuts down, which can import nothing any more.
pub(crate) fn know_the_end(py: Python<'_>) -> PyResult<()> {
    IS_FINALIZING.get_or_try_init(py, || py.import("sys")?.getattr("is_finalizing").map(Bound::unbind))?;
    Ok(())
}

/// Whether Python shuts down, and all threads but this one have left it.
fn is_finalizing(py: Python<'_>) -> bool {
    let is_finalizing = IS_FINALIZING.get(py).and_then(|it| it.bind(py).call0().ok());
    is_finalizing.is_some_and(|it| it.is_truthy().unwrap_or(false))
}

/// What a thread does now and then while it waits outside Python.
#[derive(Clone, Copy)]
pub(crate) struct SignalWatch {
    /// This thread shuts Python down: a destructor makes a call. Nobody looks for signals any more.
    shuts_down: bool,
}

impl SignalWatch {
    /// To be made before the thread leaves Python.
    pub(crate) fn new(py: Python<'_>) -> Self {
        Self { shuts_down: is_finalizing(py) }
    }

    /// Runs `work` in Python, and then the handlers of signals that came.
    pub(crate) fn check_after(self, work: impl FnOnce(Python<'_>) -> PyResult<()>) -> PyResult<()> {
        if self.shuts_down {
            return Ok(());
        }
        let check = |py: Python<'_>| work(py).and_then(|()| py.check_signals());
        Python::try_attach(check).unwrap_or_else(|| wait_for_exit())
    }
}

/// Python is shutting down, and this is one of its daemon threads: it must not touch Python any more.
fn wait_for_exit() -> ! {
    loop {
        thread::park();
    }
}
