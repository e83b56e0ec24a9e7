//! The ledger of an account: a plain state machine. Moves go in, grants come out, and the time is an argument.
//!
//! It knows no clock, no lock and no task. A *member* is a client, with its limits and its room for requests in flight. A
//! *flow* is one call of a member, single or bulk, and a *waiter* is one request of a flow that waits for a slot.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::clock::{Micros, micros};
use super::ends::Ends;
use super::flow::{Flow, FlowId, Member, MemberId, Room, WaiterId};
use super::limit::Limit;
use super::slowdown::{CHANCES, Slowdown};
use super::supply::{Credits, Supply};
use crate::config::RateLimit;

/// What a slot adds to the tag of its flow.
const TURN: u64 = 1 << 20;

/// What became of the request that a slot was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing was sent: the slot is free at once.
    Unsent,
    /// The request can't arrive any more: it was answered, or its connection broke.
    Known,
    /// The request may still arrive for so long.
    Unknown(Micros),
}

/// The requests of an account, as far as they still count, and who waits to send one.
///
/// It has no hash maps: it lives as long as the process, and leak checkers report their memory, which is known by its middle.
#[derive(Debug)]
pub(super) struct Ledger {
    in_flight: usize,
    ended: Ends,
    max_requests: usize,
    longest_period: Micros,
    /// When flows that hold few slots asked for one, oldest first.
    light_asks: VecDeque<(Micros, FlowId)>,
    /// Of `in_flight` and `ended`, the part of these flows.
    light_in_flight: usize,
    light_ended: Ends,
    members: BTreeMap<MemberId, Member>,
    flows: BTreeMap<FlowId, Flow>,
    waiting: BTreeMap<WaiterId, FlowId>,
    /// The tag with which a flow begins to wait.
    virtual_time: u64,
    last_id: u64,
    slowdown: Slowdown,
    supply: Supply,
    /// The sets of limits that members have had, in the order in which they came.
    sets: Vec<Vec<Limit>>,
}

/// A grant, and the number of its slot in the shared ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) waiter: WaiterId,
    pub(super) number: Option<u64>,
}

/// The requests that wait under one set of limits: of flows that are light, and of those that leave a reserve to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) limits: Vec<Limit>,
    pub(super) light: usize,
    pub(super) heavy: usize,
}

impl Default for Ledger {
    /// It remembers what the limits of the API need, whatever limits the first clients have.
    fn default() -> Self {
        let limits = RateLimit::OF_THE_API.map(|limit| Limit::new(limit, 0.0));
        Self {
            in_flight: 0,
            ended: Ends::default(),
            max_requests: limits.iter().map(|limit| limit.requests).max().unwrap_or(0),
            longest_period: limits.iter().map(|limit| limit.period).max().unwrap_or(0),
            light_asks: VecDeque::new(),
            light_in_flight: 0,
            light_ended: Ends::default(),
            members: BTreeMap::new(),
            flows: BTreeMap::new(),
            waiting: BTreeMap::new(),
            virtual_time: 0,
            last_id: 0,
            slowdown: Slowdown::default(),
            supply: Supply::default(),
            sets: Vec::new(),
        }
    }
}

impl Ledger {
    // ---- moves ----

    pub(super) fn join(&mut self, limits: &[RateLimit], reserve: f64, max_in_flight: usize) -> MemberId {
        let limits: Vec<_> = limits.iter().map(|limit| Limit::new(*limit, reserve)).collect();
        for limit in &limits {
            self.max_requests = self.max_requests.max(limit.requests);
            self.longest_period = self.longest_period.max(limit.period);
        }
        let (light, heavy) = Default::default();
        let set = self.sets.iter().position(|set| *set == limits).unwrap_or_else(|| {
            self.sets.push(limits.clone());
            self.sets.len() - 1
        });
        let id = self.new_id();
        self.members.insert(id, Member { limits, set, room: Room::new(max_in_flight), in_flight: 0, light, heavy });
        id
    }

    /// From now on slots come from there.
    pub(super) fn set_supply(&mut self, supply: Supply) {
        self.supply = supply;
    }

    pub(super) fn leave(&mut self, member: MemberId) {
        self.members.remove(&member);
    }

    pub(super) fn open_flow(&mut self, member: MemberId) -> FlowId {
        let id = self.new_id();
        let (waiters, ended) = Default::default();
        self.flows.insert(id, Flow { member, tag: 0, waiters, in_flight: 0, ended, was_heavy: false });
        id
    }

    pub(super) fn close_flow(&mut self, flow: FlowId) {
        self.flows.remove(&flow);
    }

    /// A request of `flow` waits for a slot.
    pub(super) fn ask(&mut self, flow: FlowId, now: Micros) -> WaiterId {
        let waiter = self.new_id();
        self.note_ask(flow, now);
        self.enqueue(flow, waiter, now);
        waiter
    }

    /// Takes a slot at once, if nobody waits and the limits allow it.
    pub(super) fn take(&mut self, flow: FlowId, now: Micros) -> bool {
        if !self.waiting.is_empty() || matches!(self.supply, Supply::Shared(_)) {
            return false;
        }
        self.forget(now);
        let is_free = self.slowdown.earliest(now) <= now && self.may_pass(flow, now);
        if is_free {
            self.note_ask(flow, now);
            if let Some(flow) = self.flows.get_mut(&flow) {
                flow.tag = flow.tag.max(self.virtual_time);
            }
            self.grant_to(flow, now);
        }
        is_free
    }

    /// The waiter does not want a slot any more.
    pub(super) fn withdraw(&mut self, waiter: WaiterId) {
        let Some(id) = self.waiting.remove(&waiter) else { return };
        let Some(flow) = self.flows.get_mut(&id) else { return };
        flow.waiters.remove(&waiter);
        if flow.waiters.is_empty() {
            let (member, entry) = (flow.member, (flow.tag, id));
            self.dequeue(member, entry);
        }
    }

    /// The request of a slot has ended.
    pub(super) fn end(&mut self, member: MemberId, flow: FlowId, end: End, now: Micros) {
        self.in_flight -= 1;
        if let Some(member) = self.members.get_mut(&member) {
            member.in_flight -= 1;
            if end == End::Known {
                member.room.widen(now);
            }
        }
        let mut flow = self.flows.get_mut(&flow);
        if let Some(flow) = &mut flow {
            flow.in_flight -= 1;
            self.light_in_flight -= usize::from(!flow.was_heavy);
        }
        let ended_at = match end {
            End::Unsent => return,
            End::Known => now,
            End::Unknown(lease) => now + lease,
        };
        self.ended.add(ended_at);
        if let Some(flow) = flow {
            flow.ended.add(ended_at);
            if !flow.was_heavy {
                self.light_ended.add(ended_at);
            }
        }
    }

    /// A request of `member` got no connection, for want of descriptors. Returns whether others of it are in flight, at whose end it
    /// may have theirs: until then no more of them are.
    pub(super) fn narrow(&mut self, member: MemberId, now: Micros) -> bool {
        let Some(member) = self.members.get_mut(&member) else { return false };
        member.room.narrow(member.in_flight, now);
        member.in_flight > 1
    }

    /// A grant was not taken up: the waiter waits again, as the first of its flow.
    pub(super) fn take_back(&mut self, member: MemberId, flow: FlowId, waiter: WaiterId, now: Micros) {
        self.end(member, flow, End::Unsent, now);
        self.enqueue(flow, waiter, now);
    }

    /// Nobody sends before `wait` is over, or a time of our own choice. Returns when that is.
    pub(super) fn pause(&mut self, sent_at: Micros, wait: Option<Duration>, now: Micros) -> Micros {
        self.slowdown.pause(sent_at, wait.map(micros), fastrand::u64(0..CHANCES), now)
    }

    /// The API took a request that was sent at `sent_at`.
    pub(super) fn recovered(&mut self, sent_at: Micros) {
        self.slowdown.recovered(sent_at);
    }

    // ---- grants ----

    /// Gives the next slot to the first waiter, in turn, that its limits and its member let pass.
    pub(super) fn grant(&mut self, now: Micros) -> Option<Grant> {
        if self.waiting.is_empty() || self.slowdown.earliest(now) > now {
            return None;
        }
        self.forget(now);
        let (_, id) = self.members.values().filter_map(|member| self.next_flow(member, now)).min()?;
        let flow = self.flows.get_mut(&id)?;
        let waiter = flow.waiters.pop_first()?;
        self.waiting.remove(&waiter);
        let number = self.grant_to(id, now);
        Some(Grant { waiter, number })
    }

    /// When the next slot may be granted; none if that depends on the end of a request in flight, or nobody waits.
    pub(super) fn look_at(&self, now: Micros) -> Option<Micros> {
        let members = self.members.values().filter(|member| !member.is_full());
        let earliest = members.filter_map(|member| self.earliest_of_member(member, now)).min()?;
        Some(earliest.max(self.slowdown.earliest(now)))
    }

    /// Whether there are light and heavy flows with requests that could leave if there were slots, under each set of limits.
    pub(super) fn waits(&self) -> Vec<(bool, bool)> {
        let mut waits = vec![(false, false); self.sets.len()];
        for member in self.members.values().filter(|member| !member.is_full()) {
            waits[member.set].0 |= !member.light.is_empty();
            waits[member.set].1 |= !member.heavy.is_empty();
        }
        waits
    }

    /// Whether the request that asked last counts as one of a light call.
    pub(super) fn is_light_ask(&self, flow: FlowId, now: Micros) -> bool {
        let Some(flow) = self.flows.get(&flow) else { return false };
        let Some(member) = self.members.get(&flow.member) else { return false };
        flow.waiters.len() <= flow.light_room(&member.limits, now)
    }

    /// The slots that the shared ledger has granted and nobody has.
    pub(super) fn credits(&mut self) -> Option<&mut Credits> {
        if let Supply::Shared(credits) = &mut self.supply { Some(credits) } else { None }
    }

    /// Nobody sends before `time`.
    pub(super) fn hold_until(&mut self, time: Micros) {
        self.slowdown.hold_until(time);
    }

    /// How many requests wait and could leave if there were slots, under each set of limits.
    pub(super) fn demand(&self, now: Micros) -> Vec<Waiting> {
        let mut demand: Vec<_> =
            self.sets.iter().map(|limits| Waiting { limits: limits.clone(), light: 0, heavy: 0 }).collect();
        for member in self.members.values() {
            let room = member.room.get().saturating_sub(member.in_flight);
            let flows = member.light.iter().chain(&member.heavy).filter_map(|(_, id)| self.flows.get(id));
            let of_flows = flows.map(|flow| (flow.waiters.len(), flow.light_room(&member.limits, now)));
            let (light, all) =
                of_flows.fold((0, 0), |(light, all), (count, room)| (light + count.min(room), all + count));
            let light = light.min(room);
            demand[member.set].light += light;
            demand[member.set].heavy += all.min(room) - light;
        }
        demand
    }

    /// A time before which no request of `member` gets a slot, whatever the others do.
    pub(super) fn bound(&self, member: MemberId, now: Micros) -> Micros {
        let of_limit = |limit: &Limit| self.ended.time_of_most(limit.requests - 1, limit.period, now);
        let earliest = self.slowdown.earliest(now);
        match (self.members.get(&member), &self.supply) {
            (Some(member), Supply::Own) => member.limits.iter().map(of_limit).fold(earliest, Micros::max),
            (Some(member), Supply::Shared(credits)) => earliest.max(credits.bound(member.set)),
            _ => earliest,
        }
    }

    /// How long a request of `flow` has to wait for the account's limits; none if they are not what it waits for.
    pub(super) fn wait_for_limits(&self, flow: FlowId, now: Micros) -> Option<Micros> {
        let flow = self.flows.get(&flow)?;
        let member = self.members.get(&flow.member)?;
        if let Supply::Shared(credits) = &self.supply {
            let time = credits.bound(member.set).max(credits.look_at).max(self.slowdown.earliest(now));
            return (time > now).then(|| time - now);
        }
        let full = member.limits.iter().filter(|limit| self.free(limit, now) <= self.left(limit, flow, now));
        let time = full.map(|limit| self.earliest_under(limit, flow, now).unwrap_or(now + limit.period));
        let time = time.fold(self.slowdown.earliest(now), Micros::max);
        (time > now).then(|| time - now)
    }

    // ---- what is asked of it ----

    /// Some waiter; the one that is likely to be next.
    pub(super) fn some_waiter(&self) -> Option<WaiterId> {
        let first = |member: &Member| member.light.first().or(member.heavy.first()).copied();
        let (_, flow) = self.members.values().filter_map(first).min()?;
        self.flows.get(&flow)?.waiters.first().copied()
    }

    /// Whether no client is left.
    pub(super) fn is_deserted(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether nothing in it counts any more.
    pub(super) fn is_blank(&mut self, now: Micros) -> bool {
        self.forget(now);
        self.members.is_empty() && self.in_flight == 0 && self.ended.is_empty() && self.slowdown.is_over(now)
    }

    // ---- inside ----

    fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn forget(&mut self, now: Micros) {
        self.ended.forget(self.longest_period, self.max_requests, now);
        self.light_ended.forget(self.longest_period, self.max_requests, now);
        let period = self.longest_period;
        let past = self.light_asks.partition_point(|(asked_at, _)| asked_at + period <= now);
        let surplus = self.light_asks.len().saturating_sub(self.max_requests / 2);
        self.light_asks.drain(..past.max(surplus));
    }

    fn note_ask(&mut self, flow: FlowId, now: Micros) {
        if self.flows.get(&flow).is_some_and(|flow| !flow.was_heavy) {
            self.light_asks.push_back((now, flow));
        }
    }

    fn enqueue(&mut self, id: FlowId, waiter: WaiterId, now: Micros) {
        let Some(flow) = self.flows.get_mut(&id) else { return };
        self.waiting.insert(waiter, id);
        let was_idle = flow.waiters.is_empty();
        flow.waiters.insert(waiter);
        if was_idle {
            flow.tag = flow.tag.max(self.virtual_time);
            self.queue(id, now);
        }
    }

    /// Puts a flow with waiters into its member's queue.
    fn queue(&mut self, id: FlowId, now: Micros) {
        let Some(flow) = self.flows.get(&id) else { return };
        let entry = (flow.tag, id);
        let Some(member) = self.members.get_mut(&flow.member) else { return };
        if flow.is_heavy_for_any(&member.limits, now) {
            member.heavy.insert(entry);
        } else {
            member.light.insert(entry);
        }
    }

    fn dequeue(&mut self, member: MemberId, entry: (u64, FlowId)) {
        if let Some(member) = self.members.get_mut(&member) {
            member.light.remove(&entry);
            member.heavy.remove(&entry);
        }
    }

    /// Returns the number of the slot in the shared ledger, if it comes from there.
    fn grant_to(&mut self, id: FlowId, now: Micros) -> Option<u64> {
        let number = self.take_from_supply(id, now);
        let share_of_turn = TURN / (self.waiting_flows() + 1);
        let flow = self.flows.get_mut(&id)?;
        let (member, entry) = (flow.member, (flow.tag, id));
        // Who was passed over has its turn at once, but does not make up for all the turns that it could not use.
        let turn = flow.tag.max(self.virtual_time.saturating_sub(TURN));
        self.virtual_time = self.virtual_time.max(flow.tag) + share_of_turn;
        flow.tag = turn + TURN;
        flow.in_flight += 1;
        flow.ended.forget(self.longest_period, self.max_requests, now);
        let has_waiters = !flow.waiters.is_empty();
        self.light_in_flight += usize::from(!flow.was_heavy);
        self.in_flight += 1;
        self.slowdown.count(now);
        self.dequeue(member, entry);
        if let Some(member) = self.members.get_mut(&member) {
            member.in_flight += 1;
        }
        self.note_weight(id, now);
        if has_waiters {
            self.queue(id, now);
        }
        number
    }

    fn waiting_flows(&self) -> u64 {
        self.members.values().map(|member| member.light.len() + member.heavy.len()).sum::<usize>() as u64
    }

    fn take_from_supply(&mut self, id: FlowId, now: Micros) -> Option<u64> {
        let flow = self.flows.get(&id)?;
        let member = self.members.get(&flow.member)?;
        match &mut self.supply {
            Supply::Own => None,
            Supply::Shared(_) if member.limits.is_empty() => None,
            Supply::Shared(credits) => credits.take(member.set, flow.is_heavy_for_any(&member.limits, now)),
            Supply::Share(share) => {
                share.count();
                None
            }
        }
    }

    /// A flow that has become heavy is not one of those that the reserve is for: what it asked for and holds does not count.
    fn note_weight(&mut self, id: FlowId, now: Micros) {
        let Some(flow) = self.flows.get_mut(&id) else { return };
        let Some(member) = self.members.get(&flow.member) else { return };
        if !flow.was_heavy && flow.is_heavy_for_any(&member.limits, now) {
            flow.was_heavy = true;
            self.light_asks.retain(|(_, asker)| *asker != id);
            self.light_in_flight -= flow.in_flight;
            flow.ended.iter().for_each(|end| self.light_ended.remove(end));
        }
    }

    fn free(&self, limit: &Limit, now: Micros) -> usize {
        limit.requests.saturating_sub(self.in_flight + self.ended.count(limit.period, now))
    }

    /// When at least `count` slots of `limit` are free; none if that depends on requests in flight.
    fn time_of_free(&self, limit: &Limit, count: usize, now: Micros) -> Option<Micros> {
        let most = limit.requests.checked_sub(self.in_flight + count)?;
        Some(self.ended.time_of_most(most, limit.period, now))
    }

    /// How many slots of `limit` a heavy flow has to leave free: what the other flows asked for in the last window and do
    /// not hold already, or the least.
    fn reserved(&self, limit: &Limit, now: Micros) -> usize {
        if limit.reserve == 0 {
            return 0;
        }
        let asked = self.light_asks.len() - self.past_asks(limit, now);
        let held = self.light_in_flight + self.light_ended.count(limit.period, now);
        asked.saturating_sub(held).clamp(limit.reserve, limit.requests / 2)
    }

    /// How many free slots of `limit` the flow may not take.
    fn left(&self, limit: &Limit, flow: &Flow, now: Micros) -> usize {
        if flow.is_heavy(limit, now) { self.reserved(limit, now) } else { 0 }
    }

    fn first_ask(&self, limit: &Limit, now: Micros) -> Option<Micros> {
        self.light_asks.get(self.past_asks(limit, now)).map(|(asked_at, _)| *asked_at)
    }

    fn past_asks(&self, limit: &Limit, now: Micros) -> usize {
        self.light_asks.partition_point(|(asked_at, _)| asked_at + limit.period <= now)
    }

    fn may_pass(&self, id: FlowId, now: Micros) -> bool {
        let Some(flow) = self.flows.get(&id) else { return false };
        let Some(member) = self.members.get(&flow.member) else { return false };
        if member.is_full() {
            return false;
        }
        let passes = |limit: &Limit| self.free(limit, now) > self.left(limit, flow, now);
        match &self.supply {
            _ if member.limits.is_empty() => true,
            Supply::Own => member.limits.iter().all(passes),
            Supply::Shared(credits) => credits.has(member.set, flow.is_heavy_for_any(&member.limits, now)),
            Supply::Share(share) => {
                member.limits.iter().all(|limit| share.earliest(limit.period, now) <= now && passes(&limit.of(share)))
            }
        }
    }

    /// The flow of `member` whose turn is first among those that may pass.
    fn next_flow(&self, member: &Member, now: Micros) -> Option<(u64, FlowId)> {
        // What is true for one light flow is true for all of them.
        let light = member.light.first().filter(|(_, flow)| self.may_pass(*flow, now));
        let heavy = member.heavy.iter().find(|(_, flow)| self.may_pass(*flow, now));
        light.into_iter().chain(heavy).min().copied()
    }

    fn earliest_of_member(&self, member: &Member, now: Micros) -> Option<Micros> {
        let flows = member.light.first().into_iter().chain(&member.heavy);
        let flows = flows.filter_map(|(_, id)| self.flows.get(id));
        flows.filter_map(|flow| self.earliest_of_flow(flow, &member.limits, now)).min()
    }

    fn earliest_of_flow(&self, flow: &Flow, limits: &[Limit], now: Micros) -> Option<Micros> {
        limits.iter().try_fold(now, |latest, limit| {
            let earliest = match &self.supply {
                Supply::Own => self.earliest_under(limit, flow, now)?,
                // The shared ledger tells.
                Supply::Shared(_) => return None,
                Supply::Share(share) => {
                    self.earliest_under(&limit.of(share), flow, now)?.max(share.earliest(limit.period, now))
                }
            };
            Some(latest.max(earliest))
        })
    }

    fn earliest_under(&self, limit: &Limit, flow: &Flow, now: Micros) -> Option<Micros> {
        if !flow.is_heavy(limit, now) {
            return self.time_of_free(limit, 1, now);
        }
        let reserved = self.reserved(limit, now);
        let free = self.time_of_free(limit, reserved + 1, now);
        free.into_iter().chain(self.next_change(flow, limit, reserved, now)).min()
    }

    /// When the reserve shrinks, or the flow holds fewer slots.
    fn next_change(&self, flow: &Flow, limit: &Limit, reserved: usize, now: Micros) -> Option<Micros> {
        let ask = self.first_ask(limit, now).filter(|_| reserved > limit.reserve);
        let own = flow.ended.first(limit.period, now);
        ask.into_iter().chain(own).min().map(|time| time + limit.period)
    }
}
