//! Heads: where the branches and the open pull requests of a repository stand.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::ids::{CommitSha, Repository};

/// What has a head.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeadName {
    Branch(String),
    /// An open one.
    PullRequest(u64),
}

/// Heads of one repository.
pub type Heads = BTreeMap<HeadName, CommitSha>;

/// A head is somewhere else than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadMove {
    pub repository: Repository,
    pub name: HeadName,
    /// `None`: the branch was deleted, or the pull request closed.
    pub to: Option<CommitSha>,
}

/// As Git names references: `heads/main`, `pull/12`.
impl fmt::Display for HeadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Branch(name) => write!(f, "heads/{name}"),
            Self::PullRequest(number) => write!(f, "pull/{number}"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no head: it is heads/BRANCH or pull/NUMBER")]
pub struct NoHead(String);

impl FromStr for HeadName {
    type Err = NoHead;

    fn from_str(text: &str) -> Result<Self, NoHead> {
        let named = match text.split_once('/') {
            Some(("heads", name)) if !name.is_empty() => Some(Self::Branch(name.to_owned())),
            Some(("pull", number)) => number.parse().ok().map(Self::PullRequest),
            _ => None,
        };
        named.ok_or_else(|| NoHead(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_head_is_read_as_it_is_written() {
        for name in [HeadName::Branch("feature/a/b".to_owned()), HeadName::PullRequest(12)] {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        assert!("tags/v1".parse::<HeadName>().is_err() && "pull/x".parse::<HeadName>().is_err());
    }
}
