//! The trial's process: how it is started, and the threads that listen to it.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::SyncSender;
use std::thread::{self, JoinHandle};

use rustix::process::{Pid, Signal, WaitOptions};

use super::EXEC;
use super::supervision::Event;
use crate::engine::local::LocalEngineOptions;
use crate::engine::local::folder::AttemptFolder;
use crate::engine::local::log::CappedLog;
use crate::engine::local::order::LaunchOrder;
use crate::engine::local::output::{LineSplitter, read_line};
use crate::engine::local::processes;

/// What a shell answers for a program that it cannot execute.
pub(super) const EXECUTION_FAILED: u8 = 126;

/// A trial that was started. Its threads end when nobody holds its streams any longer; they give the ends of its logs.
pub(super) struct Trial {
    /// Also the number of its process group.
    pub pid: Pid,
    pub stdout: JoinHandle<Vec<u8>>,
    pub stderr: JoinHandle<Vec<u8>>,
}

/// Starts the trial and listens to it. Must be called by the thread that lives as long as the guard.
///
/// # Errors
/// Folders, logs, threads or the process cannot be made.
pub(super) fn start(order: &LaunchOrder, folder: &AttemptFolder, events: &SyncSender<Event>) -> io::Result<Trial> {
    fs::create_dir(folder.work())?;
    if let Some(source) = &order.source {
        std::os::unix::fs::symlink(source, folder.work().join("source"))?;
    }
    let stdout_log = CappedLog::create(&folder.stdout_log(), order.log_limit_bytes)?;
    let stderr_log = CappedLog::create(&folder.stderr_log(), order.log_limit_bytes)?;
    let mut child = command(order, folder)?.spawn()?;
    let pid =
        i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(|| io::Error::other("no process id"))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // All children are waited for in one place, this one too, for descendants come to the guard when their parents die.
    let reaper_events = events.clone();
    thread::Builder::new().spawn(move || reap(&reaper_events))?;
    let statements = events.clone();
    Ok(Trial {
        pid,
        stdout: thread::Builder::new().spawn(move || read_statements(stdout, stdout_log, &statements))?,
        stderr: thread::Builder::new().spawn(move || read_stream(stderr, stderr_log, |_| {}))?,
    })
}

/// The stage that becomes the trial's program, in the trial's folder, environment and process group.
fn command(order: &LaunchOrder, folder: &AttemptFolder) -> io::Result<Command> {
    let mut command = Command::new(LocalEngineOptions::own_program()?);
    command
        .arg0("tunebot")
        .arg(EXEC)
        .arg(std::process::id().to_string())
        .arg(folder.execution_failure())
        .arg(&order.program)
        .args(&order.argv)
        .env_clear()
        .envs(&order.environment)
        .current_dir(folder.work())
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Ok(command)
}

/// Becomes the trial's program: `args` are the guard's number, the file for a failure, the program and its argv.
/// Comes back only when that is not possible.
pub(super) fn execute(mut args: impl Iterator<Item = OsString>) -> io::Error {
    let mut next = || args.next().ok_or_else(|| super::missing("argument"));
    let (guard, failure, program, name) = match (next(), next(), next(), next()) {
        (Ok(guard), Ok(failure), Ok(program), Ok(name)) => (guard, PathBuf::from(failure), program, name),
        _ => return super::missing("argument"),
    };
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    // The guard may have died before the wish was made.
    let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().to_string());
    if parent.as_deref() != guard.to_str() {
        return io::Error::other("its guard is gone");
    }
    let error = Command::new(&program).arg0(name).args(args).exec();
    let text = format!("the program `{}` cannot be executed: {error}", program.display());
    match fs::write(failure, &text) {
        Ok(()) => io::Error::other(text),
        Err(error) => error,
    }
}

/// Asks the trial to end.
pub(super) fn terminate(trial: &Trial) {
    // It may just have ended.
    let _ = rustix::process::kill_process_group(trial.pid, Signal::TERM);
}

/// Kills the trial's group and all that descends from the guard. What forks faster is killed the next time.
pub(super) fn kill_everything(trial: &Trial, trial_is_reaped: bool) {
    if !trial_is_reaped {
        // Afterwards the number may belong to somebody else. The leader goes first, so that it does not answer the
        // death of the others.
        let _ = rustix::process::kill_process(trial.pid, Signal::KILL);
        let _ = rustix::process::kill_process_group(trial.pid, Signal::KILL);
    }
    processes::kill_descendants(rustix::process::getpid().as_raw_nonzero().get());
}

fn reap(events: &SyncSender<Event>) {
    loop {
        let event = match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) => Event::Exited(pid, status),
            Ok(None) | Err(rustix::io::Errno::INTR) => continue,
            Err(_) => Event::Childless,
        };
        let last = matches!(event, Event::Childless);
        if events.send(event).is_err() || last {
            return;
        }
    }
}

fn read_statements(stream: Option<impl Read>, log: CappedLog, events: &SyncSender<Event>) -> Vec<u8> {
    let mut splitter = LineSplitter::default();
    let speak = |line: &[u8]| {
        if let Some(statement) = read_line(line) {
            // The guard stops listening only when it ends.
            let _ = events.send(Event::Said(statement));
        }
    };
    let end = read_stream(stream, log, |bytes| splitter.push(bytes, speak));
    splitter.finish(speak);
    let _ = events.send(Event::Silent);
    end
}

/// Reads to the end, always: a trial must never wait for its log.
fn read_stream(stream: Option<impl Read>, mut log: CappedLog, mut on_bytes: impl FnMut(&[u8])) -> Vec<u8> {
    let mut buffer = [0; 16 * 1024];
    if let Some(mut stream) = stream {
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => {
                    log.push(&buffer[..length]);
                    on_bytes(&buffer[..length]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
    }
    log.finish()
}
