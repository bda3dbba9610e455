//! Sweeps to and from files, as people do it in a terminal.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::scene::{mask, mask_ids, printed};
use crate::support::Answer;
use crate::support::config::{ConfigFolder, Tuning};
use crate::support::server::{Tunebot, run};

/// The tuning whose trials are in the fixture of Optuna.
fn vision() -> Tuning {
    Tuning::quadratic().set(
        "/space",
        json!({
            "lr": {"type": "float", "low": 1e-5, "high": 1e-1, "log": true},
            "layers": {"type": "int", "low": 1, "high": 8},
            "batch": {"type": "int", "low": 16, "high": 512, "step": 16},
            "drop": {"type": "float", "low": 0.0, "high": 0.5, "step": 0.1},
            "optimizer": {"type": "categorical", "choices": ["adam", "sgd"]},
            "momentum": {"type": "float", "low": 0.0, "high": 0.99, "when": {"optimizer": "sgd"}},
            "bias": {"type": "bool"},
            "norm": {"type": "categorical", "choices": [null, 1, 2.5, "layer"]},
        }),
    )
}

fn config() -> ConfigFolder {
    ConfigFolder::new()
        .tuning("vision", vision())
        .set("/tunings/vision/command", json!(["true"]))
        .tuning("quadratic", Tuning::quadratic())
        .set("/server/log/filter", "warn")
}

/// A storage as Optuna made it.
async fn storage(config: &ConfigFolder) -> PathBuf {
    let path = config.root().join("studies.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true).foreign_keys(false);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(include_str!("../../fixtures/optuna/5.sql")).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    path
}

async fn say(config: &ConfigFolder, arguments: &[&str]) -> String {
    let printed = printed(config, &run(config, arguments).await);
    // The ids of sweeps of the terminal come from the time of day.
    mask_ids(&printed, "quadratic")
}

async fn import(config: &ConfigFolder, arguments: &[&str]) -> String {
    let path = config.root().join("studies.db");
    say(config, &[&["import", path.to_str().unwrap(), "--tuning", "vision"], arguments].concat()).await
}

#[tokio::test]
async fn a_study_of_optuna_becomes_a_sweep_once() {
    let config = config();
    storage(&config).await;
    insta::assert_snapshot!(import(&config, &[]).await, @"
    exit code 1
    tunebot: [folder]/studies.db was not imported: it has several studies, name one with --study: `vision`, `two`
    ");
    insta::assert_snapshot!(import(&config, &["--study", "two"]).await, @"
    exit code 1
    tunebot: [folder]/studies.db was not imported: the number of its objectives is 2, that of the tuning vision is 1: import it into a tuning with as many
    ");
    insta::assert_snapshot!(import(&config, &["--study", "vision", "--dry-run"]).await, @"
    exit code 0
    note: the constraints of one trial are left out: only values are taken over
    refused: trial 4: its loss is inf, not a finite number
    refused: trial 5: it has not ended
    5 trials would become a finished sweep of vision in [folder]/store/tunebot.db; nothing was written
    ");
    insta::assert_snapshot!(say(&config, &["status"]).await, @"
    exit code 1
    tunebot: [folder]/store/tunebot.db cannot be read: there is no store at [folder]/store/tunebot.db; `tunebot serve` and `tunebot run` make one
    ");
    insta::assert_snapshot!(import(&config, &["--study", "vision"]).await, @"
    exit code 0
    note: the constraints of one trial are left out: only values are taken over
    refused: trial 4: its loss is inf, not a finite number
    refused: trial 5: it has not ended
    5 trials imported as vision-cwda82. Look at it: tunebot status vision-cwda82
    ");
    insta::assert_snapshot!(import(&config, &["--study", "vision"]).await, @"
    exit code 0
    note: the constraints of one trial are left out: only values are taken over
    refused: trial 4: its loss is inf, not a finite number
    refused: trial 5: it has not ended
    this was imported already, as vision-cwda82: nothing was written
    ");
    insta::assert_snapshot!(say(&config, &["best", "vision"]).await, @"
    exit code 0
    vision-cwda82  2 at a time, random search, seed 7
      [################] 5/5  best loss 0.125 (trial 1)
      batch      64
      bias       true
      drop       0.3
      layers     3
      lr         0.031623
      momentum   0.9
      norm       2.5
      optimizer  sgd
    ");
    insta::assert_snapshot!(say(&config, &["explain"]).await, @"
    exit code 0
    1  [instant]  done  import of studies.db into vision
    ");
    insta::assert_snapshot!(say(&config, &["explain", "1"]).await, @"
    exit code 0
    1  [instant]  done  import of studies.db into vision
      import: started (vision-cwda82): 5 of studies.db taken over, 2 refused
    ");
}

#[tokio::test]
async fn a_sweep_goes_through_every_format_and_comes_back() {
    let config = config();
    storage(&config).await;
    import(&config, &["--study", "vision"]).await;
    let listed = say(&config, &["status"]).await;
    let id = listed.split_whitespace().find(|word| word.starts_with("vision-")).unwrap().to_owned();
    let lines = say(&config, &["export", &id, "--format", "jsonl"]).await;
    for (format, file) in [("optuna", "out.db"), ("csv", "out.csv"), ("jsonl", "out.jsonl")] {
        let path = config.root().join(file);
        let said = say(&config, &["export", &id, "--format", format, "--out", path.to_str().unwrap()]).await;
        assert!(said.contains(&format!("[folder]/{file}: 5 trials of {id}")), "{said}");
        let store = config.root().join(format!("{format}.db"));
        let store = store.to_str().unwrap();
        let said = say(&config, &["import", path.to_str().unwrap(), "--tuning", "vision", "--store", store]).await;
        let again =
            said.split_whitespace().find(|word| word.starts_with("vision-")).unwrap_or_else(|| panic!("{said}"));
        let again = again.trim_end_matches('.');
        let back = say(&config, &["export", again, "--format", "jsonl", "--store", store]).await;
        let trials = |text: &str| {
            let trials: Vec<Value> = text.lines().skip(2).map(|line| serde_json::from_str(line).unwrap()).collect();
            trials
                .into_iter()
                .map(|mut trial| {
                    // A table has no steps.
                    if format == "csv" {
                        trial.as_object_mut().unwrap().remove("steps");
                    }
                    trial
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(trials(&back), trials(&lines), "{format}");
        let said = say(&config, &["export", &id, "--format", format, "--out", path.to_str().unwrap()]).await;
        assert!(said.contains("name another file with --out, or remove it"), "{said}");
    }
}

#[tokio::test]
async fn what_cannot_be_exported_or_imported_says_what_to_do() {
    let config = config();
    storage(&config).await;
    std::fs::write(config.root().join("empty.csv"), "").unwrap();
    std::fs::write(config.root().join("bad.csv"), "param_x,metric_loss\n7,0.5\n8,low\n").unwrap();
    std::fs::write(config.root().join("far.csv"), "param_x,metric_loss\n7,0.5\n8,0.25\n").unwrap();
    let file = |name: &str| config.root().join(name).to_str().unwrap().to_owned();
    insta::assert_snapshot!(say(&config, &["import", &file("none.csv"), "--tuning", "quadratic"]).await, @"
    exit code 1
    tunebot: [folder]/none.csv was not imported: it cannot be opened: No such file or directory (os error 2)
    ");
    insta::assert_snapshot!(say(&config, &["import", &file("empty.csv"), "--tuning", "quadratic"]).await, @"
    exit code 1
    tunebot: [folder]/empty.csv was not imported: line 1: the first row names no parameter: write columns like number, state, metric_loss, param_lr
    ");
    insta::assert_snapshot!(say(&config, &["import", &file("bad.csv"), "--tuning", "quadratic"]).await, @"
    exit code 1
    tunebot: [folder]/bad.csv was not imported: line 3: low is not a number
    ");
    insta::assert_snapshot!(say(&config, &["import", &file("far.csv"), "--tuning", "quadratic"]).await, @"
    exit code 1
    refused: trial 0: x: 7 is not in 0..1
    refused: trial 1: x: 8 is not in 0..1
    tunebot: none of the 2 trials of [folder]/far.csv fits the tuning quadratic: nothing was written
    ");
    insta::assert_snapshot!(say(&config, &["import", &file("far.csv"), "--tuning", "cubic"]).await, @"
    exit code 1
    tunebot: there is no tuning cubic in the configuration: it has quadratic, vision
    ");
    insta::assert_snapshot!(say(&config, &["status"]).await, @"
    exit code 1
    tunebot: [folder]/store/tunebot.db cannot be read: there is no store at [folder]/store/tunebot.db; `tunebot serve` and `tunebot run` make one
    ");
    import(&config, &["--study", "vision"]).await;
    insta::assert_snapshot!(say(&config, &["export", "vision-zzzzzz", "--format", "csv"]).await, @"
    exit code 1
    tunebot: there is no sweep vision-zzzzzz in this store: `tunebot status` lists them
    ");
    insta::assert_snapshot!(say(&config, &["export", "vision-zzzzzz", "--format", "optuna"]).await, @"
    exit code 1
    tunebot: there is no sweep vision-zzzzzz in this store: `tunebot status` lists them
    ");
}

#[tokio::test]
async fn an_import_beside_a_running_server_warms_its_next_sweep() {
    let tuning = Tuning::quadratic().set("/search/sampler", "tpe").set("/search/warm_start", true);
    let config = ConfigFolder::new().tuning("quadratic", tuning);
    let rows: String =
        (0..20).map(|x| format!("{},{}\n", f64::from(x) / 20.0, (f64::from(x) / 20.0 - 0.3).powi(2))).collect();
    let table = config.root().join("old.csv");
    std::fs::write(&table, format!("param_x,metric_loss\n{rows}")).unwrap();
    let tunebot = Tunebot::start(config).await;
    let output = tunebot.run(&["import", table.to_str().unwrap(), "--tuning", "quadratic"]).await;
    let said = mask_ids(&printed(tunebot.config(), &output), "quadratic");
    insta::assert_snapshot!(said, @"
    exit code 0
    20 trials imported as quadratic-[id]. Look at it: tunebot status quadratic-[id]
    ");
    let asked = json!({"command": "quadratic trials=3"});
    let answer = tunebot.post("/api/v1/sweeps", &asked).await;
    assert!(matches!(answer.status, 200..=202), "{answer:?}");
    let event = answer.json()["event"].as_u64().unwrap();
    let decided = tunebot
        .wait_for("the decision", &format!("/api/v1/events/{event}"), |answer| {
            Some(answer.json()).filter(|event| event["state"] == "done")
        })
        .await;
    assert!(decided.to_string().contains("starts from 20 trials of 1 earlier sweep"), "{decided}");
    // The sweep is there from the decision on, what there is to say of it from its first step.
    let id = decided["decisions"][0]["sweep"].as_str().expect("the sweep that was started").to_owned();
    let running = |answer: &Answer| (answer.json()["state"] != "queued").then_some(());
    tunebot.wait_for("the first step", &format!("/api/v1/sweeps/{id}"), running).await;
    let status = tunebot.run(&["status"]).await;
    let status = mask(&String::from_utf8_lossy(&status.stdout));
    assert!(status.contains("starts from 20 trials of 1 earlier sweep"), "{status}");
}

/// The Python of `TUNEBOT_TEST_PYTHON`, if it has Optuna.
fn python() -> Option<std::process::Command> {
    let python = std::env::var_os("TUNEBOT_TEST_PYTHON")?;
    let mut import = std::process::Command::new(&python);
    let found = import.args(["-c", "import optuna"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success()).then(|| {
        let mut command = std::process::Command::new(python);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/optuna/storage.py"));
        command.env("TZ", "UTC").env("PYTHONDONTWRITEBYTECODE", "1");
        command
    })
}

#[tokio::test]
async fn optuna_opens_what_is_exported_and_its_studies_are_imported() {
    let Some(mut make) = python() else {
        eprintln!("SKIPPED: TUNEBOT_TEST_PYTHON names no Python that has Optuna");
        return;
    };
    let config = config();
    let path = config.root().join("studies.db");
    assert!(make.arg("make").arg(&path).status().unwrap().success());
    let said = import(&config, &["--study", "vision"]).await;
    let id = said.split_whitespace().find(|word| word.starts_with("vision-")).unwrap().trim_end_matches('.').to_owned();
    let out = config.root().join("out.db");
    say(&config, &["export", &id, "--format", "optuna", "--out", out.to_str().unwrap()]).await;
    let shown = |path: &PathBuf, name: &str| -> Value {
        let output = python().unwrap().arg("show").arg(path).arg(name).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let (original, exported) = (shown(&path, "vision"), shown(&out, &id));
    assert_eq!((&exported["directions"], &exported["metrics"]), (&json!(["MINIMIZE"]), &json!(["loss"])));
    assert_eq!((&exported["best"], &exported["next"]), (&json!(1), &json!(5)));
    // Trials 4 and 5 were refused: an infinite value, and one that had not ended.
    let kept = [0, 1, 2, 3, 6].map(|number: usize| original["trials"][number].clone());
    for (index, (mut was, is)) in kept.into_iter().zip(exported["trials"].as_array().unwrap()).enumerate() {
        was["number"] = json!(index);
        // The value of a pruned trial is that of its last step, which is there.
        if was["state"] == "PRUNED" {
            was["values"] = Value::Null;
        }
        was["user"] = if index == 3 { json!({"reason": "out of memory"}) } else { json!({}) };
        assert_eq!(was, *is, "trial {index}");
    }
}
