//! One connection: an HTTP client that connects once.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderMap;
use tower::{Layer, Service, ServiceExt};

use super::dns::Resolver;
use super::proxy::Proxy;

/// How long a request waits for a connection whose last answer has just been read: hyper may not have it ready yet.
/// Where the server has closed it meanwhile, the wait is in vain.
const MAX_TIME_TO_BE_READY: Duration = Duration::from_millis(10);
/// How often the runtime looks at all tasks after that time: the connection's, hyper's that gives it back, and the request's.
const TURNS_TO_BE_READY: usize = 3;

type BoxError = Box<dyn StdError + Send + Sync>;

/// What all connections of a client have in common.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) tls: rustls::ClientConfig,
    pub(super) headers: HeaderMap,
    pub(super) connect_timeout: Duration,
    pub(super) proxy: Option<Proxy>,
    pub(super) target: Url,
}

impl Settings {
    /// A connection that is made with its first request.
    ///
    /// # Errors
    /// When the HTTP client can't be made of these settings.
    pub(super) fn connection(&self) -> reqwest::Result<reqwest::Client> {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .default_headers(self.headers.clone())
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .http1_only()
            .no_proxy()
            .dns_resolver(Resolver)
            .connect_timeout(self.connect_timeout)
            .connector_layer(ConnectOnce::new(self))
            // The pool sees to that.
            .pool_idle_timeout(None)
            .pool_max_idle_per_host(1);
        match &self.proxy {
            Some(proxy) => builder.proxy(proxy.for_reqwest()?),
            None => builder,
        }
        .build()
    }
}

/// Lets a client connect once; and asks a proxy that refused for its status, which reqwest does not tell.
#[derive(Clone)]
struct ConnectOnce {
    proxy: Option<Proxy>,
    target: Url,
}

impl ConnectOnce {
    fn new(settings: &Settings) -> Self {
        Self { proxy: settings.proxy.clone(), target: settings.target.clone() }
    }
}

impl<S> Layer<S> for ConnectOnce {
    type Service = Connector<S>;

    fn layer(&self, inner: S) -> Connector<S> {
        Connector { unused: Arc::new(Mutex::new(Some(Unused { inner, once: self.clone() }))) }
    }
}

/// What connects, until it has. reqwest and hyper clone it for each request, which must cost nothing.
struct Connector<S> {
    unused: Arc<Mutex<Option<Unused<S>>>>,
}

struct Unused<S> {
    inner: S,
    once: ConnectOnce,
}

impl<S> Clone for Connector<S> {
    fn clone(&self) -> Self {
        Self { unused: Arc::clone(&self.unused) }
    }
}

impl<S, R> Service<R> for Connector<S>
where
    S: Service<R, Error = BoxError> + Send + 'static,
    S::Response: Send,
    S::Future: Send + 'static,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        let unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Unused { inner, once: ConnectOnce { proxy, target } }) = unused else {
            // Meanwhile hyper waits for the connection that there was, and takes it as soon as it is ready.
            return Box::pin(async {
                tokio::time::sleep(MAX_TIME_TO_BE_READY).await;
                // If this thread had no turn meanwhile, neither had the task that says it is ready.
                for _ in 0..TURNS_TO_BE_READY {
                    tokio::task::yield_now().await;
                }
                Err(HasEnded.into())
            });
        };
        Box::pin(async move {
            match (inner.oneshot(request).await, &proxy) {
                (Err(error), Some(proxy)) => Err(proxy.explain(error, &target).await),
                (result, _) => result,
            }
        })
    }
}

/// The connection has ended, and nothing was sent.
#[derive(Debug)]
pub(super) struct HasEnded;

impl fmt::Display for HasEnded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection has ended")
    }
}

impl StdError for HasEnded {}
