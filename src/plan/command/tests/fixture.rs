//! Rules with two tunings: one with every kind of parameter, one without code.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::metrics::{Direction, Objective, Objectives};
use crate::domain::params::{Condition, Domain, Parameter, Space, Value};
use crate::domain::rules::{CodeDefault, Rules};
use crate::domain::tuning::{self, Limits, SamplerKind, Search, Tuning};

pub(crate) fn rules() -> Rules {
    let mut ranker = resnet();
    ranker.name = "ranker".parse().unwrap();
    ranker.description = "Learning to rank,\nwith `trees`.".into();
    ranker.limits.trials = 1;
    let resnet = resnet();
    let code = CodeDefault { repository: "acme/vision".parse().unwrap(), branch: "main".into() };
    Rules {
        default_code: BTreeMap::from([(resnet.name.clone(), code)]),
        tunings: [resnet, ranker].into_iter().map(|tuning| (tuning.name.clone(), Arc::new(tuning))).collect(),
        ..Rules::default()
    }
}

pub(crate) fn resnet() -> Tuning {
    let text = |text: &str| Value::Text(text.into());
    let production = [
        ("lr", Value::Float(1e-3)),
        ("batch_size", Value::Int(128)),
        ("dropout", Value::Float(0.2)),
        ("optimizer", text("adam")),
        ("augment", Value::Bool(true)),
    ];
    let objective = Objective { metric: "val_acc".parse().unwrap(), direction: Direction::Maximize, goal: None };
    let fixture = tuning::fixture();
    Tuning {
        name: "resnet".parse().unwrap(),
        description: "Image classifier of the shop.".into(),
        space: space(),
        objectives: Objectives::new(objective, Vec::new()),
        search: Search { sampler: SamplerKind::Tpe, ..fixture.search },
        limits: Limits { trials: 40, parallel: 8, ..fixture.limits },
        production: Some(production.into_iter().map(|(name, value)| (name.parse().unwrap(), value)).collect()),
        ..fixture
    }
}

fn space() -> Space {
    let text = |text: &str| Value::Text(text.into());
    let parameter = |name: &str, domain, when| Parameter { name: name.parse().unwrap(), domain, when };
    let sgd = Condition { parameter: "optimizer".parse().unwrap(), one_of: vec![text("sgd")] };
    Space::new(vec![
        parameter("lr", Domain::Float { low: 1e-5, high: 0.1, log: true, step: None }, None),
        parameter("batch_size", Domain::Int { low: 16, high: 512, log: false, step: 16 }, None),
        parameter("dropout", Domain::Float { low: 0.0, high: 0.5, log: false, step: Some(0.1) }, None),
        parameter("optimizer", Domain::Categorical { choices: vec![text("adam"), text("sgd")] }, None),
        parameter("augment", Domain::Categorical { choices: vec![Value::Bool(false), Value::Bool(true)] }, None),
        parameter("momentum", Domain::Float { low: 0.0, high: 0.99, log: false, step: None }, Some(sgd)),
    ])
    .unwrap()
}

/// The value at `pick`, from 0 to 1, of the way through the domain.
pub(crate) fn value_at(domain: &Domain, pick: f64) -> Value {
    match domain {
        Domain::Float { low, high, step: None, .. } => Value::Float((low + pick * (high - low)).clamp(*low, *high)),
        Domain::Float { low, high, step: Some(step), .. } => {
            let steps = ((high - low) / step + 1e-9).floor();
            Value::Float(low + (pick * steps).floor() * step)
        }
        Domain::Int { low, high, step, .. } => {
            let steps = (high - low) / step;
            Value::Int(low + (pick * steps as f64) as i64 * step)
        }
        Domain::Categorical { choices } => {
            choices[((pick * choices.len() as f64) as usize).min(choices.len() - 1)].clone()
        }
    }
}
