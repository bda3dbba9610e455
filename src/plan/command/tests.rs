use std::sync::Arc;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;

mod access;
mod fixture;
mod replies;

use fixture::{resnet, rules};

fn ack(text: &str) -> String {
    acknowledge(&rules(), text, &Asker::Slack { user: "U1", channel: "C1" })
}

fn order(text: &str) -> Order {
    match parse(text).unwrap() {
        Command::Start { tuning, words } => resolve(&rules(), &tuning, &words).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn words_of(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(Command::Start { words, .. }) => words,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_command_is_read() {
    let id = || "resnet-k3f9q2".parse().unwrap();
    assert_eq!(parse("list").unwrap(), Command::List);
    assert_eq!(parse("STATUS").unwrap(), Command::Status { sweep: None });
    assert_eq!(parse("status resnet-k3f9q2").unwrap(), Command::Status { sweep: Some(id()) });
    assert_eq!(parse("best resnet").unwrap(), Command::Best { of: "resnet".into() });
    assert_eq!(parse("stop `resnet-k3f9q2`").unwrap(), Command::Stop { sweep: id() });
    assert_eq!(parse("rerun RESNET-k3f9q2.").unwrap(), Command::Rerun { sweep: id() });
    assert_eq!(parse("help").unwrap(), Command::Help { tuning: None });
    assert_eq!(parse("  ").unwrap(), Command::Help { tuning: None });
    assert_eq!(parse("/tune list").unwrap(), Command::List);
    let right = "resnet-aaaaaa".parse().unwrap();
    assert_eq!(parse("compare resnet-k3f9q2 resnet-aaaaaa").unwrap(), Command::Compare { left: id(), right });
}

#[test]
fn what_a_phone_or_a_chat_makes_of_a_line_is_taken_back() {
    assert_eq!(words_of("resnet   ref=“my branch”  lr=1e–4…1e−2"), ["ref=my branch", "lr=1e-4..1e-2"]);
    assert_eq!(words_of("resnet lr = 1e-4 .. 1e-2 optimizer = adam | sgd"), ["lr=1e-4..1e-2", "optimizer=adam|sgd"]);
    assert_eq!(words_of("resnet ref=<http://fix.io|fix.io>"), ["ref=fix.io"]);
    assert_eq!(words_of("resnet ref=a&amp;b &lt;x&gt; &amp;lt;"), ["ref=a&b", "<x>", "&lt;"]);
    assert_eq!(words_of("resnet\u{a0}trials=3\u{200b}"), ["trials=3"]);
    assert_eq!(words_of("resnet `lr=1e-3` don't"), ["lr=1e-3", "don't"]);
    assert_eq!(words_of("resnet <@U024|mika> <#C1|general> a<b"), ["@mika", "#general", "a<b"]);
}

#[test]
fn an_incomplete_command_is_told_how_it_is_written() {
    assert_snapshot!(parse("stop").unwrap_err(), @"Write `/tune stop SWEEP`.");
    assert_snapshot!(parse("compare resnet-k3f9q2").unwrap_err(), @"Write `/tune compare SWEEP SWEEP`.");
    assert_snapshot!(parse("stop it `now`").unwrap_err(), @"Write `/tune stop SWEEP`.");
    assert_snapshot!(parse("stop everything").unwrap_err(), @"`everything` is not a sweep: a sweep is named like `resnet-k3f9q2`. `/tune status` shows those that run.");
    assert_snapshot!(parse("lr=0.1").unwrap_err(), @"A command begins with a tuning, not with `lr=0.1`. Write `/tune TUNING [key=value…]`; `/tune list` shows the tunings. Nothing was started.");
}

#[test]
fn the_acknowledgement_says_what_was_understood() {
    assert_snapshot!(ack("resnet"), @"Starting *resnet* on `main`: 40 trials, 8 at a time, TPE.");
    assert_snapshot!(ack("resnet lr=1e-4..1e-2"), @"Starting *resnet* on `main`: 40 trials, 8 at a time, TPE. `lr` narrowed to 1e-4..1e-2.");
    assert_snapshot!(
        ack("ResNet trials=100 parallel=4 timeout=90m deadline=1d seed=7 sampler=Random ref=my-branch optimizer=adam"),
        @"Starting *resnet* on `my-branch`: 100 trials, 4 at a time, random search, seed 7. Each trial at most 1h 30m. At most 24h in all. `optimizer` fixed at adam."
    );
    assert_snapshot!(ack("stop resnet-k3f9q2"), @"Stopping `resnet-k3f9q2`, if it runs.");
    assert_snapshot!(ack("rerun resnet-k3f9q2"), @"Running `resnet-k3f9q2` again with the same words.");
    assert_snapshot!(ack("best resnet"), @"Looking up `best resnet`.");
}

#[test]
fn what_does_not_fit_is_refused_with_the_nearest_that_would() {
    assert_snapshot!(ack("resnt"), @"I don't know a tuning called `resnt`. Did you mean *resnet*? `/tune list` shows all 2. Nothing was started.");
    assert_snapshot!(ack("stauts"), @"I don't know a tuning called `stauts`. Did you mean `/tune status [SWEEP]`? `/tune list` shows all 2. Nothing was started.");
    assert_snapshot!(ack("kubernetes"), @"I don't know a tuning called `kubernetes`. `/tune list` shows all 2. Nothing was started.");
    assert_snapshot!(ack("resnet lr=5"), @"`lr=5` is outside *resnet*'s range 1e-5..0.1. Nothing was started.");
    assert_snapshot!(ack("resnet lr=1e-6..1e-3"), @"`lr=1e-6..1e-3` is outside *resnet*'s range 1e-5..0.1. Nothing was started.");
    assert_snapshot!(ack("resnet lr=1e-2..1e-3"), @"`lr=1e-2..1e-3` is an empty range: its first number is above its second. Nothing was started.");
    assert_snapshot!(ack("resnet lr=fast"), @"`lr` takes a number, not `fast`. Nothing was started.");
    assert_snapshot!(ack("resnet lr=nan"), @"`lr` takes a number, not `nan`. Nothing was started.");
    assert_snapshot!(ack("resnet lr=1e-3|1e-2"), @"`lr=1e-3|1e-2` names several values, but `lr` is a number: write one value, or a range like `lr=1e-5..0.1`. Nothing was started.");
    assert_snapshot!(ack("resnet learning_rat=1"), @"*resnet* has no parameter `learning_rat`. `/tune help resnet` shows what can be set. Nothing was started.");
    assert_snapshot!(ack("resnet trails=5"), @"*resnet* has no parameter `trails`. Did you mean `trials`? `/tune help resnet` shows what can be set. Nothing was started.");
    assert_snapshot!(ack("resnet trials=0"), @"`trials=0` must be a whole number from 1 to 100000. Nothing was started.");
    assert_snapshot!(ack("resnet timeout=90"), @"`timeout=90` is not a duration from 1 second to 30 days. Write it like `timeout=90m` or `timeout=1h30m`. Nothing was started.");
    assert_snapshot!(ack("resnet sampler=tpa"), @"There is no sampler `tpa`: there are auto, tpe, tpe-independent, tpe-group, gp, cmaes, nsga2, nsga3, sobol, random, grid. Did you mean `sampler=tpe`? Nothing was started.");
    assert_snapshot!(ack("resnet optimizer=adm"), @"`adm` is not one of *resnet*'s choices adam | sgd. Did you mean `optimizer=adam`? Nothing was started.");
    assert_snapshot!(ack("resnet batch_size=100"), @"`batch_size=100` falls between the steps of 16..512 (step 16). Nothing was started.");
    assert_snapshot!(ack("resnet batch_size=64.5"), @"`batch_size` takes a whole number, not `64.5`. Nothing was started.");
    assert_snapshot!(ack("resnet fast"), @"`fast` is not a `key=value` word. Nothing was started.");
    assert_snapshot!(ack("resnet lr=1e-3 LR=1e-2"), @"`lr` is given twice. Nothing was started.");
    assert_snapshot!(ack("resnet ref=--upload-pack"), @"`--upload-pack` is not the name of a branch or a commit. Nothing was started.");
    assert_snapshot!(ack("ranker ref=main"), @"*ranker* belongs to no repository, so `ref=` has nothing to point at. Nothing was started.");
    assert_snapshot!(ack("resnet momentum=0.9 optimizer=adam"), @"`momentum` only counts with `optimizer=sgd`, which the other words exclude. Nothing was started.");
    assert_snapshot!(ack("`<!channel>`"), @"I don't know a tuning called `!channel`. `/tune list` shows all 2. Nothing was started.");
}

#[test]
fn a_narrowed_space_holds_what_was_asked_for() {
    let order = order("resnet lr=1e-4..1e-2 batch_size=60..130 dropout=0.1..0.34 optimizer=SGD|adam augment=yes");
    let shown: Vec<String> =
        order.tuning.space.parameters().iter().map(|p| format!("{} in {}", p.name, p.domain)).collect();
    assert_snapshot!(shown.join("\n"), @"
    augment in true
    batch_size in 64..128 (step 16)
    dropout in 0.1..0.3 (step 0.1)
    lr in 0.0001..0.01 (log)
    optimizer in adam | sgd
    momentum in 0..0.99
    ");
    assert_snapshot!(order.notes.join("\n"), @"
    `lr` narrowed to 1e-4..1e-2
    `batch_size` narrowed to 64..128 (step 16)
    `dropout` narrowed to 0.1..0.3 (step 0.1)
    `optimizer` narrowed to adam | sgd
    `augment` fixed at true
    ");
    assert_snapshot!(order, @"resnet lr=1e-4..1e-2 batch_size=60..130 dropout=0.1..0.34 optimizer=SGD|adam augment=yes");
}

#[test]
fn production_parameters_that_the_overrides_exclude_are_not_tried() {
    assert!(order("resnet").tuning.production.is_some());
    assert!(order("resnet lr=1e-4..1e-2").tuning.production.is_some());
    assert!(order("resnet lr=1e-4").tuning.production.is_none());
    assert!(order("resnet optimizer=sgd").tuning.production.is_none());
}

#[test]
fn the_seed_is_the_one_asked_for_else_the_configured_one() {
    assert_eq!(order("resnet seed=7").seed, Some(7));
    assert_eq!(order("resnet").seed, None);
    let mut rules = rules();
    let mut tuning = resnet();
    tuning.search.seed = Some(3);
    rules.tunings.insert(tuning.name.clone(), Arc::new(tuning));
    assert_eq!(resolve::<&str>(&rules, "resnet", &[]).unwrap().seed, Some(3));
}

#[test]
fn best_takes_a_tuning_or_a_sweep() {
    let rules = rules();
    assert_eq!(subject(&rules, "resnet").unwrap(), Subject::Tuning("resnet".parse().unwrap()));
    assert_eq!(subject(&rules, "resnet-k3f9q2").unwrap(), Subject::Sweep("resnet-k3f9q2".parse().unwrap()));
    assert_snapshot!(subject(&rules, "renset").unwrap_err(), @"I don't know a tuning called `renset`. Did you mean *resnet*? `/tune list` shows all 2.");
}

#[test]
fn what_a_person_typed_cannot_leave_its_mark_of_code() {
    assert_eq!(code("a`b\n*c*"), "`a'b *c*`");
    assert_eq!(code(""), "` `");
    assert_eq!(code(&"x".repeat(500)).chars().count(), 82);
}

/// Words of `key=value` form that fit the fixture, and some that do not.
fn override_word() -> impl Strategy<Value = String> {
    let float = (-6.0..0.0f64).prop_map(|exponent| 10f64.powf(exponent));
    let range = (float.clone(), float).prop_map(|(a, b)| format!("lr={:e}..{:e}", a.min(b), a.max(b)));
    prop_oneof![
        range,
        (0i64..600, 0i64..600).prop_map(|(a, b)| format!("batch_size={}..{}", a.min(b), a.max(b))),
        (0.0..0.6f64, 0.0..0.6f64).prop_map(|(a, b)| format!("dropout={}..{}", a.min(b), a.max(b))),
        Just("optimizer=sgd".to_owned()),
        Just("optimizer=adam|sgd".to_owned()),
        Just("augment=false".to_owned()),
        (0.0..1.2f64).prop_map(|x| format!("momentum={x}")),
    ]
}

proptest! {
    #[test]
    fn no_text_makes_the_grammar_panic(text in any::<String>(), tail in r#"[a-z=|.<>&;"'`“”…\- 0-9]{0,60}"#) {
        let rules = rules();
        for text in [text.clone(), tail.clone(), format!("resnet {tail}"), format!("resnet lr={text}")] {
            let _ = parse(&text);
            acknowledge(&rules, &text, &Asker::Api { caller: "x" });
            commands_in_comment(&text);
        }
    }

    #[test]
    fn a_printed_command_reads_back(
        tuning in "[a-z][a-z0-9]{0,10}",
        words in prop::collection::vec(r#"[a-zA-Z=|.'" 0-9_-]{0,12}"#, 0..5),
        verb in 0..7usize,
    ) {
        let sweep = || format!("{tuning}-k3f9q2").parse().unwrap();
        prop_assume!(!grammar::VERBS.contains(&tuning.as_str()));
        let command = match verb {
            0 => Command::Start { tuning: tuning.clone(), words },
            1 => Command::List,
            2 => Command::Status { sweep: Some(sweep()) },
            3 => Command::Best { of: tuning.clone() },
            4 => Command::Stop { sweep: sweep() },
            6 => Command::Apply { sweep: sweep() },
            5 => Command::Compare { left: sweep(), right: sweep() },
            _ => Command::Help { tuning: Some(tuning.clone()) },
        };
        prop_assert_eq!(parse(&command.to_string()).unwrap(), command);
    }

    #[test]
    fn a_resolved_space_lies_inside_the_configured_one(
        words in prop::collection::vec(override_word(), 0..4),
        picks in prop::collection::vec(0.0..=1.0f64, 6),
    ) {
        let original = resnet().space;
        if let Ok(order) = resolve(&rules(), "resnet", &words) {
            let mut params = crate::domain::params::Params::default();
            for (parameter, pick) in order.tuning.space.parameters().iter().zip(picks) {
                if order.tuning.space.is_active(parameter, &params) {
                    params.0.insert(parameter.name.clone(), fixture::value_at(&parameter.domain, pick));
                }
            }
            prop_assert_eq!(order.tuning.space.check(&params), Ok(()));
            prop_assert_eq!(original.check(&params), Ok(()));
            prop_assert_eq!(resolve(&rules(), "resnet", &order.overrides).unwrap(), order);
        }
    }
}
