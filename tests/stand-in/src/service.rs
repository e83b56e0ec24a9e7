use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::StartError;
use crate::access::Access;
use crate::addresses::Addresses;
use crate::clock;
use crate::connection::Counter;
use crate::delay::Delay;
use crate::journal::Journal;
use crate::limits::Windows;
use crate::lock::lock;
use crate::options::{Options, RetryAfter};
use crate::script::{Reader, Script, Scripts};
use crate::sessions::Sessions;

/// Everything that the stand-in knows.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) access: Access,
    pub(crate) windows: Mutex<Windows>,
    pub(crate) retry_after: RetryAfter,
    pub(crate) sessions: Mutex<Sessions>,
    pub(crate) scripts: Mutex<Scripts>,
    pub(crate) reader: Reader,
    pub(crate) journal: Journal,
    pub(crate) counter: Counter,
    pub(crate) arrival_delay: Delay,
    pub(crate) latency: Delay,
    pub(crate) started: Instant,
}

impl Service {
    pub(crate) fn new(options: &Options, counter: Counter, addresses: &Addresses) -> Result<Self, StartError> {
        let service = Self {
            access: Access::new(options.tokens(), options.auth_scheme),
            windows: Mutex::new(Windows::new(&options.limits()?)),
            retry_after: options.retry_after,
            sessions: Mutex::new(Sessions::seeded(options.create_unknown)?),
            scripts: Mutex::default(),
            reader: Reader::new(options.bodies.clone(), addresses.clone()),
            journal: Journal::new(options.keep),
            counter,
            arrival_delay: options.arrival_delay,
            latency: options.latency,
            started: Instant::now(),
        };
        service.take_cases(&options.scripts)?;
        service.take_scripts(&options.script)?;
        Ok(service)
    }

    fn take_cases(&self, folders: &[PathBuf]) -> Result<(), StartError> {
        let mut known = HashSet::new();
        for folder in folders {
            for script in self.reader.cases_in(folder)? {
                if !known.insert(script.session_id.clone()) {
                    let id = script.session_id;
                    return Err(format!("two cases have a script for session {id:?}").into());
                }
                self.register(script);
            }
        }
        Ok(())
    }

    fn take_scripts(&self, texts: &[String]) -> Result<(), StartError> {
        for text in texts {
            self.register(self.reader.script(text.as_bytes()).map_err(|error| format!("--script: {error}"))?);
        }
        Ok(())
    }

    /// Takes a script on; the session that it is for exists from then on.
    pub(crate) fn register(&self, script: Script) {
        lock(&self.sessions).ensure(&script.session_id);
        lock(&self.scripts).set(script);
    }
}

impl RetryAfter {
    /// The value of the header for a wait as long as `wait`.
    pub(crate) fn header(self, wait: Duration) -> Option<String> {
        match self {
            Self::Seconds => Some(clock::whole_seconds(wait).to_string()),
            Self::Date => Some(clock::http_date_after(SystemTime::now(), wait)),
            Self::None => None,
        }
    }
}
