//! Makes clients: every setting, its default, and the check of all together.

use std::time::Duration;

use crate::client::Client;
use crate::config::{
    AuthScheme, CONCURRENCY, Config, DEFAULT_BASE_URL, DEFAULT_MAX_CONCURRENCY, DEFAULT_MAX_RETRIES, DEFAULT_TIMEOUT,
    DEFAULT_TOTAL_TIMEOUT, DURATIONS, RETRIES, RateLimit, check_rate_limits, environment, in_range, parse_base_url,
    parse_key, printed,
};
use crate::error::Error;
use crate::observer::Observer;
use crate::secret::Secret;
use crate::{VERSION, blocking};

/// Makes a client. Every setting has a default; what is out of range is an error when the client is made.
#[derive(Clone, Debug)]
pub struct ClientBuilder {
    api_key: Option<Secret>,
    base_url: Option<String>,
    timeout: Duration,
    total_timeout: Option<Duration>,
    max_retries: u32,
    max_concurrency: u32,
    rate_limits: Vec<RateLimit>,
    auth_scheme: AuthScheme,
    allow_insecure_http: bool,
    language: &'static str,
    observer: Option<Observer>,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            api_key: None,
            base_url: None,
            timeout: DEFAULT_TIMEOUT,
            total_timeout: Some(DEFAULT_TOTAL_TIMEOUT),
            max_retries: DEFAULT_MAX_RETRIES,
            max_concurrency: DEFAULT_MAX_CONCURRENCY,
            rate_limits: RateLimit::OF_THE_API.to_vec(),
            auth_scheme: AuthScheme::Bearer,
            allow_insecure_http: false,
            language: "rust",
            observer: None,
        }
    }
}

impl ClientBuilder {
    /// The API key. Blanks around it and a leading `Bearer ` are taken off. Default: the environment's `WTS_API_KEY`.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(Secret::new(key.into()));
        self
    }

    /// The address of the API, without `/chat`. Default: the environment's `WTS_BASE_URL`, or else
    /// `https://api.wts.chat`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// The bound on one attempt, from DNS to the last byte of the answer, of it at most 5 s to connect. Default: 15 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The bound on a single call with all its waiting and retries; `None` is no bound. Default: 60 s.
    pub fn total_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.total_timeout = timeout.into();
        self
    }

    /// How often a request is sent again at most, 0 to 100. Default: 3.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// How many requests are under way at once at most, 1 to 10,000. Default: 64.
    pub fn max_concurrency(mut self, requests: u32) -> Self {
        self.max_concurrency = requests;
        self
    }

    /// The account's limits, at most 8; none at all switches limiting off. Default: [`RateLimit::OF_THE_API`].
    pub fn rate_limits(mut self, limits: impl Into<Vec<RateLimit>>) -> Self {
        self.rate_limits = limits.into();
        self
    }

    /// How the key is sent. Default: [`AuthScheme::Bearer`].
    pub fn auth_scheme(mut self, scheme: AuthScheme) -> Self {
        self.auth_scheme = scheme;
        self
    }

    /// Whether a base URL may be plain `http:` to another machine, where anyone on the way can read the key.
    /// Default: false; loopback addresses are always allowed.
    pub fn allow_insecure_http(mut self, allow: bool) -> Self {
        self.allow_insecure_http = allow;
        self
    }

    /// Takes what was not given from the environment now, not when a client is made: for a builder that makes clients
    /// again and again, and later.
    pub fn with_environment(mut self) -> Self {
        self.api_key = self.api_key.or_else(|| environment("WTS_API_KEY").map(Secret::new));
        self.base_url = self.base_url.or_else(|| environment("WTS_BASE_URL"));
        self
    }

    /// Who is told of every attempt, retry and pause; nobody by default.
    pub fn observer(mut self, observer: Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The language named in the `User-Agent`; for bindings.
    #[doc(hidden)]
    pub fn language(mut self, language: &'static str) -> Self {
        self.language = language;
        self
    }

    /// The client for programs that run on tokio.
    ///
    /// # Errors
    /// [`MissingApiKey`](crate::ErrorKind::MissingApiKey), [`InvalidConfig`](crate::ErrorKind::InvalidConfig).
    pub fn build(self) -> Result<Client, Error> {
        Client::new(&self.check()?)
    }

    /// The client for programs without an async runtime.
    ///
    /// # Errors
    /// [`MissingApiKey`](crate::ErrorKind::MissingApiKey), [`InvalidConfig`](crate::ErrorKind::InvalidConfig).
    pub fn build_blocking(self) -> Result<blocking::Client, Error> {
        blocking::Client::new(&self.check()?)
    }

    pub(crate) fn check(self) -> Result<Config, Error> {
        self.with_environment().check_given()
    }

    fn check_given(self) -> Result<Config, Error> {
        let base_url = parse_base_url(self.base_url.as_deref().unwrap_or(DEFAULT_BASE_URL), self.allow_insecure_http)?;
        in_range("timeout", self.timeout, &DURATIONS, printed)?;
        if let Some(total) = self.total_timeout {
            in_range("total timeout", total, &DURATIONS, printed)?;
        }
        in_range("number of retries", self.max_retries, &RETRIES, |count| count.to_string())?;
        in_range("concurrency", self.max_concurrency, &CONCURRENCY, |count| count.to_string())?;
        check_rate_limits(&self.rate_limits)?;
        let key = parse_key(self.api_key.as_ref())?;
        Ok(Config {
            authorization: key.header_value(self.auth_scheme.prefix()),
            key,
            base_url,
            timeout: self.timeout,
            total_timeout: self.total_timeout,
            max_retries: self.max_retries,
            max_concurrency: self.max_concurrency,
            rate_limits: self.rate_limits,
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
    /// Starts to make a client; [`build_blocking`](ClientBuilder::build_blocking) ends it.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }
}
