//! How an attempt ended: from the way its process ended and what it said to an [`AttemptEnd`]. Also what is to be said
//! of an attempt whose guard is gone.

use std::fs::{self, File, TryLockError};
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use rustix::process::{Signal, WaitStatus};

use super::folder::{AttemptFolder, Outcome};
use super::log::last_lines;
use super::output::{MAX_RESULT, read_result};
use super::processes;
use crate::domain::metrics::Metrics;
use crate::domain::signal::AttemptEnd;

/// Bytes of log that go with the news of a failure.
const EXCERPT_BYTES: usize = 2048;

/// A guard whose tunebot is gone kills its trial at once: it should not take longer than this.
const GUARD_PATIENCE: Duration = Duration::from_secs(15);
const LOCK_INTERVAL: Duration = Duration::from_millis(10);

/// Why a guard ended its trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Stopped,
    TimedOut,
    /// tunebot stopped or died, or the machine stops.
    Restart,
}

/// All that a guard knows of a trial that has ended.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    pub cause: Option<Cause>,
    /// tunebot went away, perhaps only when the trial had ended already: that may be why it did not end well.
    pub abandoned: bool,
    /// `None`: it would not end.
    pub status: Option<WaitStatus>,
    pub timeout: Duration,
    /// Metrics of its standard output.
    pub metrics: Metrics,
    /// The ends of its logs.
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// The trial's token: it must not get into an excerpt.
    pub token: String,
}

/// The end of a trial. The result file counts only when the trial ended well by itself.
pub(super) fn judge(evidence: Evidence, folder: &AttemptFolder) -> AttemptEnd {
    let failed = |reason: String| AttemptEnd::Failed { reason, log_tail: excerpt(&evidence) };
    match evidence.cause {
        Some(Cause::Stopped) => return AttemptEnd::Stopped,
        Some(Cause::Restart) => return by_restart(),
        Some(Cause::TimedOut) => {
            let timeout = SignedDuration::try_from(evidence.timeout).unwrap_or(SignedDuration::MAX);
            return failed(format!("it had not ended after {timeout:#} and was stopped"));
        }
        None => {}
    }
    if let Ok(text) = fs::read_to_string(folder.execution_failure()) {
        return failed(text);
    }
    if let Some(reason) = failure(evidence.status) {
        return if evidence.abandoned { by_restart() } else { failed(reason) };
    }
    match result_metrics(folder) {
        Err(problem) => failed(format!("the result file {problem}")),
        Ok(result) => {
            let mut metrics = evidence.metrics;
            metrics.0.extend(result.0);
            AttemptEnd::Succeeded { metrics }
        }
    }
}

fn by_restart() -> AttemptEnd {
    AttemptEnd::Lost { reason: "tunebot was stopped while it ran".into(), by_restart: true }
}

/// Judges an attempt that has a folder and may have no guard. Waits for a guard that is about to end; kills what a dead
/// one left behind. The outcome is written down before it is returned.
///
/// # Errors
/// The folder cannot be read or written; nothing is decided.
pub(super) fn recover(folder: &AttemptFolder, by_restart: bool) -> io::Result<Outcome> {
    if let Some(outcome) = folder.outcome() {
        return Ok(outcome);
    }
    let lost =
        |reason: &str| Outcome { at: Timestamp::now(), end: AttemptEnd::Lost { reason: reason.into(), by_restart } };
    if !folder.exists() {
        // Somebody has cleaned up; what runs is still known by its mark.
        processes::kill_leftovers(folder.path(), &folder.result(), None);
        return Ok(lost("its folder was removed"));
    }
    let lock = folder.lock_file()?;
    wait_for_guard(&lock, folder)?;
    if let Some(outcome) = folder.outcome() {
        return Ok(outcome);
    }
    let nothing_left = processes::kill_leftovers(folder.path(), &folder.result(), folder.guard());
    let outcome = lost(match nothing_left {
        true => "the process that watched over it is gone",
        false => "the process that watched over it is gone, and it left processes behind that cannot be killed",
    });
    folder.write_outcome(&outcome)?;
    Ok(outcome)
}

/// Waits until no guard holds the lock, and then holds it. Kills a guard that takes too long.
fn wait_for_guard(lock: &File, folder: &AttemptFolder) -> io::Result<()> {
    let patience_ends = Instant::now() + GUARD_PATIENCE;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if Instant::now() > patience_ends + GUARD_PATIENCE => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "its guard does not end"));
            }
            Err(TryLockError::WouldBlock) if Instant::now() > patience_ends => {
                folder.guard().into_iter().for_each(processes::kill_if_same);
            }
            Err(TryLockError::WouldBlock) => {}
        }
        thread::sleep(LOCK_INTERVAL);
    }
}

/// Why a program that ended like this did not end well.
fn failure(status: Option<WaitStatus>) -> Option<String> {
    let Some(status) = status else { return Some("it could not be killed".into()) };
    if let Some(code) = status.exit_status() {
        return (code != 0).then(|| format!("the program exited with code {code}"));
    }
    let signal = status.terminating_signal().unwrap_or_default();
    let name = signal_name(signal);
    Some(match Signal::from_named_raw(signal) {
        Some(Signal::KILL) => format!("the program was killed by {name}: did the machine run out of memory?"),
        _ => format!("the program was killed by {name}"),
    })
}

fn signal_name(signal: i32) -> String {
    let name = match Signal::from_named_raw(signal) {
        Some(Signal::HUP) => "SIGHUP",
        Some(Signal::INT) => "SIGINT",
        Some(Signal::QUIT) => "SIGQUIT",
        Some(Signal::ILL) => "SIGILL",
        Some(Signal::TRAP) => "SIGTRAP",
        Some(Signal::ABORT) => "SIGABRT",
        Some(Signal::BUS) => "SIGBUS",
        Some(Signal::FPE) => "SIGFPE",
        Some(Signal::KILL) => "SIGKILL",
        Some(Signal::SEGV) => "SIGSEGV",
        Some(Signal::PIPE) => "SIGPIPE",
        Some(Signal::ALARM) => "SIGALRM",
        Some(Signal::TERM) => "SIGTERM",
        Some(Signal::USR1) => "SIGUSR1",
        Some(Signal::USR2) => "SIGUSR2",
        Some(Signal::XCPU) => "SIGXCPU",
        Some(Signal::XFSZ) => "SIGXFSZ",
        Some(Signal::SYS) => "SIGSYS",
        _ => return format!("signal {signal}"),
    };
    name.into()
}

/// The last lines of the standard error, or of the standard output when that is empty.
fn excerpt(evidence: &Evidence) -> Option<String> {
    let lines = |log: &[u8]| {
        let text = String::from_utf8_lossy(log);
        let text = if evidence.token.is_empty() { text.into() } else { text.replace(&evidence.token, "[token]") };
        last_lines(text.as_bytes(), EXCERPT_BYTES)
    };
    lines(&evidence.stderr).or_else(|| lines(&evidence.stdout))
}

fn result_metrics(folder: &AttemptFolder) -> Result<Metrics, String> {
    let path = folder.result();
    let Ok(metadata) = fs::symlink_metadata(&path) else { return Ok(Metrics::default()) };
    if !metadata.is_file() {
        return Err("is not a plain file".into());
    }
    if metadata.len() > MAX_RESULT {
        return Err(format!("is longer than {MAX_RESULT} bytes"));
    }
    read_result(&fs::read(&path).map_err(|error| format!("cannot be read: {error}"))?)
}
