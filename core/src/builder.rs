//! Makes clients: every setting, its default, and the check of all together.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use crate::client::Client;
use crate::config::{
    AuthScheme, CONCURRENCY, Config, DEFAULT_BASE_URL, DEFAULT_MAX_RETRIES, DEFAULT_RESERVE, DEFAULT_TIMEOUT,
    DEFAULT_TOTAL_TIMEOUT, DURATIONS, RESERVES, RETRIES, RateLimit, check_rate_limits, count, default_max_concurrency,
    in_range, parse_base_url, parse_key,
};
use crate::environment;
use crate::error::Error;
use crate::notation::Notation;
use crate::observer::Observer;
use crate::secret::Secret;
use crate::shared_limits::{LedgerAddress, SharedLimitsFallback, parse_account};
use crate::{VERSION, blocking};

/// Makes a client. Every setting has a default; a setting out of its range is an error of [`build`](Self::build).
///
/// `C` is the client that it makes: [`Client`] or [`blocking::Client`].
#[must_use = "a builder does nothing before `build`"]
pub struct ClientBuilder<C = Client> {
    settings: Settings,
    makes: PhantomData<fn() -> C>,
}

#[derive(Clone, Debug)]
struct Settings {
    api_key: Option<Secret>,
    base_url: Option<GivenUrl>,
    timeout: Duration,
    total_timeout: Option<Duration>,
    max_retries: u32,
    /// None: as many as the limits can use.
    max_concurrency: Option<u32>,
    /// None: off.
    rate_limits: Option<Vec<RateLimit>>,
    reserve: f64,
    shared_limits: Option<GivenUrl>,
    shared_limits_account: Option<String>,
    shared_limits_fallback: SharedLimitsFallback,
    auth_scheme: AuthScheme,
    allow_insecure_http: bool,
    language: &'static str,
    observer: Option<Observer>,
}

/// An address that was not checked yet: it may carry a password.
#[derive(Clone)]
struct GivenUrl(String);

impl fmt::Debug for GivenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(['@', '?']) { f.write_str("[redacted]") } else { fmt::Debug::fmt(&self.0, f) }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            api_key: None,
            base_url: None,
            timeout: DEFAULT_TIMEOUT,
            total_timeout: Some(DEFAULT_TOTAL_TIMEOUT),
            max_retries: DEFAULT_MAX_RETRIES,
            max_concurrency: None,
            rate_limits: Some(RateLimit::OF_THE_API.to_vec()),
            reserve: DEFAULT_RESERVE,
            shared_limits: None,
            shared_limits_account: None,
            shared_limits_fallback: SharedLimitsFallback::Wait,
            auth_scheme: AuthScheme::Bearer,
            allow_insecure_http: false,
            language: "rust",
            observer: None,
        }
    }
}

impl<C> Default for ClientBuilder<C> {
    fn default() -> Self {
        Self { settings: Settings::default(), makes: PhantomData }
    }
}

impl<C> Clone for ClientBuilder<C> {
    fn clone(&self) -> Self {
        Self { settings: self.settings.clone(), makes: PhantomData }
    }
}

impl<C> fmt::Debug for ClientBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientBuilder").field(&self.settings).finish()
    }
}

impl<C> ClientBuilder<C> {
    /// The API key. Blanks around it and a leading `Bearer ` are taken off. Default: the environment's `WTS_API_KEY`.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.settings.api_key = Some(Secret::new(key.into()));
        self
    }

    /// The address of the API, without `/chat`. Default: the environment's `WTS_BASE_URL`, or else
    /// `https://api.wts.chat`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.settings.base_url = Some(GivenUrl(url.into()));
        self
    }

    /// The bound on one attempt, from DNS to the last byte of the answer, of it at most 5 s to connect. Default: 15 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// The bound on a single call with all its waiting and retries; `None` is no bound. Default: 60 s.
    pub fn total_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.settings.total_timeout = timeout.into();
        self
    }

    /// How often a request is sent again at most, 0 to 100. Default: 3.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.settings.max_retries = retries;
        self
    }

    /// How many requests are in flight at once at most, 1 to 10,000; each has a connection of its own. Default: as many as
    /// [`rate_limits`](Self::rate_limits) can use, from 64 to 200. That is 200 with the API's limits, and 64 without limits.
    /// Where half of the descriptors that the process may have open are fewer, it is so many.
    pub fn max_concurrency(mut self, requests: u32) -> Self {
        self.settings.max_concurrency = Some(requests);
        self
    }

    /// The account's limits, 1 to 8 of them. Default: [`RateLimit::OF_THE_API`].
    pub fn rate_limits(mut self, limits: impl Into<Vec<RateLimit>>) -> Self {
        self.settings.rate_limits = Some(limits.into());
        self
    }

    /// Switches the account's limits off: only the API's 429 slows this client down then.
    pub fn no_rate_limits(mut self) -> Self {
        self.settings.rate_limits = None;
        self
    }

    /// The share of each limit that a call which holds many slots leaves to other calls, 0 to 0.5. Default: 0.05, so that a
    /// bulk call of up to 950 sessions does not wait for the limit of 5 minutes. 0 switches the reserve off: then a bulk
    /// call may use everything, and a single call beside it may wait for minutes.
    pub fn reserve(mut self, share: f64) -> Self {
        self.settings.reserve = share;
        self
    }

    /// Where the ledger is that processes of one account share, so that all of them together keep to its limits:
    ///
    /// - `off`: nowhere, each process has a budget of its own.
    /// - `machine`, or `file:///dir`: in a folder of this machine.
    /// - `redis://`, `rediss://`, `valkey://`, `valkeys://` and `user:password@host:port/database`; `redis+unix:///socket`;
    ///   `redis+sentinel://host1,host2/master`; `redis+cluster://host1,host2`. `?prefix=` sets what all keys begin with. Redis
    ///   is 6.2 or newer, Valkey 8 or newer. It needs the feature `redis`.
    /// - `n8n`: what `WTS_SHARED_LIMITS` says, or else the Redis of n8n's queue mode, from `QUEUE_BULL_REDIS_*`; off where n8n
    ///   does not run in that mode.
    ///
    /// Default: the environment's `WTS_SHARED_LIMITS`, or else `off`.
    pub fn shared_limits(mut self, ledger: impl Into<String>) -> Self {
        self.settings.shared_limits = Some(GivenUrl(ledger.into()));
        self
    }

    /// A name for the account, the same for all of its keys: clients that give it share one budget, whatever their keys. It
    /// also joins those of this process, without a shared ledger. Default: each base URL and key is an account of its own.
    pub fn shared_limits_account(mut self, name: impl Into<String>) -> Self {
        self.settings.shared_limits_account = Some(name.into());
        self
    }

    /// What happens while the shared ledger can't be reached. Default: [`SharedLimitsFallback::Wait`].
    pub fn shared_limits_fallback(mut self, fallback: SharedLimitsFallback) -> Self {
        self.settings.shared_limits_fallback = fallback;
        self
    }

    /// How the key is sent. Default: [`AuthScheme::Bearer`].
    pub fn auth_scheme(mut self, scheme: AuthScheme) -> Self {
        self.settings.auth_scheme = scheme;
        self
    }

    /// Whether a base URL may be plain `http:` to another machine, where anyone on the way can read the key.
    /// Default: false; loopback addresses are always allowed.
    pub fn allow_insecure_http(mut self, allow: bool) -> Self {
        self.settings.allow_insecure_http = allow;
        self
    }

    /// Takes what was not given from the environment now, not when a client is made: for a builder that makes clients
    /// again and again, and later.
    pub fn with_environment(mut self) -> Self {
        self.settings.api_key = self.settings.api_key.or_else(|| environment::setting("WTS_API_KEY").map(Secret::new));
        self.settings.base_url = self.settings.base_url.or_else(|| environment::setting("WTS_BASE_URL").map(GivenUrl));
        let shared_limits = || environment::setting("WTS_SHARED_LIMITS").map(GivenUrl);
        self.settings.shared_limits = self.settings.shared_limits.or_else(shared_limits);
        self
    }

    /// Who is told of every attempt, retry and pause; nobody by default.
    pub fn observer(mut self, observer: Observer) -> Self {
        self.settings.observer = Some(observer);
        self
    }

    /// The language named in the `User-Agent`; for bindings.
    #[doc(hidden)]
    pub fn language(mut self, language: &'static str) -> Self {
        self.settings.language = language;
        self
    }

    /// A blocking client, whichever client the type names.
    ///
    /// # Errors
    /// As [`build`](ClientBuilder::build).
    #[doc(hidden)]
    pub fn build_blocking(self) -> Result<blocking::Client, Error> {
        blocking::Client::new(&self.check()?)
    }

    /// Of numbers and durations in messages.
    pub(crate) fn notation(&self) -> Notation {
        Notation::of_language(self.settings.language)
    }

    pub(crate) fn check(self) -> Result<Config, Error> {
        self.with_environment().settings.check()
    }
}

impl ClientBuilder<Client> {
    /// The client for programs that run on tokio.
    ///
    /// # Errors
    /// [`MissingApiKey`](crate::ErrorKind::MissingApiKey), [`InvalidConfig`](crate::ErrorKind::InvalidConfig).
    pub fn build(self) -> Result<Client, Error> {
        Client::new(&self.check()?)
    }
}

impl ClientBuilder<blocking::Client> {
    /// The client for programs without an async runtime.
    ///
    /// # Errors
    /// [`MissingApiKey`](crate::ErrorKind::MissingApiKey), [`InvalidConfig`](crate::ErrorKind::InvalidConfig),
    /// [`Connection`](crate::ErrorKind::Connection) when the system gives no descriptors.
    pub fn build(self) -> Result<blocking::Client, Error> {
        blocking::Client::new(&self.check()?)
    }
}

impl Settings {
    fn check(self) -> Result<Config, Error> {
        let base_url =
            parse_base_url(self.base_url.as_ref().map_or(DEFAULT_BASE_URL, |url| &url.0), self.allow_insecure_http)?;
        let notation = Notation::of_language(self.language);
        in_range("timeout", self.timeout, &DURATIONS, |timeout| notation.duration(timeout))?;
        if let Some(total) = self.total_timeout {
            in_range("total timeout", total, &DURATIONS, |timeout| notation.duration(timeout))?;
        }
        count("number of retries", f64::from(self.max_retries), &RETRIES, notation)?;
        if let Some(requests) = self.max_concurrency {
            count("concurrency", f64::from(requests), &CONCURRENCY, notation)?;
        }
        let rate_limits = self.rate_limits.map_or(Ok(Vec::new()), |limits| check_rate_limits(limits, notation))?;
        in_range("reserve", self.reserve, &RESERVES, |share| notation.number(share))?;
        let given = self.shared_limits.as_ref().map(|given| LedgerAddress::parse(&given.0, &environment::setting));
        let shared_limits = given.transpose()?.flatten();
        let shared_limits_account = self.shared_limits_account.as_deref().map(parse_account).transpose()?;
        let shared_limits_fallback = self.shared_limits_fallback.checked(notation)?;
        let key = parse_key(self.api_key.as_ref())?;
        Ok(Config {
            authorization: key.header_value(self.auth_scheme.prefix()),
            key,
            base_url,
            timeout: self.timeout,
            total_timeout: self.total_timeout,
            max_retries: self.max_retries,
            max_concurrency: self.max_concurrency.unwrap_or_else(|| default_max_concurrency(&rate_limits)),
            rate_limits,
            reserve: self.reserve,
            shared_limits,
            shared_limits_account,
            shared_limits_fallback,
            language: self.language,
            user_agent: format!("wts-session/{VERSION} ({})", self.language),
            observer: self.observer,
        })
    }
}

impl Client {
    /// Starts to make a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }
}

impl blocking::Client {
    /// Starts to make a client.
    pub fn builder() -> blocking::ClientBuilder {
        ClientBuilder::default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::{Client, ClientBuilder, RateLimit};

    #[test]
    fn debug_shows_neither_the_key_nor_a_password() {
        for url in ["https://user:CANARY@api.wts.chat", "https://api.wts.chat?api_key=CANARY"] {
            let builder = Client::builder().api_key("pn_CANARY").base_url(url).shared_limits(url);
            assert!(!format!("{builder:?}").contains("CANARY"), "{builder:?}");
        }
        let builder = Client::builder().base_url("https://api.wts.chat");
        assert!(format!("{builder:?}").contains("https://api.wts.chat"));
    }

    #[test]
    fn an_empty_list_of_limits_is_no_way_to_switch_them_off() {
        let error = Client::builder().api_key("k").rate_limits([]).build().unwrap_err();
        assert_eq!(error.code(), "invalid_config");
        assert!(Client::builder().api_key("k").no_rate_limits().build().is_ok());
        for (limit, told) in [
            (RateLimit::new(0, Duration::from_secs(5)), "a whole number from 1 to 1000000, not 0"),
            (RateLimit::new(1, Duration::ZERO), "from 0.001 s to 86400 s, not 0 s"),
        ] {
            let error = Client::builder().api_key("k").rate_limits([limit]).build().unwrap_err();
            assert!(error.description().contains(told), "{error}");
        }
    }

    #[test]
    fn by_default_as_many_requests_are_in_flight_as_the_limits_can_use() {
        let at_once = |builder: ClientBuilder| builder.api_key("k").build().unwrap().engine().max_concurrency();
        let limited = |requests| {
            let long = RateLimit::new(100_000, Duration::from_secs(60));
            Client::builder().rate_limits([long, RateLimit::new(requests, Duration::from_secs(1))])
        };
        assert_eq!(at_once(Client::builder()), 200);
        assert_eq!(at_once(Client::builder().no_rate_limits()), 64);
        assert_eq!(at_once(limited(20)), 64);
        assert_eq!(at_once(limited(150)), 150);
        assert_eq!(at_once(limited(5000)), 200);
        assert_eq!(at_once(limited(150).max_concurrency(3)), 3);
        assert_eq!(at_once(Client::builder().no_rate_limits().max_concurrency(1000)), 1000);
    }

    #[test]
    fn a_reserve_out_of_range_is_refused() {
        for reserve in [-0.1, 0.51, f64::NAN, f64::INFINITY] {
            let error = Client::builder().api_key("k").reserve(reserve).build().unwrap_err();
            assert_eq!(error.code(), "invalid_config");
            assert!(error.description().contains("from 0 to 0.5"), "{error}");
        }
        assert!(Client::builder().api_key("k").reserve(0.5).build().is_ok());
    }
}
