//! Looks names up on a few threads of our own.
//!
//! tokio's threads for blocking work would be as many as there are look-ups, and a panic where the system gives none.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::oneshot;

use crate::per_process::PerProcess;
use crate::signals::without_signals;
use crate::threads::thread_builder;

const MAX_THREADS: usize = 4;
const MAX_IDLE_TIME: Duration = Duration::from_secs(5);

static LOOKUPS: PerProcess<Lookups> = PerProcess::new();

/// The system's resolver.
pub(super) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = begin(name.as_str());
        Box::pin(async move { Ok(Box::new(end(lookup).await?.into_iter()) as Addrs) })
    }
}

/// The addresses of `host`, with port 0.
#[cfg(feature = "redis")]
pub(crate) async fn look_up(host: &str) -> io::Result<Vec<SocketAddr>> {
    end(begin(host)).await.map_err(io::Error::other)
}

type Lookup = Result<oneshot::Receiver<Answer>, LookupError>;

fn begin(host: &str) -> Lookup {
    LOOKUPS.get_or_make(|| Ok::<_, LookupError>(Lookups::new(system_lookup))).and_then(|lookups| lookups.ask(host))
}

async fn end(lookup: Lookup) -> Answer {
    lookup?.await.map_err(|_| LookupError::from(io::Error::other("the look-up was given up")))?
}

fn system_lookup(host: &str) -> io::Result<Vec<SocketAddr>> {
    (host, 0).to_socket_addrs().map(Iterator::collect)
}

/// A name could not be looked up.
#[derive(Clone, Debug)]
pub(super) struct LookupError(Arc<io::Error>);

impl From<io::Error> for LookupError {
    fn from(error: io::Error) -> Self {
        Self(Arc::new(error))
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for LookupError {}

type Answer = Result<Vec<SocketAddr>, LookupError>;

/// Look-ups under way and waiting. One look-up answers all who ask for the same name meanwhile.
struct Lookups {
    queue: Mutex<Queue>,
    has_work: Condvar,
    look_up: fn(&str) -> io::Result<Vec<SocketAddr>>,
    start_thread: fn(&'static Lookups) -> io::Result<()>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<String>,
    asking: BTreeMap<String, Vec<oneshot::Sender<Answer>>>,
    threads: usize,
    idle_threads: usize,
}

impl Lookups {
    fn new(look_up: fn(&str) -> io::Result<Vec<SocketAddr>>) -> Self {
        Self { queue: Mutex::default(), has_work: Condvar::new(), look_up, start_thread: Self::start_thread }
    }

    /// Looks `host` up; the answer comes through the channel.
    ///
    /// # Errors
    /// When the system gives no thread.
    fn ask(&'static self, host: &str) -> Result<oneshot::Receiver<Answer>, LookupError> {
        let (sender, answer) = oneshot::channel();
        let mut queue = self.queue();
        if let Some(asking) = queue.asking.get_mut(host) {
            asking.push(sender);
            return Ok(answer);
        }
        if queue.idle_threads <= queue.waiting.len() && queue.threads < MAX_THREADS {
            match (self.start_thread)(self) {
                Ok(()) => queue.threads += 1,
                Err(error) if queue.threads == 0 => return Err(error.into()),
                // One of the others will do it.
                Err(_) => {}
            }
        }
        queue.asking.insert(host.to_owned(), vec![sender]);
        queue.waiting.push_back(host.to_owned());
        self.has_work.notify_one();
        Ok(answer)
    }

    fn start_thread(&'static self) -> io::Result<()> {
        let builder = thread_builder().name("wts-session-dns".to_owned());
        without_signals(|| builder.spawn(|| self.work())).map(drop)
    }

    fn work(&self) {
        while let Some(host) = self.next() {
            let answer = (self.look_up)(&host).map_err(LookupError::from);
            for sender in self.queue().asking.remove(&host).unwrap_or_default() {
                // Whoever asked may have gone.
                let _ = sender.send(answer.clone());
            }
        }
    }

    /// The next name to look up; none when this thread was idle for so long that it ends.
    fn next(&self) -> Option<String> {
        let mut queue = self.queue();
        queue.idle_threads += 1;
        let waiting = self.has_work.wait_timeout_while(queue, MAX_IDLE_TIME, |queue| queue.waiting.is_empty());
        let (mut queue, _) = waiting.unwrap_or_else(PoisonError::into_inner);
        queue.idle_threads -= 1;
        let host = queue.waiting.pop_front();
        if host.is_none() {
            queue.threads -= 1;
        }
        host
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::SocketAddr;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Condvar, Mutex};

    use super::{Lookups, MAX_THREADS, system_lookup};

    #[tokio::test]
    async fn names_are_looked_up() {
        let lookups: &'static Lookups = Box::leak(Box::new(Lookups::new(system_lookup)));
        let addresses = lookups.ask("localhost").unwrap().await.unwrap().unwrap();
        assert!(addresses.iter().all(|address| address.ip().is_loopback()) && !addresses.is_empty());
        assert!(lookups.ask("no-such-host.invalid").unwrap().await.unwrap().is_err());
    }

    #[tokio::test]
    async fn without_a_thread_the_system_s_word_is_told_and_nothing_waits() {
        fn no_thread(_: &'static Lookups) -> io::Result<()> {
            Err(io::Error::from(io::ErrorKind::WouldBlock))
        }
        let refused: &'static Lookups =
            Box::leak(Box::new(Lookups { start_thread: no_thread, ..Lookups::new(system_lookup) }));
        let error = refused.ask("localhost").unwrap_err();
        assert_eq!(error.to_string(), io::Error::from(io::ErrorKind::WouldBlock).to_string());
        let queue = refused.queue();
        assert_eq!((queue.asking.len(), queue.waiting.len(), queue.threads), (0, 0, 0));
    }

    static HANGING: (Mutex<bool>, Condvar) = (Mutex::new(true), Condvar::new());
    static LOOKED_UP: AtomicUsize = AtomicUsize::new(0);

    fn hanging_lookup(_: &str) -> io::Result<Vec<SocketAddr>> {
        LOOKED_UP.fetch_add(1, Ordering::Relaxed);
        let hangs = HANGING.0.lock().unwrap();
        drop(HANGING.1.wait_while(hangs, |hangs| *hangs).unwrap());
        Ok(Vec::new())
    }

    #[tokio::test]
    async fn a_resolver_that_hangs_costs_few_threads_and_each_name_is_looked_up_once() {
        let lookups: &'static Lookups = Box::leak(Box::new(Lookups::new(hanging_lookup)));
        let names = || (0..100).map(|number| (number % 20).to_string());
        let answers: Vec<_> = names().map(|name| lookups.ask(&name).unwrap()).collect();
        assert_eq!(lookups.queue().threads, MAX_THREADS);
        *HANGING.0.lock().unwrap() = false;
        HANGING.1.notify_all();
        for answer in answers {
            assert!(answer.await.unwrap().is_ok());
        }
        assert_eq!(LOOKED_UP.load(Ordering::Relaxed), 20);
    }
}
