//! What one person may ask for in a day.

use super::Checker;
use crate::config::schema::QuotaEntry;
use crate::config::source::Place;
use crate::domain::quota::Quota;

impl Checker<'_> {
    /// Over all tunings.
    pub(super) fn quotas(&mut self) -> Quota {
        let Some((place, entry)) = self.once("quotas", |file| file.quotas.as_ref()) else { return Quota::default() };
        self.quota(&place, entry)
    }

    pub(super) fn quota(&mut self, place: &Place<'_>, entry: &QuotaEntry) -> Quota {
        let QuotaEntry { sweeps_per_day, trials_per_day } = *entry;
        for (field, limit) in [("sweeps_per_day", sweeps_per_day), ("trials_per_day", trials_per_day)] {
            if limit == Some(0) {
                let problem = place.key(field).problem("with 0 nobody could start anything");
                self.problems.push(problem.hint("leave it out for no limit, or write 1 at least"));
            }
        }
        Quota { sweeps_per_day, trials_per_day }
    }
}
