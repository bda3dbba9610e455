//! What services still allow, asked for at each scrape.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::exposition::{Labels, write_gauge};
use super::seconds;

/// Accounts shown at a time.
const MOST_ACCOUNTS: usize = 50;

/// The calls that a service allows one account until some instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Allowance {
    /// Whose installation of the GitHub App; empty for a token's own.
    pub account: String,
    pub limit: i64,
    pub remaining: i64,
    pub reset: Timestamp,
}

type Ask = Box<dyn Fn() -> Vec<Allowance> + Send + Sync>;

#[derive(Default)]
pub(super) struct Calls {
    github: Mutex<Option<Ask>>,
}

impl Calls {
    pub fn ask_github(&self, ask: Ask) {
        *self.github.lock().unwrap_or_else(PoisonError::into_inner) = Some(ask);
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Calls").finish_non_exhaustive()
    }
}

impl Collector for Calls {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let asked = self.github.lock().unwrap_or_else(PoisonError::into_inner);
        let mut accounts = asked.as_ref().map(|ask| ask()).unwrap_or_default();
        accounts.sort_by(|a, b| a.account.cmp(&b.account));
        accounts.truncate(MOST_ACCOUNTS);
        let mut write = |name: &str, help: &str, of: fn(&Allowance) -> f64| {
            let labels =
                |account: &Allowance| -> Labels<'static> { vec![("account", Cow::from(account.account.clone()))] };
            write_gauge(&mut encoder, name, help, accounts.iter().map(|account| (labels(account), of(account))))
        };
        let help = "Calls that GitHub allows the account in an hour.";
        write("tunebot_github_calls_limit", help, |account| account.limit as f64)?;
        let help = "Calls that GitHub allows the account until the hour is over.";
        write("tunebot_github_calls_remaining", help, |account| account.remaining as f64)?;
        let help = "When the account's hour is over.";
        write("tunebot_github_calls_reset_timestamp_seconds", help, |account| seconds(account.reset))
    }
}
