//! Quotas: how much one person may ask for in a day, and what they have asked for.
//!
//! Only what a person asked for by a command, a form, a button or a comment counts; what a trigger, a schedule or a program
//! starts was decided on by whoever configured it. A day is a day of UTC.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::TuningName;
use super::sweep::Sweep;

/// A person as one service knows them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Account {
    /// The user id.
    Slack(String),
    /// The login in lower case: GitHub does not tell the cases apart.
    Github(String),
}

impl Account {
    pub fn slack(user: &str) -> Self {
        Self::Slack(user.to_owned())
    }

    pub fn github(login: &str) -> Self {
        Self::Github(login.to_ascii_lowercase())
    }

    /// As it is stored.
    pub fn key(&self) -> String {
        match self {
            Self::Slack(user) => format!("slack/{user}"),
            Self::Github(login) => format!("github/{login}"),
        }
    }
}

/// What one person may ask for in a day; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Quota {
    /// At least 1.
    pub sweeps_per_day: Option<u32>,
    /// Trials of all the sweeps together, as asked for; at least 1.
    pub trials_per_day: Option<u32>,
}

impl Quota {
    pub fn is_unlimited(self) -> bool {
        self == Self::default()
    }
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    pub sweeps: u64,
    pub trials: u64,
}

impl std::ops::Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { sweeps: self.sweeps + other.sweeps, trials: self.trials + other.trials }
    }
}

/// Which sweeps are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UsageScope {
    /// All accounts of one person.
    pub accounts: Vec<Account>,
    /// `None`: sweeps of all tunings.
    pub tuning: Option<TuningName>,
    pub since: Timestamp,
}

impl UsageScope {
    /// What the sweep adds to the count.
    pub fn usage_of(&self, sweep: &Sweep) -> Usage {
        let is_theirs = sweep.account().is_some_and(|account| self.accounts.contains(&account));
        let is_of_tuning = self.tuning.as_ref().is_none_or(|tuning| *tuning == sweep.tuning.name);
        if is_theirs && is_of_tuning && sweep.created_at >= self.since {
            Usage { sweeps: 1, trials: u64::from(sweep.tuning.limits.trials) }
        } else {
            Usage::default()
        }
    }
}
