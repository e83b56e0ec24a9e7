//! The way of outcomes from the background thread into an event loop of asyncio.

use std::collections::HashMap;
use std::convert::Infallible;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::{PyNotImplementedError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};
use wts_session::binding::{Background, PerProcess, Wakeup, settle_shared_limits};
use wts_session::{Error, Session};

use crate::convert;
use crate::error::exception;

/// How many outcomes become Python objects before other callbacks of the loop have their turn.
const BATCH: usize = 64;

/// How long the end of the interpreter waits at most for the ledgers that processes share.
const MAX_TIME_TO_SETTLE: Duration = Duration::from_millis(200);

/// A session, nothing but the news that there is something to fetch elsewhere, or an error.
type Outcome = Result<Option<Session>, Error>;

/// Where the calls of one event loop deliver their outcomes.
///
/// However many calls are done at the same moment, the loop is woken up once for all of them.
#[derive(Debug)]
pub(crate) struct Mailbox {
    event_loop: Py<PyWeakrefReference>,
    /// What the loop reads; none for a loop that can't, such as Windows' own. To ring it is not to enter Python, which would
    /// mean to wait for the GIL, and to die with the interpreter where that ends at this moment.
    bell: Option<Wakeup>,
    /// The futures of the calls that are under way. No background task holds anything of Python's.
    awaited: Mutex<HashMap<u64, Py<PyAny>>>,
    last_number: AtomicU64,
    settled: Mutex<Vec<(u64, Outcome)>>,
}

impl Mailbox {
    fn new(event_loop: &Bound<'_, PyAny>, bell: Option<Wakeup>) -> PyResult<Self> {
        Ok(Self {
            event_loop: PyWeakrefReference::new(event_loop)?.unbind(),
            bell,
            awaited: Mutex::default(),
            last_number: AtomicU64::new(0),
            settled: Mutex::default(),
        })
    }

    /// The mailbox of `event_loop`, made when it is first asked for.
    pub(crate) fn of(event_loop: &Bound<'_, PyAny>) -> PyResult<Arc<Self>> {
        let settled = event_loop.py().import("wts_session._mailbox")?.call_method1("mailbox_of", (event_loop,))?;
        Ok(Arc::clone(&settled.cast::<Settled>()?.get().mailbox))
    }

    pub(crate) fn belongs_to(&self, event_loop: &Bound<'_, PyAny>) -> bool {
        self.event_loop.bind(event_loop.py()).upgrade().is_some_and(|own| own.is(event_loop))
    }

    /// A place for one outcome, which `future` waits for.
    pub(crate) fn slot(self: &Arc<Self>, future: Py<PyAny>, background: &'static Background) -> Slot {
        let number = self.last_number.fetch_add(1, Ordering::Relaxed);
        lock(&self.awaited).insert(number, future);
        Slot { number, mailbox: Arc::clone(self), background }
    }

    /// Nobody waits for this outcome any more.
    pub(crate) fn forget(&self, number: u64) {
        let _future = lock(&self.awaited).remove(&number);
    }

    /// Has the loop fetch what is settled.
    fn ring(self: Arc<Self>) {
        match &self.bell {
            Some(bell) => bell.wake(),
            None => in_python(|py| {
                if let Err(error) = self.wake_loop(py) {
                    error.write_unraisable(py, None);
                }
            }),
        }
    }

    fn wake_loop(self: &Arc<Self>, py: Python<'_>) -> PyResult<()> {
        let Some(event_loop) = self.event_loop.bind(py).upgrade() else {
            self.abandon();
            return Ok(());
        };
        let deliver = py.import("wts_session._mailbox")?.getattr("deliver")?;
        let settled = Settled { mailbox: Arc::clone(self) };
        match event_loop.call_method1("call_soon_threadsafe", (deliver, settled)) {
            Err(error) if error.is_instance_of::<PyRuntimeError>(py) && is_closed(&event_loop)? => self.abandon(),
            outcome => drop(outcome?),
        }
        Ok(())
    }

    fn abandon(&self) {
        // Dropped outside the locks: the end of a future may run code in Python.
        let _futures = mem::take(&mut *lock(&self.awaited));
        let _outcomes = mem::take(&mut *lock(&self.settled));
    }
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

/// As [`in_python`], for threads that are attached to Python; it does not wait.
pub(crate) fn in_python_now<T>(work: impl FnOnce() -> T) -> Option<T> {
    let exits = exits().try_read().ok()?;
    (!*exits).then(work)
}

/// Keeps our threads out of Python from now on, and tells ledgers that are shared what they do not know yet; for `atexit`.
#[pyfunction]
pub(crate) fn stop_ringing(py: Python<'_>) {
    py.detach(|| {
        *exits().write().unwrap_or_else(PoisonError::into_inner) = true;
        settle_shared_limits(MAX_TIME_TO_SETTLE);
    });
}

/// The outcomes that wait in a mailbox, for the code in Python that settles the futures.
///
/// It is not done here, since it may run more code in Python: see `exception`.
#[pyclass(frozen, module = "wts_session._wts_session")]
#[derive(Debug)]
pub(crate) struct Settled {
    mailbox: Arc<Mailbox>,
}

type Delivery<'py> = (Py<PyAny>, Option<Bound<'py, PyAny>>, Option<PyErr>);

#[pymethods]
impl Settled {
    #[new]
    fn new(event_loop: &Bound<'_, PyAny>, has_bell: bool) -> PyResult<Self> {
        let bell = if has_bell { Wakeup::new()? } else { None };
        Ok(Self { mailbox: Arc::new(Mailbox::new(event_loop, bell)?) })
    }

    /// What becomes readable when there is something to take.
    fn fileno(&self) -> PyResult<i32> {
        let bell = self.mailbox.bell.as_ref();
        bell.map(Wakeup::descriptor).ok_or_else(|| PyNotImplementedError::new_err("this mailbox has no bell"))
    }

    /// Nobody is going to take anything any more.
    fn abandon(&self) {
        self.mailbox.abandon();
    }

    /// The next futures, each with its result or its error, and whether there are more.
    fn take<'py>(&self, py: Python<'py>) -> (Vec<Delivery<'py>>, bool) {
        if let Some(bell) = &self.mailbox.bell {
            bell.clear();
        }
        let (batch, has_more) = self.next_batch();
        let deliveries = batch.into_iter().filter_map(|(number, outcome)| {
            let future = lock(&self.mailbox.awaited).remove(&number)?;
            let result = outcome.map_err(|error| exception(py, &error));
            Some(match result.and_then(|session| session.map(|session| convert::session(py, &session)).transpose()) {
                Ok(result) => (future, result, None),
                Err(error) => (future, None, Some(error)),
            })
        });
        (deliveries.collect(), has_more)
    }
}

impl Settled {
    fn next_batch(&self) -> (Vec<(u64, Outcome)>, bool) {
        let mut settled = lock(&self.mailbox.settled);
        let count = settled.len().min(BATCH);
        let rest = settled.split_off(count);
        let has_more = !rest.is_empty();
        (mem::replace(&mut settled, rest), has_more)
    }
}

/// A place in a mailbox for the outcome of one call.
#[derive(Debug)]
pub(crate) struct Slot {
    number: u64,
    mailbox: Arc<Mailbox>,
    background: &'static Background,
}

impl Slot {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// To be called on the background thread.
    pub(crate) fn deliver(self, outcome: Result<Session, Error>) {
        self.put(outcome.map(Some));
    }

    /// Says that there is something to fetch elsewhere: the future becomes `None`.
    pub(crate) fn notify(self) {
        self.put(Ok(None));
    }

    fn put(&self, outcome: Outcome) {
        let mut settled = lock(&self.mailbox.settled);
        settled.push((self.number, outcome));
        if settled.len() == 1 {
            // A task of its own has its turn after all calls that are done now, so it rings for all of them.
            let mailbox = Arc::clone(&self.mailbox);
            self.background.spawn(async move { mailbox.ring() });
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if thread::panicking() {
            self.put(Err(Error::internal("The call panicked.")));
        }
    }
}

fn is_closed(event_loop: &Bound<'_, PyAny>) -> PyResult<bool> {
    event_loop.call_method0("is_closed")?.is_truthy()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
