//! Files that others have made.

use std::path::PathBuf;

use jiff::tz::{Offset, TimeZone};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::*;

/// A storage as Optuna made it.
async fn storage(folder: &tempfile::TempDir, change: impl Fn(&str) -> String) -> PathBuf {
    let path = folder.path().join("storage.db");
    let dump = change(include_str!("../../../tests/fixtures/optuna/5.sql"));
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true).foreign_keys(false);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(dump)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    path
}

async fn read(change: impl Fn(&str) -> String, study: Option<&str>) -> Result<Study, ExchangeError> {
    let folder = tempfile::tempdir().unwrap();
    let path = storage(&folder, change).await;
    optuna::read(&path, study, &TimeZone::fixed(Offset::constant(2))).await
}

fn values(params: &Params) -> String {
    let shown: Vec<String> = params.0.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    shown.join(" ")
}

#[tokio::test]
async fn a_study_of_optuna_becomes_trials_of_a_tuning() {
    let study = read(str::to_owned, Some("vision")).await.unwrap();
    assert_eq!((study.name.as_str(), &study.directions[..]), ("vision", &[Direction::Minimize][..]));
    let fitted = fit(&study, &vision(), NOW).unwrap();
    assert_eq!(refused(&fitted), ["4: its loss is inf, not a finite number", "5: it has not ended"]);
    assert_eq!(fitted.remarks, ["the constraints of one trial are left out: only values are taken over"]);
    let states: Vec<_> = fitted.trials.iter().map(|trial| (trial.number, trial.state)).collect();
    let expected =
        [TrialState::Complete, TrialState::Complete, TrialState::Pruned, TrialState::Failed, TrialState::Complete];
    assert_eq!(states, (0..).zip(expected).collect::<Vec<_>>());
    let trial = &fitted.trials[1];
    assert_eq!(
        values(&trial.params),
        "batch=Int(64) bias=Bool(true) drop=Float(0.3) layers=Int(3) lr=Float(0.03162277660168379) \
         momentum=Float(0.9) norm=Float(2.5) optimizer=Text(\"sgd\")"
    );
    assert_eq!(trial.metrics.get(&"loss".parse().unwrap()), Some(0.125));
    assert_eq!(trial.started_at.unwrap().to_string(), "2026-03-01T12:01:05.25Z");
    assert_eq!(trial.ended_at.unwrap().to_string(), "2026-03-01T12:01:45.25Z");
    assert_eq!(format!("{:?}", fitted.trials[2].steps), "[(1, 0.95), (2, NaN), (3, 0.9)]");
    assert_eq!(fitted.trials[2].params.get(&"norm".parse().unwrap()), Some(&Value::Int(1)));
    assert_eq!(fitted.trials[3].reason.as_deref(), Some("out of memory"));
}

#[tokio::test]
async fn instants_of_an_older_optuna_are_local() {
    let older = |dump: &str| dump.replace("'5.0.0'", "'4.9.0'");
    let study = read(older, Some("vision")).await.unwrap();
    assert_eq!(study.entries[1].started_at.unwrap().to_string(), "2026-03-01T10:01:05.25Z");
}

#[tokio::test]
async fn objectives_are_told_apart_by_their_names() {
    let study = read(str::to_owned, Some("two")).await.unwrap();
    let latency = objective("latency", Direction::Minimize);
    let objectives = Objectives::new(latency, vec![objective("accuracy", Direction::Maximize)]);
    let fitted = fit(&study, &Tuning { objectives, ..vision() }, NOW).unwrap();
    let value = |name: &str| fitted.trials[2].metrics.get(&name.parse().unwrap());
    assert_eq!((value("latency"), value("accuracy")), (Some(20.0), Some(0.8200000000000001)));
    let renamed = Objectives::new(objective("acc", Direction::Maximize), vec![objective("ms", Direction::Minimize)]);
    let fitted = fit(&study, &Tuning { objectives: renamed, ..vision() }, NOW).unwrap();
    assert_eq!(fitted.remarks, ["its accuracy, latency is taken for acc, ms, by order"]);
    assert_eq!(fitted.trials[2].metrics.get(&"acc".parse().unwrap()), Some(0.8200000000000001));
}

#[tokio::test]
async fn a_study_with_other_objectives_is_refused_as_a_whole() {
    let study = read(str::to_owned, Some("vision")).await.unwrap();
    let fault = |objectives| fit(&study, &Tuning { objectives, ..vision() }, NOW).unwrap_err().to_string();
    insta::assert_snapshot!(fault(Objectives::new(objective("acc", Direction::Maximize), Vec::new())), @"its objective 1 goes the other way than acc of the tuning resnet (Minimize instead of Maximize): its best trials would be taken for the worst");
    let two = Objectives::new(objective("loss", Direction::Minimize), vec![objective("ms", Direction::Minimize)]);
    insta::assert_snapshot!(fault(two), @"the number of its objectives is 1, that of the tuning resnet is 2: import it into a tuning with as many");
}

#[tokio::test]
async fn a_storage_with_several_studies_or_of_another_schema_says_what_to_do() {
    let fault = async |change: fn(&str) -> String, study| {
        let error = read(change, study).await.unwrap_err().to_string();
        let path = error.split_once("storage.db").map_or("", |(path, _)| path).to_owned();
        if path.is_empty() { error } else { error.replace(&path, "[folder]/").replace("[folder]/", "") }
    };
    insta::assert_snapshot!(fault(str::to_owned, None).await, @"it has several studies, name one with --study: `vision`, `two`");
    insta::assert_snapshot!(fault(str::to_owned, Some("visions")).await, @"there is no study `visions` in it: it has `vision`, `two`");
    insta::assert_snapshot!(fault(|dump| dump.replace("v3.2.0.a", "v2.6.0.a"), None).await, @"storage.db has the schema v2.6.0.a of an older Optuna: bring it up to date with `optuna storage upgrade --storage sqlite:///storage.db`, then try again");
    insta::assert_snapshot!(fault(|dump| dump.replace("v3.2.0.a", "v9.0.0.a"), None).await, @"storage.db is not a storage of Optuna: its revision v9.0.0.a is not known");
}

#[tokio::test]
async fn what_is_there_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = storage(&folder, str::to_owned).await;
    let sweep = sweep_of(vision());
    let error = optuna::write(&path, Exported { sweep: &sweep, trials: &[] }).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Exists { .. }), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
}

#[test]
fn a_data_frame_of_optuna_is_a_table_too() {
    let table = "number,value,datetime_start,datetime_complete,duration,params_lr,params_norm,params_layers,params_batch,\
                 params_drop,params_optimizer,params_bias,state\n\
                 0,0.25,2026-03-01 12:00:05.250000,2026-03-01 12:00:45.250000,0 days 00:00:40,0.001,None,3.0,64,0.3,adam,True,COMPLETE\n\
                 1,,2026-03-01 12:01:05,,,0.5,1,3,65,0.3,adam,False,FAIL\n";
    let study = csv::read(table).unwrap();
    // Python writes nothing as None, and so does not the tuning.
    let mut tuning = vision();
    let norm = choices(vec![text("None"), Value::Int(1)]);
    tuning.space = tuning.space.with_domain(&"norm".parse().unwrap(), norm).unwrap();
    let fitted = fit(&study, &tuning, NOW).unwrap();
    assert_eq!(refused(&fitted), ["1: batch: 65 is not in 16..512 (step 16); lr: 0.5 is not in 1e-5..0.1 (log)"]);
    assert_eq!(fitted.trials[0].started_at.unwrap().to_string(), "2026-03-01T12:00:05.25Z");
    assert_eq!(fitted.trials[0].params.get(&"layers".parse().unwrap()), Some(&Value::Int(3)));
    assert_eq!(fitted.trials[0].metrics.get(&"loss".parse().unwrap()), Some(0.25));
}

#[test]
fn lines_written_by_hand_are_trials() {
    let lines = "{\"params\": {\"x\": 0.5}, \"metrics\": {\"loss\": 1}}\n\n\
                 {\"params\": {\"x\": 2, \"y\": 1}, \"metrics\": {\"loss\": 1}}\n\
                 {\"params\": {}, \"metrics\": {\"loss\": 1}}\n\
                 {\"params\": {\"x\": 0.25}}\n\
                 {\"params\": {\"x\": 0.75}, \"state\": \"failed\"}\n";
    let fitted = fit(&jsonl::read(lines).unwrap(), &tuning::fixture(), NOW).unwrap();
    let all = ["1: y is not a parameter of the tuning", "2: x: has no value", "3: it has no value of loss"];
    assert_eq!(refused(&fitted), all);
    assert_eq!(fitted.trials.len(), 2);
    assert_eq!(fitted.trials[1].reason.as_deref(), Some("the file does not say why"));
    assert_eq!(fitted.trials[0].ended_at, Some(NOW));
}

#[test]
fn a_line_that_cannot_be_read_is_named() {
    let line = |text: &str| jsonl::read(text).unwrap_err().to_string();
    insta::assert_snapshot!(line("{\"params\": {}}\n{\"parms\": {}}"), @"line 2: it is not a trial: unknown field `parms`, expected one of `number`, `state`, `params`, `metrics`, `constraints`, `steps`, `started_at`, `ended_at`, `reason` at line 1 column 8");
    insta::assert_snapshot!(line("{\"params\": {}, \"state\": \"done\"}"), @"line 1: there is no state `done`: write complete, pruned, failed, running or waiting");
    let row = |text: &str| csv::read(text).unwrap_err().to_string();
    insta::assert_snapshot!(row("a,b\n1,2"), @"line 1: the first row names no parameter: write columns like number, state, metric_loss, param_lr");
    insta::assert_snapshot!(row("number,param_x\n1,2,3"), @"line 2: it has 3 cells and the first row 2");
    insta::assert_snapshot!(row("number,param_x\n\"1,2\n"), @"line 2: a quotation mark is not closed");
    insta::assert_snapshot!(row("number,metric_loss,param_x\n1,low,3"), @"line 2: low is not a number");
    insta::assert_snapshot!(row("number,param_x,ended_at\n1,2,yesterday"), @"line 2: yesterday is not an instant: write it like 2026-03-01T12:30:00Z");
}

#[test]
fn the_same_study_has_the_same_digest_and_another_has_another() {
    let read = |text: &str| csv::read(text).unwrap().digest();
    assert_eq!(read("param_x,metric_m\n1,2\n"), read("param_x,metric_m\r\n1,2\r\n"));
    assert_ne!(read("param_x,metric_m\n1,2\n"), read("param_x,metric_m\n1,3\n"));
    let digest = "04feeb65bd33e93d039515ca7d55371b1e8093cb879307a7ccbf5e61e9aca3c2";
    assert_eq!(read("param_x,metric_m\n1,2\n"), digest, "what was imported is known again by every version");
}
