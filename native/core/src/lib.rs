//! Receives RTP in timed sweeps and seals it into journals.
