//! The guard: a small process between tunebot and one trial, so that no trial outlives tunebot and none is lost with it.
//!
//! tunebot starts its own program with the hidden argument `trial-guard` and the attempt's folder. The launch order
//! comes through standard input, one line of JSON, and after it commands; news goes out through standard output, one
//! line of JSON each. The end of standard input means that tunebot is gone: then the trial is killed at once.
//!
//! What holds a trial, however it forks: it is a process group of its own in a session of the guard's; the guard is the
//! reaper of all that descends from it, so it knows when nothing is left, and kills until then; and the trial itself
//! dies with a guard that is killed. That last wish is made by the stage `trial-exec`, which becomes the trial's program
//! without a shell. Processes that descend from a trial whose guard was killed are found by their mark and killed by
//! tunebot.
//!
//! It runs before everything else in `main`: no asynchronous runtime but for signals, no TLS, no command line parser.

mod supervision;
mod trial;

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use jiff::Timestamp;

use super::folder::{AttemptFolder, Outcome};
use super::order::LaunchOrder;
use super::processes;
use crate::domain::signal::AttemptEnd;

/// The first argument of a guard.
pub const GUARD: &str = "trial-guard";
/// The first argument of the stage that becomes the trial's program.
pub const EXEC: &str = "trial-exec";

/// A launch order with its parameters is far shorter.
const MAX_ORDER: u64 = 16 * 1024 * 1024;

/// Does the work of the hidden arguments [`GUARD`] and [`EXEC`]: `args` begins with one of them.
///
/// Called by the main thread, which must live as long as the process: the trial dies with the thread that started it.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut args = args.into_iter();
    let stage = args.next().unwrap_or_default();
    let result = if stage == GUARD {
        args.next().map_or_else(|| Err(missing("folder")), |folder| guard(AttemptFolder::at(PathBuf::from(folder))))
    } else if stage == EXEC {
        Err(trial::execute(args))
    } else {
        Err(missing("stage"))
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody may be there to read it.
            let _ = io::Write::write_all(&mut io::stderr(), format!("{}: {error}\n", stage.display()).as_bytes());
            ExitCode::from(trial::EXECUTION_FAILED)
        }
    }
}

/// Is `arg`, the first argument of the program, one for [`run`]?
pub fn is_stage(arg: &OsString) -> bool {
    arg == GUARD || arg == EXEC
}

fn guard(folder: AttemptFolder) -> io::Result<()> {
    // Own session: a terminal's signals to tunebot are not meant for its trials.
    rustix::process::setsid()?;
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let lock = folder.lock_file()?;
    lock.lock()?;
    if folder.outcome().is_some() {
        // It was judged before this guard came to life: the attempt is over.
        return Ok(());
    }
    folder.write_guard(&processes::own_identity())?;
    let mut input = BufReader::new(io::stdin());
    let end = match read_order(&mut input) {
        Ok(Some(order)) => supervision::supervise(order, &folder, input),
        Ok(None) => Ok(AttemptEnd::Lost { reason: "tunebot was stopped before it started".into(), by_restart: true }),
        Err(error) => Err(error),
    };
    let end = end.unwrap_or_else(|error| AttemptEnd::Lost {
        reason: format!("the trial could not be started: {error}"),
        by_restart: false,
    });
    folder.write_outcome(&Outcome { at: Timestamp::now(), end })
}

/// `None`: tunebot was gone before it had said everything.
fn read_order(input: &mut impl BufRead) -> io::Result<Option<LaunchOrder>> {
    let mut line = Vec::new();
    let length = input.take(MAX_ORDER).read_until(b'\n', &mut line)?;
    if !line.ends_with(b"\n") && (length as u64) < MAX_ORDER {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&line)?))
}

fn missing(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("no {what} is given; tunebot calls this itself"))
}
