//! A thread that runs calls whose callers wait elsewhere, for example in the event loop of another language.

use std::future::Future;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::error::Error;
use crate::signals::without_signals;
use crate::threads::thread_builder;

/// A thread with its own runtime. Dropping this ends the thread and drops its calls.
#[derive(Debug)]
pub struct Background {
    handle: Handle,
    thread: Mutex<Option<Thread>>,
}

#[derive(Debug)]
struct Thread {
    /// Dropping it ends the thread.
    running: oneshot::Sender<()>,
    ended: JoinHandle<()>,
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
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (running, stopped) = oneshot::channel();
        let builder = thread_builder().name("wts-session".to_owned());
        let run = move || {
            // Nothing is ever sent: the end of the sender is the signal.
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        };
        let ended = without_signals(|| builder.spawn(run))?;
        Ok(Self { handle, thread: Mutex::new(Some(Thread { running, ended })) })
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

    /// Runs `future` to its end, unless the handle aborts it.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        self.handle.spawn(future).abort_handle()
    }
}

#[cfg(test)]
mod tests {
    use super::Background;
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
}
