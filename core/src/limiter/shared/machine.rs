//! The shared ledger of an account: the state machine behind a file. `machine.lua` is the same one for Redis, step by step.
//!
//! A slot counts until one window after its end. While its request is under way its end is presumed: the lease.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::exchange::{Age, Demand, Reply, Request, Status};
use crate::limiter::clock::Micros;
use crate::limiter::slowdown::Slowdown;

/// A new epoch rests for the shortest window, and for so long at least: every process has told of its slots by then.
const SHORTEST_REST: Micros = 3_000_000;
/// The rest where the first process names no limits.
const USUAL_REST: Micros = 5_000_000;
/// What the API's limits need, whatever limits the first processes have.
const LONGEST_PERIOD: Micros = 300_000_000;
const MAX_REQUESTS: u64 = 1000;
/// How many slots a process gets for heavy calls at once, so that processes which begin together share from the start.
const MAX_HEAVY_GRANTS: u64 = 16;
/// A process that asks so much later than it was told to is not waiting any more.
const LATE: Micros = 1_000_000;
/// A process that waits asks again after so long at the latest.
const LONGEST_LOOK: Micros = 1_000_000;
/// A process asks again after so long at least, where slots are free that are for others.
const SHORTEST_LOOK: Micros = 10_000;
/// Where only heavy calls wait, it asks so much later, for more slots at once.
const TIME_TO_GATHER: Micros = 30_000;
/// How long a process that does not wait is remembered.
const MEMORY: Micros = 60_000_000;

/// Everything that the ledger of an account knows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Machine {
    epoch: Micros,
    version: u64,
    /// When it was asked last.
    time: Micros,
    rest_until: Micros,
    reason: String,
    virtual_time: u64,
    longest_period: Micros,
    most_requests: u64,
    slowdown: Slowdown,
    /// Of each process, by their numbers.
    slots: BTreeMap<String, BTreeMap<u64, Slot>>,
    /// When light calls asked.
    asks: Vec<Micros>,
    processes: BTreeMap<String, Process>,
}

/// Short in the file: there may be thousands.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(from = "(Micros, bool)", into = "(Micros, bool)")]
struct Slot {
    end: Micros,
    is_light: bool,
}

impl From<(Micros, bool)> for Slot {
    fn from((end, is_light): (Micros, bool)) -> Self {
        Self { end, is_light }
    }
}

impl From<Slot> for (Micros, bool) {
    fn from(slot: Slot) -> Self {
        (slot.end, slot.is_light)
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Process {
    seen: Micros,
    /// When it was to ask again.
    due: Micros,
    call: u64,
    /// The largest number of a slot that it was granted.
    top: u64,
    /// The turn of its next slot.
    tag: u64,
    demands: Vec<Demand>,
}

/// A process in the distribution of the free slots.
struct Candidate {
    tag: u64,
    process: String,
    demands: Vec<Demand>,
    is_asking: bool,
}

/// What is taken while free slots are distributed, beside what the ledger has.
struct Distribution<'a> {
    ends: &'a [Micros],
    light_ends: &'a [Micros],
    asks: &'a [Micros],
    now: Micros,
    taken: u64,
    light_taken: u64,
    heavy_grants: u64,
}

impl Machine {
    /// One exchange with a process.
    pub(super) fn exchange(&mut self, request: &Request, now: Micros) -> Reply {
        if let Some(reason) = self.loss(request, now) {
            self.begin_epoch(request, reason, now);
        } else if self.processes.get(&request.process).is_some_and(|process| request.call <= process.call) {
            return Reply { status: Status::Late, ..self.reply(now) };
        }
        if request.epoch != self.epoch {
            return Reply { status: Status::Replay, ..self.reply(now) };
        }
        self.longest_period = self.longest_period.max(LONGEST_PERIOD);
        self.most_requests = self.most_requests.max(MAX_REQUESTS);
        for (requests, period, _) in request.sets.iter().flat_map(|set| &set.limits) {
            self.longest_period = self.longest_period.max(*period);
            self.most_requests = self.most_requests.max(*requests);
        }
        self.record(request, now);
        self.forget(now);
        let reply = self.grant(request, now);
        self.version += 1;
        self.time = now;
        Reply { version: self.version, ..reply }
    }

    /// Why the ledger can't be what it was, if it can't.
    fn loss(&self, request: &Request, now: Micros) -> Option<String> {
        let reason = if self.epoch == 0 {
            if request.epoch == 0 { "first use" } else { "its data is gone" }
        } else if now < self.time {
            "its clock went back"
        } else if request.epoch > self.epoch || (request.epoch == self.epoch && self.version < request.version) {
            "an older state came back"
        } else if request.epoch == self.epoch && !request.lost.is_empty() {
            &request.lost
        } else {
            return None;
        };
        Some(reason.to_owned())
    }

    fn begin_epoch(&mut self, request: &Request, reason: String, now: Micros) {
        let periods = request.sets.iter().flat_map(|set| &set.limits).map(|(_, period, _)| *period);
        let rest = periods.min().map_or(USUAL_REST, |period| period.max(SHORTEST_REST));
        let epoch = now.max(self.epoch + 1).max(request.epoch + 1);
        *self = Self { epoch, reason, time: now, rest_until: now + rest, ..Self::default() };
    }

    fn reply(&self, now: Micros) -> Reply {
        Reply {
            time: now,
            epoch: self.epoch,
            version: self.version,
            rest: self.rest_until.saturating_sub(now),
            reason: self.reason.clone(),
            pause: self.slowdown.earliest(now) - now,
            ..Reply::default()
        }
    }

    /// Writes down what the process tells.
    fn record(&mut self, request: &Request, now: Micros) {
        let process = self.processes.entry(request.process.clone()).or_default();
        let slots = self.slots.entry(request.process.clone()).or_default();
        slots.retain(|number, _| *number < request.next || *number > process.top);
        process.call = request.call;
        process.seen = now;
        for (number, is_light, age) in &request.taken {
            slots.insert(*number, Slot { end: before(now, *age), is_light: *is_light == 1 });
        }
        for (number, age) in &request.ended {
            if let Some(slot) = slots.get_mut(number) {
                slot.end = before(now, *age);
            }
        }
        for number in &request.unused {
            slots.remove(number);
        }
        for _ in 0..request.asked.min(self.most_requests / 2) {
            self.asks.push(now);
        }
        if let [age, wait] = request.refusal[..] {
            let wait = Micros::try_from(wait).ok();
            self.slowdown.pause(before(now, age), wait, request.chance, now);
        }
        if request.accepted >= 0 {
            self.slowdown.recovered(before(now, request.accepted));
        }
        if request.pause > 0 {
            self.slowdown.hold_until(now + request.pause);
        }
    }

    fn forget(&mut self, now: Micros) {
        let past = now.saturating_sub(self.longest_period);
        self.slots.retain(|_, slots| {
            slots.retain(|_, slot| slot.end > past);
            !slots.is_empty()
        });
        self.asks.retain(|asked_at| *asked_at > past);
        let surplus = self.asks.len().saturating_sub((self.most_requests / 2) as usize);
        self.asks.drain(..surplus);
        self.processes.retain(|_, process| process.is_waiting(now) || process.seen + MEMORY > now);
    }

    /// Gives the process what is its own of the free slots.
    fn grant(&mut self, request: &Request, now: Micros) -> Reply {
        let own = &request.process;
        let was_waiting = self.processes.get(own).is_some_and(|process| total(&process.demands) > 0);
        let mut candidates: Vec<_> = (self.processes.iter())
            .filter(|(name, process)| *name != own && process.is_waiting(now))
            .map(|(name, process)| Candidate {
                tag: process.tag,
                process: name.clone(),
                demands: process.demands.clone(),
                is_asking: false,
            })
            .collect();
        let mut tag = self.processes.get(own).map_or(0, |process| process.tag);
        if !was_waiting {
            tag = tag.max(self.virtual_time);
        }
        let asking = Candidate { tag, process: own.clone(), demands: request.sets.clone(), is_asking: true };
        candidates.push(asking);

        let (ends, light_ends) = self.ends();
        let mut distribution = Distribution::new(&ends, &light_ends, &self.asks, now);
        let earliest = self.slowdown.earliest(now).max(self.rest_until);
        let mut grants = Vec::new();
        if earliest <= now {
            let most = if self.slowdown.is_paced() { 1 } else { u64::MAX };
            grants = distribution.run(&mut candidates, most);
        }
        let asking = candidates.iter().position(|candidate| candidate.is_asking).expect("it was put there");
        let asking = candidates.swap_remove(asking);
        if !grants.is_empty() {
            self.virtual_time = self.virtual_time.max(asking.tag - 1);
        }
        for (number, grant) in (request.next..).zip(&grants) {
            let slot = Slot { end: now + request.lease, is_light: grant % 2 == 0 };
            self.slots.entry(own.clone()).or_default().insert(number, slot);
            self.slowdown.count(now);
        }
        let reply = self.look(&asking, &candidates, earliest, &grants, now);
        let process = self.processes.get_mut(own).expect("it was recorded");
        process.tag = asking.tag;
        process.top = (request.next + grants.len() as u64).saturating_sub(1);
        process.due = reply.look.map_or(0, |look| now + look);
        process.demands = asking.demands;
        Reply { grants, ..reply }
    }

    /// When the process has to ask again, and what it has to know meanwhile.
    fn look(&self, asking: &Candidate, others: &[Candidate], earliest: Micros, grants: &[u64], now: Micros) -> Reply {
        let (ends, light_ends) = self.ends();
        let distribution = Distribution::new(&ends, &light_ends, &self.asks, now);
        let ahead = (others.iter())
            .filter(|other| total(&other.demands) > 0 && (other.tag, &other.process) < (asking.tag, &asking.process))
            .count() as u64;
        let heavy_grants = grants.iter().filter(|grant| *grant % 2 == 1).count() as u64;
        let earliest = self.slowdown.earliest(now).max(earliest);
        let mut wait = 0;
        let look = if total(&asking.demands) == 0 {
            None
        } else if earliest > now {
            Some((earliest - now).min(LONGEST_LOOK))
        } else {
            let settled: Vec<_> = ends.iter().map(|end| now.min(*end)).collect();
            wait = Distribution::new(&settled, &light_ends, &self.asks, now).wait(&asking.demands, ahead);
            let look = distribution.wait(&asking.demands, ahead);
            let has_light = asking.demands.iter().any(|demand| demand.light > 0);
            let look = match heavy_grants >= MAX_HEAVY_GRANTS {
                true => look,
                false if has_light => look.max(SHORTEST_LOOK),
                false => look + TIME_TO_GATHER,
            };
            Some(look.min(LONGEST_LOOK))
        };
        let bounds = asking.demands.iter().map(|demand| distribution.bound(demand).max(earliest) - now).collect();
        let free = asking.demands.iter().map(|demand| {
            demand.limits.iter().map(|(requests, period, _)| distribution.free(*requests, *period)).collect()
        });
        Reply { look, wait, bounds, free: free.collect(), ..self.reply(now) }
    }

    /// The ends of all slots, and of those of light calls, in order.
    fn ends(&self) -> (Vec<Micros>, Vec<Micros>) {
        let slots = || self.slots.values().flat_map(BTreeMap::values);
        let mut ends: Vec<_> = slots().map(|slot| slot.end).collect();
        let mut light: Vec<_> = slots().filter(|slot| slot.is_light).map(|slot| slot.end).collect();
        ends.sort_unstable();
        light.sort_unstable();
        (ends, light)
    }
}

impl Process {
    fn is_waiting(&self, now: Micros) -> bool {
        total(&self.demands) > 0 && self.due + LATE >= now
    }
}

impl<'a> Distribution<'a> {
    fn new(ends: &'a [Micros], light_ends: &'a [Micros], asks: &'a [Micros], now: Micros) -> Self {
        Self { ends, light_ends, asks, now, taken: 0, light_taken: 0, heavy_grants: 0 }
    }

    /// Gives free slots in turn, `most` at most, until the process that asks has what it gets. Returns its slots.
    fn run(&mut self, candidates: &mut [Candidate], most: u64) -> Vec<u64> {
        let mut grants = Vec::new();
        let mut may_pass = vec![true; candidates.len()];
        while self.taken < most {
            let places = (0..candidates.len()).filter(|place| may_pass[*place]);
            let Some(place) = places.min_by(|a, b| candidates[*a].turn().cmp(&candidates[*b].turn())) else { break };
            let candidate = &mut candidates[place];
            match self.class_that_passes(candidate) {
                Some(class) => {
                    let demand = &mut candidate.demands[(class / 2) as usize];
                    candidate.tag += 1;
                    self.taken += 1;
                    if class % 2 == 0 {
                        demand.light -= 1;
                        self.light_taken += 1;
                    } else {
                        demand.heavy -= 1;
                    }
                    if candidate.is_asking {
                        self.heavy_grants += class % 2;
                        grants.push(class);
                    }
                }
                None if candidate.is_asking => break,
                None => may_pass[place] = false,
            }
        }
        grants
    }

    fn class_that_passes(&self, candidate: &Candidate) -> Option<u64> {
        let may_be_heavy = !candidate.is_asking || self.heavy_grants < MAX_HEAVY_GRANTS;
        let light = (0..).zip(&candidate.demands).find(|(_, it)| it.light > 0 && self.lets_pass(it, false));
        let heavy =
            || (0..).zip(&candidate.demands).find(|(_, it)| it.heavy > 0 && may_be_heavy && self.lets_pass(it, true));
        light.map(|(set, _)| 2 * set).or_else(|| heavy().map(|(set, _)| 2 * set + 1))
    }

    fn lets_pass(&self, demand: &Demand, is_heavy: bool) -> bool {
        demand.limits.iter().all(|limit| self.free(limit.0, limit.1) > self.left(*limit, is_heavy))
    }

    fn free(&self, requests: u64, period: Micros) -> u64 {
        requests.saturating_sub(count(self.ends, period, self.now) + self.taken)
    }

    /// How many slots of a limit the call has to leave free.
    fn left(&self, (requests, period, reserve): (u64, Micros, u64), is_heavy: bool) -> u64 {
        if !is_heavy || reserve == 0 {
            return 0;
        }
        let held = count(self.light_ends, period, self.now) + self.light_taken;
        count(self.asks, period, self.now).saturating_sub(held).min(requests / 2).max(reserve)
    }

    /// How long the first of `demands` waits for a slot behind `ahead` others, as far as it is known.
    fn wait(&self, demands: &[Demand], ahead: u64) -> Micros {
        let times = demands.iter().flat_map(|demand| {
            let light = (demand.light > 0).then(|| self.time_of_free(demand, false, ahead));
            let heavy = (demand.heavy > 0).then(|| self.time_of_free(demand, true, ahead));
            light.into_iter().chain(heavy)
        });
        times.min().unwrap_or(self.now) - self.now
    }

    /// When a slot is free behind `ahead` others, as far as it is known.
    fn time_of_free(&self, demand: &Demand, is_heavy: bool, ahead: u64) -> Micros {
        let time = |limit: &(u64, Micros, u64)| {
            let most = limit.0.saturating_sub(self.left(*limit, is_heavy) + ahead + 1);
            time_of_most(self.ends, most, limit.1, self.now)
        };
        demand.limits.iter().map(time).max().unwrap_or(self.now)
    }

    /// A time before which no request has a slot, even if those under way turn out not to have been sent.
    fn bound(&self, demand: &Demand) -> Micros {
        let ended = &self.ends[..self.ends.partition_point(|end| *end <= self.now)];
        let time = |(requests, period, _): &(u64, Micros, u64)| time_of_most(ended, requests - 1, *period, self.now);
        demand.limits.iter().map(time).max().unwrap_or(self.now)
    }
}

impl Candidate {
    fn turn(&self) -> (u64, &str) {
        (self.tag, &self.process)
    }
}

fn total(demands: &[Demand]) -> u64 {
    demands.iter().map(|demand| demand.light + demand.heavy).sum()
}

/// How many are in the window of this length that ends now, or later.
fn count(times: &[Micros], period: Micros, now: Micros) -> u64 {
    (times.len() - times.partition_point(|time| time + period <= now)) as u64
}

/// When at most `most` are left in the window; now if that is so already.
fn time_of_most(ends: &[Micros], most: u64, period: Micros, now: Micros) -> Micros {
    match ends.len().checked_sub(most as usize + 1) {
        Some(last_to_leave) => now.max(ends[last_to_leave] + period),
        None => now,
    }
}

fn before(now: Micros, age: Age) -> Micros {
    now.saturating_add_signed(age.saturating_neg())
}
