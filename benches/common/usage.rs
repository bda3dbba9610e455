//! What a process has used since it started. Linux only.

use anyhow::{Context, Result};

pub struct Usage {
    /// Seconds of processors, in the program and in the system for it.
    pub processor: f64,
    pub written_bytes: u64,
    pub write_calls: u64,
}

impl Usage {
    pub fn of(pid: u32) -> Result<Self> {
        // The clock tick of `/proc` is 1/100 s on every Linux of today; the fields are counted after the name.
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).context("no such field")?.parse::<f64>().context("not a number");
        let io = std::fs::read_to_string(format!("/proc/{pid}/io"))?;
        let line = |name: &str| -> Result<u64> {
            let value = io.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            Ok(value.context("no such line")?.parse()?)
        };
        Ok(Self {
            processor: (ticks(11)? + ticks(12)?) / 100.0,
            written_bytes: line("write_bytes")?,
            write_calls: line("syscw")?,
        })
    }
}
