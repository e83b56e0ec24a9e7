//! The way of outcomes and log lines from the background thread into an event loop of asyncio.

use std::collections::HashMap;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use pyo3::exceptions::{PyNotImplementedError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyWeakrefMethods, PyWeakrefReference};
use wts_session::binding::{Background, Wakeup};
use wts_session::{Error, Session};

use crate::convert;
use crate::error::exception;
use crate::interpreter::in_python;
use crate::logging::{Line, Sink};

/// How many outcomes become Python objects before other callbacks of the loop have their turn.
const BATCH: usize = 64;

/// A session, nothing but the news that there is something to fetch elsewhere, or an error.
type Outcome = Result<Option<Session>, Error>;

/// Where the calls of one event loop deliver their outcomes.
///
/// However many calls are done at the same moment, the loop is woken up once for all of them.
#[derive(Debug)]
pub(crate) struct Mailbox {
    event_loop: Py<PyWeakrefReference>,
    /// What the loop reads; none for a loop that can't, such as Windows' own. Waking it does not enter Python, which would
    /// wait for the GIL, and end this thread where the interpreter ends at this moment.
    wakeup: Option<Wakeup>,
    /// The calls under way. No background task holds anything of Python's.
    awaited: Mutex<HashMap<u64, Awaited>>,
    last_number: AtomicU64,
    news: Mutex<News>,
}

/// The future of a call, and the context in which its lines are logged.
#[derive(Debug)]
struct Awaited {
    future: Py<PyAny>,
    context: Option<Py<PyAny>>,
}

#[derive(Debug, Default)]
struct News {
    settled: Vec<(u64, Outcome)>,
    lines: Vec<(u64, Line)>,
}

impl Mailbox {
    fn new(event_loop: &Bound<'_, PyAny>, wakeup: Option<Wakeup>) -> PyResult<Self> {
        Ok(Self {
            event_loop: PyWeakrefReference::new(event_loop)?.unbind(),
            wakeup,
            awaited: Mutex::default(),
            last_number: AtomicU64::new(0),
            news: Mutex::default(),
        })
    }

    /// A place for one outcome, which `future` waits for.
    pub(crate) fn slot(
        self: &Arc<Self>,
        future: Py<PyAny>,
        context: Option<Py<PyAny>>,
        background: &'static Background,
    ) -> Slot {
        let number = self.last_number.fetch_add(1, Ordering::Relaxed);
        lock(&self.awaited).insert(number, Awaited { future, context });
        Slot { number, mailbox: Arc::clone(self), background }
    }

    /// Nobody waits for this outcome any more.
    pub(crate) fn forget(&self, number: u64) {
        let _awaited = lock(&self.awaited).remove(&number);
    }

    /// Adds news. A task of its own has its turn after all calls that are done now, so it wakes the loop for all of them.
    fn add(self: &Arc<Self>, background: &Background, add: impl FnOnce(&mut News)) {
        let mut news = lock(&self.news);
        let had_news = !(news.settled.is_empty() && news.lines.is_empty());
        add(&mut news);
        if !had_news {
            let mailbox = Arc::clone(self);
            background.spawn(async move { mailbox.wake() });
        }
    }

    /// Has the loop fetch what is settled.
    fn wake(self: Arc<Self>) {
        match &self.wakeup {
            Some(wakeup) => wakeup.wake(),
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
        let _awaited = mem::take(&mut *lock(&self.awaited));
        let _news = mem::take(&mut *lock(&self.news));
    }
}

/// The outcomes that wait in a mailbox, for the code in Python that settles the futures.
///
/// It is not done here, since it may run more code in Python: see `exception`.
#[pyclass(frozen, weakref, module = "wts_session._wts_session")]
#[derive(Debug)]
pub(crate) struct Settled {
    mailbox: Arc<Mailbox>,
}

type Delivery<'py> = (Py<PyAny>, Option<Bound<'py, PyAny>>, Option<PyErr>);
type LogLine<'py> = (Option<Py<PyAny>>, &'static str, Bound<'py, PyTuple>);

#[pymethods]
impl Settled {
    #[new]
    fn new(event_loop: &Bound<'_, PyAny>, has_wakeup: bool) -> PyResult<Self> {
        let made = if has_wakeup { Wakeup::new() } else { Ok(None) };
        let wakeup = made.map_err(|error| {
            let error = Error::no_resources("descriptors for an event loop", error);
            exception(event_loop.py(), &error)
        })?;
        Ok(Self { mailbox: Arc::new(Mailbox::new(event_loop, wakeup)?) })
    }

    /// Whether this is the mailbox of that loop.
    fn is_of(&self, event_loop: &Bound<'_, PyAny>) -> bool {
        self.mailbox.event_loop.bind(event_loop.py()).upgrade().is_some_and(|own| own.is(event_loop))
    }

    /// What becomes readable when there is something to take.
    fn fileno(&self) -> PyResult<i32> {
        let wakeup = self.mailbox.wakeup.as_ref();
        wakeup.map(Wakeup::descriptor).ok_or_else(|| PyNotImplementedError::new_err("this mailbox has no descriptor"))
    }

    /// Nobody is going to take anything any more.
    fn abandon(&self) {
        self.mailbox.abandon();
    }

    /// The next futures, the lines to log, and whether there are more futures.
    ///
    /// A future comes with its result or its error; a line with the context of its call, function and arguments.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<(Vec<Delivery<'py>>, Vec<LogLine<'py>>, bool)> {
        if let Some(wakeup) = &self.mailbox.wakeup {
            wakeup.clear();
        }
        let (News { settled, lines }, has_more) = self.next_batch();
        // Before the calls are forgotten.
        let lines = lines.into_iter().map(|(number, line)| self.log_line(py, number, line)).collect::<PyResult<_>>();
        let deliveries = settled.into_iter().filter_map(|(number, outcome)| self.delivery(py, number, outcome));
        let deliveries = deliveries.collect();
        Ok((deliveries, lines?, has_more))
    }
}

impl Settled {
    pub(crate) fn mailbox(&self) -> Arc<Mailbox> {
        Arc::clone(&self.mailbox)
    }

    fn next_batch(&self) -> (News, bool) {
        let mut news = lock(&self.mailbox.news);
        let count = news.settled.len().min(BATCH);
        let rest = news.settled.split_off(count);
        let has_more = !rest.is_empty();
        let batch = News { settled: mem::replace(&mut news.settled, rest), lines: mem::take(&mut news.lines) };
        (batch, has_more)
    }

    fn log_line<'py>(&self, py: Python<'py>, number: u64, line: Line) -> PyResult<LogLine<'py>> {
        let context = {
            let awaited = lock(&self.mailbox.awaited);
            awaited.get(&number).and_then(|call| call.context.as_ref()).map(|context| context.clone_ref(py))
        };
        let (name, arguments) = line.into_python(py)?;
        Ok((context, name, arguments))
    }

    fn delivery<'py>(&self, py: Python<'py>, number: u64, outcome: Outcome) -> Option<Delivery<'py>> {
        let future = lock(&self.mailbox.awaited).remove(&number)?.future;
        let result = outcome.map_err(|error| exception(py, &error));
        Some(match result.and_then(|session| session.map(|session| convert::session(py, &session)).transpose()) {
            Ok(result) => (future, result, None),
            Err(error) => (future, None, Some(error)),
        })
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

    /// Where the lines of the call go.
    pub(crate) fn sink(&self) -> Arc<dyn Sink> {
        Arc::new(LoopLines { number: self.number, mailbox: Arc::clone(&self.mailbox), background: self.background })
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
        self.mailbox.add(self.background, |news| news.settled.push((self.number, outcome)));
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if thread::panicking() {
            self.put(Err(Error::internal("The call panicked.")));
        }
    }
}

/// The lines of a call that an event loop logs.
struct LoopLines {
    number: u64,
    mailbox: Arc<Mailbox>,
    background: &'static Background,
}

impl Sink for LoopLines {
    fn push(&self, line: Line) {
        self.mailbox.add(self.background, |news| news.lines.push((self.number, line)));
    }
}

fn is_closed(event_loop: &Bound<'_, PyAny>) -> PyResult<bool> {
    event_loop.call_method0("is_closed")?.is_truthy()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
