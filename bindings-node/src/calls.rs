//! The calls of a JavaScript thread: begun there, driven on core's thread in the background, settled there.

use std::collections::HashMap;
use std::future::Future;
use std::mem::take;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use futures_util::FutureExt;
use napi::bindgen_prelude::{Either3, FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Result, Status};
use napi_derive::napi;
use tokio::task::yield_now;
use wts_session::binding::{AbortHandle, Background, for_caller};
use wts_session::{Error, Observer};

use crate::batch::Batch;
use crate::convert::Json;
use crate::environment::{Ends, end_with_environment};
use crate::error::Failure;
use crate::line::Line;
use crate::listener::Listener;
use crate::mutex::locked;

/// Ids of calls, and for each the JSON of its result, the outcomes it took out of a bulk call, or its failure; then lines for
/// the log; then the ids of calls that were cancelled and of which no further line comes.
type News = FnArgs<(Vec<u32>, Vec<Either3<Json, Batch, Failure>>, Option<Vec<Line>>, Option<Vec<u32>>)>;

/// What a call that did not fail returns.
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

/// Wakes the JavaScript thread. Weak: by itself it does not keep the event loop running.
type Wake = ThreadsafeFunction<(), (), (), Status, false, true>;

/// Calls of a JavaScript thread that are in flight. They keep its event loop running, and end with it.
#[napi]
pub struct Calls {
    caller: Caller,
    observer: Observer,
}

#[napi]
impl Calls {
    /// `listener` is called with all that has settled, and all lines for the log, since its last call. It is held only while calls
    /// are in flight.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, listener: Function<'_, News, ()>) -> Result<Self> {
        let caller = Caller::new(env, &listener)?;
        let log = caller.channel.clone();
        Ok(Self { caller, observer: Observer::new(move |event| log.log(event.into())) })
    }

    /// Cancels the call `id`: it does not settle, and its connection is closed.
    #[napi(catch_unwind)]
    pub fn cancel(&self, env: Env, id: u32) -> Result<()> {
        self.caller.cancel(env, id)
    }

    pub(crate) fn caller(&self) -> Caller {
        self.caller.clone()
    }

    /// Logs what happens to calls; always the same one, since clients with equal settings are shared.
    pub(crate) fn observer(&self) -> Observer {
        self.observer.clone()
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        self.caller.channel.0.end();
    }
}

#[derive(Default)]
struct State {
    /// With what aborts them, as soon as it is known.
    in_flight: HashMap<u32, Option<AbortHandle>>,
    settled: Vec<(u32, std::result::Result<Success, Error>)>,
    lines: Vec<Line>,
    aborted: Vec<u32>,
}

impl State {
    fn is_idle(&self) -> bool {
        self.in_flight.is_empty() && self.settled.is_empty()
    }

    fn has_news(&self) -> bool {
        !self.settled.is_empty() || !self.lines.is_empty() || !self.aborted.is_empty()
    }

    fn take_news(&mut self) -> News {
        let outcome = |(id, result): (u32, std::result::Result<Success, Error>)| match result {
            Ok(Success::One(json)) => (id, Either3::A(json)),
            Ok(Success::Many(batch)) => (id, Either3::B(batch)),
            Err(error) => (id, Either3::C(Failure::from(&error))),
        };
        let (ids, outcomes) = take(&mut self.settled).into_iter().map(outcome).unzip();
        (ids, outcomes, all_of(&mut self.lines), all_of(&mut self.aborted)).into()
    }
}

/// Takes all out; none if there are none.
fn all_of<T>(news: &mut Vec<T>) -> Option<Vec<T>> {
    (!news.is_empty()).then(|| take(news))
}

/// The JavaScript thread's side of its calls.
#[derive(Clone)]
pub(crate) struct Caller {
    channel: Channel,
    listener: Rc<Listener<News>>,
}

impl Caller {
    fn new(env: Env, listener: &Function<'_, News, ()>) -> Result<Self> {
        let shared = Arc::<Shared>::default();
        let listener = Rc::new(Listener::new(env, listener)?);
        // The hook holds no JavaScript of ours, but a function of the realm that has loaded this library.
        let nothing = env.create_function_from_closure::<(), (), _>("wts-session", |_| Ok(()))?;
        let (channel, hears) = (Arc::downgrade(&shared), Rc::clone(&listener));
        let wake = nothing
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .build_callback(move |context| deliver(&channel, &hears, context.env))?;
        shared.wake.get_or_init(|| Mutex::new(wake));
        let entry: Weak<Shared> = Arc::downgrade(&shared);
        end_with_environment(env, entry)?;
        Ok(Self { channel: Channel(shared), listener })
    }

    /// Begins the call `id`, which `background` drives.
    pub(crate) fn begin<F, T>(&self, env: Env, id: u32, background: &Background, call: F) -> Result<()>
    where
        F: Future<Output = std::result::Result<T, Error>> + Send + 'static,
        T: Into<Success>,
    {
        let mut end = CallEnd { id, channel: self.channel.clone(), is_settled: false };
        let was_idle = self.channel.0.enter(id);
        let call = background.spawn(for_caller(id, async move {
            let result = AssertUnwindSafe(call).catch_unwind().await;
            let result = result.unwrap_or_else(|_| Err(Error::internal("The call panicked.")));
            let hop = end.settle(result.map(T::into));
            if hop.is_some() && end.channel.has_calls_in_flight() {
                yield_now().await;
            }
        }));
        self.channel.0.is_driven_by(id, call);
        if was_idle { self.channel.0.hold(&self.listener, env, true) } else { Ok(()) }
    }

    fn cancel(&self, env: Env, id: u32) -> Result<()> {
        let call = locked(&self.channel.0.state).in_flight.remove(&id);
        if let Some(call) = call.flatten() {
            call.abort();
        }
        self.channel.0.let_go_if_idle(&self.listener, env)
    }
}

/// Gives the JavaScript thread, in which it runs, the news that there are.
fn deliver(channel: &Weak<Shared>, listener: &Listener<News>, env: Env) -> Result<()> {
    let Some(shared) = channel.upgrade() else { return Ok(()) };
    let news = locked(&shared.state).take_news();
    let delivered = listener.call(news);
    shared.let_go_if_idle(listener, env)?;
    delivered
}

/// The way of news from the background to the JavaScript thread.
#[derive(Clone)]
struct Channel(Arc<Shared>);

/// The JavaScript thread is woken when this is dropped: once for all news that there are until then.
struct Hop(Arc<Shared>);

impl Drop for Hop {
    fn drop(&mut self) {
        self.0.wake_for_news();
    }
}

/// Held by a call until it is done, or dropped because it was cancelled.
struct CallEnd {
    id: u32,
    channel: Channel,
    is_settled: bool,
}

impl CallEnd {
    fn settle(&mut self, result: std::result::Result<Success, Error>) -> Option<Hop> {
        self.is_settled = true;
        let id = self.id;
        self.channel.add_news(|state| {
            // If it is not there, it was cancelled.
            if state.in_flight.remove(&id).is_some() {
                state.settled.push((id, result));
            } else {
                state.aborted.push(id);
            }
        })
    }
}

impl Drop for CallEnd {
    fn drop(&mut self) {
        if !self.is_settled {
            drop(self.channel.add_news(|state| state.aborted.push(self.id)));
        }
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: OnceLock<Mutex<Wake>>,
}

impl Channel {
    fn has_calls_in_flight(&self) -> bool {
        !locked(&self.0.state).in_flight.is_empty()
    }

    fn log(&self, line: Line) {
        drop(self.add_news(|state| state.lines.push(line)));
    }

    /// Whoever adds the first news sees to the hop.
    fn add_news(&self, add: impl FnOnce(&mut State)) -> Option<Hop> {
        let mut state = locked(&self.0.state);
        let had_news = state.has_news();
        add(&mut state);
        (!had_news && state.has_news()).then(|| Hop(Arc::clone(&self.0)))
    }
}

impl Shared {
    /// A call begins. Whether there was none.
    fn enter(&self, id: u32) -> bool {
        let mut state = locked(&self.state);
        let was_idle = state.is_idle();
        state.in_flight.insert(id, None);
        was_idle
    }

    /// Notes what aborts a call, unless it has settled.
    fn is_driven_by(&self, id: u32, call: AbortHandle) {
        if let Some(known) = locked(&self.state).in_flight.get_mut(&id) {
            *known = Some(call);
        }
    }

    /// Wakes the JavaScript thread, unless it has taken the news meanwhile.
    fn wake_for_news(&self) {
        let has_news = locked(&self.state).has_news();
        if has_news && let Some(wake) = self.wake.get() {
            // It returns `Ok`, or `Closing`: the thread has ended, and nobody waits any more.
            locked(wake).call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    fn let_go_if_idle(&self, listener: &Listener<News>, env: Env) -> Result<()> {
        let is_idle = locked(&self.state).is_idle();
        if is_idle { self.hold(listener, env, false) } else { Ok(()) }
    }

    /// Keeps the event loop and the listener, or lets them go.
    #[expect(
        deprecated,
        reason = "the suggested clones can't switch between keeping the event loop and letting it end"
    )]
    fn hold(&self, listener: &Listener<News>, env: Env, hold: bool) -> Result<()> {
        listener.hold(hold)?;
        let Some(wake) = self.wake.get() else { return Ok(()) };
        let mut wake = locked(wake);
        if hold { wake.refer(&env) } else { wake.unref(&env) }
    }
}

impl Ends for Shared {
    fn end(&self) {
        let in_flight = take(&mut locked(&self.state).in_flight);
        in_flight.into_values().flatten().for_each(|call| call.abort());
    }
}
