//! What one person may ask for in a day.

use std::sync::Arc;

use super::fixture::*;
use super::*;
use crate::domain::preview::Preview;
use crate::domain::quota::{Account, Quota, Usage, UsageScope};
use crate::domain::rules::Person;
use crate::domain::tuning::Confirm;

/// Mika is U1 in Slack and ana on GitHub. `resnet` has ten trials.
fn limited(of_all: [Option<u32>; 2], of_resnet: [Option<u32>; 2]) -> Rules {
    let quota = |[sweeps_per_day, trials_per_day]: [Option<u32>; 2]| Quota { sweeps_per_day, trials_per_day };
    let mika = Person { name: "mika".into(), slack: Some("U1".into()), github: Some("Ana".into()) };
    let mut rules = Rules { quota: quota(of_all), people: vec![mika], ..rules() };
    let mut resnet = tuning::fixture();
    resnet.access.quota = quota(of_resnet);
    rules.tunings.insert(resnet.name.clone(), Arc::new(resnet));
    rules
}

const NONE: [Option<u32>; 2] = [None, None];

/// A world in which everybody has asked for so much.
fn used(sweeps: u64, trials: u64) -> impl Fn(&Need) -> Fact {
    move |need| match need {
        Need::Usage(_) => Fact::Usage(Usage { sweeps, trials }),
        need => lookup(need),
    }
}

fn reasons(rules: &Rules, kind: EventKind, lookup: impl Fn(&Need) -> Fact) -> String {
    let decided = decided(&event(kind), rules, lookup);
    decided.decisions.iter().map(|decision| decision.reason.as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_day_begins_at_midnight_of_utc_and_a_person_is_one_on_both_services() {
    let mut asked = Vec::new();
    for kind in [slash("resnet"), comment("/tune resnet")] {
        let asking = |need: &Need| {
            if let Need::Usage(scope) = need {
                asked.push(scope.clone());
            }
            lookup(need)
        };
        let asking = std::cell::RefCell::new(asking);
        let decided =
            decided(&event(kind), &limited([Some(1), None], [Some(1), None]), |need| (*asking.borrow_mut())(need));
        assert_eq!(decided.sweeps.len(), 1, "{decided:?}");
    }
    let since: Timestamp = "2026-05-28T00:00:00Z".parse().unwrap();
    let scope = |accounts: [Account; 2], tuning: Option<&str>| UsageScope {
        accounts: accounts.to_vec(),
        tuning: tuning.map(|name| name.parse().unwrap()),
        since,
    };
    let (mika, ana) = (Account::slack("U1"), Account::github("ana"));
    let [in_slack, on_github] = [[mika.clone(), ana.clone()], [ana, mika]];
    let expected = [
        scope(in_slack.clone(), Some("resnet")),
        scope(in_slack, None),
        scope(on_github.clone(), Some("resnet")),
        scope(on_github, None),
    ];
    assert_eq!(asked, expected);
}

#[test]
fn who_has_used_up_the_quota_is_told_when_it_is_free_again() {
    let said = |rules: &Rules, text: &str, sweeps, trials| reasons(rules, slash(text), used(sweeps, trials));
    let all = limited([Some(10), Some(500)], NONE);
    let one = limited(NONE, [Some(1), Some(30)]);
    let said = [
        said(&all, "resnet", 9, 490),
        said(&all, "resnet", 10, 0),
        said(&all, "resnet trials=40", 2, 480),
        said(&all, "wine trials=501", 0, 0),
        said(&one, "resnet", 1, 10),
        said(&one, "resnet trials=11", 0, 20),
        said(&one, "wine", 100, 1000),
        said(&all, "rerun resnet-k3f9q2", 10, 0),
    ];
    assert_snapshot!(said.join("\n"), @"
    asked for by @mika
    You have started 10 sweeps today, and 10 a day is the limit. It is free again at 00:00 UTC (in 3 h 34 min). Nothing was started.
    You have asked for 480 trials today; this one's 40 would make 520 of 500 trials a day. 20 are free now, all of them again at 00:00 UTC (in 3 h 34 min). Nothing was started.
    This sweep's 501 trials are more than the 500 that one person may ask for in a day. Nothing was started.
    You have started 1 sweep of *resnet* today, and 1 a day is the limit. It is free again at 00:00 UTC (in 3 h 34 min). Nothing was started.
    You have asked for 20 trials of *resnet* today; this one's 11 would make 31 of 30 trials a day. 10 are free now, all of them again at 00:00 UTC (in 3 h 34 min). Nothing was started.
    asked for by @mika
    You have started 10 sweeps today, and 10 a day is the limit. It is free again at 00:00 UTC (in 3 h 34 min). Nothing was started.
    ");
}

#[test]
fn what_starts_by_itself_is_not_counted() {
    let rules = limited([Some(1), Some(1)], [Some(1), Some(1)]);
    for kind in [push("main"), pull_request(|_| {}), tick("nightly"), request("resnet")] {
        let decided = decided(&event(kind), &rules, pushed(used(100, 1000)));
        assert_eq!(decided.sweeps.len(), 1, "{decided:?}");
    }
}

#[test]
fn the_commands_of_one_comment_are_counted_together() {
    let rules = limited([Some(2), None], NONE);
    let text = "/tune resnet seed=1\n/tune resnet seed=2\n/tune resnet seed=3";
    assert_snapshot!(reasons(&rules, comment(text), used(0, 0)), @"
    asked for by @ana
    asked for by @ana
    You have started 2 sweeps today, and 2 a day is the limit. It is free again at 00:00 UTC (in 3 h 34 min). Nothing was started.
    ");
}

#[test]
fn a_confirmed_start_counts_for_who_asked() {
    let mut rules = limited([Some(1), None], NONE);
    let mut resnet = tuning::fixture();
    resnet.confirm = Confirm::Always;
    rules.tunings.insert(resnet.name.clone(), Arc::new(resnet));
    let original = event(slash("resnet"));
    let preview: Preview = decided(&original, &rules, used(0, 0)).previews.remove(0);
    assert_snapshot!(reasons(&rules, slash("resnet"), used(1, 10)), @"You have started 1 sweep today, and 1 a day is the limit. It is free again at 00:00 UTC (in 3 h 34 min). Nothing was started.");
    let confirm = |sweeps| {
        let (original, preview) = (original.clone(), preview.clone());
        reasons(&rules, comment_of("/tune confirm 7", |comment| comment.author = "noor".into()), move |need| match need
        {
            Need::Preview(_) => Fact::Preview(Some(Box::new((original.clone(), preview.clone())))),
            Need::Usage(scope) => {
                assert_eq!(scope.accounts[0], Account::slack("U1"));
                used(sweeps, 0)(need)
            }
            need => lookup(need),
        })
    };
    assert_snapshot!(confirm(0), @"asked for by @mika; confirmed by @noor");
    assert_snapshot!(confirm(1), @"@mika has started 1 sweep today, and 1 a day is the limit. It is free again at 00:00 UTC (in 3 h 34 min). Nothing was started.");
}
