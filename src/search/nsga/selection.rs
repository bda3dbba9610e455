//! Which trials survive: constrained domination first, then the rule that keeps a front spread out.
//!
//! Deb, Pratap, Agarwal and Meyarivan, "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II", IEEE TEC 6(2), 2002.

use crate::search::history::History;
use crate::search::pareto::{crowding_distances, ranks};

use super::references::spread;

/// How a front that does not fit as a whole is thinned out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::search) enum Spread {
    /// The points that are far from their neighbours stay (NSGA-II).
    Crowding,
    /// Some points near to each of many directions stay (NSGA-III).
    References,
}

/// A trial that may become a parent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Member {
    pub place: u32,
    /// 0 is the best front; those that break a constraint have a front each, behind all others.
    pub front: usize,
    /// How far from its neighbours in the front.
    pub distance: f64,
}

/// The best `count` of the trials at `places`, best first. Trials without a result are left out.
///
/// With one objective the order is that of the history, with pruned trials behind the complete ones; with several, only
/// complete trials count.
///
/// Cost: that of [`ranks`] for all of the trials.
pub(super) fn survivors(history: &History, places: &[u32], count: usize, rule: Spread) -> Vec<Member> {
    if history.directions().len() <= 1 {
        let ordered = history.order().iter().filter(|place| places.contains(place)).take(count).enumerate();
        return ordered.map(|(front, &place)| Member { place, front, distance: 0.0 }).collect();
    }
    let mut chosen: Vec<Member> = Vec::new();
    for (index, front) in fronts(history, places).into_iter().enumerate() {
        let room = count - chosen.len();
        if room == 0 {
            break;
        }
        let losses: Vec<Vec<f64>> = front.iter().filter_map(|&place| history.losses(place)).collect();
        let distances = crowding_distances(&losses);
        let member = |k: usize| Member { place: front[k], front: index, distance: distances[k] };
        let mut kept: Vec<usize> = (0..front.len()).collect();
        if front.len() > room {
            kept = match rule {
                Spread::Crowding => thinned(&losses, room),
                Spread::References => {
                    let before: Vec<Vec<f64>> = chosen.iter().filter_map(|m| history.losses(m.place)).collect();
                    spread(&before, &losses, room, count)
                }
            };
        }
        chosen.extend(kept.into_iter().map(member));
    }
    chosen
}

/// The trials by front. Those that break a constraint come last, one by one, by how much they break it.
fn fronts(history: &History, places: &[u32]) -> Vec<Vec<u32>> {
    let complete: Vec<u32> = places.iter().copied().filter(|place| history.values(*place).is_some()).collect();
    let (feasible, mut broken): (Vec<u32>, Vec<u32>) =
        complete.into_iter().partition(|place| history.violation(*place) <= 0.0);
    let losses: Vec<Vec<f64>> = feasible.iter().filter_map(|&place| history.losses(place)).collect();
    let mut fronts: Vec<Vec<u32>> = Vec::new();
    for (place, rank) in feasible.into_iter().zip(ranks(&losses)) {
        fronts.resize_with(fronts.len().max(rank as usize + 1), Vec::new);
        fronts[rank as usize].push(place);
    }
    broken.sort_by(|a, b| history.violation(*a).total_cmp(&history.violation(*b)).then(a.cmp(b)));
    fronts.extend(broken.into_iter().map(|place| vec![place]));
    fronts
}

/// `room` of the points, without the most crowded ones: they are taken away one by one, since the neighbours of one that is
/// gone are less crowded than before.
fn thinned(losses: &[Vec<f64>], room: usize) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..losses.len()).collect();
    while kept.len() > room {
        let left: Vec<Vec<f64>> = kept.iter().map(|&index| losses[index].clone()).collect();
        let distances = crowding_distances(&left);
        let crowded = (0..kept.len()).min_by(|&a, &b| distances[a].total_cmp(&distances[b]).then(b.cmp(&a)));
        kept.remove(crowded.unwrap_or(0));
    }
    kept
}
