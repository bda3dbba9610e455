use proptest::prelude::*;

use super::*;
use crate::domain::report::Report;
use crate::notify::fixtures;

mod buttons;
mod standing;

/// The message as a person sees its source: the fallback text, then each block.
pub(super) fn read(message: &Message) -> String {
    let json = serde_json::to_value(&message.blocks).unwrap();
    let blocks = json.as_array().unwrap().iter().map(|block| match block["type"].as_str().unwrap() {
        "section" => block["text"]["text"].as_str().unwrap().to_owned(),
        "context" => format!("(small) {}", block["elements"][0]["text"].as_str().unwrap()),
        "actions" => labels(block),
        other => panic!("{other}"),
    });
    fixtures::visible(&format!("[{}]\n{}", message.text, blocks.collect::<Vec<_>>().join("\n--\n")))
}

/// `[Stop] [Details]`
fn labels(actions: &serde_json::Value) -> String {
    let buttons = actions["elements"].as_array().unwrap().iter();
    buttons.map(|button| format!("[{}]", button["text"]["text"].as_str().unwrap())).collect::<Vec<_>>().join(" ")
}

fn shown(report: &Report) -> String {
    read(&sweep(report, &fixtures::links(report)))
}

#[test]
fn a_queued_sweep_says_what_it_waits_for() {
    insta::assert_snapshot!(shown(&fixtures::queued()), @r"
    [*resnet* sweep `resnet-k3f9q2` · queued · @mika]
    *resnet* sweep `resnet-k3f9q2` · queued · @mika
    Waits for all 8 places of engine `local` are taken
    --
    (small) 40 trials, 8 at a time, TPE, seed 7 · `main` (3f2a91c) · `lr` narrowed to 1e-4..1e-2
    --
    [Stop]
    ");
}

#[test]
fn a_running_sweep_shows_its_bar_its_best_and_how_long_it_will_take() {
    insta::assert_snapshot!(shown(&fixtures::running()), @r"
    [*resnet* sweep `resnet-k3f9q2` · running · @mika]
    *resnet* sweep `resnet-k3f9q2` · running · @mika
    `██████████░░░░░░` 25/40 · best val_acc *0.93122* (trial 17) · about 40 min left
    22 done · 3 stopped early · 8 running
    --
    (small) 40 trials, 8 at a time, TPE, seed 7 · `main` (3f2a91c) · `lr` narrowed to 1e-4..1e-2
    --
    (small) <https://grafana.example.com/d/tune01?from=1772442060000&amp;to=now&amp;var-sweep=resnet-k3f9q2|Training curves>
    --
    [Stop] [Details]
    ");
}

#[test]
fn a_sweep_that_has_just_begun_has_no_result_yet() {
    insta::assert_snapshot!(shown(&fixtures::started_without_a_result()), @r"
    [*resnet* sweep `resnet-k3f9q2` · running · @mika]
    *resnet* sweep `resnet-k3f9q2` · running · @mika
    `░░░░░░░░░░░░░░░░` 0/40 · no result yet
    2 running
    --
    (small) 40 trials, 8 at a time, TPE, seed 7 · `main` (3f2a91c) · `lr` narrowed to 1e-4..1e-2
    --
    (small) <https://grafana.example.com/d/tune01?from=1772442060000&amp;to=now&amp;var-sweep=resnet-k3f9q2|Training curves>
    --
    [Stop] [Details]
    ");
}

#[test]
fn a_stopping_sweep_says_who_stopped_it() {
    insta::assert_snapshot!(shown(&fixtures::stopping()), @r"
    [*resnet* sweep `resnet-k3f9q2` · stopping · @mika]
    *resnet* sweep `resnet-k3f9q2` · stopping · @mika
    Being stopped by @ana
    `██████████░░░░░░` 25/40 · best val_acc *0.93122* (trial 17)
    22 done · 3 stopped early · 8 running
    --
    (small) 40 trials, 8 at a time, TPE, seed 7 · `main` (3f2a91c) · `lr` narrowed to 1e-4..1e-2
    --
    (small) <https://grafana.example.com/d/tune01?from=1772442060000&amp;to=now&amp;var-sweep=resnet-k3f9q2|Training curves>
    --
    [Details]
    ");
}

#[test]
fn a_finished_sweep_answers_in_its_first_line() {
    insta::assert_snapshot!(shown(&fixtures::finished()), @r"
    [*resnet*: val_acc *0.9341*, was 0.9287 on `main` (+0.0054, 0.58 % better)]
    *resnet*: val_acc *0.9341*, was 0.9287 on `main` (+0.0054, 0.58 % better)
    --
    ```
    augment       randaug-m9  (was randaug-m7)
    lr            3.1235e-4   (was 0.001)
    weight_decay  0.021       (was 0.01)
    batch_size    256
    ```
    --
    40 trials in 1 h 47 min: 33 done, 7 stopped early (saved 31 % of the budget)
    What mattered: `lr` 61 %, `augment` 24 %, `weight_decay` 11 %
    --
    (small) `resnet-k3f9q2` for @mika · 8 at a time, TPE, seed 7 · `main` (3f2a91c) · `lr` narrowed to 1e-4..1e-2
    --
    (small) <https://grafana.example.com/d/tune01?from=1772442060000&amp;to=1772448600000&amp;var-sweep=resnet-k3f9q2|Training curves>
    --
    [Re-run] [Details]
    ");
}

#[test]
fn without_a_baseline_nothing_is_compared() {
    insta::assert_snapshot!(shown(&fixtures::finished_without_baseline()), @r"
    [*resnet*: val_acc *0.93411*]
    *resnet*: val_acc *0.93411*
    --
    ```
    augment       randaug-m9
    batch_size    256
    lr            3.1235e-4
    weight_decay  0.021
    ```
    --
    40 trials in 1 h 47 min: 33 done, 7 stopped early (saved 31 % of the budget)
    What mattered: `lr` 61 %, `augment` 24 %, `weight_decay` 11 %
    --
    (small) `resnet-k3f9q2` for @mika · 8 at a time, TPE, seed 7
    --
    (small) <https://grafana.example.com/d/tune01?from=1772442060000&amp;to=1772448600000&amp;var-sweep=resnet-k3f9q2|Training curves>
    --
    [Re-run] [Details]
    ");
}

#[test]
fn a_result_that_is_worse_is_called_worse() {
    insta::assert_snapshot!(shown(&fixtures::minimised_and_worse()), @r"
    [*resnet*: rmse *0.6550*, was 0.6400 on `main` (+0.0150, 2.3 % worse)]
    *resnet*: rmse *0.6550*, was 0.6400 on `main` (+0.0150, 2.3 % worse)
    --
    ```
    augment       randaug-m9  (was randaug-m7)
    lr            3.1235e-4   (was 0.001)
    weight_decay  0.021       (was 0.01)
    batch_size    256
    ```
    --
    40 trials in 1 h 47 min: 33 done, 7 stopped early (saved 31 % of the budget)
    What mattered: `lr` 61 %, `augment` 24 %, `weight_decay` 11 %
    --
    (small) `resnet-k3f9q2` for @mika · 8 at a time, TPE, seed 7 · `main` (3f2a91c) · `lr` narrowed to 1e-4..1e-2
    --
    (small) <https://grafana.example.com/d/tune01?from=1772442060000&amp;to=1772448600000&amp;var-sweep=resnet-k3f9q2|Training curves>
    --
    [Re-run] [Details]
    ");
}

#[test]
fn a_reached_goal_is_named() {
    insta::assert_snapshot!(shown(&fixtures::goal_reached()).lines().take(3).collect::<Vec<_>>().join("\n"), @r"
    [*resnet*: val_acc *0.9341*, was 0.9287 on `main` (+0.0054, 0.58 % better)]
    *resnet*: val_acc *0.9341*, was 0.9287 on `main` (+0.0054, 0.58 % better)
    --
    ");
}

#[test]
fn a_stopped_sweep_still_gives_its_best() {
    insta::assert_snapshot!(shown(&fixtures::stopped()), @r"
    [*resnet* stopped by @ana]
    *resnet* stopped by @ana
    --
    Best until then: val_acc *0.9312*, was 0.9287 on `main` (+0.0025, 0.27 % better)
    ```
    augment       randaug-m9  (was randaug-m7)
    lr            2.6e-4      (was 0.001)
    weight_decay  0.021       (was 0.01)
    batch_size    256
    ```
    --
    33 of 40 trials in 1 h 12 min: 22 done, 3 stopped early, 8 failed (saved 10 % of the budget)
    --
    (small) `resnet-k3f9q2` for @mika · 8 at a time, TPE, seed 7 · `main` (3f2a91c) · `lr` narrowed to 1e-4..1e-2
    --
    (small) <https://grafana.example.com/d/tune01?from=1772442060000&amp;to=1772446520000&amp;var-sweep=resnet-k3f9q2|Training curves>
    --
    [Re-run] [Details]
    ");
}

#[test]
fn a_superseded_sweep_names_its_successor() {
    insta::assert_snapshot!(shown(&fixtures::superseded()), @r"
    [*resnet* stopped: a newer event asked for `resnet-zzzzzz`]
    *resnet* stopped: a newer event asked for `resnet-zzzzzz`
    --
    There is no result.
    --
    33 of 40 trials in 1 h 12 min: 22 done, 3 stopped early, 8 failed (saved 10 % of the budget)
    --
    (small) `resnet-k3f9q2` for @mika · 8 at a time, TPE, seed 7 · `main` (3f2a91c) · `lr` narrowed to 1e-4..1e-2
    --
    (small) <https://grafana.example.com/d/tune01?from=1772442060000&amp;to=1772446520000&amp;var-sweep=resnet-k3f9q2|Training curves>
    --
    [Re-run] [Details]
    ");
}

#[test]
fn too_many_failures_come_with_their_reason_and_a_log() {
    insta::assert_snapshot!(shown(&fixtures::failed()), @r"
    [*resnet* gave up: 5 of the first 6 trials failed, which is the limit]
    *resnet* gave up: 5 of the first 6 trials failed, which is the limit
    All failed the same way: exit code 1: `RuntimeError: CUDA out of memory`
    --
    Log of trial 3:
    ```
    epoch 1/30  batch_size=512
    RuntimeError: CUDA out of memory. Tried to allocate 2.50 GiB
    ```
    --
    Best until then: val_acc *0.9101*, was 0.9287 on `main` (-0.0186, 2 % worse)
    ```
    augment       randaug-m9  (was randaug-m7)
    weight_decay  0.021       (was 0.01)
    batch_size    256
    lr            0.001
    ```
    --
    6 of 40 trials in 1 h 12 min: 1 done, 5 failed
    --
    (small) `resnet-k3f9q2` for @mika · 8 at a time, TPE, seed 7 · `main` (3f2a91c) · `lr` narrowed to 1e-4..1e-2
    --
    (small) <https://grafana.example.com/d/tune01?from=1772442060000&amp;to=1772446520000&amp;var-sweep=resnet-k3f9q2|Training curves>
    --
    [Re-run] [Details]
    ");
}

#[test]
fn the_check_of_a_pull_request_is_said_in_chat_too() {
    let report = fixtures::judged(Conclusion::Success, "better by 0.58 %");
    insta::assert_snapshot!(shown(&report).lines().nth(2).unwrap(), @"Check passed: better by 0.58 % (needs: not worse than -0.2 % against main)");
}

#[test]
fn the_closing_line_calls_the_asker_and_nobody_else() {
    insta::assert_snapshot!(read(&closing(&fixtures::finished(), Some("U0MIKA"))), @r"
    [<@U0MIKA> *resnet*: val_acc *0.9341*, was 0.9287 on `main` (+0.0054, 0.58 % better)]
    <@U0MIKA> *resnet*: val_acc *0.9341*, was 0.9287 on `main` (+0.0054, 0.58 % better)
    What mattered: `lr` 61 %, `augment` 24 %, `weight_decay` 11 %
    ");
    insta::assert_snapshot!(read(&closing(&fixtures::failed(), Some("!channel> <@U1"))), @r"
    [*resnet* gave up: 5 of the first 6 trials failed, which is the limit]
    *resnet* gave up: 5 of the first 6 trials failed, which is the limit
    All failed the same way: exit code 1: `RuntimeError: CUDA out of memory`
    ");
}

#[test]
fn an_answer_keeps_its_code_and_loses_its_tricks() {
    let text = "`lr=5` is outside *resnet*'s range 1e-5..1e-1. <!here>\nNothing was started.";
    insta::assert_snapshot!(read(&answer(text)), @r"
    [`lr=5` is outside *resnet*'s range 1e-5..1e-1. &lt;!here&gt;
    Nothing was started.]
    `lr=5` is outside *resnet*'s range 1e-5..1e-1. &lt;!here&gt;
    Nothing was started.
    ");
}

#[test]
fn text_from_people_formats_nothing_and_calls_nobody() {
    insta::assert_snapshot!(shown(&fixtures::hostile()), @r"
    [*resnet* gave up: 5 of the first 6 trials failed, which is the limit]
    *resnet* gave up: 5 of the first 6 trials failed, which is the limit
    4 of 5 failed trials: &lt;!channel&gt; @{2060}everyone ∗b* ˍi_ ∼s~ `c` [x](http://e.test) | &lt;b&gt;&amp;amp; &lt;@U1&gt; @octocat #12 ' # h
    --
    Log of trial 3:
    ```
    &lt;!channel&gt; @everyone *b* _i_ ~s~ 'c' [x](http://e.test) | &lt;b&gt;&amp;amp; &lt;@U1&gt; @octocat #12
    '''
    # h
    ```
    --
    Best until then: val_acc *0.9101*, was 0.9287 on `&lt;!channel&gt; @everyone *b* _i_ ~s~ 'c' [x](http://e.test) | &lt;b&gt;&amp;amp; &lt;@U1&gt; @octoc…` (-0.0186, 2 % worse)
    ```
    augment  &lt;!channel&gt; @everyone *b* _i_ ~s~ 'c' [x](http://e.test) | &lt;b&gt;&amp;amp; &lt;@U1&gt; @octoc…  (was randaug-m7)
    ```
    --
    6 of 40 trials in 1 h 12 min: 1 done, 5 failed
    --
    (small) `resnet-k3f9q2` for &lt;!channel&gt; @{2060}everyone ∗b* ˍi_ ∼s~ 'c' [x](http://e.test) | &lt;b&gt;&amp;amp; &lt;@U1&gt; @octoc… · 8 at a time, TPE, seed 7 · `&lt;!channel&gt; @everyone *b* _i_ ~s~ 'c' [x](http://e.test) | &lt;b&gt;&amp;amp; &lt;@U1&gt; @octoc…` (3f2a91c) · &lt;!channel&gt; @{2060}everyone ∗b* ˍi_ ∼s~ `c` [x](http://e.test) | &lt;b&gt;&amp;amp; &lt;@U1&gt; @octocat #12 ' # h
    --
    (small) <https://grafana.example.com/d/tune01?from=1772442060000&amp;to=1772446520000&amp;var-sweep=resnet-k3f9q2|Training curves>
    --
    [Re-run] [Details]
    ");
}

fn check_limits(message: &Message) -> Result<(), TestCaseError> {
    let json = serde_json::to_value(&message.blocks).unwrap();
    let blocks = json.as_array().unwrap();
    prop_assert!(!blocks.is_empty() && blocks.len() <= 50);
    prop_assert!(!message.text.trim().is_empty());
    let mut total = message.text.chars().count();
    for block in blocks {
        if block["type"] == "actions" {
            total += check_buttons(block)?;
            continue;
        }
        let text = block["text"]["text"].as_str().or_else(|| block["elements"][0]["text"].as_str()).unwrap();
        prop_assert!(text.chars().count() <= 3000, "{} characters", text.chars().count());
        prop_assert_eq!(text.matches("```").count() % 2, 0, "a code block is left open: {}", text);
        prop_assert!(!text.contains("<!"), "{}", text);
        total += text.chars().count();
    }
    prop_assert!(total < 10_000, "{total}");
    Ok(())
}

/// Checks the buttons and returns their characters.
fn check_buttons(actions: &serde_json::Value) -> Result<usize, TestCaseError> {
    let buttons = actions["elements"].as_array().unwrap();
    prop_assert!((1..=5).contains(&buttons.len()));
    let ids: std::collections::BTreeSet<&str> =
        buttons.iter().map(|button| button["action_id"].as_str().unwrap()).collect();
    prop_assert_eq!(ids.len(), buttons.len(), "two buttons have one action_id");
    let mut total = 0;
    for button in buttons {
        let mut within = |text: &serde_json::Value, limit: usize| {
            let length = text.as_str().unwrap().chars().count();
            total += length;
            length > 0 && length <= limit
        };
        prop_assert!(within(&button["text"]["text"], 75), "{}", button);
        prop_assert!(within(&button["value"], 2000), "{}", button);
        if let Some(question) = button.get("confirm") {
            prop_assert!(within(&question["title"]["text"], 100), "{}", question);
            prop_assert!(within(&question["text"]["text"], 300), "{}", question);
            prop_assert!(within(&question["confirm"]["text"], 30), "{}", question);
            prop_assert!(within(&question["deny"]["text"], 30), "{}", question);
        }
    }
    prop_assert!(total <= super::buttons::LENGTH, "{} characters in buttons", total);
    Ok(total)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_message_is_longer_than_slack_takes(
        parameters in 0_usize..1_000,
        filler in prop_oneof![Just("&".to_owned()), Just("<!here>`".to_owned()), Just("日本\n".to_owned()), ".{1,6}"],
        length in 0_usize..1_500,
    ) {
        let mut report = fixtures::monstrous(parameters, &filler, length);
        check_limits(&sweep(&report, &fixtures::links(&report)))?;
        report.applies = true;
        report.phase = Phase::Finished { outcome: Outcome::Completed };
        check_limits(&sweep(&report, &fixtures::links(&report)))?;
        check_limits(&closing(&report, Some("U1")))?;
        report.phase = Phase::Running;
        check_limits(&sweep(&report, &fixtures::links(&report)))?;
        report.away = None;
        check_limits(&sweep(&report, &fixtures::links(&report)))?;
        report.phase = Phase::Queued { why: filler.repeat(length) };
        check_limits(&sweep(&report, &fixtures::links(&report)))?;
    }

    #[test]
    fn no_answer_is_longer_than_slack_takes(text in "\\PC{1,60}", times in 1_usize..400) {
        prop_assume!(!text.replace('`', "").trim().is_empty());
        let message = answer(&text.repeat(times));
        if !message.blocks.is_empty() {
            check_limits(&message)?;
        }
    }

    #[test]
    fn a_monstrous_result_still_shows_its_parameters(parameters in 1_usize..1_000) {
        let report = fixtures::monstrous(parameters, "<&>", 1000);
        let text = shown(&report);
        prop_assert!(text.contains(&format!("p{:0>58}", 0)), "{text}");
        prop_assert!(text.contains("40 trials") && text.contains("failed"), "{text}");
    }
}
