use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use proptest::prelude::*;
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep, sleep_until, timeout};

use super::ledger::{End, Ledger};
use super::{Flow, Limiter, Member, Refused, Terms, of_account};
use crate::Client;
use crate::config::RateLimit;

/// What an attempt may take in these tests; a request whose end is not known may arrive so much later.
const LEASE: Duration = Duration::from_millis(700);

const fn limit(requests: u32, millis: u64) -> RateLimit {
    RateLimit { requests, period: Duration::from_millis(millis) }
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn on_a_paused_clock<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(test)
}

fn terms(limits: &[RateLimit], reserve: f64, max_in_flight: usize) -> Terms<'_> {
    Terms { limits, reserve, max_in_flight, timeout: LEASE }
}

/// A client with room for many requests and without a reserve.
fn member(limiter: &Arc<Limiter>, limits: &[RateLimit]) -> Arc<Member> {
    limiter.join(&terms(limits, 0.0, 1_000_000))
}

/// Polls once.
async fn is_pending(future: &mut (impl Future + Unpin)) -> bool {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context).is_pending())).await
}

/// One request that is answered after `answer`.
async fn request(flow: &Flow, answer: Duration) -> Instant {
    let mut slot = flow.acquire(None).await.unwrap();
    let sent_at = Instant::now();
    slot.sent(LEASE);
    sleep(answer).await;
    slot.settled();
    sent_at
}

/// `count` requests of one flow, `at_once` at a time, as a bulk call sends them. Returns when each was sent.
async fn bulk(member: Arc<Member>, count: usize, at_once: usize, answer: Duration) -> Vec<Instant> {
    let flow = member.open_flow(false);
    let mut sent = Vec::new();
    let mut in_flight = JoinSet::new();
    for _ in 0..count {
        if in_flight.len() == at_once {
            sent.push(in_flight.join_next().await.unwrap().unwrap());
        }
        let flow = flow.clone();
        in_flight.spawn(async move { request(&flow, answer).await });
    }
    sent.extend(in_flight.join_all().await);
    sent.sort_unstable();
    sent
}

/// The most arrivals in any window of this length.
fn peak(arrivals: &[Instant], period: Duration) -> usize {
    let within = |first: &Instant| arrivals.iter().filter(|at| *at >= first && **at < *first + period).count();
    arrivals.iter().map(within).max().unwrap_or(0)
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Answered,
    /// The connection breaks after the request has arrived.
    Broken,
    /// The caller gives up; the request may still arrive for a while.
    GivenUp,
    NeverSent,
}

#[derive(Clone, Debug)]
struct Call {
    flow: usize,
    asked_after: u64,
    arrives_after: u64,
    ends_after: u64,
    fate: Fate,
    gives_up_waiting_after: Option<u64>,
}

fn call() -> impl Strategy<Value = Call> {
    let fate = prop_oneof![
        6 => Just(Fate::Answered),
        1 => Just(Fate::Broken),
        1 => Just(Fate::GivenUp),
        1 => Just(Fate::NeverSent),
    ];
    (0..12_usize, 0..3000_u64, 0..400_u64, 0..400_u64, fate, prop::option::weighted(0.1, 0..2000_u64)).prop_map(
        |(flow, asked_after, arrives_after, ends_after, fate, gives_up_waiting_after)| Call {
            flow,
            asked_after,
            arrives_after,
            ends_after,
            fate,
            gives_up_waiting_after,
        },
    )
}

async fn play(call: Call, flow: Flow, arrivals: Arc<Mutex<Vec<Instant>>>) -> bool {
    sleep(ms(call.asked_after)).await;
    let patience = ms(call.gives_up_waiting_after.unwrap_or(u64::MAX / 2_000_000));
    let Ok(slot) = timeout(patience, flow.acquire(None)).await else { return false };
    let mut slot = slot.unwrap();
    let sent_at = Instant::now();
    slot.sent(LEASE);
    let arrival = sent_at + ms(call.arrives_after);
    let end = arrival + ms(call.ends_after);
    let arrive = |at| arrivals.lock().unwrap().push(at);
    match call.fate {
        Fate::Answered | Fate::Broken => {
            arrive(arrival);
            sleep_until(end).await;
            slot.settled();
        }
        Fate::GivenUp => {
            sleep_until(end).await;
            arrive(end + LEASE - ms(1));
        }
        Fate::NeverSent => {
            sleep_until(end).await;
            slot.unsent();
        }
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Whatever limits the clients of an account keep to, whoever waits gets a slot, and every slot comes back.
    #[test]
    fn whoever_waits_gets_a_slot(
        calls in prop::collection::vec(call(), 1..250),
        short in (1..40_u32, 50..500_u64),
        long in (5..80_u32, 500..3000_u64),
        reserve in 0.0..=0.5_f64,
        at_once in 1..20_usize,
    ) {
        let limits = [limit(short.0, short.1), limit(long.0, long.1)];
        on_a_paused_clock(async {
            let limiter = Arc::new(Limiter::new());
            let sets = [&limits[..], &limits[..1], &limits[1..], &[]];
            let members = sets.map(|limits| limiter.join(&terms(limits, reserve, at_once)));
            let flows: Vec<_> = (0..12).map(|number| members[number % 4].open_flow(false)).collect();
            let patient = calls.iter().filter(|call| call.gives_up_waiting_after.is_none()).count();
            let arrivals = Arc::default();
            let plays = calls.into_iter().map(|call| play(call.clone(), flows[call.flow].clone(), Arc::clone(&arrivals)));
            let done = plays.collect::<JoinSet<_>>().join_all().await;
            assert!(done.iter().filter(|done| **done).count() >= patient);
            drop((flows, members));
            sleep(Duration::from_secs(301)).await;
            assert!(limiter.is_blank());
        });
    }

    /// The guarantee itself: whatever the network delays, whoever asks and gives up, no window at the server ever holds
    /// more than its limit.
    #[test]
    fn no_window_at_the_server_holds_more(
        calls in prop::collection::vec(call(), 1..250),
        short in (1..40_u32, 50..500_u64),
        long in (5..80_u32, 500..3000_u64),
        reserve in 0.0..=0.5_f64,
    ) {
        let limits = [limit(short.0, short.1), limit(long.0, long.1)];
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        on_a_paused_clock(async {
            let limiter = Arc::new(Limiter::new());
            let members = [(); 3].map(|()| limiter.join(&terms(&limits, reserve, 1_000_000)));
            let flows: Vec<_> = (0..12).map(|number| members[number % 3].open_flow(false)).collect();
            let plays = calls.into_iter().map(|call| play(call.clone(), flows[call.flow].clone(), Arc::clone(&arrivals)));
            plays.collect::<JoinSet<_>>().join_all().await;
        });
        for limit in limits {
            prop_assert!(peak(&arrivals.lock().unwrap(), limit.period) <= limit.requests as usize);
        }
    }
}

#[test]
fn thousands_of_waiters_of_a_flow_leave_in_order_as_fast_as_the_limits_allow() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let flow = member(&limiter, &RateLimit::OF_THE_API).open_flow(false);
        let start = Instant::now();
        let left = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        for number in 0..3000_usize {
            let (flow, left) = (flow.clone(), Arc::clone(&left));
            tasks.spawn(async move {
                let mut slot = flow.acquire(None).await.unwrap();
                slot.settled();
                left.lock().unwrap().push((number, start.elapsed()));
            });
        }
        tasks.join_all().await;
        for (place, (number, elapsed)) in left.lock().unwrap().iter().enumerate() {
            let floor = place / 1000 * 300 + place % 1000 / 200 * 5;
            assert_eq!(*number, place);
            let late = elapsed.as_millis() as usize - floor * 1000;
            assert!(late <= 15, "request {place} left {late} ms late");
        }
    });
}

#[test]
fn requests_of_clients_without_limits_count_for_those_with_limits() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let unlimited = member(&limiter, &[]).open_flow(false);
        for _ in 0..190 {
            request(&unlimited, ms(0)).await;
        }
        let start = Instant::now();
        let sent = bulk(member(&limiter, &RateLimit::OF_THE_API), 20, 64, ms(0)).await;
        let at_once = sent.iter().filter(|sent| sent.duration_since(start) < ms(1000)).count();
        assert_eq!(at_once, 10);
    });
}

#[test]
fn a_bulk_call_delays_a_single_call_by_one_slot() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let limits = [limit(10, 1000)];
        let busy = tokio::spawn(bulk(member(&limiter, &limits), 500, 64, ms(0)));
        sleep(ms(10_500)).await;
        for _ in 0..20 {
            let start = Instant::now();
            request(&member(&limiter, &limits).open_flow(false), ms(0)).await;
            assert!(start.elapsed() <= ms(1010), "{:?}", start.elapsed());
            sleep(ms(700)).await;
        }
        let sent = busy.await.unwrap();
        assert_eq!(sent.len(), 500);
    });
}

/// The figures of the API, a thousand times faster would be the same.
#[test]
fn a_light_flow_waits_at_most_one_answer_beside_a_bulk_call_once_the_reserve_has_adapted() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let limits = [limit(40, 1000), limit(120, 6000)];
        let answer = ms(700);
        let join = || limiter.join(&terms(&limits, 0.05, 64));
        let start = Instant::now();
        let busy = tokio::spawn(bulk(join(), 2000, 64, answer));
        let mut singles = JoinSet::new();
        for _ in 0..480 {
            let flow = join().open_flow(false);
            let asked_at = start.elapsed();
            singles.spawn(async move {
                let sent_at = request(&flow, answer).await;
                (asked_at, sent_at.duration_since(start) - asked_at)
            });
            sleep(ms(250)).await;
        }
        let waits = singles.join_all().await;
        let late: Vec<_> = waits.iter().filter(|(asked_at, _)| *asked_at >= ms(12_000)).collect();
        assert!(late.len() > 400);
        assert!(late.iter().all(|(_, wait)| *wait <= answer), "{:?}", late.iter().max_by_key(|(_, wait)| wait));
        // The bulk call has what the others leave: of 120 slots, each used once in 6.7 s, the single calls use 27.
        let sent = busy.await.unwrap();
        let took = sent.last().unwrap().duration_since(start).as_secs_f64();
        let floor = 2000.0 / (120.0 - 6.7 / 0.25) * 6.7;
        assert!(took <= floor * 1.2, "{took} s, at least {floor}");
    });
}

#[test]
fn with_the_default_a_bulk_call_of_950_does_not_wait_for_the_long_window() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let join = || limiter.join(&terms(&RateLimit::OF_THE_API, 0.05, 64));
        let start = Instant::now();
        let sent = bulk(join(), 951, 64, ms(0)).await;
        assert!(sent[949].duration_since(start) <= ms(20_100), "{:?}", sent[949].duration_since(start));
        assert!(sent[950].duration_since(start) >= Duration::from_secs(290), "the rest is left to others");
    });
}

#[test]
fn bulk_calls_share_alike_whatever_their_sizes() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let limits = [limit(30, 1000)];
        let start = Instant::now();
        let large = tokio::spawn(bulk(member(&limiter, &limits), 600, 64, ms(0)));
        let small = bulk(member(&limiter, &limits), 150, 64, ms(0)).await;
        let large = large.await.unwrap();
        let time = small.last().unwrap().duration_since(start);
        let of_large = large.iter().filter(|sent| sent.duration_since(start) <= time).count();
        // Whoever came first may have had a whole window.
        assert!((119..=181).contains(&of_large), "{of_large} while the other sent 150");
    });
}

#[test]
fn a_flow_that_was_passed_over_has_saved_no_turns() {
    let mut ledger = Ledger::default();
    let (full, other) = (ledger.join(&[], 0.0, 10), ledger.join(&[], 0.0, 1000));
    let passed_over = ledger.open_flow(full);
    for _ in 0..30 {
        ledger.ask(passed_over, 1);
    }
    while ledger.grant(1).is_some() {}
    let single = |ledger: &mut Ledger| {
        let flow = ledger.open_flow(other);
        ledger.ask(flow, 1)
    };
    for _ in 0..100 {
        let waiter = single(&mut ledger);
        assert_eq!(ledger.grant(1).unwrap().waiter, waiter);
    }
    for _ in 0..10 {
        ledger.end(full, passed_over, End::Known, 2);
    }
    let waiter = single(&mut ledger);
    let place = std::iter::from_fn(|| ledger.grant(2)).position(|grant| grant.waiter == waiter);
    assert!(place <= Some(2), "{place:?}");
}

#[test]
fn a_room_that_was_too_wide_is_as_wide_as_the_system_bears_and_widens_again() {
    let mut ledger = Ledger::default();
    let member = ledger.join(&[], 0.0, 20);
    let flow = ledger.open_flow(member);
    for _ in 0..30 {
        ledger.ask(flow, 1);
    }
    let granted = |ledger: &mut Ledger, now| std::iter::from_fn(|| ledger.grant(now)).count();
    assert_eq!(granted(&mut ledger, 1), 20);
    for _ in 0..15 {
        assert!(ledger.narrow(member, 1));
        ledger.end(member, flow, End::Unsent, 1);
    }
    assert_eq!(granted(&mut ledger, 1), 0, "the five that are left are all that there is room for");
    ledger.end(member, flow, End::Known, 2);
    assert_eq!(granted(&mut ledger, 2), 1);
    let later = 2_000_000;
    ledger.end(member, flow, End::Known, later);
    assert_eq!(granted(&mut ledger, later), 2, "and one more");
    for _ in 0..6 {
        ledger.narrow(member, later);
        ledger.end(member, flow, End::Unsent, later);
    }
    ledger.ask(flow, later);
    assert_eq!(granted(&mut ledger, later), 1, "one is always tried");
    assert!(!ledger.narrow(member, later), "nothing else is in flight that it could wait for");
}

/// Threads that make one single call after the other, each call a flow of its own.
fn single_calls(member: &Arc<Member>, threads: usize, calls: usize, answer: Duration) -> JoinSet<()> {
    let mut all = JoinSet::new();
    for _ in 0..threads {
        let member = Arc::clone(member);
        all.spawn(async move {
            for _ in 0..calls {
                request(&member.open_flow(false), answer).await;
            }
        });
    }
    all
}

#[test]
fn single_calls_without_end_starve_neither_a_bulk_call_nor_a_second_attempt() {
    on_a_paused_clock(async {
        for (limits, room, answer) in [(&[][..], 4, ms(20)), (&[limit(10, 1000)][..], 1_000, ms(1))] {
            let limiter = Arc::new(Limiter::new());
            let member = limiter.join(&terms(limits, 0.0, room));
            let mut others = single_calls(&member, 20, 100, answer);
            sleep(ms(50)).await;
            let begin = Instant::now();
            let twice = member.open_flow(false);
            let (bulk, ()) = tokio::join!(bulk(member.clone(), 50, 50, answer), async {
                request(&twice, answer).await;
                request(&twice, answer).await;
            });
            let in_all = Instant::now() - begin;
            others.abort_all();
            // Each of the 22 calls has its turn: the bulk call needs 50 rounds, of which each takes 22 slots.
            let slot = if limits.is_empty() { answer / 4 } else { ms(100) };
            assert!(in_all < slot * 22 * 55, "{in_all:?}");
            assert_eq!(bulk.len(), 50);
        }
    });
}

#[test]
fn clients_with_other_limits_do_not_stand_in_each_other_s_way() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let strict = member(&limiter, &[limit(1, 8000)]).open_flow(false);
        request(&strict, ms(0)).await;
        let waiting = tokio::spawn(async move { request(&strict, ms(0)).await });
        tokio::task::yield_now().await;
        let start = Instant::now();
        for limits in [&RateLimit::OF_THE_API[..], &[]] {
            let slot = member(&limiter, limits).open_flow(false).acquire(Some(start + ms(500))).await;
            assert!(slot.is_ok());
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        let sent_at = waiting.await.unwrap();
        assert!(sent_at.duration_since(start) >= ms(7990));
    });
}

#[test]
fn a_full_client_holds_up_nobody_else() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let narrow = limiter.join(&terms(&[limit(10, 1000)], 0.0, 1));
        let held = narrow.open_flow(false).acquire(None).await.unwrap();
        let flow = narrow.open_flow(false);
        let waiting = tokio::spawn(async move { flow.acquire(None).await.unwrap() });
        tokio::task::yield_now().await;
        let start = Instant::now();
        request(&member(&limiter, &[limit(10, 1000)]).open_flow(false), ms(0)).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        let expired = narrow.open_flow(false).acquire(Some(start + ms(300))).await.unwrap_err();
        assert_eq!(expired, Refused::Expired, "the limits are not what it waited for");
        drop(held);
        waiting.await.unwrap();
    });
}

#[test]
fn without_limits_a_deadline_that_passes_is_no_matter_of_the_limits() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let client = limiter.join(&terms(&[], 0.05, 1));
        let _held = client.open_flow(false).acquire(None).await.unwrap();
        let deadline = Instant::now() + ms(100);
        assert_eq!(client.open_flow(false).acquire(Some(deadline)).await.unwrap_err(), Refused::Expired);
        assert_eq!(
            client.open_flow(false).acquire(Some(deadline)).await.unwrap_err(),
            Refused::Expired,
            "it has passed"
        );
    });
}

#[test]
fn who_is_not_polled_holds_up_nobody() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let limits = [limit(2, 1000)];
        let client = member(&limiter, &limits);
        let flow = client.open_flow(false);
        request(&flow, ms(0)).await;
        request(&flow, ms(0)).await;
        // Polled once, so that they are in the queue, one of them as the timekeeper; and then no more.
        let mut forgotten: Vec<_> = (0..2).map(|_| Box::pin(client.open_flow(false).acquire(None))).collect();
        for acquire in &mut forgotten {
            assert!(is_pending(acquire).await);
        }
        let start = Instant::now();
        request(&client.open_flow(false), ms(0)).await;
        // Both slots were granted to the forgotten ones and taken back.
        assert!(start.elapsed() <= ms(4500), "{:?}", start.elapsed());
        drop(forgotten);
    });
}

#[test]
fn who_gives_up_frees_the_place_in_the_queue_and_the_slot() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let client = member(&limiter, &[limit(1, 1000)]);
        let first = client.open_flow(false).acquire(None).await.unwrap();
        for _ in 0..100 {
            assert!(timeout(ms(1), client.open_flow(false).acquire(None)).await.is_err());
        }
        let mut granted = Box::pin(client.open_flow(false).acquire(None));
        assert!(is_pending(&mut granted).await);
        let start = Instant::now();
        drop(first);
        drop(granted);
        client.open_flow(false).acquire(None).await.unwrap();
        assert!(start.elapsed() < ms(10), "an unused slot is free at once");
    });
}

#[test]
fn who_can_t_wait_so_long_is_told_at_once_and_never_too_early() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let client = member(&limiter, &[limit(2, 10_000)]);
        let flow = client.open_flow(false);
        request(&flow, ms(0)).await;
        let held = flow.acquire(None).await.unwrap();
        let start = Instant::now();
        let acquire = |seconds| flow.acquire(Some(start + Duration::from_secs(seconds)));
        // The slot that is held may come back unused at any time, so nothing is said before the deadline.
        assert_eq!(acquire(1).await.unwrap_err(), Refused::TooLong(Duration::from_secs(9)));
        assert_eq!(start.elapsed().as_secs(), 1);
        drop(held);
        request(&flow, ms(0)).await;
        let start = Instant::now();
        assert_eq!(acquire(9).await.unwrap_err(), Refused::TooLong(Duration::from_secs(9)));
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(client.least_wait(), Duration::from_secs(9));
        assert!(acquire(11).await.is_ok());
        assert_eq!(start.elapsed().as_secs(), 9);
    });
}

#[test]
fn calls_that_send_nothing_use_nothing_up() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let client = limiter.join(&terms(&RateLimit::OF_THE_API, 0.05, 64));
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut calls = JoinSet::new();
        for _ in 0..1500 {
            let flow = client.open_flow(false);
            calls.spawn(async move {
                // Four attempts at a port that refuses, as a call with retries makes them.
                for _ in 0..4 {
                    let mut slot = flow.acquire(Some(deadline)).await.unwrap();
                    slot.sent(LEASE);
                    sleep(ms(1)).await;
                    slot.unsent();
                }
            });
        }
        calls.join_all().await;
    });
}

#[test]
fn a_429_pauses_everybody_and_lets_them_go_one_by_one() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let client = member(&limiter, &RateLimit::OF_THE_API);
        let sent_at = client.open_flow(false).acquire(None).await.unwrap().taken_at();
        let start = Instant::now();
        assert_eq!(limiter.pause(sent_at, Some(Duration::from_secs(7))), Duration::from_secs(7));
        let other = member(&limiter, &[]).open_flow(false);
        let mut left = Vec::new();
        for _ in 0..300 {
            other.acquire(None).await.unwrap();
            left.push(start.elapsed().as_millis());
        }
        assert_eq!(left[0] / 1000, 7);
        let gaps: Vec<_> = left.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps[..199].iter().all(|gap| (25..=27).contains(gap)), "{gaps:?}");
        assert!(gaps[200..].iter().all(|gap| *gap == 0), "{gaps:?}");
    });
}

#[test]
fn pauses_without_a_word_from_the_server_grow_until_one_helps() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let flow = member(&limiter, &[]).open_flow(false);
        for longest in [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000] {
            let sent_at = flow.acquire(None).await.unwrap().taken_at();
            let pause = limiter.pause(sent_at, None).as_millis();
            assert!((longest / 2..=longest).contains(&pause), "{pause} of {longest}");
            assert_eq!(limiter.pause(sent_at, None).as_millis(), pause, "sent before the pause: the same pause");
            advance(Duration::from_secs(60)).await;
        }
        let slot = flow.acquire(None).await.unwrap();
        limiter.recovered(slot.taken_at());
        assert!(limiter.pause(slot.taken_at(), None) <= Duration::from_secs(1));
    });
}

#[test]
fn no_word_of_the_server_holds_the_account_for_ever() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let day = Duration::from_secs(24 * 60 * 60);
        assert_eq!(limiter.pause(Instant::now(), Some(day)), Duration::from_secs(600));
    });
}

fn account(url: &str, key: &str) -> Arc<Limiter> {
    of_account(&Client::builder().api_key(key).base_url(url).check().unwrap()).unwrap()
}

#[test]
fn an_account_is_a_base_url_and_a_key() {
    let first = account("https://a.example", "k");
    assert!(Arc::ptr_eq(&first, &account("https://a.example", "k")));
    assert!(!Arc::ptr_eq(&first, &account("https://b.example", "k")));
    assert!(!Arc::ptr_eq(&first, &account("https://a.example", "l")));
}

#[test]
fn the_ledger_outlives_the_clients_for_as_long_as_a_request_counts() {
    on_a_paused_clock(async {
        let mut seen = HashMap::new();
        for _ in 0..60 {
            let limiter = account("https://outlives.example", "k");
            let client = member(&limiter, &[limit(20, 2000)]);
            request(&client.open_flow(false), ms(0)).await;
            *seen.entry(Instant::now()).or_insert(0) += 1;
        }
        let sent: Vec<_> = seen.into_iter().flat_map(|(at, count)| vec![at; count]).collect();
        assert_eq!(peak(&sent, ms(2000)), 20);

        let before = Arc::downgrade(&account("https://outlives.example", "k"));
        sleep(Duration::from_secs(301)).await;
        let _other = account("https://other.example", "k");
        assert!(before.upgrade().is_none(), "nothing in it counted any more");
    });
}
