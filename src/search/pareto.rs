//! Several objectives at once: domination, fronts, and how much of the space a set of points dominates.
//!
//! Points are vectors of `n_objectives` losses, smaller is better in each. NaN counts as ∞. Everything here is exact, for
//! any number of objectives, and sums in an order that the values decide.
//!
//! Sources: Zhang et al., "An Efficient Approach to Nondominated Sorting" (ENS), IEEE TEC 19(2), 2015; While, Bradstreet
//! and Barone, "A Fast Way of Calculating Exact Hypervolumes" (WFG), IEEE TEC 16(1), 2012; Guerreiro, Fonseca and Paquete,
//! "Greedy Hypervolume Subset Selection", Evolutionary Computation 24(3), 2016; Deb et al., NSGA-II, IEEE TEC 6(2), 2002.

use std::cmp::Ordering;

/// Is `a` nowhere worse than `b`, and somewhere better?
pub(super) fn dominates(a: &[f64], b: &[f64]) -> bool {
    let mut better = false;
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (known(*x), known(*y));
        if x > y {
            return false;
        }
        better |= x < y;
    }
    better
}

/// The front that each of `n_points` points is in: 0 if nothing dominates it, else one more than the last front with a
/// point that does. Equal points are in the same front.
///
/// Cost: O(n log n) for up to two objectives; O(n² · n_objectives) at most for more.
pub(super) fn ranks(losses: &[Vec<f64>]) -> Vec<u32> {
    let points: Vec<Vec<f64>> = losses.iter().map(|point| point.iter().map(|loss| known(*loss)).collect()).collect();
    // Nothing is dominated by what comes after it in this order.
    let order = order_by(points.len(), |a, b| compare(&points[a], &points[b]));
    let flat = points.first().is_none_or(|point| point.len() <= 2);
    let mut fronts: Vec<Vec<usize>> = Vec::new();
    let mut ranks = vec![0; points.len()];
    for index in order {
        // Of two objectives, the last point of a front has the least of the second.
        let dominated = |front: &Vec<usize>| {
            let possible = if flat { &front[front.len() - 1..] } else { &front[..] };
            possible.iter().rev().any(|&other| dominates(&points[other], &points[index]))
        };
        // What a front dominates, the fronts before it do as well.
        let rank = fronts.partition_point(dominated);
        if rank == fronts.len() {
            fronts.push(Vec::new());
        }
        fronts[rank].push(index);
        ranks[index] = rank as u32;
    }
    ranks
}

/// The volume that `points` dominate up to `reference`. A point that is not better than the reference in every objective
/// adds nothing; one with −∞ makes it ∞.
///
/// Cost: O(n log n) for two objectives, O(n² log n) for three, and up to n times more for each further one.
pub fn hypervolume(points: &[Vec<f64>], reference: &[f64]) -> f64 {
    volume(inside(points, reference).map(|(_, point)| point.clone()).collect(), reference)
}

/// Chooses up to `count` of the points, one after the other, each the one that adds the most hypervolume to those chosen
/// before; of equal ones the first. A set so chosen has at least 63 % of the hypervolume of the best set of its size.
///
/// Cost: a hypervolume of the points chosen so far for each point whose bound is looked at, which is few of them: what a
/// point adds only becomes less, so that what it added before is a bound.
pub(super) fn select_by_hypervolume(points: &[Vec<f64>], reference: &[f64], count: usize) -> Vec<usize> {
    let mut bounds = vec![0.0; points.len()];
    for (index, point) in inside(points, reference) {
        bounds[index] = inclusive(point, reference);
    }
    let mut open: Vec<usize> = (0..points.len()).collect();
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < count && !open.is_empty() {
        let mut best: Option<(f64, usize)> = None;
        open.sort_by(|&a, &b| bounds[b].total_cmp(&bounds[a]).then(a.cmp(&b)));
        for (place, &index) in open.iter().enumerate() {
            if best.is_some_and(|(most, _)| most >= bounds[index]) {
                break;
            }
            if bounds[index] > 0.0 {
                let before = chosen.iter().map(|&other| &points[other]);
                bounds[index] = exclusive(&points[index], before, reference);
            }
            if best.is_none_or(|(most, _)| bounds[index] > most) {
                best = Some((bounds[index], place));
            }
        }
        let Some((_, place)) = best else { break };
        chosen.push(open.remove(place));
    }
    chosen
}

/// How far each point of a front is from its neighbours: the sides of the box between them, in parts of the front's range,
/// added up. ∞ at the ends of the front.
///
/// Cost: O(n_objectives · n log n).
pub(super) fn crowding_distances(front: &[Vec<f64>]) -> Vec<f64> {
    let mut distances = vec![0.0; front.len()];
    for objective in 0..front.first().map_or(0, Vec::len) {
        let loss = |index: usize| known(front[index][objective]);
        let order = order_by(front.len(), |a, b| loss(a).total_cmp(&loss(b)));
        let (Some(&first), Some(&last)) = (order.first(), order.last()) else { continue };
        let span = loss(last) - loss(first);
        distances[first] = f64::INFINITY;
        distances[last] = f64::INFINITY;
        for around in order.windows(3) {
            let gap = (loss(around[2]) - loss(around[0])) / span;
            // A range of nothing or of everything tells no distances.
            distances[around[1]] += if gap.is_nan() { 0.0 } else { gap };
        }
    }
    distances
}

/// One zero, and ∞ for NaN.
fn known(loss: f64) -> f64 {
    if loss.is_nan() { f64::INFINITY } else { loss + 0.0 }
}

fn order_by(count: usize, compare: impl Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| compare(a, b).then(a.cmp(&b)));
    order
}

fn compare(a: &[f64], b: &[f64]) -> Ordering {
    a.iter().zip(b).map(|(x, y)| x.total_cmp(y)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// The points that dominate some volume, with their index.
fn inside<'a>(points: &'a [Vec<f64>], reference: &'a [f64]) -> impl Iterator<Item = (usize, &'a Vec<f64>)> {
    points.iter().enumerate().filter(move |(_, point)| point.iter().zip(reference).all(|(loss, end)| loss < end))
}

/// The volume of the box between a point and the reference.
fn inclusive(point: &[f64], reference: &[f64]) -> f64 {
    point.iter().zip(reference).map(|(loss, end)| end - loss).product()
}

/// What `point` dominates and `others` do not.
fn exclusive<'a>(point: &[f64], others: impl Iterator<Item = &'a Vec<f64>>, reference: &[f64]) -> f64 {
    let limited = others.map(|other| limit(other, point)).collect();
    // −∞ in the same objective leaves ∞ − ∞: nothing of its own.
    (inclusive(point, reference) - volume(limited, reference)).max(0.0)
}

/// The part of the box of `point` that `other` dominates as well is the box of this point.
fn limit(other: &[f64], point: &[f64]) -> Vec<f64> {
    other.iter().zip(point).map(|(a, b)| a.max(*b)).collect()
}

/// The hypervolume of points that are inside the reference.
///
/// In the order of the last objective, worst first, what the points after one dominate of its box begins at the same height:
/// one objective less.
fn volume(mut points: Vec<Vec<f64>>, reference: &[f64]) -> f64 {
    let Some((&end, rest)) = reference.split_last() else { return 0.0 };
    match rest.len() {
        0 => points.iter().map(|point| end - point[0]).fold(0.0, f64::max),
        1 => area(&mut points, reference),
        last => {
            points = front(points);
            points.sort_by(|a, b| b[last].total_cmp(&a[last]).then_with(|| compare(a, b)));
            let flat: Vec<Vec<f64>> = points.iter().map(|point| point[..last].to_vec()).collect();
            let slice =
                |index: usize| exclusive(&flat[index], flat[index + 1..].iter(), rest) * (end - points[index][last]);
            (0..points.len()).map(slice).filter(|slice| !slice.is_nan()).sum()
        }
    }
}

fn area(points: &mut [Vec<f64>], reference: &[f64]) -> f64 {
    points.sort_by(|a, b| compare(a, b));
    let (mut sum, mut top) = (0.0, reference[1]);
    for point in points {
        if point[1] < top {
            sum += (reference[0] - point[0]) * (top - point[1]);
            top = point[1];
        }
    }
    sum
}

/// The points that no other dominates, each once.
fn front(mut points: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    points.sort_by(|a, b| compare(a, b));
    points.dedup();
    let mut front: Vec<Vec<f64>> = Vec::new();
    for point in points {
        if !front.iter().any(|other| dominates(other, &point)) {
            front.push(point);
        }
    }
    front
}

#[cfg(test)]
mod tests;
