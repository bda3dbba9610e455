use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use insta::assert_snapshot;
use secrecy::SecretString;

use super::*;
use crate::domain::effect::{Action, Content, Lane};
use crate::domain::event::{Comment, EventKey, GitReference, Given, Push, SlashCommand, Source, Tick};
use crate::domain::ids::{EventId, SweepId};
use crate::domain::rules::{CodeDefault, Globs, MissedRuns, OnNewer, Overlap, Schedule, Trigger, TriggerSource};
use crate::domain::signal::{SignalKind, StopRequest};
use crate::domain::sweep::Service;
use crate::domain::tuning;
use crate::notify::github::{Github, GithubAuth, GithubPace, GithubSettings};
use crate::store::{EventRecord, EventState};

mod running;

const NOW: Timestamp = Timestamp::constant(1_780_000_000, 0);

fn rules(on_newer: OnNewer) -> Arc<Rules> {
    let resnet = tuning::fixture();
    let on = TriggerSource::Push { branches: Globs::new(["main"]).unwrap(), tags: Globs::default() };
    let trigger = Trigger {
        name: "on-push".parse().unwrap(),
        on,
        repositories: Globs::new(["acme/vision"]).unwrap(),
        paths: Globs::default(),
        ignore_paths: Globs::default(),
        authors: Globs::default(),
        ignore_authors: Globs::default(),
        expression: None,
        tuning: resnet.name.clone(),
        overrides: Vec::new(),
        on_newer,
        channel: Some("C5".into()),
    };
    let schedule = Schedule {
        name: "nightly".parse().unwrap(),
        cron: "30 2 * * *".into(),
        time_zone: "UTC".into(),
        tuning: resnet.name.clone(),
        overrides: Vec::new(),
        missed: MissedRuns::Last,
        overlap: Overlap::Skip,
        jitter: SignedDuration::ZERO,
        skip_unchanged: false,
        channel: None,
        paused: false,
    };
    let code = CodeDefault { repository: "acme/vision".parse().unwrap(), branch: "main".into() };
    Arc::new(Rules {
        default_code: BTreeMap::from([(resnet.name.clone(), code)]),
        tunings: BTreeMap::from([(resnet.name.clone(), Arc::new(resnet))]),
        triggers: vec![trigger],
        schedules: vec![schedule],
        ..Rules::default()
    })
}

fn event(source: Source, delivery: &str, kind: EventKind) -> Event {
    Event { key: EventKey { source, delivery: delivery.into() }, received_at: NOW, kind }
}

fn push(delivery: &str) -> Event {
    let kind = EventKind::Push(Push {
        repository: "acme/vision".parse().unwrap(),
        default_branch: "main".into(),
        reference: GitReference::Branch("main".into()),
        head: Some("a".repeat(40).parse().unwrap()),
        changed_paths: BTreeSet::new(),
        paths_truncated: false,
        sender: "mika".into(),
        title: "Bigger batches".into(),
    });
    event(Source::Github, delivery, kind)
}

fn comment(body: &str) -> Event {
    let kind = EventKind::Comment(Comment {
        repository: "acme/vision".parse().unwrap(),
        pull_request: 12,
        comment: 99,
        action: "created".into(),
        author: "ana".into(),
        by_bot: false,
        body: body.into(),
        created_at: None,
    });
    event(Source::Github, "comment", kind)
}

fn slash(text: &str) -> Event {
    let (team, channel, user, user_name) = ("T1".into(), "C1".into(), "U1".into(), "mika".into());
    let (words, thread, given) = (text.to_owned(), None, Given::Slash);
    let command = SlashCommand { team, channel, user, user_name, text: words, thread, given };
    event(Source::Slack, text, EventKind::SlashCommand(command))
}

struct Bench {
    store: Store,
    dispatcher: Dispatcher,
    rules: Arc<Rules>,
}

impl Bench {
    async fn new(github: Option<Arc<Github>>) -> Self {
        let store = Store::in_memory().await.unwrap();
        let metrics = Arc::new(Metrics::new(NOW, "test"));
        Self { dispatcher: Dispatcher::new(store.clone(), github, metrics), store, rules: rules(OnNewer::Queue) }
    }

    async fn accept(&self, event: &Event) -> EventId {
        self.store.accept(event).await.unwrap().id()
    }

    async fn turn(&self, now: Timestamp) -> usize {
        self.dispatcher.turn(&self.rules, now, &CancellationToken::new()).await.unwrap()
    }

    /// Accepts the event and works on it; what became of it.
    async fn take(&self, event: &Event) -> EventRecord {
        let id = self.accept(event).await;
        self.turn(NOW).await;
        self.record(id).await
    }

    async fn record(&self, id: EventId) -> EventRecord {
        self.store.event(id).await.unwrap().unwrap()
    }

    async fn messages(&self, service: Service) -> Vec<String> {
        let lease = SignedDuration::from_secs(60);
        let leased = self.store.lease_effects(&Lane::Service(service), NOW, lease, 100).await.unwrap();
        let describe = |action: &Action| match action {
            Action::Notify(notification) => match &notification.content {
                Content::Answer { text } => format!("{}: {text}", notification.destination.key()),
                Content::Sweep(report) => {
                    format!("{}: first message of {}", notification.destination.key(), report.sweep)
                }
                Content::Closing(_) => "closing".to_owned(),
                Content::Preview(preview) => {
                    format!("{}: preview {}", notification.destination.key(), preview.state.name())
                }
                Content::Detail(_) => "detail".to_owned(),
                Content::Fork(notice) => format!("fork: {}", notice.sha.short()),
                Content::Charts(_) => "charts".to_owned(),
                Content::Reaction { comment, reaction } => format!("{} on comment {comment}", reaction.name()),
            },
            other => other.key(),
        };
        leased.iter().map(|leased| describe(&leased.effect.action)).collect()
    }
}

fn in_words(record: &EventRecord) -> String {
    let line = |decision: &Decision| format!("{}: {}: {}", decision.by, decision.verdict.name(), decision.reason);
    let decisions: Vec<String> = record.decisions.iter().map(line).collect();
    let error = record.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
    format!("{}{error} {}", record.state.name(), decisions.join("; "))
}

/// A GitHub on which ana may write, and that answers every other look-up with `answer`.
async fn github(answer: impl IntoResponse + Clone + Send + Sync + 'static) -> Arc<Github> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api_url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let writer = axum::Json(serde_json::json!({ "permission": "write", "role_name": "write" }));
    let permission = "/repos/acme/vision/collaborators/ana/permission";
    let router = Router::new()
        .route(permission, get(move || async move { writer }))
        .route("/{*path}", get(move || async move { answer }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let auth = GithubAuth::Token(SecretString::from("token"));
    Arc::new(Github::new(GithubSettings { api_url, auth, pace: GithubPace::default() }).unwrap())
}

/// What GitHub says of pull request 12, as far as it is read.
fn pull_request() -> axum::Json<serde_json::Value> {
    let home = serde_json::json!({ "full_name": "acme/vision" });
    axum::Json(serde_json::json!({
        "number": 12, "title": "Try cosine schedule", "state": "open", "draft": false, "labels": [],
        "user": { "login": "ana" },
        "head": { "ref": "cosine", "sha": "c".repeat(40), "repo": home },
        "base": { "ref": "main", "sha": "d".repeat(40), "repo": home },
    }))
}

#[tokio::test]
async fn a_push_becomes_a_sweep_with_its_first_messages() {
    let bench = Bench::new(None).await;
    let record = bench.take(&push("1")).await;
    assert_snapshot!(in_words(&record), @"done trigger on-push: started: push of aaaaaaa to main");
    let id = record.decisions[0].sweep.clone().unwrap();
    let stored = bench.store.load_sweep(&id).await.unwrap().unwrap();
    assert_eq!((stored.sweep.event, stored.sweep.created_at), (record.id, NOW));
    assert_snapshot!(bench.messages(Service::Github).await.join("\n"), @"check/acme/vision/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: first message of resnet-3wx4j0");
    assert_snapshot!(bench.messages(Service::Slack).await.join("\n"), @"slack/C5/: first message of resnet-3wx4j0");
}

#[tokio::test]
async fn an_event_that_is_done_is_not_worked_on_again() {
    let bench = Bench::new(None).await;
    bench.take(&push("1")).await;
    bench.accept(&push("1")).await;
    assert_eq!(bench.turn(NOW).await, 0);
    assert_eq!(bench.store.unfinished_sweeps().await.unwrap().len(), 1);
}

#[tokio::test]
async fn work_that_a_crash_cut_off_is_done_again_with_the_same_sweep() {
    let bench = Bench::new(None).await;
    let id = bench.accept(&push("1")).await;
    let lost = bench.store.lease_events(NOW, LEASE, 1).await.unwrap();
    assert_eq!(lost.len(), 1);
    assert_eq!(bench.turn(NOW).await, 0, "it is leased");
    assert_eq!(bench.turn(NOW + LEASE + SignedDuration::from_secs(1)).await, 1);
    let tuning = tuning::fixture().name;
    assert_eq!(bench.record(id).await.decisions[0].sweep, Some(SweepId::derive(&tuning, "github/1/0", 0)));
}

#[tokio::test]
async fn a_taken_sweep_id_gives_way_to_another() {
    let bench = Bench::new(None).await;
    let mut squatter = crate::domain::sweep::fixture(tuning::fixture());
    squatter.id = SweepId::derive(&squatter.tuning.name, "github/1/0", 0);
    let holder = bench.accept(&push("0")).await;
    let result = EventResult { sweeps: vec![squatter.clone()], ..EventResult::default() };
    bench.store.finish_event(holder, result).await.unwrap();
    let record = bench.take(&push("1")).await;
    assert_eq!(record.decisions[0].sweep, Some(SweepId::derive(&squatter.tuning.name, "github/1/0", 1)));
}

#[tokio::test]
async fn of_two_pushes_the_newer_one_cancels_the_older_one() {
    let mut bench = Bench::new(None).await;
    bench.rules = rules(OnNewer::Cancel);
    let mut next = push("2");
    if let EventKind::Push(push) = &mut next.kind {
        push.head = Some("b".repeat(40).parse().unwrap());
    }
    let (older, newer) = (bench.accept(&push("1")).await, bench.accept(&next).await);
    assert_eq!(bench.turn(NOW).await, 2);
    let older = bench.record(older).await.decisions[0].sweep.clone().unwrap();
    let newer = bench.record(newer).await.decisions[0].sweep.clone().unwrap();
    let signals = bench.store.signals(&older).await.unwrap();
    assert_eq!(signals.len(), 1);
    assert_eq!(signals[0].1.kind, SignalKind::StopRequested { by: StopRequest::Superseded { sweep: newer.clone() } });
    assert!(bench.store.load_sweep(&newer).await.unwrap().unwrap().sweep.waits_for_group);
}

#[tokio::test]
async fn a_push_that_comes_twice_under_two_names_starts_one_sweep() {
    let bench = Bench::new(None).await;
    let first = bench.take(&push("1")).await;
    assert_snapshot!(in_words(&first), @"done trigger on-push: started: push of aaaaaaa to main");
    let missed = bench.take(&push("missed/acme/vision/heads/main")).await;
    assert_snapshot!(in_words(&missed), @"done trigger on-push: ignored: resnet-3wx4j0 runs for aaaaaaa already");
}

#[tokio::test]
async fn a_comment_pins_the_head_that_github_names() {
    let bench = Bench::new(Some(github(pull_request()).await)).await;
    let record = bench.take(&comment("/tune resnet trials=3")).await;
    assert_snapshot!(in_words(&record), @"done /tune resnet trials=3: started: asked for by @ana");
    let sweep = bench.store.load_sweep(record.decisions[0].sweep.as_ref().unwrap()).await.unwrap().unwrap().sweep;
    let code = sweep.code.unwrap();
    assert_eq!(
        (code.sha.unwrap().short(), code.pull_request, code.base_branch.as_str()),
        ("ccccccc", Some(12), "main")
    );
}

#[tokio::test]
async fn a_pull_request_that_github_does_not_know_is_answered() {
    let bench = Bench::new(Some(github((StatusCode::NOT_FOUND, "{\"message\": \"Not Found\"}")).await)).await;
    assert_snapshot!(in_words(&bench.take(&comment("/tune resnet")).await), @"done /tune resnet: refused: There is no pull request #12 in acme/vision. Nothing was started.");
    assert_snapshot!(bench.messages(Service::Github).await.join("\n"), @"
    confused on comment 99
    comment/acme/vision/12: There is no pull request #12 in acme/vision. Nothing was started.
    ");
}

#[tokio::test]
async fn a_github_that_is_down_is_asked_again_later() {
    let bench = Bench::new(Some(github(StatusCode::BAD_GATEWAY).await)).await;
    let record = bench.take(&comment("/tune resnet")).await;
    assert_eq!((record.state, record.attempts), (EventState::Ready, 1));
    assert!(record.error.is_some());
    assert_eq!(bench.turn(NOW).await, 0, "it waits");
    assert_eq!(bench.turn(NOW + backoff(1)).await, 1);
}

#[tokio::test]
async fn who_asked_is_told_when_github_stays_down() {
    let bench = Bench::new(Some(github(StatusCode::BAD_GATEWAY).await)).await;
    let id = bench.accept(&comment("/tune resnet")).await;
    let mut now = NOW;
    for attempt in 1..=ATTEMPTS {
        assert_eq!(bench.turn(now).await, 1, "attempt {attempt}");
        now += backoff(attempt);
    }
    let record = bench.record(id).await;
    assert_eq!((record.state, record.decisions[0].verdict), (EventState::Done, Verdict::Refused));
    let lease = SignedDuration::from_secs(60);
    let answers = bench.store.lease_effects(&Lane::Service(Service::Github), now, lease, 10).await.unwrap();
    assert_eq!(answers.len(), 2, "a sign on the comment, and why in words");
}

#[tokio::test]
async fn a_slot_is_buried_when_github_stays_down_and_comes_again_when_delivered_again() {
    let bench = Bench::new(Some(github(StatusCode::BAD_GATEWAY).await)).await;
    let tick = EventKind::Tick(Tick { schedule: "nightly".parse().unwrap(), slot: NOW, late: false });
    let tick = event(Source::Schedule, "nightly/1", tick);
    let id = bench.accept(&tick).await;
    let mut now = NOW;
    for attempt in 1..=ATTEMPTS {
        bench.turn(now).await;
        now += backoff(attempt);
    }
    assert_eq!(bench.record(id).await.state, EventState::Dead);
    assert_eq!(bench.turn(now).await, 0);
    bench.accept(&tick).await;
    assert_eq!(bench.turn(now).await, 1);
}

#[tokio::test]
async fn a_slash_command_without_github_runs_what_is_there() {
    let bench = Bench::new(None).await;
    assert_snapshot!(in_words(&bench.take(&slash("resnet x=0.5")).await), @"done /tune resnet x=0.5: started: asked for by @mika");
    assert_snapshot!(bench.messages(Service::Slack).await.join("\n"), @"slack/C1/: first message of resnet-f6my9x");
}

#[tokio::test]
async fn a_sweep_is_stopped_once_it_is_there() {
    let bench = Bench::new(None).await;
    let id = bench.take(&push("1")).await.decisions[0].sweep.clone().unwrap();
    let record = bench.take(&slash(&format!("stop {id}"))).await;
    assert_eq!(record.decisions[0].verdict, Verdict::Stopped);
    assert_eq!(bench.store.signals(&id).await.unwrap().len(), 1);
    let unknown = bench.take(&slash("stop resnet-zzzzzz")).await;
    assert_snapshot!(in_words(&unknown), @"done /tune stop resnet-zzzzzz: refused: There is no sweep `resnet-zzzzzz`. `/tune status` shows those that run.");
}

#[tokio::test]
async fn questions_in_a_comment_are_answered_from_the_store() {
    let bench = Bench::new(Some(github(StatusCode::NOT_FOUND).await)).await;
    bench.take(&push("1")).await;
    bench.messages(Service::Github).await;
    bench.take(&comment("/tune status")).await;
    assert_snapshot!(bench.messages(Service::Github).await.join("\n"), @"
    eyes on comment 99
    comment/acme/vision/12: ```
    resnet-3wx4j0  queued  0/10  no result yet  for @mika
    ```
    ");
}

#[tokio::test]
async fn what_is_under_way_is_handed_back_when_tunebot_stops() {
    let bench = Bench::new(None).await;
    let id = bench.accept(&push("1")).await;
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    bench.dispatcher.turn(&bench.rules, NOW, &cancelled).await.unwrap();
    assert_eq!(bench.record(id).await.state, EventState::Ready);
    assert_eq!(bench.turn(NOW).await, 1);
    assert_eq!(bench.record(id).await.state, EventState::Done);
}

#[test]
fn an_event_counts_under_the_verdict_that_matters_most() {
    let decided = |verdicts: &[Verdict]| {
        let decision =
            |verdict: &Verdict| Decision { by: String::new(), verdict: *verdict, reason: String::new(), sweep: None };
        weightiest(&verdicts.iter().map(decision).collect::<Vec<_>>())
    };
    assert_eq!(decided(&[Verdict::Ignored, Verdict::Started, Verdict::Refused]), Verdict::Started);
    assert_eq!(decided(&[Verdict::Ignored, Verdict::Refused]), Verdict::Refused);
    assert_eq!(decided(&[]), Verdict::Ignored);
}

#[test]
fn a_prediction_says_what_it_takes_for_granted() {
    let predicted = |event: &Event| {
        let lines = predict(event, &rules(OnNewer::Cancel)).into_iter();
        let line = |decision: Decision| format!("{}: {}: {}", decision.by, decision.verdict.name(), decision.reason);
        lines.map(line).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(predicted(&push("1")), @"trigger on-push: started: push of aaaaaaa to main; assuming that main has not gone on and that it was not tuned before and that no older sweep of it is running");
    assert_snapshot!(predicted(&comment("/tune resnet")), @"/tune resnet: started: asked for by @ana; assuming that @ana may write to acme/vision and that the pull request is open and not from a fork");
    assert_snapshot!(predicted(&slash("resnet ref=fix")), @"/tune resnet ref=fix: started: asked for by @mika; assuming that acme/vision has a branch fix");
    assert_snapshot!(predicted(&slash("resnet x=7")), @"/tune resnet x=7: refused: `x=7` is outside *resnet*'s range 0..1. Nothing was started.");
    assert_snapshot!(predicted(&slash("stop resnet-k3f9q2")), @"/tune stop resnet-k3f9q2: refused: Whether there is a sweep resnet-k3f9q2 only the store can say. Nothing was started.");
}
