//! Logging, as the configuration says.

use anyhow::Result;

use crate::config::{self, Log};
use crate::telemetry::{LogFormat, Logs};

/// Sends the log to stderr. Once per process.
///
/// # Errors
/// The filter is not one.
pub fn start(log: &Log) -> Result<Logs> {
    let format = match log.format {
        config::LogFormat::Text => LogFormat::Text,
        config::LogFormat::Json => LogFormat::Json,
    };
    Ok(Logs::install(format, &log.filter)?)
}
