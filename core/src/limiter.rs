//! The account's budget: so many requests in any sliding window, counted as the server may count them.
//!
//! A slot is taken before a request leaves and comes free one window after its answer. Since the request arrives between
//! the two, the server never sees more requests in a window than there are slots:
//! `docs/design/limiter.md` has the proof.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use reqwest::Url;
use tokio::sync::{Mutex as Turn, Notify};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::config::RateLimit;
use crate::per_process::PerProcess;
use crate::secret::Secret;

/// How much longer a slot is held whose request may still be on its way: it was cancelled, or timed out.
const STRAY_TIME: Duration = Duration::from_millis(250);

/// The pause after a 429 without a `Retry-After`; it doubles with each one that follows a pause, up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// No server's word holds the account for longer: its longest window is five minutes.
const LONGEST_TOLD_PAUSE: Duration = Duration::from_secs(600);

/// How far apart requests leave after a pause; it doubles with each 429 that follows a pause, up to the widest.
const CLOSEST_PACE: Duration = Duration::from_millis(25);
const WIDEST_PACE: Duration = Duration::from_millis(300);
/// How many requests leave at that pace before all is as it was.
const PACED_REQUESTS: u32 = 200;

/// The budget that all clients of an account in this process share.
pub(crate) struct Limiter {
    ledger: Mutex<Ledger>,
    /// Whoever holds it is next to get a slot. Tokio hands it on in the order of asking, and takes out who gives up.
    turn: Turn<()>,
    /// Tells the holder of the turn that the ledger has changed in its favour, or that a pause was set.
    changed: Notify,
    /// How many ask for a slot at the moment.
    asking: AtomicUsize,
}

/// The wait for a slot is longer than the caller can wait.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong {
    /// How long it would be at least.
    pub(crate) wait: Duration,
}

impl Limiter {
    pub(crate) fn new() -> Self {
        Self {
            ledger: Mutex::new(Ledger::default()),
            turn: Turn::new(()),
            changed: Notify::new(),
            asking: AtomicUsize::new(0),
        }
    }

    /// Waits for a slot under `limits`, in the order of asking.
    pub(crate) async fn acquire(
        self: &Arc<Self>,
        limits: &[RateLimit],
        deadline: Option<Instant>,
    ) -> Result<Slot, TooLong> {
        let _asking = Asking::count(&self.asking);
        let turn = match deadline {
            None => self.turn.lock().await,
            Some(deadline) => match timeout_at(deadline, self.turn.lock()).await {
                Ok(turn) => turn,
                Err(_) => return Err(TooLong { wait: self.least_wait(limits, 0) }),
            },
        };
        let slot = self.take(limits, deadline).await;
        drop(turn);
        slot
    }

    /// How long somebody at least waits who asks now, while `ahead` others are going to ask before.
    pub(crate) fn least_wait(&self, limits: &[RateLimit], ahead: usize) -> Duration {
        let now = Instant::now();
        let ahead = ahead + self.asking.load(Ordering::Relaxed);
        self.ledger().earliest(limits, ahead, now).saturating_duration_since(now)
    }

    /// Nobody of the account sends before `wait` is over, or a time of our own choice where the server named none.
    /// Gives the time that is left of the pause.
    pub(crate) fn pause(&self, sent_at: Instant, wait: Option<Duration>) -> Duration {
        let now = Instant::now();
        let until = self.ledger().pause(sent_at, wait, now);
        self.changed.notify_one();
        until.saturating_duration_since(now)
    }

    /// The server took a request that was sent at `sent_at`: no reason to go slower any more.
    pub(crate) fn recovered(&self, sent_at: Instant) {
        self.ledger().recovered(sent_at);
    }

    async fn take(self: &Arc<Self>, limits: &[RateLimit], deadline: Option<Instant>) -> Result<Slot, TooLong> {
        loop {
            let now = Instant::now();
            let next = self.ledger().take(limits, now);
            match next {
                Next::Now => return Ok(Slot { limiter: Arc::clone(self), taken_at: now, end: End::Unsent }),
                Next::At(time) if deadline.is_some_and(|deadline| time > deadline) => {
                    return Err(TooLong { wait: time - now });
                }
                Next::At(time) => tokio::select! {
                    () = sleep_until(time) => {}
                    () = self.changed.notified() => {}
                },
                Next::WhenOneEnds(least) => self.wait_for_an_end(least, deadline, now).await?,
            }
        }
    }

    async fn wait_for_an_end(&self, least: Instant, deadline: Option<Instant>, now: Instant) -> Result<(), TooLong> {
        match deadline {
            None => self.changed.notified().await,
            Some(deadline) if least > deadline => return Err(TooLong { wait: least - now }),
            Some(deadline) => {
                // Where the deadline passes, the next look at the ledger says so.
                let _ = timeout_at(deadline, self.changed.notified()).await;
            }
        }
        Ok(())
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("asking", &self.asking).finish_non_exhaustive()
    }
}

/// Counts its holder as long as it lives.
#[derive(Debug)]
pub(crate) struct Asking<'a>(&'a AtomicUsize);

impl<'a> Asking<'a> {
    pub(crate) fn count(counter: &'a AtomicUsize) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The right to send one request. Dropping it begins the window at whose end it comes free.
#[derive(Debug)]
pub(crate) struct Slot {
    limiter: Arc<Limiter>,
    taken_at: Instant,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Nothing has left: the slot was not used.
    Unsent,
    /// The request has left, and may arrive at any time.
    Sent,
    /// The request can't arrive any more: it was answered, or its connection broke.
    Settled,
}

impl Slot {
    pub(crate) fn taken_at(&self) -> Instant {
        self.taken_at
    }

    pub(crate) fn sent(&mut self) {
        self.end = End::Sent;
    }

    pub(crate) fn unsent(&mut self) {
        self.end = End::Unsent;
    }

    pub(crate) fn settled(&mut self) {
        self.end = End::Settled;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let now = Instant::now();
        let ended_at = match self.end {
            End::Unsent => None,
            End::Sent => Some(now + STRAY_TIME),
            End::Settled => Some(now),
        };
        if self.limiter.ledger().release(ended_at) {
            self.limiter.changed.notify_one();
        }
    }
}

/// When the next slot comes free.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Now,
    At(Instant),
    /// All slots belong to requests under way; not before the time given.
    WhenOneEnds(Instant),
}

/// The account's requests, as far as they still count.
#[derive(Debug, Default)]
struct Ledger {
    under_way: usize,
    /// When the requests ended whose slots are still held, oldest first.
    ended: VecDeque<Instant>,
    /// What has to be remembered: the most slots and the longest window that were asked for.
    most_requests: usize,
    longest_period: Duration,
    /// Whether somebody waits for a request under way to end.
    end_is_awaited: bool,
    slowdown: Slowdown,
}

impl Ledger {
    /// Takes a slot, or tells when to ask again.
    fn take(&mut self, limits: &[RateLimit], now: Instant) -> Next {
        self.remember(limits);
        self.forget(now);
        let next = self.next(limits, now);
        self.end_is_awaited = matches!(next, Next::WhenOneEnds(_));
        if next == Next::Now {
            self.under_way += 1;
            self.slowdown.count(now);
        }
        next
    }

    /// Gives a slot back: unused, or one whose request ended. Tells whether that is awaited.
    fn release(&mut self, ended_at: Option<Instant>) -> bool {
        self.under_way -= 1;
        if let (Some(ended_at), true) = (ended_at, self.most_requests > 0) {
            let place = self.ended.iter().rposition(|other| *other <= ended_at).map_or(0, |place| place + 1);
            self.ended.insert(place, ended_at);
        }
        std::mem::take(&mut self.end_is_awaited) || ended_at.is_none()
    }

    fn remember(&mut self, limits: &[RateLimit]) {
        for limit in limits {
            self.most_requests = self.most_requests.max(limit.requests as usize);
            self.longest_period = self.longest_period.max(limit.period);
        }
    }

    fn forget(&mut self, now: Instant) {
        while self.ended.front().is_some_and(|first| *first + self.longest_period <= now) {
            self.ended.pop_front();
        }
        let surplus = self.ended.len().saturating_sub(self.most_requests);
        self.ended.drain(..surplus);
    }

    fn next(&self, limits: &[RateLimit], now: Instant) -> Next {
        let mut time = self.slowdown.earliest(now);
        for limit in limits {
            let Some(free) = (limit.requests as usize).checked_sub(self.under_way).filter(|free| *free > 0) else {
                return Next::WhenOneEnds(now + limit.period);
            };
            if let Some(place) = self.ended.len().checked_sub(free) {
                time = time.max(self.ended[place] + limit.period);
            }
        }
        if time <= now { Next::Now } else { Next::At(time) }
    }

    /// A time before which whoever comes after `ahead` others gets no slot.
    fn earliest(&self, limits: &[RateLimit], ahead: usize, now: Instant) -> Instant {
        let times = limits.iter().map(|limit| self.earliest_in(limit, ahead, now));
        times.chain([self.slowdown.earliest(now), now]).max().unwrap_or(now)
    }

    /// As [`earliest`](Self::earliest): slots are free, or come free after their request's window, or are in use and come
    /// free a window from now at the soonest; and each slot serves once in a window.
    fn earliest_in(&self, limit: &RateLimit, ahead: usize, now: Instant) -> Instant {
        let requests = limit.requests as usize;
        let (rounds, place) = (ahead / requests, ahead % requests);
        let past = self.ended.partition_point(|ended| *ended + limit.period <= now);
        let free = requests.saturating_sub(self.under_way + self.ended.len() - past);
        let first = match place.checked_sub(free).map(|place| self.ended.get(past + place)) {
            None => now,
            Some(Some(ended)) => *ended + limit.period,
            Some(None) => now + limit.period,
        };
        first + limit.period * u32::try_from(rounds).unwrap_or(u32::MAX)
    }

    fn pause(&mut self, sent_at: Instant, wait: Option<Duration>, now: Instant) -> Instant {
        self.slowdown.pause(sent_at, wait, now)
    }

    fn recovered(&mut self, sent_at: Instant) {
        self.slowdown.recovered(sent_at);
    }
}

/// What is left of 429 answers: a pause, then a pace, until requests go through again.
#[derive(Debug, Default)]
struct Slowdown {
    paused_until: Option<Instant>,
    /// When the latest pause was set: what was sent before knew nothing of it.
    set_at: Option<Instant>,
    /// How many pauses in a row, each of which did not help.
    strikes: u32,
    next: Option<Instant>,
    paced_requests: u32,
}

impl Slowdown {
    fn pause(&mut self, sent_at: Instant, wait: Option<Duration>, now: Instant) -> Instant {
        let is_new = self.set_at.is_none_or(|set_at| sent_at > set_at);
        if is_new {
            self.strikes = (self.strikes + 1).min(16);
            self.set_at = Some(now);
        }
        self.paced_requests = PACED_REQUESTS;
        let until = now + wait.map_or_else(|| self.own_pause(), |wait| wait.min(LONGEST_TOLD_PAUSE));
        let until = match self.paused_until {
            Some(earlier) if !is_new && wait.is_none() => earlier,
            Some(earlier) => earlier.max(until),
            None => until,
        };
        self.paused_until = Some(until);
        until
    }

    /// Half of it certain, half of it by chance, so that processes that share the account part.
    fn own_pause(&self) -> Duration {
        let longest = doubled(SHORTEST_PAUSE, self.strikes, LONGEST_PAUSE);
        longest.mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    fn recovered(&mut self, sent_at: Instant) {
        if self.set_at.is_some_and(|set_at| sent_at > set_at) {
            self.strikes = 0;
        }
    }

    fn earliest(&self, now: Instant) -> Instant {
        now.max(self.paused_until.unwrap_or(now)).max(self.next.unwrap_or(now))
    }

    /// A request leaves now.
    fn count(&mut self, now: Instant) {
        if self.paced_requests > 0 {
            self.paced_requests -= 1;
            self.next = Some(now + doubled(CLOSEST_PACE, self.strikes, WIDEST_PACE));
        }
    }
}

fn doubled(first: Duration, times: u32, most: Duration) -> Duration {
    (first * 2_u32.pow(times.saturating_sub(1))).min(most)
}

/// The limiters of this process, one for each base URL and key. A forked child begins anew: in its parent's, slots and
/// turns are held by threads that it has not.
static ACCOUNTS: PerProcess<Mutex<Vec<Account>>> = PerProcess::new();

struct Account {
    base_url: Url,
    key: Secret,
    limiter: Weak<Limiter>,
}

/// The limiter that all clients with this base URL and key share.
pub(crate) fn of_account(base_url: &Url, key: &Secret) -> Arc<Limiter> {
    let mut accounts = ACCOUNTS.get_or_default().lock().unwrap_or_else(PoisonError::into_inner);
    accounts.retain(|account| account.limiter.strong_count() > 0);
    let known = accounts.iter().find(|account| account.base_url == *base_url && account.key == *key);
    if let Some(limiter) = known.and_then(|account| account.limiter.upgrade()) {
        return limiter;
    }
    let limiter = Arc::new(Limiter::new());
    accounts.push(Account { base_url: base_url.clone(), key: key.clone(), limiter: Arc::downgrade(&limiter) });
    limiter
}

#[cfg(test)]
mod tests;
