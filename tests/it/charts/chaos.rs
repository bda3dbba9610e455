//! Sweeps out of anything that a type can hold.

use tunebot::domain::metrics::{Direction, Metrics};
use tunebot::domain::params::{Domain, Parameter, Space, Value};
use tunebot::domain::report::Importance;
use tunebot::domain::trial::{Trial, TrialState};

use super::scenes::{Dice, Scene, objective};

const NUMBERS: [f64; 14] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MIN,
    f64::MAX,
    0.0,
    -0.0,
    5e-324,
    1.0,
    1.0 + f64::EPSILON,
    -1e-5,
    1e300,
    1e15,
    0.1,
];
const TEXTS: [&str; 6] = ["", "</text><script>", "\u{202e}\n\0\u{1f600}", "a", "…", "&amp;\"'"];

fn pick<T: Clone>(dice: &mut Dice, list: &[T]) -> T {
    list[(dice.unit() * list.len() as f64) as usize].clone()
}

fn number(dice: &mut Dice) -> f64 {
    if dice.unit() < 0.3 { dice.unit() } else { pick(dice, &NUMBERS) }
}

fn value(dice: &mut Dice) -> Value {
    match (dice.unit() * 5.0) as u8 {
        0 => Value::Null,
        1 => Value::Bool(true),
        2 => Value::Int(pick(dice, &[i64::MIN, -1, 0, 7, i64::MAX])),
        3 => Value::Float(number(dice)),
        _ => Value::Text(pick(dice, &TEXTS).repeat(1 + (dice.unit() * 60.0) as usize)),
    }
}

fn domain(dice: &mut Dice) -> Domain {
    let (a, b) = (number(dice), number(dice));
    let (low, high) = if a <= b {
        (a, b)
    } else if b <= a {
        (b, a)
    } else {
        (0.0, 1.0)
    };
    let (low, high) = (low.clamp(f64::MIN, f64::MAX), high.clamp(f64::MIN, f64::MAX));
    match (dice.unit() * 5.0) as u8 {
        0 => Domain::Float { low, high, log: false, step: None },
        1 => Domain::Float {
            low: low.abs().max(f64::MIN_POSITIVE),
            high: high.abs().max(low.abs()).max(1e-300),
            log: true,
            step: None,
        },
        2 => Domain::Int { low: -3, high: pick(dice, &[-3, 5, i64::MAX]), log: false, step: 1 },
        3 => Domain::Int { low: 1, high: pick(dice, &[1, 2, 1000, i64::MAX]), log: true, step: 1 },
        _ => {
            let mut choices: Vec<Value> = Vec::new();
            for _ in 0..1 + (dice.unit() * 30.0) as usize {
                let choice = value(dice);
                // What differs from itself cannot be told apart.
                if !choices.contains(&choice) && choice == choice.clone() {
                    choices.push(choice);
                }
            }
            choices.push(Value::Text("last".into()));
            Domain::Categorical { choices }
        }
    }
}

fn metrics(dice: &mut Dice, names: &[&str]) -> Metrics {
    let mut metrics = Metrics::default();
    for name in names {
        if dice.unit() < 0.9 {
            metrics.0.insert(name.parse().unwrap(), number(dice));
        }
    }
    metrics
}

pub fn scene(seed: u64) -> Scene {
    let mut dice = Dice::of(seed);
    let names: Vec<String> =
        (0..(dice.unit() * 20.0) as usize).map(|k| format!("x{}.p{k}", "x".repeat(k * 2))).collect();
    let parameters =
        names.iter().map(|name| Parameter { name: name.parse().unwrap(), domain: domain(&mut dice), when: None });
    let parameters: Vec<Parameter> = parameters.collect();
    // A domain that makes no sense is nobody's.
    let sound = parameters.into_iter().filter(|parameter| Space::new(vec![parameter.clone()]).is_ok()).collect();
    let space = Space::new(sound).unwrap();
    let metric_names = ["loss", "time"];
    let directions = [Direction::Minimize, Direction::Maximize];
    let mut objectives: Vec<_> =
        metric_names.iter().map(|name| objective(name, pick(&mut dice, &directions))).collect();
    objectives[0].goal = (dice.unit() < 0.5).then(|| number(&mut dice));
    objectives.truncate(1 + (dice.unit() * 2.0) as usize);
    let trials = (0..(dice.unit() * 40.0) as u32).map(|index| trial(index, &space, &metric_names, &mut dice)).collect();
    let mut importances: Vec<Importance> = Vec::new();
    for parameter in space.parameters() {
        if dice.unit() < 0.7 {
            importances.push(Importance { parameter: parameter.name.clone(), share: number(&mut dice) });
        }
    }
    if dice.unit() < 0.2 {
        importances.push(Importance { parameter: "nowhere".parse().unwrap(), share: 0.3 });
    }
    let objectives = objectives.try_into().unwrap();
    Scene { name: pick(&mut dice, &TEXTS).repeat(9), objectives, space, trials, importances }
}

fn trial(index: u32, space: &Space, names: &[&str], dice: &mut Dice) -> Trial {
    let mut params = tunebot::domain::params::Params::default();
    for parameter in space.parameters() {
        if dice.unit() < 0.9 {
            let value = if dice.unit() < 0.7 { dice.draw(&parameter.domain) } else { value(dice) };
            params.0.insert(parameter.name.clone(), value);
        }
    }
    let mut trial = Trial::proposed(index, params, jiff::Timestamp::UNIX_EPOCH);
    trial.state = if dice.unit() < 0.6 { TrialState::Complete } else { pick(dice, &TrialState::ALL) };
    trial.metrics = metrics(dice, names);
    let mut step = 0_u64;
    for _ in 0..(dice.unit() * 6.0) as usize {
        trial.steps.push((step, number(dice)));
        step = step.saturating_add(pick(dice, &[1, 1, 7, u64::MAX / 3]));
    }
    trial
}
