//! Which arrival times are kept: how a pause cuts.

/// Packets of a pause may still be on their way into the socket when it ends: so long after the
/// resume the cut is held against arrival times. Later it is lifted, so that a wall clock that
/// steps back cannot make packets of today look like packets of the pause.
const CUT_HELD_NS: u64 = 1_000_000_000;

/// The half-open span of arrival times (realtime) that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    from_ns: u64,
    until_ns: u64,
    open_at_monotonic_ns: Option<u64>,
}

impl Window {
    /// Everything is kept.
    pub const OPEN: Self = Self { from_ns: 0, until_ns: u64::MAX, open_at_monotonic_ns: None };
    /// Nothing is kept, whatever the clock says.
    pub const SHUT: Self = Self { from_ns: u64::MAX, until_ns: 0, open_at_monotonic_ns: None };

    /// Whether a packet that arrived then is kept.
    pub fn keeps(&self, arrival_ns: u64) -> bool {
        self.from_ns <= arrival_ns && arrival_ns < self.until_ns
    }

    /// Whether this is a pause.
    pub fn is_shut(&self) -> bool {
        *self == Self::SHUT
    }

    /// Keep what arrived before now: for the last sweep before a pause.
    pub fn closing(self, realtime_ns: u64) -> Self {
        Self { until_ns: realtime_ns, open_at_monotonic_ns: None, ..self }
    }

    /// Keep what arrives from now on.
    pub fn reopened(realtime_ns: u64, monotonic_ns: u64) -> Self {
        let open_at = Some(monotonic_ns + CUT_HELD_NS);
        Self { from_ns: realtime_ns, until_ns: u64::MAX, open_at_monotonic_ns: open_at }
    }

    /// The window after a sweep that began then: the cut is lifted once it has been held.
    pub fn after_sweep(self, monotonic_ns: u64) -> Self {
        match self.open_at_monotonic_ns {
            Some(open_at) if monotonic_ns >= open_at => Self::OPEN,
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sweep_before_a_pause_keeps_what_arrived_before() {
        let closing = Window::OPEN.closing(100);
        assert!(closing.keeps(99));
        assert!(!closing.keeps(100));
    }

    #[test]
    fn a_pause_keeps_nothing_even_if_the_clock_steps_back() {
        assert!([0, 50, 100, u64::MAX - 1, u64::MAX].iter().all(|at| !Window::SHUT.keeps(*at)));
    }

    #[test]
    fn after_a_resume_late_packets_of_the_pause_are_cut() {
        let window = Window::reopened(200, 0);
        assert!(!window.keeps(199));
        assert!(window.keeps(200));
        assert!(!window.after_sweep(CUT_HELD_NS - 1).keeps(199));
        assert!(window.after_sweep(CUT_HELD_NS).keeps(199));
    }

    #[test]
    fn a_pause_right_after_a_resume_cuts_on_both_sides() {
        let closing = Window::reopened(200, 0).closing(300);
        let kept: Vec<u64> =
            [199, 200, 299, 300].into_iter().filter(|at| closing.keeps(*at)).collect();
        assert_eq!(kept, [200, 299]);
    }
}
