//! What the messages of the page are about: one tuning, and people who ask for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;

use crate::domain::detail::{Best, Change, Detail, Failed, NewBest, News};
use crate::domain::estimate::Estimate;
use crate::domain::ids::EventId;
use crate::domain::metrics::Objectives;
use crate::domain::params::{Domain, Parameter, Space, Value};
use crate::domain::preview::{Preview, PreviewState};
use crate::domain::report::Report;
use crate::domain::rules::{CodeDefault, Rules};
use crate::domain::sweep::Destination;
use crate::domain::tuning::{self, Cost, Limits, SamplerKind, Search, Tuning};
use crate::notify::fixtures;

pub(super) fn resnet() -> Tuning {
    let parameter = |name: &str, domain| Parameter { name: name.parse().unwrap(), domain, when: None };
    let policies = ["none", "randaug-m7", "randaug-m9"].map(|name| Value::Text(name.to_owned()));
    let space = Space::new(vec![
        parameter("lr", Domain::Float { low: 1e-5, high: 0.1, log: true, step: None }),
        parameter("batch_size", Domain::Int { low: 32, high: 512, log: false, step: 32 }),
        parameter("weight_decay", Domain::Float { low: 0.0, high: 0.1, log: false, step: None }),
        parameter("augment", Domain::Categorical { choices: policies.into() }),
    ]);
    let fixture = tuning::fixture();
    Tuning {
        description: "Image classifier of the shop.".to_owned(),
        space: space.unwrap(),
        objectives: Objectives::new(fixtures::running().objective, Vec::new()),
        search: Search { sampler: SamplerKind::Tpe, seed: Some(7), ..fixture.search },
        limits: Limits { trials: 40, parallel: 8, ..fixture.limits },
        production: fixtures::running().baseline.map(|baseline| baseline.params),
        ..fixture
    }
}

pub(super) fn rules() -> Rules {
    let tuning = resnet();
    let code = CodeDefault { repository: "acme/vision".parse().unwrap(), branch: "main".to_owned() };
    Rules {
        default_code: BTreeMap::from([(tuning.name.clone(), code)]),
        tunings: BTreeMap::from([(tuning.name.clone(), Arc::new(tuning))]),
        ..Rules::default()
    }
}

pub(super) fn preview(state: PreviewState) -> Preview {
    let mut tuning = resnet();
    tuning.limits.trials = 200;
    tuning.cost = Some(Cost { per_trial_hour: 0.9, currency: "$".to_owned(), accelerators: 1, budget: Some(50.0) });
    let hours = |hours: i64, minutes: i64| SignedDuration::from_mins(60 * hours + minutes);
    Preview {
        event: EventId(12),
        command: "resnet trials=200".to_owned(),
        tuning,
        notes: Vec::new(),
        code: fixtures::running().code,
        asked_by: "@mika".to_owned(),
        asked_at: fixtures::running().created_at,
        estimate: Some(Estimate { duration: hours(9, 5), trial_time: hours(79, 0), sweeps: 3 }),
        destination: Destination::Slack { channel: "C1".to_owned(), thread: None, mention: None },
        state,
    }
}

fn detail(news: News) -> Detail {
    let Report { sweep, created_at, .. } = fixtures::running();
    Detail { sweep, created_at, news }
}

pub(super) fn new_best() -> Detail {
    let change = |name: &str, before, now| Change { name: name.parse().unwrap(), before: Some(before), now: Some(now) };
    detail(News::NewBest(NewBest {
        objective: fixtures::running().objective,
        trial: 17,
        value: 0.931_217_65,
        before: Best { trial: 12, value: 0.929 },
        finished: 25,
        pruned: 3,
        failed: 0,
        changes: vec![change("lr", Value::Float(4e-4), Value::Float(2.6e-4))],
    }))
}

pub(super) fn failed_trial() -> Detail {
    let log = "epoch 1/30  batch_size=512\nRuntimeError: CUDA out of memory. Tried to allocate 2.50 GiB\n";
    let reason = "RuntimeError: CUDA out of memory".to_owned();
    detail(News::Failed(Failed { trial: 3, step: None, reason, log_tail: Some(log.to_owned()), alike: 1 }))
}

/// The same report, of a pull request.
pub(super) fn on_pull_request(mut report: Report) -> Report {
    if let Some(code) = &mut report.code {
        (code.reference, code.pull_request) = ("wider-stem".to_owned(), Some(42));
    }
    report
}
