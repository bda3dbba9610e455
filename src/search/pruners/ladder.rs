//! The rungs of successive halving, and how trials stood on them.

use crate::domain::tuning::Rungs;
use crate::search::{History, RecordState};

/// The trials that came to the rung at which one is judged, and what they were there and later.
///
/// Losses are of objective 0, smaller is better; NaN stands for what is not known, and a value that was reported as NaN
/// is infinitely bad.
pub(super) struct Ladder {
    /// Columns of a climb: the rung before the judged one (not there at the first), the judged one, those after it, and
    /// the end.
    columns: usize,
    /// The column of the judged rung: 0 or 1.
    pub judged: usize,
    /// `n_climbs` × `columns` losses.
    losses: Vec<f64>,
    pub climbs: Vec<Climb>,
}

/// One trial that came to the rung.
pub(super) struct Climb {
    pub place: u32,
    /// Its row of the losses.
    row: usize,
    /// Has it gone on past the judged rung, and not only because it was told to end and took its time?
    pub passed: bool,
}

impl Rungs {
    /// The rungs in their order, as long as they can be written.
    pub(super) fn steps(&self) -> impl Iterator<Item = u64> {
        let eta = u64::from(self.eta.max(2));
        let whole = self.max_steps.unwrap_or(u64::MAX);
        let rungs = std::iter::successors(Some(self.min_steps.max(1)), move |rung| rung.checked_mul(eta));
        rungs.take_while(move |rung| *rung < whole)
    }
}

impl Ladder {
    /// As it is for trial `place`, which is the last climb; `None` if it has come to no rung. Failed trials do not count.
    pub fn of(history: &History, place: u32, rungs: &Rungs) -> Option<Self> {
        let (last, _) = *history.steps(place).last()?;
        let reached = rungs.steps().take_while(|rung| *rung <= last).count();
        let judged = reached.checked_sub(1)?;
        let others = (0..).zip(history.states()).filter(|(_, state)| **state != RecordState::Failed);
        let others: Vec<u32> = others.map(|(other, _)| other).filter(|other| *other != place).collect();
        let longest = others.iter().filter_map(|other| history.steps(*other).last()).map(|(step, _)| *step).max();
        let longest = longest.map_or(last, |longest| longest.max(last));
        let steps: Vec<u64> =
            rungs.steps().take_while(|rung| *rung <= longest).skip(judged.saturating_sub(1)).collect();
        let judged = judged.min(1);
        let mut ladder = Self { columns: steps.len() + 1, judged, losses: Vec::new(), climbs: Vec::new() };
        for other in others {
            ladder.add(history, other, &steps);
        }
        ladder.add(history, place, &steps);
        Some(ladder)
    }

    fn add(&mut self, history: &History, place: u32, rungs: &[u64]) {
        let steps = history.steps(place);
        let Some((last, _)) = steps.last().filter(|(last, _)| *last >= rungs[self.judged]) else { return };
        let direction = history.first_direction();
        let loss = |value: f64| if value.is_nan() { f64::INFINITY } else { direction.loss(value) };
        let at = |rung: &u64| {
            let step = steps.get(steps.partition_point(|(step, _)| step < rung));
            step.map_or(f64::NAN, |(_, value)| loss(*value))
        };
        self.losses.extend(rungs.iter().map(at));
        let end = history.values(place).map_or(f64::NAN, |values| loss(values[0]));
        self.losses.push(end);
        let goes_on = match history.states()[place as usize] {
            RecordState::Complete => true,
            RecordState::Pending => *last > rungs[self.judged],
            RecordState::Pruned | RecordState::Failed => rungs.get(self.judged + 1).is_some_and(|next| last >= next),
        };
        self.climbs.push(Climb { place, row: self.climbs.len(), passed: goes_on });
    }

    /// All but the trial that is judged.
    pub fn others(&self) -> &[Climb] {
        self.climbs.split_last().map_or(&[], |(_, others)| others)
    }

    /// How many rungs there are from the judged one on; after the last comes the end.
    pub fn rungs_left(&self) -> usize {
        self.columns - 1 - self.judged
    }

    /// The losses of a climb by column.
    pub fn losses(&self, climb: &Climb) -> &[f64] {
        &self.losses[climb.row * self.columns..(climb.row + 1) * self.columns]
    }

    /// The loss of a complete trial.
    pub fn end(&self, climb: &Climb) -> f64 {
        self.losses(climb)[self.columns - 1]
    }

    /// The loss at the column after `column` or, of a trial that was whole before, at its end.
    pub fn next(&self, climb: &Climb, column: usize) -> Option<f64> {
        let next = self.losses(climb)[column + 1];
        Some(if next.is_nan() { self.end(climb) } else { next }).filter(|loss| !loss.is_nan())
    }
}
