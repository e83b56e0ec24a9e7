//! The thread that speaks to the shared ledger: one exchange at a time.

use std::io;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use super::exchange::Reply;
use super::failure::Failure;
use super::participant::Told;
use super::store::Store;
use crate::signals::without_signals;
use crate::threads::thread_builder;

/// An exchange that takes longer has failed.
const LONGEST_EXCHANGE: Duration = Duration::from_secs(2);

/// What there is to do.
#[derive(Debug)]
pub(in crate::limiter) enum Step {
    Exchange(Box<Told>),
    /// Until then, or until the driver is woken.
    Wait(Option<Instant>),
    /// The driver ends.
    End,
}

/// Whose exchanges they are.
pub(in crate::limiter) trait Party: Send + Sync {
    fn next_step(&self) -> Step;
    fn end_exchange(&self, told: &Told, result: Result<Reply, Failure>);
    /// The thread has panicked, perhaps in an exchange.
    fn abandon(&self, told: Option<&Told>);
    /// What may lose the ledger's data.
    fn warn(&self, eviction_policy: String);
}

/// Starts the thread. It ends when `party` is gone or says so.
///
/// # Errors
/// When the system gives no thread or no descriptors.
pub(in crate::limiter) fn start<P: Party + 'static>(
    party: Weak<P>,
    store: Arc<tokio::sync::Mutex<Store>>,
    wakeup: Arc<Notify>,
) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let builder = thread_builder().name("wts-session-limits".to_owned());
    without_signals(|| builder.spawn(move || runtime.block_on(drive(&party, &store, &wakeup)))).map(drop)
}

async fn drive<P: Party>(party: &Weak<P>, store: &tokio::sync::Mutex<Store>, wakeup: &Notify) {
    let mut store = store.lock().await;
    let mut watch = Watch { party, told: None };
    loop {
        watch.told = None;
        let Some(step) = party.upgrade().map(|party| party.next_step()) else { return };
        match step {
            Step::End => return,
            Step::Wait(None) => wakeup.notified().await,
            Step::Wait(Some(time)) => {
                tokio::select! {
                    () = wakeup.notified() => {}
                    () = sleep_until(time) => {}
                }
            }
            Step::Exchange(told) => {
                let told = watch.told.insert(told);
                let result = timeout(LONGEST_EXCHANGE, store.exchange(&told.request)).await;
                let result = result.unwrap_or_else(|_| Err(Failure::passing("it does not answer within 2 s")));
                let Some(party) = party.upgrade() else { return };
                party.end_exchange(told, result);
                if let Some(policy) = store.danger() {
                    party.warn(policy);
                }
            }
        }
    }
}

/// Tells the party if the thread panics: the next one who waits starts another.
struct Watch<'a, P: Party> {
    party: &'a Weak<P>,
    told: Option<Box<Told>>,
}

impl<P: Party> Drop for Watch<'_, P> {
    fn drop(&mut self) {
        if thread::panicking()
            && let Some(party) = self.party.upgrade()
        {
            party.abandon(self.told.as_deref());
        }
    }
}
