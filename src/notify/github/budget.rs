//! What GitHub still allows: the calls of this hour, as its answers say, and until when it wants to be left alone.
//!
//! It counts for each installation by itself, and so do we: one that has used up its hour holds up no other.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;

/// Of the calls of an hour, one in so many is kept for commands: to look things up, and to answer.
const KEPT_SHARE: i64 = 20;

#[derive(Default)]
pub struct Budget(Mutex<HashMap<String, Account>>);

#[derive(Default, Clone, Copy)]
struct Account {
    limit: i64,
    remaining: i64,
    /// In seconds since 1970; 0 while nothing is known.
    reset: i64,
    held_until: Option<Timestamp>,
}

impl Budget {
    /// Notes what the headers of an answer say.
    pub fn note(&self, scope: &str, headers: &HeaderMap) {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
        let said = (number("x-ratelimit-limit"), number("x-ratelimit-remaining"), number("x-ratelimit-reset"));
        let (Some(limit), Some(remaining), Some(reset)) = said else { return };
        let mut accounts = self.accounts();
        let account = accounts.entry(scope.to_owned()).or_default();
        // Answers overtake each other; within an hour the smallest figure is the newest.
        let is_newer = reset > account.reset || (reset == account.reset && remaining < account.remaining);
        if is_newer {
            *account = Account { limit, remaining, reset, ..*account };
        }
    }

    /// GitHub has refused a call: no further one before `wait` is over.
    pub fn hold(&self, scope: &str, wait: Duration, now: Timestamp) {
        let until = now.checked_add(wait).unwrap_or(now);
        let mut accounts = self.accounts();
        let account = accounts.entry(scope.to_owned()).or_default();
        if account.held_until.is_none_or(|known| known <= now) {
            tracing::warn!(scope, seconds = wait.as_secs(), "GitHub wants to be left alone");
        }
        account.held_until = account.held_until.max(Some(until));
    }

    /// How long nothing at all may be called, if so.
    pub fn held(&self, scope: &str, now: Timestamp) -> Option<Duration> {
        let until = self.accounts().get(scope)?.held_until.filter(|until| *until > now)?;
        Duration::try_from(now.duration_until(until)).ok()
    }

    /// How long a message that nobody waits for has to wait, because what is left is kept for commands.
    pub fn scarce(&self, scope: &str, now: Timestamp) -> Option<Duration> {
        let account = self.accounts().get(scope).copied()?;
        let left = account.reset.saturating_sub(now.as_second());
        let is_scarce = account.limit > 0 && account.remaining <= account.limit / KEPT_SHARE && left > 0;
        // A second more, since the two clocks agree to a second at best.
        is_scarce.then(|| Duration::from_secs(left.clamp(0, 3600).unsigned_abs() + 1))
    }

    /// What is known of each account's hour: its limit, what is left of it, and when it is over in seconds since 1970.
    pub fn left(&self) -> Vec<(String, [i64; 3])> {
        let accounts = self.accounts();
        let known = accounts.iter().filter(|(_, account)| account.limit > 0);
        known.map(|(scope, account)| (scope.clone(), [account.limit, account.remaining, account.reset])).collect()
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(remaining: i64, reset: i64) -> HeaderMap {
        let pairs = [("x-ratelimit-limit", 5000), ("x-ratelimit-remaining", remaining), ("x-ratelimit-reset", reset)];
        pairs.into_iter().map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.into())).collect()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_is_left_at_the_end_of_an_hour_is_kept_for_commands() {
        let budget = Budget::default();
        budget.note("acme", &headers(251, 5000));
        assert_eq!(budget.scarce("acme", at(4000)), None);
        budget.note("acme", &headers(250, 5000));
        // An answer that was overtaken.
        budget.note("acme", &headers(260, 5000));
        assert_eq!(budget.scarce("acme", at(4000)), Some(Duration::from_secs(1001)));
        assert_eq!(budget.scarce("other", at(4000)), None);
        assert_eq!(budget.scarce("acme", at(5000)), None, "a new hour");
        budget.note("acme", &headers(4999, 8600));
        assert_eq!(budget.scarce("acme", at(4900)), None);
    }

    #[test]
    fn whoever_was_refused_is_left_alone_and_nobody_else() {
        let budget = Budget::default();
        budget.hold("acme", Duration::from_secs(30), at(100));
        budget.hold("acme", Duration::from_secs(10), at(100));
        assert_eq!(budget.held("acme", at(110)), Some(Duration::from_secs(20)));
        assert_eq!((budget.held("acme", at(130)), budget.held("other", at(110))), (None, None));
    }
}
