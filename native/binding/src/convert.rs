//! Figures as dictionaries; their keys are the fields of `callvault.capture.figures`.

use callvault_capture_core::{Counters, Stats};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

const NS_PER_MS: f64 = 1e6;

/// A receiver's figures.
pub fn stats<'py>(py: Python<'py>, stats: &Stats) -> PyResult<Bound<'py, PyDict>> {
    let values = PyDict::new(py);
    values.set_item("open_journals", stats.open_journals)?;
    values.set_item("open_sockets", stats.open_sockets)?;
    values.set_item("packets", stats.packets)?;
    values.set_item("bytes", stats.bytes)?;
    values.set_item("kernel_drops", stats.kernel_drops)?;
    values.set_item("lost_packets", stats.lost_packets)?;
    values.set_item("unkept_packets", stats.unkept_packets)?;
    values.set_item("blocks", stats.blocks)?;
    values.set_item("bytes_written", stats.bytes_written)?;
    values.set_item("unwritten_bytes", stats.unwritten_bytes)?;
    values.set_item("held_bytes", stats.held_bytes)?;
    values.set_item("write_errors", stats.write_errors)?;
    values.set_item("sync_errors", stats.sync_errors)?;
    values.set_item("syncs", stats.syncs)?;
    values.set_item("last_sync_ms", stats.last_sync_ns as f64 / NS_PER_MS)?;
    values.set_item("last_sweep_ms", stats.last_sweep_ns as f64 / NS_PER_MS)?;
    values.set_item("granted_buffer_bytes", stats.granted_buffer_bytes)?;
    values.set_item("reports", stats.reports)?;
    values.set_item("report_errors", stats.report_errors)?;
    values.set_item("open_file_limit", stats.open_file_limit)?;
    Ok(values)
}

/// A stream's figures.
pub fn counters<'py>(py: Python<'py>, counters: &Counters) -> PyResult<Bound<'py, PyDict>> {
    let values = PyDict::new(py);
    values.set_item("packets", counters.packets)?;
    values.set_item("bytes", counters.bytes)?;
    values.set_item("rtcp_packets", counters.rtcp_packets)?;
    values.set_item("dropped_paused", counters.dropped_paused)?;
    values.set_item("dropped_unkept", counters.dropped_unkept)?;
    values.set_item("dropped_foreign", counters.dropped_foreign)?;
    values.set_item("dropped_invalid", counters.dropped_invalid)?;
    values.set_item("dropped_sources", counters.dropped_sources)?;
    values.set_item("dropped_unwritten", counters.dropped_unwritten)?;
    values.set_item("dropped_kernel", counters.dropped_kernel)?;
    values.set_item("last_arrival_ns", counters.last_arrival_ns)?;
    values.set_item("ssrcs", PyTuple::new(py, &counters.ssrcs)?)?;
    values.set_item("sources", counters.sources)?;
    values.set_item("peak_dbfs", counters.peak_dbfs)?;
    values.set_item("last_speech_ns", counters.last_speech_ns)?;
    Ok(values)
}
