//! Whether whoever asks has not used up what one person may ask for in a day.

use super::draft::{Draft, Halt};
use super::facts::{Fact, Need};
use super::place::Place;
use crate::domain::quota::{Account, UsageScope};
use crate::plan::command::{Asker, Claim, Order, day_of, refusal};

/// # Errors
/// The quota is used up; or what has to be looked up first.
pub(super) fn check(draft: &Draft<'_>, place: Place<'_>, order: &Order) -> Result<(), Halt> {
    let account = match place.asker() {
        Asker::Slack { user, .. } => Account::slack(user),
        Asker::Github { login, .. } => Account::github(login),
        Asker::Api { .. } => return Ok(()),
    };
    let tuning = &order.tuning;
    let quotas = [(tuning.access.quota, Some(&tuning.name)), (draft.rules.quota, None)];
    for (quota, of) in quotas.into_iter().filter(|(quota, _)| !quota.is_unlimited()) {
        let (tuning_name, since) = (of.cloned(), day_of(draft.occasion.now).0);
        let scope = UsageScope { accounts: draft.rules.accounts(account.clone()), tuning: tuning_name, since };
        let stored = draft.facts.get(Need::Usage(scope.clone()), |fact| match fact {
            Fact::Usage(usage) => Some(*usage),
            _ => None,
        })?;
        // Whoever confirms need not be the one who asked, whose quota it is.
        let other = draft.confirmed.as_ref().map(|_| place.origin().asker());
        let claim = Claim { by: other, tuning: of, trials: tuning.limits.trials, now: draft.occasion.now };
        if let Some(refusal) = refusal(quota, stored + draft.usage(&scope), &claim) {
            return Err(Halt::refused(refusal));
        }
    }
    Ok(())
}
