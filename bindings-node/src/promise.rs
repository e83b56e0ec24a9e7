//! The calls of a JavaScript thread: begun there, driven on core's thread in the background, settled there.

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use napi::bindgen_prelude::{Either3, FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Result, Status};
use napi_derive::napi;
use tokio::task::AbortHandle;
use wts_session::{Background, Error};

use crate::bulk::Batch;
use crate::convert::Json;
use crate::error::Failure;

/// Ids of calls, and for each the JSON of its result, the outcomes it took out of a bulk call, or its failure.
type Outcomes = FnArgs<(Vec<u32>, Vec<Either3<Json, Batch, Failure>>)>;

/// What a call that did not fail gives.
pub(crate) enum Success {
    One(Json),
    Many(Batch),
}

impl From<String> for Success {
    fn from(json: String) -> Self {
        Self::One(json.into())
    }
}

impl From<Batch> for Success {
    fn from(batch: Batch) -> Self {
        Self::Many(batch)
    }
}

/// Calls into the JavaScript thread. Weak: by itself it does not keep the event loop going.
type Wake = ThreadsafeFunction<(), (), Outcomes, Status, false, true>;

/// The calls of one JavaScript thread that are under way. They keep its event loop going, and end with it.
#[napi]
pub struct Calls {
    under_way: Arc<Mutex<UnderWay>>,
    wake: Arc<Mutex<Wake>>,
}

#[derive(Default)]
struct UnderWay {
    driven: HashMap<u32, AbortHandle>,
    settled: Vec<(u32, std::result::Result<Success, Error>)>,
}

impl UnderWay {
    fn is_idle(&self) -> bool {
        self.driven.is_empty() && self.settled.is_empty()
    }

    fn take_settled(&mut self) -> Outcomes {
        let settled = std::mem::take(&mut self.settled);
        let outcome = |(id, result): (u32, std::result::Result<Success, Error>)| match result {
            Ok(Success::One(json)) => (id, Either3::A(json)),
            Ok(Success::Many(batch)) => (id, Either3::B(batch)),
            Err(error) => (id, Either3::C(Failure::from(&error))),
        };
        settled.into_iter().map(outcome).collect::<(Vec<_>, Vec<_>)>().into()
    }
}

#[napi]
impl Calls {
    /// `settle` is called with what has settled since it was last called: once for all of it.
    #[napi(constructor, catch_unwind)]
    pub fn new(settle: Function<'_, Outcomes, ()>) -> Result<Self> {
        let under_way = Arc::<Mutex<UnderWay>>::default();
        let settled = Arc::clone(&under_way);
        let wake = settle
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .build_callback(move |_| Ok(locked(&settled).take_settled()))?;
        Ok(Self { under_way, wake: Arc::new(Mutex::new(wake)) })
    }

    /// Cancels the call `id`: it will not be settled any more, and its connection is closed.
    #[napi(catch_unwind)]
    pub fn cancel(&self, env: Env, id: u32) -> Result<()> {
        let mut under_way = locked(&self.under_way);
        if let Some(call) = under_way.driven.remove(&id) {
            call.abort();
        }
        let is_idle = under_way.is_idle();
        drop(under_way);
        if is_idle { keep_event_loop(&self.wake, env, false) } else { Ok(()) }
    }

    /// Begins the call `id`, which `background` drives.
    pub(crate) fn begin<F, T>(&self, env: Env, id: u32, background: &Background, call: F) -> Result<()>
    where
        F: Future<Output = std::result::Result<T, Error>> + Send + 'static,
        T: Into<Success>,
    {
        let settlement = Settlement { under_way: Arc::clone(&self.under_way), wake: Arc::clone(&self.wake), id };
        let mut under_way = locked(&self.under_way);
        let was_idle = under_way.is_idle();
        // While the lock is held the call can't settle, so that it is known before it is done.
        let call = background.spawn(async move {
            let result = AssertUnwindSafe(call).catch_unwind().await;
            let result = result.unwrap_or_else(|_| Err(Error::internal("The call panicked.")));
            settlement.settle(result.map(T::into));
        });
        under_way.driven.insert(id, call);
        drop(under_way);
        if was_idle { keep_event_loop(&self.wake, env, true) } else { Ok(()) }
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        locked(&self.under_way).driven.drain().for_each(|(_, call)| call.abort());
    }
}

/// Where the outcome of one call goes.
struct Settlement {
    under_way: Arc<Mutex<UnderWay>>,
    wake: Arc<Mutex<Wake>>,
    id: u32,
}

impl Settlement {
    fn settle(self, result: std::result::Result<Success, Error>) {
        let mut under_way = locked(&self.under_way);
        if under_way.driven.remove(&self.id).is_none() {
            return; // cancelled meanwhile
        }
        let is_first = under_way.settled.is_empty();
        under_way.settled.push((self.id, result));
        drop(under_way);
        if is_first {
            self.wake_up();
        }
    }

    /// One hop to the JavaScript thread, for all that has settled until it gets there.
    fn wake_up(&self) {
        let (under_way, wake) = (Arc::clone(&self.under_way), Arc::clone(&self.wake));
        // Other than `Ok` it is `Closing`: the thread has ended, and nobody waits any more.
        locked(&self.wake).call_with_return_value((), ThreadsafeFunctionCallMode::NonBlocking, move |returned, env| {
            returned?;
            let is_idle = locked(&under_way).is_idle();
            if is_idle { keep_event_loop(&wake, env, false) } else { Ok(()) }
        });
    }
}

#[expect(deprecated, reason = "the suggested clones can't switch between keeping the event loop and letting it end")]
fn keep_event_loop(wake: &Mutex<Wake>, env: Env, keep: bool) -> Result<()> {
    let mut wake = locked(wake);
    if keep { wake.refer(&env) } else { wake.unref(&env) }
}

/// The one thread of this process that drives all calls.
pub(crate) fn background() -> std::result::Result<Arc<Background>, Error> {
    static RUNNING: Mutex<Option<Arc<Background>>> = Mutex::new(None);
    let mut running = locked(&RUNNING);
    if let Some(background) = &*running {
        return Ok(Arc::clone(background));
    }
    let background = Background::start().map(Arc::new);
    let background = background.map_err(|error| Error::internal(format!("No thread can be started: {error}.")))?;
    *running = Some(Arc::clone(&background));
    Ok(background)
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
