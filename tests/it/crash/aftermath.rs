//! What must hold once it is quiet again, however often the server was killed: looked up in the store, at the fakes, in
//! the journal of the trials and among the processes of this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use tunebot::domain::effect::Notification;
use tunebot::domain::event::Source;
use tunebot::domain::ids::SweepId;
use tunebot::domain::sweep::{Destination, Outcome, Sweep, SweepState};
use tunebot::domain::trial::{Trial, TrialState};
use tunebot::store::{EventRecord, EventState, Store, SweepFilter};

use super::traffic::Acknowledged;
use crate::support::config::ConfigFolder;
use crate::support::github::FakeGithub;
use crate::support::server::Tunebot;
use crate::support::slack::{Author, FakeSlack, Message};
use crate::support::watched::PATIENCE;

/// Between two looks into the store of another process.
const LOOK: Duration = Duration::from_millis(50);

/// How much there was.
pub struct Figures {
    events: usize,
    sweeps: usize,
    trials: usize,
    /// Programs that were started.
    attempts: usize,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, sweeps, trials, attempts } = self;
        write!(f, "{events} events, {sweeps} sweeps of {trials} trials in {attempts} attempts")
    }
}

/// Waits until the server has nothing left to do.
///
/// # Panics
/// Something stays undone.
pub async fn wait_until_settled(tunebot: &Tunebot) {
    let store = Store::open_read_only(&tunebot.config().store()).await.expect("the store of the server");
    let deadline = tokio::time::Instant::now() + 3 * PATIENCE;
    loop {
        // Causes first: events lead to sweeps, and these to effects.
        let counts = store.counts().await.expect("the store can be read");
        let events = counts.events.iter().filter(|count| matches!(count.state, EventState::Ready | EventState::Leased));
        let events: u64 = events.map(|count| count.count).sum();
        let signals = store.sweeps_with_signals().await.expect("the store can be read");
        let sweeps = store.unfinished_sweeps().await.expect("the store can be read");
        let counts = store.counts().await.expect("the store can be read");
        let effects: u64 = counts.outbox.iter().map(|lane| lane.depth).sum();
        if events == 0 && sweeps.is_empty() && effects == 0 && signals.is_empty() {
            return;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "still undone: {events} events, sweeps {sweeps:?}, signals of {signals:?}, outbox {:?}; the log:\n{}",
            counts.outbox,
            tunebot.log()
        );
        tokio::time::sleep(LOOK).await;
    }
}

/// Checks everything.
///
/// # Panics
/// Something was lost, repeated or left undone.
pub async fn check(
    config: &ConfigFolder,
    slack: &FakeSlack,
    github: &FakeGithub,
    acknowledged: &[Acknowledged],
) -> Figures {
    let store = Store::open_read_only(&config.store()).await.expect("the store");
    let events = store.recent_events(u32::MAX).await.expect("the events");
    check_events(&events, acknowledged);
    let counts = store.counts().await.expect("the counts");
    assert!(counts.outbox.iter().all(|lane| lane.depth + lane.dead == 0), "left in the outbox: {:?}", counts.outbox);
    let filter = SweepFilter { tuning: None, state: None, limit: u32::MAX };
    let mut trials = BTreeMap::new();
    let mut sweeps = Vec::new();
    for row in store.list_sweeps(filter).await.expect("the sweeps") {
        let stored = store.load_sweep(&row.id).await.expect("a sweep").expect("a listed sweep");
        trials.insert(row.id.clone(), store.load_trials(&row.id).await.expect("the trials of a sweep"));
        sweeps.push(stored.sweep);
    }
    check_beginnings(&events, &sweeps);
    let mut shared = BTreeSet::new();
    let attempts = check_attempts(&config.started_attempts(), &trials);
    for sweep in &sweeps {
        check_trials(sweep, &trials[&sweep.id]);
        for destination in &sweep.destinations {
            // The newest comes first.
            match Notification::shared_key(&sweep.tuning.name, destination) {
                Some(key) if !shared.insert(key.clone()) => {}
                _ => check_messages(sweep, destination, slack, github),
            }
        }
    }
    check_nothing_else_was_said(&sweeps, slack, github);
    Figures { events: events.len(), sweeps: sweeps.len(), trials: trials.values().map(Vec::len).sum(), attempts }
}

/// Every event has its outcome, those that were acknowledged are all there, and none is there twice.
fn check_events(events: &[EventRecord], acknowledged: &[Acknowledged]) {
    let mut known: BTreeSet<(&str, &str)> = BTreeSet::new();
    for record in events {
        assert_eq!(record.state, EventState::Done, "{record:?}");
        assert!(!record.decisions.is_empty(), "without a reason: {record:?}");
        let key = &record.event.key;
        assert!(known.insert((key.source.name(), &key.delivery)), "twice in the inbox: {key:?}");
    }
    for Acknowledged { source, delivery } in acknowledged {
        assert!(known.contains(&(source.name(), delivery.as_str())), "acknowledged and lost: {source:?} {delivery}");
    }
    let sent = |record: &&EventRecord| record.event.key.source != Source::Schedule;
    assert_eq!(events.iter().filter(sent).count(), acknowledged.len(), "events that nobody sent");
}

/// Sweeps and decisions belong together, one to one.
fn check_beginnings(events: &[EventRecord], sweeps: &[Sweep]) {
    let begun = |record: &EventRecord| {
        let started = record.decisions.iter().filter(|decision| decision.verdict.name() == "started");
        started.filter_map(|decision| Some((record.id, decision.sweep.clone()?))).collect::<Vec<_>>()
    };
    let mut decided: Vec<_> = events.iter().flat_map(begun).collect();
    let mut there: Vec<_> = sweeps.iter().map(|sweep| (sweep.event, sweep.id.clone())).collect();
    decided.sort();
    there.sort();
    assert_eq!(decided, there, "decisions to start a sweep, and sweeps");
}

/// No program was started twice for one attempt, and none for an attempt that the store does not know.
fn check_attempts(journal: &[String], trials: &BTreeMap<SweepId, Vec<Trial>>) -> usize {
    let mut seen = BTreeSet::new();
    for attempt in journal {
        assert!(seen.insert(attempt), "attempt {attempt} ran twice");
        let attempt: tunebot::domain::ids::AttemptId = attempt.parse().expect("a line of the journal");
        let trial = trials.get(&attempt.sweep).and_then(|trials| trials.get(attempt.trial as usize));
        assert!(trial.is_some_and(|trial| attempt.attempt <= trial.attempt), "{attempt} ran and is not known");
    }
    for (sweep, trials) in trials {
        for trial in trials.iter().filter(|trial| trial.state == TrialState::Complete) {
            let attempt = format!("{sweep}-{}-{}", trial.number, trial.attempt);
            assert!(seen.contains(&attempt), "{attempt} is complete and never ran");
        }
    }
    journal.len()
}

/// The sweep has come to its end with all its trials, and none of them failed: only the server was at fault, and that
/// does not count against a trial.
fn check_trials(sweep: &Sweep, trials: &[Trial]) {
    let id = &sweep.id;
    assert_eq!(sweep.state, SweepState::Finished, "{id}");
    let numbers: Vec<u32> = trials.iter().map(|trial| trial.number).collect();
    assert_eq!(numbers, (0..trials.len() as u32).collect::<Vec<_>>(), "trials of {id}");
    for trial in trials {
        let well = matches!(trial.state, TrialState::Complete | TrialState::Pruned);
        assert!(well, "trial {} of {id} is {}: {:?}", trial.number, trial.state.name(), trial.reason);
    }
    match &sweep.outcome {
        Some(Outcome::Completed) => assert_eq!(trials.len(), sweep.tuning.limits.trials as usize, "trials of {id}"),
        Some(Outcome::Stopped { .. }) => {}
        other => panic!("{id} ended with {other:?}"),
    }
}

/// The sweep has one message in the place, in its last form, and in Slack one closing line in the message's thread.
fn check_messages(sweep: &Sweep, destination: &Destination, slack: &FakeSlack, github: &FakeGithub) {
    let slot = format!("{}/{}", sweep.id, destination.key());
    match destination {
        Destination::Slack { channel, thread, .. } => {
            let message = only_with_slot(slack, channel, &slot);
            let closing = only_with_slot(slack, channel, &format!("{slot}/closing"));
            // A closing line is the headline of the finished sweep, after a mention.
            let (headline, said) = (&message.now().text, &closing.now().text);
            assert!(said.ends_with(headline.as_str()), "{slot} says {headline:?} and was closed with {said:?}");
            assert_eq!(closing.thread_ts, Some(thread.clone().unwrap_or(message.ts)), "the thread of {slot}");
            assert_eq!(closing.editions.len(), 1, "{slot} was closed more than once");
        }
        Destination::GithubComment { repository, pull_request, .. } => github.read(|world| {
            let slot = Notification::shared_key(&sweep.tuning.name, destination).expect("sweeps share it");
            let comments = &world.repository(repository.as_str()).comments;
            let ours: Vec<_> =
                comments.iter().filter(|comment| comment.by_app && marks(comment.body(), &slot)).collect();
            assert_eq!(ours.len(), 1, "comments with {slot} on {pull_request}");
            assert!(!ours[0].body().contains('░'), "not in its last form: {}", ours[0].body());
            let word = format!("- Sweep: `{}`", sweep.id);
            assert!(ours[0].body().contains(&word), "not that of {}: {}", sweep.id, ours[0].body());
        }),
        Destination::GithubCheck { repository, sha } => github.read(|world| {
            let runs = &world.repository(repository.as_str()).check_runs;
            let ours: Vec<_> = runs.iter().filter(|run| run.external_id == slot).collect();
            assert_eq!(ours.len(), 1, "check runs of {slot}");
            assert_eq!((ours[0].head_sha.as_str(), ours[0].status.as_str()), (sha.as_str(), "completed"), "{slot}");
        }),
    }
}

fn only_with_slot(slack: &FakeSlack, channel: &str, slot: &str) -> Message {
    let messages = slack.messages(channel);
    let ours: Vec<_> = messages.iter().filter(|message| message.metadata("slot") == Some(slot)).collect();
    assert_eq!(ours.len(), 1, "messages with slot {slot} in\n{}", slack.render(channel));
    ours[0].clone()
}

/// Does a comment begin with the hidden marker of this slot?
fn marks(body: &str, slot: &str) -> bool {
    body.starts_with(&format!("<!-- tunebot:{slot} -->"))
}

/// No message is there twice, and none belongs to a sweep that is not there.
fn check_nothing_else_was_said(sweeps: &[Sweep], slack: &FakeSlack, github: &FakeGithub) {
    let ids: BTreeSet<&str> = sweeps.iter().map(|sweep| sweep.id.as_str()).collect();
    let mut slots = BTreeSet::new();
    slack.read(|workspace| {
        for message in workspace.channels.values().flat_map(|channel| &channel.messages) {
            if message.author == Author::App {
                let files: Vec<&str> = message.files.iter().filter_map(|file| file["name"].as_str()).collect();
                let slot = match files.first() {
                    Some(file) => format!("{file} in {:?}", message.thread_ts),
                    None => message.metadata("slot").expect("every message of ours has a slot").to_owned(),
                };
                assert!(slots.insert(slot.clone()), "{slot} was posted twice");
            }
        }
    });
    github.read(|world| {
        for repository in world.repositories.values() {
            for run in &repository.check_runs {
                assert!(slots.insert(run.external_id.clone()), "the check run {} is there twice", run.external_id);
                let sweep = run.external_id.split('/').next().unwrap_or_default();
                assert!(ids.contains(sweep), "a check run of an unknown sweep: {}", run.external_id);
            }
            for comment in repository.comments.iter().filter(|comment| comment.by_app) {
                let marker = comment.body().lines().next().unwrap_or_default();
                assert!(slots.insert(format!("comment {marker}")), "{marker} is there twice");
            }
        }
    });
}
