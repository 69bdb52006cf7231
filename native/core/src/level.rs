//! Peak level of G.711, from the code words: both laws order magnitudes, so no sample is decoded.

/// How long a peak is shown at least.
const SPAN_NS: u64 = 1_000_000_000;
/// Linear magnitude from which on a packet may be speech: -45 dB, well above a line's own noise.
pub const SPEECH: u16 = 184;

/// Highest magnitude of µ-law code words, 0 to 127 (the words are inverted on the wire).
pub fn ulaw_peak(payload: &[u8]) -> u8 {
    0x7F - payload.iter().fold(0x7F, |least, word| least.min(word & 0x7F))
}

/// Highest magnitude of A-law code words, 0 to 127 (even bits are inverted on the wire).
pub fn alaw_peak(payload: &[u8]) -> u8 {
    payload.iter().fold(0, |most, word| most.max((word ^ 0x55) & 0x7F))
}

/// Linear magnitude of a µ-law magnitude code, of 32,768 (ITU-T G.711, table 2a).
pub fn ulaw_linear(magnitude: u8) -> u16 {
    let (segment, step) = (magnitude >> 4, u16::from(magnitude & 0x0F));
    (((step << 3) + 0x84) << segment) - 0x84
}

/// Linear magnitude of an A-law magnitude code, of 32,768 (ITU-T G.711, table 1a).
pub fn alaw_linear(magnitude: u8) -> u16 {
    let (segment, step) = (magnitude >> 4, u16::from(magnitude & 0x0F));
    match segment {
        0 => (step << 4) + 8,
        _ => ((step << 4) + 0x108) << (segment - 1),
    }
}

/// Level of a linear magnitude against full scale (32,768); the least is one step, -90 dB.
pub fn dbfs(linear: u16) -> f64 {
    20.0 * (f64::from(linear.max(1)) / 32_768.0).log10()
}

/// Peak level of the second that runs and of the one before.
#[derive(Default)]
pub struct PeakMeter {
    began_ns: u64,
    running: Option<u16>,
    before: Option<u16>,
}

impl PeakMeter {
    /// Add a packet's peak; `now_ns` is monotonic.
    pub fn add(&mut self, linear: u16, now_ns: u64) {
        let span = now_ns.saturating_sub(self.began_ns);
        if span >= SPAN_NS {
            self.before = self.running.take().filter(|_| span < 2 * SPAN_NS);
            self.began_ns = now_ns;
        }
        self.running = self.running.max(Some(linear));
    }

    /// The level now; None if no packet came lately.
    pub fn dbfs(&self, now_ns: u64) -> Option<f64> {
        let is_old = now_ns.saturating_sub(self.began_ns) >= 2 * SPAN_NS;
        let peak = if is_old { None } else { self.running.max(self.before) };
        peak.map(dbfs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_found_whatever_the_sign() {
        assert_eq!(ulaw_linear(ulaw_peak(&[0xFF, 0x7F, 0x80])), 32_124);
        assert_eq!(ulaw_linear(ulaw_peak(&[0xFF, 0x00])), 32_124);
        assert_eq!(ulaw_linear(ulaw_peak(&[0xFF, 0x7F])), 0);
        assert_eq!(alaw_linear(alaw_peak(&[0xD5, 0x2A])), 32_256);
        assert_eq!(alaw_linear(alaw_peak(&[0xD5, 0x55])), 8);
    }

    #[test]
    fn full_scale_is_near_zero_decibels_and_silence_far_below() {
        assert!((dbfs(32_124) + 0.17).abs() < 0.01);
        assert!((dbfs(3_277) + 20.0).abs() < 0.01);
        assert_eq!(dbfs(0), -90.308_998_699_194_36);
    }

    #[test]
    fn an_empty_payload_is_silent() {
        assert_eq!((ulaw_peak(&[]), alaw_peak(&[])), (0, 0));
    }

    #[test]
    fn a_level_is_that_of_the_last_one_to_two_seconds() {
        let mut level = PeakMeter::default();
        assert_eq!(level.dbfs(0), None);
        level.add(32_124, 10 * SPAN_NS);
        level.add(8, 11 * SPAN_NS);
        assert!(level.dbfs(11 * SPAN_NS).unwrap() > -1.0);
        level.add(8, 12 * SPAN_NS);
        assert!(level.dbfs(12 * SPAN_NS).unwrap() < -60.0);
        assert_eq!(level.dbfs(14 * SPAN_NS), None);
    }
}
