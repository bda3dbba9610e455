//! The line that is logged whenever a sweep has something to tell.

use tracing::info;

use crate::domain::report::Report;
use crate::plan::snapshot::Snapshot;

pub(super) fn progress(snapshot: &Snapshot, report: Option<&Report>) {
    let Some(report) = report else {
        return;
    };
    let counts = snapshot.counts();
    let sweep = snapshot.sweep();
    let outcome = sweep.outcome.as_ref().map(|outcome| outcome.name());
    info!(
        state = sweep.state.name(),
        outcome,
        finished = counts.finished(),
        running = counts.running,
        failed = counts.failed,
        best = report.best().map(|best| best.value),
        "sweep"
    );
}
