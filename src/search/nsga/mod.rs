//! NSGA-II and NSGA-III: generations of trials, each bred from the best of all before it, for one or several objectives.
//!
//! `selection` says which trials survive, `references` has the directions of NSGA-III, `variation` makes children.

mod references;
mod selection;
mod variation;

use crate::domain::params::Params;

use super::Sampler;
use super::history::History;
use super::layout::Row;
use super::replay::Memo;
use super::sobol;
use super::stream::Stream;
use super::unseen::propose_unseen;

use selection::{Member, survivors};
use variation::child;

pub(super) use selection::Spread;

/// Trials of a generation if nothing else is said.
const POPULATION: u32 = 20;
/// Children that are bred until one has not been tried.
const CHILDREN: usize = 20;

/// NSGA-II (Deb et al. 2002) or NSGA-III (Deb and Jain 2014).
///
/// Trials belong to generations by their number. The first generation is a Sobol sequence. The parents of every other are
/// the survivors of all finished trials of earlier generations, as many as a generation has: those of the generation before
/// and its children compete, and so on from the first. Trials of earlier sweeps and from outside are like others. Trials that
/// are pending are not waited for; failed ones, and those with a NaN, have no children. Constraints are met first
/// (constrained domination). With one objective it is a genetic algorithm that keeps the best.
///
/// Cost: O(n_trials · n_params) an ask with a small constant, and a sort of two generations by domination once a generation.
pub(super) struct Nsga {
    population: u32,
    spread: Spread,
    memo: Memo<Evolution>,
}

/// The survivors of the trials before `begin`.
#[derive(Clone)]
struct Evolution {
    begin: u32,
    survivors: Vec<Member>,
}

impl Nsga {
    /// `population`: trials of a generation, at least 2.
    pub fn new(population: Option<u32>, spread: Spread) -> Self {
        Self { population: population.unwrap_or(POPULATION).max(2), spread, memo: Memo::default() }
    }

    fn start(&self, history: &History) -> (u32, Evolution) {
        let earlier: Vec<u32> = (0..history.earlier()).collect();
        (0, Evolution { begin: 0, survivors: survivors(history, &earlier, self.population as usize, self.spread) })
    }

    fn step(&self, history: &History, evolution: &mut Evolution, number: u32) -> Option<u32> {
        let end = evolution.begin.checked_add(self.population).filter(|end| *end <= number)?;
        let parents = evolution.survivors.iter().map(|member| member.place);
        let children = history.place(evolution.begin)..history.place(end);
        let all: Vec<u32> = parents.chain(children).filter(|place| (*place as usize) < history.len()).collect();
        evolution.survivors = survivors(history, &all, self.population as usize, self.spread);
        evolution.begin = end;
        Some(end)
    }

    /// The better of two survivors.
    fn parent<'a>(&self, survivors: &'a [Member], stream: &mut Stream) -> &'a Member {
        let mut pick = || &survivors[stream.below(survivors.len() as u64) as usize];
        let (one, other) = (pick(), pick());
        let crowded = self.spread == Spread::Crowding && one.front == other.front && one.distance < other.distance;
        if one.front > other.front || crowded { other } else { one }
    }

    fn breed(&self, history: &History, survivors: &[Member], stream: &mut Stream) -> Row {
        let mut row = Row::new();
        for _ in 0..CHILDREN {
            let (mother, father) = (self.parent(survivors, stream).place, self.parent(survivors, stream).place);
            let parents = (history.row(mother as usize), history.row(father as usize));
            row = child(history, (&parents.0, &parents.1), stream);
            if !history.has_seen(&row) {
                break;
            }
        }
        row
    }
}

impl Sampler for Nsga {
    fn ask(&self, history: &History, number: u32) -> Option<Params> {
        let start = || self.start(history);
        let evolution = self.memo.reach(history, number, start, |state| self.step(history, state, number));
        let mut stream = Stream::of_trial(history.seed(), number);
        let enough = if evolution.begin == 0 { self.population as usize / 2 } else { 2 };
        let survivors = &evolution.survivors;
        let row = if survivors.len() < enough.max(2) {
            sobol::unseen_point(history, number, &mut stream)
        } else {
            propose_unseen(history, &mut stream, |stream| self.breed(history, survivors, stream))
        };
        Some(history.layout().params(&row))
    }
}

#[cfg(test)]
mod tests;
