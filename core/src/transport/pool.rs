//! The connections of a client. Each is an HTTP client of its own that connects once, so that it is certain whether a
//! request goes to a new connection or to a used one.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::time::Instant;

/// Below what gateways keep a connection for (60 s and more).
pub(super) const MAX_IDLE_TIME: Duration = Duration::from_secs(50);

/// How many turns of the runtime a dropped connection is given to close, and then how many pauses: another thread may be
/// the one that drives the runtime.
const MAX_TURNS: usize = 16;
const MAX_PAUSES: usize = 50;
const PAUSE: Duration = Duration::from_millis(1);

/// Idle connections, and the number of those in use. A connection belongs to the runtime that it was made on, and is used
/// on no other.
pub(super) struct Pool<C> {
    state: Mutex<State<C>>,
    max_connections: usize,
    /// The runtime that is driven during calls alone, where there is one.
    driven_during_calls: OnceLock<Handle>,
}

struct State<C> {
    /// The one that was used last is at the back.
    idle: VecDeque<Idle<C>>,
    in_use: usize,
    is_closed: bool,
    closing: Closing,
}

struct Idle<C> {
    connection: C,
    runtime: Id,
    since: Instant,
}

/// Connections that were dropped on the runtime that is driven during calls alone: their tasks may not have seen it yet.
#[derive(Clone, Copy, Default)]
struct Closing {
    connections: usize,
    /// How many tasks the runtime had before.
    tasks: usize,
}

impl<C> Pool<C> {
    pub(super) fn new(max_connections: usize) -> Self {
        let state = State { idle: VecDeque::new(), in_use: 0, is_closed: false, closing: Closing::default() };
        Self { state: Mutex::new(state), max_connections, driven_during_calls: OnceLock::new() }
    }

    /// Says that `runtime` is driven during calls alone.
    pub(super) fn is_driven_during_calls(&self, runtime: Handle) {
        // There is one such runtime for each client.
        let _ = self.driven_during_calls.set(runtime);
    }

    /// The idle connection of this runtime that was used last, or else one from `make`.
    ///
    /// # Errors
    /// Those of `make`.
    pub(super) fn take<E>(
        self: &Arc<Self>,
        may_be_used: bool,
        make: impl FnOnce() -> Result<C, E>,
    ) -> Result<Lease<C>, E> {
        let runtime = Handle::current();
        self.close_expired();
        let used = if may_be_used { self.take_idle(runtime.id()) } else { None };
        let is_used = used.is_some();
        if !is_used {
            self.make_room();
        }
        let connection = match used {
            Some(connection) => connection,
            None => make()?,
        };
        self.state().in_use += 1;
        Ok(Lease { pool: Arc::clone(self), connection: Some(connection), runtime, is_used })
    }

    /// Closes all idle connections now, and those in use when they are given back.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.close_idle();
    }

    /// Closes the connections that have been idle since before `time`: one like them did not work any more.
    pub(super) fn close_idle_since_before(&self, time: Instant) {
        let (suspects, proven) = {
            let mut state = self.state();
            state.idle.drain(..).partition(|idle: &Idle<C>| idle.since < time)
        };
        self.state().idle.extend::<VecDeque<_>>(proven);
        self.discard(suspects);
    }

    /// Closes all idle connections, to give their descriptors and memory back.
    pub(super) fn close_idle(&self) {
        let idle = std::mem::take(&mut self.state().idle);
        self.discard(idle);
    }

    /// Closes the idle connections of the runtime that is driven during calls alone.
    pub(super) fn close_idle_driven_during_calls(&self) {
        let Some(driven) = self.driven_during_calls.get() else { return };
        let (closed, kept) = {
            let mut state = self.state();
            state.idle.drain(..).partition(|idle: &Idle<C>| idle.runtime == driven.id())
        };
        self.state().idle.extend::<VecDeque<_>>(kept);
        self.discard(closed);
    }

    /// Whether there are idle connections, and none of them was in use during the last `time`.
    pub(super) fn has_been_idle_for(&self, time: Duration) -> bool {
        self.state().idle.back().is_some_and(|idle| idle.since.elapsed() >= time)
    }

    /// Whether connections were dropped that [`closing`](Self::closing) has to wait for.
    pub(super) fn is_closing(&self) -> bool {
        self.state().closing.connections > 0
    }

    /// Drives this runtime until the connections that were dropped on it are closed; but not for long.
    pub(super) async fn closing(&self) {
        let Closing { connections, tasks } = std::mem::take(&mut self.state().closing);
        let metrics = Handle::current().metrics();
        for turn in 0..MAX_TURNS + MAX_PAUSES {
            // Each connection has one task.
            if connections == 0 || metrics.num_alive_tasks() + connections <= tasks {
                return;
            }
            if turn < MAX_TURNS {
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    fn close_expired(&self) {
        let expired: VecDeque<_> = {
            let mut state = self.state();
            let expired = state.idle.iter().take_while(|idle| idle.since.elapsed() >= MAX_IDLE_TIME).count();
            state.idle.drain(..expired).collect()
        };
        self.discard(expired);
    }

    fn discard(&self, idle: VecDeque<Idle<C>>) {
        let mut state = self.state();
        for Idle { runtime, .. } in &idle {
            self.note_closing(&mut state, *runtime);
        }
        drop(state);
        drop(idle);
    }

    /// A connection of `runtime` is about to be dropped.
    fn note_closing(&self, state: &mut State<C>, runtime: Id) {
        if let Some(driven) = self.driven_during_calls.get().filter(|driven| driven.id() == runtime) {
            if state.closing.connections == 0 {
                state.closing.tasks = driven.metrics().num_alive_tasks();
            }
            state.closing.connections += 1;
        }
    }

    fn take_idle(&self, runtime: Id) -> Option<C> {
        let mut state = self.state();
        let place = state.idle.iter().rposition(|idle| idle.runtime == runtime)?;
        state.idle.remove(place).map(|idle| idle.connection)
    }

    /// Where there are as many connections as there may be, the oldest idle one gives way.
    fn make_room(&self) {
        let gives_way = {
            let mut state = self.state();
            let is_full = state.idle.len() + state.in_use >= self.max_connections;
            if is_full { state.idle.pop_front() } else { None }
        };
        self.discard(gives_way.into_iter().collect());
    }

    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> fmt::Debug for Pool<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Pool").field("idle", &state.idle.len()).field("in_use", &state.in_use).finish_non_exhaustive()
    }
}

/// A connection in use. Dropping it closes the connection.
pub(super) struct Lease<C> {
    pool: Arc<Pool<C>>,
    /// Always there until it is given back.
    connection: Option<C>,
    runtime: Handle,
    is_used: bool,
}

impl<C> Lease<C> {
    /// Whether it has carried requests before.
    pub(super) fn is_used(&self) -> bool {
        self.is_used
    }

    pub(super) fn connection(&self) -> &C {
        self.connection.as_ref().expect("only give_back takes it away")
    }

    /// The connection may carry another request.
    pub(super) fn give_back(mut self) {
        let mut state = self.pool.state();
        if !state.is_closed
            && let Some(connection) = self.connection.take()
        {
            state.idle.push_back(Idle { connection, runtime: self.runtime.id(), since: Instant::now() });
        }
    }
}

impl<C> Drop for Lease<C> {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        state.in_use -= 1;
        if self.connection.is_some() {
            self.pool.note_closing(&mut state, self.runtime.id());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;

    use tokio::runtime::Builder;
    use tokio::time::{Instant, advance};

    use super::{Lease, MAX_IDLE_TIME, Pool};

    fn take(pool: &Arc<Pool<u32>>, new: u32) -> Lease<u32> {
        pool.take(true, || Ok::<_, Infallible>(new)).unwrap()
    }

    #[tokio::test]
    async fn the_connection_that_was_used_last_is_taken_and_a_new_one_where_there_is_none() {
        let pool = Arc::new(Pool::new(2));
        let (first, second) = (take(&pool, 1), take(&pool, 2));
        assert!(!first.is_used());
        first.give_back();
        second.give_back();
        let again = take(&pool, 3);
        assert_eq!((*again.connection(), again.is_used()), (2, true));
        let new = pool.take(false, || Ok::<_, Infallible>(4)).unwrap();
        assert_eq!((*new.connection(), new.is_used()), (4, false));
        assert_eq!(pool.state().idle.len(), 0, "the idle one gave way");
    }

    #[tokio::test(start_paused = true)]
    async fn idle_connections_expire_and_suspects_are_closed() {
        let pool = Arc::new(Pool::new(8));
        take(&pool, 1).give_back();
        advance(MAX_IDLE_TIME).await;
        assert!(!take(&pool, 2).is_used());
        take(&pool, 3).give_back();
        advance(MAX_IDLE_TIME / 2).await;
        let time = Instant::now();
        let used = take(&pool, 4);
        take(&pool, 5).give_back();
        pool.close_idle_since_before(time);
        assert_eq!(pool.state().idle.len(), 1, "given back after that time");
        used.give_back();
        assert_eq!(pool.state().idle.len(), 2);
    }

    #[tokio::test]
    async fn a_closed_pool_keeps_nothing() {
        let pool = Arc::new(Pool::new(8));
        let in_use = take(&pool, 1);
        take(&pool, 2).give_back();
        pool.close();
        assert_eq!(pool.state().idle.len(), 0);
        in_use.give_back();
        assert_eq!(pool.state().idle.len(), 0);
        assert_eq!(pool.state().in_use, 0);
    }

    #[test]
    fn a_connection_is_used_on_its_own_runtime_alone() {
        let runtime = || Builder::new_current_thread().build().unwrap();
        let (one, other) = (runtime(), runtime());
        let pool = Arc::new(Pool::new(8));
        one.block_on(async { take(&pool, 1).give_back() });
        assert!(!other.block_on(async { take(&pool, 2).is_used() }));
        assert!(one.block_on(async { take(&pool, 3).is_used() }));
    }
}
