//! Spaces, sweeps and records to try samplers on.

use proptest::prelude::*;

use crate::domain::metrics::Direction;
use crate::domain::params::{Condition, Domain, Parameter, Params, Space, Value};
use crate::search::{History, Record, RecordState, Sampler};

pub fn parameter(name: &str, domain: Domain) -> Parameter {
    Parameter { name: name.parse().unwrap(), domain, when: None }
}

pub fn float(low: f64, high: f64) -> Domain {
    Domain::Float { low, high, log: false, step: None }
}

pub fn log_float(low: f64, high: f64) -> Domain {
    Domain::Float { low, high, log: true, step: None }
}

pub fn int(low: i64, high: i64) -> Domain {
    Domain::Int { low, high, log: false, step: 1 }
}

pub fn choices(texts: &[&str]) -> Domain {
    Domain::Categorical { choices: texts.iter().map(|text| Value::Text((*text).to_owned())).collect() }
}

pub fn when(name: &str, domain: Domain, parent: &str, one_of: &[&str]) -> Parameter {
    let one_of = one_of.iter().map(|text| Value::Text((*text).to_owned())).collect();
    let condition = Condition { parameter: parent.parse().unwrap(), one_of };
    Parameter { when: Some(condition), ..parameter(name, domain) }
}

pub fn space(parameters: Vec<Parameter>) -> Space {
    Space::new(parameters).unwrap()
}

/// Every kind of domain, and conditions two deep.
pub fn mixed() -> Space {
    space(vec![
        parameter("rate", log_float(1e-5, 1.0)),
        parameter("dropout", float(0.0, 0.7)),
        parameter("warmup", Domain::Float { low: 0.1, high: 0.95, log: false, step: Some(0.05) }),
        parameter("layers", int(1, 8)),
        parameter("units", Domain::Int { low: 16, high: 1024, log: true, step: 1 }),
        parameter("batch", Domain::Int { low: 32, high: 512, log: false, step: 32 }),
        parameter("seedless", Domain::Categorical { choices: vec![Value::Bool(false), Value::Bool(true)] }),
        parameter("optimizer", choices(&["sgd", "adam", "rmsprop"])),
        when("momentum", float(0.0, 0.99), "optimizer", &["sgd", "rmsprop"]),
        when("schedule", choices(&["constant", "cosine"]), "optimizer", &["sgd"]),
        when("cycles", int(1, 5), "schedule", &["cosine"]),
        parameter("fixed", float(2.5, 2.5)),
    ])
}

/// Three depths times (2 + 2·3 + 1 + 4) points of the four kinds: 39 in all.
pub fn discrete() -> Space {
    space(vec![
        parameter("depth", int(1, 3)),
        parameter("kind", choices(&["plain", "wide", "none", "deep"])),
        when(
            "bias",
            Domain::Categorical { choices: vec![Value::Bool(false), Value::Bool(true)] },
            "kind",
            &["plain", "wide"],
        ),
        when("factor", Domain::Float { low: 0.5, high: 1.5, log: false, step: Some(0.5) }, "kind", &["wide"]),
        when("extra", Domain::Int { low: 1, high: 4, log: true, step: 1 }, "kind", &["deep"]),
    ])
}

pub const DISCRETE_POINTS: usize = 3 * (2 + 2 * 3 + 1 + 4);

/// A thousand parameters of all kinds, a third of them conditional.
pub fn thousand() -> Space {
    let one = |k: usize| match k % 6 {
        0 => parameter(&format!("c{k}"), choices(&["a", "b", "c"])),
        1 => parameter(&format!("f{k}"), float(-1.0, 1.0)),
        2 => parameter(&format!("i{k}"), int(0, 1_000_000)),
        3 => parameter(&format!("l{k}"), log_float(1e-6, 1e6)),
        4 => when(&format!("w{k}"), float(0.0, 1.0), &format!("c{}", k - 4), &["a"]),
        _ => when(&format!("v{k}"), int(0, 9), &format!("c{}", k - 5), &["b", "c"]),
    };
    space((0..1000).map(one).collect())
}

fn any_domain() -> impl Strategy<Value = Domain> {
    prop_oneof![
        (-1e3..1e3, 0.0..1e3).prop_map(|(low, width): (f64, f64)| float(low, low + width)),
        (1e-8..1.0, 1.0..1e8).prop_map(|(low, ratio): (f64, f64)| log_float(low, low * ratio)),
        (-10.0..10.0, 0.0..20.0, 0.01..3.0).prop_map(|(low, width, step): (f64, f64, f64)| Domain::Float {
            low,
            high: low + width,
            log: false,
            step: Some(step)
        }),
        (any::<i32>(), 0..1_000_000_i64, 1..1000_i64).prop_map(|(low, width, step)| Domain::Int {
            low: i64::from(low),
            high: i64::from(low) + width,
            log: false,
            step
        }),
        (1..50_i64, 0..100_000_i64).prop_map(|(low, width)| Domain::Int { low, high: low + width, log: true, step: 1 }),
        any::<i64>().prop_map(|x| Domain::Float { low: x as f64, high: x as f64, log: false, step: None }),
        (1..5_usize).prop_map(|count| choices(&["a", "b", "c", "d", "e"][..count])),
    ]
}

/// Spaces of up to eight parameters; half of those after a category depend on it.
pub fn any_space() -> impl Strategy<Value = Space> {
    let with_condition = (any_domain(), any::<bool>(), any::<prop::sample::Index>(), any::<prop::sample::Index>());
    prop::collection::vec(with_condition, 1..8).prop_map(|domains| {
        let mut parameters: Vec<Parameter> = Vec::new();
        for (index, (domain, conditional, parent, value)) in domains.into_iter().enumerate() {
            let categories: Vec<&Parameter> =
                parameters.iter().filter(|p| matches!(p.domain, Domain::Categorical { .. })).collect();
            let condition = (conditional && !categories.is_empty()).then(|| {
                let parent = parent.get(&categories);
                let Domain::Categorical { choices } = &parent.domain else { unreachable!() };
                Condition { parameter: parent.name.clone(), one_of: vec![value.get(choices).clone()] }
            });
            parameters.push(Parameter { when: condition, ..parameter(&format!("p{index}"), domain) });
        }
        space(parameters)
    })
}

/// Whatever the parameters are, a smooth number of them, best in the middle of nowhere in particular.
pub fn judge(params: &Params) -> f64 {
    let term = |value: &Value| match value {
        Value::Text(text) => text.len() as f64 * 0.1,
        Value::Bool(on) => f64::from(u8::from(*on)) * 0.3,
        other => (other.as_f64().unwrap_or(0.0) - 0.37).abs().ln_1p(),
    };
    params.0.values().map(term).sum()
}

pub fn complete(params: Params, value: f64) -> Record {
    Record::complete(params, vec![value])
}

pub fn pending(params: Params) -> Record {
    Record::pending(params)
}

/// Records of every kind that samplers must bear, by trial.
pub fn checkered(number: u32, params: Params) -> Record {
    let value = judge(&params);
    let steps: Vec<(u64, f64)> =
        (0..u64::from(number % 4)).map(|step| (step * 2, value + 1.0 / (step + 1) as f64)).collect();
    let nan_steps = vec![(0, f64::NAN), (3, f64::NAN)];
    match number % 9 {
        0 => Record { state: RecordState::Failed, steps, ..pending(params) },
        1 => Record { state: RecordState::Pruned, steps, ..pending(params) },
        2 => pending(params),
        3 => complete(params, f64::NAN),
        4 => complete(params, if number.is_multiple_of(2) { f64::INFINITY } else { f64::NEG_INFINITY }),
        5 => Record { state: RecordState::Pruned, steps: nan_steps, ..pending(params) },
        6 => Record { state: RecordState::Complete, steps, ..pending(params) },
        _ => complete(params, value),
    }
}

pub fn empty(space: &Space, seed: u64) -> History {
    History::new(space.clone(), vec![Direction::Minimize], seed)
}

/// Asks and records `trials` trials, each by `record`; stops where the sampler does.
pub fn run(
    sampler: &dyn Sampler,
    history: &mut History,
    trials: u32,
    record: impl Fn(u32, Params) -> Record,
) -> Vec<Params> {
    let begin = u32::try_from(history.len()).unwrap() - history.earlier();
    let mut asked = Vec::new();
    for number in begin..begin + trials {
        let Some(params) = sampler.ask(history, number) else { break };
        asked.push(params.clone());
        history.record(history.place(number), record(number, params));
    }
    asked
}

/// Text that differs when a bit does.
pub fn bits(params: &[Params]) -> Vec<String> {
    params.iter().map(|params| format!("{params:?}")).collect()
}
