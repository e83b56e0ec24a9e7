//! One call from its request to its outcome: admission, attempts, retries.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::answer::Answer;
use crate::config::Config;
use crate::error::{Error, ErrorKind};
use crate::limiter::{Flow, Member, NOTABLE_WAIT, News, Refused, Slot, Terms, of_account};
use crate::model::Session;
use crate::observer::{Event, SharedLimitsEvent};
use crate::ops::Request;
use crate::progress::Progress;
use crate::retry::{LONGEST_WAIT, RetryBudget, Reuse, wait_before};
use crate::trace;
use crate::transport::{Failure, Transport, Via, timed_out};

/// What all clones of a client share.
#[derive(Clone)]
pub(crate) struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    config: Config,
    transport: Transport,
    /// This client in its account's budget.
    member: Arc<Member>,
    retries: RetryBudget,
    reuse: Reuse,
    closed: watch::Sender<bool>,
    /// The end of the wait that was told of last.
    waiting_until: Mutex<Option<Instant>>,
}

impl Engine {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let shared = Shared {
            member: of_account(config)?.join(&Terms {
                limits: &config.rate_limits,
                reserve: config.reserve,
                max_in_flight: config.max_concurrency as usize,
                timeout: config.timeout,
            }),
            retries: RetryBudget::new(),
            reuse: Reuse::new(),
            closed: watch::Sender::new(false),
            waiting_until: Mutex::default(),
            transport: Transport::new(config)?,
            config: config.clone(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    pub(crate) fn config(&self) -> &Config {
        &self.shared.config
    }

    pub(crate) fn max_concurrency(&self) -> usize {
        self.shared.config.max_concurrency as usize
    }

    /// Calls that wait, and all later ones, fail; requests in flight end as they would. Idle connections are closed.
    pub(crate) fn close(&self) {
        self.shared.closed.send_replace(true);
        self.shared.transport.close();
    }

    /// As [`Limiter::settle`](crate::limiter::Limiter::settle).
    pub(crate) fn settle(&self, time: Duration) {
        self.shared.member.limiter().settle(time);
    }

    /// As [`Transport::close_idle_driven_during_calls`].
    pub(crate) fn close_idle_driven_during_calls(&self) {
        self.shared.transport.close_idle_driven_during_calls();
    }

    /// As [`Transport::is_driven_during_calls`].
    pub(crate) fn is_driven_during_calls(&self, runtime: Handle) {
        self.shared.transport.is_driven_during_calls(runtime);
    }

    /// As [`Transport::look_at_connections`].
    pub(crate) async fn look_at_connections(&self) {
        self.shared.transport.look_at_connections().await;
    }

    /// As [`Transport::is_closing`].
    pub(crate) fn are_connections_closing(&self) -> bool {
        self.shared.transport.is_closing()
    }

    /// As [`Transport::closing`].
    pub(crate) async fn connections_closing(&self) {
        self.shared.transport.closing().await;
    }

    /// As [`execute`](Self::execute), within the total time limit.
    pub(crate) async fn call(&self, request: &Request, progress: &Arc<Progress>) -> Result<Session, Error> {
        let deadline = self.shared.config.total_timeout.map(|limit| Instant::now() + limit);
        self.execute(&self.open_flow(false), request, deadline, progress).await
    }

    /// A call begins, single or bulk, which has its turns among the calls of the account.
    pub(crate) fn open_flow(&self, is_bulk: bool) -> Flow {
        self.shared.member.open_flow(is_bulk)
    }

    /// Sends `request` until it is settled, or must not be sent again.
    pub(crate) async fn execute(
        &self,
        flow: &Flow,
        request: &Request,
        deadline: Option<Instant>,
        progress: &Arc<Progress>,
    ) -> Result<Session, Error> {
        trace::in_span(request, self.attempt_until_settled(flow, request, deadline, progress)).await
    }

    async fn attempt_until_settled(
        &self,
        flow: &Flow,
        request: &Request,
        deadline: Option<Instant>,
        progress: &Arc<Progress>,
    ) -> Result<Session, Error> {
        let mut last_error = None;
        let mut via = Via::Any;
        for retry in 1.. {
            match self.attempt(flow, request, via, deadline, progress).await {
                Ok(session) => {
                    self.shared.retries.deposit(last_error.as_ref());
                    return Ok(session);
                }
                Err(Failure { error, on_used_connection, .. }) => {
                    progress.end_attempt(&error);
                    via = if on_used_connection { Via::New } else { Via::Any };
                    let error = match progress.allows_another_attempt() {
                        true => self.wait_to_retry(retry, error, request, deadline, progress).await,
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
        progress: &Progress,
    ) -> Result<Error, Error> {
        let Shared { config, member, retries, .. } = &*self.shared;
        let may_repeat = request.is_idempotent || !error.may_have_been_applied();
        let is_of_use = error.retryable() && error.kind() != ErrorKind::LimitsUnavailable;
        if retry > config.max_retries || !is_of_use || !may_repeat {
            return Err(error);
        }
        let time_left = deadline.map_or(LONGEST_WAIT, |deadline| deadline.saturating_duration_since(Instant::now()));
        let is_limited = error.kind() == ErrorKind::RateLimited;
        let wait = if is_limited {
            member.least_wait().max(error.retry_after().unwrap_or_default())
        } else {
            wait_before(retry, &error)
        };
        if time_left.is_zero() || wait > time_left {
            return Err(if is_limited { error.with_retry_after(Some(wait)) } else { error });
        }
        if !retries.withdraw(&error) {
            return Err(error);
        }
        self.emit(|| Event::Retry {
            operation: request.operation,
            session_id: &request.session_id,
            attempt: progress.attempts(),
            error: error.kind(),
            wait,
        });
        // Where it is the account's limit, the limiter waits, in turn with everybody else.
        if !is_limited && self.unless_closed(sleep(wait)).await.is_err() {
            return Err(error);
        }
        Ok(error)
    }

    /// One request and its answer. Where the request met a connection that had died idle, it is sent once more, on a new one.
    async fn attempt(
        &self,
        flow: &Flow,
        request: &Request,
        via: Via,
        deadline: Option<Instant>,
        progress: &Arc<Progress>,
    ) -> Result<Session, Failure> {
        let Shared { reuse, transport, .. } = &*self.shared;
        let via = if reuse.is_allowed() {
            via
        } else {
            transport.close_idle();
            Via::New
        };
        let failure = match self.exchange(flow, request, via, deadline, progress).await {
            Err(failure) if failure.died_idle && request.is_idempotent => failure,
            result => return result,
        };
        reuse.failed();
        progress.end_attempt(&failure.error);
        if !progress.allows_another_attempt() {
            return Err(Error::cancelled().into());
        }
        self.exchange(flow, request, Via::New, deadline, progress).await
    }

    /// One request and its answer, once there is a slot and a connection for it.
    async fn exchange(
        &self,
        flow: &Flow,
        request: &Request,
        via: Via,
        deadline: Option<Instant>,
        progress: &Arc<Progress>,
    ) -> Result<Session, Failure> {
        loop {
            let mut slot = self.admission(flow, deadline).await?;
            progress.begin_attempt();
            let result = self.exchange_in(&mut slot, request, via, deadline, progress).await;
            let lacks_resources = result.as_ref().is_err_and(|failure| failure.lacks_resources);
            if !(lacks_resources && progress.allows_another_attempt() && slot.found_no_room()) {
                return result;
            }
            progress.take_back_attempt();
        }
    }

    async fn exchange_in(
        &self,
        slot: &mut Slot,
        request: &Request,
        via: Via,
        deadline: Option<Instant>,
        progress: &Arc<Progress>,
    ) -> Result<Session, Failure> {
        slot.sent(self.shared.config.timeout);
        let failure = match self.shared.transport.send(request, via, deadline, progress).await {
            Ok(answer) => {
                slot.settled();
                self.shared.reuse.answered();
                self.apply_backpressure(&answer, slot);
                let status = answer.status;
                let result = answer.into_result(&request.defaults, &self.shared.config.key);
                self.emit_attempt(request, progress, slot, Some(status), result.as_ref().err());
                return result.map_err(Failure::from);
            }
            Err(failure) => failure,
        };
        match (progress.has_left(), failure.error.kind()) {
            (false, _) => slot.unsent(),
            (true, ErrorKind::Timeout) => {}
            (true, _) => slot.settled(),
        }
        self.emit_attempt(request, progress, slot, failure.error.http_status(), Some(&failure.error));
        Err(failure)
    }

    /// What an answer means for the account: a 429 stops everybody for a while.
    fn apply_backpressure(&self, answer: &Answer, slot: &Slot) {
        if answer.status == 429 {
            let wait = self.shared.member.limiter().pause(slot.taken_at(), answer.retry_after);
            self.emit(|| Event::Pause { wait });
        } else {
            self.shared.member.limiter().recovered(slot.taken_at());
        }
    }

    fn emit<'a>(&self, event: impl FnOnce() -> Event<'a>) {
        let observer = self.shared.config.observer.as_ref();
        if observer.is_some() || cfg!(feature = "tracing") {
            let event = event();
            trace::event(&event);
            observer.into_iter().for_each(|observer| observer.notify(&event));
        }
    }

    fn emit_attempt(
        &self,
        request: &Request,
        progress: &Progress,
        slot: &Slot,
        http_status: Option<u16>,
        error: Option<&Error>,
    ) {
        self.emit(|| Event::Attempt {
            operation: request.operation,
            session_id: &request.session_id,
            attempt: progress.attempts(),
            http_status,
            error: error.map(Error::kind),
            elapsed: slot.taken_at().elapsed(),
        });
    }

    /// Tells of a long wait for the account's limits, once for all requests that wait.
    fn emit_waiting(&self, flow: &Flow) {
        let Shared { config, waiting_until, .. } = &*self.shared;
        let is_heard = config.observer.is_some() || cfg!(feature = "tracing");
        let wait = if is_heard { flow.wait_for_limits() } else { None };
        let Some(wait) = wait.filter(|wait| *wait >= NOTABLE_WAIT) else { return };
        let now = Instant::now();
        let mut until = waiting_until.lock().unwrap_or_else(PoisonError::into_inner);
        if until.is_none_or(|until| until <= now) {
            *until = Some(now + wait);
            drop(until);
            self.emit(|| Event::Waiting { wait });
        }
    }

    /// The right to send one request now: under `max_concurrency`, and under the account's limits.
    async fn admission(&self, flow: &Flow, deadline: Option<Instant>) -> Result<Slot, Error> {
        self.emit_waiting(flow);
        let slot = self.unless_closed(self.acquire(flow, deadline)).await?;
        slot.map_err(|refused| match refused {
            Refused::Unavailable { text, is_lasting } => limits_unavailable(&text, is_lasting),
            Refused::TooLong(wait) => too_long(wait),
            Refused::Expired => timed_out(true),
        })
    }

    /// Waits for a slot, and tells of what happens to the ledger that processes share meanwhile.
    async fn acquire(&self, flow: &Flow, deadline: Option<Instant>) -> Result<Slot, Refused> {
        let mut slot = flow.acquire(deadline);
        loop {
            tokio::select! {
                biased;
                slot = &mut slot => {
                    self.emit_news();
                    return slot;
                }
                () = self.shared.member.news() => self.emit_news(),
            }
        }
    }

    fn emit_news(&self) {
        for news in self.shared.member.take_news() {
            self.emit(|| match &news {
                News::Reached => Event::SharedLimits(SharedLimitsEvent::Reached),
                News::Resting { wait, reason } => {
                    Event::SharedLimits(SharedLimitsEvent::Resting { wait: *wait, reason })
                }
                News::Lost { reason } => Event::SharedLimits(SharedLimitsEvent::Lost { reason }),
                News::FallbackBegan { share, wait } => {
                    Event::SharedLimits(SharedLimitsEvent::FallbackBegan { share: *share, wait: *wait })
                }
                News::FallbackEnded => Event::SharedLimits(SharedLimitsEvent::FallbackEnded),
                News::Evicts { policy } => Event::SharedLimits(SharedLimitsEvent::Evicts { policy }),
                News::Waiting { wait } => Event::Waiting { wait: *wait },
            });
        }
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

fn too_long(wait: Duration) -> Error {
    Error::new(
        ErrorKind::RateLimited,
        "The account's rate limit leaves no room in time.",
        format!(
            "The next request could leave in {:.1} s, which is later than this call may take. For many sessions use a bulk call, which waits.",
            wait.as_secs_f64()
        ),
    )
    .with_retryable(true)
    .with_retry_after(Some(wait))
}

fn limits_unavailable(why: &str, is_lasting: bool) -> Error {
    Error::new(
        ErrorKind::LimitsUnavailable,
        "The shared ledger of the rate limits can't be used.",
        format!("Nothing was sent, because shared_limits has no answer: {}.", why.trim_end_matches('.')),
    )
    .with_retryable(!is_lasting)
}
