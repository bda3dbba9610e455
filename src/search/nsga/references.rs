//! NSGA-III: directions spread evenly over all trade-offs, each of which keeps the points that are nearest to it.
//!
//! Deb and Jain, "An Evolutionary Many-Objective Optimization Algorithm Using Reference-Point-Based Nondominated Sorting
//! Approach, Part I", IEEE TEC 18(4), 2014; the points by Das and Dennis, "Normal-Boundary Intersection", SIAM Journal on
//! Optimization 8(3), 1998.

/// More than this many directions are never made.
const MOST_DIRECTIONS: usize = 10_000;
/// What an objective counts in the direction of another, when the extreme points are looked for.
const TINY: f64 = 1e-6;

/// Chooses `room` of `front` beside the points `before` that have survived already; `population` says how many directions
/// there are. The paper chooses at random among equals; here it is the nearest, and the first.
///
/// Cost: O((before + front) · population · n_objectives).
pub(super) fn spread(before: &[Vec<f64>], front: &[Vec<f64>], room: usize, population: usize) -> Vec<usize> {
    let objectives = front.first().map_or(0, Vec::len);
    let directions = directions(objectives, population);
    let all: Vec<Vec<f64>> = before.iter().chain(front).cloned().collect();
    let nearest: Vec<(usize, f64)> = normalised(&all).iter().map(|point| nearest(point, &directions)).collect();
    let mut held = vec![0_usize; directions.len()];
    for (direction, _) in &nearest[..before.len()] {
        held[*direction] += 1;
    }
    let mut open: Vec<usize> = (0..front.len()).collect();
    let mut chosen = Vec::new();
    while chosen.len() < room && !open.is_empty() {
        let rank = |index: &usize| {
            let (direction, distance) = nearest[before.len() + index];
            (held[direction], direction, distance)
        };
        let best = (0..open.len()).min_by(|&a, &b| {
            let (a, b) = (rank(&open[a]), rank(&open[b]));
            (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2))
        });
        let index = open.remove(best.unwrap_or(0));
        held[nearest[before.len() + index].0] += 1;
        chosen.push(index);
    }
    chosen
}

/// All points with coordinates k / p that sum to 1, for the greatest p that gives at most `population` of them; at least
/// one for each objective.
pub(super) fn directions(objectives: usize, population: usize) -> Vec<Vec<f64>> {
    let most = population.clamp(objectives, MOST_DIRECTIONS);
    let divisions = (1..).take_while(|p| count(objectives, *p) <= most && *p <= most).last().unwrap_or(1);
    let mut points = Vec::new();
    fill(&mut Vec::new(), objectives, divisions, divisions, &mut points);
    points
}

/// (objectives − 1 + divisions) over divisions, not above [`MOST_DIRECTIONS`] by much.
fn count(objectives: usize, divisions: usize) -> usize {
    let mut count = 1_usize;
    for k in 1..objectives {
        count = count * (divisions + k) / k;
        if count > MOST_DIRECTIONS {
            break;
        }
    }
    count
}

fn fill(head: &mut Vec<f64>, objectives: usize, rest: usize, divisions: usize, points: &mut Vec<Vec<f64>>) {
    if head.len() + 1 >= objectives {
        let mut point = head.clone();
        point.push(rest as f64 / divisions as f64);
        points.push(point);
        return;
    }
    for k in 0..=rest {
        head.push(k as f64 / divisions as f64);
        fill(head, objectives, rest - k, divisions, points);
        head.pop();
    }
}

/// The points moved and scaled so that the best of each objective is 0 and the plane through the extreme points meets every
/// axis at 1. Losses that are not finite count as the worst that are.
fn normalised(points: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let objectives = points.first().map_or(0, Vec::len);
    let finite = |k: usize| points.iter().map(move |point| point[k]).filter(|loss| loss.is_finite());
    let ideal: Vec<f64> = (0..objectives).map(|k| finite(k).fold(f64::INFINITY, f64::min)).collect();
    let worst: Vec<f64> = (0..objectives).map(|k| finite(k).fold(f64::NEG_INFINITY, f64::max)).collect();
    let moved: Vec<Vec<f64>> = points
        .iter()
        .map(|point| (0..objectives).map(|k| clean(point[k].min(worst[k]).max(ideal[k]) - ideal[k])).collect())
        .collect();
    let spans: Vec<f64> = (0..objectives).map(|k| clean(worst[k] - ideal[k])).collect();
    let scales = intercepts(&moved, objectives).unwrap_or(spans);
    let scale = |x: f64, k: usize| if scales[k] > 0.0 { x / scales[k] } else { x };
    moved.iter().map(|point| point.iter().enumerate().map(|(k, x)| scale(*x, k)).collect()).collect()
}

fn clean(x: f64) -> f64 {
    if x.is_finite() { x } else { 0.0 }
}

/// Where the plane through the extreme points meets the axes; `None` where it meets one of them nowhere or behind 0.
fn intercepts(points: &[Vec<f64>], objectives: usize) -> Option<Vec<f64>> {
    let along = |point: &[f64], axis: usize| {
        let weighted = point.iter().enumerate().map(|(k, x)| if k == axis { *x } else { x / TINY });
        weighted.fold(0.0, f64::max)
    };
    let extreme = |axis: usize| points.iter().min_by(|a, b| along(a, axis).total_cmp(&along(b, axis))).cloned();
    let extremes: Vec<Vec<f64>> = (0..objectives).map(extreme).collect::<Option<_>>()?;
    let plane = solve(extremes, vec![1.0; objectives])?;
    let intercepts: Vec<f64> = plane.iter().map(|x| 1.0 / x).collect();
    intercepts.iter().all(|x| x.is_finite() && *x > 1e-12).then_some(intercepts)
}

/// The solution of a linear system, by elimination with pivots; `None` if it has none, or many.
fn solve(mut rows: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let n = right.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()))?;
        if rows[pivot][column].abs() <= 1e-300 || rows[pivot][column].is_nan() {
            return None;
        }
        rows.swap(column, pivot);
        right.swap(column, pivot);
        let (base, known) = (rows[column].clone(), right[column]);
        for (row, (entries, value)) in rows.iter_mut().zip(&mut right).enumerate() {
            if row != column {
                let factor = entries[column] / base[column];
                entries.iter_mut().zip(&base).skip(column).for_each(|(entry, above)| *entry -= factor * above);
                *value -= factor * known;
            }
        }
    }
    Some((0..n).map(|k| right[k] / rows[k][k]).collect())
}

/// The direction that a point is nearest to, and its distance from that line.
fn nearest(point: &[f64], directions: &[Vec<f64>]) -> (usize, f64) {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let length = dot(point, point);
    let distance = |direction: &[f64]| {
        let along = dot(point, direction);
        (length - along * along / dot(direction, direction)).max(0.0)
    };
    let distances = directions.iter().map(|direction| distance(direction)).enumerate();
    distances.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0))
}
