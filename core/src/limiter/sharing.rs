//! What a process does with the ledger that it shares with others, or without it while that is gone.

use std::collections::VecDeque;
use std::time::Duration;

use super::clock::{GRANT_TIME, Micros, micros};
use super::ledger::{End, Ledger};
use super::shared::{Contact, Failure, Participant, Reply, Status, Told};
use super::slowdown::LONGEST_TOLD_PAUSE;
use super::supply::{Cap, Credits, Share, Supply};
use super::{NOTABLE_WAIT, Terms};
use crate::shared_limits::SharedLimitsFallback;

/// A ledger that was gone for so long fails single calls.
const MAX_TIME_GONE: Micros = 5_000_000;
/// The rest before a share of the limits is used, where no limits are known.
const USUAL_REST: Micros = 5_000_000;
/// How many news are kept for clients that do not ask for them.
const MAX_NEWS: usize = 64;

/// Something that happened to the shared ledger.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum News {
    Reached,
    Resting { wait: Duration, reason: String },
    Lost { reason: String },
    FallbackBegan { share: f64, wait: Duration },
    FallbackEnded,
    Evicts { policy: String },
    Waiting { wait: Duration },
}

/// A process that shares its limits with others.
#[derive(Debug)]
pub(super) struct Sharing {
    pub(super) participant: Participant,
    fallback: SharedLimitsFallback,
    /// How long a request may take from its grant until it can't arrive any more.
    pub(super) lease: Micros,
    shortest: Option<(Micros, u32)>,
    /// Periods, and how many requests were free as the ledger told last.
    free: Vec<(Micros, u64)>,
    /// When it told that.
    free_at: Micros,
    uses_share: bool,
    /// The end of the wait that was told of last.
    waiting_until: Micros,
    news: VecDeque<(u64, News)>,
}

impl Sharing {
    pub(super) fn new(fallback: SharedLimitsFallback) -> Self {
        Self {
            participant: Participant::new(),
            fallback,
            lease: GRANT_TIME,
            shortest: None,
            free: Vec::new(),
            free_at: 0,
            uses_share: false,
            waiting_until: 0,
            news: VecDeque::new(),
        }
    }

    pub(super) fn note_terms(&mut self, terms: &Terms<'_>) {
        self.lease = self.lease.max(2 * micros(terms.timeout) + GRANT_TIME);
        for limit in terms.limits {
            let period = micros(limit.period);
            self.participant.note_period(period);
            if self.shortest.is_none_or(|(shortest, _)| period < shortest) {
                self.shortest = Some((period, limit.requests));
            }
        }
    }

    /// A slot is taken that the ledger has not granted. Returns its number.
    pub(super) fn took(&mut self, now: Micros) -> u64 {
        if self.uses_share {
            self.participant.works_without_ledger();
        }
        self.participant.took(self.lease, now)
    }

    pub(super) fn asks(&mut self, is_light: bool, now: Micros) {
        if is_light {
            self.participant.asks();
        }
        self.participant.try_again(now);
    }

    pub(super) fn end(&mut self, number: u64, end: End, now: Micros) {
        match end {
            End::Unsent => self.participant.not_used(number, now),
            End::Known => self.participant.ended(number, now, now),
            End::Unknown(lease) => self.participant.ended(number, now + lease, now),
        }
    }

    /// Nobody of this process sends before `wait` is over, or a while; the ledger tells the others. Returns when that is.
    pub(super) fn pause(
        &mut self,
        ledger: &mut Ledger,
        sent_at: Micros,
        wait: Option<Duration>,
        now: Micros,
    ) -> Micros {
        const UNTIL_THE_LEDGER_TELLS: Micros = 500_000;
        self.participant.refused(sent_at, wait.map(micros), now);
        let until = now + wait.map_or(UNTIL_THE_LEDGER_TELLS, |wait| micros(wait).min(LONGEST_TOLD_PAUSE));
        ledger.hold_until(until);
        until
    }

    /// What was granted and not taken goes back, and what waits is asked for.
    pub(super) fn after_dispatch(&mut self, ledger: &mut Ledger, now: Micros) {
        for number in ledger.credits().map(Credits::drain).unwrap_or_default() {
            self.participant.not_used(number, now);
        }
        self.participant.waits(&ledger.waits(), now);
    }

    /// Why a request that waits has to give up, if the ledger is the reason.
    pub(super) fn failure(&self, is_patient: bool, deadline: Option<Micros>, now: Micros) -> Option<Failure> {
        let is_late = deadline.is_some_and(|deadline| deadline <= now);
        match self.participant.contact() {
            Contact::None => is_late.then(|| Failure::passing("it has not answered yet")),
            Contact::Reached => None,
            Contact::Lost { failure, .. } if failure.is_lasting => Some(failure.clone()),
            Contact::Lost { .. } if self.uses_share => None,
            Contact::Lost { since, failure } => {
                (is_late || (!is_patient && now >= since + MAX_TIME_GONE)).then(|| failure.clone())
            }
        }
    }

    /// The ledger has answered.
    pub(super) fn learn(&mut self, ledger: &mut Ledger, told: &Told, reply: &Reply, now: Micros) {
        let was_reached = matches!(self.participant.contact(), Contact::Reached);
        let is_new_epoch = reply.epoch != self.participant.epoch();
        let granted = self.participant.end(told, reply, now);
        if !was_reached {
            self.tell(News::Reached);
        }
        if self.uses_share {
            self.uses_share = false;
            self.tell(News::FallbackEnded);
        }
        if is_new_epoch && reply.rest > 0 {
            let wait = Duration::from_micros(reply.rest);
            self.tell(News::Resting { wait, reason: reply.reason.clone() });
        }
        let wait = Duration::from_micros(reply.wait);
        if wait >= NOTABLE_WAIT && self.waiting_until <= now {
            self.waiting_until = now + reply.wait;
            self.tell(News::Waiting { wait });
        }
        if ledger.credits().is_none() {
            ledger.set_supply(Supply::Shared(Credits::default()));
        }
        let Some(credits) = ledger.credits() else { return };
        for slot in granted {
            credits.add(slot.set, slot.is_light, slot.number);
        }
        credits.look_at = reply.look.map_or(0, |look| now + look);
        let sets = &told.request.sets;
        let certain = reply.rest.max(reply.pause);
        for set in 0..sets.len() {
            credits.set_bound(set, now + reply.bounds.get(set).map_or(certain, |bound| certain.max(*bound)));
        }
        if reply.status == Status::Done {
            let limits = sets.iter().flat_map(|set| &set.limits).map(|(_, period, _)| *period);
            self.free_at = now;
            self.free = limits.zip(reply.free.iter().flatten().copied()).collect();
        }
    }

    /// The exchange has failed. Returns whether all who wait have to learn it.
    pub(super) fn fail(&mut self, ledger: &mut Ledger, told: &Told, failure: Failure, now: Micros) -> bool {
        let is_lasting = failure.is_lasting;
        let text = failure.text.clone();
        if self.participant.fail(told, failure) {
            self.tell(News::Lost { reason: text });
        }
        let Contact::Lost { since, .. } = *self.participant.contact() else { return false };
        match self.fallback {
            SharedLimitsFallback::Share(share) if !is_lasting && !self.uses_share => {
                self.uses_share = true;
                let share = self.share(share, since);
                let wait = Duration::from_micros(share.begins_at.saturating_sub(now));
                self.tell(News::FallbackBegan { share: share.share, wait });
                ledger.set_supply(Supply::Share(share));
            }
            _ => {}
        }
        is_lasting || now >= since + MAX_TIME_GONE
    }

    /// A share of the limits: what others have sent before counts in the shortest window, in which nothing is sent, and in the
    /// longer ones as far as it was known a short window ago.
    fn share(&self, share: f64, since: Micros) -> Share {
        let (shortest, requests) = self.shortest.unwrap_or((USUAL_REST, 0));
        let is_known = since <= self.free_at + shortest;
        let longer = self.free.iter().filter(|(period, _)| is_known && *period > shortest);
        let caps = longer.map(|(period, free)| Cap {
            period: *period,
            until: since + period,
            // Others may have had so many since this process was told.
            left: (free.saturating_sub(u64::from(requests)) as f64 * share) as usize,
        });
        Share { share, begins_at: since + GRANT_TIME + shortest, caps: caps.collect() }
    }

    /// Whether the ledger does not know all yet, and can be told.
    pub(super) fn has_news_for_the_ledger(&self) -> bool {
        matches!(self.participant.contact(), Contact::Reached) && self.participant.has_something_to_tell()
    }

    pub(super) fn tell(&mut self, news: News) {
        if self.news.len() == MAX_NEWS {
            self.news.pop_front();
        }
        self.news.push_back((self.last_news() + 1, news));
    }

    pub(super) fn last_news(&self) -> u64 {
        self.news.back().map_or(0, |(number, _)| *number)
    }

    pub(super) fn news_after(&self, seen: u64) -> Vec<News> {
        self.news.iter().filter(|(number, _)| *number > seen).map(|(_, news)| news.clone()).collect()
    }
}
