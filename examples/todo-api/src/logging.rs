//! Logs to stdout and to a file.

use monitor_kit::{
    Monitor,
    log::{LogBuilder, LogGuard},
};

use crate::{Config, StartError};

/// Starts logging, until the returned guard is dropped.
pub(crate) fn init(config: &Config, monitor: &Monitor) -> Result<LogGuard, StartError> {
    let setup = LogBuilder::new(monitor).console(!config.quiet);
    let setup = config.log_file.iter().fold(setup, |setup, file| setup.file(file));
    setup.init().map_err(|error| StartError::new("begin to log", error))
}
