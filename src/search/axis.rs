//! One parameter as the search sees it: values as slots, and slots as positions on the unit interval.
//!
//! A *slot* is what names a value: the value itself of a continuous parameter, the index of the value (from 0, exact up
//! to 2^53) of every other. NaN is "no value": the parameter is inactive or what was tried is not in its domain.
//!
//! A *position* is where a numeric value lies on the unit interval, after the logarithm where the domain asks for it.
//! Values that can be counted are cells that tile the interval: the cell of an integer on a log scale goes from
//! ln(v − ½) to ln(v + ½), all others are equally wide.

use crate::domain::params::{Domain, Value};

use super::math::{exp, ln};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Axis {
    /// `low..=high`; `low < high`. Logarithms already taken if `log`.
    Continuous {
        low: f64,
        high: f64,
        from: f64,
        to: f64,
        log: bool,
    },
    /// `low + k·step` for k in `0..count`.
    Steps {
        low: f64,
        high: f64,
        step: f64,
        count: u64,
    },
    /// `low + k·step` for k in `0..count`.
    Integers {
        low: i64,
        high: i64,
        step: i64,
        count: u64,
    },
    /// `low..=high` on a log scale; `from` and `to` are the logarithms of the outer edges.
    LogIntegers {
        low: i64,
        high: i64,
        from: f64,
        to: f64,
    },
    Choices {
        choices: Vec<Value>,
    },
}

impl Axis {
    pub fn of(domain: &Domain) -> Self {
        let count = domain.cardinality().unwrap_or(1);
        match domain {
            Domain::Float { low, high, log: true, step: None } if low < high => {
                Self::Continuous { low: *low, high: *high, from: ln(*low), to: ln(*high), log: true }
            }
            Domain::Float { low, high, log: false, step: None } if low < high => {
                Self::Continuous { low: *low, high: *high, from: *low, to: *high, log: false }
            }
            Domain::Float { low, high, step, .. } => {
                Self::Steps { low: *low, high: *high, step: step.unwrap_or(1.0), count }
            }
            Domain::Int { low, high, log: true, .. } if low < high => {
                Self::LogIntegers { low: *low, high: *high, from: ln(*low as f64 - 0.5), to: ln(*high as f64 + 0.5) }
            }
            Domain::Int { low, high, step, .. } => Self::Integers { low: *low, high: *high, step: *step, count },
            Domain::Categorical { choices } => Self::Choices { choices: choices.clone() },
        }
    }

    /// The number of values; `None` if they cannot be counted.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Continuous { .. } => None,
            Self::Steps { count, .. } | Self::Integers { count, .. } => Some(*count),
            Self::LogIntegers { low, high, .. } => Some(high.abs_diff(*low).saturating_add(1)),
            Self::Choices { choices } => Some(choices.len() as u64),
        }
    }

    /// The slot of `value`; NaN if it is not in the domain.
    pub fn slot(&self, value: &Value) -> f64 {
        let slot = match (self, value) {
            (Self::Choices { choices }, value) => choices.iter().position(|choice| choice == value).map(|k| k as f64),
            (Self::Continuous { low, high, .. }, value) => value.as_f64().filter(|x| (*low..=*high).contains(x)),
            (Self::Steps { low, step, count, .. }, value) => value
                .as_f64()
                .map(|x| ((x - low) / step, (x - low) / step))
                .map(|(exact, k)| (exact, k.round()))
                .filter(|(exact, k)| (exact - k).abs() < 1e-6 + k.abs() * 1e-15 && *k >= 0.0 && *k < *count as f64)
                .map(|(_, k)| k),
            (Self::Integers { low, high, step, .. }, Value::Int(x)) => ((low..=high).contains(&x)
                && x.abs_diff(*low).is_multiple_of(step.unsigned_abs()))
            .then(|| (x.abs_diff(*low) / step.unsigned_abs()) as f64),
            (Self::LogIntegers { low, high, .. }, Value::Int(x)) => {
                (low..=high).contains(&x).then(|| x.abs_diff(*low) as f64)
            }
            _ => None,
        };
        slot.unwrap_or(f64::NAN)
    }

    /// The value that `slot`, which must not be NaN, names.
    pub fn value(&self, slot: f64) -> Value {
        match self {
            Self::Continuous { .. } => Value::Float(slot),
            Self::Steps { low, high, step, .. } => Value::Float((low + slot * step).min(*high)),
            Self::Integers { low, high, step, .. } => {
                let x = i128::from(*low) + slot as i128 * i128::from(*step);
                Value::Int(i64::try_from(x).unwrap_or(*high))
            }
            Self::LogIntegers { low, high, .. } => {
                Value::Int(i64::try_from(i128::from(*low) + slot as i128).unwrap_or(*high).min(*high))
            }
            Self::Choices { choices } => choices.get(slot as usize).cloned().unwrap_or(Value::Null),
        }
    }

    /// The slot whose cell holds `position` in 0..=1; categories divide the interval evenly.
    pub fn slot_at(&self, position: f64) -> f64 {
        match self {
            Self::Continuous { low, high, from, to, log } => {
                let x = from * (1.0 - position) + to * position;
                if *log { exp(x) } else { x }.clamp(*low, *high)
            }
            Self::LogIntegers { low, high, from, to } => {
                let x = exp(from + position * (to - from)).round();
                x.clamp(*low as f64, *high as f64) - *low as f64
            }
            Self::Steps { .. } | Self::Integers { .. } | Self::Choices { .. } => {
                let count = self.count().unwrap_or(1);
                (position * count as f64).floor().min((count - 1) as f64)
            }
        }
    }

    /// Where on the unit interval the value of `slot` lies; of a category, only its place in the list.
    pub fn position(&self, slot: f64) -> f64 {
        match self {
            Self::Continuous { .. } => self.continuous_position(slot),
            Self::LogIntegers { low, from, to, .. } => (ln(*low as f64 + slot) - from) / (to - from),
            Self::Steps { .. } | Self::Integers { .. } | Self::Choices { .. } => {
                (slot + 0.5) / self.count().unwrap_or(1) as f64
            }
        }
    }

    /// The edges of the cell of `slot` on the unit interval; those of a continuous value coincide.
    pub fn cell(&self, slot: f64) -> (f64, f64) {
        match self {
            Self::Continuous { .. } => {
                let position = self.continuous_position(slot);
                (position, position)
            }
            Self::LogIntegers { low, from, to, .. } => {
                let x = *low as f64 + slot;
                ((ln(x - 0.5) - from) / (to - from), (ln(x + 0.5) - from) / (to - from))
            }
            Self::Steps { .. } | Self::Integers { .. } | Self::Choices { .. } => {
                let count = self.count().unwrap_or(1) as f64;
                (slot / count, (slot + 1.0) / count)
            }
        }
    }

    fn continuous_position(&self, x: f64) -> f64 {
        let Self::Continuous { from, to, log, .. } = self else { return f64::NAN };
        let x = if *log { ln(x) } else { x };
        // Halves, because the width of the widest range is not a number.
        ((x / 2.0 - from / 2.0) / (to / 2.0 - from / 2.0)).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes() -> Vec<Axis> {
        [
            Domain::Float { low: -3.0, high: 5.0, log: false, step: None },
            Domain::Float { low: 1e-6, high: 10.0, log: true, step: None },
            Domain::Float { low: f64::MIN, high: f64::MAX, log: false, step: None },
            Domain::Float { low: 0.1, high: 0.95, log: false, step: Some(0.1) },
            Domain::Float { low: 2.5, high: 2.5, log: false, step: None },
            Domain::Int { low: -7, high: 12, log: false, step: 3 },
            Domain::Int { low: i64::MIN, high: i64::MAX, log: false, step: 1 },
            Domain::Int { low: 1, high: 1000, log: true, step: 1 },
            Domain::Int { low: 4, high: 4, log: true, step: 1 },
            Domain::Categorical { choices: vec![Value::Null, Value::Bool(true), Value::Text("x".into())] },
        ]
        .iter()
        .map(Axis::of)
        .collect()
    }

    #[test]
    fn every_position_names_a_value_that_leads_back_to_it() {
        for axis in axes() {
            for k in 0..=1000 {
                let slot = axis.slot_at(f64::from(k) / 1000.0);
                let back = axis.slot(&axis.value(slot));
                assert!((back - slot).abs() <= 1e-9 * slot.abs().max(1.0), "{axis:?}: {slot} became {back}");
            }
        }
    }

    #[test]
    fn the_cells_of_an_axis_tile_the_unit_interval() {
        for axis in axes() {
            let Some(count @ 1..=2000) = axis.count() else { continue };
            let mut end = 0.0;
            for slot in 0..count {
                let (low, high) = axis.cell(slot as f64);
                assert!((low - end).abs() < 1e-12 && high > low, "{axis:?}: cell {slot}");
                let position = axis.position(slot as f64);
                assert!(low < position && position < high && axis.slot_at(position) == slot as f64);
                end = high;
            }
            assert!((end - 1.0).abs() < 1e-12, "{axis:?} ends at {end}");
        }
    }

    #[test]
    fn a_value_outside_the_domain_has_no_slot() {
        let outside = [Value::Float(99.0), Value::Int(99), Value::Float(f64::NAN), Value::Text("y".into())];
        for axis in [&axes()[0], &axes()[3], &axes()[5], &axes()[9]] {
            for value in &outside {
                assert!(axis.slot(value).is_nan(), "{axis:?} takes {value}");
            }
        }
    }
}
