use sqlx::Row;

use super::fixtures::*;
use super::sweeps::{commit, start};
use crate::domain::decision::Verdict;
use crate::domain::event::Source;
use crate::domain::signal::StopRequest;
use crate::domain::sweep::{Code, Origin, Outcome, Sweep, SweepState};
use crate::domain::trial::TrialState;
use crate::store::wakes::Wake;
use crate::store::writer::Shape;
use crate::store::{EventResult, EventState, Store, SweepCommit, SweepFilter};

async fn finish(store: &Store, sweep: &Sweep, outcome: Outcome, second: i64, best: Option<f64>) {
    let ended = finished(sweep, outcome, at(second));
    let report = Some(report(&ended, best));
    store.commit_sweep(SweepCommit { report, ..commit(&ended, 1) }).await.unwrap();
}

fn on(sweep: Sweep, change: impl FnOnce(&mut Code)) -> Sweep {
    let mut sweep = sweep;
    change(sweep.code.as_mut().unwrap());
    sweep
}

#[tokio::test]
async fn the_baseline_is_the_last_success_on_the_branch_itself() {
    let store = Store::in_memory().await.unwrap();
    let tuning = "resnet".parse().unwrap();
    let repository = "octo/vision".parse().unwrap();
    let baseline = async || store.baseline(&tuning, Some(&repository), "main").await.unwrap();
    assert_eq!(baseline().await, None);
    let stopped = Outcome::Stopped { by: StopRequest::PullRequestClosed };
    let sweeps = [
        (sweep("first0"), Outcome::Completed, 10, Some(0.90)),
        (sweep("second"), Outcome::GoalReached, 20, Some(0.93)),
        (on(sweep("pull00"), |code| code.pull_request = Some(7)), Outcome::Completed, 30, Some(0.99)),
        (on(sweep("branch"), |code| code.reference = "dev".into()), Outcome::Completed, 31, Some(0.98)),
        (
            on(sweep("repo00"), |code| code.repository = "octo/fork".parse().unwrap()),
            Outcome::Completed,
            32,
            Some(0.97),
        ),
        (sweep("failed"), Outcome::TooManyFailures { failed: 5 }, 33, Some(0.96)),
        (sweep("stop00"), stopped, 34, Some(0.95)),
        (sweep("nobest"), Outcome::Completed, 35, None),
    ];
    start(&store, sweeps.iter().map(|(sweep, ..)| sweep.clone()).collect::<Vec<_>>()).await;
    for (sweep, outcome, second, best) in sweeps {
        finish(&store, &sweep, outcome, second, best).await;
    }
    let found = baseline().await.unwrap();
    assert_eq!((found.against.name(), found.sweep.as_str(), found.value), ("main", "resnet-second", 0.93));
    assert_eq!(found.params, params(0.02));
    let anywhere = store.baseline(&tuning, None, "main").await.unwrap().unwrap();
    assert_eq!(anywhere.sweep.as_str(), "resnet-repo00");
}

#[tokio::test]
async fn sweeps_are_listed_with_the_newest_first() {
    let store = Store::in_memory().await.unwrap();
    let mut other = sweep("cccccc");
    other.tuning.name = "wine".parse().unwrap();
    start(&store, [sweep("aaaaaa"), sweep("bbbbbb"), other]).await;
    finish(&store, &sweep("aaaaaa"), Outcome::Exhausted, 5, Some(0.5)).await;
    let list = async |filter| {
        let rows = store.list_sweeps(filter).await.unwrap();
        rows.into_iter().map(|row| row.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(list(SweepFilter::default()).await, ["resnet-cccccc", "resnet-bbbbbb", "resnet-aaaaaa"]);
    assert_eq!(list(SweepFilter { limit: 1, ..SweepFilter::default() }).await, ["resnet-cccccc"]);
    let resnet = SweepFilter { tuning: Some("resnet".parse().unwrap()), ..SweepFilter::default() };
    assert_eq!(list(resnet).await, ["resnet-bbbbbb", "resnet-aaaaaa"]);
    let over = SweepFilter { state: Some(SweepState::Finished), ..SweepFilter::default() };
    let row = store.list_sweeps(over).await.unwrap().remove(0);
    assert_eq!((row.outcome.as_deref(), row.ended_at), (Some("exhausted"), Some(at(5))));
    assert_eq!(row.report.unwrap().best().unwrap().value, 0.5);
}

#[tokio::test]
async fn a_group_and_a_pull_request_know_their_active_sweeps() {
    let store = Store::in_memory().await.unwrap();
    let mut alone = on(sweep("cccccc"), |code| code.pull_request = Some(7));
    alone.group = None;
    start(&store, [sweep("aaaaaa"), sweep("bbbbbb"), alone.clone(), sweep("dddddd")]).await;
    finish(&store, &sweep("aaaaaa"), Outcome::Completed, 5, None).await;
    let active = store.active_in_group("resnet/main").await.unwrap();
    let ids: Vec<_> = active.iter().map(|active| active.id.as_str()).collect();
    assert_eq!(ids, ["resnet-bbbbbb", "resnet-dddddd"]);
    assert_eq!(active[0].sha, sweep("bbbbbb").code.unwrap().sha);
    assert_eq!(active[0].state, SweepState::Queued);
    let repository = "octo/vision".parse().unwrap();
    assert_eq!(store.active_for_pull_request(&repository, 7).await.unwrap(), [alone.id]);
    assert!(store.active_for_pull_request(&repository, 8).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_schedule_knows_the_commit_of_its_newest_sweep() {
    let store = Store::in_memory().await.unwrap();
    let nightly = "nightly".parse().unwrap();
    assert_eq!(store.last_scheduled_sha(&nightly).await.unwrap(), None);
    let scheduled = |suffix, digit: &str| {
        let sha = digit.repeat(40).parse().unwrap();
        let origin = Origin::Schedule { name: "nightly".parse().unwrap() };
        Sweep { origin, ..on(sweep(suffix), |code| code.sha = Some(sha)) }
    };
    start(&store, [scheduled("aaaaaa", "1"), scheduled("bbbbbb", "2"), sweep("cccccc")]).await;
    assert_eq!(store.last_scheduled_sha(&nightly).await.unwrap(), Some("2".repeat(40).parse().unwrap()));
}

#[tokio::test]
async fn everything_is_counted_by_state() {
    let store = Store::in_memory().await.unwrap();
    let sweep = sweep("aaaaaa");
    start(&store, [sweep.clone()]).await;
    let id = store.accept(&ping("d1")).await.unwrap().id();
    let decisions = vec![decision(Verdict::Ignored), decision(Verdict::Refused)];
    store.finish_event(id, EventResult { decisions, ..EventResult::default() }).await.unwrap();
    store.accept(&ping("d2")).await.unwrap();
    let running = Sweep { state: SweepState::Running, ..sweep.clone() };
    let trials = vec![trial(0), trial_in(1, 1, TrialState::Complete), trial_in(2, 1, TrialState::Complete)];
    let effects = vec![submission(&sweep.id, 0), message("m", "", at(7))];
    store.commit_sweep(SweepCommit { trials, effects, ..commit(&running, 1) }).await.unwrap();

    let counts = store.counts().await.unwrap();
    assert!(counts.events.iter().all(|count| count.source == Source::Github && count.count == 1));
    let states: Vec<_> = counts.events.iter().map(|count| (count.state, count.outcome)).collect();
    let refused = Some(Verdict::Refused);
    assert_eq!(states, [(EventState::Done, None), (EventState::Done, refused), (EventState::Ready, None)]);
    assert_eq!(counts.sweeps, [(SweepState::Running, 1)]);
    assert_eq!(counts.trials, [(TrialState::Complete, 2), (TrialState::Waiting, 1)]);
    let lanes: Vec<_> = counts.outbox.iter().map(|lane| (lane.lane.to_string(), lane.depth, lane.oldest_due)).collect();
    assert_eq!(lanes, [("engine/local".to_owned(), 1, Some(at(0))), ("slack".to_owned(), 1, Some(at(7)))]);
}

/// How SQLite answers a question: a scan is fine only over an index that covers it.
async fn plan(store: &Store, question: &'static str) -> String {
    store
        .write(Shape::Single, Wake::NOBODY, move |connection| {
            Box::pin(async move {
                let rows = sqlx::query(question).fetch_all(connection).await?;
                let steps: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get("detail")).collect();
                Ok(steps?.join("\n"))
            })
        })
        .await
        .unwrap()
}

#[tokio::test]
async fn the_questions_of_the_loops_are_answered_by_indexes() {
    let store = Store::in_memory().await.unwrap();
    for question in [
        "EXPLAIN QUERY PLAN SELECT id FROM events WHERE state IN ('ready', 'leased') AND due_at <= 1 ORDER BY id LIMIT 9",
        "EXPLAIN QUERY PLAN SELECT source, state, outcome, COUNT(*) FROM events GROUP BY source, state, outcome",
        "EXPLAIN QUERY PLAN SELECT id FROM sweeps WHERE state IN ('queued', 'running', 'stopping') ORDER BY number",
        "EXPLAIN QUERY PLAN SELECT state, COUNT(*) FROM trials GROUP BY state",
        "EXPLAIN QUERY PLAN SELECT id FROM effects WHERE lane = 'slack' AND state IN ('ready', 'leased') \
         AND due_at <= 1 ORDER BY due_at, id LIMIT 9",
        "EXPLAIN QUERY PLAN SELECT number FROM sweeps WHERE tuning = 'a' AND branch = 'b' AND succeeded = 1 \
         ORDER BY ended_at DESC, number DESC LIMIT 1",
    ] {
        let plan = plan(&store, question).await;
        assert!(plan.lines().next().unwrap().contains("USING"), "{question}\n{plan}");
    }
}
