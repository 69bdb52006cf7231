//! Both clocks, in nanoseconds.

use crate::sys;

/// UTC nanoseconds since 1970; may step.
pub fn realtime_ns() -> u64 {
    sys::clock_ns(libc::CLOCK_REALTIME)
}

/// Nanoseconds since boot; never steps. The same clock as Python's `time.monotonic_ns`.
pub fn monotonic_ns() -> u64 {
    sys::clock_ns(libc::CLOCK_MONOTONIC)
}
