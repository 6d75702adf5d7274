//! JSON logs to stdout and to a file.

use std::{fs::OpenOptions, io, path::Path, sync::Mutex};

use tracing_subscriber::fmt::writer::{BoxMakeWriter, MakeWriterExt};

use crate::{Config, StartError};

/// Begins to log, one JSON object a line.
pub(crate) fn init(config: &Config) -> Result<(), StartError> {
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_file(true)
        .with_line_number(true)
        .with_max_level(tracing::Level::INFO)
        .with_writer(writer(config)?)
        .finish();
    tracing::subscriber::set_global_default(subscriber).map_err(|error| StartError::new("begin to log", error))
}

fn writer(config: &Config) -> Result<BoxMakeWriter, StartError> {
    let file = config.log_file.as_deref().map(open).transpose()?;
    Ok(match (config.quiet, file) {
        (false, None) => BoxMakeWriter::new(io::stdout),
        (false, Some(file)) => BoxMakeWriter::new(io::stdout.and(file)),
        (true, Some(file)) => BoxMakeWriter::new(file),
        (true, None) => BoxMakeWriter::new(io::sink),
    })
}

fn open(path: &Path) -> Result<Mutex<std::fs::File>, StartError> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.map(Mutex::new).map_err(|error| StartError::new(format!("write the log {}", path.display()), error))
}
