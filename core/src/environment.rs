//! The variables of the environment. Nothing else in this library reads them.

use std::cell::RefCell;
use std::env;
use std::ffi::OsString;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::text::trimmed;

/// The names of all variables that this library reads, for languages that hand variables over.
pub const VARIABLES: [&str; 33] = [
    "WTS_API_KEY",
    "WTS_BASE_URL",
    "WTS_SHARED_LIMITS",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "REQUEST_METHOD",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "EXECUTIONS_MODE",
    "EXECUTIONS_MODE_FILE",
    "QUEUE_BULL_REDIS_CLUSTER_NODES",
    "QUEUE_BULL_REDIS_CLUSTER_NODES_FILE",
    "QUEUE_BULL_REDIS_DB",
    "QUEUE_BULL_REDIS_DB_FILE",
    "QUEUE_BULL_REDIS_HOST",
    "QUEUE_BULL_REDIS_HOST_FILE",
    "QUEUE_BULL_REDIS_PASSWORD",
    "QUEUE_BULL_REDIS_PASSWORD_FILE",
    "QUEUE_BULL_REDIS_PORT",
    "QUEUE_BULL_REDIS_PORT_FILE",
    "QUEUE_BULL_REDIS_TLS",
    "QUEUE_BULL_REDIS_TLS_FILE",
    "QUEUE_BULL_REDIS_USERNAME",
    "QUEUE_BULL_REDIS_USERNAME_FILE",
];

type LookUp = Rc<dyn Fn(&str) -> Option<OsString>>;

static IS_IGNORED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// How this thread reads variables, if not from the process.
    static LOOK_UP: RefCell<Option<LookUp>> = const { RefCell::new(None) };
}

/// No variable counts any more: whoever set them has fewer rights than this program, which is setuid for example.
pub fn ignore_environment() {
    IS_IGNORED.store(true, Ordering::Relaxed);
}

/// Does `work`, which reads variables by `look_up`: for languages whose variables are not those of the process, or where
/// another thread may change them while they are read.
pub fn with_variables<T>(look_up: impl Fn(&str) -> Option<OsString> + 'static, work: impl FnOnce() -> T) -> T {
    let _restored = Restored(LOOK_UP.replace(Some(Rc::new(look_up))));
    work()
}

/// Puts back what was there, also if the work panics.
struct Restored(Option<LookUp>);

impl Drop for Restored {
    fn drop(&mut self) {
        LOOK_UP.set(self.0.take());
    }
}

/// The value of `name`, one of [`VARIABLES`].
pub(crate) fn variable(name: &str) -> Option<OsString> {
    debug_assert!(VARIABLES.contains(&name), "{name} is read, but is none of VARIABLES");
    if IS_IGNORED.load(Ordering::Relaxed) {
        return None;
    }
    // A thread that ends, or runs exit handlers, has no such value any more.
    match LOOK_UP.try_with(|look_up| look_up.borrow().clone()).ok().flatten() {
        Some(look_up) => look_up(name),
        None => env::var_os(name),
    }
}

/// The value of a setting; a blank one counts as none.
pub(crate) fn setting(name: &str) -> Option<String> {
    text(name).filter(|value| !trimmed(value).is_empty())
}

/// What is not UTF-8 has to be refused as an invalid value, not taken for absent.
pub(crate) fn text(name: &str) -> Option<String> {
    variable(name).map(|value| value.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::env;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::{VARIABLES, setting, variable, with_variables};

    #[test]
    fn variables_are_looked_up_during_the_work_alone() {
        let of_process = variable("NO_PROXY");
        let doubled = |name: &str| Some(format!("{name}{name}").into());
        let name = "NO_PROXY";
        let read = with_variables(doubled, || {
            (setting(name), with_variables(|_| None, || setting(name)), setting("no_proxy"))
        });
        assert_eq!(read, (Some("NO_PROXYNO_PROXY".to_owned()), None, Some("no_proxyno_proxy".to_owned())));
        let panicked = catch_unwind(AssertUnwindSafe(|| with_variables(|_| None, || panic!("as the test wants it"))));
        assert!(panicked.is_err());
        assert_eq!(variable(name), of_process);
        assert_eq!(env::var_os(name), of_process);
    }

    #[test]
    fn what_is_read_is_listed_once() {
        assert_eq!(HashSet::from(VARIABLES).len(), VARIABLES.len());
        assert_eq!(catch_unwind(|| variable("PATH")).is_err(), cfg!(debug_assertions));
    }
}
