//! This process in the shared ledger: what it has to tell, what it was told, and when it asks again.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::process;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::exchange::{Age, Demand, IsLight, Reply, Request, Status};
use super::failure::Failure;
use crate::limiter::clock::{GRANT_TIME, Micros};
use crate::limiter::slowdown::{CHANCES, LONGEST_TOLD_PAUSE};

const MILLISECOND: Micros = 1000;
const SECOND: Micros = 1000 * MILLISECOND;

/// How often a process asks at least while it has slots that count: so it learns in time that the ledger has lost them.
const HEARTBEAT: Micros = SECOND;
/// How long ends wait for a request that asks anyway.
const TIME_TO_TELL: Micros = 50 * MILLISECOND;
/// How long requests of bulk calls wait for others that ask with them.
const TIME_TO_GATHER: Micros = 2 * MILLISECOND;
/// How long a process waits after a failure; it doubles, up to the longest.
const SHORTEST_RETRY: Micros = 50 * MILLISECOND;
const LONGEST_RETRY: Micros = 500 * MILLISECOND;
/// A failure is old if nobody has tried again for so long.
const OLD: Micros = SECOND;
/// So much a clock may be off before it has jumped, beside a thousandth of the time that has passed.
const CLOCK_TOLERANCE: Micros = 20 * MILLISECOND;
/// What the API's limits need.
const LONGEST_PERIOD: Micros = 300 * SECOND;
/// Slots that are taken without the ledger have numbers from here on.
const FIRST_OWN_NUMBER: u64 = 1 << 40;
/// How many waiting requests are told of.
const MAX_WAITING: usize = 1000;

/// Whether the ledger can be reached.
#[derive(Clone, Debug)]
pub(in crate::limiter) enum Contact {
    /// Not asked yet.
    None,
    Reached,
    Lost {
        since: Micros,
        failure: Failure,
    },
}

#[derive(Debug)]
pub(in crate::limiter) struct Participant {
    process: String,
    call: u64,
    epoch: Micros,
    version: u64,
    lost: &'static str,
    next: u64,
    /// The number of the next slot that is taken without the ledger, beyond all that it gives.
    own_next: u64,
    must_replay: bool,
    /// All slots that still count, by their numbers.
    slots: BTreeMap<u64, OwnSlot>,
    /// Numbers of slots that the ledger does not know, whose ends it does not know, that were not used.
    untaken: Vec<u64>,
    untold: Vec<u64>,
    unused: Vec<u64>,
    asked: u64,
    refusal: Option<(Micros, Option<Micros>)>,
    accepted: Option<Micros>,
    pause_until: Micros,
    longest_period: Micros,
    heartbeat: Micros,
    contact: Contact,
    failures: u32,
    /// The ledger's clock, and the times of ours between which it was read.
    last_reading: Option<Reading>,
    last_exchange: Micros,
    /// What had no slot after the last exchange, light and heavy, of each set.
    unserved: Vec<(usize, usize)>,
    next_exchange: Option<Micros>,
    is_under_way: bool,
}

#[derive(Clone, Copy, Debug)]
struct OwnSlot {
    is_light: bool,
    /// When it has ended, or is presumed to.
    end: Micros,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    time: Micros,
    sent_at: Micros,
    read_at: Micros,
}

/// What an exchange was for: what of it is told when it has succeeded.
#[derive(Debug)]
pub(in crate::limiter) struct Told {
    pub(in crate::limiter) request: Request,
    pub(in crate::limiter) sent_at: Micros,
    untaken: usize,
    untold: usize,
    unused: usize,
    refusal: Option<(Micros, Option<Micros>)>,
    accepted: Option<Micros>,
}

/// A slot that was granted: the index of its set, and whether it is for a light call.
#[derive(Clone, Copy, Debug)]
pub(in crate::limiter) struct Granted {
    pub(in crate::limiter) number: u64,
    pub(in crate::limiter) set: usize,
    pub(in crate::limiter) is_light: bool,
}

impl Participant {
    pub(in crate::limiter) fn new() -> Self {
        Self::named(new_identity())
    }

    /// The participant with this name, which no other may have.
    pub(super) fn named(process: String) -> Self {
        Self {
            process,
            call: 0,
            epoch: 0,
            version: 0,
            lost: "",
            next: 1,
            own_next: FIRST_OWN_NUMBER,
            must_replay: false,
            slots: BTreeMap::new(),
            untaken: Vec::new(),
            untold: Vec::new(),
            unused: Vec::new(),
            asked: 0,
            refusal: None,
            accepted: None,
            pause_until: 0,
            longest_period: LONGEST_PERIOD,
            heartbeat: HEARTBEAT,
            contact: Contact::None,
            failures: 0,
            last_reading: None,
            last_exchange: 0,
            unserved: Vec::new(),
            next_exchange: None,
            is_under_way: false,
        }
    }

    pub(in crate::limiter) fn contact(&self) -> &Contact {
        &self.contact
    }

    /// The epoch that it knows; 0 if it knows none.
    pub(in crate::limiter) fn epoch(&self) -> Micros {
        self.epoch
    }

    /// Forgets a failure that is old: nobody has tried again since.
    pub(in crate::limiter) fn try_again(&mut self, now: Micros) {
        if matches!(self.contact, Contact::Lost { .. }) && now > self.last_exchange + OLD && !self.is_under_way {
            self.contact = Contact::None;
            self.failures = 0;
            self.schedule(now);
        }
    }

    // ---- what happens in the process ----

    /// A client has joined that has a limit of this period.
    pub(in crate::limiter) fn note_period(&mut self, period: Micros) {
        self.longest_period = self.longest_period.max(period);
        self.heartbeat = self.heartbeat.min((period / 4).max(TIME_TO_TELL));
    }

    /// A request of a light call has come to ask.
    pub(in crate::limiter) fn asks(&mut self) {
        self.asked = (self.asked + 1).min(MAX_WAITING as u64);
    }

    /// The ledger can't know what is sent now: it has to begin anew.
    pub(in crate::limiter) fn works_without_ledger(&mut self) {
        self.lost = "a share of the limits was used without it";
    }

    /// The thread that speaks to the ledger has ended in the middle of an exchange.
    pub(in crate::limiter) fn is_abandoned(&mut self) {
        self.is_under_way = false;
    }

    /// A slot was taken without the ledger. Returns its number.
    pub(in crate::limiter) fn took(&mut self, lease: Micros, now: Micros) -> u64 {
        let number = self.own_next;
        self.own_next += 1;
        self.slots.insert(number, OwnSlot { is_light: false, end: now + lease });
        self.untaken.push(number);
        number
    }

    /// The request of a slot has ended, or ends no later than `end`.
    pub(in crate::limiter) fn ended(&mut self, number: u64, end: Micros, now: Micros) {
        #[cfg(feature = "test-util")]
        if super::faults::stamps_at_sending() && self.slots.get(&number).is_some_and(|slot| slot.end <= now) {
            return;
        }
        if let Some(slot) = self.slots.get_mut(&number) {
            slot.end = end;
            self.untold.push(number);
            self.schedule(now + TIME_TO_TELL);
        }
    }

    /// Nothing was sent for a slot.
    pub(in crate::limiter) fn not_used(&mut self, number: u64, now: Micros) {
        if self.slots.remove(&number).is_some() {
            // The ledger never knew of one that was taken without it, unless it is being told.
            if number < FIRST_OWN_NUMBER || self.is_under_way || !self.untaken.contains(&number) {
                self.unused.push(number);
            }
            self.schedule(now + TIME_TO_TELL);
        }
    }

    /// A request that was sent at `sent_at` was answered by 429.
    pub(in crate::limiter) fn refused(&mut self, sent_at: Micros, wait: Option<Micros>, now: Micros) {
        let (latest, longest) = self.refusal.unwrap_or_default();
        self.refusal = Some((latest.max(sent_at), longest.max(wait)));
        self.schedule(now);
    }

    /// The API took a request that was sent at `sent_at`.
    pub(in crate::limiter) fn accepted(&mut self, sent_at: Micros) {
        self.accepted = self.accepted.max(Some(sent_at));
    }

    /// Requests wait, of light and of heavy calls of each set: asks at once for those that the ledger knows nothing of.
    pub(in crate::limiter) fn waits(&mut self, waiting: &[(bool, bool)], now: Micros) {
        let unserved = |set: usize| self.unserved.get(set).copied().unwrap_or_default();
        let mut earliest = None;
        for (set, (light, heavy)) in waiting.iter().enumerate() {
            let (known_light, known_heavy) = unserved(set);
            if *light && known_light == 0 {
                earliest = Some(now);
            } else if *heavy && known_heavy == 0 && known_light == 0 {
                earliest = earliest.or(Some(now + TIME_TO_GATHER));
            }
        }
        if let Some(time) = earliest
            && !matches!(self.contact, Contact::Lost { .. })
        {
            self.schedule(time);
        }
    }

    /// Tells what is to tell as soon as possible.
    pub(in crate::limiter) fn hurry(&mut self, now: Micros) {
        if self.has_something_to_tell() {
            self.schedule(now);
        }
    }

    pub(in crate::limiter) fn has_something_to_tell(&self) -> bool {
        !(self.untaken.is_empty() && self.untold.is_empty() && self.unused.is_empty() && self.refusal.is_none())
    }

    /// Whether nothing of it counts any more.
    pub(in crate::limiter) fn is_blank(&mut self, now: Micros) -> bool {
        self.forget(now);
        self.slots.is_empty() && !self.has_something_to_tell()
    }

    /// When the next exchange is due; none if there is nothing to tell and to ask.
    pub(in crate::limiter) fn next_exchange(&self, is_waiting: bool) -> Option<Micros> {
        if let Contact::Lost { .. } = self.contact {
            let is_needed = is_waiting || !self.slots.is_empty() || self.has_something_to_tell();
            return is_needed.then_some(self.last_exchange + self.retry_time());
        }
        let is_alive = is_waiting || !self.slots.is_empty();
        let heartbeat = is_alive.then_some(self.last_exchange + self.heartbeat);
        self.next_exchange.into_iter().chain(heartbeat).min()
    }

    /// For tests: as if it had sent nothing.
    #[cfg(test)]
    pub(super) fn forget_all(&mut self) {
        self.slots.clear();
    }

    fn retry_time(&self) -> Micros {
        (SHORTEST_RETRY << self.failures.saturating_sub(1).min(8)).min(LONGEST_RETRY)
    }

    fn schedule(&mut self, time: Micros) {
        self.next_exchange = Some(self.next_exchange.map_or(time, |earlier| earlier.min(time)));
    }

    fn forget(&mut self, now: Micros) {
        let period = self.longest_period;
        self.slots.retain(|_, slot| slot.end + period > now);
    }

    // ---- exchanges ----

    /// What is to tell and to ask now.
    pub(in crate::limiter) fn begin(&mut self, sets: Vec<Demand>, lease: Micros, now: Micros) -> Told {
        self.forget(now);
        let slots = &self.slots;
        self.untaken.retain(|number| slots.contains_key(number));
        self.untold.retain(|number| slots.contains_key(number));
        self.call += 1;
        self.is_under_way = true;
        self.unserved = sets.iter().map(|demand| (demand.light as usize, demand.heavy as usize)).collect();
        self.next_exchange = None;
        self.last_exchange = now;
        let age = |time: Micros| now as Age - time as Age;
        let slot = |(number, slot): (u64, &OwnSlot)| (number, IsLight::from(slot.is_light), age(slot.end));
        let taken: Vec<_> = if self.must_replay {
            self.slots.iter().map(|(number, it)| slot((*number, it))).collect()
        } else {
            self.untaken.iter().filter_map(|number| Some(slot((*number, self.slots.get(number)?)))).collect()
        };
        let request = Request {
            process: self.process.clone(),
            call: self.call,
            epoch: self.epoch,
            version: self.version,
            lost: self.lost.to_owned(),
            chance: fastrand::u64(0..CHANCES),
            next: self.next,
            lease,
            sets,
            asked: self.asked,
            taken,
            ended: self.untold.iter().filter_map(|number| Some((*number, age(self.slots.get(number)?.end)))).collect(),
            unused: self.unused.clone(),
            refusal: self.refusal.map_or_else(Vec::new, |(sent_at, wait)| {
                vec![age(sent_at), wait.map_or(-1, |wait| wait.min(LONGEST_TOLD_PAUSE) as i64)]
            }),
            accepted: self.accepted.map_or(-1, age),
            pause: if self.must_replay { self.pause_until.saturating_sub(now) } else { 0 },
        };
        Told {
            request,
            sent_at: now,
            untaken: self.untaken.len(),
            untold: self.untold.len(),
            unused: self.unused.len(),
            refusal: self.refusal,
            accepted: self.accepted,
        }
    }

    /// The ledger has answered. Returns the slots that may be used now.
    pub(in crate::limiter) fn end(&mut self, told: &Told, reply: &Reply, now: Micros) -> Vec<Granted> {
        self.is_under_way = false;
        self.failures = 0;
        self.contact = Contact::Reached;
        let has_jumped = self.has_clock_jumped(told, reply, now);
        self.last_reading = Some(Reading { time: reply.time, sent_at: told.sent_at, read_at: now });
        match reply.status {
            Status::Late => self.schedule(now),
            Status::Replay => {
                // One after the other: the ledger is not what it should be.
                self.schedule(if self.must_replay { now + SHORTEST_RETRY } else { now });
                (self.epoch, self.version, self.lost, self.must_replay) = (reply.epoch, reply.version, "", true);
                #[cfg(feature = "test-util")]
                if super::faults::has_no_replay() {
                    self.slots.clear();
                }
            }
            Status::Done => return self.end_done(told, reply, has_jumped, now),
        }
        Vec::new()
    }

    fn end_done(&mut self, told: &Told, reply: &Reply, has_jumped: bool, now: Micros) -> Vec<Granted> {
        self.version = reply.version;
        self.must_replay = false;
        self.asked = self.asked.saturating_sub(told.request.asked);
        self.untaken.drain(..told.untaken);
        self.untold.drain(..told.untold);
        self.unused.drain(..told.unused);
        if self.accepted == told.accepted {
            self.accepted = None;
        }
        if self.refusal == told.refusal {
            self.refusal = None;
        }
        self.pause_until = now + reply.pause;
        let demands = told.request.sets.iter();
        self.unserved = demands.map(|demand| (demand.light as usize, demand.heavy as usize)).collect();
        let mut granted = Vec::new();
        for (number, grant) in (told.request.next..).zip(&reply.grants) {
            let (set, is_light) = ((grant / 2) as usize, grant % 2 == 0);
            self.next = number + 1;
            self.slots.insert(number, OwnSlot { is_light, end: told.sent_at + told.request.lease });
            if let Some((light, heavy)) = self.unserved.get_mut(set) {
                let unserved = if is_light { light } else { heavy };
                *unserved = unserved.saturating_sub(1);
            }
            #[cfg(feature = "test-util")]
            if super::faults::stamps_at_sending() {
                self.ended(number, now, now);
            }
            granted.push(Granted { number, set, is_light });
        }
        if let Some(look) = reply.look {
            self.schedule(now + look);
        }
        if has_jumped {
            self.lost = "its clock jumped";
            self.schedule(now);
        }
        // What the ledger did not know when it granted them makes them worthless.
        if !self.lost.is_empty() || now >= told.sent_at + GRANT_TIME {
            granted.drain(..).for_each(|slot| self.not_used(slot.number, now));
        }
        granted
    }

    /// The ledger could not be reached, or refuses. Returns whether that is new.
    pub(in crate::limiter) fn fail(&mut self, told: &Told, failure: Failure) -> bool {
        self.is_under_way = false;
        self.failures += 1;
        self.unserved.clear();
        let (since, is_new) = match self.contact {
            Contact::Lost { since, .. } => (since, false),
            _ => (told.sent_at, true),
        };
        self.contact = Contact::Lost { since, failure };
        is_new
    }

    /// Whether the ledger's clock can't have gone as ours has since the last exchange.
    fn has_clock_jumped(&self, told: &Told, reply: &Reply, now: Micros) -> bool {
        let Some(last) = self.last_reading.filter(|_| reply.epoch == self.epoch) else { return false };
        let (least, most) = (told.sent_at - last.read_at.min(told.sent_at), now - last.sent_at);
        let tolerance = CLOCK_TOLERANCE + most / 1000;
        reply.time + tolerance < last.time + least || reply.time > last.time + most + tolerance
    }
}

/// What an exchange asks for, from what waits.
pub(in crate::limiter) fn demand(limits: Vec<(u64, Micros, u64)>, light: usize, heavy: usize) -> Demand {
    Demand { limits, light: light.min(MAX_WAITING) as u64, heavy: heavy.min(MAX_WAITING) as u64 }
}

/// A name that no other process has, a forked child included: its random numbers are those of its parent.
fn new_identity() -> String {
    let mut hash = Sha256::new();
    hash.update(process::id().to_le_bytes());
    hash.update(RandomState::new().build_hasher().finish().to_le_bytes());
    hash.update(format!("{:?}", SystemTime::now()));
    hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
