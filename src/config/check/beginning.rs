//! How the search of a tuning begins: from earlier sweeps, and with given points.

use std::collections::BTreeMap;

use super::Checker;
use crate::config::schema::{Scalar, SearchEntry, WarmStartEntry};
use crate::config::source::Place;
use crate::domain::ids::ParamName;
use crate::domain::params::{Params, Space};
use crate::domain::tuning::{Limits, Search, WarmStart};

/// More tells a search nothing new, and every sweep keeps a copy of what it starts from.
const MOST_TRIALS: u32 = 10_000;
const MOST_SWEEPS: u32 = 100;

impl Checker<'_> {
    /// `place` is that of the search.
    pub(super) fn warm_start(&mut self, place: &Place<'_>, entry: &SearchEntry, search: &Search) -> Option<WarmStart> {
        let place = place.key("warm_start");
        let Some(WarmStartEntry::Yes(limits)) = &entry.warm_start else { return None };
        for (field, count, most) in [("sweeps", limits.sweeps, MOST_SWEEPS), ("trials", limits.trials, MOST_TRIALS)] {
            if count.is_some_and(|count| !(1..=most).contains(&count)) {
                let problem = place.key(field).problem(format!("`{field}` has to be from 1 to {most}"));
                self.problems.push(problem.hint("write `warm_start: false` to start from nothing"));
            }
        }
        if !search.sampler.learns() {
            let sampler = search.sampler.name();
            let problem =
                place.problem_on(true, format!("`{sampler}` learns nothing from trials, so neither from earlier ones"));
            self.problems.push(problem.hint("take it out, or choose a sampler that learns, like `tpe`"));
        }
        Some(WarmStart { sweeps: limits.sweeps.unwrap_or(3), trials: limits.trials.unwrap_or(200) })
    }

    /// `place` is that of the search.
    pub(super) fn first_points(
        &mut self,
        place: &Place<'_>,
        space: &Space,
        points: &[BTreeMap<ParamName, Scalar>],
        limits: &Limits,
    ) -> Vec<Params> {
        let place = place.key("first");
        if points.len() > limits.trials as usize {
            let message = format!("{} points are more than the {} trials of a sweep", points.len(), limits.trials);
            self.problems.push(place.problem_on(true, message).hint("take some out, or raise `limits.trials`"));
        }
        let mut first = Vec::new();
        for (index, values) in points.iter().enumerate() {
            let point = Self::fitted(space, values);
            let place = place.item(index);
            if point.0.is_empty() {
                let problem = place.problem("the point gives no parameter a value");
                self.problems.push(problem.hint("write it like `{lr: 0.01}`"));
            }
            match space.check_part(&point) {
                Ok(()) => first.push(point),
                Err(errors) => self.params_problems(&place, space, &point, errors),
            }
        }
        first
    }
}
