//! Reports as check runs.

use super::*;
use crate::domain::sweep::Outcome;
use crate::domain::trial::{Trial, TrialState};

fn checked(report: &Report) -> String {
    let Check { name, status, title, summary, text, actions, images: _ } =
        check(report, context(&fixtures::links(report)));
    let buttons: String = actions.iter().map(|action| format!("[{}] {}\n", action.label, action.description)).collect();
    fixtures::visible(&format!("{name} [{status:?}]\n{title}\n--\n{summary}\n--\n{text}\n{buttons}"))
}

#[test]
fn a_check_that_passed() {
    insta::assert_snapshot!(checked(&better()), @"
    tunebot / resnet [Completed(Success)]
    better by 0.58 %: val_acc 0.9341, was 0.9287 on main
    --
    val_acc **0.9341**, was 0.9287 on `main` (+0.0054, 0.58 % better) · needs: not worse than -0.2 % against main

    | | best (trial 31) | `main` |
    |---|---|---|
    | `val_acc` | **0.9341** | 0.9287 |
    | `augment` | `randaug-m9` | `randaug-m7` |
    | `lr` | `3.1235e-4` | `0.001` |
    | `weight_decay` | `0.021` | `0.01` |

    | trial | `val_acc` | parameters |
    |---|---|---|
    | 31 | 0.93411 | `augment randaug-m9, batch_size 256, lr 3.1235e-4, weight_decay 0.021` |
    | 17 | 0.93122 | `augment randaug-m9, batch_size 256, lr 2.6e-4, weight_decay 0.021` |
    | 35 | 0.9309 | `augment randaug-m9, batch_size 256, lr 3.3e-4, weight_decay 0.021` |

    40 trials in 1 h 47 min: 33 done, 7 stopped early (saved 31 % of the budget)

    What mattered: `lr` 61 %, `augment` 24 %, `weight_decay` 11 %

    [Training curves](https://grafana.example.com/d/tune01?from=1772442060000&to=1772448600000&var-sweep=resnet-k3f9q2)
    --
    <details><summary>Best parameters, to copy</summary>

    ```text
    augment       randaug-m9
    lr            3.1235e-4
    weight_decay  0.021
    batch_size    256
    ```

    </details>

    <details><summary>How it is run</summary>

    - Sweep: `resnet-k3f9q2` for @{200b}mika
    - Trials: 40 asked for, 33 done, 7 stopped early
    - Search: 8 at a time, TPE, seed 7
    - Overrides: `lr` narrowed to 1e-4..1e-2
    - Code: `wider-stem` (3f2a91c)
    - Commit: `3f2a91c0d5e6f708192a3b4c5d6e7f8091a2b3c4`
    - Compared with: `resnet-aaaaaa`
    - Other metrics of the best: `latency_ms` 12.5

    </details>
    [Re-run] Run the same sweep on this commit again
    ");
}

#[test]
fn a_check_under_way() {
    insta::assert_snapshot!(checked(&fixtures::running()), @"
    tunebot / resnet [InProgress]
    running, 25 of 40 trials done, best val_acc 0.93122 (trial 17)
    --
    `██████████░░░░░░` 25/40 · best val_acc **0.93122** (trial 17) · about 40 min left

    22 done · 3 stopped early · 8 running

    [Training curves](https://grafana.example.com/d/tune01?from=1772442060000&to=now&var-sweep=resnet-k3f9q2)
    --
    <details><summary>How it is run</summary>

    - Sweep: `resnet-k3f9q2` for @{200b}mika
    - Trials: 40 asked for, 22 done, 3 stopped early, 8 running
    - Search: 8 at a time, TPE, seed 7
    - Overrides: `lr` narrowed to 1e-4..1e-2
    - Code: `main` (3f2a91c)
    - Commit: `3f2a91c0d5e6f708192a3b4c5d6e7f8091a2b3c4`
    - Compared with: `resnet-aaaaaa`
    - Other metrics of the best: `latency_ms` 12.5

    </details>
    [Stop] End this sweep; its best is kept
    ");
}

#[test]
fn the_conclusion_follows_the_verdict_unless_the_sweep_did_not_get_there() {
    let conclusion = |report: &Report| check(report, context(&[])).status;
    let failure = fixtures::judged(Conclusion::Failure, "worse by 3 %");
    let neutral = fixtures::judged(Conclusion::Neutral, "nothing to compare with");
    assert_eq!(conclusion(&better()), CheckStatus::Completed(CheckConclusion::Success));
    assert_eq!(conclusion(&failure), CheckStatus::Completed(CheckConclusion::Failure));
    assert_eq!(conclusion(&neutral), CheckStatus::Completed(CheckConclusion::Neutral));
    assert_eq!(conclusion(&fixtures::finished()), CheckStatus::Completed(CheckConclusion::Neutral));
    assert_eq!(conclusion(&fixtures::failed()), CheckStatus::Completed(CheckConclusion::Failure));
    assert_eq!(conclusion(&fixtures::superseded()), CheckStatus::Completed(CheckConclusion::Skipped));
    let judged = Report { verdict: neutral.verdict, ..fixtures::superseded() };
    assert_eq!(conclusion(&judged), CheckStatus::Completed(CheckConclusion::Cancelled), "it must not pass by a stop");
    let by = crate::domain::signal::StopRequest::Person { name: "@mika".to_owned() };
    let stopped = Report { phase: Phase::Finished { outcome: Outcome::Stopped { by } }, ..fixtures::superseded() };
    assert_eq!(conclusion(&stopped), CheckStatus::Completed(CheckConclusion::Neutral));
    assert_eq!(conclusion(&fixtures::queued()), CheckStatus::Queued);
    assert_eq!(conclusion(&fixtures::stopping()), CheckStatus::InProgress);
}

#[test]
fn all_trials_are_there_as_far_as_github_has_room() {
    let metrics: crate::domain::metrics::Metrics = [("val_acc".parse().unwrap(), 0.93)].into_iter().collect();
    let mut trials: Vec<Trial> = (0..3)
        .map(|number| {
            let params = fixtures::finished().top[0].params.clone();
            let mut trial = Trial::proposed(number, params, fixtures::finished().created_at);
            trial.state = [TrialState::Complete, TrialState::Pruned, TrialState::Failed][number as usize];
            trial
        })
        .collect();
    trials[0].metrics = metrics;
    trials[1].steps = vec![(1, 0.4), (2, 0.5)];
    trials[2].reason = Some("exit code 1: `| oh`".to_owned());
    let text = |trials: &[Trial]| {
        let supplement = Supplement { trials: trials.to_vec(), ..Supplement::default() };
        check(&better(), Context { links: &[], charts: &[], supplement: &supplement }).text
    };
    let shown = text(&trials);
    insta::assert_snapshot!(shown.split("<details><summary>Best").next().unwrap(), @r"
    <details><summary>All 3 trials</summary>

    | trial | how it ended | `val_acc` | parameters |
    |---|---|---|---|
    | 0 | done | 0.93 | `augment randaug-m9, batch_size 256, lr 3.1235e-4, weight_decay 0.021` |
    | 1 | stopped early at step 2 | 0.5 | `augment randaug-m9, batch_size 256, lr 3.1235e-4, weight_decay 0.021` |
    | 2 | failed: exit code 1: \`\| oh\` |  | `augment randaug-m9, batch_size 256, lr 3.1235e-4, weight_decay 0.021` |

    </details>
    ");
    let many = text(&trials.iter().cycle().take(3000).cloned().collect::<Vec<_>>());
    assert!(many.chars().count() <= 65_535);
    assert!(many.contains("more, for which GitHub has no room: `tunebot export resnet-k3f9q2 --format csv`"));
    assert!(many.contains("How it is run"), "the rest has its room");
}
