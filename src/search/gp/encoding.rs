//! Points of a search space as the kernel sees them: vectors of features between which there are distances.
//!
//! - A number: its position on the unit interval, on the scale of its domain; an integer sits in the middle of its cell.
//! - A category: which choice; two different ones are 1 apart (Hamming).
//! - A conditional number is two features, its position and whether it is there: an inactive one is a point of its own,
//!   off the middle of the interval, so that distances stay Euclidean and the kernel positive definite.
//! - A conditional category has one choice more: none.

use crate::search::layout::Layout;

/// How far from the interval an inactive number lies.
const ABSENCE: f64 = 0.5;

/// How two values of a feature differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    /// (x − y)²
    Square,
    /// 0 or 1
    Hamming,
}

/// One feature. Those of one parameter share its length scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Feature {
    pub difference: Difference,
    /// The number of its parameter among the `n_groups` that have more than one value.
    pub group: usize,
}

/// Which features a space has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Encoding {
    pub features: Vec<Feature>,
    pub groups: usize,
    /// The first feature of each of the `n_params` parameters; `None` for those with one value.
    firsts: Vec<Option<usize>>,
}

impl Encoding {
    pub fn new(layout: &Layout) -> Self {
        let mut encoding = Self { features: Vec::new(), groups: 0, firsts: Vec::new() };
        for dimension in layout.dimensions() {
            if dimension.is_single() {
                encoding.firsts.push(None);
                continue;
            }
            encoding.firsts.push(Some(encoding.features.len()));
            let categorical = dimension.is_categorical();
            let difference = if categorical { Difference::Hamming } else { Difference::Square };
            let count = if dimension.is_conditional() && !categorical { 2 } else { 1 };
            encoding.features.extend(vec![Feature { difference, group: encoding.groups }; count]);
            encoding.groups += 1;
        }
        encoding
    }

    pub fn len(&self) -> usize {
        self.features.len()
    }

    /// The feature that holds the position of parameter `index`, if it is a number with more than one value.
    pub fn position_of(&self, index: usize) -> Option<usize> {
        let first = self.firsts.get(index).copied().flatten()?;
        (self.features[first].difference == Difference::Square).then_some(first)
    }

    /// The features of a point. A number without a value is taken for absent.
    pub fn encode(&self, layout: &Layout, row: &[f64]) -> Vec<f64> {
        let mut features = Vec::with_capacity(self.len());
        for ((dimension, &slot), first) in layout.dimensions().iter().zip(row).zip(&self.firsts) {
            if first.is_none() {
                continue;
            }
            let absent = slot.is_nan();
            if dimension.is_categorical() {
                features.push(if absent { -1.0 } else { slot });
                continue;
            }
            features.push(if absent { 0.5 } else { dimension.axis.position(slot) });
            if dimension.is_conditional() {
                features.push(if absent { ABSENCE } else { 0.0 });
            }
        }
        features
    }
}
