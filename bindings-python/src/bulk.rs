//! Bulk calls: the half that Python drives item by item.
//!
//! The loops are in `_bulk.py`: the code of callers, which may do anything, runs there, and never below a function of
//! this crate.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::mem;
use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyFrozenSet, PySet, PyString};
use wts_session::{Bulk, Error, Item, Operation, Outcome, Session};

use crate::async_calls::AsyncCalls;
use crate::client::{Client, SIGNAL_INTERVAL, check_signals};
use crate::convert;
use crate::error::{catching_panics, exception};
use crate::mailbox::{Mailbox, Slot};

/// How many outcomes are taken over at once.
const BATCH: usize = 64;

/// A bulk call under way: items are added one by one, outcomes are taken as they settle.
#[pyclass(module = "wts_session._wts_session")]
#[derive(Debug)]
pub(crate) struct BulkRun {
    operation: Operation,
    /// None once it has ended.
    call: Option<Bulk>,
    /// The process to which the call belongs.
    process: u32,
    taken: usize,
    /// The item for which there is no room yet.
    held: Option<Item>,
    is_complete: bool,
    ends_early: bool,
    /// The ids, as they were given, of the items whose outcomes nobody has taken yet.
    session_ids: HashMap<usize, Py<PyAny>>,
    settled: VecDeque<Outcome>,
    notice: Option<Notice>,
}

#[pymethods]
impl BulkRun {
    /// Raise an error in a forked child of the process to which the call belongs.
    fn check_process(&self) -> PyResult<()> {
        if self.process == process::id() {
            return Ok(());
        }
        Err(PyRuntimeError::new_err("this bulk call belongs to the parent process"))
    }

    /// Put in the next item; only while there is room.
    fn add(&mut self, item: &Bound<'_, PyAny>) -> PyResult<()> {
        self.check_process()?;
        if self.is_complete || !self.has_room() {
            return Err(PyRuntimeError::new_err("there is no room for this item"));
        }
        let (session_id, item) = self.item(item)?;
        self.session_ids.insert(self.taken, session_id);
        self.taken += 1;
        self.held = Some(item);
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

    /// Send nothing more: what has left gets its answer, and all the rest is cancelled.
    fn stop(&mut self) -> PyResult<()> {
        self.check_process()?;
        self.ends_early = true;
        if let Some(call) = &self.call {
            call.stop();
        }
        Ok(())
    }

    /// Break off the requests under way: what has not settled is cancelled, and so is what is added later.
    fn cancel(&mut self) -> PyResult<()> {
        self.check_process()?;
        self.ends_early = true;
        if let Some(call) = &self.call {
            call.cancel();
        }
        Ok(())
    }

    /// Whether it was stopped or cancelled.
    #[getter]
    fn ends_early(&self) -> bool {
        self.ends_early
    }

    /// Whether all outcomes have been taken and no more items come.
    #[getter]
    fn ended(&self) -> bool {
        self.call.is_none() && self.settled.is_empty() && self.held.is_none() && self.is_complete
    }

    /// Drop the requests under way, and all that nobody has taken yet.
    fn abort(&mut self) {
        self.is_complete = true;
        self.ends_early = true;
        self.drop_call();
        self.held = None;
        self.settled.clear();
        self.session_ids.clear();
        self.forget_notice();
    }

    /// Wait until there are outcomes to take, or none will come. What a signal handler raises cancels the call.
    fn wait(&mut self, py: Python<'_>, client: &Bound<'_, Client>) -> PyResult<()> {
        self.check_process()?;
        let client = client.get().of_core().map_err(|error| exception(py, &error))?;
        let waited = py.detach(|| {
            let settling = poll_fn(|context| self.poll(context));
            catching_panics(|| client.wait_unless(settling, SIGNAL_INTERVAL, check_signals))
        });
        match waited {
            Ok(Ok(())) => Ok(()),
            Ok(Err(raised)) => {
                self.cancel()?;
                Err(raised)
            }
            Err(panic) => Err(exception(py, &panic)),
        }
    }

    /// Have the loop settle `future` once there are outcomes to take, or none will come.
    fn notify(&mut self, calls: &Bound<'_, AsyncCalls>, future: &Bound<'_, PyAny>) -> PyResult<()> {
        self.check_process()?;
        self.forget_notice();
        let (mailbox, slot) = calls.get().slot(future)?;
        self.notice = Some(Notice { mailbox, number: slot.number() });
        let waker = Waker::from(Arc::new(Waking(Mutex::new(Some(slot)))));
        if self.poll(&mut Context::from_waker(&waker)).is_ready() {
            waker.wake();
        }
        Ok(())
    }

    /// Append the outcomes that have settled to `sink`, without waiting. None is lost where this raises.
    fn take(&mut self, py: Python<'_>, sink: &Bound<'_, PyAny>) -> PyResult<()> {
        self.check_process()?;
        // Whether there are any does not matter: nobody waits here.
        let _ = self.poll(&mut Context::from_waker(Waker::noop()));
        while let Some(Outcome { index, result, .. }) = self.settled.front() {
            let session_id = self.session_ids.get(index).map(|id| id.bind(py));
            sink.call_method1("append", (outcome(py, *index, session_id, result)?,))?;
            self.session_ids.remove(index);
            self.settled.pop_front();
        }
        self.push_held();
        Ok(())
    }

    /// How many items have been added.
    #[getter]
    fn taken(&self) -> usize {
        self.taken
    }

    /// The error of an item that was cancelled before it was added.
    #[staticmethod]
    fn cancellation(py: Python<'_>) -> PyErr {
        exception(py, &Error::cancelled())
    }
}

impl BulkRun {
    pub(crate) fn new(operation: Operation, call: Bulk) -> Self {
        Self {
            operation,
            call: Some(call),
            process: process::id(),
            taken: 0,
            held: None,
            is_complete: false,
            ends_early: false,
            session_ids: HashMap::new(),
            settled: VecDeque::new(),
            notice: None,
        }
    }

    /// Ready when there are outcomes, or none will come.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(call) = self.call.as_mut().filter(|_| self.settled.is_empty()) else { return Poll::Ready(()) };
        let batch = ready!(call.poll_many(context, BATCH));
        if batch.is_empty() {
            self.drop_call();
            self.lose_the_rest();
        }
        self.settled.extend(batch);
        Poll::Ready(())
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
        let mut lost: Vec<_> = self.session_ids.keys().copied().filter(|index| !known(index)).collect();
        lost.sort_unstable();
        let lost_one = |index| {
            let error = Error::internal("The bulk call ended too early.");
            Outcome::new(index, String::new(), Err(error))
        };
        self.settled.extend(lost.into_iter().map(lost_one));
    }

    /// In a forked child the call is left as it is: its thread and the locks of that are the parent's.
    fn drop_call(&mut self) {
        if let Some(call) = self.call.take().filter(|_| self.process != process::id()) {
            mem::forget(call);
        }
    }

    fn forget_notice(&mut self) {
        let Some(notice) = self.notice.take() else { return };
        if self.process == process::id() {
            notice.mailbox.forget(notice.number);
        } else {
            mem::forget(notice);
        }
    }

    /// An item as core takes it, and its session id as it was given.
    fn item(&self, given: &Bound<'_, PyAny>) -> PyResult<(Py<PyAny>, Item)> {
        let index = self.taken;
        if self.operation.takes_status() {
            let (session_id, status) = pair(index, given)?;
            let id = convert::id_of_item(format_args!("updates[{index}][0]"), &session_id)?;
            let status = convert::status_of_item(format_args!("updates[{index}][1]"), &status)?;
            Ok((session_id.unbind(), item(id, |session_id| Item::Update { session_id, status })))
        } else {
            let id = convert::id_of_item(format_args!("session_ids[{index}]"), given)?;
            Ok((given.clone().unbind(), item(id, |session_id| Item::Complete { session_id })))
        }
    }
}

fn item(id: Result<String, Error>, make: impl FnOnce(String) -> Item) -> Item {
    id.map_or_else(|error| Item::Refused { session_id: String::new(), error }, make)
}

impl Drop for BulkRun {
    fn drop(&mut self) {
        self.drop_call();
        self.forget_notice();
    }
}

fn pair<'py>(index: usize, given: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let wrong = || convert::wrong_type(format_args!("updates[{index}]"), "a pair of session id and status", given);
    let has_order = !(given.is_instance_of::<PyString>()
        || given.is_instance_of::<PyDict>()
        || given.is_instance_of::<PySet>()
        || given.is_instance_of::<PyFrozenSet>());
    let mut members = given.try_iter().ok().filter(|_| has_order).ok_or_else(wrong)?;
    match (members.next(), members.next(), members.next()) {
        (Some(session_id), Some(status), None) => Ok((session_id?, status?)),
        _ => Err(wrong()),
    }
}

fn outcome<'py>(
    py: Python<'py>,
    index: usize,
    session_id: Option<&Bound<'py, PyAny>>,
    result: &Result<Session, Error>,
) -> PyResult<Bound<'py, PyAny>> {
    match result {
        Ok(session) => new_outcome(py, index, session_id, Some(&convert::session(py, session)?), None),
        Err(error) => {
            let error = exception(py, error).into_value(py).into_any();
            new_outcome(py, index, session_id, None, Some(error.bind(py)))
        }
    }
}

/// The class of outcomes, made known by [`be_ready`](crate::ready::be_ready).
pub(crate) fn outcome_class(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    CLASS.import(py, "wts_session._outcome", "Outcome")
}

/// Without calling `__init__`, as it is with exceptions.
fn new_outcome<'py>(
    py: Python<'py>,
    index: usize,
    session_id: Option<&Bound<'py, PyAny>>,
    result: Option<&Bound<'py, PyAny>>,
    error: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let class = outcome_class(py)?;
    let made = class.call_method1("__new__", (class,))?;
    made.setattr("index", index)?;
    made.setattr("session_id", session_id)?;
    made.setattr("result", result)?;
    made.setattr("error", error)?;
    Ok(made)
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
