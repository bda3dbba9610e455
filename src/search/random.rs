//! Random search: every value of every active parameter is equally likely, on the scale of its domain.

use crate::domain::params::Params;

use super::Sampler;
use super::history::History;
use super::layout::{Layout, Row};
use super::stream::Stream;
use super::unseen::propose_unseen;

/// Cost: O(n_params) an ask. In a discrete space no point comes twice until all have been tried.
pub(super) struct Random;

impl Sampler for Random {
    fn ask(&self, history: &History, number: u32) -> Option<Params> {
        let mut stream = Stream::of_trial(history.seed(), number);
        Some(history.layout().params(&draw_unseen(history, &mut stream)))
    }
}

/// A random point, unseen while that is possible.
pub(super) fn draw_unseen(history: &History, stream: &mut Stream) -> Row {
    propose_unseen(history, stream, |stream| draw(history.layout(), stream))
}

pub(super) fn draw(layout: &Layout, stream: &mut Stream) -> Row {
    layout.fill(|_, dimension| dimension.axis.slot_at(stream.unit()))
}
