//! Where calls that were started arrive when they have settled.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wts_session::binding::{AbortHandle, Process, Wakeup};

/// The calls of a queue, each a `T` with a number.
pub(crate) struct Inbox<T> {
    /// In any other process it must not be touched: its lock may be held there, and nobody would release it.
    process: Process,
    calls: Mutex<Calls<T>>,
    change: Condvar,
}

struct Calls<T> {
    last_number: u64,
    last_place: u64,
    /// Those in flight and those that have settled, by their numbers.
    states: HashMap<u64, State>,
    in_flight: usize,
    /// By their places: in the order in which they settled, with their numbers.
    settled: BTreeMap<u64, (u64, Arc<T>)>,
    /// Readable as long as a call has settled and was not taken out; none where there are no such descriptors.
    wakeup: Option<Wakeup>,
    is_readable: bool,
    /// How many threads wait for a call.
    waiting: usize,
}

enum State {
    /// None until it is known what aborts it.
    InFlight(Option<AbortHandle>),
    Settled {
        place: u64,
    },
}

impl<T> Calls<T> {
    /// Makes the descriptor readable if there are calls to take out, and else not.
    fn wake_or_clear(&mut self) {
        let is_needed = !self.settled.is_empty();
        if let Some(wakeup) = &self.wakeup
            && self.is_readable != is_needed
        {
            if is_needed {
                wakeup.wake();
            } else {
                wakeup.clear();
            }
            self.is_readable = is_needed;
        }
    }
}

impl<T> Inbox<T> {
    pub(crate) fn new() -> io::Result<Self> {
        let calls = Calls {
            last_number: 0,
            last_place: 0,
            states: HashMap::new(),
            in_flight: 0,
            settled: BTreeMap::new(),
            wakeup: Wakeup::new()?,
            is_readable: false,
            waiting: 0,
        };
        Ok(Self { process: Process::current(), calls: Mutex::new(calls), change: Condvar::new() })
    }

    pub(crate) fn is_of_this_process(&self) -> bool {
        self.process == Process::current()
    }

    fn calls(&self) -> MutexGuard<'_, Calls<T>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of a call that begins. It is in flight from now on.
    pub(crate) fn begin(&self) -> u64 {
        let mut calls = self.calls();
        calls.last_number += 1;
        calls.in_flight += 1;
        let number = calls.last_number;
        calls.states.insert(number, State::InFlight(None));
        number
    }

    /// Notes what aborts a call, unless it has settled.
    pub(crate) fn is_driven_by(&self, number: u64, task: AbortHandle) {
        if let Some(State::InFlight(known)) = self.calls().states.get_mut(&number) {
            *known = Some(task);
        }
    }

    /// Takes in a call that has settled, unless nobody wants to know any more. Whether somebody has to
    /// [`wake`](Self::wake).
    pub(crate) fn settle(&self, number: u64, call: &Arc<T>) -> bool {
        let mut calls = self.calls();
        calls.last_place += 1;
        let place = calls.last_place;
        let Some(state @ State::InFlight(_)) = calls.states.get_mut(&number) else { return false };
        *state = State::Settled { place };
        calls.in_flight -= 1;
        calls.settled.insert(place, (number, Arc::clone(call)));
        if calls.waiting > 0 {
            // Where it was the last, nobody has anything to wait for.
            if calls.in_flight == 0 { self.change.notify_all() } else { self.change.notify_one() }
        }
        calls.settled.len() == 1
    }

    pub(crate) fn has_calls_in_flight(&self) -> bool {
        self.calls().in_flight > 0
    }

    /// Wakes the event loop if there is something to take out.
    pub(crate) fn wake(&self) {
        self.calls().wake_or_clear();
    }

    /// Has a call settle as cancelled, unless it has settled.
    pub(crate) fn cancel(&self, number: u64) {
        let calls = self.calls();
        let task = match calls.states.get(&number) {
            Some(State::InFlight(task)) => task.clone(),
            _ => None,
        };
        drop(calls);
        abort(task);
    }

    /// Forgets a call, wherever it is.
    pub(crate) fn forget(&self, number: u64) {
        let mut calls = self.calls();
        let state = calls.states.remove(&number);
        let (task, settled) = match state {
            Some(State::InFlight(task)) => {
                calls.in_flight -= 1;
                (task, None)
            }
            Some(State::Settled { place }) => (None, calls.settled.remove(&place)),
            None => return,
        };
        calls.wake_or_clear();
        drop(calls);
        drop(settled);
        self.change.notify_all();
        abort(task);
    }

    /// A call that has settled; waits for one for as long as `time`, or until there is nothing to wait for.
    pub(crate) fn next(&self, time: Duration) -> Option<Arc<T>> {
        let mut calls = self.calls();
        if !time.is_zero() {
            calls.waiting += 1;
            let must_wait = |calls: &mut Calls<T>| calls.settled.is_empty() && calls.in_flight > 0;
            let waited = self.change.wait_timeout_while(calls, time, must_wait);
            (calls, _) = waited.unwrap_or_else(PoisonError::into_inner);
            calls.waiting -= 1;
        }
        let (_, (number, call)) = calls.settled.pop_first()?;
        calls.states.remove(&number);
        calls.wake_or_clear();
        Some(call)
    }

    pub(crate) fn descriptor(&self) -> Option<i32> {
        self.calls().wakeup.as_ref().map(Wakeup::descriptor)
    }

    /// Cancels what is in flight, and forgets all.
    pub(crate) fn close(&self) {
        let mut calls = self.calls();
        let (states, settled) = (mem::take(&mut calls.states), mem::take(&mut calls.settled));
        calls.in_flight = 0;
        calls.wakeup = None;
        drop(calls);
        drop(settled);
        self.change.notify_all();
        for state in states.into_values() {
            if let State::InFlight(task) = state {
                abort(task);
            }
        }
    }
}

fn abort(task: Option<AbortHandle>) {
    if let Some(task) = task {
        task.abort();
    }
}
