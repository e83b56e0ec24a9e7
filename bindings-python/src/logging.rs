//! What core tells of its work, as lines of the logger `wts_session`.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::{PyException, PyKeyboardInterrupt};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use wts_session::{ErrorKind, Event, Observer};

use crate::mailbox::{in_python, in_python_now};

/// As Python's `logging` has it.
const DEBUG: u8 = 10;

/// Whether attempts are logged: threads that drive calls need no Python to know it.
static LOGS_ATTEMPTS: AtomicBool = AtomicBool::new(false);

/// One for all clients, since those with equal settings are shared.
static OBSERVER: LazyLock<Observer> = LazyLock::new(|| Observer::new(observe));

/// Who logs.
pub(crate) fn observer() -> Observer {
    OBSERVER.clone()
}

/// Looks at the logger's level; to be called when a call starts.
pub(crate) fn look(py: Python<'_>) -> PyResult<()> {
    let logs = match in_python_now(|| is_debugging(py)) {
        None => false,
        Some(Ok(logs)) => logs,
        Some(Err(error)) if error.is_instance_of::<PyException>(py) => {
            error.write_unraisable(py, None);
            false
        }
        Some(Err(error)) => return Err(error),
    };
    LOGS_ATTEMPTS.store(logs, Ordering::Relaxed);
    Ok(())
}

fn is_debugging(py: Python<'_>) -> PyResult<bool> {
    is_enabled_for(py)?.call1((DEBUG,))?.is_truthy()
}

/// The logger's method, made known by [`be_ready`](crate::ready::be_ready).
pub(crate) fn is_enabled_for(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static IS_ENABLED_FOR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    IS_ENABLED_FOR.import(py, "wts_session._logging", "is_enabled_for")
}

fn observe(event: &Event<'_>) {
    if matches!(event, Event::Attempt { .. }) && !LOGS_ATTEMPTS.load(Ordering::Relaxed) {
        return;
    }
    in_python(|py| {
        if let Err(error) = log(py, event) {
            report(py, error);
        }
    });
}

fn log(py: Python<'_>, event: &Event<'_>) -> PyResult<()> {
    let logging = py.import("wts_session._logging")?;
    match *event {
        Event::Attempt { operation, session_id, attempt, http_status, error, elapsed } => {
            let milliseconds = elapsed.as_secs_f64() * 1000.0;
            let code = error.map(ErrorKind::code);
            let arguments = (operation, session_id, attempt, http_status, code, milliseconds);
            logging.call_method1("log_attempt", arguments)?;
        }
        Event::Retry { operation, session_id, attempt, error, wait } => {
            logging.call_method1("log_retry", (operation, session_id, attempt, error.code(), wait.as_secs_f64()))?;
        }
        Event::Pause { wait } => {
            logging.call_method1("log_pause", (wait.as_secs_f64(),))?;
        }
        Event::Waiting { wait } => {
            logging.call_method1("log_waiting", (wait.as_secs_f64(),))?;
        }
        Event::SharedLimits(event) => {
            logging.call_method1("log_shared_limits", (event.to_string(), event.is_warning()))?;
        }
        // What a later core tells besides has no line yet.
        _ => {}
    }
    Ok(())
}

/// What a handler of logs raises is no fault of the call's. Only Ctrl-C has to reach the program, whose main thread
/// finds it when it next looks for signals.
fn report(py: Python<'_>, error: PyErr) {
    let error = if error.is_instance_of::<PyKeyboardInterrupt>(py) {
        let interrupted = py.import("_thread").and_then(|thread| thread.call_method0("interrupt_main"));
        let Err(hindrance) = interrupted else { return };
        hindrance
    } else {
        error
    };
    error.write_unraisable(py, None);
}
