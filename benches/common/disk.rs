//! What the disk itself takes, beside the figures of what is written to it: the physical limit of every commit.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::figures::milliseconds;

const WRITES: usize = 500;
/// One page of the log with its header, as the smallest commit of the store writes it.
const BYTES: usize = 4096 + 24;

/// Milliseconds of each of some appends of one page to a file in `folder`, each followed by fdatasync.
pub fn syncs(folder: &Path) -> Result<Vec<f64>> {
    let path = folder.join("syncs");
    let mut file = File::create(&path)?;
    let page = vec![7; BYTES];
    let mut times = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        let begin = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        times.push(milliseconds(begin.elapsed()));
    }
    std::fs::remove_file(path)?;
    Ok(times)
}
