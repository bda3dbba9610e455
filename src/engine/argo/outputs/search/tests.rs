use proptest::prelude::*;

use super::*;
use crate::domain::tuning::SearchOutputs;

fn contract() -> SearchContract {
    SearchContract {
        outputs: SearchOutputs {
            best_parameters: "best-params".into(),
            objective: "best-value".into(),
            trials: "trials".into(),
        },
        metric: "loss".parse().unwrap(),
    }
}

fn found(parameters: &[(&str, &str)]) -> Result<Vec<SearchedTrial>, String> {
    trials(&contract(), &parameters.iter().copied().collect())
}

fn shown(parameters: &[(&str, &str)]) -> String {
    let line = |trial: SearchedTrial| {
        let (params, metrics) = (serde_json::to_string(&trial.params), serde_json::to_string(&trial.metrics));
        format!("{} {} {}", trial.state.name(), params.unwrap(), metrics.unwrap())
    };
    match found(parameters) {
        Ok(trials) => trials.into_iter().map(line).collect::<Vec<_>>().join("\n"),
        Err(problem) => problem,
    }
}

#[test]
fn without_a_table_the_best_is_the_only_trial() {
    let best = [("best-params", r#"{"lr": 0.01, "optimizer": "adam", "nesterov": true}"#), ("best-value", "0.2\n")];
    insta::assert_snapshot!(shown(&best), @r#"complete {"lr":0.01,"nesterov":true,"optimizer":"adam"} {"loss":0.2}"#);
    assert_eq!(shown(&[best[0], best[1], ("trials", " ")]), shown(&best));
    assert_eq!(shown(&[best[0], best[1], ("trials", "[]")]), shown(&best));
}

#[test]
fn a_table_is_taken_as_it_stands() {
    let table = r#"[
        {"params": {"lr": 0.1}, "metrics": {"loss": 0.5, "acc": 0.8}, "state": "complete"},
        {"number": 1, "params": {"lr": 0.01}, "value": 0.2, "state": "COMPLETE"},
        {"params": {"lr": 0.3}, "metrics": {"loss": 3.0}, "state": "PRUNED"},
        {"params": {"lr": 1.0}, "value": null, "state": "FAIL"},
        {"params": {"lr": 2.0}, "state": "RUNNING"},
        {"params": {"lr": 5}, "value": NaN},
        {"params": {"lr": 7}, "metrics": {"acc": 0.1}},
        {"params": {"lr": 8}, "value": 1}
    ]"#;
    insta::assert_snapshot!(shown(&[("trials", table)]), @r#"
    complete {"lr":0.1} {"acc":0.8,"loss":0.5}
    complete {"lr":0.01} {"loss":0.2}
    pruned {"lr":0.3} {}
    failed {"lr":1.0} {}
    failed {"lr":5} {}
    failed {"lr":7} {}
    complete {"lr":8} {"loss":1.0}
    "#);
    assert_eq!(shown(&[("trials", table), ("best-params", r#"{"lr": 0.01}"#)]), shown(&[("trials", table)]));
}

#[test]
fn the_best_is_added_to_a_table_without_it() {
    let table = r#"[{"params": {"lr": 1}, "value": 0.5}, {"params": {"lr": 2}, "state": "pruned"}]"#;
    let with_best = |best: &str| shown(&[("trials", table), ("best-params", best), ("best-value", "0.2")]);
    insta::assert_snapshot!(with_best(r#"{"lr": 3}"#), @r#"
    complete {"lr":1} {"loss":0.5}
    pruned {"lr":2} {}
    complete {"lr":3} {"loss":0.2}
    "#);
    insta::assert_snapshot!(with_best(r#"{"lr": 2}"#), @r#"
    complete {"lr":1} {"loss":0.5}
    pruned {"lr":2} {}
    complete {"lr":2} {"loss":0.2}
    "#);
    insta::assert_snapshot!(with_best(r#"{"lr": 1.0}"#), @r#"
    complete {"lr":1} {"loss":0.5}
    pruned {"lr":2} {}
    "#);
}

#[test]
fn what_is_missing_or_wrong_is_named_with_the_form_it_should_have() {
    let best = ("best-params", r#"{"lr": 0.01}"#);
    let cases: [&[(&str, &str)]; 13] = [
        &[],
        &[("best-params", "lr=0.01")],
        &[("best-params", "[0.01]")],
        &[("best-params", r#"{"lr": [1]}"#)],
        &[("best-params", r#"{"learning rate": 1}"#)],
        &[best],
        &[best, ("best-value", "about 0.2")],
        &[best, ("best-value", "nan")],
        &[("trials", r#"[{"params": {"lr": 1}"#)],
        &[("trials", r#"{"0": {"params": {"lr": 1}}}"#)],
        &[("trials", r#"[{"params": {"lr": 1}, "value": 1}, 7]"#)],
        &[("trials", r#"[{"lr": 1, "value": 1}]"#)],
        &[("trials", r#"[{"params": {"lr": {}}, "value": 1}, {"params": {}, "state": 3}]"#)],
    ];
    insta::assert_snapshot!(cases.map(shown).join("\n"), @r#"
    the workflow ended well but has no output parameter `best-params`: it should hold a JSON object of the best parameters, like {"lr": 0.01}
    the workflow's output parameter `best-params` is not JSON (expected value at line 1 column 1): it should hold a JSON object of the best parameters, like {"lr": 0.01}
    the workflow's output parameter `best-params` is `[0.01]`, which is no JSON object: it should hold a JSON object of the best parameters, like {"lr": 0.01}
    the workflow's output parameter `best-params` has for `lr` neither a number nor a text nor a boolean: it should hold a JSON object of the best parameters, like {"lr": 0.01}
    the workflow's output parameter `best-params` has a bad name (`learning rate` is not a valid parameter name: use 1 to 60 of letters, digits, _ . and -, beginning with a letter): it should hold a JSON object of the best parameters, like {"lr": 0.01}
    the workflow ended well but has no output parameter `best-value`: it should hold the value of loss with the best parameters, like 0.25
    the workflow's output parameter `best-value` is `about 0.2`, which is no number: it should hold the value of loss with the best parameters, like 0.25
    the workflow's output parameter `best-value` is `nan`, which is no number: it should hold the value of loss with the best parameters, like 0.25
    the workflow's output parameter `trials` is not JSON (EOF while parsing an object at line 1 column 21): it should hold a JSON list, like [{"params": {"lr": 0.01}, "metrics": {"loss": 0.2}}]
    the workflow's output parameter `trials` is `{"0": {"params": {"lr": 1}}}`, which is no JSON list: it should hold a JSON list, like [{"params": {"lr": 0.01}, "metrics": {"loss": 0.2}}]
    the workflow's output parameter `trials` is wrong in row 2, which is no object: it should hold a JSON list, like [{"params": {"lr": 0.01}, "metrics": {"loss": 0.2}}]
    the workflow's output parameter `trials` is wrong in row 1, which has no object `params`: it should hold a JSON list, like [{"params": {"lr": 0.01}, "metrics": {"loss": 0.2}}]
    the workflow's output parameter `trials` is wrong in row 1, which in `params` has for `lr` neither a number nor a text nor a boolean: it should hold a JSON list, like [{"params": {"lr": 0.01}, "metrics": {"loss": 0.2}}]
    "#);
    insta::assert_snapshot!(shown(&[("trials", r#"[{"params": {}, "state": "odd"}]"#)]), @r#"the workflow's output parameter `trials` is wrong in row 1, which has the `state` "odd", not `complete`, `pruned` or `failed`: it should hold a JSON list, like [{"params": {"lr": 0.01}, "metrics": {"loss": 0.2}}]"#);
}

#[test]
fn a_table_has_an_end() {
    let table = |rows: usize| format!("[{}]", vec![r#"{"params":{},"value":1}"#; rows].join(","));
    assert_eq!(found(&[("trials", &table(MAX_ROWS))]).unwrap().len(), MAX_ROWS);
    insta::assert_snapshot!(shown(&[("trials", &table(MAX_ROWS + 1))]), @r#"the workflow's output parameter `trials` has 10001 rows, more than the 10000 that a sweep may have: it should hold a JSON list, like [{"params": {"lr": 0.01}, "metrics": {"loss": 0.2}}]"#);
}

proptest! {
    #[test]
    fn whatever_a_workflow_says_there_is_a_trial_or_a_problem(
        table in r#"\[(\{("params"|"value"|"state"|"metrics"|"lr"|:|,|\{|\}|\[|\]|1|0\.5|NaN|null|"FAIL"){0,12}\},?){0,3}\]|.{0,30}"#,
        best in r#"\{("lr"|:|1|,|"x"|NaN|null|true){0,6}\}|.{0,20}"#,
        value in "[0-9.e-]{0,6}|.{0,10}",
    ) {
        if let Ok(trials) = found(&[("trials", &table), ("best-params", &best), ("best-value", &value)]) {
            prop_assert!(!trials.is_empty());
            let metric = contract().metric;
            for trial in trials {
                let has_value = trial.metrics.get(&metric).is_some_and(f64::is_finite);
                prop_assert!(trial.state.is_finished() && has_value == (trial.state == TrialState::Complete));
            }
        }
    }

    #[test]
    fn a_table_comes_back_row_by_row(rows in prop::collection::vec((0u32..1000, -1e6..1e6f64), 1..50)) {
        let json: Vec<Json> = rows
            .iter()
            .map(|(lr, loss)| serde_json::json!({ "params": { "lr": lr }, "metrics": { "loss": loss } }))
            .collect();
        let trials = found(&[("trials", &Json::from(json).to_string())]).unwrap();
        prop_assert_eq!(trials.len(), rows.len());
        for (trial, (lr, loss)) in trials.iter().zip(&rows) {
            prop_assert_eq!(trial.params.get(&"lr".parse().unwrap()), Some(&Value::Int((*lr).into())));
            prop_assert_eq!(trial.metrics.get(&"loss".parse().unwrap()), Some(*loss));
        }
    }
}
