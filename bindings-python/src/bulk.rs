//! Bulk calls: the half that Python drives item by item.
//!
//! The loops are in `_bulk.py`: the code of callers, which may do anything, runs there, and never below a function of
//! this crate. What must not be interrupted halfway, whatever signals come, is one function here.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyAttributeError, PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use wts_session::binding::{Parked, Process};
use wts_session::{Bulk, BulkHandle, Error, Item, Outcome};

use crate::error::{catching_panics, exception};
use crate::interpreter::{SIGNAL_INTERVAL, SignalWatch, background};
use crate::logging::{Line, Lines, Observed};
use crate::mailbox::{Mailbox, Settled, Slot};
use crate::operation::Operation;
use crate::outcome::{failed, never_taken, outcome};

/// How many outcomes are taken over at once.
const BATCH: usize = 64;

/// A bulk call under way: items are added one by one, outcomes are taken as they settle.
#[pyclass(generic, module = "wts_session._wts_session")]
#[derive(Debug)]
pub(crate) struct BulkRun {
    operation: Py<Operation>,
    /// None once it has ended.
    call: Option<Bulk>,
    process: Process,
    /// How many items have been added, and how many of them went to core.
    taken: usize,
    pushed: usize,
    /// The item for which there is no room yet.
    held: Option<Item>,
    is_complete: bool,
    ends_early: bool,
    /// The places, and the ids as they were given, of the items that went to core and have not settled, by core's index.
    sent: HashMap<usize, (usize, Py<PyAny>)>,
    settled: VecDeque<Outcome>,
    /// Outcomes that have settled and that nobody was handed.
    outcomes: VecDeque<(usize, Py<PyAny>)>,
    done: usize,
    lines: Arc<Lines>,
    _observed: Observed,
    /// The client, whose thread drives the call.
    _client: Py<PyAny>,
    notice: Option<Notice>,
}

#[pymethods]
impl BulkRun {
    /// Raise an error in a forked child of the process to which the call belongs.
    fn check_process(&self) -> PyResult<()> {
        if self.process == Process::current() {
            return Ok(());
        }
        Err(PyRuntimeError::new_err("this bulk call belongs to the parent process"))
    }

    /// Put in the next item; only while there is room. One of a wrong type fails alone.
    fn add(&mut self, given: &Bound<'_, PyAny>) -> PyResult<()> {
        self.check_process()?;
        if self.is_complete || !self.has_room() {
            return Err(PyRuntimeError::new_err("there is no room for this item"));
        }
        let py = given.py();
        let index = self.taken;
        match self.operation.get().item_at(index, given) {
            Ok((session_id, item)) => {
                self.sent.insert(self.pushed, (index, session_id.unbind()));
                self.pushed += 1;
                self.held = Some(item);
            }
            Err(error) if error.is_instance_of::<PyTypeError>(py) => {
                let failed = failed(py, index, Some(given), error)?;
                self.outcomes.push_back((index, failed));
                self.done += 1;
            }
            Err(error) => return Err(error),
        }
        self.taken += 1;
        self.push_held();
        Ok(())
    }

    /// Whether another item may be added now.
    #[getter]
    fn has_room(&self) -> bool {
        self.held.is_none()
    }

    /// Say that no more items come.
    fn finish(&mut self) -> PyResult<()> {
        self.check_process()?;
        self.is_complete = true;
        self.push_held();
        Ok(())
    }

    /// Send nothing more: requests in flight are awaited, and all the rest is cancelled.
    fn stop(&mut self) -> PyResult<()> {
        self.check_process()?;
        self.ends_early = true;
        if let Some(call) = &self.call {
            call.stop();
        }
        Ok(())
    }

    /// Whether it was stopped or cancelled.
    #[getter]
    fn ends_early(&self) -> bool {
        self.ends_early || self.call.as_ref().is_some_and(Bulk::is_stopped)
    }

    /// What cancels the call from another thread, also while this one waits.
    fn canceller(&self) -> Option<Canceller> {
        self.call.as_ref().map(|call| Canceller { handle: call.handle() })
    }

    /// Whether no more items come and all have settled.
    #[getter]
    fn ended(&self) -> bool {
        self.call.is_none() && self.settled.is_empty() && self.held.is_none() && self.is_complete
    }

    /// How many items have settled.
    #[getter]
    fn done(&self) -> usize {
        self.done
    }

    /// Whether there is an outcome that nobody was handed.
    #[getter]
    fn has_outcome(&self) -> bool {
        !self.outcomes.is_empty()
    }

    /// The next outcome; to read it hands it out. An attribute, since Python looks for signals after each call.
    #[getter]
    fn next_outcome(&mut self) -> PyResult<Py<PyAny>> {
        let next = self.outcomes.pop_front();
        next.map(|(_, outcome)| outcome).ok_or_else(|| PyAttributeError::new_err("there is no outcome"))
    }

    /// Wait until items have settled, or all have, or there are lines to log; or for so many seconds.
    #[pyo3(signature = (seconds=None))]
    fn wait(&mut self, py: Python<'_>, seconds: Option<f64>) -> PyResult<()> {
        self.check_process()?;
        let end = seconds.map(|seconds| Instant::now() + Duration::from_secs_f64(seconds));
        let watch = SignalWatch::new(py);
        let check = || watch.check_after(|_| Ok(()));
        let waited = py.detach(|| catching_panics(|| self.wait_until(Self::poll, end, check)));
        waited.unwrap_or_else(|panic| Err(exception(py, &panic)))
    }

    /// Have a mailbox's loop settle `future` once items have settled, or all have, or there are lines to log.
    fn notify(&mut self, settled: &Bound<'_, Settled>, future: &Bound<'_, PyAny>) -> PyResult<()> {
        self.check_process()?;
        self.forget_notice();
        let py = future.py();
        let background = background().map_err(|error| exception(py, &error))?;
        let mailbox = settled.get().mailbox();
        let slot = mailbox.slot(future.clone().unbind(), None, background);
        self.notice = Some(Notice { mailbox, number: slot.number() });
        let waker = Waker::from(Arc::new(Waking(Mutex::new(Some(slot)))));
        if self.poll(&mut Context::from_waker(&waker)).is_ready() {
            waker.wake();
        }
        Ok(())
    }

    /// Take over what has settled, without waiting, and give the lines to log: for each function and arguments.
    fn take(&mut self, py: Python<'_>) -> PyResult<Vec<(&'static str, Py<PyTuple>)>> {
        self.check_process()?;
        // Whether there are any does not matter: nobody waits here.
        let _ = self.poll(&mut Context::from_waker(Waker::noop()));
        self.take_over(py)?;
        let line = |line: Line| line.into_python(py).map(|(name, arguments)| (name, arguments.unbind()));
        self.lines.take().into_iter().map(line).collect()
    }

    /// All outcomes that nobody was handed, in the order of the items.
    ///
    /// After a stop also those of the items of a list or tuple that were never taken.
    fn in_order<'py>(&self, items: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let py = items.py();
        let mut outcomes: Vec<_> =
            self.outcomes.iter().map(|(index, outcome)| (*index, outcome.clone_ref(py))).collect();
        outcomes.sort_unstable_by_key(|(index, _)| *index);
        let rest = if self.ends_early() {
            never_taken(items, self.taken, self.operation.get(), &Error::cancelled())?
        } else {
            Vec::new()
        };
        PyList::new(py, outcomes.into_iter().map(|(_, outcome)| outcome).chain(rest))
    }

    /// Abort what is in flight, and send nothing more; nothing in a forked child.
    fn cancel(&mut self) {
        if self.check_process().is_ok()
            && let Some(call) = &self.call
        {
            self.ends_early = true;
            call.cancel();
        }
    }

    /// As `cancel`, take over what comes of it, and log the lines that are left.
    fn drain(&mut self, py: Python<'_>) -> PyResult<()> {
        self.forget_notice();
        if self.check_process().is_err() || self.ended() {
            return Ok(());
        }
        self.cancel();
        self.is_complete = true;
        self.push_held();
        while !self.ended() {
            // Nobody looks for signals: this takes no longer than it takes to close connections.
            let waited = py.detach(|| catching_panics(|| self.wait_until(Self::poll_settled, None, || Ok(()))));
            waited.unwrap_or_else(|panic| Err(exception(py, &panic)))?;
            self.take_over(py)?;
        }
        self.lines.log(py)
    }

    /// End the call at once because of `error`, which is raised with `outcomes`: those that nobody was handed.
    ///
    /// It raises the error itself, since Python looks for signals before the next statement.
    fn fail(&mut self, error: &Bound<'_, PyAny>, items: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = error.py();
        if self.check_process().is_ok() {
            if let Err(raised) = self.drain(py) {
                raised.value(py).setattr("__context__", error)?;
                // A handler of the log may raise: then that is the error, and all has settled before.
                if self.ended() {
                    return self.fail(raised.value(py).as_any(), items);
                }
                self.give_outcomes_to(raised.value(py).as_any(), items)?;
                return Err(raised);
            }
            self.give_outcomes_to(error, items)?;
        }
        Err(PyErr::from_value(error.clone()))
    }
}

impl BulkRun {
    pub(crate) fn begin(
        client: Py<PyAny>,
        operation: &Bound<'_, Operation>,
        logs_attempts: bool,
        begin: impl FnOnce(wts_session::Operation) -> Bulk,
    ) -> Self {
        let lines = Arc::<Lines>::default();
        let observed = Observed::new(logs_attempts, lines.clone());
        let call = observed.begin(|| begin(operation.get().of_core));
        Self {
            operation: operation.clone().unbind(),
            call: Some(call),
            process: Process::current(),
            taken: 0,
            pushed: 0,
            held: None,
            is_complete: false,
            ends_early: false,
            sent: HashMap::new(),
            settled: VecDeque::new(),
            outcomes: VecDeque::new(),
            done: 0,
            lines,
            _observed: observed,
            _client: client,
            notice: None,
        }
    }

    fn give_outcomes_to(&mut self, error: &Bound<'_, PyAny>, items: &Bound<'_, PyAny>) -> PyResult<()> {
        self.ends_early = true;
        // Every exception has a dict, whatever its class thinks of new attributes.
        error.getattr("__dict__")?.set_item("outcomes", self.in_order(items)?)
    }

    /// Ready when items have settled, or all have, or there are lines to log.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.lines.are_there(context.waker()) {
            return Poll::Ready(());
        }
        self.poll_settled(context)
    }

    /// Ready when items have settled, or all have.
    fn poll_settled(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(call) = self.call.as_mut().filter(|_| self.settled.is_empty()) else { return Poll::Ready(()) };
        let batch = ready!(call.poll_many(context, BATCH));
        if batch.is_empty() {
            self.ends_early |= call.is_stopped();
            self.drop_call();
            self.lose_the_rest();
        }
        self.settled.extend(batch);
        Poll::Ready(())
    }

    fn wait_until(
        &mut self,
        poll: impl Fn(&mut Self, &mut Context<'_>) -> Poll<()>,
        end: Option<Instant>,
        check: impl Fn() -> PyResult<()>,
    ) -> PyResult<()> {
        let parked = Arc::<Parked>::default();
        let waker = Waker::from(Arc::clone(&parked));
        let mut next_check = Instant::now() + SIGNAL_INTERVAL;
        while poll(self, &mut Context::from_waker(&waker)).is_pending() {
            let now = Instant::now();
            if end.is_some_and(|end| end <= now) {
                break;
            }
            if next_check <= now {
                check()?;
                next_check = Instant::now() + SIGNAL_INTERVAL;
            }
            let until = end.map_or(next_check, |end| end.min(next_check));
            parked.for_at_most(until.saturating_duration_since(now));
        }
        Ok(())
    }

    /// Makes outcomes of what has settled. None is lost where this fails.
    fn take_over(&mut self, py: Python<'_>) -> PyResult<()> {
        while let Some(Outcome { index, result, .. }) = self.settled.front() {
            let (place, session_id) = match self.sent.get(index) {
                Some((place, id)) => (*place, Some(id.bind(py))),
                None => (*index, None),
            };
            self.outcomes.push_back((place, outcome(py, place, session_id, result)?));
            self.done += 1;
            self.sent.remove(index);
            self.settled.pop_front();
        }
        self.push_held();
        Ok(())
    }

    /// Puts the held item in where there is room, and the end of the input behind the last one.
    fn push_held(&mut self) {
        let Some(call) = &mut self.call else { return self.lose_the_rest() };
        self.held = self.held.take().and_then(|item| call.push(item).err());
        if self.is_complete && self.held.is_none() {
            call.finish();
        }
    }

    /// The call has ended before its time: what it still had will have no outcome but this.
    fn lose_the_rest(&mut self) {
        self.held = None;
        let known = |index: &usize| self.settled.iter().any(|outcome| outcome.index == *index);
        let mut lost: Vec<_> = self.sent.keys().copied().filter(|index| !known(index)).collect();
        lost.sort_unstable();
        let lost_one = |index| {
            let error = Error::internal("The bulk call ended too early.");
            Outcome::new(index, String::new(), Err(error))
        };
        self.settled.extend(lost.into_iter().map(lost_one));
    }

    /// In a forked child the call is left as it is: its thread and the locks of that are the parent's.
    fn drop_call(&mut self) {
        if let Some(call) = self.call.take().filter(|_| self.process != Process::current()) {
            mem::forget(call);
        }
    }

    fn forget_notice(&mut self) {
        let Some(notice) = self.notice.take() else { return };
        if self.process == Process::current() {
            notice.mailbox.forget(notice.number);
        } else {
            mem::forget(notice);
        }
    }
}

impl Drop for BulkRun {
    fn drop(&mut self) {
        self.drop_call();
        self.forget_notice();
    }
}

/// Cancels a bulk call from any thread.
#[pyclass(frozen, module = "wts_session._wts_session")]
#[derive(Debug)]
pub(crate) struct Canceller {
    handle: BulkHandle,
}

#[pymethods]
impl Canceller {
    /// Abort what is in flight, and send nothing more.
    fn cancel(&self) {
        self.handle.cancel();
    }
}

/// A future of the loop that waits for outcomes to take.
#[derive(Debug)]
struct Notice {
    mailbox: Arc<Mailbox>,
    number: u64,
}

/// Tells the loop, once.
struct Waking(Mutex<Option<Slot>>);

impl Wake for Waking {
    fn wake(self: Arc<Self>) {
        let slot = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(slot) = slot {
            slot.notify();
        }
    }
}
