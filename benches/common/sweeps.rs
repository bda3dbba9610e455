//! A tuning as people write them, and sweeps of it.

use anyhow::{Result, anyhow};
use jiff::{SignedDuration, Timestamp};
use tunebot::domain::detail::Told;
use tunebot::domain::ids::EventId;
use tunebot::domain::metrics::{Direction, Objective, Objectives};
use tunebot::domain::params::{Domain, Parameter, Space, Value};
use tunebot::domain::sweep::{Origin, Sweep, SweepState};
use tunebot::domain::tuning::{Access, Confirm, Limits, SamplerKind, Search, TrialTemplate, Tuning};

/// Five parameters: three numbers (one of them logarithmic), a count and a choice.
fn space() -> Result<Space> {
    let float = |low, high, log| Domain::Float { low, high, log, step: None };
    let choices = ["adam", "sgd", "lion"].map(|choice| Value::Text(choice.to_owned())).to_vec();
    let parameters = [
        ("learning_rate", float(1e-5, 1e-1, true)),
        ("dropout", float(0.0, 0.5, false)),
        ("momentum", float(0.5, 0.999, false)),
        ("layers", Domain::Int { low: 1, high: 12, log: false, step: 1 }),
        ("optimizer", Domain::Categorical { choices }),
    ];
    let parameter = |(name, domain): (&str, Domain)| anyhow::Ok(Parameter { name: name.parse()?, domain, when: None });
    Space::new(parameters.into_iter().map(parameter).collect::<Result<_>>()?).map_err(|faults| anyhow!("{faults:?}"))
}

pub fn tuning(sampler: SamplerKind, trials: u32, parallel: u32, engine: &str) -> Result<Tuning> {
    let objective = Objective { metric: "val_loss".parse()?, direction: Direction::Minimize, goal: None };
    Ok(Tuning {
        name: "resnet".parse()?,
        description: String::new(),
        space: space()?,
        objectives: Objectives::new(objective, Vec::new()),
        search: Search::new(sampler),
        limits: Limits {
            trials,
            parallel,
            failed_trials: 5,
            trial_timeout: SignedDuration::from_mins(10),
            deadline: None,
            patience: None,
            retries: 2,
            stop_grace: SignedDuration::from_secs(5),
        },
        engine: engine.parse()?,
        trial: TrialTemplate::Command {
            argv: vec!["train".into(), "--learning-rate={learning_rate}".into()],
            env: Default::default(),
            inherit_env: Default::default(),
            source: None,
        },
        resumable: false,
        production: None,
        access: Access::default(),
        requirement: None,
        dashboards: vec![],
        apply: None,
        cost: None,
        confirm: Confirm::Never,
    })
}

/// A sweep that has just been asked for; each `number` gives another id.
pub fn sweep(number: u32, tuning: Tuning) -> Result<Sweep> {
    Ok(Sweep {
        id: id(number).parse()?,
        event: EventId(1),
        trigger: None,
        tuning,
        overrides: vec![],
        seed: 7,
        origin: Origin::Terminal,
        code: None,
        group: None,
        waits_for_group: false,
        destinations: vec![],
        baseline: None,
        estimate: None,
        starts_from: None,
        told: Told::default(),
        state: SweepState::Queued,
        created_at: Timestamp::now(),
        started_at: None,
        ended_at: None,
        outcome: None,
        reported_at: None,
    })
}

fn id(number: u32) -> String {
    let letters: String =
        (0..6).rev().map(|place| char::from(b'a' + (number / 26_u32.pow(place) % 26) as u8)).collect();
    format!("resnet-{letters}")
}
