//! An axis: where values lie between its ends, and which of them are named.

use super::number;
use crate::domain::metrics::Direction;
use crate::domain::params::{Domain, Value};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    log: bool,
    /// Are the ticks names of bands, not numbers?
    pub bands: bool,
    pub ticks: Vec<Tick>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    /// From 0, the low end, to 1.
    pub place: f64,
    pub label: String,
}

/// Beyond this, ranges are not numbers any longer.
const WIDEST: f64 = 1e300;

impl Axis {
    /// From `low` to `high`, in either order, with about `most` ticks.
    pub fn linear(low: f64, high: f64, most: usize) -> Self {
        let (low, high) = widened(low.min(high), low.max(high));
        let mut axis = Self { low, high, log: false, bands: false, ticks: Vec::new() };
        axis.ticks = linear_ticks(low, high, most).into_iter().filter_map(|tick| axis.tick(tick)).collect();
        axis
    }

    /// From `low` > 0 to `high` on a logarithmic scale.
    pub fn log(low: f64, high: f64, most: usize) -> Self {
        if !(low > 0.0 && low < high && high.is_finite()) {
            return Self::linear(low, high, most);
        }
        let mut axis = Self { low, high, log: true, bands: false, ticks: Vec::new() };
        axis.ticks = log_ticks(low, high, most).into_iter().filter_map(|tick| axis.tick(tick)).collect();
        axis
    }

    /// For whole numbers, which alone are named: half a trial means nothing.
    pub fn whole(low: f64, high: f64, most: usize) -> Self {
        let mut axis = Self::linear(low, high, most);
        axis.ticks.retain_mut(|tick| {
            let whole = tick.label.parse::<f64>().ok().filter(|value| value.fract() == 0.0);
            tick.label = whole.map(number::short).unwrap_or_default();
            whole.is_some()
        });
        axis
    }

    /// The same with both ends named, and of the ticks those that are well inside.
    pub fn with_ends(mut self) -> Self {
        let inside = |tick: &Tick| (0.2..=0.8).contains(&tick.place);
        self.ticks.retain(inside);
        let end = |value: f64, place: f64| Tick { place, label: number::rounded(value) };
        self.ticks.insert(0, end(self.low, 0.0));
        self.ticks.push(end(self.high, 1.0));
        self
    }

    /// One band for each label.
    pub fn bands(labels: Vec<String>) -> Self {
        let count = labels.len().max(1) as f64;
        let tick = |(index, label)| Tick { place: (index as f64 + 0.5) / count, label };
        let ticks = labels.into_iter().enumerate().map(tick).collect();
        Self { low: 0.0, high: count, log: false, bands: true, ticks }
    }

    /// The values that a parameter may take.
    pub fn of(domain: &Domain, most: usize) -> Self {
        match domain {
            Domain::Float { low, high, log: true, .. } => Self::log(*low, *high, most),
            Domain::Float { low, high, log: false, .. } => Self::linear(*low, *high, most),
            Domain::Int { low, high, log: true, .. } => Self::log(*low as f64, *high as f64, most),
            Domain::Int { low, high, log: false, .. } => Self::whole(*low as f64, *high as f64, most),
            Domain::Categorical { choices } => Self::bands(choices.iter().map(ToString::to_string).collect()),
        }
    }

    /// For the values of an objective. What is far worse than nine tenths of them lies outside, so that the others can
    /// be told apart.
    pub fn objective(values: &[f64], direction: Direction, most: usize) -> Self {
        let mut losses: Vec<f64> =
            values.iter().filter(|value| value.is_finite()).map(|value| direction.loss(*value)).collect();
        losses.sort_by(f64::total_cmp);
        let (Some(best), Some(worst)) = (losses.first().copied(), losses.last().copied()) else {
            return Self::linear(0.0, 1.0, most);
        };
        let most_of_them = losses[(losses.len() - 1) * 9 / 10];
        let is_far = most_of_them > best && worst / 4.0 - best / 4.0 > most_of_them - best;
        let end = if is_far && losses.len() >= 10 { most_of_them + (most_of_them - best) * 0.5 } else { worst };
        // `loss` is its own inverse.
        let (low, high) = (direction.loss(best), direction.loss(end));
        let room = (high / 2.0 - low / 2.0) * 0.12;
        Self::linear(low - room, high + room, most)
    }

    /// Where `value` lies, from 0 to 1, and whether it is on the axis at all; `None` of NaN.
    pub fn place(&self, value: f64) -> Option<(f64, bool)> {
        let share = if self.log {
            (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
        };
        (!share.is_nan()).then(|| (share.clamp(0.0, 1.0), (-1e-9..=1.0 + 1e-9).contains(&share)))
    }

    /// Where the value of a parameter lies; of a category, in the middle of its band moved by `shift`, from -1 to 1.
    pub fn place_of(&self, domain: &Domain, value: &Value, shift: f64) -> Option<f64> {
        let number = match domain {
            Domain::Categorical { choices } => {
                choices.iter().position(|choice| choice == value)? as f64 + 0.5 + shift * 0.3
            }
            _ => value.as_f64()?,
        };
        self.place(number).filter(|(_, inside)| *inside).map(|(place, _)| place)
    }

    fn tick(&self, (value, label): (f64, String)) -> Option<Tick> {
        let (place, inside) = self.place(value)?;
        inside.then_some(Tick { place, label })
    }
}

/// A range that has a width, and one that is a number.
fn widened(low: f64, high: f64) -> (f64, f64) {
    let finite = |end: f64| if end.is_nan() { 0.0 } else { end.clamp(-WIDEST, WIDEST) };
    let (low, high) = (finite(low), finite(high));
    let size = low.abs().max(high.abs());
    // Closer than this, the names of the ticks would be all digits.
    if high - low > size * 1e-9 && high - low > f64::MIN_POSITIVE * 1e12 {
        return (low, high);
    }
    let middle = low / 2.0 + high / 2.0;
    let room = if size > 1e-280 { size * 0.1 } else { 1.0 };
    (middle - room, middle + room)
}

/// Multiples of 1, 2 or 5 times a power of ten.
fn linear_ticks(low: f64, high: f64, most: usize) -> Vec<(f64, String)> {
    let rough = (high - low) / most.max(1) as f64;
    let mut exponent = rough.log10().floor() as i32;
    let mut factor = 1.0;
    for candidate in [1.0, 2.0, 5.0, 10.0] {
        factor = candidate;
        if number::scaled(candidate, exponent) >= rough * (1.0 - 1e-9) {
            break;
        }
    }
    if factor == 10.0 {
        (factor, exponent) = (1.0, exponent + 1);
    }
    let step = number::scaled(factor, exponent);
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let count = (last - first).clamp(0.0, 2.0 * most as f64) as usize;
    (0..=count)
        .map(|k| (first + k as f64) * factor)
        .map(|count| (number::scaled(count, exponent), number::multiple(count, exponent)))
        .collect()
}

/// Powers of ten, thinned out; within less than two of them, multiples in between.
fn log_ticks(low: f64, high: f64, most: usize) -> Vec<(f64, String)> {
    let most = most.max(2);
    let (first, last) = ((low.log10() - 1e-9).ceil() as i32, (high.log10() + 1e-9).floor() as i32);
    let named = |value: f64| (value, number::short(value));
    if last > first {
        let stride = ((last - first) as usize).div_ceil(most - 1);
        return (first..=last).step_by(stride).map(|exponent| named(number::scaled(1.0, exponent))).collect();
    }
    let between = (first - 1..=last + 1)
        .flat_map(|exponent| [1.0, 2.0, 5.0].map(|factor| number::scaled(factor, exponent)))
        .filter(|value| (low..=high).contains(value));
    let between: Vec<(f64, String)> = between.map(named).collect();
    if between.len() >= 2 { between } else { linear_ticks(low, high, most - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(labels(&Axis::linear(0.0, 1.0, 5)), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&Axis::linear(0.871, 0.934, 4)), ["0.88", "0.90", "0.92"]);
        assert_eq!(labels(&Axis::linear(-3e9, 2e9, 3)), ["-2e9", "0", "2e9"]);
        assert_eq!(labels(&Axis::log(1e-5, 1e-1, 5)), ["1e-5", "1e-4", "0.001", "0.01", "0.1"]);
        assert_eq!(labels(&Axis::log(1e-9, 1.0, 4)), ["1e-9", "1e-6", "0.001", "1"]);
        assert_eq!(labels(&Axis::log(16.0, 512.0, 4)), ["20", "50", "100", "200", "500"]);
        assert_eq!(labels(&Axis::of(&Domain::Int { low: 1, high: 3, log: false, step: 1 }, 4)), ["1", "2", "3"]);
    }

    #[test]
    fn constant_values_lie_in_the_middle() {
        for value in [0.0, 0.5, -3e200, f64::MAX, 1e-310, 5e-324] {
            let axis = Axis::objective(&[value, value], Direction::Minimize, 4);
            let (place, inside) = axis.place(value.clamp(-WIDEST, WIDEST)).unwrap();
            assert!(inside && (place - 0.5).abs() < 0.01, "{value}: {place}, {axis:?}");
        }
    }

    #[test]
    fn what_is_far_worse_than_most_lies_outside() {
        let mut values: Vec<f64> = (0..30).map(|k| 0.5 + f64::from(k) * 0.01).collect();
        values.push(1e6);
        let axis = Axis::objective(&values, Direction::Minimize, 4);
        assert_eq!(axis.place(1e6), Some((1.0, false)));
        assert!(values[..30].iter().all(|value| axis.place(*value).unwrap().1));
        let few = Axis::objective(&[1.0, 1000.0], Direction::Maximize, 4);
        assert!(few.place(1.0).unwrap().1);
    }

    #[test]
    fn any_range_has_an_axis() {
        let ends = [f64::NAN, f64::NEG_INFINITY, f64::MIN, -1.0, -0.0, 5e-324, 1.0, 1.0 + f64::EPSILON, f64::MAX];
        for low in ends {
            for high in ends {
                for axis in [Axis::linear(low, high, 4), Axis::log(low, high, 4)] {
                    assert!(axis.ticks.len() <= 12 && axis.ticks.iter().all(|tick| tick.label.len() < 24), "{axis:?}");
                }
            }
        }
    }
}
