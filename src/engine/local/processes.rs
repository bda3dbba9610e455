//! Processes of this machine as `/proc` shows them: who descends from whom, and what a lost trial left behind.
//!
//! Where there is no `/proc` the lists are empty: then only process groups are killed.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

/// The variable that marks every process of an attempt; its value, a path, is unique on the machine.
pub(super) const MARK: &str = "TUNEBOT_RESULT";

const SWEEP_INTERVAL: Duration = Duration::from_millis(10);
const SWEEPS: u32 = 500;

/// A process that another one of the same number, later, is not mistaken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProcessIdentity {
    pub pid: i32,
    /// Clock ticks since the machine started.
    pub started: u64,
}

/// One line of the table of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    identity: ProcessIdentity,
    parent: i32,
    has_terminal: bool,
    zombie: bool,
}

/// The process that calls.
pub(super) fn own_identity() -> ProcessIdentity {
    let pid = rustix::process::getpid().as_raw_nonzero().get();
    ProcessIdentity { pid, started: read_process(pid).map_or(0, |process| process.identity.started) }
}

/// Kills `process`, if it is still the one that it was.
pub(super) fn kill_if_same(process: ProcessIdentity) {
    if read_process(process.pid).is_some_and(|now| now.identity == process) {
        kill(process.pid);
    }
}

/// Kills every process that descends from `ancestor`, not itself. New ones may have come meanwhile: call again.
pub(super) fn kill_descendants(ancestor: i32) {
    for pid in with_descendants(&all(), vec![ancestor]) {
        if pid != ancestor {
            kill(pid);
        }
    }
}

/// Kills what an attempt whose guard is gone left behind, and waits until it is gone too. `false` when something
/// would not die.
///
/// Of the attempt is what carries its mark (`result`, in its environment), what descends from that, and what has dropped
/// its environment but was started after the guard, has no terminal and still runs inside `folder`; somebody who looks
/// around there has a terminal.
pub(super) fn kill_leftovers(folder: &Path, result: &Path, guard: Option<ProcessIdentity>) -> bool {
    let mark = [MARK.as_bytes(), b"=", result.as_os_str().as_encoded_bytes()].concat();
    for _ in 0..SWEEPS {
        let table = all();
        let roots = table
            .iter()
            .filter(|process| !process.zombie)
            .filter(|process| {
                is_marked(process.identity.pid, &mark)
                    || (guard.is_some_and(|guard| process.identity.started >= guard.started)
                        && !process.has_terminal
                        && runs_in(process.identity.pid, folder))
            })
            .map(|process| process.identity.pid)
            .collect::<Vec<i32>>();
        if roots.is_empty() {
            return true;
        }
        for pid in with_descendants(&table, roots) {
            kill(pid);
        }
        thread::sleep(SWEEP_INTERVAL);
    }
    false
}

fn kill(pid: i32) {
    if pid > 1
        && let Some(pid) = Pid::from_raw(pid)
    {
        // It may have ended by itself since it was looked up.
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
}

/// Parents before their children: a parent that is killed first does not answer its child's death with a new one.
fn with_descendants(table: &[Process], mut family: Vec<i32>) -> Vec<i32> {
    let mut members: HashSet<i32> = family.iter().copied().collect();
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        next += 1;
        for child in table.iter().filter(|process| process.parent == parent && !process.zombie) {
            if members.insert(child.identity.pid) {
                family.push(child.identity.pid);
            }
        }
    }
    family
}

fn is_marked(pid: i32, mark: &[u8]) -> bool {
    fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|environment| environment.split(|&byte| byte == 0).any(|variable| variable == mark))
}

fn runs_in(pid: i32, folder: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|current| current.starts_with(folder))
}

fn all() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).filter_map(read_process).collect()
}

fn read_process(pid: i32) -> Option<Process> {
    parse_stat(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Reads a line of `/proc/<pid>/stat` (proc(5)). The name in the parentheses may hold anything, parentheses as well.
fn parse_stat(pid: i32, stat: &str) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    // proc(5) counts from 1 and the state, here the first, is its third.
    let field = |number: usize| fields.get(number - 3).copied();
    Some(Process {
        identity: ProcessIdentity { pid, started: field(22)?.parse().ok()? },
        parent: field(4)?.parse().ok()?,
        has_terminal: field(7)? != "0",
        zombie: matches!(field(3)?, "Z" | "X"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_confuse_the_table() {
        let stat = "42 (a) S (b)) S 7 42 9 34816 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 1 2 3";
        let process = parse_stat(42, stat).unwrap();
        assert_eq!(process.identity, ProcessIdentity { pid: 42, started: 12345 });
        assert_eq!((process.parent, process.has_terminal, process.zombie), (7, true, false));
        assert_eq!(parse_stat(42, "42 (cut"), None);
    }

    #[test]
    fn descendants_of_several_generations_are_found_parents_first() {
        let process = |pid, parent| Process {
            identity: ProcessIdentity { pid, started: 0 },
            parent,
            has_terminal: false,
            zombie: false,
        };
        let table = [process(5, 4), process(4, 3), process(3, 2), process(9, 1)];
        assert_eq!(with_descendants(&table, vec![3]), [3, 4, 5]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_itself() {
        let own = own_identity();
        assert_eq!(own.pid, i32::try_from(std::process::id()).unwrap());
        assert!(own.started > 0);
    }
}
