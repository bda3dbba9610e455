use super::fixtures::*;
use crate::domain::decision::{Decision, Verdict};
use crate::domain::event::{self, Event, EventKey, EventKind, Source};
use crate::domain::sweep::{Code, Origin, Outcome, Sweep};
use crate::domain::trial::TrialState;
use crate::store::{EventState, Import, Imported, Store, StoreError, SweepFilter};

fn import(suffix: &str, content: &str, code: Option<Code>) -> Import {
    let origin = Origin::Import { file: "old.csv".into(), study: String::new(), content: content.into() };
    let sweep = finished(&Sweep { origin, code, ..sweep(suffix) }, Outcome::Imported, at(0));
    let kind = event::Import { file: "old.csv".into(), study: String::new(), tuning: sweep.tuning.name.clone() };
    let decision = Decision { sweep: Some(sweep.id.clone()), ..decision(Verdict::Started) };
    Import {
        event: Event {
            key: EventKey { source: Source::Api, delivery: format!("import/{content}") },
            received_at: at(0),
            kind: EventKind::Import(kind),
        },
        decision,
        trials: vec![trial_in(0, 1, TrialState::Complete), trial_in(1, 1, TrialState::Failed)],
        report: report(&sweep, Some(0.9)),
        sweep,
    }
}

#[tokio::test]
async fn an_import_is_a_finished_sweep_with_its_event() {
    let store = Store::in_memory().await.unwrap();
    let wanted = import("aaaaaa", "c1", None);
    assert_eq!(store.import(wanted.clone()).await.unwrap(), Imported::New);
    let stored = store.load_sweep(&wanted.sweep.id).await.unwrap().unwrap();
    assert_eq!(stored.sweep.outcome, Some(Outcome::Imported));
    assert_eq!(store.load_trials(&wanted.sweep.id).await.unwrap(), wanted.trials);
    assert_eq!(stored.report, Some(wanted.report));
    let record = store.event(stored.sweep.event).await.unwrap().unwrap();
    assert_eq!((record.state, record.decisions), (EventState::Done, vec![wanted.decision]));
    assert!(store.lease_events(at(9), MINUTE, 9).await.unwrap().is_empty(), "there is nothing to work on");
    assert!(store.unfinished_sweeps().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_same_content_is_imported_once_even_when_its_event_is_forgotten() {
    let store = Store::in_memory().await.unwrap();
    store.import(import("aaaaaa", "c1", None)).await.unwrap();
    let again = Imported::Already("resnet-aaaaaa".parse().unwrap());
    assert_eq!(store.import(import("bbbbbb", "c1", None)).await.unwrap(), again);
    store.forget_old(at(1000), MINUTE, MINUTE).await.unwrap();
    assert_eq!(store.import(import("cccccc", "c1", None)).await.unwrap(), again);
    assert_eq!(store.import(import("dddddd", "c2", None)).await.unwrap(), Imported::New);
    assert_eq!(store.list_sweeps(SweepFilter::default()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_id_that_is_taken_leaves_nothing_behind() {
    let store = Store::in_memory().await.unwrap();
    store.import(import("aaaaaa", "c1", None)).await.unwrap();
    let error = store.import(import("aaaaaa", "c2", None)).await.unwrap_err();
    assert_eq!(error, StoreError::SweepIdTaken("resnet-aaaaaa".parse().unwrap()));
    assert_eq!(store.recent_events(9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_import_is_a_baseline_only_of_the_branch_that_it_was_given() {
    let store = Store::in_memory().await.unwrap();
    let tuning = "resnet".parse().unwrap();
    let repository = "octo/vision".parse().unwrap();
    store.import(import("aaaaaa", "c1", None)).await.unwrap();
    assert_eq!(store.baseline(&tuning, Some(&repository), "main").await.unwrap(), None);
    store.import(import("bbbbbb", "c1", sweep("bbbbbb").code)).await.unwrap();
    let baseline = store.baseline(&tuning, Some(&repository), "main").await.unwrap().unwrap();
    assert_eq!(baseline.sweep.as_str(), "resnet-bbbbbb");
}

#[tokio::test]
async fn an_import_goes_in_beside_a_server_that_has_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let server = Store::open(&path).await.unwrap();
    let id = server.accept(&ping("d1")).await.unwrap().id();
    assert_eq!(server.lease_events(at(0), MINUTE, 9).await.unwrap().len(), 1);

    let beside = Store::open_beside(&path).await.unwrap();
    assert_eq!(beside.import(import("aaaaaa", "c1", None)).await.unwrap(), Imported::New);
    beside.close().await;

    assert_eq!(server.event(id).await.unwrap().unwrap().state, EventState::Leased, "its work is untouched");
    assert_eq!(server.list_sweeps(SweepFilter::default()).await.unwrap().len(), 1);
    server.accept(&ping("d2")).await.unwrap();
    server.close().await;
}
