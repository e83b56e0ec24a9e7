use std::time::{Duration, SystemTime};

use time::OffsetDateTime;

/// `instant` as the API writes dates: `2026-09-15T19:41:56.925079Z`.
pub(crate) fn iso(instant: OffsetDateTime) -> String {
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        instant.year(),
        u8::from(instant.month()),
        instant.day(),
        instant.hour(),
        instant.minute(),
        instant.second(),
        instant.microsecond()
    )
}

/// `wait` in whole seconds, rounded up.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// The first full second that lies `wait` or more after `now`, as an HTTP date.
pub(crate) fn http_date_after(now: SystemTime, wait: Duration) -> String {
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let due = Duration::from_secs(whole_seconds(since_epoch + wait));
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + due)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_look_like_the_samples() {
        let instant = OffsetDateTime::from_unix_timestamp(1_789_501_316).unwrap() + Duration::from_micros(79);
        assert_eq!(iso(instant), "2026-09-15T19:41:56.000079Z");
    }

    #[test]
    fn part_of_a_second_counts_as_a_whole_one() {
        assert_eq!(whole_seconds(Duration::ZERO), 0);
        assert_eq!(whole_seconds(Duration::from_nanos(1)), 1);
        assert_eq!(whole_seconds(Duration::from_secs(5)), 5);
    }

    #[test]
    fn an_http_date_is_never_too_early() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_776_400);
        assert_eq!(http_date_after(now, Duration::from_millis(600)), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date_after(now, Duration::from_millis(700)), "Sun, 06 Nov 1994 08:49:38 GMT");
    }
}
