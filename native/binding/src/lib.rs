//! `callvault._native`: the Python face of the capture core.
//!
//! It takes bytes and numbers, raises the exceptions of `callvault.errors`, and holds no rule of
//! its own. Every call that may wait for a lock or a disk lets other Python threads run.
//! `src/callvault/_native.pyi` is its stub; `callvault.capture` gives it names and docstrings.

mod convert;
mod errors;

/// The native part of Callvault.
#[pyo3::pymodule(name = "_native")]
mod native {
    use std::net::IpAddr;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex, PoisonError};
    use std::time::Duration;

    use callvault_capture_core as core;
    use pyo3::exceptions::PyValueError;
    use pyo3::prelude::*;
    use pyo3::types::{PyBytes, PyDict};

    use crate::convert;
    use crate::errors::{raise, PortableResult};

    /// How much may wait in memory while the spool takes no bytes: seconds of a busy node,
    /// hours of a quiet one.
    const MAX_UNWRITTEN_BYTES: u64 = 256 * 1024 * 1024;

    /// Owns media ports, sweep threads and the sync thread.
    #[pyclass(module = "callvault._native", frozen)]
    struct Receiver {
        config: core::Config,
        running: Mutex<Option<Arc<core::Receiver>>>,
    }

    #[pymethods]
    impl Receiver {
        #[new]
        #[pyo3(signature = (*, spool_folder, bind_address, port_first, port_last,
            port_cooldown_ms, socket_buffer_bytes, sweep_ms, sync_ms, max_sources, sweep_threads,
            report_interval_ms))]
        #[allow(clippy::too_many_arguments)] // one for each setting, all by name
        fn new(
            spool_folder: Vec<u8>,
            bind_address: &[u8],
            port_first: u16,
            port_last: u16,
            port_cooldown_ms: u64,
            socket_buffer_bytes: usize,
            sweep_ms: u64,
            sync_ms: u64,
            max_sources: u8,
            sweep_threads: usize,
            report_interval_ms: Option<u64>,
        ) -> PyResult<Self> {
            let config = core::Config {
                spool_folder: PathBuf::from(std::ffi::OsString::from_vec(spool_folder)),
                bind_address: address(bind_address)?,
                port_first,
                port_last,
                port_cooldown: Duration::from_millis(port_cooldown_ms),
                socket_buffer_bytes,
                sweep: Duration::from_millis(sweep_ms),
                sync: Duration::from_millis(sync_ms),
                max_sources,
                sweep_threads,
                report_interval: report_interval_ms.map(Duration::from_millis),
                max_unwritten_bytes: MAX_UNWRITTEN_BYTES,
            };
            Ok(Self { config, running: Mutex::new(None) })
        }

        fn start(&self, py: Python<'_>) -> PyResult<()> {
            py.detach(|| {
                let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
                if running.is_none() {
                    *running = Some(Arc::new(core::Receiver::start(self.config.clone())?));
                }
                Ok(())
            })
            .or_raise()
        }

        fn close(&self, py: Python<'_>) {
            py.detach(|| {
                if let Ok(receiver) = self.receiver() {
                    receiver.close();
                }
            });
        }

        fn open_journal(
            &self,
            py: Python<'_>,
            journal_id: [u8; 16],
            key: [u8; 32],
            envelope: &[u8],
            header: &[u8],
            events: bool,
        ) -> PyResult<Journal> {
            let new =
                core::NewJournal { id: journal_id, key, envelope, header, is_node_events: events };
            let journal = py.detach(|| self.receiver()?.open_journal(&new)).or_raise()?;
            Ok(Journal { held: Arc::new(Held(journal)) })
        }

        fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            let stats = py.detach(|| Ok(self.receiver()?.stats())).or_raise()?;
            convert::stats(py, &stats)
        }

        #[allow(clippy::type_complexity)] // the tuple is named in the Python face
        fn alarms<'py>(
            &self,
            py: Python<'py>,
        ) -> PyResult<Vec<(u64, &'static str, Option<Bound<'py, PyBytes>>, String)>> {
            let alarms = py.detach(|| Ok(self.receiver()?.alarms())).or_raise()?;
            let alarms = alarms.into_iter().map(|alarm| {
                let journal_id = alarm.journal_id.map(|id| PyBytes::new(py, &id));
                (alarm.at_ns, alarm.kind, journal_id, alarm.detail)
            });
            Ok(alarms.collect())
        }
    }

    impl Receiver {
        fn receiver(&self) -> Result<Arc<core::Receiver>, core::Error> {
            let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            let not_started = || core::Error::Capture("the receiver is not started".to_owned());
            running.clone().ok_or_else(not_started)
        }
    }

    /// A journal that Python holds, by itself or by one of its streams.
    struct Held(Arc<core::Journal>);

    impl Drop for Held {
        /// One that nobody can close any more is cut off now, and not live until a restart.
        fn drop(&mut self) {
            self.0.abandon();
        }
    }

    /// One journal file that is being written.
    #[pyclass(module = "callvault._native", frozen)]
    struct Journal {
        held: Arc<Held>,
    }

    impl Journal {
        fn journal(&self) -> &core::Journal {
            &self.held.0
        }
    }

    #[pymethods]
    impl Journal {
        #[getter]
        fn path<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
            PyBytes::new(py, self.journal().path().as_os_str().as_bytes())
        }

        #[getter]
        fn is_paused(&self, py: Python<'_>) -> bool {
            py.detach(|| self.journal().is_paused())
        }

        fn append(&self, py: Python<'_>, event_json: &[u8]) -> PyResult<()> {
            py.detach(|| self.journal().append(event_json)).or_raise()
        }

        fn append_durably(&self, py: Python<'_>, event_json: &[u8]) -> PyResult<()> {
            py.detach(|| self.journal().append_durably(event_json)).or_raise()
        }

        #[pyo3(signature = (index, networks, rtp_port=None))]
        fn open_stream(
            &self,
            py: Python<'_>,
            index: u16,
            networks: Vec<(Vec<u8>, u8)>,
            rtp_port: Option<u16>,
        ) -> PyResult<Stream> {
            let allow = networks.iter().map(|(packed, bits)| network(packed, *bits));
            let allow = allow.collect::<PyResult<Vec<_>>>()?;
            let (number, ports) =
                py.detach(|| self.journal().open_stream(index, allow, rtp_port)).or_raise()?;
            Ok(Stream { held: self.held.clone(), number, index, ports })
        }

        fn pause(&self, py: Python<'_>) -> PyResult<()> {
            py.detach(|| self.journal().pause()).or_raise()
        }

        fn resume(&self, py: Python<'_>) -> PyResult<()> {
            py.detach(|| self.journal().resume()).or_raise()
        }

        fn hold(&self, py: Python<'_>) -> PyResult<()> {
            py.detach(|| self.journal().hold()).or_raise()
        }

        fn keep_held(&self, py: Python<'_>) -> PyResult<u64> {
            py.detach(|| self.journal().keep_held()).or_raise()
        }

        fn drop_held(&self, py: Python<'_>) -> PyResult<()> {
            py.detach(|| self.journal().drop_held()).or_raise()
        }

        #[getter]
        fn is_holding(&self, py: Python<'_>) -> bool {
            py.detach(|| self.journal().is_holding())
        }

        #[getter]
        fn held_bytes(&self, py: Python<'_>) -> u64 {
            py.detach(|| self.journal().held_bytes())
        }

        fn close(&self, py: Python<'_>) {
            py.detach(|| self.journal().close());
        }

        fn close_soon(&self, py: Python<'_>) {
            py.detach(|| self.journal().close_soon());
        }

        fn discard(&self, py: Python<'_>) {
            py.detach(|| self.journal().discard());
        }
    }

    /// One media stream of a journal.
    #[pyclass(module = "callvault._native", frozen)]
    struct Stream {
        held: Arc<Held>,
        number: usize,
        index: u16,
        ports: core::StreamPorts,
    }

    #[pymethods]
    impl Stream {
        #[getter]
        fn index(&self) -> u16 {
            self.index
        }

        #[getter]
        fn rtp_port(&self) -> u16 {
            self.ports.rtp
        }

        #[getter]
        fn rtcp_port(&self) -> u16 {
            self.ports.rtcp
        }

        fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            let counters = py.detach(|| self.held.0.counters(self.number));
            convert::counters(py, &counters)
        }

        fn open_tap(&self, py: Python<'_>) {
            py.detach(|| self.held.0.open_tap(self.number));
        }

        fn close_tap(&self, py: Python<'_>) {
            py.detach(|| self.held.0.close_tap(self.number));
        }

        fn open_reports(&self, py: Python<'_>, is_multiplexed: bool, clock_rate_hz: u32) {
            let reporting = core::Reporting { is_multiplexed, clock_rate_hz };
            py.detach(|| self.held.0.set_reporting(self.number, Some(reporting)));
        }

        fn close_reports(&self, py: Python<'_>) {
            py.detach(|| self.held.0.set_reporting(self.number, None));
        }

        #[pyo3(signature = (*, payload_type, once, repeated, every_ms, wanted))]
        fn speak(
            &self,
            py: Python<'_>,
            payload_type: u8,
            once: Vec<u8>,
            repeated: Vec<u8>,
            every_ms: u64,
            wanted: Option<(Vec<u8>, u16)>,
        ) -> PyResult<()> {
            let wanted = wanted.map(|(packed, port)| Ok::<_, PyErr>((address(&packed)?, port)));
            let wanted = wanted.transpose()?;
            let every = Duration::from_millis(every_ms);
            let speech = core::Speech { payload_type, once, repeated, every, wanted };
            py.detach(|| self.held.0.speak(self.number, Some(speech))).or_raise()
        }

        fn hush(&self, py: Python<'_>) -> PyResult<()> {
            py.detach(|| self.held.0.speak(self.number, None)).or_raise()
        }

        fn spoken(&self, py: Python<'_>) -> (u64, bool) {
            py.detach(|| self.held.0.spoken(self.number))
        }

        fn tapped<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
            let tapped = py.detach(|| self.held.0.tapped(self.number));
            tapped.iter().map(|datagram| PyBytes::new(py, datagram)).collect()
        }

        fn open_ear(&self, py: Python<'_>) {
            py.detach(|| self.held.0.open_ear(self.number));
        }

        fn close_ear(&self, py: Python<'_>) {
            py.detach(|| self.held.0.close_ear(self.number));
        }

        fn overheard<'py>(&self, py: Python<'py>, since: u64) -> (u64, Vec<Bound<'py, PyBytes>>) {
            let (next, heard) = py.detach(|| self.held.0.overheard(self.number, since));
            (next, heard.iter().map(|datagram| PyBytes::new(py, datagram)).collect())
        }

        fn set_keypad(&self, py: Python<'_>, payload_types: Vec<u8>) {
            py.detach(|| self.held.0.set_keypad(self.number, &payload_types));
        }

        fn pressed<'py>(&self, py: Python<'py>) -> Vec<(u64, Bound<'py, PyBytes>)> {
            let pressed = py.detach(|| self.held.0.pressed(self.number));
            pressed.iter().map(|one| (one.arrival_ns, PyBytes::new(py, &one.datagram))).collect()
        }

        fn close(&self, py: Python<'_>) {
            py.detach(|| self.held.0.close_stream(self.number));
        }
    }

    /// Writes the checkpoints of one spool folder.
    #[pyclass(module = "callvault._native", frozen)]
    struct Checkpoints {
        held: core::Checkpoints,
    }

    #[pymethods]
    impl Checkpoints {
        #[new]
        fn new(py: Python<'_>, spool_folder: Vec<u8>, node_key: [u8; 32]) -> PyResult<Self> {
            let folder = PathBuf::from(std::ffi::OsString::from_vec(spool_folder));
            let held = py.detach(|| core::Checkpoints::start(folder, node_key)).or_raise()?;
            Ok(Self { held })
        }

        fn put(&self, py: Python<'_>, journal_id: [u8; 16], content: &[u8]) {
            py.detach(|| self.held.put(journal_id, content.to_vec()));
        }

        fn put_durably(
            &self,
            py: Python<'_>,
            journal_id: [u8; 16],
            content: &[u8],
        ) -> PyResult<()> {
            py.detach(|| self.held.put_durably(journal_id, content)).or_raise()
        }

        fn remove(&self, py: Python<'_>, journal_id: [u8; 16]) {
            py.detach(|| self.held.remove(journal_id));
        }

        fn flush(&self, py: Python<'_>) {
            py.detach(|| self.held.flush());
        }

        fn failures<'py>(&self, py: Python<'py>) -> Vec<(Bound<'py, PyBytes>, String)> {
            let failures = py.detach(|| self.held.failures());
            failures.into_iter().map(|(id, problem)| (PyBytes::new(py, &id), problem)).collect()
        }

        fn close(&self, py: Python<'_>) {
            py.detach(|| self.held.close());
        }
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
        module.add("build_profile", profile)
    }

    fn network(packed: &[u8], prefix_bits: u8) -> PyResult<core::Network> {
        core::Network::new(address(packed)?, prefix_bits).ok_or_else(|| {
            raise(core::Error::Capture(format!("a prefix of {prefix_bits} bits is too long")))
        })
    }

    fn address(packed: &[u8]) -> PyResult<IpAddr> {
        if let Ok(octets) = <[u8; 4]>::try_from(packed) {
            return Ok(octets.into());
        }
        <[u8; 16]>::try_from(packed)
            .map(IpAddr::from)
            .map_err(|_| PyValueError::new_err("an address has 4 or 16 bytes"))
    }
}
