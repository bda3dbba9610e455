//! Children: crossed and mutated values of two parents, parameter by parameter.
//!
//! Simulated binary crossover (Deb and Agrawal, Complex Systems 9(2), 1995) and polynomial mutation (Deb and Goyal, 1996), both
//! on positions in the range, so that logarithms count as the domain says and integers are rounded to their cells.

use crate::search::history::History;
use crate::search::layout::{Dimension, Row};
use crate::search::math::powf;
use crate::search::stream::Stream;

/// Chance that two parents are crossed at all, and that one parameter of them is.
const CROSSING: f64 = 0.9;
const CROSSING_OF_ONE: f64 = 0.5;
/// How near children stay to their parents: greater is nearer.
const CROSSING_INDEX: f64 = 2.0;
const MUTATION_INDEX: f64 = 10.0;

/// A child of the rows `mother` and `father`.
///
/// A parameter that is active in the child and in one parent only comes from that parent; one that no parent has is drawn at
/// random. On average one parameter is mutated; a mutated value that can be counted is another one.
pub(super) fn child(history: &History, (mother, father): (&[f64], &[f64]), stream: &mut Stream) -> Row {
    let layout = history.layout();
    let crossed = stream.unit() < CROSSING;
    let varied =
        layout.dimensions().iter().zip(mother).filter(|(dimension, slot)| !dimension.is_single() && !slot.is_nan());
    let rate = 1.0 / varied.count().max(1) as f64;
    layout.fill(|index, dimension| {
        let slot = match (mother[index], father[index]) {
            (a, b) if a.is_nan() && b.is_nan() => return dimension.axis.slot_at(stream.unit()),
            (a, b) if b.is_nan() => a,
            (a, b) if a.is_nan() => b,
            (a, b) if crossed => cross(dimension, a, b, stream),
            (a, _) => a,
        };
        if stream.unit() < rate { mutated(dimension, slot, stream) } else { slot }
    })
}

fn cross(dimension: &Dimension, a: f64, b: f64, stream: &mut Stream) -> f64 {
    if stream.unit() >= CROSSING_OF_ONE || a == b {
        return a;
    }
    if dimension.is_categorical() {
        return b;
    }
    let (x, y) = (dimension.axis.position(a), dimension.axis.position(b));
    let u = stream.unit();
    let exponent = 1.0 / (CROSSING_INDEX + 1.0);
    let spread = if u < 0.5 { powf(2.0 * u, exponent) } else { powf(0.5 / (1.0 - u), exponent) };
    let side = if stream.unit() < 0.5 { spread } else { -spread };
    dimension.axis.slot_at((0.5 * ((1.0 + side) * x + (1.0 - side) * y)).clamp(0.0, 1.0))
}

fn mutated(dimension: &Dimension, slot: f64, stream: &mut Stream) -> f64 {
    if dimension.is_categorical() {
        let count = dimension.axis.count().unwrap_or(1);
        let other = stream.below(count.max(2) - 1) as f64;
        return if count < 2 {
            slot
        } else if other < slot {
            other
        } else {
            other + 1.0
        };
    }
    let x = dimension.axis.position(slot);
    let u = stream.unit();
    let power = MUTATION_INDEX + 1.0;
    // How far, so that neither end is passed.
    let step = if u < 0.5 {
        powf(2.0 * u + (1.0 - 2.0 * u) * powf(1.0 - x, power), 1.0 / power) - 1.0
    } else {
        1.0 - powf(2.0 * (1.0 - u) + (2.0 * u - 1.0) * powf(x, power), 1.0 / power)
    };
    let moved = dimension.axis.slot_at((x + step).clamp(0.0, 1.0));
    match dimension.axis.count() {
        Some(count) if count > 1 && moved == slot => neighbour(slot, count, step),
        _ => moved,
    }
}

/// The next value on the side of `step`; at an end, on the other.
fn neighbour(slot: f64, count: u64, step: f64) -> f64 {
    let last = count as f64 - 1.0;
    if (step > 0.0 && slot < last) || slot <= 0.0 { (slot + 1.0).min(last) } else { slot - 1.0 }
}
