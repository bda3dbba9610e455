//! The space and the trials as CMA-ES sees them: which parameter is which coordinate or category.

use crate::search::history::History;
use crate::search::layout::{Dimension, Layout};

/// Parameters with more values than this are as good as continuous.
const MOST_LEVELS: u64 = 10_000;

/// What a parameter of the space is to the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Role {
    /// It has one value.
    Fixed,
    Coordinate(usize),
    Category(usize),
}

pub(super) struct Problem<'a> {
    pub history: &'a History,
    /// By parameter.
    pub roles: Vec<Role>,
    pub coordinates: usize,
}

impl<'a> Problem<'a> {
    pub fn new(history: &'a History) -> Self {
        let (mut coordinates, mut categories) = (0, 0);
        let next = |counter: &mut usize| {
            *counter += 1;
            *counter - 1
        };
        let role = |dimension: &Dimension| match dimension {
            _ if dimension.is_single() => Role::Fixed,
            _ if dimension.is_categorical() => Role::Category(next(&mut categories)),
            _ => Role::Coordinate(next(&mut coordinates)),
        };
        let roles = history.layout().dimensions().iter().map(role).collect();
        Self { history, roles, coordinates }
    }

    pub fn layout(&self) -> &'a Layout {
        self.history.layout()
    }

    /// The parameters with their roles.
    pub fn dimensions(&self) -> impl Iterator<Item = (&'a Dimension, Role)> {
        self.layout().dimensions().iter().zip(self.roles.iter().copied())
    }

    /// The number of choices of each category.
    pub fn choices(&self) -> Vec<usize> {
        let categories = self.dimensions().filter(|(_, role)| matches!(role, Role::Category(_)));
        categories.map(|(dimension, _)| dimension.axis.count().unwrap_or(1) as usize).collect()
    }

    /// By coordinate: must a draw lie in the range? Others are rounded to the values that there are.
    pub fn continuous(&self) -> impl Iterator<Item = bool> {
        let coordinates = self.dimensions().filter(|(_, role)| matches!(role, Role::Coordinate(_)));
        coordinates.map(|(dimension, _)| levels(dimension).is_none())
    }
}

/// The number of values of a numeric parameter, where there are few.
pub(super) fn levels(dimension: &Dimension) -> Option<u64> {
    dimension.axis.count().filter(|count| *count <= MOST_LEVELS)
}
