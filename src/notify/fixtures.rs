//! Reports of typical sweeps, for the renderers' tests.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::metrics::{Direction, Metrics, Objective};
use crate::domain::params::{Params, Value};
use crate::domain::report::{
    Away, Conclusion, Counts, Failure, Held, Importance, Phase, Progress, Ranked, Report, Verdict,
};
use crate::domain::signal::StopRequest;
use crate::domain::sweep::{Against, Baseline, Code, Outcome};

use super::grafana::{Dashboard, Dashboards};
use super::links::{Link, Links};

pub fn sha() -> crate::domain::ids::CommitSha {
    "3f2a91c0d5e6f708192a3b4c5d6e7f8091a2b3c4".parse().unwrap()
}

pub fn queued() -> Report {
    Report {
        sweep: "resnet-k3f9q2".parse().unwrap(),
        tuning: "resnet".parse().unwrap(),
        phase: Phase::Queued { why: "all 8 places of engine `local` are taken".to_owned() },
        asked_by: "@mika".to_owned(),
        code: Some(Code {
            repository: "acme/vision".parse().unwrap(),
            reference: "main".to_owned(),
            sha: Some(sha()),
            pull_request: None,
            fork: false,
            base_branch: "main".to_owned(),
        }),
        notes: vec!["`lr` narrowed to 1e-4..1e-2".to_owned()],
        beginning: Vec::new(),
        objective: Objective { metric: "val_acc".parse().unwrap(), direction: Direction::Maximize, goal: Some(0.95) },
        sampler: "TPE".to_owned(),
        choice: None,
        seed: 7,
        parallel: 8,
        trials: 40,
        counts: Counts::default(),
        top: Vec::new(),
        baseline: Some(Baseline {
            against: Against::Branch { name: "main".to_owned() },
            sweep: "resnet-aaaaaa".parse().unwrap(),
            value: 0.9287,
            spread: None,
            params: params(&[
                ("augment", Value::Text("randaug-m7".to_owned())),
                ("batch_size", Value::Int(256)),
                ("lr", Value::Float(1e-3)),
                ("weight_decay", Value::Float(0.01)),
            ]),
        }),
        verdict: None,
        failure: None,
        created_at: time("2026-03-02T09:01:30Z"),
        started_at: None,
        ended_at: None,
        time_left: None,
        saved: None,
        dashboards: Vec::new(),
        engine: Some("local".parse().unwrap()),
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

pub fn running() -> Report {
    Report {
        phase: Phase::Running,
        counts: Counts { waiting: 0, running: 8, paused: 0, complete: 22, pruned: 3, failed: 0 },
        top: vec![ranked(17, 0.931_217_65, 2.6e-4), ranked(12, 0.9290, 4e-4)],
        started_at: Some(time("2026-03-02T09:02:00Z")),
        time_left: Some(SignedDuration::from_secs(2345)),
        saved: Some(0.1),
        ..queued()
    }
}

pub fn started_without_a_result() -> Report {
    Report {
        counts: Counts { running: 2, ..Counts::default() },
        top: Vec::new(),
        time_left: None,
        saved: None,
        ..running()
    }
}

/// On a cluster that has no room for some of the trials.
pub fn held() -> Report {
    Report {
        engine: Some("cluster".parse().unwrap()),
        progress: Some(Progress::Trials { share: 0.628 }),
        held: Some(Held {
            reason: "Unschedulable: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu.".to_owned(),
            count: 2,
            trial: 26,
            again: false,
            limit: SignedDuration::from_mins(45),
        }),
        ..running()
    }
}

/// On a cluster that does not answer.
pub fn away() -> Report {
    Report {
        away: Some(Away {
            engine: "cluster".parse().unwrap(),
            since: time("2026-03-02T10:02:11Z"),
            why: "connect: connection refused".to_owned(),
        }),
        time_left: None,
        ..held()
    }
}

/// One workflow that searches by itself.
pub fn searching() -> Report {
    Report {
        sampler: "its workflow searches by itself".to_owned(),
        choice: None,
        searches: true,
        progress: Some(Progress::Workflow { done: 12, total: 30 }),
        counts: Counts { running: 1, ..Counts::default() },
        time_left: Some(SignedDuration::from_mins(20)),
        ..started_without_a_result()
    }
}

/// The same, whose workflow failed.
pub fn search_failed() -> Report {
    Report {
        phase: Phase::Finished { outcome: Outcome::TooManyFailures { failed: 1 } },
        counts: Counts { failed: 1, ..Counts::default() },
        failure: Some(Failure { reason: "main: exit code 3: no data".to_owned(), count: 1, trial: 0, log_tail: None }),
        ended_at: Some(time("2026-03-02T09:14:20Z")),
        time_left: None,
        progress: None,
        ..searching()
    }
}

pub fn finished() -> Report {
    Report {
        phase: Phase::Finished { outcome: Outcome::Completed },
        counts: Counts { complete: 33, pruned: 7, ..Counts::default() },
        top: vec![
            ranked(31, 0.934_112_3, 3.123_456_789e-4),
            ranked(17, 0.931_217_65, 2.6e-4),
            ranked(35, 0.930_9, 3.3e-4),
            ranked(12, 0.9290, 4e-4),
            ranked(2, 0.9288, 1e-3),
        ],
        ended_at: Some(time("2026-03-02T10:49:00Z")),
        time_left: None,
        saved: Some(0.31),
        importances: [("lr", 0.612), ("augment", 0.238), ("weight_decay", 0.109), ("batch_size", 0.041)]
            .map(|(name, share)| Importance { parameter: name.parse().unwrap(), share })
            .to_vec(),
        ..running()
    }
}

pub fn finished_without_baseline() -> Report {
    Report { baseline: None, notes: Vec::new(), code: None, ..finished() }
}

pub fn minimised_and_worse() -> Report {
    let mut report = finished();
    report.objective = Objective { metric: "rmse".parse().unwrap(), direction: Direction::Minimize, goal: None };
    report.top.truncate(1);
    report.top[0].value = 0.655;
    if let Some(baseline) = &mut report.baseline {
        baseline.value = 0.64;
    }
    report
}

pub fn goal_reached() -> Report {
    Report { phase: Phase::Finished { outcome: Outcome::GoalReached }, ..finished() }
}

pub fn stopping() -> Report {
    Report { phase: Phase::Stopping { outcome: stopped_by_a_person() }, ..running() }
}

pub fn stopped() -> Report {
    Report {
        phase: Phase::Finished { outcome: stopped_by_a_person() },
        counts: Counts { complete: 22, pruned: 3, failed: 8, ..Counts::default() },
        ended_at: Some(time("2026-03-02T10:14:20Z")),
        time_left: None,
        ..running()
    }
}

pub fn superseded() -> Report {
    let by = StopRequest::Superseded { sweep: "resnet-zzzzzz".parse().unwrap() };
    Report { phase: Phase::Finished { outcome: Outcome::Stopped { by } }, top: Vec::new(), ..stopped() }
}

pub fn failed() -> Report {
    Report {
        phase: Phase::Finished { outcome: Outcome::TooManyFailures { failed: 5 } },
        counts: Counts { complete: 1, failed: 5, ..Counts::default() },
        top: vec![ranked(0, 0.9101, 1e-3)],
        failure: Some(Failure {
            reason: "exit code 1: `RuntimeError: CUDA out of memory`".to_owned(),
            count: 5,
            trial: 3,
            log_tail: Some(
                "epoch 1/30  batch_size=512\nRuntimeError: CUDA out of memory. Tried to allocate 2.50 GiB\n".to_owned(),
            ),
        }),
        saved: None,
        ..stopped()
    }
}

/// Of a pull request, with the answer to its requirement.
pub fn judged(conclusion: Conclusion, headline: &str) -> Report {
    let mut report = finished();
    report.verdict = Some(Verdict {
        conclusion,
        headline: headline.to_owned(),
        requirement: "needs: not worse than -0.2 % against main".to_owned(),
    });
    if let Some(code) = &mut report.code {
        code.reference = "wider-stem".to_owned();
        code.pull_request = Some(42);
    }
    report
}

/// Everything that people or programs write, at its worst.
pub fn hostile() -> Report {
    let evil = "<!channel> @everyone *b* _i_ ~s~ `c` [x](http://e.test) | <b>&amp; <@U1> @octocat #12\n```\n# h";
    let mut report = failed();
    report.asked_by = evil.to_owned();
    report.notes = vec![evil.to_owned()];
    report.failure = Some(Failure { reason: evil.to_owned(), count: 4, trial: 3, log_tail: Some(evil.to_owned()) });
    report.held = held().held.map(|held| Held { reason: evil.to_owned(), ..held });
    report.away = away().away.map(|away| Away { why: evil.to_owned(), ..away });
    if let Some(code) = &mut report.code {
        code.reference = evil.to_owned();
    }
    if let Some(baseline) = &mut report.baseline {
        baseline.against = Against::Branch { name: evil.to_owned() };
    }
    report.top[0].params = params(&[("augment", Value::Text(evil.to_owned()))]);
    report
}

/// As long as anything gets: `n` parameters, and texts of `length` times `filler`.
pub fn monstrous(n: usize, filler: &str, length: usize) -> Report {
    let text = filler.repeat(length);
    let name = |i: usize| format!("p{i:0>58}");
    let mut report = failed();
    report.asked_by = text.clone();
    report.sampler = text.clone();
    report.notes = vec![text.clone(); 30];
    report.failure = Some(Failure { reason: text.clone(), count: 4, trial: 3, log_tail: Some(text.clone()) });
    report.held = held().held.map(|held| Held { reason: text.clone(), ..held });
    report.away = away().away.map(|away| Away { why: text.clone(), ..away });
    if let Some(code) = &mut report.code {
        code.reference = text.clone();
    }
    let many: Params = (0..n).map(|i| (name(i).parse().unwrap(), Value::Text(text.clone()))).collect();
    if let Some(baseline) = &mut report.baseline {
        baseline.against = Against::Branch { name: text.clone() };
        baseline.params = (0..n).map(|i| (name(i).parse().unwrap(), Value::Float(i as f64 / 3.0))).collect();
    }
    report.top = (0..5).map(|i| Ranked { params: many.clone(), ..ranked(i, 0.1, 0.1) }).collect();
    report.verdict = Some(Verdict { conclusion: Conclusion::Failure, headline: text.clone(), requirement: text });
    report
}

pub fn dashboards() -> Dashboards {
    Dashboards {
        url: "https://grafana.example.com".parse().unwrap(),
        dashboards: vec![Dashboard {
            name: "training".to_owned(),
            title: "Training curves".to_owned(),
            uid: "tune01".to_owned(),
            variables: BTreeMap::from([("sweep".to_owned(), "{sweep}".to_owned())]),
        }],
    }
}

pub fn all_links() -> Links {
    Links { dashboards: Some(dashboards()), ..Links::default() }
}

pub fn links(report: &Report) -> Vec<Link> {
    all_links().of(report)
}

/// The text with the characters spelled out that break mentions unseen, so that a snapshot shows them.
pub fn visible(text: &str) -> String {
    text.replace('\u{200b}', "{200b}").replace('\u{2060}', "{2060}")
}

fn stopped_by_a_person() -> Outcome {
    Outcome::Stopped { by: StopRequest::Person { name: "@ana".to_owned() } }
}

fn ranked(trial: u32, value: f64, lr: f64) -> Ranked {
    let metrics: Metrics =
        [("val_acc".parse().unwrap(), value), ("latency_ms".parse().unwrap(), 12.5)].into_iter().collect();
    let params = params(&[
        ("augment", Value::Text("randaug-m9".to_owned())),
        ("batch_size", Value::Int(256)),
        ("lr", Value::Float(lr)),
        ("weight_decay", Value::Float(0.021)),
    ]);
    Ranked { trial, value, metrics, params }
}

fn params(values: &[(&str, Value)]) -> Params {
    values.iter().map(|(name, value)| (name.parse().unwrap(), value.clone())).collect()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}
