//! What a draft adds to what people have asked for.

use super::Draft;
use crate::domain::quota::{Usage, UsageScope};

impl Draft<'_> {
    /// What this very event has started so far, within the scope.
    pub fn usage(&self, scope: &UsageScope) -> Usage {
        self.decided.sweeps.iter().map(|sweep| scope.usage_of(sweep)).fold(Usage::default(), |sum, more| sum + more)
    }
}
