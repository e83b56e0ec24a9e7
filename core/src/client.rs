//! The client for programs that run on tokio.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::stream::{self, Stream};
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, sleep, timeout_at};

use crate::answer::Answer;
use crate::bulk::Bulk;
use crate::config::{ClientBuilder, Config};
use crate::error::{Error, ErrorKind};
use crate::limiter::{Asking, Limiter, Slot, TooLong, of_account};
use crate::model::{CompleteOptions, Session, UpdateOptions};
use crate::observer::Event;
use crate::ops::{Item, Operation, Request, complete_session, update_session_status};
use crate::progress::Progress;
use crate::retry::{LONGEST_WAIT, RetryBudget, wait_before};
use crate::transport::{Transport, connections_have_noticed, let_connections_notice, timed_out};

/// A client of the WTS Chat API.
///
/// It is cheap to clone, and its clones share connections and limits. Its calls run on the tokio runtime they are awaited
/// on; dropping a call's future cancels the call and closes its connection.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    transport: Transport,
}

struct Shared {
    config: Config,
    /// One permit for each request under way.
    permits: Semaphore,
    /// How many calls wait for a permit.
    waiting: AtomicUsize,
    limiter: Arc<Limiter>,
    retries: RetryBudget,
    closed: watch::Sender<bool>,
}

impl Client {
    /// Begins to make a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let shared = Shared {
            permits: Semaphore::new(config.max_concurrency as usize),
            waiting: AtomicUsize::new(0),
            limiter: of_account(&config.base_url, &config.key),
            retries: RetryBudget::new(),
            closed: watch::Sender::new(false),
            config: config.clone(),
        };
        Ok(Self { shared: Arc::new(shared), transport: Transport::new(config)? })
    }

    /// Sets the status of a session (`PUT /chat/v1/session/{id}/status`) and gives the session as the API has it then.
    ///
    /// `status` is a [`SessionStatus`](crate::SessionStatus) or its name, `IN_PROGRESS` or `In Progress`, in any case.
    ///
    /// # Errors
    /// [`Error`] of any kind but those about the making of a client.
    pub async fn update_session_status(
        &self,
        session_id: impl AsRef<str>,
        status: impl AsRef<str>,
        options: UpdateOptions,
    ) -> Result<Session, Error> {
        let request = update_session_status::request(session_id.as_ref(), status.as_ref(), options)?;
        self.call(&request, &Arc::default()).await
    }

    /// Completes a session (`PUT /chat/v1/session/{id}/complete`) and gives the session as the API has it then.
    ///
    /// # Errors
    /// [`Error`] of any kind but those about the making of a client.
    pub async fn complete_session(
        &self,
        session_id: impl AsRef<str>,
        options: CompleteOptions,
    ) -> Result<Session, Error> {
        let request = complete_session::request(session_id.as_ref(), options)?;
        self.call(&request, &Arc::default()).await
    }

    /// One call of either operation, which is cancelled once `wish` is done. Whoever drops its future learns from `progress`
    /// what may have been applied.
    ///
    /// # Errors
    /// As [`update_session_status`](Self::update_session_status) and [`complete_session`](Self::complete_session), and
    /// [`Cancelled`](crate::ErrorKind::Cancelled).
    pub async fn call_one(
        &self,
        operation: Operation,
        mut item: Item,
        wish: impl Future<Output = ()>,
        progress: &Arc<Progress>,
    ) -> Result<Session, Error> {
        let request = operation.request(&mut item)?;
        tokio::select! {
            biased;
            () = wish => {
                let_connections_notice().await;
                Err(progress.conclude(Error::cancelled()))
            }
            result = self.call(&request, progress) => result,
        }
    }

    /// Completes many sessions, as many at once as the account's limits and `max_concurrency` allow.
    ///
    /// Ids that are not valid fail by themselves without being sent. There is no total time limit.
    pub fn complete_sessions<I>(&self, session_ids: I, options: CompleteOptions) -> Bulk
    where
        I: IntoIterator<Item: Into<String>, IntoIter: Send + 'static>,
    {
        let items = session_ids.into_iter().map(|id| Item::to_complete(id.into()));
        self.bulk(Operation::CompleteSession(options), stream::iter(items))
    }

    /// Sets the status of many sessions, given as pairs of session id and status; as
    /// [`complete_sessions`](Self::complete_sessions).
    pub fn update_session_statuses<I, S, T>(&self, updates: I, options: UpdateOptions) -> Bulk
    where
        I: IntoIterator<Item = (S, T), IntoIter: Send + 'static>,
        S: Into<String>,
        T: AsRef<str>,
    {
        let items = updates.into_iter().map(|(id, status)| Item::to_update(id.into(), status.as_ref().to_owned()));
        self.bulk(Operation::UpdateSessionStatus(options), stream::iter(items))
    }

    /// A bulk call on items that come from a stream.
    pub fn bulk(&self, operation: Operation, items: impl Stream<Item = Item> + Send + 'static) -> Bulk {
        Bulk::new(self.clone(), operation, items)
    }

    /// The same client with connections of its own, to be used on another runtime: limits, retries and `close` are shared.
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) when the HTTP client can't be made.
    pub fn with_own_connections(&self) -> Result<Self, Error> {
        Ok(Self { shared: Arc::clone(&self.shared), transport: Transport::new(&self.shared.config)? })
    }

    pub(crate) fn max_concurrency(&self) -> usize {
        self.shared.config.max_concurrency as usize
    }

    /// Closes the client: calls that wait, and all later ones, fail with [`Closed`](crate::ErrorKind::Closed); requests
    /// under way end as they would.
    pub fn close(&self) {
        self.shared.closed.send_replace(true);
    }

    async fn call(&self, request: &Request, progress: &Arc<Progress>) -> Result<Session, Error> {
        let deadline = self.shared.config.total_timeout.map(|limit| Instant::now() + limit);
        self.execute(request, deadline, progress).await
    }

    /// Sends `request` until it is settled, or must not be sent again.
    pub(crate) async fn execute(
        &self,
        request: &Request,
        deadline: Option<Instant>,
        progress: &Arc<Progress>,
    ) -> Result<Session, Error> {
        let mut last_error = None;
        for retry in 1.. {
            match self.attempt(request, deadline, progress).await {
                Ok(session) => {
                    self.shared.retries.deposit(last_error.as_ref());
                    return Ok(session);
                }
                Err(error) => {
                    progress.end_attempt(&error);
                    let error = match progress.allows_another_attempt() {
                        true => self.wait_to_retry(retry, error, request, deadline).await,
                        false => Err(error),
                    };
                    last_error = Some(error.map_err(|error| progress.conclude(error))?);
                }
            }
        }
        unreachable!("the retries are bounded")
    }

    /// Waits until the request may be sent again after `error`, which is given back; or fails with what the call fails
    /// with.
    async fn wait_to_retry(
        &self,
        retry: u32,
        error: Error,
        request: &Request,
        deadline: Option<Instant>,
    ) -> Result<Error, Error> {
        let Shared { config, limiter, retries, .. } = &*self.shared;
        if retry > config.max_retries || !error.retryable() {
            return Err(error);
        }
        let time_left = deadline.map_or(LONGEST_WAIT, |deadline| deadline.saturating_duration_since(Instant::now()));
        let is_limited = error.kind() == ErrorKind::RateLimited;
        let wait = if is_limited {
            limiter.least_wait(&config.rate_limits, 0).max(error.retry_after().unwrap_or_default())
        } else {
            wait_before(retry, &error)
        };
        if time_left.is_zero() || wait > time_left {
            return Err(if is_limited { error.with_retry_after(Some(wait)) } else { error });
        }
        if !retries.withdraw(&error) {
            return Err(error);
        }
        self.tell(|| Event::Retry {
            operation: request.operation,
            session_id: &request.session_id,
            attempt: retry,
            error: error.code(),
            wait,
        });
        // Where it is the account's limit, the limiter waits, in turn with everybody else.
        if !is_limited && self.unless_closed(sleep(wait)).await.is_err() {
            return Err(error);
        }
        Ok(error)
    }

    /// One request and its answer. A connection that died idle costs another request, but is no attempt.
    async fn attempt(
        &self,
        request: &Request,
        deadline: Option<Instant>,
        progress: &Arc<Progress>,
    ) -> Result<Session, Error> {
        loop {
            let (_permit, mut slot) = self.unless_closed(self.admission(deadline)).await??;
            progress.begin_attempt();
            slot.sent();
            let failure = match self.transport.send(request, deadline, progress).await {
                Ok(answer) => {
                    slot.settled();
                    self.give_connection_back().await;
                    self.learn(&answer, &slot);
                    let status = answer.status;
                    let result = answer.into_result(&request.defaults, &self.shared.config.key);
                    self.tell_attempt(request, progress, &slot, Some(status), result.as_ref().err());
                    return result;
                }
                Err(failure) => failure,
            };
            match (progress.has_left(), failure.error.kind()) {
                (false, _) => slot.unsent(),
                (true, ErrorKind::Timeout) => {}
                (true, _) => slot.settled(),
            }
            if !failure.died_idle {
                self.tell_attempt(request, progress, &slot, failure.error.http_status(), Some(&failure.error));
                return Err(failure.error);
            }
            progress.forget_attempt();
            if !progress.allows_another_attempt() {
                return Err(Error::cancelled());
            }
        }
    }

    /// Where all permits are taken, the next call must find this one's connection, or else it opens another.
    async fn give_connection_back(&self) {
        if self.shared.permits.available_permits() == 0 {
            connections_have_noticed().await;
        }
    }

    /// What an answer means for the account: a 429 stops everybody for a while.
    fn learn(&self, answer: &Answer, slot: &Slot) {
        if answer.status == 429 {
            let wait = self.shared.limiter.pause(slot.taken_at(), answer.retry_after);
            self.tell(|| Event::Pause { wait });
        } else {
            self.shared.limiter.recovered(slot.taken_at());
        }
    }

    fn tell<'a>(&self, event: impl FnOnce() -> Event<'a>) {
        if let Some(observer) = &self.shared.config.observer {
            observer.tell(&event());
        }
    }

    fn tell_attempt(
        &self,
        request: &Request,
        progress: &Progress,
        slot: &Slot,
        http_status: Option<u16>,
        error: Option<&Error>,
    ) {
        self.tell(|| Event::Attempt {
            operation: request.operation,
            session_id: &request.session_id,
            attempt: progress.attempts(),
            http_status,
            error: error.map(Error::code),
            elapsed: slot.taken_at().elapsed(),
        });
    }

    /// The right to send one request now: under `max_concurrency`, and under the account's limits.
    async fn admission(&self, deadline: Option<Instant>) -> Result<(SemaphorePermit<'_>, Slot), Error> {
        let Shared { config, permits, waiting, limiter, .. } = &*self.shared;
        if let Some(deadline) = deadline {
            let wait = limiter.least_wait(&config.rate_limits, waiting.load(Ordering::Relaxed));
            if Instant::now() + wait > deadline {
                return Err(too_long(wait));
            }
        }
        let asking = Asking::count(waiting);
        let permit = permits.acquire();
        let permit = match deadline {
            Some(deadline) => timeout_at(deadline, permit).await.map_err(|_| timed_out(true))?,
            None => permit.await,
        };
        let permit = permit.map_err(|_| Error::closed())?;
        drop(asking);
        let slot = limiter.acquire(&config.rate_limits, deadline).await;
        Ok((permit, slot.map_err(|TooLong { wait }| too_long(wait))?))
    }

    async fn unless_closed<F: Future>(&self, wait: F) -> Result<F::Output, Error> {
        let mut closed = self.shared.closed.subscribe();
        tokio::select! {
            biased;
            _ = closed.wait_for(|closed| *closed) => Err(Error::closed()),
            output = wait => Ok(output),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.shared.config.base_url.as_str()).finish_non_exhaustive()
    }
}

fn too_long(wait: Duration) -> Error {
    Error::new(
        ErrorKind::RateLimited,
        "The account's rate limit leaves no room in time.",
        format!("The next request could leave in {:.1} s, which is later than this call may take.", wait.as_secs_f64()),
    )
    .with_retryable(true)
    .with_retry_after(Some(wait))
}
