//! The settings of a client.

use std::ffi::{CStr, c_char};
use std::mem;
use std::time::Duration;

use wts_session::{AuthScheme, ClientBuilder, Error, SharedLimitsFallback};
use zeroize::Zeroizing;

use crate::boundary::{self, Poison};
use crate::convert::{self, Flag};

/// As a total time limit: none. It is `UINT64_MAX`, for languages that see no macros.
pub const WTS_NO_TIMEOUT: u64 = u64::MAX;

/// More rate limits than anybody means: a count beyond it comes from a bug, and there is no array of that size to read.
const SANE_COUNT: usize = 1000;

/// The settings of a client, from `wts_config_new`.
///
/// Setting a value again replaces the one before. Setters return nothing: `wts_client_new` fails if a value is refused.
/// One thread at a time may use a config.
pub struct Config {
    builder: ClientBuilder,
    api_key: Setting,
    base_url: Setting,
    auth_scheme: Setting,
    shared_limits: Setting,
    shared_limits_account: Setting,
    shared_limits_fallback: Setting,
    rate_limits: Result<(), String>,
    is_poisoned: bool,
}

/// A limit of the account: at most `requests` in any window of `period_ms`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    /// The most requests in a window, 1 to 1,000,000.
    pub requests: u32,
    /// The length of the window in milliseconds, 1 to 86,400,000 (24 h).
    pub period_ms: u64,
}

/// A string setting, as it was given.
enum Setting {
    NotGiven,
    Text(Zeroizing<String>),
    Null,
    NotUtf8,
}

impl Setting {
    fn new(given: Option<&CStr>) -> Self {
        match given.map(CStr::to_str) {
            None => Self::Null,
            Some(Ok(text)) => Self::Text(Zeroizing::new(text.to_owned())),
            Some(Err(_)) => Self::NotUtf8,
        }
    }

    fn or_default(self) -> Self {
        if matches!(self, Self::Null) { Self::NotGiven } else { self }
    }

    fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        match self {
            Self::NotGiven => Ok(None),
            Self::Text(text) => Ok(Some(text)),
            Self::Null => Err(Error::invalid_config(format!("The {name} is null."))),
            Self::NotUtf8 => Err(Error::invalid_config(format!("The {name} is not UTF-8."))),
        }
    }
}

impl Config {
    fn new() -> Self {
        Self {
            builder: wts_session::Client::builder().language("c"),
            api_key: Setting::NotGiven,
            base_url: Setting::NotGiven,
            auth_scheme: Setting::NotGiven,
            shared_limits: Setting::NotGiven,
            shared_limits_account: Setting::NotGiven,
            shared_limits_fallback: Setting::NotGiven,
            rate_limits: Ok(()),
            is_poisoned: false,
        }
    }

    fn change(&mut self, change: impl FnOnce(ClientBuilder) -> ClientBuilder) {
        self.builder = change(mem::take(&mut self.builder));
    }

    /// The settings for core, or what is wrong with those that core never gets to see.
    pub(crate) fn builder(&self) -> Result<ClientBuilder, Error> {
        if self.is_poisoned {
            return Err(Error::internal("A panic interrupted the setting of this config."));
        }
        self.rate_limits.clone().map_err(Error::invalid_config)?;
        let mut builder = self.builder.clone();
        if let Some(key) = self.api_key.text("API key")? {
            builder = builder.api_key(key);
        }
        if let Some(url) = self.base_url.text("base URL")? {
            builder = builder.base_url(url);
        }
        if let Some(name) = self.auth_scheme.text("auth scheme")? {
            builder = builder.auth_scheme(AuthScheme::from_name(name)?);
        }
        if let Some(ledger) = self.shared_limits.text("setting shared_limits")? {
            builder = builder.shared_limits(ledger);
        }
        if let Some(name) = self.shared_limits_account.text("setting shared_limits_account")? {
            builder = builder.shared_limits_account(name);
        }
        if let Some(fallback) = self.shared_limits_fallback.text("setting shared_limits_fallback")? {
            builder = builder.shared_limits_fallback(SharedLimitsFallback::from_text(fallback)?);
        }
        Ok(builder)
    }
}

impl Poison for Config {
    fn poison(&mut self) {
        self.is_poisoned = true;
    }
}

/// The limits in the array, or what is wrong with the array.
///
/// # Safety
/// `limits` is null or points to `count` limits.
unsafe fn read_limits(limits: *const RateLimit, count: usize) -> Result<Vec<wts_session::RateLimit>, String> {
    if count > SANE_COUNT {
        return Err(format!("There are far too many rate limits: {count}."));
    }
    if limits.is_null() && count > 0 {
        return Err(format!("The array of {count} rate limits is null."));
    }
    // SAFETY: it is not null where there is anything to read, and the caller vouches for its length.
    let limit = |index| unsafe { limits.add(index).read_unaligned() };
    Ok((0..count).map(limit).map(wts_session::RateLimit::from).collect())
}

impl From<RateLimit> for wts_session::RateLimit {
    fn from(limit: RateLimit) -> Self {
        Self { requests: limit.requests, period: Duration::from_millis(limit.period_ms) }
    }
}

/// Makes a config in which every setting has its default.
///
/// @return A config to be freed with `wts_config_free`; null only for a bug of this library.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn wts_config_new() -> *mut Config {
    boundary::value(std::ptr::null_mut(), || Box::into_raw(Box::new(Config::new())))
}

/// Frees a config. Clients that were made from it stay as they are.
///
/// @param config May be null.
///
/// Threads: the one that uses the config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_config_free(config: *mut Config) {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::free::<Box<Config>>(config) }
}

/// Sets the API key. Default: the environment's `WTS_API_KEY` at the time of `wts_client_new`.
///
/// Blanks around it and a leading "Bearer " are removed. It is wiped from memory when the config and its clients are
/// freed. Errors of `wts_client_new`: `WTS_MISSING_API_KEY` if nothing is left of it, `WTS_INVALID_CONFIG` if it has
/// anything but visible ASCII inside.
///
/// @param config Null is ignored.
/// @param api_key A copy is taken. Null is the default again.
///
/// Threads: the one that uses the config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_config_set_api_key(config: *mut Config, api_key: *const c_char) {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::setting(config, |config| config.api_key = Setting::new(convert::given(api_key)).or_default()) }
}

/// Sets the address of the API, without "/chat". Default: the environment's `WTS_BASE_URL` at the time of
/// `wts_client_new`, or else https://api.wts.chat.
///
/// Error of `wts_client_new`: `WTS_INVALID_CONFIG` if it is no http or https URL, has a user name, query, fragment or dot
/// segments, ends in the path of a service or a version such as /chat/v1, or is http to another machine (see
/// `wts_config_set_allow_insecure_http`).
///
/// @param config Null is ignored.
/// @param base_url A copy is taken. Null is `WTS_INVALID_CONFIG`, so that nothing goes to another address than was meant.
///
/// Threads: the one that uses the config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_config_set_base_url(config: *mut Config, base_url: *const c_char) {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::setting(config, |config| config.base_url = Setting::new(convert::given(base_url))) }
}

/// Sets the time limit of one attempt, from the look-up of the name to the last byte of the response. Default: 15,000.
///
/// Connecting takes at most 5 s of it. Error of `wts_client_new`: `WTS_INVALID_CONFIG` when out of range.
///
/// @param config Null is ignored.
/// @param timeout_ms Milliseconds, 1 to 86,400,000 (24 h).
///
/// Threads: the one that uses the config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_config_set_timeout_ms(config: *mut Config, timeout_ms: u64) {
    let timeout = Duration::from_millis(timeout_ms);
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::setting(config, |config| config.change(|builder| builder.timeout(timeout))) }
}

/// Sets the time limit of a call with all its waiting and retries. Default: 60,000.
///
/// Error of `wts_client_new`: `WTS_INVALID_CONFIG` when out of range.
///
/// @param config Null is ignored.
/// @param total_timeout_ms Milliseconds, 1 to 86,400,000 (24 h), or `WTS_NO_TIMEOUT` for no limit.
///
/// Threads: the one that uses the config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_config_set_total_timeout_ms(config: *mut Config, total_timeout_ms: u64) {
    let timeout = (total_timeout_ms != WTS_NO_TIMEOUT).then(|| Duration::from_millis(total_timeout_ms));
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::setting(config, |config| config.change(|builder| builder.total_timeout(timeout))) }
}

/// Sets how many times a failed request is sent again at most. Default: 3.
///
/// Error of `wts_client_new`: `WTS_INVALID_CONFIG` when out of range.
///
/// @param config Null is ignored.
/// @param max_retries 0 to 100.
///
/// Threads: the one that uses the config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_config_set_max_retries(config: *mut Config, max_retries: u32) {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::setting(config, |config| config.change(|builder| builder.max_retries(max_retries))) }
}

/// Sets the limits of the account. The library waits where it would exceed them. Default: the API's, 200 requests in 5 s and
/// 1,000 in 5 min.
///
/// All clients of a process that have the same base URL and API key share them. Error of `wts_client_new`:
/// `WTS_INVALID_CONFIG` for more than 8 limits, for one out of range, and for an array that is null.
///
/// @param config Null is ignored.
/// @param limits An array; a copy is taken. May be null if `count` is 0.
/// @param count How many limits the array has; 0 switches limiting off.
///
/// Threads: the one that uses the config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_config_set_rate_limits(config: *mut Config, limits: *const RateLimit, count: usize) {
    let change = |config: &mut Config| {
        // SAFETY: what the header asks of the caller.
        let limits = unsafe { read_limits(limits, count) };
        config.rate_limits = limits.map(|limits| match limits.as_slice() {
            [] => config.change(ClientBuilder::no_rate_limits),
            limits => config.change(|builder| builder.rate_limits(limits)),
        });
    };
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::setting(config, change) }
}

/// Sets the share of each limit that a large bulk call leaves to other calls. Default: 0.05: a bulk call of up to 950
/// sessions does not wait for the limit of 5 minutes.
///
/// Error of `wts_client_new`: `WTS_INVALID_CONFIG` when out of range.
///
/// @param config Null is ignored.
/// @param reserve 0 to 0.5; 0 switches the reserve off: then a bulk call may use everything, and a single call beside
///        it may wait for minutes.
///
/// Threads: the one that uses the config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_config_set_reserve(config: *mut Config, reserve: f64) {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::setting(config, |config| config.change(|builder| builder.reserve(reserve))) }
}

/// Sets where the ledger is that processes of one account share, so that all of them together keep to its limits.
/// Default: the environment's `WTS_SHARED_LIMITS` at the time of `wts_client_new`, or else "off".
///
/// While limits are shared, the process has one more thread, "wts-session-limits", in which all signals are blocked; it
/// ends at most five minutes after the last request. Error of `wts_client_new`: `WTS_INVALID_CONFIG` for anything else
/// than the values below, and for a folder that can't be used. Error of calls: `WTS_LIMITS_UNAVAILABLE`.
///
/// @param config Null is ignored.
/// @param shared_limits "off"; "machine" or "file:///dir", a folder of this machine; "redis://host", "rediss://host",
///        "valkey://host", "valkeys://host", "redis+unix:///socket", "redis+sentinel://host1,host2/master" or
///        "redis+cluster://host1,host2"; "n8n", the Redis of n8n's queue mode. A copy is taken. Null is the default
///        again.
///
/// Threads: the one that uses the config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_config_set_shared_limits(config: *mut Config, shared_limits: *const c_char) {
    // SAFETY: what the header asks of the caller.
    let given = Setting::new(unsafe { convert::given(shared_limits) }).or_default();
    // SAFETY: as above.
    unsafe { boundary::setting(config, |config| config.shared_limits = given) }
}

/// Sets a name for the account, the same for all of its keys: clients that give it share one budget, whatever their
/// keys. Default: each base URL and key is an account of its own.
///
/// It matters only where limits are shared. Error of `wts_client_new`: `WTS_INVALID_CONFIG` if it is blank or over 256
/// bytes long.
///
/// @param config Null is ignored.
/// @param account A copy is taken. Null is the default again.
///
/// Threads: the one that uses the config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_config_set_shared_limits_account(config: *mut Config, account: *const c_char) {
    // SAFETY: what the header asks of the caller.
    let given = Setting::new(unsafe { convert::given(account) }).or_default();
    // SAFETY: as above.
    unsafe { boundary::setting(config, |config| config.shared_limits_account = given) }
}

/// Sets what happens while the ledger that processes share can't be reached. Default: "wait".
///
/// Error of `wts_client_new`: `WTS_INVALID_CONFIG` for anything else than the values below.
///
/// @param config Null is ignored.
/// @param fallback "wait": nothing is sent, bulk calls wait, and other calls fail with `WTS_LIMITS_UNAVAILABLE`. Or a
///        share of the limits, at most 1, such as "0.25" for one of four processes; "0" is as "wait". A copy is taken.
///        Null is the default again.
///
/// Threads: the one that uses the config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_config_set_shared_limits_fallback(config: *mut Config, fallback: *const c_char) {
    // SAFETY: what the header asks of the caller.
    let given = Setting::new(unsafe { convert::given(fallback) }).or_default();
    // SAFETY: as above.
    unsafe { boundary::setting(config, |config| config.shared_limits_fallback = given) }
}

/// Sets how many requests of a client are in flight at the same time at most, each on a connection of its own; further
/// calls wait. Default: as many as the rate limits can use, from 64 to 200. That is 200 with the API's limits, and 64
/// without limits. Where half of the descriptors that the process may have open are fewer, it is so many.
///
/// Error of `wts_client_new`: `WTS_INVALID_CONFIG` when out of range.
///
/// @param config Null is ignored.
/// @param max_concurrency 1 to 10,000.
///
/// Threads: the one that uses the config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_config_set_max_concurrency(config: *mut Config, max_concurrency: u32) {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::setting(config, |config| config.change(|builder| builder.max_concurrency(max_concurrency))) }
}

/// Sets how the API key is sent. Default: "bearer".
///
/// Error of `wts_client_new`: `WTS_INVALID_CONFIG` for any other name, and for null.
///
/// @param config Null is ignored.
/// @param auth_scheme "bearer" sends `Authorization: Bearer <key>`, "raw" sends `Authorization: <key>`, as some
///        white-label tenants want it. A copy is taken.
///
/// Threads: the one that uses the config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_config_set_auth_scheme(config: *mut Config, auth_scheme: *const c_char) {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::setting(config, |config| config.auth_scheme = Setting::new(convert::given(auth_scheme))) }
}

/// Sets whether the base URL may be http to another machine, where anyone on the way can read the API key. Default:
/// false. Loopback addresses are always allowed.
///
/// @param config Null is ignored.
/// @param allow Whether it may.
///
/// Threads: the one that uses the config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_config_set_allow_insecure_http(config: *mut Config, allow: Flag) {
    let allow = allow.is_set();
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::setting(config, |config| config.change(|builder| builder.allow_insecure_http(allow))) }
}
