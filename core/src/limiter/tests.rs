use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use proptest::prelude::*;
use reqwest::Url;
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep, sleep_until, timeout};

use super::{Limiter, STRAY_TIME, TooLong, of_account};
use crate::config::RateLimit;
use crate::secret::Secret;

const fn limit(requests: u32, millis: u64) -> RateLimit {
    RateLimit { requests, period: Duration::from_millis(millis) }
}

fn on_a_paused_clock<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(test)
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
    (0..3000_u64, 0..400_u64, 0..400_u64, fate, prop::option::weighted(0.1, 0..2000_u64)).prop_map(
        |(asked_after, arrives_after, ends_after, fate, gives_up_waiting_after)| Call {
            asked_after,
            arrives_after,
            ends_after,
            fate,
            gives_up_waiting_after,
        },
    )
}

async fn play(call: Call, limiter: Arc<Limiter>, limits: Vec<RateLimit>, arrivals: Arc<Mutex<Vec<Instant>>>) -> bool {
    sleep(Duration::from_millis(call.asked_after)).await;
    let patience = Duration::from_millis(call.gives_up_waiting_after.unwrap_or(u64::MAX / 2_000_000));
    let Ok(slot) = timeout(patience, limiter.acquire(&limits, None)).await else { return false };
    let mut slot = slot.unwrap();
    let sent_at = Instant::now();
    slot.sent();
    let arrival = sent_at + Duration::from_millis(call.arrives_after);
    let end = arrival + Duration::from_millis(call.ends_after);
    let arrive = |at| arrivals.lock().unwrap().push(at);
    match call.fate {
        Fate::Answered | Fate::Broken => {
            arrive(arrival);
            sleep_until(end).await;
            slot.settled();
        }
        Fate::GivenUp => {
            sleep_until(end).await;
            arrive(end + STRAY_TIME - Duration::from_millis(1));
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

    /// The guarantee itself: whatever the network delays, no window at the server ever holds more than its limit.
    #[test]
    fn no_window_at_the_server_holds_more(
        calls in prop::collection::vec(call(), 1..250),
        short in (1..12_u32, 50..500_u64),
        long in (5..40_u32, 500..3000_u64),
    ) {
        let limits = vec![limit(short.0, short.1), limit(long.0, long.1)];
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        on_a_paused_clock(async {
            let limiter = Arc::new(Limiter::new());
            let mut tasks = JoinSet::new();
            let patient = calls.iter().filter(|call| call.gives_up_waiting_after.is_none()).count();
            for call in calls {
                tasks.spawn(play(call, Arc::clone(&limiter), limits.clone(), Arc::clone(&arrivals)));
            }
            let done = tasks.join_all().await;
            assert!(done.iter().filter(|done| **done).count() >= patient, "who waits gets a slot");
            assert_eq!(limiter.ledger().under_way, 0, "every slot was given back");
        });
        for limit in limits {
            prop_assert!(peak(&arrivals.lock().unwrap(), limit.period) <= limit.requests as usize);
        }
    }
}

#[test]
fn thousands_of_waiters_leave_in_order_as_fast_as_the_limits_allow() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let start = Instant::now();
        let left = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        for number in 0..3000_usize {
            let (limiter, left) = (Arc::clone(&limiter), Arc::clone(&left));
            tasks.spawn(async move {
                let mut slot = limiter.acquire(&RateLimit::OF_THE_API, None).await.unwrap();
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
fn who_gives_up_frees_the_place_in_the_queue() {
    on_a_paused_clock(async {
        let limits = [limit(1, 1000)];
        let limiter = Arc::new(Limiter::new());
        let first = limiter.acquire(&limits, None).await.unwrap();
        for _ in 0..100 {
            assert!(timeout(Duration::from_millis(1), limiter.acquire(&limits, None)).await.is_err());
        }
        drop(first);
        let start = Instant::now();
        limiter.acquire(&limits, None).await.unwrap();
        assert!(start.elapsed() < Duration::from_millis(10), "an unused slot is free at once");
        assert_eq!(limiter.asking.load(super::Ordering::Relaxed), 0);
    });
}

#[test]
fn who_can_t_wait_so_long_is_told_at_once() {
    on_a_paused_clock(async {
        let limits = [limit(2, 10_000)];
        let limiter = Arc::new(Limiter::new());
        let mut used = limiter.acquire(&limits, None).await.unwrap();
        used.settled();
        drop(used);
        let _held = limiter.acquire(&limits, None).await.unwrap();
        let start = Instant::now();
        let wait = |seconds| limiter.acquire(&limits, Some(start + Duration::from_secs(seconds)));
        assert_eq!(wait(9).await.unwrap_err(), TooLong { wait: Duration::from_secs(10) });
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(limiter.least_wait(&limits, 1), Duration::from_secs(10));
        assert_eq!(limiter.least_wait(&limits, 2), Duration::from_secs(20));
        assert!(wait(11).await.is_ok());
        assert_eq!(start.elapsed().as_secs(), 10);
    });
}

#[test]
fn all_slots_under_way_is_no_hang_for_who_has_a_deadline() {
    on_a_paused_clock(async {
        let limits = [limit(1, 1000)];
        let limiter = Arc::new(Limiter::new());
        let _held = limiter.acquire(&limits, None).await.unwrap();
        let start = Instant::now();
        assert!(limiter.acquire(&limits, Some(start + Duration::from_millis(1500))).await.is_err());
        assert!(start.elapsed() <= Duration::from_millis(1501));
    });
}

#[test]
fn a_429_pauses_everybody_and_lets_them_go_one_by_one() {
    on_a_paused_clock(async {
        let limiter = Arc::new(Limiter::new());
        let sent_at = limiter.acquire(&RateLimit::OF_THE_API, None).await.unwrap().taken_at();
        let start = Instant::now();
        assert_eq!(limiter.pause(sent_at, Some(Duration::from_secs(7))), Duration::from_secs(7));
        let mut left = Vec::new();
        for _ in 0..300 {
            limiter.acquire(&[], None).await.unwrap();
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
        for longest in [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000] {
            let sent_at = limiter.acquire(&[], None).await.unwrap().taken_at();
            let pause = limiter.pause(sent_at, None).as_millis();
            assert!((longest / 2..=longest).contains(&pause), "{pause} of {longest}");
            assert_eq!(limiter.pause(sent_at, None).as_millis(), pause, "sent before the pause: the same pause");
            advance(Duration::from_secs(60)).await;
        }
        let slot = limiter.acquire(&[], None).await.unwrap();
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

#[test]
fn an_account_is_a_base_url_and_a_key() {
    let of = |url: &str, key: &str| of_account(&Url::parse(url).unwrap(), &Secret::new(key.to_owned()));
    let first = of("https://a.example", "k");
    assert!(Arc::ptr_eq(&first, &of("https://a.example", "k")));
    assert!(!Arc::ptr_eq(&first, &of("https://b.example", "k")));
    assert!(!Arc::ptr_eq(&first, &of("https://a.example", "l")));
}
