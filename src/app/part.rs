//! The parts of a running server: loops that end when they are told to and not before.
//!
//! One that ends by itself has a fault (a panic), and a server that takes events and starts no sweeps would be worse than
//! none. So the first such end is the end of the server: it stops in order, and whoever started it starts it again.

use tokio_util::sync::CancellationToken;
use tracing::error;

/// Runs `work` to its end; `failed` is cancelled if that comes before `cancel`.
pub(super) async fn watched(
    name: String,
    work: impl Future<Output = ()> + Send + 'static,
    cancel: CancellationToken,
    failed: CancellationToken,
) {
    // A task of its own, so that a panic ends it and not this one.
    let ended = tokio::spawn(work).await;
    if let Err(error) = &ended {
        error!(part = name, %error, "a part of the server has ended by a fault of tunebot");
    }
    if ended.is_err() || !cancel.is_cancelled() {
        failed.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_panics_is_noticed() {
        let (cancel, failed) = (CancellationToken::new(), CancellationToken::new());
        watched("dispatcher".into(), async { panic!("a fault") }, cancel, failed.clone()).await;
        assert!(failed.is_cancelled());
    }

    #[tokio::test]
    async fn a_part_that_ends_before_it_is_told_to_is_noticed() {
        let (cancel, failed) = (CancellationToken::new(), CancellationToken::new());
        watched("server".into(), async {}, cancel, failed.clone()).await;
        assert!(failed.is_cancelled());
    }

    #[tokio::test]
    async fn a_part_that_ends_when_it_is_told_to_is_no_fault() {
        let (cancel, failed) = (CancellationToken::new(), CancellationToken::new());
        let work = cancel.clone().cancelled_owned();
        cancel.cancel();
        watched("relay".into(), work, cancel, failed.clone()).await;
        assert!(!failed.is_cancelled());
    }
}
