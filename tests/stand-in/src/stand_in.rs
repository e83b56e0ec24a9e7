use std::fmt;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use clap::Parser;
use serde_json::Value;
use tokio::runtime;
use tokio::sync::oneshot;

use crate::addresses::Addresses;
use crate::journal::Request;
use crate::lock::lock;
use crate::options::Options;
use crate::script::ScriptError;
use crate::serve::serve;
use crate::service::Service;
use crate::{StartError, complain};

/// A stand-in of the API in a thread of its own. It ends when it is dropped.
pub struct StandIn {
    ready: Ready,
    token: String,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread hands over when its ports are open.
struct Ready {
    addresses: Addresses,
    service: Arc<Service>,
}

impl StandIn {
    /// Starts a stand-in on a free port of 127.0.0.1.
    pub fn start() -> Result<Self, StartError> {
        Self::with_options::<&str>([])
    }

    /// Starts a stand-in with options of the program, such as `["--limit", "off"]`.
    ///
    /// Those that concern its output, its end or a command have no effect.
    pub fn with_options<Text: AsRef<str>>(options: impl IntoIterator<Item = Text>) -> Result<Self, StartError> {
        let words: Vec<String> = options.into_iter().map(|option| option.as_ref().to_owned()).collect();
        let name = env!("CARGO_PKG_NAME").to_owned();
        let options = Options::try_parse_from([name].into_iter().chain(words))?;
        let token = options.first_token();
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (end, ended) = oneshot::channel();
        let (sender, receiver) = mpsc::channel();
        let thread = thread::Builder::new()
            .name(env!("CARGO_PKG_NAME").to_owned())
            .spawn(move || runtime.block_on(run(&options, &sender, ended)))?;
        let ready = receiver.recv()??;
        Ok(Self { ready, token, end: Some(end), thread: Some(thread) })
    }

    /// The base URL for clients.
    pub fn url(&self) -> &str {
        self.address("api").unwrap_or_default()
    }

    /// The API key for clients.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The address of a fault listener, such as `refused`. Those for TLS are in the program only.
    pub fn address(&self, name: &str) -> Option<&str> {
        self.ready.addresses.iter().find(|(known, _)| *known == name).map(|(_, url)| url)
    }

    /// Says what happens to the next requests for a session: an array of steps, one for each request.
    ///
    /// It replaces what is left of an earlier script. When it has run out, the API answers. The session exists from then on.
    pub fn script(&self, session_id: &str, steps: Value) -> Result<(), ScriptError> {
        let script = self.ready.service.reader.steps(session_id, steps)?;
        self.ready.service.register(script);
        Ok(())
    }

    /// Lets the answers begin that the session's script holds back with `"held": true`, those of later requests too.
    ///
    /// Fails if the session has no script.
    pub fn release(&self, session_id: &str) -> Result<(), ScriptError> {
        lock(&self.ready.service.scripts).release(session_id)
    }

    /// The requests so far for a session, oldest first.
    pub fn requests(&self, session_id: &str) -> Vec<Arc<Request>> {
        self.ready.service.journal.records(Some(session_id))
    }

    /// The requests so far for all sessions, oldest first.
    pub fn all_requests(&self) -> Vec<Arc<Request>> {
        self.ready.service.journal.records(None)
    }
}

/// Serves until the stand-in is dropped.
async fn run(options: &Options, sender: &mpsc::Sender<Result<Ready, StartError>>, ended: oneshot::Receiver<()>) {
    let serving = serve(options, Vec::new()).await;
    let ready = serving
        .as_ref()
        .map(|serving| Ready { addresses: serving.addresses.clone(), service: Arc::clone(&serving.service) });
    let told = sender.send(ready.map_err(|error| error.to_string().into()));
    if serving.is_ok() && told.is_ok() {
        drop(ended.await);
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(Err(_panic)) = self.thread.take().map(JoinHandle::join) {
            complain(&"its thread has panicked");
        }
    }
}

impl fmt::Debug for StandIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StandIn").field("url", &self.url()).finish_non_exhaustive()
    }
}
