//! Sweeps to draw: such as there are, and such as nobody hopes for.

use tunebot::domain::metrics::{Direction, Objective, Objectives};
use tunebot::domain::params::{Condition, Domain, Parameter, Params, Space, Value};
use tunebot::domain::report::Importance;
use tunebot::domain::trial::{Trial, TrialState};
use tunebot::search::{History, ImportanceSettings, Record, importances};

/// A sweep with all that charts ask for.
pub struct Scene {
    pub name: String,
    pub objectives: Objectives,
    pub space: Space,
    pub trials: Vec<Trial>,
    pub importances: Vec<Importance>,
}

impl Scene {
    pub fn sweep(&self) -> tunebot::charts::Sweep<'_> {
        tunebot::charts::Sweep {
            name: &self.name,
            objectives: &self.objectives,
            space: &self.space,
            trials: &self.trials,
            importances: &self.importances,
        }
    }
}

/// Numbers that only look like chance.
pub struct Dice(u64);

impl Dice {
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A value of the domain.
    pub fn draw(&mut self, domain: &Domain) -> Value {
        let unit = self.unit();
        match domain {
            Domain::Float { low, high, log: true, .. } => {
                Value::Float((low * (high / low).powf(unit)).clamp(*low, *high))
            }
            Domain::Float { low, high, .. } => Value::Float((low + unit * (high - low)).clamp(*low, *high)),
            Domain::Int { low, high, log: true, .. } => {
                Value::Int((*low as f64 * (*high as f64 / *low as f64).powf(unit)).round() as i64)
            }
            Domain::Int { low, high, step, .. } => {
                let cells = (high.saturating_sub(*low) / step) as f64 + 1.0;
                Value::Int(low.saturating_add(((unit * cells) as i64).saturating_mul(*step)).min(*high))
            }
            Domain::Categorical { choices } => choices[(unit * choices.len() as f64) as usize].clone(),
        }
    }

    fn params(&mut self, space: &Space) -> Params {
        let mut params = Params::default();
        for parameter in space.parameters() {
            let value = self.draw(&parameter.domain);
            if space.is_active(parameter, &params) {
                params.0.insert(parameter.name.clone(), value);
            }
        }
        params
    }
}

pub fn objective(metric: &str, direction: Direction) -> Objective {
    Objective { metric: metric.parse().unwrap(), direction, goal: None }
}

fn parameter(name: &str, domain: Domain) -> Parameter {
    Parameter { name: name.parse().unwrap(), domain, when: None }
}

fn log(low: f64, high: f64) -> Domain {
    Domain::Float { low, high, log: true, step: None }
}

fn float(low: f64, high: f64) -> Domain {
    Domain::Float { low, high, log: false, step: None }
}

fn choices(texts: &[&str]) -> Domain {
    Domain::Categorical { choices: texts.iter().map(|text| Value::Text((*text).to_owned())).collect() }
}

fn number(params: &Params, name: &str) -> f64 {
    params.get(&name.parse().unwrap()).and_then(Value::as_f64).unwrap_or(0.0)
}

fn is(params: &Params, name: &str, text: &str) -> bool {
    params.get(&name.parse().unwrap()) == Some(&Value::Text(text.to_owned()))
}

fn trial(number: u32, state: TrialState, params: Params) -> Trial {
    Trial { state, ..Trial::proposed(number, params, jiff::Timestamp::UNIX_EPOCH) }
}

/// With the importances that the trials give.
pub fn scene(name: &str, objectives: Vec<Objective>, space: Space, trials: Vec<Trial>) -> Scene {
    let objectives = Objectives::try_from(objectives).unwrap();
    let mut history = History::new(space.clone(), objectives.iter().map(|one| one.direction).collect(), 1);
    for trial in &trials {
        let record = match trial.state {
            TrialState::Complete => {
                let value = |one: &Objective| trial.metrics.get(&one.metric).unwrap_or(f64::NAN);
                Record::complete(trial.params.clone(), objectives.iter().map(value).collect())
            }
            _ => Record::pending(trial.params.clone()),
        };
        history.record(trial.number, record);
    }
    let importances = importances(&history, &ImportanceSettings::default());
    Scene { name: name.to_owned(), objectives, space, trials, importances }
}

/// A sweep as there are: a network, 80 trials, some stopped early, some failed.
pub fn resnet() -> Scene {
    let momentum = Condition { parameter: "optimizer".parse().unwrap(), one_of: vec![Value::Text("sgd".into())] };
    let space = Space::new(vec![
        parameter("lr", log(1e-5, 1e-1)),
        parameter("weight_decay", log(1e-6, 1e-2)),
        parameter("batch_size", Domain::Int { low: 32, high: 512, log: false, step: 32 }),
        parameter("width", Domain::Int { low: 16, high: 128, log: true, step: 1 }),
        parameter("augment", choices(&["none", "flip", "randaug-m7", "randaug-m9"])),
        parameter("optimizer", choices(&["adam", "sgd"])),
        Parameter { when: Some(momentum), ..parameter("momentum", float(0.5, 0.99)) },
    ])
    .unwrap();
    let mut dice = Dice(1);
    let mut best = (f64::INFINITY, Params::default());
    let trials = (0..80).map(|number| resnet_trial(number, &space, &mut dice, &mut best)).collect();
    let latency = objective("latency_ms", Direction::Minimize);
    scene(
        "resnet",
        vec![Objective { goal: Some(0.94), ..objective("val_acc", Direction::Maximize) }, latency],
        space,
        trials,
    )
}

/// Late trials look around the best one so far, as a sampler does.
fn resnet_trial(number: u32, space: &Space, dice: &mut Dice, best: &mut (f64, Params)) -> Trial {
    let mut params = dice.params(space);
    if number > 15 {
        for (name, value) in &mut params.0 {
            let kept = best.1.get(name).filter(|_| dice.unit() < 0.6).cloned();
            *value = match (kept, &value) {
                (Some(Value::Float(old)), Value::Float(new)) => Value::Float((old * old * new).cbrt()),
                (Some(old), _) => old,
                (None, new) => (*new).clone(),
            };
        }
    }
    let augment = ["none", "flip", "randaug-m7", "randaug-m9"].iter().position(|one| is(&params, "augment", one));
    let mut error = 0.055 + 0.06 * ((number_of(&params, "lr").log10() + 3.1) / 1.4).powi(2);
    error +=
        0.012 * (3 - augment.unwrap_or(0)) as f64 + 0.004 * (number_of(&params, "weight_decay").log10() + 4.0).abs();
    error += 0.02 * (64.0 / number_of(&params, "width")).ln().abs() + 0.012 * dice.unit();
    let error = error.min(0.9);
    if error < best.0 {
        *best = (error, params.clone());
    }
    let mut trial = trial(number, TrialState::Complete, params);
    let value = |epoch: u64, wobble: f64| 1.0 - error - 0.5 * (-0.35 * epoch as f64).exp() - 0.01 * wobble;
    trial.steps = (1..=30).map(|epoch| (epoch, value(epoch, dice.unit()))).collect();
    let metrics =
        [("val_acc", trial.steps[29].1), ("latency_ms", 2.0 + number_of(&trial.params, "width") * 0.11 + dice.unit())];
    if number % 23 == 9 {
        trial.state = TrialState::Failed;
        trial.steps.truncate(3);
    } else if number > 12 && error > best.0 + 0.05 {
        trial.state = TrialState::Pruned;
        trial.steps.truncate(4 + (number % 7) as usize);
    } else {
        trial.metrics = metrics.map(|(name, value)| (name.parse().unwrap(), value)).into_iter().collect();
    }
    trial
}

fn number_of(params: &Params, name: &str) -> f64 {
    number(params, name)
}

/// `count` complete trials of `space` with one value each.
fn drawn(name: &str, space: Vec<Parameter>, count: u32, value: impl Fn(u32, &Params, f64) -> f64) -> Scene {
    let space = Space::new(space).unwrap();
    let mut dice = Dice(7);
    let trials = (0..count).map(|index| {
        let params = dice.params(&space);
        let value = value(index, &params, dice.unit());
        let mut trial = trial(index, TrialState::Complete, params);
        trial.metrics = [("loss".parse().unwrap(), value)].into_iter().collect();
        trial
    });
    let trials = trials.collect();
    scene(name, vec![objective("loss", Direction::Minimize)], space, trials)
}

fn with_states(mut scene: Scene, state: impl Fn(u32) -> TrialState) -> Scene {
    for trial in &mut scene.trials {
        trial.state = state(trial.number);
    }
    scene
}

/// 10,000 trials of twelve parameters.
fn large() -> Scene {
    let names = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"];
    let domain = |index: usize| match index % 4 {
        0 => log(1e-6, 1.0),
        1 => float(-1.0, 1.0),
        2 => Domain::Int { low: 1, high: 64, log: false, step: 1 },
        _ => choices(&["relu", "gelu", "swish"]),
    };
    let space = names.iter().enumerate().map(|(index, name)| parameter(name, domain(index))).collect();
    let mut scene = drawn("large", space, 10_000, |index, params, noise| {
        let trend = 1.0 / (1.0 + f64::from(index) / 3000.0);
        (number(params, "alpha").log10() + 3.0).abs() * trend + number(params, "beta").abs() + 0.3 * noise + 0.1
    });
    for trial in &mut scene.trials {
        let last = trial.metrics.get(&"loss".parse().unwrap()).unwrap();
        trial.steps = (0..40).map(|step| (step * 100, last + 2.0 / (1.0 + step as f64))).collect();
        if trial.number % 5 == 1 {
            trial.state = TrialState::Pruned;
            trial.steps.truncate(1 + trial.number as usize % 30);
        } else if trial.number % 97 == 3 {
            trial.state = TrialState::Failed;
        }
    }
    scene
}

fn many_parameters() -> Scene {
    let names = (0..40).map(|k| format!("encoder.transformer.layers.{k}.attention_dropout_probability"));
    let space = names.map(|name| parameter(&name, float(0.0, 0.5))).collect();
    drawn("a-tuning-with-a-rather-long-name-that-goes-on-k3f9q2", space, 50, |_, params, noise| {
        number(params, "encoder.transformer.layers.7.attention_dropout_probability") + noise * 0.05
    })
}

fn categories() -> Scene {
    let countries: Vec<String> = (0..14).map(|k| format!("category number {k}")).collect();
    let texts: Vec<&str> = countries.iter().map(String::as_str).collect();
    let space = vec![
        parameter("kind", choices(&texts)),
        parameter("flag", Domain::Categorical { choices: vec![Value::Bool(false), Value::Bool(true)] }),
        parameter("name", choices(&["<b>&amp;", "Größe", "длина", "日本語", "a\u{202e}b\n"])),
    ];
    drawn("categories", space, 60, |_, params, noise| {
        noise + f64::from(u8::from(is(params, "kind", "category number 3")))
    })
}

fn xy() -> Vec<Parameter> {
    vec![parameter("x", float(0.0, 1.0)), parameter("y", log(1e-3, 1e3)), parameter("only", choices(&["one"]))]
}

fn small(count: u32, value: impl Fn(u32, &Params, f64) -> f64) -> Scene {
    drawn("small", xy(), count, value)
}

type Named = (&'static str, fn() -> Scene);

/// Every sweep that is drawn in the tests.
pub const ALL: [Named; 20] = [
    ("resnet", resnet),
    ("large", large),
    ("many-parameters", many_parameters),
    ("categories", categories),
    ("no-trial", || small(0, |_, _, noise| noise)),
    ("one-trial", || small(1, |_, _, noise| noise)),
    ("two-trials", || small(2, |_, _, noise| noise)),
    ("constant", || small(25, |_, _, _| 0.3)),
    ("zero", || small(25, |_, _, _| 0.0)),
    ("nan", || small(25, |index, _, noise| if index % 3 == 0 { f64::NAN } else { noise })),
    ("infinite", || small(25, |index, _, noise| if index % 3 == 0 { f64::NEG_INFINITY } else { noise })),
    ("all-failed", || with_states(small(25, |_, _, noise| noise), |_| TrialState::Failed)),
    ("all-running", || with_states(small(5, |_, _, noise| noise), |_| TrialState::Running)),
    ("huge", || small(40, |_, _, noise| (noise - 0.5) * 3e300)),
    ("widest", || small(40, |index, _, _| if index % 2 == 0 { f64::MIN } else { f64::MAX })),
    ("tiny", || small(40, |_, _, noise| noise * 3e-9)),
    ("subnormal", || small(40, |_, _, noise| noise * 1e-310)),
    ("close", || small(40, |_, _, noise| 1e9 + noise * 1e-3)),
    ("outliers", || small(60, |index, params, _| if index % 20 == 7 { 1e8 } else { number(params, "x") })),
    ("no-parameter", || drawn("single", vec![parameter("only", choices(&["one"]))], 5, |_, _, noise| noise)),
];
