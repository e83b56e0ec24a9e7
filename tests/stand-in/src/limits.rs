use std::collections::VecDeque;
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

/// At most this many requests in any span of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) requests: usize,
    pub(crate) period: Duration,
}

/// The limits that the API publishes: 200 in 5 seconds and 1,000 in 5 minutes.
pub(crate) const PUBLISHED: [Limit; 2] = [
    Limit { requests: 200, period: Duration::from_secs(5) },
    Limit { requests: 1000, period: Duration::from_secs(300) },
];

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (requests, seconds) = text.split_once('/').ok_or("a limit is REQUESTS/SECONDS, such as 200/5")?;
        let requests = requests
            .parse()
            .ok()
            .filter(|requests| *requests > 0)
            .ok_or_else(|| format!("{requests:?} is no number of requests"))?;
        let period = seconds
            .parse()
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .filter(|period| !period.is_zero())
            .ok_or_else(|| format!("{seconds:?} is no number of seconds"))?;
        Ok(Self { requests, period })
    }
}

/// The sliding windows of the one account, each an exact log of instants.
#[derive(Debug)]
pub(crate) struct Windows(Vec<Window>);

#[derive(Debug)]
struct Window {
    limit: Limit,
    admitted: VecDeque<Instant>,
    arrivals: VecDeque<Instant>,
    peak: usize,
    refused: u64,
}

impl Windows {
    pub(crate) fn new(limits: &[Limit]) -> Self {
        Self(limits.iter().copied().map(Window::new).collect())
    }

    /// Counts a request that arrives at `at`. Where a window is full, says how long until every window has room again;
    /// such a request fills no window.
    pub(crate) fn arrive(&mut self, at: Instant) -> Result<(), Duration> {
        for window in &mut self.0 {
            window.see(at);
        }
        let longest_wait = self.0.iter_mut().filter_map(|window| window.wait(at)).max();
        if let Some(wait) = longest_wait {
            return Err(wait);
        }
        for window in &mut self.0 {
            window.admitted.push_back(at);
        }
        Ok(())
    }

    /// Forgets all arrivals and peaks.
    pub(crate) fn clear(&mut self) {
        for window in &mut self.0 {
            *window = Window::new(window.limit);
        }
    }

    /// The figures of all windows at `at`.
    pub(crate) fn figures(&mut self, at: Instant) -> Value {
        self.0.iter_mut().map(|window| window.figures(at)).collect()
    }
}

impl Window {
    fn new(limit: Limit) -> Self {
        Self { limit, admitted: VecDeque::new(), arrivals: VecDeque::new(), peak: 0, refused: 0 }
    }

    fn see(&mut self, at: Instant) {
        self.arrivals.push_back(at);
        self.slide(at);
        self.peak = self.peak.max(self.arrivals.len());
    }

    /// How long until a slot comes free, where none is; counts the refusal.
    fn wait(&mut self, at: Instant) -> Option<Duration> {
        if self.admitted.len() < self.limit.requests {
            return None;
        }
        self.refused += 1;
        let oldest = self.admitted.front()?;
        Some(*oldest + self.limit.period - at)
    }

    fn slide(&mut self, at: Instant) {
        for log in [&mut self.admitted, &mut self.arrivals] {
            while log.front().is_some_and(|first| *first + self.limit.period <= at) {
                log.pop_front();
            }
        }
    }

    fn figures(&mut self, at: Instant) -> Value {
        self.slide(at);
        json!({
            "requests": self.limit.requests,
            "period_ms": self.limit.period.as_millis() as u64,
            "peak": self.peak,
            "now": self.admitted.len(),
            "refused": self.refused,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn windows(limits: &[&str]) -> Windows {
        let limits: Vec<Limit> = limits.iter().map(|text| text.parse().unwrap()).collect();
        Windows::new(&limits)
    }

    #[test]
    fn limits_are_read() {
        let limit = Limit { requests: 5, period: 200 * MS };
        assert_eq!("5/0.2".parse(), Ok(limit));
        for text in ["", "5", "0/5", "5/0", "5/-1", "a/5", "5/inf", "5/nan"] {
            assert!(text.parse::<Limit>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_slot_comes_free_exactly_one_period_after_its_request() {
        let mut windows = windows(&["2/0.2"]);
        let start = Instant::now();
        assert_eq!(windows.arrive(start), Ok(()));
        assert_eq!(windows.arrive(start + 50 * MS), Ok(()));
        assert_eq!(windows.arrive(start + 199 * MS), Err(MS));
        assert_eq!(windows.arrive(start + 200 * MS), Ok(()));
        assert_eq!(windows.arrive(start + 201 * MS), Err(49 * MS));
        assert_eq!(windows.arrive(start + 250 * MS), Ok(()));
    }

    #[test]
    fn a_refused_request_fills_no_window() {
        let mut windows = windows(&["1/0.2"]);
        let start = Instant::now();
        assert_eq!(windows.arrive(start), Ok(()));
        for late in 1..200 {
            assert!(windows.arrive(start + late * MS).is_err(), "{late}");
        }
        assert_eq!(windows.arrive(start + 200 * MS), Ok(()));
    }

    #[test]
    fn the_longest_wait_counts() {
        let mut windows = windows(&["2/0.2", "3/1"]);
        let start = Instant::now();
        for at in [0, 10, 200] {
            assert_eq!(windows.arrive(start + at * MS), Ok(()));
        }
        assert_eq!(windows.arrive(start + 205 * MS), Err(795 * MS));
        let figures = windows.figures(start + 205 * MS);
        assert_eq!(figures[0]["refused"], 1);
        assert_eq!(figures[1]["refused"], 1);
    }

    #[test]
    fn the_peak_counts_refused_arrivals_too() {
        let mut windows = windows(&["2/0.2"]);
        let start = Instant::now();
        for at in [0, 10, 20, 30, 500] {
            let _ = windows.arrive(start + at * MS);
        }
        let figures = windows.figures(start + 500 * MS);
        let expected = json!([{"requests": 2, "period_ms": 200, "peak": 4, "now": 1, "refused": 2}]);
        assert_eq!(figures, expected);
        assert_eq!(windows.figures(start + 700 * MS)[0]["now"], 0);
    }

    #[test]
    fn clearing_forgets_everything_but_the_limits() {
        let mut windows = windows(&["1/0.2"]);
        let start = Instant::now();
        assert_eq!(windows.arrive(start), Ok(()));
        assert!(windows.arrive(start).is_err());
        windows.clear();
        let expected = json!([{"requests": 1, "period_ms": 200, "peak": 0, "now": 0, "refused": 0}]);
        assert_eq!(windows.figures(start), expected);
        assert_eq!(windows.arrive(start), Ok(()));
    }
}
