//! What a sweep is after a file has carried it.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;

/// Texts that a spreadsheet, a separator or a reader of numbers might fall for, beside plain ones.
fn space() -> Space {
    let risky = [
        "=1+1",
        "+a",
        "-b",
        "@c",
        "'quoted'",
        "a,b",
        "say \"x\"",
        "two\r\nlines",
        "",
        " padded ",
        "nul\u{e9}",
        "-1e5x",
    ];
    let when = Some(Condition { parameter: "text".parse().unwrap(), one_of: vec![text("=1+1"), text("")] });
    Space::new(vec![
        parameter("lr", float(1e-300, 1e300, true, None)),
        parameter("shift", float(-3.0, 3.0, false, None)),
        parameter("grid", float(-0.7, 0.9, false, Some(0.1))),
        parameter("many", int(-(1 << 50), 1 << 50, 3)),
        parameter("text", choices(risky.map(text).to_vec())),
        parameter("mixed", choices(vec![Value::Null, Value::Bool(true), Value::Int(-1), Value::Float(0.1), text("x")])),
        Parameter { when, ..parameter("only", int(0, 9, 1)) },
    ])
    .unwrap()
}

fn tuning() -> Tuning {
    let latency = objective("latency.ms", Direction::Maximize);
    let objectives = Objectives::new(objective("loss", Direction::Minimize), vec![latency]);
    Tuning { space: space(), objectives, ..tuning::fixture() }
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("finite", |x| x.is_finite()),
        Just(0.0),
        Just(-0.0),
        Just(0.1),
        Just(f64::MIN_POSITIVE)
    ]
}

/// Microseconds, as Optuna has them.
fn instant() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000_000_000).prop_map(|micros| Timestamp::from_microsecond(micros).unwrap())
}

fn trial() -> impl Strategy<Value = Trial> {
    let values = (number(), number(), proptest::option::of(number()));
    let steps = proptest::collection::btree_map(0_u64..1 << 40, number(), 0..4);
    let times = (proptest::option::of(instant()), instant());
    (0..3_u8, values, steps, times, "[ -~\u{e9}\n]{0,12}").prop_map(|(state, values, steps, (start, end), reason)| {
        let state = [TrialState::Complete, TrialState::Pruned, TrialState::Failed][usize::from(state)];
        let metrics = [("loss", Some(values.0)), ("latency.ms", Some(values.1)), ("other", values.2)];
        let metrics = metrics.into_iter().filter_map(|(name, value)| Some((name.parse().unwrap(), value?)));
        Trial {
            state,
            metrics: if state == TrialState::Complete { metrics.collect() } else { Metrics::default() },
            steps: steps.into_iter().collect(),
            started_at: start,
            ended_at: Some(end),
            reason: (state == TrialState::Failed).then_some(reason),
            ..Trial::proposed(0, Params::default(), start.unwrap_or(end))
        }
    })
}

fn params() -> impl Strategy<Value = Params> {
    let numbers = (1e-300..1e300, -3.0..3.0, 0..17_i32, 0_i64..(1 << 51) / 3);
    (numbers, 0..12_usize, 0..5_usize, 0..10_i64).prop_map(|((lr, shift, step, many), chosen, mixed, only)| {
        let pick = |name: &str, index: usize| match &space().get(&name.parse().unwrap()).unwrap().domain {
            Domain::Categorical { choices } => choices[index].clone(),
            _ => panic!("{name} has no choices"),
        };
        let text = pick("text", chosen);
        let only = matches!(&text, Value::Text(text) if text.is_empty() || text == "=1+1").then_some(Value::Int(only));
        let all = [
            ("lr", Some(Value::Float(lr))),
            ("shift", Some(Value::Float(shift))),
            ("grid", Some(Value::Float((-0.7 + f64::from(step.min(16)) * 0.1).min(0.9)))),
            ("many", Some(Value::Int(-(1 << 50) + 3 * many))),
            ("text", Some(text)),
            ("mixed", Some(pick("mixed", mixed))),
            ("only", only),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name.parse().unwrap(), value?))).collect()
    })
}

fn trials() -> impl Strategy<Value = Vec<Trial>> {
    proptest::collection::vec((trial(), params()), 1..12).prop_map(|trials| {
        (0..).zip(trials).map(|(number, (trial, params))| Trial { number, params, ..trial }).collect()
    })
}

fn check(cases: u32, test: impl Fn(Vec<Trial>) -> Result<(), TestCaseError>) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner.run(&trials(), test).unwrap();
}

fn back(study: &Study) -> Vec<Trial> {
    let fitted = fit(study, &tuning(), NOW).unwrap();
    assert_eq!(fitted.refused, []);
    fitted.trials
}

#[test]
fn json_lines_lose_nothing() {
    let sweep = sweep_of(tuning());
    check(64, |trials| {
        let text = jsonl::write(Exported { sweep: &sweep, trials: &trials }).unwrap();
        let study = jsonl::read(&text).unwrap();
        prop_assert_eq!(&study.name, sweep.id.as_str());
        prop_assert_eq!(back(&study), trials);
        Ok(())
    });
}

#[test]
fn a_table_loses_nothing_but_the_steps() {
    let sweep = sweep_of(tuning());
    check(64, |trials| {
        let table = csv::write(Exported { sweep: &sweep, trials: &trials });
        let expected: Vec<Trial> = trials.into_iter().map(|trial| Trial { steps: Vec::new(), ..trial }).collect();
        prop_assert_eq!(back(&csv::read(&table).unwrap()), expected);
        Ok(())
    });
}

#[test]
fn a_storage_of_optuna_loses_nothing() {
    let sweep = sweep_of(tuning());
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let count = std::cell::Cell::new(0);
    check(12, |trials| {
        count.set(count.get() + 1);
        let path = folder.path().join(format!("{}.db", count.get()));
        runtime.block_on(optuna::write(&path, Exported { sweep: &sweep, trials: &trials })).unwrap();
        let study = runtime.block_on(optuna::read(&path, None, &jiff::tz::TimeZone::UTC)).unwrap();
        // It asks for an instant at which a trial began.
        let expected: Vec<Trial> =
            trials.into_iter().map(|trial| Trial { started_at: Some(trial.proposed_at), ..trial }).collect();
        prop_assert_eq!(back(&study), expected);
        Ok(())
    });
}

#[test]
fn text_that_a_spreadsheet_would_run_is_written_with_an_apostrophe_and_numbers_are_not() {
    let space = Space::new(vec![
        parameter("f", choices(vec![text("=cmd|' /C calc'!A0"), text("plain")])),
        parameter("x", float(-1.0, 1.0, false, None)),
    ]);
    let tuning = Tuning { space: space.unwrap(), ..tuning::fixture() };
    let params =
        |f: &str, x: f64| [("f", text(f)), ("x", Value::Float(x))].map(|(name, value)| (name.parse().unwrap(), value));
    let metrics: Metrics = [("loss".parse().unwrap(), -0.5)].into_iter().collect();
    let risky = Trial {
        state: TrialState::Complete,
        metrics,
        ended_at: Some(NOW),
        ..Trial::proposed(0, params("=cmd|' /C calc'!A0", -0.25).into_iter().collect(), NOW)
    };
    let failed = Trial {
        state: TrialState::Failed,
        reason: Some("-1 is not, \"good\"".into()),
        ended_at: Some(NOW),
        ..Trial::proposed(1, params("plain", 1e-7).into_iter().collect(), NOW)
    };
    let table = csv::write(Exported { sweep: &sweep_of(tuning), trials: &[risky, failed] });
    insta::assert_snapshot!(table.replace("\r\n", "\n"), @r#"
    number,state,metric_loss,param_f,param_x,started_at,ended_at,reason
    0,complete,-0.5,'=cmd|' /C calc'!A0,-0.25,,2026-09-21T14:13:20Z,
    1,failed,,plain,1e-7,,2026-09-21T14:13:20Z,"'-1 is not, ""good"""
    "#);
}

#[test]
fn json_lines_begin_with_what_they_belong_to() {
    let trial = Trial {
        state: TrialState::Pruned,
        steps: vec![(1, 0.5), (2, f64::NAN)],
        started_at: Some(NOW),
        ended_at: Some(NOW),
        ..Trial::proposed(0, [("x".parse().unwrap(), Value::Float(0.1))].into_iter().collect(), NOW)
    };
    let sweep = sweep_of(tuning::fixture());
    let text = jsonl::write(Exported { sweep: &sweep, trials: &[trial] }).unwrap();
    let text = text.replace(sweep.id.as_str(), "resnet-[id]");
    insta::assert_snapshot!(text, @r#"
    {"tunebot_trials":1,"sweep":"resnet-[id]","tuning":"resnet","objectives":[{"metric":"loss","direction":"minimize","goal":null}],"space":[{"name":"x","type":"float","low":0.0,"high":1.0,"log":false,"step":null}],"sampler":"random","seed":7,"code":null,"created_at":"1970-01-01T00:00:00Z"}
    {"number":0,"state":"pruned","params":{"x":0.1},"metrics":{},"steps":[[1,0.5],[2,null]],"started_at":"2026-09-21T14:13:20Z","ended_at":"2026-09-21T14:13:20Z"}
    "#);
}
