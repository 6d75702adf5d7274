//! Installation of the recorder for the program's own metrics as the global one.

use std::{
    error::Error,
    fmt,
    sync::{Mutex, PoisonError},
};

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

/// The error of a recorder that cannot be installed.
#[derive(Debug)]
pub struct InstallError(BuildError);

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the program has installed a metrics recorder of its own: give its handle to \
             PrometheusEndpoint::with_handle, or use PrometheusEndpoint::local",
        )
    }
}

impl Error for InstallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// Returns the handle of the global recorder, and installs the recorder first if necessary.
pub(super) fn installed() -> Result<PrometheusHandle, InstallError> {
    static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    // Held during the installation, because tests build their applications in parallel.
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*installed {
        return Ok(handle.clone());
    }
    let handle = PrometheusBuilder::new().install_recorder().map_err(InstallError)?;
    Ok(installed.insert(handle).clone())
}
