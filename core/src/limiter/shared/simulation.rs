//! Several processes and one ledger on a clock of their own: what arrives at the API is counted in every window.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::exchange::{Demand, Reply};
use super::failure::Failure;
use super::machine::Machine;
use super::participant::{Granted, Participant, Told, demand};
use crate::limiter::clock::{GRANT_TIME, Micros};

const MILLISECOND: Micros = 1000;
const SECOND: Micros = 1000 * MILLISECOND;
const LIMITS: [(u64, Micros, u64); 2] = [(20, SECOND, 1), (50, 6 * SECOND, 2)];
/// The time limit of an attempt.
const TIMEOUT: Micros = 2 * SECOND;
const LEASE: Micros = 2 * TIMEOUT + GRANT_TIME;
/// The thread that speaks to the ledger gives an exchange up after so long.
const LONGEST_EXCHANGE: Micros = 2 * SECOND;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    None,
    /// Exchanges come late, and answers are lost.
    Network,
    /// Processes are killed and others begin.
    Kills,
    /// The ledger loses everything.
    Loss,
    /// As `Loss`, and nobody tells what it has sent: the control.
    LossWithoutReplay,
    /// The ledger's clock is set.
    Clock,
}

enum Event {
    /// A process looks whether an exchange is due.
    Look(usize),
    AtLedger(usize, Told),
    Answer(usize, Told, Option<Reply>),
    Ask(usize),
    Arrival,
    End(usize, u64, Micros),
    Trouble,
}

struct Process {
    participant: Participant,
    light: usize,
    heavy: usize,
    exchanges: bool,
}

impl Process {
    /// Named by chance: the ledger serves in the order of names.
    fn new(chance: &mut fastrand::Rng) -> Self {
        let mut participant = Participant::named(format!("{:016x}", chance.u64(..)));
        LIMITS.iter().for_each(|(_, period, _)| participant.note_period(*period));
        Self { participant, light: 0, heavy: 0, exchanges: false }
    }

    fn demands(&self) -> Vec<Demand> {
        vec![demand(LIMITS.to_vec(), self.light, self.heavy)]
    }
}

struct Simulation {
    chance: fastrand::Rng,
    trouble: Trouble,
    now: Micros,
    /// What the ledger's clock is ahead.
    ahead: Micros,
    machine: Machine,
    processes: Vec<Process>,
    events: BTreeMap<(Micros, Reverse<u64>), Event>,
    last_event: u64,
    arrivals: Vec<Micros>,
}

impl Simulation {
    fn new(seed: u64, trouble: Trouble) -> Self {
        let mut chance = fastrand::Rng::with_seed(seed);
        let processes = (0..4).map(|_| Process::new(&mut chance)).collect();
        let mut simulation = Self {
            chance,
            trouble,
            now: SECOND,
            ahead: 1_000_000 * SECOND,
            machine: Machine::default(),
            processes,
            events: BTreeMap::new(),
            last_event: 0,
            arrivals: Vec::new(),
        };
        for process in 0..4 {
            simulation.after(0, Event::Ask(process));
        }
        simulation.after(5 * SECOND, Event::Trouble);
        simulation
    }

    fn after(&mut self, time: Micros, event: Event) {
        self.last_event += 1;
        self.events.insert((self.now + time, Reverse(self.last_event)), event);
    }

    fn up_to(&mut self, time: Micros) -> Micros {
        self.chance.u64(0..=time)
    }

    fn run(&mut self, until: Micros) {
        while let Some(((time, _), event)) = self.events.pop_first() {
            if time > until {
                return;
            }
            self.now = time;
            match event {
                Event::Ask(process) => self.ask(process),
                Event::Look(process) => self.look(process),
                Event::AtLedger(process, told) => self.exchange(process, told),
                Event::Answer(process, told, reply) => self.answer(process, &told, reply.as_ref()),
                Event::Arrival => self.arrivals.push(time),
                Event::End(process, number, end) => {
                    self.processes[process].participant.ended(number, end, time);
                    self.look(process);
                }
                Event::Trouble => self.make_trouble(),
            }
        }
    }

    fn ask(&mut self, process: usize) {
        let is_light = self.chance.u8(..3) == 0;
        let (light, heavy) = (self.chance.usize(..3), self.chance.usize(..10));
        let asking = &mut self.processes[process];
        if is_light {
            asking.light += light;
            (0..light).for_each(|_| asking.participant.asks());
        } else if asking.heavy < 30 {
            asking.heavy += heavy;
        }
        let next = self.up_to(SECOND / 2);
        self.after(next, Event::Ask(process));
        self.look(process);
    }

    fn look(&mut self, place: usize) {
        let now = self.now;
        let process = &mut self.processes[place];
        let waits = (process.light > 0, process.heavy > 0);
        process.participant.waits(&[waits], now);
        let due = process.participant.next_exchange(waits.0 || waits.1);
        match due {
            _ if process.exchanges => {}
            Some(due) if due > now => self.after(due - now, Event::Look(place)),
            Some(_) => {
                process.exchanges = true;
                let told = process.participant.begin(process.demands(), LEASE, now);
                let has_trouble = self.trouble == Trouble::Network && self.chance.u8(..20) == 0;
                let way = self.up_to(if has_trouble { 4 * SECOND } else { 5 * MILLISECOND });
                self.after(way, Event::AtLedger(place, told));
            }
            None => {}
        }
    }

    fn exchange(&mut self, place: usize, told: Told) {
        let reply = self.machine.exchange(&told.request, self.now + self.ahead);
        let is_lost = self.trouble == Trouble::Network && self.chance.u8(..20) == 0;
        let way = self.up_to(5 * MILLISECOND);
        let passed = self.now - told.sent_at;
        if passed + way >= LONGEST_EXCHANGE || is_lost {
            self.after(LONGEST_EXCHANGE.saturating_sub(passed), Event::Answer(place, told, None));
        } else {
            self.after(way, Event::Answer(place, told, Some(reply)));
        }
    }

    fn answer(&mut self, place: usize, told: &Told, reply: Option<&Reply>) {
        let now = self.now;
        let process = &mut self.processes[place];
        process.exchanges = false;
        match reply {
            None => drop(process.participant.fail(told, Failure::passing("lost"))),
            Some(reply) => {
                let epoch = process.participant.epoch();
                let granted = process.participant.end(told, reply, now);
                if self.trouble == Trouble::LossWithoutReplay && reply.epoch != epoch {
                    process.participant.forget_all();
                }
                for slot in granted {
                    self.use_slot(place, slot);
                }
            }
        }
        self.after(0, Event::Look(place));
    }

    /// A request of the process, if one waits: sent, and ended in one way or another.
    fn use_slot(&mut self, place: usize, slot: Granted) {
        let now = self.now;
        let process = &mut self.processes[place];
        let waiting = if slot.is_light { &mut process.light } else { &mut process.heavy };
        if *waiting == 0 || self.chance.u8(..20) == 0 {
            process.participant.not_used(slot.number, now);
            return;
        }
        *waiting -= 1;
        if self.chance.u8(..10) == 0 {
            // Its time limit passes, and it arrives before another one has passed.
            let arrives = self.up_to(2 * TIMEOUT);
            self.after(arrives, Event::Arrival);
            self.after(TIMEOUT, Event::End(place, slot.number, now + 2 * TIMEOUT));
        } else {
            let ends = self.up_to(TIMEOUT);
            let arrives = self.up_to(ends);
            self.after(arrives, Event::Arrival);
            self.after(ends, Event::End(place, slot.number, now + ends));
        }
    }

    fn make_trouble(&mut self) {
        match self.trouble {
            Trouble::None | Trouble::Network => {}
            Trouble::Loss | Trouble::LossWithoutReplay => self.machine = Machine::default(),
            Trouble::Clock => {
                let steps = [4 * SECOND, 5_000 * SECOND, SECOND];
                let step = steps[self.chance.usize(..3)];
                self.ahead = if self.chance.bool() { self.ahead + step } else { self.ahead - step };
            }
            Trouble::Kills => {
                let killed = self.chance.usize(..4);
                // What it has sent may still arrive; nothing else of it happens.
                self.events.retain(|_, event| match event {
                    Event::Look(process) | Event::AtLedger(process, _) | Event::Answer(process, ..) => {
                        *process != killed
                    }
                    Event::End(process, ..) => *process != killed,
                    Event::Ask(_) | Event::Arrival | Event::Trouble => true,
                });
                self.processes[killed] = Process::new(&mut self.chance);
            }
        }
        let next = 4 * SECOND + self.up_to(4 * SECOND);
        self.after(next, Event::Trouble);
    }
}

fn peak(arrivals: &[Micros], period: Micros) -> usize {
    let in_window =
        |(first, arrival): (usize, &Micros)| arrivals[first..].partition_point(|other| *other < arrival + period);
    arrivals.iter().enumerate().map(in_window).max().unwrap_or(0)
}

/// Whether a window held more than its limit, and how many requests arrived in a minute.
fn play(seed: u64, trouble: Trouble) -> (bool, usize) {
    let mut simulation = Simulation::new(seed, trouble);
    simulation.run(60 * SECOND);
    let arrivals = &simulation.arrivals;
    let exceeds = LIMITS.iter().any(|(requests, period, _)| peak(arrivals, *period) > *requests as usize);
    (exceeds, arrivals.len())
}

#[test]
fn no_window_is_exceeded_whatever_happens() {
    for trouble in [Trouble::None, Trouble::Network, Trouble::Kills, Trouble::Loss, Trouble::Clock] {
        for seed in 0..10 {
            let (exceeds, count) = play(seed, trouble);
            assert!(!exceeds, "{trouble:?}, seed {seed}");
            assert!(count > 50, "{trouble:?}, seed {seed}: {count} requests in a minute");
        }
    }
}

#[test]
fn without_the_replay_windows_are_exceeded() {
    assert!((0..10).any(|seed| play(seed, Trouble::LossWithoutReplay).0));
}
