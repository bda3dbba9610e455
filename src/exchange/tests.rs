use jiff::Timestamp;

use super::*;
use crate::domain::metrics::{Direction, Metrics, Objective, Objectives};
use crate::domain::params::{Condition, Domain, Parameter, Params, Space, Value};
use crate::domain::sweep;
use crate::domain::trial::TrialState;
use crate::domain::tuning::{self, Tuning};

mod foreign;
mod round_trips;

const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

fn parameter(name: &str, domain: Domain) -> Parameter {
    Parameter { name: name.parse().unwrap(), domain, when: None }
}

fn float(low: f64, high: f64, log: bool, step: Option<f64>) -> Domain {
    Domain::Float { low, high, log, step }
}

fn int(low: i64, high: i64, step: i64) -> Domain {
    Domain::Int { low, high, log: false, step }
}

fn choices(choices: Vec<Value>) -> Domain {
    Domain::Categorical { choices }
}

fn text(value: &str) -> Value {
    Value::Text(value.into())
}

fn objective(metric: &str, direction: Direction) -> Objective {
    Objective { metric: metric.parse().unwrap(), direction, goal: None }
}

/// The tuning whose trials are in the fixture of Optuna.
fn vision() -> Tuning {
    let momentum = Parameter {
        when: Some(Condition { parameter: "optimizer".parse().unwrap(), one_of: vec![text("sgd")] }),
        ..parameter("momentum", float(0.0, 0.99, false, None))
    };
    let space = Space::new(vec![
        parameter("lr", float(1e-5, 1e-1, true, None)),
        parameter("layers", int(1, 8, 1)),
        parameter("batch", int(16, 512, 16)),
        parameter("drop", float(0.0, 0.5, false, Some(0.1))),
        parameter("optimizer", choices(vec![text("adam"), text("sgd")])),
        momentum,
        parameter("bias", choices(vec![Value::Bool(false), Value::Bool(true)])),
        parameter("norm", choices(vec![Value::Null, Value::Int(1), Value::Float(2.5), text("layer")])),
    ]);
    Tuning { space: space.unwrap(), ..tuning::fixture() }
}

fn sweep_of(tuning: Tuning) -> crate::domain::sweep::Sweep {
    sweep::fixture(tuning)
}

fn refused(fitted: &Fitted) -> Vec<String> {
    fitted.refused.iter().map(|refused| format!("{}: {}", refused.number, refused.reason)).collect()
}
