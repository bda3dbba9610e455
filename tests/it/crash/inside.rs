//! A crash after every single change.
//!
//! What a crash leaves is the store's files and the world outside; everything else was memory. So there is one crash to
//! try after each change of either: the loops run in this process, the files are copied at that instant, all memory is
//! dropped, and the next life begins with the copy. Every second time it is killed once more, early in its life.

mod life;
pub mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use tunebot::config::{self, Config, Purpose};
use tunebot::domain::effect::Notification;
use tunebot::domain::event::{
    Event, EventKey, EventKind, GitReference, Given, PullRequest, Push, SlashCommand, Source,
};
use tunebot::domain::ids::SweepId;
use tunebot::domain::sweep::{Outcome, SweepState};
use tunebot::domain::trial::TrialState;
use tunebot::store::{EventState, Store, SweepFilter};

use self::life::{Ended, Surroundings, live};
use self::world::{Trials, World};
use super::dice::Dice;
use crate::support::config::{ConfigFolder, Tuning, on_pull_request, on_push};

fn configure(on_newer: &str) -> Arc<Config> {
    let mut on_main = on_push("acme/models", "main", "quick");
    on_main["on_newer"] = on_newer.into();
    on_main["channel"] = "C1".into();
    let mut on_change = on_pull_request("acme/models", "quick");
    on_change["on_newer"] = on_newer.into();
    let slack = json!({"api_url": "http://127.0.0.1:9/api", "bot_token": {"env": "SECRET"},
                       "signing_secrets": [{"env": "SECRET"}]});
    let github = json!({"api_url": "http://127.0.0.1:9", "token": {"env": "SECRET"},
                        "webhook_secrets": [{"env": "SECRET"}]});
    let folder = ConfigFolder::new()
        .variable("SECRET", "a secret for tests only")
        .set("/slack", slack)
        .set("/github", github)
        .tuning("quick", Tuning::quadratic().trials(3))
        .trigger("on-main", on_main)
        .trigger("on-pr", on_change);
    let variable = |name: &str| folder.environment().get(name).cloned();
    let loaded = config::load(&[folder.write()], &variable, Purpose::Serve);
    Arc::new(loaded.unwrap_or_else(|problems| panic!("{}", config::render(&problems))).config)
}

fn event(source: Source, delivery: &str, kind: EventKind) -> Event {
    Event { key: EventKey { source, delivery: delivery.to_owned() }, received_at: Timestamp::now(), kind }
}

fn push(digit: &str) -> Event {
    let kind = EventKind::Push(Push {
        repository: "acme/models".parse().expect("a repository"),
        default_branch: "main".into(),
        reference: GitReference::Branch("main".into()),
        head: Some(digit.repeat(40).parse().expect("a commit")),
        changed_paths: BTreeSet::new(),
        paths_truncated: false,
        sender: "mika".into(),
        title: "Train it better".into(),
    });
    event(Source::Github, digit, kind)
}

fn pull_request(action: &str, digit: &str) -> Event {
    let kind = EventKind::PullRequest(PullRequest {
        repository: "acme/models".parse().expect("a repository"),
        number: 1,
        action: action.into(),
        title: "Train it better".into(),
        author: "mika".into(),
        sender: "mika".into(),
        head: digit.repeat(40).parse().expect("a commit"),
        head_branch: "better".into(),
        base_branch: "main".into(),
        from_fork: false,
        draft: false,
        labels: BTreeSet::new(),
        label: None,
        updated_at: None,
    });
    event(Source::Github, digit, kind)
}

fn slash(text: &str) -> Event {
    let (team, channel, user, user_name) = ("T1".into(), "C1".into(), "U1".into(), "mika".into());
    let (words, thread, given) = (text.to_owned(), None, Given::Slash);
    let command = SlashCommand { team, channel, user, user_name, text: words, thread, given };
    event(Source::Slack, text, EventKind::SlashCommand(command))
}

/// Crashes after change 1, 2, 3, … until a life comes to its end before that. Returns how many crash points there were.
fn crash_after_every_change(config: &Arc<Config>, events: &[Event], trials: Trials) -> u64 {
    // Where the store need not wait for a disk, if there is such a place.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let folder = folder.expect("a temporary folder");
    for crash in 1.. {
        let world = World::new(trials);
        let surroundings = Surroundings { config: Arc::clone(config), world, events: events.to_vec() };
        let again = (crash % 2 == 0).then(|| Dice::new(crash).below(40) + 1);
        let mut lives = 0;
        let mut place = folder.path().join(format!("{crash}-0"));
        for crash in [Some(crash), again, None] {
            lives += 1;
            let next = folder.path().join(format!("{}-{lives}", place.display()));
            if live(&surroundings, &place, &next, crash) == Ended::InPeace {
                break;
            }
            place = next;
        }
        check(&surroundings, &place, crash);
        if lives == 1 {
            return crash;
        }
        std::fs::remove_dir_all(&place).expect("an old store goes");
    }
    0
}

/// # Panics
/// Something was lost, repeated or left undone.
fn check(surroundings: &Surroundings, place: &Path, crash: u64) {
    let state = surroundings.world.read();
    let context = format!("with a crash after change {crash}");
    assert!(state.faults.is_empty(), "{context}: {:?}", state.faults);
    assert!(state.messages.values().all(|posted| posted.is_final), "{context} a message is not in its final form");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open_read_only(&place.join("tunebot.db")).await.expect("the store");
        let events = store.recent_events(u32::MAX).await.expect("the events");
        assert_eq!(events.len(), surroundings.events.len(), "{context}: events");
        for record in &events {
            assert!(record.state == EventState::Done && !record.decisions.is_empty(), "{context}: {record:?}");
        }
        let filter = SweepFilter { tuning: None, state: None, limit: u32::MAX };
        let mut messages = BTreeSet::new();
        let mut newest: BTreeMap<String, SweepId> = BTreeMap::new();
        let mut attempts = BTreeMap::new();
        for row in store.list_sweeps(filter).await.expect("the sweeps") {
            let sweep = store.load_sweep(&row.id).await.expect("a sweep").expect("a listed sweep").sweep;
            let trials = store.load_trials(&row.id).await.expect("the trials of a sweep");
            assert_eq!(sweep.state, SweepState::Finished, "{context}: {}", sweep.id);
            assert!(trials.iter().all(|trial| trial.state.is_finished()), "{context}: {trials:?}");
            assert!(trials.iter().all(|trial| trial.state != TrialState::Failed), "{context}: {trials:?}");
            if sweep.outcome == Some(Outcome::Completed) {
                assert_eq!(trials.len(), sweep.tuning.limits.trials as usize, "{context}: trials of {}", sweep.id);
            }
            attempts.extend(trials.iter().map(|trial| ((sweep.id.clone(), trial.number), trial.attempt)));
            // One value makes no picture.
            let charted = trials.iter().filter(|trial| trial.state == TrialState::Complete).count() > 1;
            for destination in &sweep.destinations {
                let slot = Notification::sweep_slot(&sweep.id, destination);
                let shared = Notification::shared_key(&sweep.tuning.name, destination);
                if let Some(key) = &shared {
                    // The newest of those that share it has the last word.
                    let newest = newest.entry(key.clone()).or_insert_with(|| sweep.id.clone());
                    let word = state.messages.get(key).and_then(|posted| posted.sweeps.last());
                    assert_eq!(word, Some(&*newest), "{context}: who has the word in {key}");
                }
                if destination.key().starts_with("slack/") {
                    messages.insert(Notification::closing_slot(&slot));
                    messages.extend(charted.then(|| Notification::charts_slot(&slot)));
                }
                messages.insert(shared.unwrap_or(slot));
            }
        }
        let posted: BTreeSet<String> = state.messages.keys().cloned().collect();
        assert_eq!(posted, messages, "{context}: messages");
        let with_trials: BTreeSet<SweepId> = attempts.keys().map(|(sweep, _)| sweep.clone()).collect();
        assert_eq!(state.released, with_trials, "{context}: released");
        for attempt in state.attempts.keys() {
            let known = attempts.get(&(attempt.sweep.clone(), attempt.trial));
            assert!(known.is_some_and(|last| attempt.attempt <= *last), "{context}: {attempt} ran and is not known");
        }
    });
}

#[test]
fn a_crash_after_any_change_loses_and_repeats_nothing_where_trials_die_with_tunebot() {
    let points = crash_after_every_change(&configure("keep"), &[push("a"), slash("quick trials=2")], Trials::Die);
    eprintln!("{points} crash points");
    assert!(points > 40, "{points}");
}

#[test]
fn a_crash_after_any_change_loses_and_repeats_nothing_where_trials_go_on_alone() {
    let points = crash_after_every_change(&configure("keep"), &[push("a"), slash("quick trials=2")], Trials::GoOn);
    eprintln!("{points} crash points");
    assert!(points > 40, "{points}");
}

#[test]
fn a_crash_after_any_change_loses_and_repeats_nothing_while_a_newer_push_ends_an_older_sweep() {
    let points = crash_after_every_change(&configure("cancel"), &[push("a"), push("b")], Trials::Die);
    eprintln!("{points} crash points");
    assert!(points > 40, "{points}");
}

#[test]
fn a_crash_after_any_change_leaves_one_comment_in_which_the_newest_sweep_has_the_word() {
    for on_newer in ["cancel", "keep", "queue"] {
        let events = [pull_request("opened", "a"), pull_request("synchronize", "b")];
        let points = crash_after_every_change(&configure(on_newer), &events, Trials::Die);
        eprintln!("{points} crash points where a newer push says {on_newer}");
        assert!(points > 40, "{points}");
    }
}
