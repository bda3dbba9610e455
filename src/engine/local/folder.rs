//! The folder of one attempt: `<work_dir>/<sweep>/<trial>-<attempt>/`. Beside it all attempts of the trial have
//! `<work_dir>/<sweep>/checkpoints/<trial>/`, which stays until the sweep is released.
//!
//! | file | what it is | after `forget` |
//! |---|---|---|
//! | the folder itself | the mark that the attempt was started, so that it never is again | stays |
//! | `work/` | where the trial runs | goes, unless `keep_work` |
//! | `stdout.log`, `stderr.log`, `result.json` | what the trial said | stay |
//! | `outcome.json` | how the attempt ended; whole or not there | stays |
//! | `guard.lock` | locked for as long as a guard, or whoever judges the attempt, is at work | goes |
//! | `guard.json` | which process the guard is | goes |

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::processes::ProcessIdentity;
use crate::domain::ids::{AttemptId, SweepId};
use crate::domain::signal::AttemptEnd;

/// How an attempt ended, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub at: Timestamp,
    pub end: AttemptEnd,
}

#[derive(Debug, Clone)]
pub(super) struct AttemptFolder(PathBuf);

/// The folder in that of a sweep where its trials keep what their next attempts go on from.
const CHECKPOINTS: &str = "checkpoints";

impl AttemptFolder {
    pub fn of(work_dir: &Path, attempt: &AttemptId) -> Self {
        Self(work_dir.join(attempt.sweep.as_str()).join(format!("{}-{}", attempt.trial, attempt.attempt)))
    }

    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn work(&self) -> PathBuf {
        self.0.join("work")
    }

    pub fn result(&self) -> PathBuf {
        self.0.join("result.json")
    }

    pub fn stdout_log(&self) -> PathBuf {
        self.0.join("stdout.log")
    }

    pub fn stderr_log(&self) -> PathBuf {
        self.0.join("stderr.log")
    }

    /// Where the stage before the trial's program says that it could not be executed.
    pub fn execution_failure(&self) -> PathBuf {
        self.0.join("execution-failure")
    }

    /// Where the trial keeps what its next attempt goes on from: one folder for all its attempts.
    pub fn checkpoint(&self) -> PathBuf {
        let name = self.0.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let trial = name.split_once('-').map_or(name, |(trial, _)| trial);
        self.0.with_file_name(CHECKPOINTS).join(trial)
    }

    pub fn exists(&self) -> bool {
        self.0.is_dir()
    }

    /// Makes the folder, and that of the trial; `false` when it was there. Committed to the disk, so that not even a power cut starts an
    /// attempt twice.
    ///
    /// # Errors
    /// The disk is full or may not be written.
    pub fn create(&self) -> io::Result<bool> {
        let sweep = self.0.parent().unwrap_or(Path::new("."));
        make_private(sweep)?;
        make_private(&self.checkpoint())?;
        match fs::create_dir(&self.0) {
            Ok(()) => {
                File::open(sweep)?.sync_all()?;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes the mark back: nothing was started.
    pub fn remove(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.0)
    }

    /// # Errors
    /// The lock file cannot be made.
    pub fn lock_file(&self) -> io::Result<File> {
        File::options().create(true).truncate(false).write(true).open(self.0.join("guard.lock"))
    }

    /// The outcome, if there is one.
    pub fn outcome(&self) -> Option<Outcome> {
        serde_json::from_slice(&fs::read(self.0.join("outcome.json")).ok()?).ok()
    }

    /// Writes the outcome down: after this it is there as a whole, before it not at all.
    ///
    /// # Errors
    /// The disk is full or may not be written.
    pub fn write_outcome(&self, outcome: &Outcome) -> io::Result<()> {
        self.write_whole("outcome.json", &serde_json::to_vec(outcome)?)
    }

    pub fn guard(&self) -> Option<ProcessIdentity> {
        serde_json::from_slice(&fs::read(self.0.join("guard.json")).ok()?).ok()
    }

    /// # Errors
    /// The disk is full or may not be written.
    pub fn write_guard(&self, guard: &ProcessIdentity) -> io::Result<()> {
        fs::write(self.0.join("guard.json"), serde_json::to_vec(guard)?)
    }

    /// Removes what nobody needs once the end of the attempt is in the store.
    pub fn tidy(&self, keep_work: bool) {
        // Whatever cannot be removed now goes with the whole sweep later.
        if !keep_work {
            let _ = fs::remove_dir_all(self.work());
        }
        for name in ["guard.lock", "guard.json", "execution-failure"] {
            let _ = fs::remove_file(self.0.join(name));
        }
    }

    fn write_whole(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let temporary = self.0.join(format!("{name}.new"));
        let mut file = File::create(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, self.0.join(name))?;
        File::open(&self.0)?.sync_all()
    }
}

/// Makes the folder and those above it, for this user only: logs of trials may say what is not for everybody. One that is
/// there keeps the rights that somebody gave it.
///
/// # Errors
/// It cannot be made.
pub(super) fn make_private(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// The sweeps that have a folder. What is not named like a sweep is not ours.
///
/// # Errors
/// The folder of all sweeps cannot be read.
pub(super) fn sweeps(work_dir: &Path) -> io::Result<Vec<SweepId>> {
    let entries = match fs::read_dir(work_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let named = |entry: io::Result<fs::DirEntry>| match entry {
        Ok(entry) => entry.file_name().to_str().and_then(|name| name.parse().ok()).map(Ok),
        Err(error) => Some(Err(error)),
    };
    entries.filter_map(named).collect()
}

/// Removes the folder of a sweep with all that is in it. Returns whether there was one.
///
/// # Errors
/// It cannot be removed, or not as a whole.
pub(super) fn remove_sweep(work_dir: &Path, sweep: &SweepId) -> io::Result<bool> {
    match fs::remove_dir_all(work_dir.join(sweep.as_str())) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        removed => removed.map(|()| true),
    }
}

/// Removes what the trials of a sweep kept for their next attempts.
///
/// # Errors
/// It cannot be removed, or not as a whole.
pub(super) fn remove_checkpoints(work_dir: &Path, sweep: &SweepId) -> io::Result<()> {
    match fs::remove_dir_all(work_dir.join(sweep.as_str()).join(CHECKPOINTS)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_marked_once() {
        let work_dir = tempfile::tempdir().unwrap();
        let folder = AttemptFolder::of(work_dir.path(), &"quick-k3f9q2-17-2".parse().unwrap());
        assert!(folder.path().ends_with("quick-k3f9q2/17-2"));
        assert!(folder.create().unwrap());
        assert!(!folder.create().unwrap());
    }

    #[test]
    fn what_trials_say_is_for_this_user_only() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let folder = AttemptFolder::of(&parent.path().join("work"), &"quick-k3f9q2-17-2".parse().unwrap());
        folder.create().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o077;
        assert_eq!(mode(&parent.path().join("work")), 0);
        assert_eq!(mode(folder.path().parent().unwrap()), 0);
    }

    #[test]
    fn tidying_keeps_the_mark_the_logs_and_the_outcome() {
        let work_dir = tempfile::tempdir().unwrap();
        let folder = AttemptFolder::of(work_dir.path(), &"quick-k3f9q2-0-1".parse().unwrap());
        folder.create().unwrap();
        fs::create_dir(folder.work()).unwrap();
        fs::write(folder.stdout_log(), "hello").unwrap();
        folder.lock_file().unwrap();
        let outcome = Outcome { at: Timestamp::UNIX_EPOCH, end: AttemptEnd::Stopped };
        folder.write_outcome(&outcome).unwrap();
        folder.tidy(false);
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["outcome.json", "stdout.log"]);
        assert_eq!(folder.outcome(), Some(outcome));
    }

    #[test]
    fn only_folders_named_like_sweeps_are_taken_for_ours() {
        let work_dir = tempfile::tempdir().unwrap();
        assert_eq!(sweeps(&work_dir.path().join("not there")).unwrap(), []);
        for name in ["quick-k3f9q2", "my thesis"] {
            fs::create_dir(work_dir.path().join(name)).unwrap();
        }
        let ours: SweepId = "quick-k3f9q2".parse().unwrap();
        assert_eq!(sweeps(work_dir.path()).unwrap(), std::slice::from_ref(&ours));
        assert!(remove_sweep(work_dir.path(), &ours).unwrap());
        assert!(!remove_sweep(work_dir.path(), &ours).unwrap());
        assert!(work_dir.path().join("my thesis").exists());
    }
}
