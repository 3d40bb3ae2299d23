//! Durations and microseconds.

use core::time::Duration;

/// A duration in µs, cut off at 2^64 − 1.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// So many µs.
pub(crate) const fn of_micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}
