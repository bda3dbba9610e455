//! Points that no trial has tried yet.

use super::history::History;
use super::layout::Row;
use super::permutation::Permutation;
use super::stream::Stream;

/// Draws before points are looked for by their number. In a space of more than 2^64 points, where they have no number,
/// that many draws of seen points do not happen.
const DRAWS: usize = 16;

/// What `propose` draws; in a discrete space that has unseen points, one of these.
///
/// Cost: of one draw, mostly; at most O(n_trials) look-ups when few points are left.
pub(super) fn propose_unseen(
    history: &History,
    stream: &mut Stream,
    mut propose: impl FnMut(&mut Stream) -> Row,
) -> Row {
    let mut row = propose(stream);
    if !history.has_unseen_points() {
        return row;
    }
    for _ in 0..DRAWS {
        if !history.has_seen(&row) {
            return row;
        }
        row = propose(stream);
    }
    any_unseen(history, stream).unwrap_or(row)
}

/// A point chosen evenly among the unseen ones; `None` if all are seen or the points have no number.
fn any_unseen(history: &History, stream: &mut Stream) -> Option<Row> {
    let layout = history.layout();
    let size = layout.size().filter(|_| history.has_unseen_points())?;
    let permutation = Permutation::new(size, stream);
    // Of one more point than were seen, one is unseen.
    (0..=history.seen_points()).map(|index| layout.point(permutation.at(index))).find(|row| !history.has_seen(row))
}
