//! The client behind a Python object, which a forked child makes anew.

use std::sync::atomic::{AtomicBool, Ordering};

use wts_session::binding::PerProcess;
use wts_session::{ClientBuilder, Error};

/// What a Python client needs of one of core's.
pub(crate) trait CoreClient: Sized {
    /// Makes it.
    fn build(builder: ClientBuilder) -> Result<Self, Error>;
    /// Closes it.
    fn close(&self);
}

impl CoreClient for wts_session::blocking::Client {
    fn build(builder: ClientBuilder) -> Result<Self, Error> {
        builder.build_blocking()
    }

    fn close(&self) {
        self.close();
    }
}

impl CoreClient for wts_session::Client {
    fn build(builder: ClientBuilder) -> Result<Self, Error> {
        builder.build()
    }

    fn close(&self) {
        self.close();
    }
}

/// A client of core that every forked child makes anew, of the same settings.
///
/// Clients are made while the GIL is held: the variables of the environment, which they read, can't change meanwhile.
#[derive(Debug)]
pub(crate) struct ForkSafe<C> {
    builder: ClientBuilder,
    is_closed: AtomicBool,
    clients: PerProcess<C>,
}

impl<C: CoreClient> ForkSafe<C> {
    /// Makes the client, so that settings that are wrong show at once.
    pub(crate) fn new(builder: ClientBuilder) -> Result<Self, Error> {
        let client = Self {
            // A child must not find another environment than its parent.
            builder: builder.with_environment(),
            is_closed: AtomicBool::new(false),
            clients: PerProcess::new(),
        };
        client.get()?;
        Ok(client)
    }

    /// The client of this process.
    pub(crate) fn get(&self) -> Result<&C, Error> {
        let client = self.clients.get_or_make(|| C::build(self.builder.clone()))?;
        if self.is_closed.load(Ordering::SeqCst) {
            client.close();
        }
        Ok(client)
    }

    /// Closes the client of this process and those of children to come.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        if let Some(client) = self.clients.get() {
            client.close();
        }
    }
}
