use super::fixtures::*;
use super::sweeps::{commit, start};
use crate::domain::quota::{Account, Usage, UsageScope};
use crate::domain::sweep::{Origin, Outcome, Sweep};
use crate::store::Store;

fn slack(user: &str) -> Origin {
    Origin::Slack { channel: "C1".into(), user: user.into(), user_name: String::new() }
}

fn github(login: &str) -> Origin {
    Origin::PullRequest { repository: "octo/vision".parse().unwrap(), number: 7, login: login.into() }
}

/// A sweep of ten trials.
fn by(suffix: &str, origin: Origin, second: i64) -> Sweep {
    Sweep { origin, created_at: at(second), ..sweep(suffix) }
}

#[tokio::test]
async fn what_a_person_has_asked_for_is_counted_over_all_their_accounts() {
    let store = Store::in_memory().await.unwrap();
    let mut wine = by("wine01", slack("U1"), 10);
    wine.tuning.name = "wine".parse().unwrap();
    let mut by_trigger = by("trig01", github("Mika-GH"), 10);
    by_trigger.trigger = Some("on-pr".parse().unwrap());
    let mut big = by("large1", github("Mika-GH"), 10);
    big.tuning.limits.trials = 40;
    let ended = by("ended1", slack("U1"), 20);
    let all = [
        by("before", slack("U1"), 9),
        wine.clone(),
        ended.clone(),
        big.clone(),
        by_trigger,
        by("other1", slack("U2"), 10),
        by("other2", github("noor"), 10),
        by("sched1", Origin::Schedule { name: "nightly".parse().unwrap() }, 10),
        by("apicl1", Origin::Api { caller: "U1".into() }, 10),
    ];
    start(&store, all.clone()).await;
    store.commit_sweep(commit(&finished(&ended, Outcome::TooManyFailures { failed: 3 }, at(30)), 1)).await.unwrap();

    let accounts = vec![Account::slack("U1"), Account::github("mika-gh")];
    let scope = UsageScope { accounts, tuning: None, since: at(10) };
    let of_wine = UsageScope { tuning: Some("wine".parse().unwrap()), ..scope.clone() };
    let on_slack = UsageScope { accounts: vec![Account::slack("U1")], ..scope.clone() };
    let nobody = UsageScope { accounts: vec![Account::slack("U9")], ..scope.clone() };
    let counted = [
        (scope, Usage { sweeps: 3, trials: 60 }),
        (of_wine, Usage { sweeps: 1, trials: 10 }),
        (on_slack, Usage { sweeps: 2, trials: 20 }),
        (nobody, Usage::default()),
    ];
    for (scope, usage) in counted {
        assert_eq!(store.usage(&scope).await.unwrap(), usage, "{scope:?}");
        let by_hand = all.iter().map(|sweep| scope.usage_of(sweep)).fold(Usage::default(), |sum, more| sum + more);
        assert_eq!(by_hand, usage, "{scope:?}");
    }
}
