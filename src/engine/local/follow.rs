//! tunebot's side of one attempt: its guard is started, its news passed on, its end found out.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::mpsc;

use super::folder::AttemptFolder;
use super::order::{Command, LaunchOrder};
use super::{Attempt, Shared, blocking, guard, judge};
use crate::domain::ids::AttemptId;
use crate::domain::signal::AttemptNews;

const RETRY_INTERVAL: Duration = Duration::from_secs(2);

/// A guard that has just been started.
pub(super) struct Guard {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    order: Vec<u8>,
}

impl Guard {
    /// # Errors
    /// The system starts no more processes.
    pub fn spawn(program: &Path, folder: &AttemptFolder, order: &LaunchOrder) -> io::Result<Self> {
        let mut order = serde_json::to_vec(order)?;
        order.push(b'\n');
        let mut child = tokio::process::Command::new(program)
            .arg0("tunebot")
            .arg(guard::GUARD)
            .arg(folder.path())
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let no_pipe = || io::Error::other("no pipe");
        let input = child.stdin.take().ok_or_else(no_pipe)?;
        let output = child.stdout.take().ok_or_else(no_pipe)?;
        Ok(Self { child, input, output, order })
    }
}

/// Follows an attempt to its end. Ends early when the engine is dropped; that closes the guard's standard input.
pub(super) async fn follow(
    shared: Arc<Shared>,
    attempt: AttemptId,
    guard: Guard,
    commands: mpsc::UnboundedReceiver<Command>,
) {
    let Guard { mut child, input, output, order } = guard;
    let ended = tokio::select! {
        () = pass_on_news(&shared, &attempt, output) => true,
        () = give_orders(input, order, commands) => true,
        () = shared.abandoned.cancelled() => false,
    };
    if !ended {
        return;
    }
    if let Err(error) = child.wait().await {
        tracing::warn!(%attempt, %error, "a guard cannot be waited for");
    }
    settle(&shared, &attempt, shared.stopping.is_cancelled()).await;
}

/// Finds out how an attempt ended whose guard has ended, or was of another tunebot; remembers it and passes it on.
/// A full disk delays it; a tunebot that stops leaves it to the next one.
pub(super) async fn settle(shared: &Shared, attempt: &AttemptId, by_restart: bool) {
    loop {
        let folder = shared.folder(attempt);
        match blocking(move || judge::recover(&folder, by_restart)).await {
            Ok(outcome) => {
                shared.attempts().insert(attempt.clone(), Attempt::Ended(outcome.clone()));
                shared.publish(attempt, outcome.at, AttemptNews::Ended { end: outcome.end }).await;
                return;
            }
            Err(error) => tracing::error!(%attempt, %error, "the end of a trial cannot be found out yet"),
        }
        tokio::select! {
            () = tokio::time::sleep(RETRY_INTERVAL) => {}
            () = shared.stopping.cancelled() => return,
            () = shared.abandoned.cancelled() => return,
        }
    }
}

/// Writes the launch order and then commands, and holds the pipe open. Never ends by itself.
async fn give_orders(mut input: ChildStdin, order: Vec<u8>, mut commands: mpsc::UnboundedReceiver<Command>) {
    // A guard that does not listen has ended, and that is seen elsewhere.
    let _ = input.write_all(&order).await;
    while let Some(command) = commands.recv().await {
        if let Ok(mut line) = serde_json::to_vec(&command) {
            line.push(b'\n');
            let _ = input.write_all(&line).await;
        }
    }
    std::future::pending().await
}

/// Reads news until the guard has ended.
async fn pass_on_news(shared: &Shared, attempt: &AttemptId, output: ChildStdout) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(news) = serde_json::from_str::<AttemptNews>(&line) else {
            tracing::warn!(%attempt, "a guard said what cannot be read");
            continue;
        };
        let now = Timestamp::now();
        if news == AttemptNews::Started
            && let Some(Attempt::Live { started_at, .. }) = shared.attempts().get_mut(attempt)
        {
            *started_at = Some(now);
        }
        shared.publish(attempt, now, news).await;
    }
}
