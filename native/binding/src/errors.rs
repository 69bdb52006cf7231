//! Errors of the core as exceptions of `callvault.errors`.

use callvault_capture_core::Error;
use pyo3::prelude::*;

mod python {
    pyo3::import_exception!(callvault.errors, CaptureError);
    pyo3::import_exception!(callvault.errors, PortsExhausted);
    pyo3::import_exception!(callvault.errors, SpoolError);
    pyo3::import_exception!(callvault.errors, SpoolFull);
}

/// The exception for an error.
pub fn raise(error: Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Capture(_) => python::CaptureError::new_err(message),
        Error::PortsExhausted(_) => python::PortsExhausted::new_err(message),
        Error::Spool(_) => python::SpoolError::new_err(message),
        Error::SpoolFull(_) => python::SpoolFull::new_err(message),
    }
}

/// Turns a core result into a Python one.
pub trait PortableResult<T> {
    /// The value, or the exception.
    fn or_raise(self) -> PyResult<T>;
}

impl<T> PortableResult<T> for Result<T, Error> {
    fn or_raise(self) -> PyResult<T> {
        self.map_err(raise)
    }
}
