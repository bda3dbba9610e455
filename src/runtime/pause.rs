//! Waiting for an instant, but never for long: a clock that is set back must not stop a loop.

use std::time::Duration;

use jiff::Timestamp;

/// Sleeps until `instant`, and no longer than `at_most`.
pub(super) async fn pause_until(instant: Option<Timestamp>, at_most: Duration) {
    let left = instant.map(|instant| instant.duration_since(Timestamp::now()));
    let left = left.map_or(at_most, |left| Duration::try_from(left).unwrap_or(Duration::ZERO));
    tokio::time::sleep(left.min(at_most)).await;
}
