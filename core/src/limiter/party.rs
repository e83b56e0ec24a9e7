//! The limiter's side of the exchanges with the ledger that processes share.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, Notify, watch};

use super::Limiter;
use super::clock::Micros;
use super::shared::{Failure, Party, Reply, Step, Store, Told, demand, start};
use super::sharing::{News, Sharing};
use super::slowdown::WIDEST_PACE;
use super::supply::{Credits, Supply};
use super::waiting::State;
use crate::shared_limits::SharedLimitsFallback;

/// What wakes the thread that speaks to the ledger, and who waits for its news.
pub(super) struct Driver {
    store: Arc<AsyncMutex<Store>>,
    wakeup: Arc<Notify>,
    last_news: watch::Sender<u64>,
    /// Told of the end of each exchange.
    exchanged: Condvar,
    running: Mutex<Running>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Running {
    No,
    /// It looks again then, if nobody wakes it.
    Until(Option<Micros>),
}

impl Driver {
    fn new(store: Store) -> Self {
        Self {
            store: Arc::new(AsyncMutex::new(store)),
            wakeup: Arc::default(),
            last_news: watch::Sender::new(0),
            exchanged: Condvar::new(),
            running: Mutex::new(Running::No),
        }
    }

    /// Waits until there is news after that with the number `seen`.
    pub(super) async fn news_after(&self, seen: u64) {
        // The sender lives as long as this.
        let _ = self.last_news.subscribe().wait_for(|last| *last > seen).await;
    }

    fn set_running(&self, running: Running) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = running;
    }
}

impl Limiter {
    /// One whose slots come from the ledger in `store`.
    pub(super) fn shared(store: Store, fallback: SharedLimitsFallback) -> Self {
        let mut state = State::default();
        state.sharing = Some(Sharing::new(fallback));
        state.ledger.set_supply(Supply::Shared(Credits::default()));
        Self { state: Mutex::new(state), driver: Some(Driver::new(store)), ..Self::new() }
    }

    /// Has the thread that speaks to the ledger look: it ends when there is nothing left to do.
    pub(super) fn wake_driver(&self) {
        if let Some(driver) = &self.driver {
            driver.wakeup.notify_one();
        }
    }

    /// Wakes the thread that speaks to the ledger, or starts it, if an exchange is due before it looks again.
    pub(super) fn see_to_driver(self: &Arc<Self>) {
        let Some(driver) = &self.driver else { return };
        let now = self.now();
        let state = self.state();
        let Some(due) = state.next_exchange() else { return };
        drop(state);
        let mut running = driver.running.lock().unwrap_or_else(PoisonError::into_inner);
        match *running {
            Running::Until(Some(time)) if time <= due => {}
            Running::Until(_) => {
                *running = Running::Until(Some(due));
                drop(running);
                driver.wakeup.notify_one();
            }
            Running::No => {
                *running = Running::Until(Some(due));
                drop(running);
                let result = start(Arc::downgrade(self), Arc::clone(&driver.store), Arc::clone(&driver.wakeup));
                if let Err(error) = result {
                    driver.set_running(Running::No);
                    let failure = Failure::passing(format!("the system gives no thread for it: {error}"));
                    self.fail(&self.begin_exchange(now), failure);
                }
            }
        }
    }

    fn begin_exchange(&self, now: Micros) -> Told {
        let mut state = self.state();
        let State { ledger, sharing, .. } = &mut *state;
        let sets = ledger.demand(now).into_iter().map(|waiting| {
            let limits = waiting.limits.iter().map(|it| (it.requests as u64, it.period, it.reserve as u64)).collect();
            demand(limits, waiting.light, waiting.heavy)
        });
        let sharing = sharing.as_mut().expect("only shared limits have exchanges");
        sharing.participant.begin(sets.collect(), sharing.lease, now)
    }

    fn learn(&self, told: &Told, reply: &Reply) {
        let now = self.now();
        let mut state = self.state();
        let State { ledger, sharing, .. } = &mut *state;
        let Some(sharing) = sharing else { return };
        sharing.learn(ledger, told, reply, now);
        let news = sharing.last_news();
        let wakers = state.dispatch_granted_at(told.sent_at, now);
        if reply.pause > WIDEST_PACE {
            // Clients without limits have to hear of it too.
            state.ledger.hold_until(now + reply.pause);
        }
        let concerned = state.wake_for_news(false);
        wakers.and(concerned).wake(state);
        self.spread(news);
    }

    fn fail(&self, told: &Told, failure: Failure) {
        let now = self.now();
        let mut state = self.state();
        let State { ledger, sharing, .. } = &mut *state;
        let Some(sharing) = sharing else { return };
        let is_for_all = sharing.fail(ledger, told, failure, now);
        let news = sharing.last_news();
        let wakers = state.dispatch(now);
        let concerned = state.wake_for_news(is_for_all);
        wakers.and(concerned).wake(state);
        self.spread(news);
    }

    /// Waits until the shared ledger knows what this process has to tell, `time` at most: before the process ends. What it does
    /// not know then counts for longer than it has to.
    pub(crate) fn settle(self: &Arc<Self>, time: Duration) {
        let Some(driver) = &self.driver else { return };
        let now = self.now();
        if let Some(sharing) = &mut self.state().sharing {
            sharing.participant.hurry(now);
        }
        self.see_to_driver();
        let is_unsettled = |state: &mut State| state.sharing.as_ref().is_some_and(Sharing::has_news_for_the_ledger);
        // Whatever came of it, the process ends.
        let _ = driver.exchanged.wait_timeout_while(self.state(), time, is_unsettled);
    }

    fn spread(&self, last: u64) {
        if let Some(driver) = &self.driver {
            driver.exchanged.notify_all();
            driver.last_news.send_if_modified(|news| std::mem::replace(news, last) != last);
        }
    }
}

impl Party for Limiter {
    fn next_step(&self) -> Step {
        let Some(driver) = &self.driver else { return Step::End };
        let now = self.now();
        let state = self.state();
        let due = state.next_exchange();
        let is_over = due.is_none() && state.ledger.is_deserted();
        let mut running = driver.running.lock().unwrap_or_else(PoisonError::into_inner);
        *running = if is_over { Running::No } else { Running::Until(due) };
        drop(running);
        drop(state);
        match due {
            None if is_over => Step::End,
            None => Step::Wait(None),
            Some(due) if due > now => Step::Wait(Some(self.instant(due))),
            Some(_) => Step::Exchange(Box::new(self.begin_exchange(now))),
        }
    }

    fn end_exchange(&self, told: &Told, result: Result<Reply, Failure>) {
        match result {
            Ok(reply) => self.learn(told, &reply),
            Err(failure) => self.fail(told, failure),
        }
    }

    fn abandon(&self, told: Option<&Told>) {
        if let Some(driver) = &self.driver {
            driver.set_running(Running::No);
        }
        if let Some(sharing) = &mut self.state().sharing {
            sharing.participant.is_abandoned();
        }
        if let Some(told) = told {
            self.fail(told, Failure::passing("the thread that speaks to it has panicked"));
        }
    }

    fn warn(&self, eviction_policy: String) {
        let mut state = self.state();
        let Some(sharing) = &mut state.sharing else { return };
        sharing.tell(News::Evicts { policy: eviction_policy });
        let news = sharing.last_news();
        drop(state);
        self.spread(news);
    }
}

impl State {
    /// When the next exchange with the shared ledger is due.
    fn next_exchange(&self) -> Option<Micros> {
        let is_waiting = self.ledger.waits().into_iter().any(|(light, heavy)| light || heavy);
        self.sharing.as_ref()?.participant.next_exchange(is_waiting)
    }
}
