//! The only place that speaks HTTP: one request out, one answer in.

use std::cell::Cell;
use std::convert::Infallible;
use std::error::Error as StdError;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use reqwest::{Response, Url};
use rustls_platform_verifier::Verifier;
use tokio::time::Instant;
use tower::util::MapRequestLayer;

use crate::answer::Answer;
use crate::config::{Config, is_loopback};
use crate::error::{Error, ErrorKind};
use crate::ops::Request;
use crate::progress::Progress;

const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
const MAX_CONNECT_TIME: Duration = Duration::from_secs(5);
/// Below what gateways keep a connection for (60 s and more).
const MAX_IDLE_TIME: Duration = Duration::from_secs(50);
/// A `Retry-After` beyond this is taken for garbage.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

tokio::task_local! {
    /// Whether the attempt under way has begun to open a connection, instead of taking an idle one.
    static CONNECTS: Cell<bool>;
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// The request went to a connection that had been idle, and it ended before the first byte of an answer.
    pub(crate) died_idle: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, died_idle: false }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Transport {
    http: reqwest::Client,
    base_url: Url,
    timeout: Duration,
}

impl Transport {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls_config(config.base_url.scheme() == "https")?)
            .default_headers(headers(config)?)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .http1_only()
            .connect_timeout(config.timeout.min(MAX_CONNECT_TIME))
            .connector_layer(MapRequestLayer::new(note_connecting))
            .pool_idle_timeout(MAX_IDLE_TIME)
            .pool_max_idle_per_host(config.max_concurrency as usize);
        if is_loopback(&config.base_url) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| {
            Error::invalid_config(format!("The HTTP client can't be made: {}.", innermost(&error))).with_source(error)
        })?;
        Ok(Self { http, base_url: config.base_url.clone(), timeout: config.timeout })
    }

    /// Sends `request` once and reads the answer to its end, until `deadline` at the latest.
    pub(crate) async fn send(
        &self,
        request: &Request,
        deadline: Option<Instant>,
        progress: &Arc<Progress>,
    ) -> Result<Answer, Failure> {
        let url = self.url(&request.path)?;
        let limit = Instant::now() + self.timeout;
        let limit = deadline.map_or(limit, |deadline| deadline.min(limit));
        match tokio::time::timeout_at(limit, self.exchange(url, request, progress)).await {
            Ok(result) => result,
            Err(_) => {
                let_connections_notice().await;
                Err(timed_out(deadline == Some(limit)).with_may_have_been_applied(progress.has_left()).into())
            }
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

    async fn exchange(&self, url: Url, request: &Request, progress: &Arc<Progress>) -> Result<Answer, Failure> {
        let mut message = reqwest::Request::new(request.method.clone(), url);
        *message.body_mut() = Some(reqwest::Body::wrap(TrackedBody {
            content: Some(request.body.clone()),
            progress: Arc::clone(progress),
        }));
        let sent = CONNECTS.scope(Cell::new(false), async {
            let result = self.http.execute(message).await;
            result.map_err(|error| {
                let died_idle = !CONNECTS.with(Cell::get) && progress.has_left() && is_broken(&error);
                Failure { error: no_answer(error, progress), died_idle }
            })
        });
        let response = sent.await?;
        Ok(read(response).await?)
    }
}

/// Lets the runtime's connections see what has happened to them: one tick to look, one to act.
///
/// A dropped request closes its connection, and a server may have closed an idle one; where a runtime is driven only
/// during calls, nobody else would see to it in time.
pub(crate) async fn let_connections_notice() {
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
}

/// As [`let_connections_notice`], also where another thread drives the runtime.
pub(crate) async fn connections_have_noticed() {
    // The task can't fail; should the runtime end, so does this one.
    let _ = tokio::spawn(let_connections_notice()).await;
}

fn note_connecting<R>(request: R) -> R {
    // Outside an attempt nobody asks: hyper may go on connecting after the attempt found another connection.
    let _ = CONNECTS.try_with(|connects| connects.set(true));
    request
}

fn headers(config: &Config) -> Result<HeaderMap, Error> {
    let user_agent = HeaderValue::from_str(&config.user_agent)
        .map_err(|_| Error::internal("The name of the language does not fit a header."))?;
    let json = HeaderValue::from_static("application/json");
    Ok(HeaderMap::from_iter([
        (ACCEPT, json.clone()),
        (CONTENT_TYPE, json),
        (USER_AGENT, user_agent),
        (AUTHORIZATION, config.authorization.clone()),
    ]))
}

/// TLS that trusts what the system trusts, or Mozilla's roots where the system has no certificates at all.
fn tls_config(is_used: bool) -> Result<rustls::ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal("TLS can't be set up.").with_source(error))?;
    let verifier = if is_used { Verifier::new(provider).ok() } else { None };
    Ok(match verifier {
        Some(verifier) => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
        }
        None => {
            let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect::<rustls::RootCertStore>();
            builder.with_root_certificates(roots).with_no_client_auth()
        }
    })
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

/// The wait that the server asks for; whatever is no plain number of seconds and no HTTP date counts as absent.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        Duration::try_from_secs_f64(text.parse().ok()?).ok()?
    } else {
        httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or(Duration::ZERO)
    };
    (wait <= MAX_RETRY_AFTER).then_some(wait)
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

/// A failure before the head of an answer was there.
fn no_answer(error: reqwest::Error, progress: &Progress) -> Error {
    let has_left = progress.has_left();
    let cause = innermost(&error);
    let tls = find::<rustls::Error>(&error).is_some();
    let result = if error.is_timeout() {
        Error::new(ErrorKind::Timeout, "The time limit passed.", format!("No connection in time: {cause}."))
            .with_retryable(true)
    } else if find::<hyper::Error>(&error).is_some_and(hyper::Error::is_parse) {
        Error::new(ErrorKind::UnexpectedResponse, "The answer is not HTTP as it should be.", format!("{cause}."))
    } else if has_left {
        Error::new(ErrorKind::Connection, "The connection broke before an answer came.", format!("{cause}."))
            .with_retryable(true)
    } else {
        Error::new(ErrorKind::Connection, "No connection to the API.", format!("{cause}.")).with_retryable(!tls)
    };
    result.with_may_have_been_applied(has_left).with_source(error.without_url())
}

/// Whether the connection ended, instead of answering something.
fn is_broken(error: &reqwest::Error) -> bool {
    find::<hyper::Error>(error).is_some_and(|error| !error.is_parse() && !error.is_timeout())
}

/// The first error of type `T` in the chain of causes.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |error| cause(*error)).find_map(|error| error.downcast_ref())
}

fn innermost(error: &(dyn StdError + 'static)) -> String {
    std::iter::successors(Some(error), |error| cause(*error)).last().map(ToString::to_string).unwrap_or_default()
}

/// What caused `error`. An `io::Error` names not the error it wraps but that one's cause.
fn cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| error.source())
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

    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

    use super::retry_after;

    fn parsed(value: &[u8]) -> Option<Duration> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_bytes(value).unwrap());
        retry_after(&headers, now)
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
