use std::str::FromStr;
use std::time::Duration;

/// A random delay, evenly spread over a span of milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Delay {
    shortest_ms: u64,
    longest_ms: u64,
}

impl Delay {
    /// Waits for one delay picked from the span.
    pub(crate) async fn pass(self) {
        let picked = fastrand::u64(self.shortest_ms..=self.longest_ms);
        if picked > 0 {
            tokio::time::sleep(Duration::from_millis(picked)).await;
        }
    }
}

impl FromStr for Delay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (shortest, longest) = text.split_once("..").unwrap_or((text, text));
        let milliseconds = |part: &str| part.parse().map_err(|_| format!("{part:?} is no number of milliseconds"));
        let delay = Self { shortest_ms: milliseconds(shortest)?, longest_ms: milliseconds(longest)? };
        if delay.shortest_ms > delay.longest_ms {
            return Err("the shortest delay is longer than the longest".to_owned());
        }
        Ok(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_or_one_number() {
        let span = Delay { shortest_ms: 5, longest_ms: 20 };
        let fixed = Delay { shortest_ms: 7, longest_ms: 7 };
        assert_eq!("5..20".parse(), Ok(span));
        assert_eq!("7".parse(), Ok(fixed));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "a", "5..", "..5", "20..5", "-1"] {
            assert!(text.parse::<Delay>().is_err(), "{text}");
        }
    }
}
