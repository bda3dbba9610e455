use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::Connection;

use super::*;
use crate::domain::event::{EventKind, Given};
use crate::domain::params::{Domain, Parameter, Space, Value as Choice};
use crate::domain::tuning::{self, Tuning};
use crate::ingress::slack::{Interaction, Submission, read_command};

fn parameter(name: &str, domain: Domain) -> Parameter {
    Parameter { name: name.parse().unwrap(), domain, when: None }
}

fn rules() -> Rules {
    let optimizer = ["adam", "sgd", "lion"].map(|name| Choice::Text(name.into()));
    let space = Space::new(vec![
        parameter("lr", Domain::Float { low: 1e-5, high: 0.1, log: true, step: None }),
        parameter("optimizer", Domain::Categorical { choices: optimizer.into() }),
    ]);
    let tuning = Tuning { name: "resnet".parse().unwrap(), space: space.unwrap(), ..tuning::fixture() };
    Rules { tunings: BTreeMap::from([(tuning.name.clone(), Arc::new(tuning))]), ..Rules::default() }
}

const MIKA: Asker<'_> = Asker::Slack { user: "U1", channel: "C1" };

fn said(fields: &[(&str, &[&str])]) -> Result<String, BTreeMap<String, String>> {
    let fields: Vec<(String, Vec<String>)> = fields
        .iter()
        .map(|(key, given)| (format!("field/{key}"), given.iter().map(|text| (*text).to_owned()).collect()))
        .collect();
    form::command(&rules(), &MIKA, "resnet", &fields)
}

#[test]
fn a_form_says_the_command_that_would_have_been_typed() {
    assert_eq!(said(&[]).unwrap(), "resnet");
    let filled: [(&str, &[&str]); 3] = [("lr", &["1e-4 .. 1e-2"]), ("optimizer", &["0", "2"]), ("trials", &["20"])];
    assert_eq!(said(&filled).unwrap(), "resnet \"lr=1e-4 .. 1e-2\" optimizer=adam|lion trials=20");
}

#[test]
fn every_wrong_field_is_told_what_is_wrong_with_it() {
    let wrong = said(&[("lr", &["5"]), ("timeout", &["soon"]), ("trials", &["20"])]).unwrap_err();
    insta::assert_debug_snapshot!(wrong, @r#"
    {
        "field/lr": "lr=5 is outside resnet's range 1e-5..0.1.",
        "field/timeout": "timeout=soon is not a duration from 1 second to 30 days. Write it like timeout=90m or timeout=1h30m.",
    }
    "#);
    let gone = form::command(&rules(), &MIKA, "vgg", &[]).unwrap_err();
    insta::assert_debug_snapshot!(gone, @r#"
    {
        "field/trials": "I don't know a tuning called vgg. /tune list shows the one there is.",
    }
    "#);
}

#[test]
fn a_form_asks_which_tuning_only_where_there_are_several() {
    let origin =
        || form::Origin { channel: "C1".into(), thread: None, response_url: String::new(), tuning: String::new() };
    let view = form::first(&rules(), &MIKA, "", origin()).unwrap();
    assert_eq!(view["submit"]["text"], "Start");
    let carried = form::Origin::read(view["private_metadata"].as_str().unwrap()).unwrap();
    assert_eq!((carried.channel.as_str(), carried.tuning.as_str()), ("C1", "resnet"));
    let mut two = rules();
    let other = Tuning { name: "wine".parse().unwrap(), ..tuning::fixture() };
    two.tunings.insert(other.name.clone(), Arc::new(other));
    assert!(form::first(&two, &MIKA, "", origin()).unwrap().get("submit").is_none());
    insta::assert_snapshot!(form::first(&two, &MIKA, "wines", origin()).unwrap_err(), @"I don't know a tuning called `wines`. Did you mean *wine*? `/tune list` shows all 2. Nothing was started.");
    insta::assert_snapshot!(form::first(&Rules::default(), &MIKA, "", origin()).unwrap_err(), @"There is no tuning in the configuration yet.");
}

async fn desk(patience: Duration) -> FrontDesk {
    desk_over(Store::in_memory().await.unwrap(), patience)
}

fn desk_over(store: Store, patience: Duration) -> FrontDesk {
    let config = crate::config::Config {
        server: crate::config::Server {
            listen: ([127, 0, 0, 1], 0).into(),
            public_url: "http://127.0.0.1:8080".parse().unwrap(),
            drain: jiff::SignedDuration::from_secs(1),
            log: crate::config::Log { format: crate::config::LogFormat::Text, filter: "info".into() },
            api_tokens: Vec::new(),
        },
        store: crate::config::StoreSettings {
            path: "unused.db".into(),
            keep_events: jiff::SignedDuration::from_hours(1),
            keep_trials: jiff::SignedDuration::from_hours(1),
        },
        github: None,
        slack: None,
        grafana: None,
        engines: BTreeMap::new(),
        rules: Arc::new(rules()),
    };
    let config = watch::channel(Arc::new(config)).1;
    FrontDesk::new(store, config, Arc::new(Metrics::new(Timestamp::UNIX_EPOCH, "0.0.0")), None, patience)
}

fn call(text: &str) -> Call {
    let payload = json!({"team_id": "T1", "channel_id": "C1", "user_id": "U1", "user_name": "mika", "text": text,
                         "trigger_id": "13.37", "response_url": ""});
    read_command(&payload, Timestamp::UNIX_EPOCH)
}

#[tokio::test]
async fn a_command_is_answered_in_time_however_slow_the_store_is_and_is_taken_in_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tunebot.db");
    let desk = desk_over(Store::open(&file).await.unwrap(), Duration::from_millis(50));
    // Somebody else writes, and takes the time that it needs.
    let mut other = sqlx::SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let Reply::Body(answer) = desk.command(call("resnet")).await.unwrap() else { panic!() };
    insta::assert_snapshot!(answer["text"].as_str().unwrap(), @"The store of tunebot is slow just now: your command is not taken in yet. As soon as it is, you will read here what was understood. If you read nothing within a minute, look at `/tune status` before you send it again.");
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    desk.close().await;
    assert_eq!(desk.store.recent_events(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_is_one_command() {
    let desk = desk(Duration::from_secs(60)).await;
    let origin = form::Origin {
        channel: "C1".into(),
        thread: Some("90.1".into()),
        response_url: String::new(),
        tuning: "resnet".into(),
    };
    let submission = Submission {
        view: "V1".into(),
        metadata: serde_json::to_string(&origin).unwrap(),
        team: "T1".into(),
        user: "U1".into(),
        user_name: "mika".into(),
        fields: vec![("field/trials".into(), vec!["3".into()])],
        received_at: Timestamp::UNIX_EPOCH,
    };
    for _ in 0..2 {
        assert_eq!(desk.interaction(Interaction::Submit(submission.clone())).await.unwrap(), Reply::Nothing);
    }
    let events = desk.store.recent_events(10).await.unwrap();
    let [only] = events.as_slice() else { panic!("{events:?}") };
    let EventKind::SlashCommand(command) = &only.event.kind else { panic!() };
    assert_eq!((command.text.as_str(), command.given), ("resnet trials=3", Given::Form));
    assert_eq!((command.thread.as_deref(), command.user_name.as_str()), (Some("90.1"), "mika"));
}
