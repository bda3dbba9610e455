//! The guard's watch over one trial: one loop over everything that can happen, from the start to the end of the last
//! process. It never waits for anybody but the next event.

use std::io::{self, BufRead, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitStatus};
use tokio::signal::unix::{SignalKind, signal};

use super::trial::{self, Trial};
use crate::domain::metrics::Metrics;
use crate::domain::signal::{AttemptEnd, AttemptNews};
use crate::engine::contract::TOKEN;
use crate::engine::local::folder::AttemptFolder;
use crate::engine::local::judge::{Cause, Evidence, judge};
use crate::engine::local::order::{Command, LaunchOrder};
use crate::engine::local::output::Statement;
use crate::engine::local::pace::Pace;

/// Something that happened to the trial or to tunebot.
pub(super) enum Event {
    Command(Command),
    /// tunebot is gone.
    Orphaned,
    /// The guard itself was asked to end, as by a service manager that ends everything of tunebot.
    Terminated,
    Said(Statement),
    /// Nothing more will be said.
    Silent,
    Exited(Pid, WaitStatus),
    /// Neither the trial nor anything that descends from it is left.
    Childless,
}

/// How often what is still there is killed again.
const KILL_INTERVAL: Duration = Duration::from_millis(20);
/// A process that is still there after this long cannot be killed.
const KILL_PATIENCE: Duration = Duration::from_secs(10);
/// How long news may take to reach tunebot once the trial has ended.
const NEWS_PATIENCE: Duration = Duration::from_secs(5);
/// How long a stream may stay open once no process is left: only whoever was handed it through a socket holds it.
const STREAM_PATIENCE: Duration = Duration::from_secs(30);
const EVENTS: usize = 256;
const NEWS: usize = 256;

/// Runs the trial of `order` to its end; `input` brings tunebot's commands.
///
/// # Errors
/// The trial could not be started.
pub(super) fn supervise(
    order: LaunchOrder,
    folder: &AttemptFolder,
    input: impl BufRead + Send + 'static,
) -> io::Result<AttemptEnd> {
    let (events, inbox) = mpsc::sync_channel(EVENTS);
    listen_to_signals(events.clone())?;
    let trial = trial::start(&order, folder, &events)?;
    thread::Builder::new().spawn(move || read_commands(input, &events))?;
    let (news, writer) = start_writer()?;
    let mut watch = Watch::new(order, trial, news);
    watch.send(AttemptNews::Started);
    watch.run(&inbox);
    Ok(watch.finish(folder, &inbox, writer))
}

struct Watch {
    order: LaunchOrder,
    trial: Trial,
    started: Instant,
    news: SyncSender<AttemptNews>,
    pace: Pace,
    /// Metrics of the latest step, and final ones.
    last_step: Metrics,
    last_words: Metrics,
    cause: Option<Cause>,
    /// tunebot has gone or is going.
    abandoned: bool,
    kill_from: Option<Instant>,
    status: Option<WaitStatus>,
    childless: bool,
    silent: bool,
}

impl Watch {
    fn new(order: LaunchOrder, trial: Trial, news: SyncSender<AttemptNews>) -> Self {
        let started = Instant::now();
        Self {
            order,
            trial,
            started,
            news,
            pace: Pace::new(started),
            last_step: Metrics::default(),
            last_words: Metrics::default(),
            cause: None,
            abandoned: false,
            kill_from: None,
            status: None,
            childless: false,
            silent: false,
        }
    }

    /// Returns when no process is left, or none that can be killed.
    fn run(&mut self, inbox: &Receiver<Event>) {
        while !self.childless {
            let now = Instant::now();
            if self.cause.is_none() && now.duration_since(self.started) >= self.order.timeout {
                self.end(Cause::TimedOut, self.order.stop_grace);
            }
            if let Some(kill_from) = self.kill_from
                && now >= kill_from
            {
                trial::kill_everything(&self.trial, self.status.is_some());
                if now >= kill_from + KILL_PATIENCE {
                    return;
                }
            }
            self.pass_on(now);
            match inbox.recv_timeout(self.next_wake(now)) {
                Ok(event) => self.take(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Command(Command::Stop { grace }) => self.end(Cause::Stopped, grace),
            Event::Command(Command::Shutdown) | Event::Terminated => self.abandon(self.order.stop_grace),
            Event::Orphaned => self.abandon(Duration::ZERO),
            Event::Said(statement) => self.listen(statement),
            Event::Silent => self.silent = true,
            Event::Exited(pid, status) if pid == self.trial.pid => {
                self.status = Some(status);
                // What it started does not outlive it.
                self.kill_from = Some(Instant::now());
            }
            Event::Exited(..) => {}
            Event::Childless => self.childless = true,
        }
    }

    fn abandon(&mut self, grace: Duration) {
        self.abandoned = true;
        self.end(Cause::Restart, grace);
    }

    /// Asks the trial to end and sets when it is killed. The first cause counts; a later one may only shorten the grace.
    fn end(&mut self, cause: Cause, grace: Duration) {
        if self.status.is_some() {
            return;
        }
        if self.cause.is_none() {
            self.cause = Some(cause);
            if !grace.is_zero() {
                trial::terminate(&self.trial);
            }
        }
        let kill_from = Instant::now() + grace;
        self.kill_from = Some(self.kill_from.map_or(kill_from, |earlier| earlier.min(kill_from)));
    }

    fn listen(&mut self, statement: Statement) {
        if let Some((done, total)) = statement.progress {
            self.pace.progress(done, total);
        }
        match statement.step {
            Some(step) if !statement.metrics.0.is_empty() => {
                self.last_step.0.extend(statement.metrics.0.clone());
                self.pace.report(step, statement.metrics);
            }
            _ => self.last_words.0.extend(statement.metrics.0),
        }
    }

    fn pass_on(&mut self, now: Instant) {
        if self.pace.due().is_some_and(|due| due <= now) {
            for news in self.pace.take(now) {
                self.send(news);
            }
        }
    }

    /// News that tunebot is too slow to take is put back to wait for the next time.
    fn send(&mut self, news: AttemptNews) {
        match self.news.try_send(news) {
            Err(TrySendError::Full(AttemptNews::Reported { step, metrics })) => self.pace.report(step, metrics),
            Err(TrySendError::Full(AttemptNews::Progress { done, total })) => self.pace.progress(done, total),
            _ => {}
        }
    }

    fn next_wake(&self, now: Instant) -> Duration {
        let timeout = self.cause.is_none().then(|| self.started.checked_add(self.order.timeout)).flatten();
        let kill = self.kill_from.map(|kill_from| kill_from.max(now + KILL_INTERVAL));
        // An outbox that is full is tried again after a while, not at once.
        let news = self.pace.due().map(|due| due.max(now + KILL_INTERVAL));
        let next = timeout.into_iter().chain(kill).chain(news).min();
        next.map_or(Duration::from_secs(3600), |instant| instant.saturating_duration_since(now))
    }

    /// Hears the trial out, passes on what waits, and judges.
    fn finish(mut self, folder: &AttemptFolder, inbox: &Receiver<Event>, writer: JoinHandle<()>) -> AttemptEnd {
        let patience_ends = Instant::now() + STREAM_PATIENCE;
        while !self.silent {
            match inbox.recv_timeout(patience_ends.saturating_duration_since(Instant::now())) {
                Ok(event) => self.take(event),
                Err(_) => break,
            }
            self.pass_on(Instant::now());
        }
        // A trial that talks to tunebot may fail because that died, and its end be seen before tunebot's.
        while let Ok(event) = inbox.try_recv() {
            self.take(event);
        }
        for news in self.pace.take_all() {
            // A tunebot that does not listen now learns the end from the outcome.
            let _ = self.news.try_send(news);
        }
        drop(self.news);
        join_until(writer, Instant::now() + NEWS_PATIENCE);
        let mut metrics = self.last_step;
        metrics.0.extend(self.last_words.0);
        let evidence = Evidence {
            cause: self.cause,
            abandoned: self.abandoned,
            status: self.status,
            timeout: self.order.timeout,
            metrics,
            stdout: join_until(self.trial.stdout, patience_ends).unwrap_or_default(),
            stderr: join_until(self.trial.stderr, patience_ends).unwrap_or_default(),
            token: self.order.environment.get(TOKEN).cloned().unwrap_or_default(),
        };
        judge(evidence, folder)
    }
}

/// What the thread gives, unless it takes too long.
fn join_until<T>(thread: JoinHandle<T>, deadline: Instant) -> Option<T> {
    while !thread.is_finished() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
    thread.is_finished().then(|| thread.join().ok()).flatten()
}

/// The guard ends when its trial has ended, not by a signal. Returns once the signals are caught.
fn listen_to_signals(events: SyncSender<Event>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (mut terminate, mut interrupt, mut hang_up) = {
        let _entered = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?)
    };
    thread::Builder::new().spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hang_up.recv() => {}
            }
        });
        let _ = events.send(Event::Terminated);
    })?;
    Ok(())
}

fn read_commands(input: impl BufRead, events: &SyncSender<Event>) {
    for line in input.lines() {
        let Ok(line) = line else { break };
        // Both ends are the same program: what cannot be read is half a line of a tunebot that died.
        if let Ok(command) = serde_json::from_str(&line)
            && events.send(Event::Command(command)).is_err()
        {
            return;
        }
    }
    let _ = events.send(Event::Orphaned);
}

/// The thread that writes news, so that the guard never waits for a tunebot that does not read.
fn start_writer() -> io::Result<(SyncSender<AttemptNews>, JoinHandle<()>)> {
    let (news, outbox) = mpsc::sync_channel::<AttemptNews>(NEWS);
    let writer = thread::Builder::new().spawn(move || {
        for news in outbox {
            let Ok(mut line) = serde_json::to_vec(&news) else { continue };
            line.push(b'\n');
            let mut stdout = io::stdout().lock();
            if stdout.write_all(&line).and_then(|()| stdout.flush()).is_err() {
                return;
            }
        }
    })?;
    Ok((news, writer))
}
