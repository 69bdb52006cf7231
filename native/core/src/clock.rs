//! Both clocks, in nanoseconds.

use crate::sys;

/// A wall clock that was set changes the offset of the clocks by more; reading both does not.
const STEP_NS: u64 = 200_000_000;

/// UTC nanoseconds since 1970; may step.
pub fn realtime_ns() -> u64 {
    #[cfg(test)]
    return sys::clock_ns(libc::CLOCK_REALTIME).wrapping_add_signed(test_step::NS.get());
    #[cfg(not(test))]
    sys::clock_ns(libc::CLOCK_REALTIME)
}

/// Nanoseconds since boot; never steps. The same clock as Python's `time.monotonic_ns`.
pub fn monotonic_ns() -> u64 {
    sys::clock_ns(libc::CLOCK_MONOTONIC)
}

/// Both clocks, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// As `realtime_ns`.
    pub realtime_ns: u64,
    /// As `monotonic_ns`.
    pub monotonic_ns: u64,
}

impl Clocks {
    /// Read both.
    pub fn now() -> Self {
        Self { realtime_ns: realtime_ns(), monotonic_ns: monotonic_ns() }
    }

    /// Whether the wall clock was set between the two readings.
    pub fn has_stepped_since(&self, before: &Self) -> bool {
        let apart = self.offset_ns().wrapping_sub(before.offset_ns());
        (apart as i64).unsigned_abs() > STEP_NS
    }

    fn offset_ns(&self) -> u64 {
        self.realtime_ns.wrapping_sub(self.monotonic_ns)
    }
}

/// How far a test has set the wall clock of its own thread.
#[cfg(test)]
pub mod test_step {
    use std::cell::Cell;

    thread_local! {
        pub static NS: Cell<i64> = const { Cell::new(0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_either_way_is_seen_and_passing_time_is_not() {
        let before = Clocks { realtime_ns: 1_000 * STEP_NS, monotonic_ns: 5 };
        let later = |realtime_ns| Clocks { realtime_ns, monotonic_ns: 5 + 60 * STEP_NS };
        assert!(!later(1_060 * STEP_NS).has_stepped_since(&before));
        assert!(!later(1_061 * STEP_NS).has_stepped_since(&before));
        assert!(!later(1_059 * STEP_NS).has_stepped_since(&before));
        assert!(later(1_061 * STEP_NS + 1).has_stepped_since(&before));
        assert!(later(1_059 * STEP_NS - 1).has_stepped_since(&before));
        assert!(later(0).has_stepped_since(&before));
    }
}
