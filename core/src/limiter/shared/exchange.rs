//! What a process and the shared ledger say to each other.

use serde::{Deserialize, Serialize};

use crate::limiter::clock::Micros;

/// A time that has passed since something happened; below zero if it will happen.
pub(in crate::limiter) type Age = i64;

/// What a process tells the ledger, and what it asks for. Times are ages, so that the clocks of machines do not matter.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(Deserialize))]
pub(in crate::limiter) struct Request {
    pub(in crate::limiter) process: String,
    /// Larger with each exchange of the process: one that comes late is ignored.
    pub(in crate::limiter) call: u64,
    /// The epoch that the process knows; 0 if it knows none.
    pub(in crate::limiter) epoch: Micros,
    /// The version of the ledger that it saw last in this epoch.
    pub(in crate::limiter) version: u64,
    /// Why the process holds that the ledger has lost its data; empty if it does not.
    pub(in crate::limiter) lost: String,
    /// A number by chance, below 65,536.
    pub(in crate::limiter) chance: u64,
    /// The number of the next slot that is granted. Slots of the process with this number or a larger one never reached it.
    pub(in crate::limiter) next: u64,
    /// How long after its grant a request may arrive at most.
    pub(in crate::limiter) lease: Micros,
    pub(in crate::limiter) sets: Vec<Demand>,
    /// How many requests of light calls have come to ask since the last exchange.
    pub(in crate::limiter) asked: u64,
    /// Slots that the ledger does not know, or not any more.
    pub(in crate::limiter) taken: Vec<(u64, IsLight, Age)>,
    /// Slots whose requests have ended, or can arrive no later than that.
    pub(in crate::limiter) ended: Vec<(u64, Age)>,
    /// Slots for which nothing was sent.
    pub(in crate::limiter) unused: Vec<u64>,
    /// An answer 429: the age of its request, and the wait that it named or -1. Empty if there was none.
    pub(in crate::limiter) refusal: Vec<i64>,
    /// The age of the latest request that the API took; -1 if there was none.
    pub(in crate::limiter) accepted: Age,
    /// How long the account's pause still is as far as the process knows; for a ledger that has forgotten it.
    pub(in crate::limiter) pause: Micros,
}

/// 1 if the slot was granted to a call that held few slots, or else 0.
pub(in crate::limiter) type IsLight = u8;

/// How many requests wait under one set of limits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::limiter) struct Demand {
    /// Requests, period and reserve of each.
    pub(in crate::limiter) limits: Vec<(u64, Micros, u64)>,
    /// Of calls that hold few slots.
    pub(in crate::limiter) light: u64,
    /// Of calls that have to leave the reserve to others.
    pub(in crate::limiter) heavy: u64,
}

/// What the ledger answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::limiter) struct Reply {
    pub(in crate::limiter) status: Status,
    /// The ledger's clock.
    pub(in crate::limiter) time: Micros,
    pub(in crate::limiter) epoch: Micros,
    pub(in crate::limiter) version: u64,
    /// How long the rest of a new epoch still is.
    pub(in crate::limiter) rest: Micros,
    /// Why the epoch began.
    pub(in crate::limiter) reason: String,
    /// How long the pause after a 429 still is.
    pub(in crate::limiter) pause: Micros,
    /// When to ask again; none if nobody waits.
    pub(in crate::limiter) look: Option<Micros>,
    /// How long the limits keep what is left of the demand waiting, if all requests under way end now.
    pub(in crate::limiter) wait: Micros,
    /// A slot for each: the index of its set, times two, and one more if it is for a heavy call.
    pub(in crate::limiter) grants: Vec<u64>,
    /// For each set, how long no request can have a slot, whatever the others do.
    pub(in crate::limiter) bounds: Vec<Micros>,
    /// For each set and limit, how many slots are free.
    pub(in crate::limiter) free: Vec<Vec<u64>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::limiter) enum Status {
    #[default]
    Done,
    /// Another epoch: the process has to tell of all its slots that still count.
    Replay,
    /// A later exchange of the process came first: nothing was done.
    Late,
}
