//! Trials of the tuning in `sweeps`.

use anyhow::Result;
use jiff::Timestamp;
use tunebot::domain::params::{Params, Value};
use tunebot::domain::trial::{Trial, TrialState};

/// A finished trial: five parameters, one metric, its times.
pub fn complete(number: u32) -> Result<Trial> {
    let share = f64::from(number % 1000) / 1000.0;
    let values = [
        ("learning_rate", Value::Float(1e-5 + share * 1e-2)),
        ("dropout", Value::Float(share / 2.0)),
        ("momentum", Value::Float(0.5 + share / 3.0)),
        ("layers", Value::Int(i64::from(number % 12) + 1)),
        ("optimizer", Value::Text("adam".into())),
    ];
    let named = values.into_iter().map(|(name, value)| Ok((name.parse()?, value)));
    let params: Params = named.collect::<Result<Vec<_>>>()?.into_iter().collect();
    let now = Timestamp::now();
    let metrics = [("val_loss".parse()?, 0.0312 + share)].into_iter().collect();
    let (started_at, ended_at) = (Some(now), Some(now));
    Ok(Trial { state: TrialState::Complete, metrics, started_at, ended_at, ..Trial::proposed(number, params, now) })
}
