//! What an event would lead to, for somebody who tries out rules: nothing is looked up and nothing is written.

use crate::domain::decision::{Decision, Verdict};
use crate::domain::event::Event;
use crate::domain::ids::{CommitSha, EventId};
use crate::domain::rules::Rules;
use crate::plan::route::{ChangedPaths, Fact, Facts, Need, Occasion, PullRequestHead, Routing, route};

const MOST_ASSUMPTIONS: usize = 1000;

/// The decisions for `event`. What would have to be looked up is assumed, in favour of starting, and the reasons say what
/// was assumed.
pub fn predict(event: &Event, rules: &Rules) -> Vec<Decision> {
    let occasion = Occasion { event: EventId(0), now: event.received_at, salt: 0 };
    let mut facts = Facts::default();
    let mut assumed = Vec::new();
    while facts.len() < MOST_ASSUMPTIONS {
        match route(event, rules, &facts, occasion) {
            Routing::Needs(need) => {
                let (fact, words) = assume(&need);
                assumed.extend(words);
                facts.add(need, fact);
            }
            Routing::Decided(decided) => return say_assumptions(decided.decisions, &assumed),
        }
    }
    Vec::new()
}

/// Something that lets the sweep start, and in words what that takes for granted, if it matters.
fn assume(need: &Need) -> (Fact, Option<String>) {
    match need {
        Need::PullRequest { repository, number } => {
            let head = placeholder().map(|sha| PullRequestHead {
                sha,
                branch: "its head".to_owned(),
                base_branch: "its base".to_owned(),
                from_fork: false,
                open: true,
            });
            let words = format!("{repository}#{number} is open and not from a fork");
            (Fact::PullRequest(head), Some(words))
        }
        Need::ChangedPaths { .. } => {
            let any = ChangedPaths { truncated: true, ..ChangedPaths::default() };
            (Fact::ChangedPaths(any), Some("it changes a path that the trigger wants".to_owned()))
        }
        Need::Head { repository, branch } => {
            (Fact::Head(placeholder()), Some(format!("{repository} has a branch {branch}")))
        }
        Need::Sweep(id) | Need::Report(id) => {
            let words = format!("whether there is a sweep {id} only the store can say.");
            (Fact::Unavailable(words), None)
        }
        Need::ActiveInGroup(_) | Need::ActiveForPullRequest { .. } => {
            (Fact::Active(Vec::new()), Some("no older sweep of it is running".to_owned()))
        }
        Need::LastScheduled(_) => (Fact::Head(None), Some("the branch has changed since the last slot".to_owned())),
        Need::Baseline { .. } => (Fact::Baseline(None), None),
        Need::Earlier(_) => (Fact::Unavailable("only the store knows earlier sweeps".to_owned()), None),
        Need::Unfinished | Need::LastBest(_) => (Fact::Reports(Vec::new()), None),
    }
}

/// Stands for a commit that was not looked up.
fn placeholder() -> Option<CommitSha> {
    "0".repeat(40).parse().ok()
}

fn say_assumptions(mut decisions: Vec<Decision>, assumed: &[String]) -> Vec<Decision> {
    if assumed.is_empty() {
        return decisions;
    }
    let mut words: Vec<&str> = assumed.iter().map(String::as_str).collect();
    words.dedup();
    for decision in decisions.iter_mut().filter(|decision| decision.verdict == Verdict::Started) {
        decision.reason = format!("{}; assuming that {}", decision.reason, words.join(" and that "));
    }
    decisions
}
