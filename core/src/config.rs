//! The settings of a client: their defaults, their ranges.

use std::fmt::Display;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;

use crate::error::Error;
use crate::notation::Notation;
use crate::observer::Observer;
use crate::secret::Secret;
use crate::shared_limits::{LedgerAddress, SharedLimitsFallback};
use crate::text::{shortened, trimmed};

pub(crate) const DEFAULT_BASE_URL: &str = "https://api.wts.chat";
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);
pub(crate) const DEFAULT_TOTAL_TIMEOUT: Duration = Duration::from_secs(60);
pub(crate) const DEFAULT_MAX_RETRIES: u32 = 3;
/// How many requests are in flight at once where the limits let no more be sent, or are off.
const MIN_DEFAULT_CONCURRENCY: u32 = 64;
/// At most so many connections are opened by default, whatever the limits allow.
const MAX_DEFAULT_CONCURRENCY: u32 = 200;

/// The share of each limit that a call which holds many slots leaves to the others.
pub(crate) const DEFAULT_RESERVE: f64 = 0.05;
pub(crate) const RESERVES: RangeInclusive<f64> = 0.0..=0.5;

pub(crate) const DURATIONS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(24 * 60 * 60);
pub(crate) const RETRIES: RangeInclusive<u32> = 0..=100;
pub(crate) const CONCURRENCY: RangeInclusive<u32> = 1..=10_000;
pub(crate) const WINDOW_REQUESTS: RangeInclusive<u32> = 1..=1_000_000;
const NUMBERS_OF_LIMITS: RangeInclusive<usize> = 1..=8;
const MAX_KEY_BYTES: usize = 4096;

const MAX_URL_BYTES: usize = 2048;

/// Ends of addresses that people keep for one service or version of the API.
const SERVICE_PARTS: [&str; 6] = ["chat", "core", "crm", "session", "v1", "v2"];

/// How the API key is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthScheme {
    /// `Authorization: Bearer <key>`, as the API's reference has it.
    #[default]
    Bearer,
    /// `Authorization: <key>`, as some white-label tenants want it.
    Raw,
}

impl AuthScheme {
    /// The scheme called `bearer` or `raw`.
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) for any other name.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        match name {
            "bearer" => Ok(Self::Bearer),
            "raw" => Ok(Self::Raw),
            _ => Err(Error::invalid_config(format!(
                "The auth scheme is \"bearer\" or \"raw\", not {}.",
                shortened(name)
            ))),
        }
    }

    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer ",
            Self::Raw => "",
        }
    }
}

/// One limit of an account: at most `requests` in any sliding window of length `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RateLimit {
    /// The most requests in a window, 1 to 1,000,000.
    pub requests: u32,
    /// The length of the window, 1 ms to 24 h.
    pub period: Duration,
}

impl RateLimit {
    /// At most `requests` in any sliding window of length `period`.
    pub const fn new(requests: u32, period: Duration) -> Self {
        Self { requests, period }
    }

    /// What the API allows each account: 200 requests in 5 s, and 1,000 in 5 min.
    pub const OF_THE_API: [Self; 2] = [
        Self { requests: 200, period: Duration::from_secs(5) },
        Self { requests: 1000, period: Duration::from_secs(300) },
    ];
}

/// As many requests at once as the limits can use: with fewer, slots would stay free while answers are awaited. Each has a
/// connection of its own; half of the descriptors are left to the program.
pub(crate) fn default_max_concurrency(limits: &[RateLimit]) -> u32 {
    let usable = limits.iter().map(|limit| limit.requests).min();
    let wanted = usable.unwrap_or(0).clamp(MIN_DEFAULT_CONCURRENCY, MAX_DEFAULT_CONCURRENCY);
    wanted.min(max_descriptors() / 2).max(1)
}

/// How many descriptors the process may have open.
#[cfg(unix)]
fn max_descriptors() -> u32 {
    use nix::sys::resource::{Resource, getrlimit};

    getrlimit(Resource::RLIMIT_NOFILE).map_or(u32::MAX, |(limit, _)| u32::try_from(limit).unwrap_or(u32::MAX))
}

#[cfg(not(unix))]
fn max_descriptors() -> u32 {
    u32::MAX
}

/// Settings that were checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    pub(crate) key: Secret,
    pub(crate) authorization: HeaderValue,
    pub(crate) base_url: Url,
    pub(crate) timeout: Duration,
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) max_retries: u32,
    pub(crate) max_concurrency: u32,
    pub(crate) rate_limits: Vec<RateLimit>,
    pub(crate) reserve: f64,
    /// None: each process has a budget of its own.
    pub(crate) shared_limits: Option<LedgerAddress>,
    pub(crate) shared_limits_account: Option<String>,
    pub(crate) shared_limits_fallback: SharedLimitsFallback,
    pub(crate) language: &'static str,
    pub(crate) user_agent: String,
    pub(crate) observer: Option<Observer>,
}

/// The setting `name`, as languages without a type for durations give it.
pub(crate) fn duration(name: &str, value: f64, notation: Notation) -> Result<Duration, Error> {
    let duration = Duration::try_from_secs_f64(notation.seconds(value)).ok();
    match duration.filter(|duration| DURATIONS.contains(duration)) {
        Some(duration) => Ok(duration),
        None => Err(out_of_range(name, notation.units(value), &DURATIONS, |it| notation.duration(it))),
    }
}

/// The setting `name` of such a whole number, as languages with one type of number give it.
pub(crate) fn count(name: &str, value: f64, range: &RangeInclusive<u32>, notation: Notation) -> Result<u32, Error> {
    let whole = value as u32;
    if f64::from(whole) == value && range.contains(&whole) {
        return Ok(whole);
    }
    let (least, most, value) = (range.start(), range.end(), notation.number(value));
    Err(Error::invalid_config(format!("The {name} is a whole number from {least} to {most}, not {value}.")))
}

pub(crate) fn in_range<T: PartialOrd + Copy>(
    name: &str,
    value: T,
    range: &RangeInclusive<T>,
    print: impl Fn(T) -> String,
) -> Result<(), Error> {
    if range.contains(&value) { Ok(()) } else { Err(out_of_range(name, print(value), range, print)) }
}

fn out_of_range<T: Copy>(
    name: &str,
    value: impl Display,
    range: &RangeInclusive<T>,
    print: impl Fn(T) -> String,
) -> Error {
    let (least, most) = (print(*range.start()), print(*range.end()));
    Error::invalid_config(format!("The {name} is from {least} to {most}, not {value}."))
}

pub(crate) fn check_rate_limits(limits: Vec<RateLimit>, notation: Notation) -> Result<Vec<RateLimit>, Error> {
    in_range("number of rate limits", limits.len(), &NUMBERS_OF_LIMITS, |count| count.to_string())?;
    for limit in &limits {
        count("number of requests of a rate limit", f64::from(limit.requests), &WINDOW_REQUESTS, notation)?;
        in_range("period of a rate limit", limit.period, &DURATIONS, |period| notation.duration(period))?;
    }
    Ok(limits)
}

/// The key as it is sent. No message shows any of it.
pub(crate) fn parse_key(given: Option<&Secret>) -> Result<Secret, Error> {
    let given = given.ok_or_else(Error::missing_api_key)?.reveal();
    let key = unquoted(trimmed(given));
    let key = without_word(key, "authorization:").unwrap_or(key);
    let key = unquoted(without_word(key, "bearer").unwrap_or(key));
    if key.is_empty() {
        return Err(Error::blank_api_key());
    }
    if key.len() > MAX_KEY_BYTES {
        return Err(Error::invalid_config(format!("The API key is over {MAX_KEY_BYTES} bytes long.")));
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::invalid_config("The API key has a character that is not visible ASCII."));
    }
    Ok(Secret::new(key.to_owned()))
}

/// `text` without the pair of quotes around it, which env files keep.
fn unquoted(text: &str) -> &str {
    let inner = ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    trimmed(inner.unwrap_or(text))
}

/// What follows `word` at the beginning of `text`, in any case. A word of letters ends before a blank.
fn without_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(word.len())?;
    let ends_here = word.ends_with(':') || !rest.starts_with(|character: char| !character.is_whitespace());
    (start.eq_ignore_ascii_case(word) && ends_here).then(|| trimmed(rest))
}

/// The base URL without a slash at its end. No message shows it, for it may carry a password.
pub(crate) fn parse_base_url(given: &str, allow_insecure_http: bool) -> Result<Url, Error> {
    let refused = |why: &str| Err(Error::invalid_config(format!("The base URL {why}.")));
    let text = trimmed(given).trim_end_matches('/');
    if text.len() > MAX_URL_BYTES {
        return refused(&format!("is over {MAX_URL_BYTES} bytes long"));
    }
    if text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
        return refused("has a blank, a backslash or a control character");
    }
    let Ok(mut url) = Url::parse(text) else {
        return refused("is no URL; it looks like https://api.wts.chat");
    };
    if !matches!(url.scheme(), "https" | "http") || !starts_like_a_url(text) {
        return refused("is no http or https URL; it looks like https://api.wts.chat");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refused("carries a user name or password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refused("carries a query or a fragment");
    }
    if let Some(part) = SERVICE_PARTS.into_iter().find(|part| ends_in(&url, part)) {
        return refused(&format!("ends in /{part}: leave that off, the library adds the path of the service"));
    }
    if text.split('/').any(is_dot_segment) {
        return refused("has a segment . or ..");
    }
    if url.scheme() == "http" && !is_loopback(&url) && !allow_insecure_http {
        return refused(
            "is plain http, which shows the API key to everyone on the way: use https, or set allow_insecure_http",
        );
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

fn ends_in(url: &Url, part: &str) -> bool {
    let segments = url.path().rsplit('/').find(|segment| !segment.is_empty());
    segments.is_some_and(|last| last.eq_ignore_ascii_case(part))
}

/// Also in the encoded forms, which URL libraries resolve like the plain ones.
fn is_dot_segment(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

/// `https:host` and `https:///host` are taken for `https://host` by URL libraries.
fn starts_like_a_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| !rest.starts_with('/') && !rest.is_empty())
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback_v6 = address
        .parse::<std::net::Ipv6Addr>()
        .is_ok_and(|ip| ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback()));
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || is_loopback_v6
}

#[cfg(test)]
mod tests {
    use super::Config;
    use crate::Client;
    use crate::error::{Error, ErrorKind};

    fn check(key: &str, url: &str) -> Result<Config, Error> {
        Client::builder().api_key(key).base_url(url).check()
    }

    #[test]
    fn keys_are_taken_as_people_paste_them() {
        for pasted in [
            "\u{feff}pn_1\u{200b}",
            "\"pn_1\"",
            "'Bearer pn_1'",
            "Authorization: Bearer pn_1",
            "\"authorization:pn_1\" ",
            "Authorization: \"pn_1\"",
            "pn_1",
            " pn_1\r\n",
            "Bearer pn_1",
            "bearer  pn_1 \n",
            "BEARER\tpn_1",
        ] {
            assert_eq!(check(pasted, "https://api.wts.chat").unwrap().key.reveal(), "pn_1");
        }
        assert_eq!(check("bearerpn", "https://api.wts.chat").unwrap().key.reveal(), "bearerpn");
    }

    #[test]
    fn keys_that_no_header_can_carry_are_refused_unseen() {
        for key in ["pn_é_CANARY", "pn_\t_CANARY", "pn_\0CANARY", "pn_CAN\r\nARY", &"pn_CANARY".repeat(100_000)] {
            let error = check(key, "https://api.wts.chat").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfig);
            assert!(!format!("{error} {error:?}").contains("CANARY"));
        }
        for blank in ["", " \n", "Bearer", "Bearer  "] {
            let error = check(blank, "https://api.wts.chat").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::MissingApiKey);
            assert!(error.description().starts_with("The API key that was given is blank."), "{error}");
        }
    }

    #[test]
    fn base_urls() {
        for url in [
            "https://api.flw.chat",
            "https://api.wts.chat/",
            " https://gateway.example/wts// ",
            "\u{feff}https://gateway.example/chatter\u{200b}",
            "HTTPS://API.WTS.CHAT:8443",
            "http://localhost:1",
            "http://127.8.9.1:1",
            "http://[::1]:1",
            "http://[::ffff:127.0.0.1]:1",
        ] {
            assert!(check("k", url).is_ok(), "{url}");
        }
        for url in [
            "",
            "api.wts.chat",
            "https:api.wts.chat",
            "https:///api.wts.chat",
            "https://",
            "ftp://api.wts.chat",
            "file:///etc/passwd",
            "https://user@api.wts.chat",
            "https://user:secret@api.wts.chat",
            "https://api.wts.chat?x",
            "https://api.wts.chat#x",
            "https://api.wts.chat/chat",
            "https://api.wts.chat/chat/v1/",
            "https://api.wts.chat/v1",
            "https://api.wts.chat/v2/",
            "https://api.wts.chat/core",
            "https://api.wts.chat/CRM",
            "https://api.wts.chat/v1/session",
            "https://api.wts.chat/chat/v1/session//",
            "https://api.wts.chat/a/%2e%2e/b",
            "https://api.wts.chat/a/.%2E/b",
            &format!("https://api.wts.chat/{}", "a".repeat(2048)),
            "https://api.wts.chat/a/../b",
            "https://api.wts.chat\\x",
            "https://api.wts\n.chat",
            "http://api.wts.chat",
            "http://localhost.example",
            "http://128.0.0.1",
        ] {
            let error = check("k", url).expect_err(url);
            assert_eq!(error.kind(), ErrorKind::InvalidConfig);
            assert!(!error.to_string().contains("secret"));
        }
        let remote = Client::builder().api_key("k").base_url("http://api.wts.chat").allow_insecure_http(true);
        assert!(remote.check().is_ok());
    }
}
