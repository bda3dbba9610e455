//! What the system says about a process. Linux only.

use anyhow::{Context, Result};

/// A line of `/proc/PID/status` that is in kB, in MB: `VmRSS` (resident), `VmHWM` (the most that it ever was).
pub fn memory(pid: u32, line: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let value = status.lines().find_map(|candidate| candidate.strip_prefix(line)?.strip_prefix(':'));
    let kilobytes: f64 = value.context("no such line")?.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024.0 / 1e6)
}
