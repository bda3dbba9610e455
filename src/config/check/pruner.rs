//! How poor trials are stopped early.

use super::Checker;
use crate::config::schema::{
    AshaEntry, HyperbandEntry, MedianEntry, PatienceEntry, PercentileEntry, PrunerEntry, ThresholdEntry, WilcoxonEntry,
};
use crate::config::source::Place;
use crate::domain::tuning::{PrunerSettings, Rungs};

impl Checker<'_> {
    /// `place` is that of `search.pruner`.
    pub(super) fn pruner(&mut self, place: &Place<'_>, entry: Option<&PrunerEntry>) -> PrunerSettings {
        match entry {
            None | Some(PrunerEntry::None) => PrunerSettings::None,
            Some(PrunerEntry::Median(MedianEntry { startup_trials, warmup_steps })) => PrunerSettings::Median {
                startup_trials: startup_trials.unwrap_or(5),
                warmup_steps: warmup_steps.unwrap_or(0),
            },
            Some(PrunerEntry::Percentile(entry)) => self.percentile(&place.key("percentile"), entry),
            Some(PrunerEntry::Asha(entry)) => self.asha(&place.key("asha"), entry),
            Some(PrunerEntry::Hyperband(entry)) => self.hyperband(place, entry),
            Some(PrunerEntry::Wilcoxon(entry)) => self.wilcoxon(&place.key("wilcoxon"), entry),
            Some(PrunerEntry::Patience(entry)) => self.patience(&place.key("patience"), entry),
            Some(PrunerEntry::Threshold(entry)) => self.threshold(place, entry),
        }
    }

    fn percentile(&mut self, place: &Place<'_>, entry: &PercentileEntry) -> PrunerSettings {
        let keep_percent = entry.keep.map_or(25.0, |keep| keep.0);
        if !(keep_percent > 0.0 && keep_percent < 100.0) {
            self.problems.push(place.key("keep").problem("`keep` has to be more than 0% and less than 100%"));
        }
        PrunerSettings::Percentile {
            keep_percent,
            startup_trials: entry.startup_trials.unwrap_or(5),
            warmup_steps: entry.warmup_steps.unwrap_or(0),
        }
    }

    fn asha(&mut self, place: &Place<'_>, entry: &AshaEntry) -> PrunerSettings {
        let rungs = self.rungs(place, entry.min_steps, entry.max_steps, entry.eta);
        PrunerSettings::Asha(rungs)
    }

    fn hyperband(&mut self, pruner: &Place<'_>, entry: &HyperbandEntry) -> PrunerSettings {
        let place = pruner.key("hyperband");
        if entry.max_steps.is_none() && !place.key("max_steps").is_there() {
            let problem = pruner.problem("`hyperband` needs `max_steps`: the steps of a whole trial");
            self.problems.push(problem.hint("say `hyperband: {max_steps: 81}`"));
        }
        let Rungs { min_steps, max_steps, eta } = self.rungs(&place, entry.min_steps, entry.max_steps, entry.eta);
        PrunerSettings::Hyperband { min_steps, max_steps: max_steps.unwrap_or(min_steps), eta }
    }

    fn rungs(&mut self, place: &Place<'_>, min_steps: Option<u64>, max_steps: Option<u64>, eta: Option<u32>) -> Rungs {
        let rungs = Rungs { min_steps: min_steps.unwrap_or(1), max_steps, eta: eta.unwrap_or(3) };
        if rungs.min_steps == 0 {
            self.problems.push(place.key("min_steps").problem("`min_steps` has to be at least 1"));
        }
        if rungs.eta < 2 {
            let problem = place.key("eta").problem("`eta` has to be at least 2");
            self.problems.push(problem.hint("3 is usual: one of three trials goes on"));
        }
        if rungs.max_steps.is_some_and(|most| most <= rungs.min_steps) {
            let message = format!("`max_steps` has to be more than `min_steps`, which is {}", rungs.min_steps);
            self.problems.push(place.key("max_steps").problem(message));
        }
        rungs
    }

    fn wilcoxon(&mut self, place: &Place<'_>, entry: &WilcoxonEntry) -> PrunerSettings {
        let p = entry.p.unwrap_or(0.1);
        if !(p > 0.0 && p < 1.0) {
            self.problems.push(place.key("p").problem("`p` is a probability: more than 0 and less than 1"));
        }
        PrunerSettings::Wilcoxon { p, startup_steps: entry.startup_steps.unwrap_or(2) }
    }

    fn patience(&mut self, place: &Place<'_>, entry: &PatienceEntry) -> PrunerSettings {
        let (steps, min_delta) = (entry.steps.unwrap_or(10), entry.min_delta.unwrap_or(0.0));
        if steps == 0 {
            self.problems.push(place.key("steps").problem("`steps` has to be at least 1"));
        }
        if !(min_delta >= 0.0 && min_delta.is_finite()) {
            self.problems.push(place.key("min_delta").problem("`min_delta` has to be a number from 0 on"));
        }
        PrunerSettings::Patience { steps, min_delta }
    }

    fn threshold(&mut self, pruner: &Place<'_>, entry: &ThresholdEntry) -> PrunerSettings {
        let place = pruner.key("threshold");
        let given = |field: &str| place.key(field).is_there();
        if !given("lower") && !given("upper") {
            let problem = pruner.problem("`threshold` needs a bound: `lower`, `upper` or both");
            self.problems.push(problem.hint("say `threshold: {upper: 10}`"));
        }
        for (field, bound) in [("lower", entry.lower), ("upper", entry.upper)] {
            if bound.is_some_and(|bound| !bound.is_finite()) {
                self.problems.push(place.key(field).problem("a bound has to be finite"));
            }
        }
        if let (Some(lower), Some(upper)) = (entry.lower, entry.upper)
            && lower >= upper
        {
            self.problems
                .push(place.key("upper").problem(format!("`upper` has to be more than `lower`, which is {lower}")));
        }
        PrunerSettings::Threshold {
            lower: entry.lower,
            upper: entry.upper,
            warmup_steps: entry.warmup_steps.unwrap_or(0),
        }
    }
}
