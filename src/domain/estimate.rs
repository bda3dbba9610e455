//! What a sweep will probably take, by earlier sweeps of its tuning.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// From its first trial to its end.
    pub duration: SignedDuration,
    /// The run time of all its trials together.
    pub trial_time: SignedDuration,
    /// Earlier sweeps that it was made from.
    pub sweeps: u32,
}
