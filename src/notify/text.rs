//! Reports as plain text, for a terminal: what `tunebot run`, `status` and `best` print. Pure, and without colours.

use crate::domain::report::{Phase, Ranked, Report};

use super::figures;
use super::importance::mattered;
use super::phrases;
use super::prose;
use super::standing::{self, Medium};

/// Cells of the progress bar.
const BAR: usize = 16;
/// The longest line of parameters in the table of trials, in characters.
const PARAMETERS: usize = 100;
/// How much of a failed trial's log is shown, in characters.
const LOG: usize = 2000;

/// What there is to say about a sweep at any time; several lines, without a last line break.
pub fn status(report: &Report) -> String {
    match &report.phase {
        Phase::Queued { .. } => format!("{}\n{}", header(report), phrases::explanation(report).plain()),
        Phase::Running | Phase::Stopping { .. } => {
            let tally = standing::tally(report, ", ");
            let explanation = phrases::explanation(report).plain();
            joined([header(report), progress(report), tally, waiting(report), explanation, table(&report.top)])
        }
        Phase::Finished { .. } => summary(report),
    }
}

/// `wine-k3f9q2  40 trials, 2 at a time, TPE, seed 7  main (3f2a91c)`.
pub fn header(report: &Report) -> String {
    let parts = [
        report.sweep.to_string(),
        phrases::setup(report),
        phrases::code(report).plain(),
        phrases::notes(report).plain(),
        standing::beginning(report).plain(),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
}

/// `[##########------] 25/40  best rmse 0.612 (trial 17)  about 12 s left`: one line.
pub fn progress(report: &Report) -> String {
    let bar = standing::bar(report, BAR)
        .map(|(cells, label)| format!("[{}{}] {label}", "#".repeat(cells), "-".repeat(BAR - cells)));
    let parts = [bar.unwrap_or_default(), phrases::best_so_far(report).plain(), phrases::time_left(report).plain()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
}

/// Why it does not come forward, in one line; empty if nothing is known to hold it up.
pub fn waiting(report: &Report) -> String {
    standing::waiting(report, Medium::Terminal).plain()
}

/// What there is to see of a sweep at a glance: two lines, and a third if something holds it up.
pub fn glance(report: &Report) -> String {
    let lines = [header(report), format!("  {}", progress(report)), format!("  {}", waiting(report))];
    lines
        .map(|line| line.trim_end().to_owned())
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The end of a sweep: the answer, the best parameters, the best trials, what failed.
pub fn summary(report: &Report) -> String {
    let mut first = vec![
        phrases::headline(report).plain(),
        phrases::explanation(report).plain(),
        phrases::totals(report),
        mattered(report).plain(),
    ];
    if let Some(verdict) = &report.verdict {
        first.push(format!("{} ({})", prose::line(&verdict.headline, 200), prose::line(&verdict.requirement, 200)));
    }
    let failure = joined([phrases::failure(report).plain(), log(report)]);
    let sections = [joined(first), best(report), table(&report.top), failure];
    sections.into_iter().filter(|section| !section.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// The best parameters in columns, each with what it was; empty when there is no result.
pub fn best(report: &Report) -> String {
    let rows = phrases::rows(report);
    let cells = rows.iter().map(|row| vec![row.name.clone(), row.value.clone(), row.was.remark()]);
    columns(cells.collect())
}

fn table(top: &[Ranked]) -> String {
    if top.len() < 2 {
        return String::new();
    }
    let row = |ranked: &Ranked| {
        let parameters = phrases::parameters(&ranked.params, PARAMETERS);
        vec![format!("trial {}", ranked.trial), figures::number(ranked.value), parameters]
    };
    format!("The best {}:\n{}", figures::count(top.len() as u32, "trial"), columns(top.iter().map(row).collect()))
}

fn log(report: &Report) -> String {
    let Some(failure) = &report.failure else { return String::new() };
    let Some(tail) = &failure.log_tail else { return String::new() };
    let quoted: Vec<String> = prose::tail(tail, LOG).lines().map(|line| format!("  | {line}")).collect();
    format!("Log of trial {}:\n{}", failure.trial, quoted.join("\n"))
}

fn columns(rows: Vec<Vec<String>>) -> String {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..3).map(|column| width(column).unwrap_or(0)).collect();
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            format!("  {}", cells.join("  ")).trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

fn joined(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    #[test]
    fn a_running_sweep_shows_its_bar_and_its_best() {
        insta::assert_snapshot!(status(&fixtures::running()), @r"
        resnet-k3f9q2  8 at a time, TPE, seed 7  main (3f2a91c)  lr narrowed to 1e-4..1e-2
        [##########------] 25/40  best val_acc 0.93122 (trial 17)  about 40 min left
        22 done, 3 stopped early, 8 running
        The best 2 trials:
          trial 17  0.93122  augment randaug-m9, batch_size 256, lr 2.6e-4, weight_decay 0.021
          trial 12  0.929    augment randaug-m9, batch_size 256, lr 4e-4, weight_decay 0.021
        ");
    }

    #[test]
    fn at_a_glance_one_sees_what_holds_a_sweep_up() {
        let shown = [fixtures::running(), fixtures::held(), fixtures::away(), fixtures::searching()];
        insta::assert_snapshot!(shown.map(|report| glance(&report)).join("\n"), @r"
        resnet-k3f9q2  8 at a time, TPE, seed 7  main (3f2a91c)  lr narrowed to 1e-4..1e-2
          [##########------] 25/40  best val_acc 0.93122 (trial 17)  about 40 min left
        resnet-k3f9q2  8 at a time, TPE, seed 7  main (3f2a91c)  lr narrowed to 1e-4..1e-2
          [##########------] 25/40  best val_acc 0.93122 (trial 17)  about 40 min left
          2 trials wait for a node: Unschedulable: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu. The time counts against the trial limit of 45 min.
        resnet-k3f9q2  8 at a time, TPE, seed 7  main (3f2a91c)  lr narrowed to 1e-4..1e-2
          [##########------] 25/40  best val_acc 0.93122 (trial 17)
          Engine cluster does not answer (since 2 Mar 10:02 UTC: connect: connection refused). What runs there goes on; results are fetched when it is back.
        resnet-k3f9q2  8 at a time, its workflow searches by itself, seed 7  main (3f2a91c)  lr narrowed to 1e-4..1e-2
          [######----------] 12/30 of its workflow  no result yet  about 20 min left
        ");
    }

    #[test]
    fn a_sampler_that_chose_says_what_and_why() {
        let choice = "Gaussian process, which foretold more of the last 40 trials (rank correlation 0.80, TPE's 0.20)";
        let report = crate::domain::report::Report {
            sampler: "automatic search".to_owned(),
            choice: Some(choice.to_owned()),
            ..fixtures::running()
        };
        insta::assert_snapshot!(phrases::setup(&report), @"8 at a time, automatic search: Gaussian process, which foretold more of the last 40 trials (rank correlation 0.80, TPE's 0.20), seed 7");
    }

    #[test]
    fn a_waiting_sweep_says_for_what() {
        insta::assert_snapshot!(status(&fixtures::queued()), @r"
        resnet-k3f9q2  8 at a time, TPE, seed 7  main (3f2a91c)  lr narrowed to 1e-4..1e-2
        Waits for all 8 places of engine local are taken
        ");
    }

    #[test]
    fn a_finished_sweep_shows_what_changed_and_its_best_trials() {
        insta::assert_snapshot!(status(&fixtures::finished()), @r"
        resnet: val_acc 0.9341, was 0.9287 on main (+0.0054, 0.58 % better)
        40 trials in 1 h 47 min: 33 done, 7 stopped early (saved 31 % of the budget)
        What mattered: lr 61 %, augment 24 %, weight_decay 11 %

          augment       randaug-m9  (was randaug-m7)
          lr            3.1235e-4   (was 0.001)
          weight_decay  0.021       (was 0.01)
          batch_size    256

        The best 5 trials:
          trial 31  0.93411  augment randaug-m9, batch_size 256, lr 3.1235e-4, weight_decay 0.021
          trial 17  0.93122  augment randaug-m9, batch_size 256, lr 2.6e-4, weight_decay 0.021
          trial 35  0.9309   augment randaug-m9, batch_size 256, lr 3.3e-4, weight_decay 0.021
          trial 12  0.929    augment randaug-m9, batch_size 256, lr 4e-4, weight_decay 0.021
          trial 2   0.9288   augment randaug-m9, batch_size 256, lr 0.001, weight_decay 0.021
        ");
    }

    #[test]
    fn a_failed_sweep_shows_why_and_the_log() {
        insta::assert_snapshot!(status(&fixtures::failed()), @r"
        resnet gave up: 5 of the first 6 trials failed, which is the limit
        Best until then: val_acc 0.9101, was 0.9287 on main (-0.0186, 2 % worse)
        6 of 40 trials in 1 h 12 min: 1 done, 5 failed

          augment       randaug-m9  (was randaug-m7)
          weight_decay  0.021       (was 0.01)
          batch_size    256
          lr            0.001

        All failed the same way: exit code 1: RuntimeError: CUDA out of memory
        Log of trial 3:
          | epoch 1/30  batch_size=512
          | RuntimeError: CUDA out of memory. Tried to allocate 2.50 GiB
        ");
    }

    #[test]
    fn a_sweep_that_tried_to_colour_the_terminal_does_not() {
        let mut report = fixtures::failed();
        report.asked_by = "\u{1b}[2J@mika".to_owned();
        if let Some(failure) = &mut report.failure {
            failure.reason = "\u{1b}]0;title\u{7}died".to_owned();
            failure.log_tail = Some("\u{1b}[31mred\u{1b}[0m\rover".to_owned());
        }
        assert!(!status(&report).contains(['\u{1b}', '\u{7}', '\r']));
    }
}
