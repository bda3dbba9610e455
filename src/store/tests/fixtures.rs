//! Small values to store.

use jiff::{SignedDuration, Timestamp};

use crate::domain::decision::{Decision, Verdict};
use crate::domain::effect::{Action, Content, Effect, Notification};
use crate::domain::event::{Event, EventKey, EventKind, Source, Tick};
use crate::domain::ids::{AttemptId, SweepId};
use crate::domain::metrics::{Direction, Objective, Objectives};
use crate::domain::params::{Params, Value};
use crate::domain::report::{Counts, Phase, Ranked, Report};
use crate::domain::signal::{AttemptNews, Signal, SignalKind};
use crate::domain::sweep::{self, Code, Destination, Origin, Outcome, Sweep, SweepState};
use crate::domain::trial::{Trial, TrialState};
use crate::domain::tuning::{self, Tuning};

pub const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// The instant that the tests begin at, and seconds after it.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

pub fn ping(delivery: &str) -> Event {
    Event {
        key: EventKey { source: Source::Github, delivery: delivery.to_owned() },
        received_at: at(0),
        kind: EventKind::Ping { zen: "Keep it logically awesome.".to_owned() },
    }
}

pub fn tick(slot: Timestamp) -> Event {
    Event {
        key: EventKey { source: Source::Schedule, delivery: format!("nightly/{slot}") },
        received_at: at(0),
        kind: EventKind::Tick(Tick { schedule: "nightly".parse().unwrap(), slot, late: false }),
    }
}

pub fn decision(verdict: Verdict) -> Decision {
    Decision { by: "no trigger".into(), verdict, reason: "nothing asks for it".into(), sweep: None }
}

pub fn tuning() -> Tuning {
    let objectives = Objectives::new(objective(), Vec::new());
    Tuning { name: "resnet".parse().unwrap(), objectives, ..tuning::fixture() }
}

fn objective() -> Objective {
    Objective { metric: "val_acc".parse().unwrap(), direction: Direction::Maximize, goal: None }
}

/// A queued sweep of `resnet`, named `resnet-<suffix>`, on branch `main`.
pub fn sweep(suffix: &str) -> Sweep {
    Sweep {
        id: format!("resnet-{suffix}").parse().unwrap(),
        origin: Origin::Terminal,
        code: Some(Code {
            repository: "octo/vision".parse().unwrap(),
            reference: "main".into(),
            sha: Some("a".repeat(40).parse().unwrap()),
            pull_request: None,
            fork: false,
            base_branch: "main".into(),
        }),
        group: Some("resnet/main".into()),
        created_at: at(0),
        ..sweep::fixture(tuning())
    }
}

/// The same sweep at its end.
pub fn finished(sweep: &Sweep, outcome: Outcome, ended_at: Timestamp) -> Sweep {
    Sweep { state: SweepState::Finished, outcome: Some(outcome), ended_at: Some(ended_at), ..sweep.clone() }
}

pub fn params(lr: f64) -> Params {
    [("lr".parse().unwrap(), Value::Float(lr))].into_iter().collect()
}

pub fn trial(number: u32) -> Trial {
    Trial::proposed(number, params(0.01), at(1))
}

pub fn trial_in(number: u32, attempt: u32, state: TrialState) -> Trial {
    Trial { attempt, state, ..trial(number) }
}

pub fn report(sweep: &Sweep, best: Option<f64>) -> Report {
    Report {
        sweep: sweep.id.clone(),
        tuning: sweep.tuning.name.clone(),
        phase: sweep.outcome.clone().map_or(Phase::Running, |outcome| Phase::Finished { outcome }),
        asked_by: "you".into(),
        code: sweep.code.clone(),
        notes: vec![],
        beginning: Vec::new(),
        objective: objective(),
        sampler: "random search".into(),
        choice: None,
        seed: 7,
        parallel: 2,
        trials: 10,
        counts: Counts::default(),
        top: best
            .map(|value| Ranked { trial: 3, value, metrics: Default::default(), params: params(0.02) })
            .into_iter()
            .collect(),
        baseline: None,
        verdict: None,
        failure: None,
        created_at: sweep.created_at,
        started_at: None,
        ended_at: sweep.ended_at,
        time_left: None,
        saved: None,
        dashboards: vec![],
        engine: None,
        searches: false,
        progress: None,
        held: None,
        away: None,
        importances: Vec::new(),
        applies: false,
        trial_time: SignedDuration::ZERO,
        cost: None,
        estimate: None,
    }
}

/// A message for Slack.
pub fn message(slot: &str, text: &str, due_at: Timestamp) -> Effect {
    Effect {
        sweep: None,
        due_at,
        action: Action::Notify(Notification {
            slot: slot.to_owned(),
            destination: Destination::Slack { channel: "C1".into(), thread: None, mention: None },
            content: Content::Answer { text: text.to_owned() },
        }),
    }
}

/// What a message says.
pub fn text(effect: &Effect) -> &str {
    match &effect.action {
        Action::Notify(Notification { content: Content::Answer { text }, .. }) => text,
        other => panic!("{other:?} is not an answer"),
    }
}

pub fn attempt(sweep: &SweepId, trial: u32, attempt: u32) -> AttemptId {
    AttemptId { sweep: sweep.clone(), trial, attempt }
}

pub fn submission(sweep: &SweepId, trial: u32) -> Effect {
    Effect {
        sweep: Some(sweep.clone()),
        due_at: at(0),
        action: Action::Submit {
            engine: "local".parse().unwrap(),
            attempt: attempt(sweep, trial, 1),
            params: params(0.01),
        },
    }
}

pub fn started(sweep: &SweepId, trial: u32) -> Signal {
    let kind = SignalKind::Attempt { attempt: attempt(sweep, trial, 1), news: AttemptNews::Started };
    Signal { sweep: sweep.clone(), at: at(2), kind }
}
