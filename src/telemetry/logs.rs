//! The program's log on stderr.

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry as Subscribers, fmt, reload};

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("`{filter}` is not a log filter: {problem}. Write it like `info` or `info,tunebot=debug`.")]
    Filter { filter: String, problem: String },
    #[error("logging is set up already")]
    Installed,
}

/// The program's log on stderr. Its filter can be changed while it runs.
pub struct Logs {
    filter: reload::Handle<EnvFilter, Subscribers>,
}

impl Logs {
    /// Sends all spans and events of the process to stderr. Once per process.
    ///
    /// # Errors
    /// [`LogError`]
    pub fn install(format: LogFormat, filter: &str) -> Result<Self, LogError> {
        let (filter, handle) = reload::Layer::new(parse_filter(filter)?);
        let lines = fmt::layer().with_writer(std::io::stderr);
        let subscriber = tracing_subscriber::registry().with(filter);
        let installed = match format {
            LogFormat::Text => subscriber.with(lines.with_target(false)).try_init(),
            LogFormat::Json => subscriber.with(lines.json().flatten_event(true)).try_init(),
        };
        installed.map_err(|_| LogError::Installed)?;
        Ok(Self { filter: handle })
    }

    /// # Errors
    /// [`LogError::Filter`]; the filter before it stays in force.
    pub fn set_filter(&self, filter: &str) -> Result<(), LogError> {
        let parsed = parse_filter(filter)?;
        let unusable =
            |error: reload::Error| LogError::Filter { filter: filter.to_owned(), problem: error.to_string() };
        self.filter.reload(parsed).map_err(unusable)
    }
}

/// What the Kubernetes client logs of its own accord is said by the engine, once and with the engine's name; whoever wants
/// it all the same names `kube_client` in the filter.
fn parse_filter(filter: &str) -> Result<EnvFilter, LogError> {
    EnvFilter::try_new(format!("kube_client=off,{filter}"))
        .map_err(|error| LogError::Filter { filter: filter.to_owned(), problem: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_cannot_be_read_is_named() {
        insta::assert_snapshot!(parse_filter("tunebot=loud").unwrap_err(), @r#"`tunebot=loud` is not a log filter: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5. Write it like `info` or `info,tunebot=debug`."#);
    }
}
