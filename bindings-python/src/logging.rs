//! What core tells of its work, as lines of the logger `wts_session`.
//!
//! A line is logged where its call was made: on that thread or in that task, so that the program's handlers find the
//! context of the call. No lock is held meanwhile, for a handler may do anything, such as make a call.

use std::collections::HashMap;
use std::future::Future;
use std::mem;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use pyo3::exceptions::PyBaseException;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use wts_session::binding::{PerProcess, as_caller, caller, for_caller};
use wts_session::{ErrorKind, Event, Observer};

use crate::interpreter::in_program;

/// One for all clients, since those with equal settings are shared.
static OBSERVER: LazyLock<Observer> = LazyLock::new(|| Observer::new(observe));

/// Those calls under way whose lines somebody logs, by their numbers.
static OBSERVED: PerProcess<Mutex<HashMap<u32, Listener>>> = PerProcess::new();

/// Who logs.
pub(crate) fn observer() -> Observer {
    OBSERVER.clone()
}

#[derive(Clone)]
struct Listener {
    logs_attempts: bool,
    sink: Arc<dyn Sink>,
}

/// Where lines go until somebody logs them.
pub(crate) trait Sink: Send + Sync {
    /// Called on any thread, without the GIL.
    fn push(&self, line: Line);
}

/// A call whose lines go to a sink as long as this lives.
#[derive(Debug)]
pub(crate) struct Observed {
    number: u32,
}

impl Observed {
    pub(crate) fn new(logs_attempts: bool, sink: Arc<dyn Sink>) -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        listeners().insert(number, Listener { logs_attempts, sink });
        Self { number }
    }

    /// `call`, whose lines are meant.
    pub(crate) fn call<F: Future>(&self, call: F) -> impl Future<Output = F::Output> + use<F> {
        for_caller(self.number, call)
    }

    /// Begins a bulk call whose lines are meant.
    pub(crate) fn begin<T>(&self, begin: impl FnOnce() -> T) -> T {
        as_caller(self.number, begin)
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        listeners().remove(&self.number);
    }
}

fn listeners() -> MutexGuard<'static, HashMap<u32, Listener>> {
    OBSERVED.get_or_default().lock().unwrap_or_else(PoisonError::into_inner)
}

fn observe(event: &Event<'_>) {
    let listener = caller().and_then(|number| listeners().get(&number).cloned());
    let Some(Listener { logs_attempts, sink }) = listener else { return };
    let is_attempt = matches!(event, Event::Attempt { .. });
    if (!is_attempt || logs_attempts)
        && let Some(line) = Line::of(event)
    {
        sink.push(line);
    }
}

/// A function of `wts_session._logging`, and what it is called with.
#[derive(Debug)]
pub(crate) enum Line {
    Attempt(&'static str, String, u32, Option<u16>, Option<&'static str>, f64),
    Retry(&'static str, String, u32, &'static str, f64),
    Pause(f64),
    Waiting(f64),
    SharedLimits(String, bool),
}

impl Line {
    /// What a later core tells besides has no line yet.
    fn of(event: &Event<'_>) -> Option<Self> {
        Some(match *event {
            Event::Attempt { operation, session_id, attempt, http_status, error, elapsed } => {
                let milliseconds = elapsed.as_secs_f64() * 1000.0;
                let code = error.map(ErrorKind::code);
                Self::Attempt(operation, session_id.to_owned(), attempt, http_status, code, milliseconds)
            }
            Event::Retry { operation, session_id, attempt, error, wait } => {
                Self::Retry(operation, session_id.to_owned(), attempt, error.code(), wait.as_secs_f64())
            }
            Event::Pause { wait } => Self::Pause(wait.as_secs_f64()),
            Event::Waiting { wait } => Self::Waiting(wait.as_secs_f64()),
            Event::SharedLimits(event) => Self::SharedLimits(event.to_string(), event.is_warning()),
            _ => return None,
        })
    }

    /// The name of the function and its arguments.
    pub(crate) fn into_python(self, py: Python<'_>) -> PyResult<(&'static str, Bound<'_, PyTuple>)> {
        Ok(match self {
            Self::Attempt(operation, session_id, attempt, http_status, error, milliseconds) => {
                let arguments = (operation, session_id, attempt, http_status, error, milliseconds);
                ("log_attempt", arguments.into_pyobject(py)?)
            }
            Self::Retry(operation, session_id, attempt, error, seconds) => {
                ("log_retry", (operation, session_id, attempt, error, seconds).into_pyobject(py)?)
            }
            Self::Pause(seconds) => ("log_pause", (seconds,).into_pyobject(py)?),
            Self::Waiting(seconds) => ("log_waiting", (seconds,).into_pyobject(py)?),
            Self::SharedLimits(text, is_warning) => ("log_shared_limits", (text, is_warning).into_pyobject(py)?),
        })
    }
}

/// The lines of a call for which a thread or task waits that logs them.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    state: Mutex<(Vec<Line>, Option<Waker>)>,
}

impl Sink for Lines {
    fn push(&self, line: Line) {
        let mut state = self.state();
        state.0.push(line);
        let waker = state.1.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }
}

impl Lines {
    /// Takes all out.
    pub(crate) fn take(&self) -> Vec<Line> {
        mem::take(&mut self.state().0)
    }

    /// Whether there are any. If not, `waker` is woken when one comes.
    pub(crate) fn are_there(&self, waker: &Waker) -> bool {
        let mut state = self.state();
        state.1 = state.0.is_empty().then(|| waker.clone());
        state.1.is_none()
    }

    /// Logs them, below a function of ours.
    pub(crate) fn log(&self, py: Python<'_>) -> PyResult<()> {
        self.take().into_iter().try_for_each(|line| in_program(|| log(py, line)).unwrap_or(Ok(())))
    }

    fn state(&self) -> MutexGuard<'_, (Vec<Line>, Option<Waker>)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells of an exception that nobody can catch, as Python does of those in `__del__`.
#[pyfunction]
pub(crate) fn report_unraisable(error: &Bound<'_, PyBaseException>) {
    PyErr::from_value(error.clone().into_any()).write_unraisable(error.py(), None);
}

fn log(py: Python<'_>, line: Line) -> PyResult<()> {
    let (name, arguments) = line.into_python(py)?;
    py.import("wts_session._logging")?.call_method1("log", (name, arguments)).map(drop)
}
