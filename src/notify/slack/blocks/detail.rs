//! Lines in the thread of a running sweep's message. Pure.

use crate::domain::detail::{Change, Detail, Failed, NewBest, News};
use crate::notify::figures;
use crate::notify::phrases::Phrase;
use crate::notify::prose;
use crate::notify::slack::mrkdwn;

use super::{Draft, Message, log_excerpt};

/// The longest reason for a failure, in characters.
const REASON: usize = 300;
/// Parameters that are named; the others are counted.
const CHANGES: usize = 8;
/// The longest name or value, in characters.
const WORD: usize = 40;

pub fn detail(detail: &Detail) -> Message {
    let (line, more) = match &detail.news {
        News::NewBest(best) => (mrkdwn::phrase(&headline(best)), mrkdwn::phrase(&changes(&best.changes))),
        News::Failed(failed) => {
            let log = failed.log_tail.as_deref().and_then(log_excerpt).unwrap_or_default();
            (mrkdwn::phrase(&failure(failed)), log)
        }
    };
    let mut draft = Draft::default();
    draft.section(&[line.clone(), more]);
    draft.message(line)
}

/// "New best after 14 trials (3 stopped early): val_acc 0.9312 (trial 17), was 0.929".
fn headline(best: &NewBest) -> Phrase {
    let (now, then, _) = figures::comparison(best.value, best.before.value);
    let others: Vec<String> = [(best.pruned, "stopped early"), (best.failed, "failed")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
    Phrase::default()
        .words(format!("New best after {}{others}: ", figures::count(best.finished, "trial")))
        .words(format!("{} ", best.objective.metric))
        .strong(now)
        .words(format!(" (trial {}), was {then}", best.trial))
}

/// "lr 1e-3 → 3.1e-4, augment randaug-m7 → randaug-m9".
fn changes(changes: &[Change]) -> Phrase {
    let named: Vec<String> = changes.iter().take(CHANGES).map(change).collect();
    let rest = match changes.len().saturating_sub(CHANGES) {
        0 => String::new(),
        rest => format!(", and {rest} more"),
    };
    Phrase::default().words(format!("{}{rest}", named.join(", ")))
}

fn change(change: &Change) -> String {
    let shown = |value: &crate::domain::params::Value| prose::line(&figures::value(value), WORD);
    let name = prose::line(change.name.as_str(), WORD);
    match (&change.before, &change.now) {
        (Some(before), Some(now)) => format!("{name} {} → {}", shown(before), shown(now)),
        (None, Some(now)) => format!("{name} {} (was not set)", shown(now)),
        (_, None) => format!("{name} no longer set"),
    }
}

/// "Trial 3 failed after step 12: CUDA out of memory".
fn failure(failed: &Failed) -> Phrase {
    let step = failed.step.map(|step| format!(" after step {step}")).unwrap_or_default();
    let others = match failed.alike.saturating_sub(1) {
        0 => String::new(),
        1 => "; another one failed the same way".to_owned(),
        others => format!("; {others} others failed the same way"),
    };
    let reason = prose::line(&failed.reason, REASON);
    Phrase::default().words(format!("Trial {} failed{step}: ", failed.trial)).marked(&reason).words(others)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::read;
    use super::*;
    use crate::domain::detail::Best;
    use crate::domain::params::Value;
    use crate::notify::fixtures;

    fn told(news: News) -> String {
        let report = fixtures::running();
        read(&detail(&Detail { sweep: report.sweep, created_at: report.created_at, news }))
    }

    fn change(name: &str, before: Option<Value>, now: Option<Value>) -> Change {
        Change { name: name.parse().unwrap(), now, before }
    }

    fn new_best(changes: Vec<Change>) -> NewBest {
        NewBest {
            objective: fixtures::running().objective,
            trial: 17,
            value: 0.931_217_65,
            before: Best { trial: 12, value: 0.929 },
            finished: 25,
            pruned: 3,
            failed: 0,
            changes,
        }
    }

    fn failed(reason: &str, log_tail: Option<&str>) -> Failed {
        let (reason, log_tail) = (reason.to_owned(), log_tail.map(str::to_owned));
        Failed { trial: 3, step: None, reason, log_tail, alike: 1 }
    }

    #[test]
    fn a_new_best_says_what_is_different_about_it() {
        let changes = vec![
            change("augment", Some(Value::Text("randaug-m7".into())), Some(Value::Text("randaug-m9".into()))),
            change("lr", Some(Value::Float(1e-3)), Some(Value::Float(3.123_456e-4))),
            change("momentum", None, Some(Value::Float(0.9))),
            change("beta", Some(Value::Float(0.99)), None),
        ];
        insta::assert_snapshot!(told(News::NewBest(new_best(changes))), @"
        [New best after 25 trials (3 stopped early): val_acc *0.9312* (trial 17), was 0.9290]
        New best after 25 trials (3 stopped early): val_acc *0.9312* (trial 17), was 0.9290
        augment randaug-m7 → randaug-m9, lr 0.001 → 3.1235e-4, momentum 0.9 (was not set), beta no longer set
        ");
        let plain = NewBest { pruned: 0, finished: 14, ..new_best(Vec::new()) };
        insta::assert_snapshot!(told(News::NewBest(plain)), @"
        [New best after 14 trials: val_acc *0.9312* (trial 17), was 0.9290]
        New best after 14 trials: val_acc *0.9312* (trial 17), was 0.9290
        ");
    }

    #[test]
    fn a_failure_comes_with_the_end_of_its_log() {
        let log = "step 0\nallocating 512 x 3 x 224 x 224\ntorch.cuda.OutOfMemoryError: CUDA out of memory\n";
        insta::assert_snapshot!(told(News::Failed(failed("CUDA out of memory", Some(log)))), @"
        [Trial 3 failed: CUDA out of memory]
        Trial 3 failed: CUDA out of memory
        ```
        step 0
        allocating 512 x 3 x 224 x 224
        torch.cuda.OutOfMemoryError: CUDA out of memory
        ```
        ");
        let later = Failed { step: Some(12), alike: 3, ..failed("loss is <not> a number", None) };
        insta::assert_snapshot!(told(News::Failed(later)), @"
        [Trial 3 failed after step 12: loss is &lt;not&gt; a number; 2 others failed the same way]
        Trial 3 failed after step 12: loss is &lt;not&gt; a number; 2 others failed the same way
        ");
    }

    proptest! {
        #[test]
        fn whatever_a_trial_says_the_line_stays_within_slacks_limits(
            reason in ".{0,500}",
            log in "(.{0,200}\n){0,40}",
            texts in prop::collection::vec(("[a-z][a-z0-9_]{0,60}", ".{0,200}"), 0..40),
        ) {
            let changes = texts.iter().filter_map(|(name, text)| {
                Some(Change { name: name.parse().ok()?, now: Some(Value::Text(text.clone())), before: None })
            });
            let created_at = fixtures::running().created_at;
            for news in [News::NewBest(new_best(changes.collect())), News::Failed(failed(&reason, Some(&log)))] {
                let message = detail(&Detail { sweep: fixtures::running().sweep, created_at, news });
                prop_assert_eq!(message.blocks.len(), 1, "nothing was left out");
                prop_assert!(message.text.chars().count() <= super::super::FALLBACK);
            }
        }
    }
}
