//! Settings by their names, for languages whose values have other types than Rust's.

use crate::builder::ClientBuilder;
use crate::config::{AuthScheme, CONCURRENCY, RETRIES, RateLimit, WINDOW_REQUESTS, count, duration};
use crate::error::Error;
use crate::shared_limits::SharedLimitsFallback;

/// What the value of a setting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// [`Value::Text`]; [`Value::Null`] leaves the default.
    Text,
    /// [`Value::Text`] alone.
    Word,
    /// [`Value::Number`], in the language's unit of time.
    Duration,
    /// As [`Duration`](Self::Duration); [`Value::Null`] is no bound.
    DurationOrNone,
    /// [`Value::Number`] without a fraction.
    Count,
    /// As [`Count`](Self::Count); [`Value::Null`] leaves the default.
    CountOrDefault,
    /// [`Value::Number`].
    Share,
    /// [`Value::RateLimits`]; [`Value::Null`] switches them off.
    RateLimits,
    /// [`Value::Text`] or [`Value::Number`].
    Fallback,
    /// [`Value::Flag`].
    Flag,
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `None`, `null`.
    Null,
    /// A text.
    Text(String),
    /// A number of any kind.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// Pairs of requests and periods.
    RateLimits(Vec<(f64, f64)>),
}

/// All settings that have a name in every language, in the order of the docs.
pub const SETTINGS: [(&str, Kind); 13] = [
    ("api_key", Kind::Text),
    ("base_url", Kind::Text),
    ("timeout", Kind::Duration),
    ("total_timeout", Kind::DurationOrNone),
    ("max_retries", Kind::Count),
    ("max_concurrency", Kind::CountOrDefault),
    ("rate_limits", Kind::RateLimits),
    ("reserve", Kind::Share),
    ("shared_limits", Kind::Text),
    ("shared_limits_account", Kind::Text),
    ("shared_limits_fallback", Kind::Fallback),
    ("auth_scheme", Kind::Word),
    ("allow_insecure_http", Kind::Flag),
];

impl<C> ClientBuilder<C> {
    /// Sets what `name` names. Durations are in the unit of [`language`](Self::language).
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) for a value that is out of range, and one of another [`Kind`].
    #[doc(hidden)]
    pub fn set(self, name: &str, value: Value) -> Result<Self, Error> {
        let notation = self.notation();
        Ok(match (name, value) {
            ("api_key", Value::Text(key)) => self.api_key(key),
            ("base_url", Value::Text(url)) => self.base_url(url),
            ("timeout", Value::Number(time)) => self.timeout(duration("timeout", time, notation)?),
            ("total_timeout", Value::Number(time)) => self.total_timeout(duration("total timeout", time, notation)?),
            ("total_timeout", Value::Null) => self.total_timeout(None),
            ("max_retries", Value::Number(retries)) => {
                self.max_retries(count("number of retries", retries, &RETRIES, notation)?)
            }
            ("max_concurrency", Value::Number(requests)) => {
                self.max_concurrency(count("concurrency", requests, &CONCURRENCY, notation)?)
            }
            ("rate_limits", Value::RateLimits(limits)) => {
                let limit = |(requests, period)| {
                    Ok(RateLimit {
                        requests: count("number of requests of a rate limit", requests, &WINDOW_REQUESTS, notation)?,
                        period: duration("period of a rate limit", period, notation)?,
                    })
                };
                self.rate_limits(limits.into_iter().map(limit).collect::<Result<Vec<_>, Error>>()?)
            }
            ("rate_limits", Value::Null) => self.no_rate_limits(),
            ("reserve", Value::Number(share)) => self.reserve(share),
            ("shared_limits", Value::Text(ledger)) => self.shared_limits(ledger),
            ("shared_limits_account", Value::Text(name)) => self.shared_limits_account(name),
            ("shared_limits_fallback", Value::Text(word)) => {
                self.shared_limits_fallback(SharedLimitsFallback::from_text(&word)?)
            }
            ("shared_limits_fallback", Value::Number(share)) => {
                self.shared_limits_fallback(SharedLimitsFallback::Share(share))
            }
            ("auth_scheme", Value::Text(name)) => self.auth_scheme(AuthScheme::from_name(&name)?),
            ("allow_insecure_http", Value::Flag(allow)) => self.allow_insecure_http(allow),
            (name, Value::Null) if has_default(name) => self,
            (name, _) => return Err(Error::invalid_config(format!("There is no setting {name} with such a value."))),
        })
    }
}

/// Whether null leaves the default of the setting.
fn has_default(name: &str) -> bool {
    SETTINGS.iter().any(|(other, kind)| *other == name && matches!(kind, Kind::Text | Kind::CountOrDefault))
}

#[cfg(test)]
mod tests {
    use super::{Kind, SETTINGS, Value};
    use crate::{Client, ClientBuilder, Error};

    fn value(kind: Kind) -> Value {
        match kind {
            Kind::Text => Value::Text("off".to_owned()),
            Kind::Word => Value::Text("raw".to_owned()),
            Kind::Duration | Kind::DurationOrNone | Kind::Count | Kind::CountOrDefault => Value::Number(2.0),
            Kind::Share | Kind::Fallback => Value::Number(0.25),
            Kind::RateLimits => Value::RateLimits(vec![(10.0, 1.0)]),
            Kind::Flag => Value::Flag(true),
        }
    }

    #[test]
    fn every_setting_is_set_by_its_name_and_refuses_other_values() {
        let shown = |builder: &ClientBuilder| format!("{builder:?}");
        for (name, kind) in SETTINGS {
            let default = Client::builder();
            let set = default.clone().set(name, value(kind)).unwrap();
            assert_ne!(shown(&set), shown(&default), "{name}");
            for other in [Value::Null, Value::Flag(false), Value::RateLimits(Vec::new())] {
                let fits = match other {
                    Value::Null => {
                        matches!(kind, Kind::Text | Kind::DurationOrNone | Kind::CountOrDefault | Kind::RateLimits)
                    }
                    Value::Flag(_) => kind == Kind::Flag,
                    _ => kind == Kind::RateLimits,
                };
                assert_eq!(default.clone().set(name, other.clone()).is_ok(), fits, "{name} {other:?}");
            }
        }
    }

    #[test]
    fn a_number_out_of_range_is_told_with_the_range_in_the_unit_of_the_language() {
        let set = |language, name: &str, value| Client::builder().language(language).set(name, Value::Number(value));
        let refusal = |result: Result<ClientBuilder, Error>| result.unwrap_err().description().to_owned();
        for (number, told) in [(0.0, "0"), (-1.0, "-1"), (86_401.0, "86401"), (f64::INFINITY, "inf"), (f64::NAN, "NaN")]
        {
            let told = format!("The timeout is from 0.001 s to 86400 s, not {told} s.");
            assert_eq!(refusal(set("python", "timeout", number)), told);
        }
        assert_eq!(refusal(set("node", "timeout", 0.0)), "The timeout is from 1 ms to 86400000 ms, not 0 ms.");
        let extremes =
            [(f64::INFINITY, "Infinity"), (f64::NEG_INFINITY, "-Infinity"), (-1e300, "-1e300"), (5e-324, "5e-324")];
        for (number, told) in extremes {
            let timeout = format!("The timeout is from 1 ms to 86400000 ms, not {told} ms.");
            assert_eq!(refusal(set("node", "timeout", number)), timeout);
            let retries = format!("The number of retries is a whole number from 0 to 100, not {told}.");
            assert_eq!(refusal(set("node", "max_retries", number)), retries);
        }
        for name in ["reserve", "shared_limits_fallback"] {
            let error = set("node", name, f64::INFINITY).unwrap().api_key("k").build().unwrap_err();
            assert!(error.description().ends_with(", not Infinity."), "{error}");
        }
        assert!(set("node", "timeout", 1.0).is_ok());
        for (number, told) in [(1e18, "1000000000000000000"), (0.0, "0"), (1.5, "1.5"), (f64::NAN, "NaN")] {
            let told = format!("The concurrency is a whole number from 1 to 10000, not {told}.");
            assert_eq!(refusal(set("node", "max_concurrency", number)), told);
        }
    }
}
