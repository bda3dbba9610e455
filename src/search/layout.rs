//! The search space as rows of slots: which parameters are active beside which, and how many points there are.
//!
//! Each condition names one parameter, so the parameters are a forest: a choice of a category opens the parameters
//! under it. The points of a tree are counted and numbered without being listed.

use crate::domain::ids::ParamName;
use crate::domain::params::{Condition, Params, Space, Value};

use super::axis::Axis;
use super::permutation::mix;

/// Values at which a grid tries a continuous parameter: evenly spaced, on its own scale, both ends included.
pub(super) const CONTINUOUS_LEVELS: u64 = 10;

/// One slot for each of the `n_params` parameters, in the order of the space; NaN for the inactive ones.
pub(super) type Row = Vec<f64>;

#[derive(Debug, Clone)]
pub(super) struct Layout {
    dimensions: Vec<Dimension>,
    discrete: bool,
    size: Option<u64>,
}

#[derive(Debug, Clone)]
pub(super) struct Dimension {
    pub name: ParamName,
    pub axis: Axis,
    gate: Option<Gate>,
    /// For each choice of a category, the parameters that it opens and the points of their product.
    branches: Vec<Branch>,
    /// Points of this parameter with everything under it; `None` when there are more than a `u64` holds.
    points: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Gate {
    parent: usize,
    /// By choice of the parent: does it open this parameter?
    open: Vec<bool>,
}

#[derive(Debug, Clone)]
struct Branch {
    children: Vec<usize>,
    points: Option<u64>,
}

impl Dimension {
    pub fn is_categorical(&self) -> bool {
        matches!(self.axis, Axis::Choices { .. })
    }

    /// Does a condition decide whether it is active?
    pub fn is_conditional(&self) -> bool {
        self.gate.is_some()
    }

    /// Has it just one value?
    pub fn is_single(&self) -> bool {
        self.axis.count() == Some(1)
    }
}

impl Layout {
    /// Cost: O(n_params² + choices × conditions), once a sweep.
    pub fn new(space: &Space) -> Self {
        let mut dimensions: Vec<Dimension> = Vec::with_capacity(space.parameters().len());
        for parameter in space.parameters() {
            let gate = parameter.when.as_ref().and_then(|condition| gate(&dimensions, condition));
            let axis = Axis::of(&parameter.domain);
            dimensions.push(Dimension { name: parameter.name.clone(), axis, gate, branches: Vec::new(), points: None });
        }
        hang_children(&mut dimensions);
        count_points(&mut dimensions);
        let roots = dimensions.iter().filter(|dimension| dimension.gate.is_none());
        Self {
            discrete: dimensions.iter().all(|dimension| dimension.axis.count().is_some()),
            size: product(roots.map(|root| root.points)),
            dimensions,
        }
    }

    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// Has every parameter values that can be counted?
    pub fn is_discrete(&self) -> bool {
        self.discrete
    }

    /// The number of points, with [`CONTINUOUS_LEVELS`] values for each continuous parameter; `None` when there are more
    /// than a `u64` holds.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Is the parameter active beside the slots of those before it?
    pub fn is_active(&self, index: usize, slots: &[f64]) -> bool {
        self.dimensions[index].gate.as_ref().is_none_or(|gate| {
            let choice = slots[gate.parent];
            !choice.is_nan() && gate.open.get(choice as usize).is_some_and(|open| *open)
        })
    }

    /// The parameters by the condition that decides whether they are active: those of one group are so in the same points.
    /// A group stands after those of the parameters that open it.
    pub fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (index, dimension) in self.dimensions.iter().enumerate() {
            match groups.iter_mut().find(|group| self.dimensions[group[0]].gate == dimension.gate) {
                Some(group) => group.push(index),
                None => groups.push(vec![index]),
            }
        }
        groups
    }

    /// A point whose active slots are what `slot` gives, asked in the order of the space.
    pub fn fill(&self, mut slot: impl FnMut(usize, &Dimension) -> f64) -> Row {
        let mut row = Row::with_capacity(self.dimensions.len());
        for (index, dimension) in self.dimensions.iter().enumerate() {
            let active = self.is_active(index, &row);
            row.push(if active { slot(index, dimension) } else { f64::NAN });
        }
        row
    }

    /// Point number `index` of 0..size. Distinct numbers give distinct points, and every point has a number.
    /// Only to be asked when there is a size.
    pub fn point(&self, index: u64) -> Row {
        let mut row = vec![f64::NAN; self.dimensions.len()];
        let mut rest = index;
        let mut open: Vec<(usize, u64)> = Vec::new();
        for (root, dimension) in self.dimensions.iter().enumerate().filter(|(_, dimension)| dimension.gate.is_none()) {
            open.push((root, take_digit(&mut rest, dimension.points)));
        }
        while let Some((place, mut digit)) = open.pop() {
            let dimension = &self.dimensions[place];
            let mut level = digit;
            for (choice, branch) in dimension.branches.iter().enumerate() {
                let points = branch.points.unwrap_or(u64::MAX);
                if digit < points {
                    level = choice as u64;
                    for &child in &branch.children {
                        open.push((child, take_digit(&mut digit, self.dimensions[child].points)));
                    }
                    break;
                }
                digit -= points;
            }
            row[place] = level_slot(&dimension.axis, level);
        }
        row
    }

    /// What a trial tried, as slots, and whether it is a whole point of this space.
    pub fn row(&self, params: &Params) -> (Row, bool) {
        let row: Row = self
            .dimensions
            .iter()
            .map(|dimension| params.get(&dimension.name).map_or(f64::NAN, |value| dimension.axis.slot(value)))
            .collect();
        let whole = (0..row.len()).all(|index| self.is_active(index, &row) != row[index].is_nan());
        let known = row.iter().filter(|slot| !slot.is_nan()).count() == params.0.len();
        (row, whole && known)
    }

    pub fn params(&self, row: &[f64]) -> Params {
        let active = self.dimensions.iter().zip(row).filter(|(_, slot)| !slot.is_nan());
        active.map(|(dimension, slot)| (dimension.name.clone(), dimension.axis.value(*slot))).collect()
    }

    /// 64 bits that are the same for equal points. That two of 100,000 different points share them has a chance below
    /// 1e-9, and would cost one point that is not tried.
    pub fn fingerprint(&self, row: &[f64]) -> u64 {
        row.iter().fold(0x243f_6a88_85a3_08d3_u64, |hash, slot| {
            // One NaN and one zero.
            let bits = if slot.is_nan() { u64::MAX } else { (slot + 0.0).to_bits() };
            mix(hash ^ bits).wrapping_add(0x9e37_79b9_7f4a_7c15)
        })
    }
}

/// The slot of level `level` of a grid.
fn level_slot(axis: &Axis, level: u64) -> f64 {
    if axis.count().is_some() { level as f64 } else { axis.slot_at(level as f64 / (CONTINUOUS_LEVELS - 1) as f64) }
}

fn take_digit(rest: &mut u64, radix: Option<u64>) -> u64 {
    let radix = radix.unwrap_or(u64::MAX).max(1);
    let digit = *rest % radix;
    *rest /= radix;
    digit
}

fn gate(before: &[Dimension], condition: &Condition) -> Option<Gate> {
    let parent = before.iter().position(|dimension| dimension.name == condition.parameter)?;
    let Axis::Choices { choices } = &before[parent].axis else { return None };
    Some(Gate { parent, open: choices.iter().map(|choice: &Value| condition.one_of.contains(choice)).collect() })
}

fn hang_children(dimensions: &mut [Dimension]) {
    for dimension in dimensions.iter_mut() {
        if let Axis::Choices { choices } = &dimension.axis {
            dimension.branches = choices.iter().map(|_| Branch { children: Vec::new(), points: None }).collect();
        }
    }
    for child in 0..dimensions.len() {
        let Some(gate) = dimensions[child].gate.clone() else { continue };
        for (branch, open) in dimensions[gate.parent].branches.iter_mut().zip(gate.open) {
            if open {
                branch.children.push(child);
            }
        }
    }
}

/// Children come after their parents, so their points are known when the parent's turn comes from the back.
fn count_points(dimensions: &mut [Dimension]) {
    for index in (0..dimensions.len()).rev() {
        let mut branches = std::mem::take(&mut dimensions[index].branches);
        for branch in &mut branches {
            branch.points = product(branch.children.iter().map(|&child| dimensions[child].points));
        }
        dimensions[index].points = if branches.is_empty() {
            Some(dimensions[index].axis.count().unwrap_or(CONTINUOUS_LEVELS))
        } else {
            branches.iter().try_fold(0_u64, |sum, branch| sum.checked_add(branch.points?))
        };
        dimensions[index].branches = branches;
    }
}

fn product(mut factors: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    factors.try_fold(1_u64, |product, factor| product.checked_mul(factor?))
}

#[cfg(test)]
mod tests;
