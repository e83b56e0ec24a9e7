//! The client and its operations: convert in, call core, map the error, convert out.

use std::sync::{Arc, Weak};
use std::time::Duration;

use napi::bindgen_prelude::Object;
use napi::{Either, Env, Result};
use napi_derive::napi;
use wts_session::binding::{Background, ClientCache};
use wts_session::{ClientBuilder, CompleteOptions, Error, Item, Operation, Session, UpdateOptions};

use crate::background::background;
use crate::bulk::Bulk;
use crate::calls::{Caller, Calls};
use crate::environment::{Ends, end_with_environment};
use crate::error::Failure;
use crate::settings::builder;
use crate::variables::{Variables, with_variables};

/// The end of a process waits at most so long for the ledgers that processes share.
const MAX_TIME_TO_SETTLE: Duration = Duration::from_millis(200);

static SHARED: ClientCache<wts_session::Client> = ClientCache::new();

/// A client of the WTS Chat API, whose calls come and go through one channel.
#[napi]
pub struct Client {
    inner: Arc<wts_session::Client>,
    background: Arc<Background>,
    caller: Caller,
}

impl Ends for wts_session::Client {
    fn end(&self) {
        self.close();
    }
}

/// Makes a client, whose outcomes come through `calls`; if `is_logged`, also lines for the log. `variables` are
/// those of the environment.
#[napi(catch_unwind)]
pub fn create_client(
    env: Env,
    settings: Object<'_>,
    variables: Variables,
    calls: &Calls,
    is_logged: bool,
) -> Result<Either<Client, Failure>> {
    let client = with_variables(variables, || made(&settings, calls, is_logged, <ClientBuilder>::build))?;
    if let Either::A(client) = &client {
        let entry: Weak<wts_session::Client> = Arc::downgrade(&client.inner);
        end_with_environment(env, entry)?;
    }
    Ok(client)
}

/// As [`create_client`], but all calls with these settings share the client.
#[napi(catch_unwind)]
pub fn shared_client(
    settings: Object<'_>,
    variables: Variables,
    calls: &Calls,
    is_logged: bool,
) -> Result<Either<Client, Failure>> {
    let make = |builder| SHARED.get(builder, <ClientBuilder>::build);
    with_variables(variables, || made(&settings, calls, is_logged, make))
}

/// Waits a little until the ledgers that processes share know what this process has sent. For its end.
#[napi(catch_unwind)]
pub fn settle_shared_limits() {
    wts_session::binding::settle_shared_limits(MAX_TIME_TO_SETTLE);
}

fn made(
    settings: &Object<'_>,
    calls: &Calls,
    is_logged: bool,
    make: impl FnOnce(ClientBuilder) -> std::result::Result<wts_session::Client, Error>,
) -> Result<Either<Client, Failure>> {
    let builder = match builder(settings)? {
        Ok(builder) if is_logged => builder.observer(calls.observer()),
        Ok(builder) => builder,
        Err(failure) => return Ok(Either::B(failure)),
    };
    let client = make(builder)
        .and_then(|client| Ok(Client { inner: Arc::new(client), background: background()?, caller: calls.caller() }));
    Ok(match client {
        Ok(client) => Either::A(client),
        Err(error) => Either::B(Failure::from(&error)),
    })
}

#[napi]
impl Client {
    /// Begins the call `id`.
    #[napi(catch_unwind)]
    pub fn update_session_status(
        &self,
        env: Env,
        id: u32,
        session_id: Option<String>,
        status: Option<String>,
        stop_bot_in_execution: bool,
    ) -> Result<()> {
        let client = Arc::clone(&self.inner);
        let options = UpdateOptions::new().stop_bot_in_execution(stop_bot_in_execution);
        self.caller.begin(env, id, &self.background, async move {
            let item = Item::update(session_id.unwrap_or_default(), status.unwrap_or_default());
            client.call(Operation::UpdateSessionStatus(options), item).await.map(Session::into_json)
        })
    }

    /// Begins the call `id`.
    #[napi(catch_unwind)]
    pub fn complete_session(
        &self,
        env: Env,
        id: u32,
        session_id: Option<String>,
        reactivate_on_new_message: bool,
        stop_bot_in_execution: bool,
    ) -> Result<()> {
        let client = Arc::clone(&self.inner);
        let options = CompleteOptions::new()
            .reactivate_on_new_message(reactivate_on_new_message)
            .stop_bot_in_execution(stop_bot_in_execution);
        self.caller.begin(env, id, &self.background, async move {
            let item = Item::complete(session_id.unwrap_or_default());
            client.call(Operation::CompleteSession(options), item).await.map(Session::into_json)
        })
    }

    /// Begins a bulk call, whose lines for the log have this id.
    #[napi(catch_unwind)]
    pub fn update_session_statuses(&self, env: Env, id: u32, stop_bot_in_execution: bool) -> Result<Bulk> {
        let options = UpdateOptions::new().stop_bot_in_execution(stop_bot_in_execution);
        self.bulk(env, id, Operation::UpdateSessionStatus(options))
    }

    /// Begins a bulk call, whose lines for the log have this id.
    #[napi(catch_unwind)]
    pub fn complete_sessions(
        &self,
        env: Env,
        id: u32,
        reactivate_on_new_message: bool,
        stop_bot_in_execution: bool,
    ) -> Result<Bulk> {
        let options = CompleteOptions::new()
            .reactivate_on_new_message(reactivate_on_new_message)
            .stop_bot_in_execution(stop_bot_in_execution);
        self.bulk(env, id, Operation::CompleteSession(options))
    }

    fn bulk(&self, env: Env, id: u32, operation: Operation) -> Result<Bulk> {
        Bulk::begin(env, id, &self.background, &self.caller, &self.inner, operation)
    }

    /// Closes the client: calls that have not been sent yet, and all later ones, fail. Idle connections are closed.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.inner.close();
    }
}

/// For the tests; not in builds for users.
#[cfg(debug_assertions)]
#[napi]
impl Client {
    /// Begins the call `id`, which panics.
    #[napi(catch_unwind)]
    pub fn panic(&self, env: Env, id: u32) -> Result<()> {
        self.caller.begin(env, id, &self.background, async { Ok(panic_as_the_tests_want_it()) })
    }
}

#[cfg(debug_assertions)]
fn panic_as_the_tests_want_it() -> String {
    panic!("as the tests want it")
}
