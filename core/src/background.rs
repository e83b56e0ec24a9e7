//! A thread that runs calls whose callers wait elsewhere, for example in the event loop of another language.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{AbortHandle, abortable};
use futures_util::task::AtomicWaker;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep};

use crate::error::Error;
use crate::parked::Parked;
use crate::signals::without_signals;
use crate::threads::{new_runtime, thread_builder};

/// As long as calls come, a timer of this length is set: shorter than the usual time limits of requests.
const TIMER: Duration = Duration::from_secs(1);

/// A thread with its own runtime. Dropping this ends the thread and drops its calls.
#[derive(Debug)]
pub struct Background {
    handle: Handle,
    intake: Arc<Intake>,
    thread: Mutex<Option<Thread>>,
}

#[derive(Debug)]
struct Thread {
    /// Dropping it ends the thread.
    running: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

type Call = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Calls that are to begin. The thread is woken once for all that come until it looks: to wake it is a system call.
struct Intake {
    /// None when the thread has ended.
    calls: Mutex<Option<Vec<Call>>>,
    thread: AtomicWaker,
}

impl Background {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`Connection`](crate::ErrorKind::Connection), retryable, if the system gives no thread or no descriptors.
    pub fn start() -> Result<Self, Error> {
        Self::try_start()
            .map_err(|error| Error::no_resources("thread or descriptors for calls in the background", error))
    }

    fn try_start() -> io::Result<Self> {
        let runtime = new_runtime()?;
        let handle = runtime.handle().clone();
        let (running, stopped) = oneshot::channel();
        let intake = Arc::new(Intake { calls: Mutex::new(Some(Vec::new())), thread: AtomicWaker::new() });
        let builder = thread_builder().name("wts-session".to_owned());
        let calls = Arc::clone(&intake);
        let run = move || {
            runtime.block_on(calls.begin_until(stopped));
            calls.close();
            runtime.shutdown_background();
        };
        let ended = without_signals(|| builder.spawn(run))?;
        Ok(Self { handle, intake, thread: Mutex::new(Some(Thread { running, ended })) })
    }

    /// Ends the thread and waits until it has ended. The calls it runs must not wait for the calling thread.
    pub fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Thread { running, ended }) = thread {
            drop(running);
            // The panic hook has reported a panic of the thread.
            let _ = ended.join();
        }
    }

    /// The runtime of the thread.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Whether it is this one's thread that asks, which must not wait for its own calls.
    pub(crate) fn is_this_thread(&self) -> bool {
        Handle::try_current().is_ok_and(|current| current.id() == self.handle.id())
    }

    /// Runs `future` to its end, unless the handle aborts it.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let (call, handle) = abortable(future);
        let call = call.map(drop);
        if self.is_this_thread() {
            self.handle.spawn(call);
        } else {
            self.intake.add(Box::pin(call));
        }
        handle
    }

    /// Runs `future` while this thread waits, and calls `check` every `interval`. If `check` fails, the future is dropped.
    ///
    /// # Errors
    /// What `check` returns.
    ///
    /// # Panics
    /// If the future does, or the thread of this ends meanwhile.
    pub(crate) fn wait_unless<F, E>(
        &self,
        future: F,
        interval: Duration,
        mut check: impl FnMut() -> Result<(), E>,
    ) -> Result<F::Output, E>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let (done, mut outcome) = oneshot::channel();
        let handle = self.spawn(async move {
            // Nobody waits any more if this thread has panicked.
            let _ = done.send(AssertUnwindSafe(future).catch_unwind().await);
        });
        let parked = Arc::new(Parked::default());
        let waker = Waker::from(Arc::clone(&parked));
        let mut context = Context::from_waker(&waker);
        let mut failure = None;
        loop {
            match (outcome.poll_unpin(&mut context), failure) {
                (Poll::Ready(_), Some(failure)) => return Err(failure),
                (Poll::Ready(Ok(outcome)), None) => return Ok(outcome.unwrap_or_else(|panic| resume_unwind(panic))),
                (Poll::Ready(Err(_)), None) => panic!("the thread in the background has ended"),
                (Poll::Pending, known) => failure = known,
            }
            let is_time_to_check = !parked.for_at_most(interval) && failure.is_none();
            if is_time_to_check && let Err(error) = check() {
                handle.abort();
                failure = Some(error);
            }
        }
    }
}

impl Intake {
    /// Adds a call, which is dropped if the thread has ended.
    fn add(&self, call: Call) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(waiting) = &mut *calls else { return };
        waiting.push(call);
        let is_first = waiting.len() == 1;
        drop(calls);
        if is_first {
            self.thread.wake();
        }
    }

    fn take(&self) -> Vec<Call> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.as_mut().map(mem::take).unwrap_or_default()
    }

    /// Drops the calls that have not begun.
    fn close(&self) {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(calls);
    }

    /// Begins calls as they come, until `stopped` is done.
    ///
    /// A runtime that waits without a timer wakes itself when the first one is set, which is that of the next request. So one
    /// is set that goes off before.
    async fn begin_until(&self, stopped: oneshot::Receiver<()>) {
        let mut stopped = pin!(stopped);
        let mut timer: Option<Pin<Box<Sleep>>> = None;
        poll_fn(|context: &mut Context<'_>| {
            // Nothing is ever sent: the end of the sender is the signal.
            if stopped.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            self.thread.register(context.waker());
            for call in self.take() {
                tokio::spawn(call);
                timer.get_or_insert_with(|| Box::pin(sleep(TIMER)));
            }
            if timer.as_mut().is_some_and(|timer| timer.as_mut().poll(context).is_ready()) {
                timer = None;
            }
            Poll::Pending
        })
        .await;
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Background;
    use std::convert::Infallible;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(10);

    struct Told(mpsc::Sender<&'static str>);

    impl Drop for Told {
        fn drop(&mut self) {
            self.0.send("dropped").unwrap();
        }
    }

    #[test]
    fn futures_are_driven_aborted_and_dropped_with_the_thread() {
        let background = Background::start().unwrap();
        let (sender, receiver) = mpsc::channel();
        let done = sender.clone();
        background.spawn(async move { done.send("done").unwrap() });
        assert_eq!(receiver.recv_timeout(LONG), Ok("done"));

        let pending = |told: Told| async move {
            let _told = told;
            std::future::pending::<()>().await;
        };
        background.spawn(pending(Told(sender.clone()))).abort();
        assert_eq!(receiver.recv_timeout(LONG), Ok("dropped"));

        background.spawn(pending(Told(sender.clone())));
        drop(background);
        assert_eq!(receiver.recv_timeout(LONG), Ok("dropped"));

        let background = Background::start().unwrap();
        background.spawn(pending(Told(sender)));
        background.join();
        assert_eq!(receiver.try_recv(), Ok("dropped"));
    }

    #[test]
    fn a_thread_waits_for_a_call_and_gets_its_outcome_or_its_panic() {
        let background = Background::start().unwrap();
        let never_fails = || Ok::<_, Infallible>(());
        assert_eq!(background.wait_unless(async { 7 }, LONG, never_fails), Ok(7));
        let panics =
            AssertUnwindSafe(|| background.wait_unless(async { panic!("as the test wants it") }, LONG, never_fails));
        let panic = catch_unwind(panics).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"as the test wants it"));
    }

    #[test]
    fn a_check_that_fails_drops_the_call_before_the_thread_goes_on() {
        let background = Background::start().unwrap();
        let (sender, receiver) = mpsc::channel();
        let told = Told(sender);
        let call = async move {
            let _told = told;
            std::future::pending::<()>().await;
        };
        assert_eq!(background.wait_unless(call, Duration::from_millis(1), || Err("interrupted")), Err("interrupted"));
        assert_eq!(receiver.try_recv(), Ok("dropped"));
    }

    #[test]
    fn a_call_that_comes_after_the_end_is_dropped() {
        let background = Background::start().unwrap();
        background.join();
        let (sender, receiver) = mpsc::channel();
        let told = Told(sender);
        background.spawn(async move { drop(told) });
        assert_eq!(receiver.try_recv(), Ok("dropped"));
    }
}
