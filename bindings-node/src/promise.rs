//! The calls of a JavaScript thread: begun there, driven on core's thread in the background, settled there.

use std::collections::HashMap;
use std::future::Future;
use std::mem::take;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use napi::bindgen_prelude::{Either3, FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Result, Status};
use napi_derive::napi;
use tokio::task::AbortHandle;
use wts_session::binding::Background;
use wts_session::{Error, Event, Observer};

use crate::bulk::Batch;
use crate::convert::Json;
use crate::error::Failure;

/// Ids of calls, and for each the JSON of its result, the outcomes it took out of a bulk call, or its failure; then
/// lines for the log.
type News = FnArgs<(Vec<u32>, Vec<Either3<Json, Batch, Failure>>, Option<Vec<Line>>)>;

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
type Wake = ThreadsafeFunction<(), (), News, Status, false, true>;

/// Calls of a JavaScript thread that are under way. They keep its event loop going, and end with it.
#[napi]
pub struct Calls {
    channel: Channel,
    observer: Observer,
}

#[napi]
impl Calls {
    /// `hear` is called with what has settled, and what there is to log, since it was last called: once for all of it.
    #[napi(constructor, catch_unwind)]
    pub fn new(hear: Function<'_, News, ()>) -> Result<Self> {
        let under_way = Arc::<Mutex<UnderWay>>::default();
        let news = Arc::clone(&under_way);
        let wake = hear
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .build_callback(move |_| Ok(locked(&news).take_news()))?;
        let channel = Channel { under_way, wake: Arc::new(Mutex::new(wake)) };
        let log = channel.clone();
        Ok(Self { channel, observer: Observer::new(move |event| log.tell(event.into())) })
    }

    /// Cancels the call `id`: it will not be settled any more, and its connection is closed.
    #[napi(catch_unwind)]
    pub fn cancel(&self, env: Env, id: u32) -> Result<()> {
        self.channel.cancel(env, id)
    }

    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Who logs what happens to calls; always the same, since clients with equal settings are shared.
    pub(crate) fn observer(&self) -> Observer {
        self.observer.clone()
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        locked(&self.channel.under_way).driven.drain().for_each(|(_, call)| call.abort());
    }
}

#[derive(Default)]
struct UnderWay {
    driven: HashMap<u32, AbortHandle>,
    settled: Vec<(u32, std::result::Result<Success, Error>)>,
    lines: Vec<Line>,
}

impl UnderWay {
    fn is_idle(&self) -> bool {
        self.driven.is_empty() && self.settled.is_empty()
    }

    fn has_news(&self) -> bool {
        !self.settled.is_empty() || !self.lines.is_empty()
    }

    fn take_news(&mut self) -> News {
        let outcome = |(id, result): (u32, std::result::Result<Success, Error>)| match result {
            Ok(Success::One(json)) => (id, Either3::A(json)),
            Ok(Success::Many(batch)) => (id, Either3::B(batch)),
            Err(error) => (id, Either3::C(Failure::from(&error))),
        };
        let (ids, outcomes) = take(&mut self.settled).into_iter().map(outcome).unzip();
        let lines = take(&mut self.lines);
        (ids, outcomes, (!lines.is_empty()).then_some(lines)).into()
    }
}

/// The way of calls from a JavaScript thread to the background, and of what comes of them back.
#[derive(Clone)]
pub(crate) struct Channel {
    under_way: Arc<Mutex<UnderWay>>,
    wake: Arc<Mutex<Wake>>,
}

impl Channel {
    /// Begins the call `id`, which `background` drives.
    pub(crate) fn begin<F, T>(&self, env: Env, id: u32, background: &Background, call: F) -> Result<()>
    where
        F: Future<Output = std::result::Result<T, Error>> + Send + 'static,
        T: Into<Success>,
    {
        let channel = self.clone();
        let mut under_way = locked(&self.under_way);
        let was_idle = under_way.is_idle();
        // While the lock is held the call can't settle, so that it is known before it is done.
        let call = background.spawn(async move {
            let result = AssertUnwindSafe(call).catch_unwind().await;
            let result = result.unwrap_or_else(|_| Err(Error::internal("The call panicked.")));
            channel.settle(id, result.map(T::into));
        });
        under_way.driven.insert(id, call);
        drop(under_way);
        if was_idle { self.keep_event_loop(env, true) } else { Ok(()) }
    }

    fn cancel(&self, env: Env, id: u32) -> Result<()> {
        let mut under_way = locked(&self.under_way);
        if let Some(call) = under_way.driven.remove(&id) {
            call.abort();
        }
        let is_idle = under_way.is_idle();
        drop(under_way);
        if is_idle { self.keep_event_loop(env, false) } else { Ok(()) }
    }

    fn settle(&self, id: u32, result: std::result::Result<Success, Error>) {
        self.bring(|under_way| {
            // Or else it was cancelled meanwhile.
            if under_way.driven.remove(&id).is_some() {
                under_way.settled.push((id, result));
            }
        });
    }

    fn tell(&self, line: Line) {
        self.bring(|under_way| under_way.lines.push(line));
    }

    /// One hop to the JavaScript thread for all news that there are until it gets there.
    fn bring(&self, news: impl FnOnce(&mut UnderWay)) {
        let mut under_way = locked(&self.under_way);
        let had_news = under_way.has_news();
        news(&mut under_way);
        let has_news = under_way.has_news();
        drop(under_way);
        if has_news && !had_news {
            self.wake_up();
        }
    }

    fn wake_up(&self) {
        let channel = self.clone();
        // Other than `Ok` it is `Closing`: the thread has ended, and nobody waits any more.
        locked(&self.wake).call_with_return_value((), ThreadsafeFunctionCallMode::NonBlocking, move |returned, env| {
            returned?;
            let is_idle = locked(&channel.under_way).is_idle();
            if is_idle { channel.keep_event_loop(env, false) } else { Ok(()) }
        });
    }

    #[expect(
        deprecated,
        reason = "the suggested clones can't switch between keeping the event loop and letting it end"
    )]
    fn keep_event_loop(&self, env: Env, keep: bool) -> Result<()> {
        let mut wake = locked(&self.wake);
        if keep { wake.refer(&env) } else { wake.unref(&env) }
    }
}

/// A line for the log.
#[napi(object, object_from_js = false)]
pub struct Line {
    pub text: String,
    /// Whether it tells of something that is not as it should be.
    pub is_warning: bool,
}

impl From<&Event<'_>> for Line {
    fn from(event: &Event<'_>) -> Self {
        let is_warning = match event {
            Event::SharedLimits(event) => event.is_warning(),
            event => matches!(event, Event::Retry { .. } | Event::Pause { .. }),
        };
        Self { text: event.to_string(), is_warning }
    }
}

/// The one thread of this process that drives all calls.
pub(crate) fn background() -> std::result::Result<Arc<Background>, Error> {
    static RUNNING: Mutex<Option<Arc<Background>>> = Mutex::new(None);
    let mut running = locked(&RUNNING);
    if let Some(background) = &*running {
        return Ok(Arc::clone(background));
    }
    let background = Arc::new(Background::start()?);
    *running = Some(Arc::clone(&background));
    Ok(background)
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
