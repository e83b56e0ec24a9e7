//! The only place that speaks HTTP: one request out, one answer in.

mod authorities;
mod causes;
mod connection;
mod dns;
mod failure;
mod pool;
mod proxy;
mod tls;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, DATE, HOST, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use reqwest::{Response, Url, Version};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::answer::Answer;
use crate::config::{Config, is_loopback};
use crate::environment;
use crate::error::{Error, ErrorKind};
use crate::ops::Request;
use crate::progress::Progress;

use self::causes::innermost;
use self::connection::Settings;
#[cfg(feature = "redis")]
pub(crate) use self::dns::look_up;
pub(crate) use self::failure::Failure;
use self::failure::{has_ended, is_broken, is_out_of_resources, no_answer};
use self::pool::{Lease, Pool};
use self::proxy::Proxy;
use self::tls::Route;

/// TLS as for the API, for other connections of a program in `language`.
#[cfg(feature = "redis")]
pub(crate) fn tls_config(language: &str) -> Result<rustls::ClientConfig, Error> {
    tls::config(language, None)
}

const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
const MAX_CONNECT_TIME: Duration = Duration::from_secs(5);
/// A `Retry-After` beyond this is taken for garbage.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Connections that were in use less long ago are taken as they are.
const MIN_TIME_TO_LOOK: Duration = Duration::from_millis(1);

/// Which connection a request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    /// An idle one, where there is one.
    Any,
    /// One that is certainly new.
    New,
}

#[derive(Clone, Debug)]
pub(crate) struct Transport {
    pool: Arc<Pool<reqwest::Client>>,
    settings: Arc<Settings>,
    base_url: Url,
    timeout: Duration,
}

impl Transport {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let base_url = config.base_url.clone();
        let proxy = if is_loopback(&base_url) { None } else { Proxy::of_environment(&base_url, environment::text)? };
        let tls = match base_url.scheme() {
            "https" => tls::config(config.language, Some(Route::new(&base_url, proxy.as_ref())))?,
            _ => tls::unused()?,
        };
        let settings = Settings {
            tls,
            headers: headers(config)?,
            connect_timeout: config.timeout.min(MAX_CONNECT_TIME),
            proxy,
            target: base_url.clone(),
        };
        settings.connection().map_err(|error| {
            Error::invalid_config(format!("The HTTP client can't be made: {}.", innermost(&error))).with_source(error)
        })?;
        let pool = Arc::new(Pool::new(config.max_concurrency as usize));
        Ok(Self { pool, settings: Arc::new(settings), base_url, timeout: config.timeout })
    }

    /// Sends `request` once and reads the answer to its end, until `deadline` at the latest.
    pub(crate) async fn send(
        &self,
        request: &Request,
        via: Via,
        deadline: Option<Instant>,
        progress: &Arc<Progress>,
    ) -> Result<Answer, Failure> {
        let url = self.url(&request.path)?;
        let start = Instant::now();
        let limit = start + self.timeout;
        let limit = deadline.map_or(limit, |deadline| deadline.min(limit));
        let is_used = AtomicBool::new(false);
        let result = match tokio::time::timeout_at(limit, self.exchange(url, request, via, progress, &is_used)).await {
            Ok(result) => result,
            Err(_) => Err(Failure {
                error: timed_out(deadline == Some(limit)).with_may_have_been_applied(progress.has_left()),
                on_used_connection: is_used.load(Ordering::Relaxed),
                died_idle: false,
                lacks_resources: false,
            }),
        };
        if result.as_ref().is_err_and(|failure| failure.on_used_connection) {
            self.pool.close_idle_since_before(start);
        }
        result
    }

    /// Closes idle connections now, and the others after their answer.
    pub(crate) fn close(&self) {
        self.pool.close();
    }

    /// Closes idle connections.
    pub(crate) fn close_idle(&self) {
        self.pool.close_idle();
    }

    /// Closes the idle connections of the runtime that is driven during calls alone.
    pub(crate) fn close_idle_driven_during_calls(&self) {
        self.pool.close_idle_driven_during_calls();
    }

    /// Says that `runtime` is driven during calls alone, so that [`closing`](Self::closing) has to follow calls.
    pub(crate) fn is_driven_during_calls(&self, runtime: Handle) {
        self.pool.is_driven_during_calls(runtime);
    }

    /// Whether connections were dropped that [`closing`](Self::closing) has to wait for.
    pub(crate) fn is_closing(&self) -> bool {
        self.pool.is_closing()
    }

    /// Drives this runtime until the connections that were dropped on it are closed.
    pub(crate) async fn closing(&self) {
        self.pool.closing().await;
    }

    /// Lets this runtime look once at its connections: one tick to look, one to act. A runtime that is driven during calls
    /// alone finds in this way that a server has closed idle connections. Nothing depends on it: a request that meets such a
    /// connection is sent again. So what was in use a moment ago is not looked at, which would take a quarter of a local call.
    pub(crate) async fn look_at_connections(&self) {
        if self.pool.has_been_idle_for(MIN_TIME_TO_LOOK) {
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        }
    }

    /// The address of `path`, which must leave as it was meant: URL libraries drop or change parts of it silently.
    fn url(&self, path: &str) -> Result<Url, Error> {
        let path = format!("{}{path}", self.base_url.path().trim_end_matches('/'));
        let mut url = self.base_url.clone();
        url.set_path(&path);
        if url.path() == path {
            Ok(url)
        } else {
            Err(Error::internal("The path of the request was changed on its way."))
        }
    }

    /// `is_used` tells meanwhile whether the request goes to a used connection.
    async fn exchange(
        &self,
        url: Url,
        request: &Request,
        via: Via,
        progress: &Arc<Progress>,
        is_used: &AtomicBool,
    ) -> Result<Answer, Failure> {
        loop {
            let lease = self.lease(via)?;
            is_used.store(lease.is_used(), Ordering::Relaxed);
            match lease.connection().execute(message(url.clone(), request, progress)).await {
                Ok(response) => return self.answer(response, lease).await,
                // Nothing was sent: the next one.
                Err(error) if lease.is_used() && !progress.has_left() && has_ended(&error) => {}
                Err(error) => return Err(self.failure(error, lease.is_used(), progress)),
            }
        }
    }

    fn lease(&self, via: Via) -> Result<Lease<reqwest::Client>, Error> {
        self.pool
            .take(via == Via::Any, || self.settings.connection())
            .map_err(|error| Error::internal("The HTTP client can't be made.").with_source(error))
    }

    async fn answer(&self, response: Response, lease: Lease<reqwest::Client>) -> Result<Answer, Failure> {
        let is_kept = is_kept(&response);
        let on_used_connection = lease.is_used();
        let answer = read(response).await.map_err(|error| Failure { on_used_connection, ..Failure::from(error) })?;
        if is_kept {
            lease.give_back();
        }
        Ok(answer)
    }

    fn failure(&self, error: reqwest::Error, on_used_connection: bool, progress: &Progress) -> Failure {
        let has_left = progress.has_left();
        let lacks_resources = is_out_of_resources(&error) && !has_left;
        if lacks_resources {
            self.pool.close_idle();
        }
        let died_idle = on_used_connection && has_left && is_broken(&error);
        Failure { error: no_answer(error, has_left), on_used_connection, died_idle, lacks_resources }
    }
}

fn message(url: Url, request: &Request, progress: &Arc<Progress>) -> reqwest::Request {
    let mut message = reqwest::Request::new(request.method.clone(), url);
    *message.body_mut() =
        Some(reqwest::Body::wrap(TrackedBody { content: Some(request.body.clone()), progress: Arc::clone(progress) }));
    message
}

/// Whether the server lets the connection go on after `response`.
fn is_kept(response: &Response) -> bool {
    let closes = response.headers().get_all(CONNECTION).iter().any(|value| {
        value.to_str().is_ok_and(|text| text.split(',').any(|word| word.trim().eq_ignore_ascii_case("close")))
    });
    response.version() == Version::HTTP_11 && !closes
}

/// The headers of all requests; without Host, hyper would make one up for each.
fn headers(config: &Config) -> Result<HeaderMap, Error> {
    let host = HeaderValue::from_str(&host(&config.base_url))
        .map_err(|_| Error::internal("The host of the base URL does not fit a header."))?;
    let user_agent = HeaderValue::from_str(&config.user_agent)
        .map_err(|_| Error::internal("The name of the language does not fit a header."))?;
    let json = HeaderValue::from_static("application/json");
    Ok(HeaderMap::from_iter([
        (ACCEPT, json.clone()),
        (CONTENT_TYPE, json),
        (USER_AGENT, user_agent),
        (HOST, host),
        (AUTHORIZATION, config.authorization.clone()),
    ]))
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

async fn read(mut response: Response) -> Result<Answer, Error> {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers(), SystemTime::now());
    let announced = response.content_length().unwrap_or(0);
    if announced > MAX_BODY_BYTES as u64 {
        return Err(too_large(status));
    }
    let mut body = Vec::with_capacity(announced as usize);
    while let Some(chunk) = response.chunk().await.map_err(|error| cut_short(error, status))? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(too_large(status));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, retry_after, body })
}

/// The wait that the server asks for; whatever is no plain number of seconds and no HTTP date counts as absent. A date is
/// read against the server's own clock where the answer tells it, for ours may be another: `now`.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        Duration::try_from_secs_f64(text.parse().ok()?).ok()?
    } else {
        let now = date(headers).unwrap_or(now);
        httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or(Duration::ZERO)
    };
    (wait <= MAX_RETRY_AFTER).then_some(wait)
}

fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?.trim()).ok()
}

fn too_large(status: u16) -> Error {
    Error::new(
        ErrorKind::UnexpectedResponse,
        "The answer is too large.",
        format!("HTTP {status} with more than {} MiB was refused while reading.", MAX_BODY_BYTES / 1024 / 1024),
    )
    .with_status(status)
    .with_may_have_been_applied(true)
}

fn cut_short(error: reqwest::Error, status: u16) -> Error {
    Error::new(
        ErrorKind::Connection,
        "The connection broke in the middle of the answer.",
        format!("HTTP {status}, then {}.", innermost(&error)),
    )
    .with_status(status)
    .with_retryable(true)
    .with_may_have_been_applied(true)
    .with_source(error.without_url())
}

pub(crate) fn timed_out(in_total: bool) -> Error {
    let description = if in_total {
        "The total time limit of the call passed."
    } else {
        "The time limit of one attempt passed without a complete answer."
    };
    Error::new(ErrorKind::Timeout, "The time limit passed.", description).with_retryable(true)
}

/// A body that notes when it is written to a connection.
struct TrackedBody {
    content: Option<Bytes>,
    progress: Arc<Progress>,
}

impl http_body::Body for TrackedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.progress.request_leaves();
        Poll::Ready(self.content.take().map(|content| Ok(Frame::data(content))))
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.content.as_ref().map_or(0, |content| content.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

    use super::{host, retry_after};

    fn parsed(value: &[u8]) -> Option<Duration> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_bytes(value).unwrap());
        retry_after(&headers, now)
    }

    #[test]
    fn the_host_has_a_port_where_the_address_has_one() {
        for (url, expected) in [
            ("https://api.wts.chat", "api.wts.chat"),
            ("https://api.wts.chat:443/proxy", "api.wts.chat"),
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://[::1]:8080", "[::1]:8080"),
        ] {
            assert_eq!(host(&url.parse().unwrap()), expected);
        }
    }

    #[test]
    fn both_forms_of_retry_after_are_read() {
        for (text, seconds) in [
            ("0", 0.0),
            ("1", 1.0),
            (" 7 ", 7.0),
            ("1.5", 1.5),
            ("120", 120.0),
            ("Sun, 06 Nov 1994 08:50:07 GMT", 30.0),
            ("Sunday, 06-Nov-94 08:50:07 GMT", 30.0),
            ("Sun Nov  6 08:50:07 1994", 30.0),
            ("Sun, 06 Nov 1994 08:49:00 GMT", 0.0),
        ] {
            assert_eq!(parsed(text.as_bytes()), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
    }

    #[test]
    fn a_date_is_read_against_the_date_of_the_answer() {
        for now in [0, 784_111_777, 4_000_000_000] {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now);
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static("Sun, 06 Nov 1994 08:49:40 GMT"));
            headers.insert(DATE, HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"));
            assert_eq!(retry_after(&headers, now), Some(Duration::from_secs(3)));
        }
    }

    #[test]
    fn garbage_in_retry_after_counts_as_absent() {
        let long = "9".repeat(10_000);
        for text in [
            "",
            "-5",
            "1e9",
            "18446744073709551616",
            "inf",
            "nan",
            "1.2.3",
            ".",
            "soon",
            "Fri, 01 Jan 2100 00:00:00 GMT",
            &long,
        ] {
            assert_eq!(parsed(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parsed(b"\xe9"), None);
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::now()), None);
    }
}
