//! `callvault._native`: the Python face of the capture core.

/// The native part of Callvault.
#[pyo3::pymodule(name = "_native")]
mod native {
    use pyo3::prelude::*;

    /// Owns media ports, sweep threads and the sync thread.
    #[pyclass(module = "callvault._native")]
    struct Receiver;

    /// One journal file that is being written.
    #[pyclass(module = "callvault._native")]
    struct Journal;

    /// One media stream of a journal.
    #[pyclass(module = "callvault._native")]
    struct Stream;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
        module.add("build_profile", profile)
    }
}
