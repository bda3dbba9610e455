//! Programs ask for sweeps with a bearer token, and trials report how far they are.

use serde_json::{Value, json};

use super::scene::{Scene, mask_ids, said};
use crate::support::config::Tuning;
use crate::support::{Answer, http_client};

/// Says where it would report, and waits to be let go with the loss that the test writes.
const REPORTING: &str = r#"
printf '%s %s' "$TUNEBOT_REPORT_URL" "$TUNEBOT_TOKEN" > "$JOURNAL.part$TUNEBOT_TRIAL"
mv "$JOURNAL.part$TUNEBOT_TRIAL" "$JOURNAL.reports$TUNEBOT_TRIAL"
while [ ! -e "$JOURNAL.loss$TUNEBOT_TRIAL" ]; do sleep 0.02; done
cat "$JOURNAL.loss$TUNEBOT_TRIAL" > "$TUNEBOT_RESULT"
"#;

/// Where a trial reports, and the token for it.
struct Reporter {
    url: String,
    token: String,
}

impl Reporter {
    /// Waits until the trial runs.
    async fn of(scene: &Scene, trial: u32) -> Self {
        let text = scene.tunebot.config().wait_for_file(&format!("journal.reports{trial}")).await;
        let (url, token) = text.split_once(' ').expect("an address and a token");
        Self { url: url.to_owned(), token: token.to_owned() }
    }

    async fn report(&self, json: &Value) -> Answer {
        report(&self.url, &self.token, json).await
    }
}

async fn report(url: &str, token: &str, json: &Value) -> Answer {
    let request = http_client().post(url).bearer_auth(token).json(json);
    Answer::read(request.send().await.expect("the server answers")).await
}

async fn finished(scene: &Scene) -> Value {
    let list = "/api/v1/sweeps?state=finished";
    let id = scene
        .tunebot
        .wait_for("a finished sweep", list, |answer| Some(answer.json()["sweeps"][0]["id"].as_str()?.to_owned()));
    let path = format!("/api/v1/sweeps/{}", id.await);
    scene.tunebot.get(&path).await.json()
}

#[tokio::test]
async fn a_program_asks_for_a_sweep_once_and_reads_its_report() {
    let scene = Scene::open(|config| config.tuning("quadratic", Tuning::quadratic())).await;
    let body = json!({"tuning": "quadratic", "parameters": {"trials": 4}, "idempotency_key": "build 17"});
    let first = scene.tunebot.post("/api/v1/sweeps", &body).await;
    let second = scene.tunebot.post("/api/v1/sweeps", &body).await;
    insta::assert_snapshot!(format!("{} {}\n{} {}", first.status, first.body, second.status, second.body), @r#"
    202 {"event":1,"outcome":"/api/v1/events/1","understood":"Starting *quadratic*: 4 trials, 2 at a time, random search, seed 7."}
    200 {"event":1,"outcome":"/api/v1/events/1","understood":"Starting *quadratic*: 4 trials, 2 at a time, random search, seed 7."}
    "#);
    let sweep = finished(&scene).await;
    assert_eq!(scene.tunebot.get("/api/v1/sweeps").await.json()["sweeps"].as_array().map(Vec::len), Some(1));
    let chart = format!("/api/v1/sweeps/{}/charts/history.svg", sweep["id"].as_str().expect("an id"));
    let chart = scene.tunebot.get(&chart).await;
    assert!(chart.status == 200 && chart.body.contains("best loss 0.009715 (trial 1)"), "{}", chart.body);
    let shown = json!({"asked_by": sweep["asked_by"], "best": sweep["report"]["top"][0],
                       "trials": sweep["trials"].as_array().map(Vec::len), "outcome": sweep["outcome"]});
    insta::assert_snapshot!(format!("{shown:#}"), @r#"
    {
      "asked_by": "API (ci)",
      "best": {
        "metrics": {
          "loss": 0.009715
        },
        "params": {
          "x": 0.20143316497562402
        },
        "trial": 1,
        "value": 0.009715
      },
      "outcome": {
        "outcome": "completed"
      },
      "trials": 4
    }
    "#);
}

#[tokio::test]
async fn calls_that_are_not_understood_are_told_what_to_send() {
    let scene = Scene::open(|config| config.tuning("quadratic", Tuning::quadratic())).await;
    let path = "/api/v1/sweeps";
    let bare = http_client().post(format!("{}{path}", scene.tunebot.url())).json(&json!({"command": "quadratic"}));
    let nobody = Answer::read(bare.send().await.expect("the server answers")).await;
    let wrong = report(&format!("{}{path}", scene.tunebot.url()), "a guess", &json!({"command": "quadratic"})).await;
    let mut answers = vec![nobody, wrong];
    for body in [
        json!({"tuning": "quadrtic"}),
        json!({"command": "quadratic x=7"}),
        json!({"command": "list"}),
        json!({"tunings": ["quadratic"]}),
        json!([]),
    ] {
        answers.push(scene.tunebot.post(path, &body).await);
    }
    answers.push(scene.tunebot.get("/api/v1/sweeps/quadratic-zzzzzz").await);
    answers.push(scene.tunebot.get("/api/v1/events/99").await);
    answers.push(scene.tunebot.get("/elsewhere").await);
    let answers: Vec<String> = answers.iter().map(said).collect();
    insta::assert_snapshot!(answers.join("\n"), @r#"
    401 Send the header `Authorization: Bearer TOKEN` with a token of server.api_tokens.
    401 The bearer token is none of server.api_tokens.
    422 I don't know a tuning called `quadrtic`. Did you mean *quadratic*? `/tune list` shows the one there is. Nothing was started.
    422 `x=7` is outside *quadratic*'s range 0..1. Nothing was started.
    422 Only sweeps are started here. GET /api/v1/sweeps lists them, POST /api/v1/sweeps/ID/stop stops one. Nothing was started.
    400 The body cannot be read: unknown field `tunings`, expected one of `command`, `tuning`, `parameters`, `idempotency_key` at line 1 column 10. Send JSON like {"tuning": "resnet", "parameters": {"trials": 40}} or {"command": "resnet trials=40"}.
    400 The body cannot be read: invalid length 0, expected a JSON object at line 1 column 2. Send JSON like {"tuning": "resnet", "parameters": {"trials": 40}} or {"command": "resnet trials=40"}.
    404 There is no sweep quadratic-zzzzzz. GET /api/v1/sweeps lists the newest.
    404 There is no event 99. Events that are done are forgotten after store.keep_events.
    404 There is nothing at /elsewhere. Webhooks go to /webhooks/github and /webhooks/slack/commands, the API is under /api/v1.
    "#);
    assert_eq!(scene.tunebot.config().started_attempts(), Vec::<String>::new());
}

#[tokio::test]
async fn a_trial_that_reports_poor_steps_is_told_to_stop() {
    let scene = Scene::open(|config| {
        let pruner = json!({"median": {"startup_trials": 1, "warmup_steps": 0}});
        let tuning = Tuning::running(REPORTING).trials(2).parallel(1).set("/search/pruner", pruner);
        config.tuning("quadratic", tuning)
    })
    .await;
    scene.tunebot.post("/api/v1/sweeps", &json!({"command": "quadratic"})).await;
    let good = Reporter::of(&scene, 0).await;
    let mut said = Vec::new();
    for step in 1..=3 {
        said.push(good.report(&json!({"step": step, "metrics": {"loss": 0.1}})).await);
    }
    std::fs::write(scene.tunebot.config().root().join("journal.loss0"), "{\"loss\": 0.1}\n").expect("a file");
    let poor = Reporter::of(&scene, 1).await;
    said.push(report(&good.url, &poor.token, &json!({"step": 4, "metrics": {"loss": 0.0}})).await);
    said.push(report(&poor.url, "a guess", &json!({"step": 1, "metrics": {"loss": 0.0}})).await);
    said.push(poor.report(&json!({"step": 1, "loss": 9.0})).await);
    said.push(poor.report(&json!({"step": 1, "metrics": {"loss": 9.0}})).await);
    let said: Vec<String> = said.iter().map(super::scene::said).collect();
    insta::assert_snapshot!(mask_ids(&said.join("\n"), "quadratic"), @r#"
    200 {"decision":"continue"}
    200 {"decision":"continue"}
    200 {"decision":"continue"}
    403 This token is good for quadratic-[id]-1-1 only. Report to TUNEBOT_REPORT_URL, unchanged.
    401 The token is not one that this server has given to a trial. Send TUNEBOT_TOKEN unchanged.
    400 The report cannot be read: unknown field `loss`, expected `step` or `metrics` at line 1 column 7. Send JSON like {"step": 3, "metrics": {"val_acc": 0.91}}; JSON has no NaN, so write null for it.
    200 {"decision":"stop"}
    "#);
    let sweep = finished(&scene).await;
    let states: Vec<_> = sweep["trials"].as_array().expect("trials").iter().map(|trial| &trial["state"]).collect();
    assert_eq!(states, ["complete", "pruned"]);
    scene.tunebot.nothing_is_left_running().await;
}
