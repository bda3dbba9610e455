//! What a process has used since it started. Linux only.

use anyhow::{Context, Result};

/// Seconds of processors, in the program and in the system for it.
pub fn processor_seconds(pid: u32) -> Result<f64> {
    // The clock tick of `/proc` is 1/100 s on every Linux of today; fields are counted after the name, which ends with a bracket.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).context("no such field")?.parse::<f64>().context("not a number");
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}
