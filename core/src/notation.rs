//! How the language of the caller writes durations and numbers.

use std::time::Duration;

/// From here on, and below [`MIN_DECIMAL`], numbers are written with an exponent, as JavaScript does.
const MIN_EXPONENTIAL: f64 = 1e21;
const MIN_DECIMAL: f64 = 1e-6;

/// That of one language.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Notation {
    units_per_second: f64,
    unit: &'static str,
    infinity: &'static str,
}

impl Notation {
    pub(crate) fn of_language(language: &str) -> Self {
        let (units_per_second, unit) = if matches!(language, "node" | "c") { (1000.0, "ms") } else { (1.0, "s") };
        let infinity = if language == "node" { "Infinity" } else { "inf" };
        Self { units_per_second, unit, infinity }
    }

    /// What so many units are.
    pub(crate) fn seconds(self, units: f64) -> f64 {
        units / self.units_per_second
    }

    pub(crate) fn duration(self, duration: Duration) -> String {
        self.units(duration.as_secs_f64() * self.units_per_second)
    }

    pub(crate) fn units(self, count: f64) -> String {
        format!("{} {}", self.number(count), self.unit)
    }

    /// Very large and very small numbers have an exponent in place of hundreds of digits.
    pub(crate) fn number(self, number: f64) -> String {
        let size = number.abs();
        if size.is_infinite() {
            let sign = if number < 0.0 { "-" } else { "" };
            format!("{sign}{}", self.infinity)
        } else if size >= MIN_EXPONENTIAL || (size > 0.0 && size < MIN_DECIMAL) {
            format!("{number:e}")
        } else {
            number.to_string()
        }
    }
}
