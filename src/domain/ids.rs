//! Names and identities. A value of one of these types has been checked once, at the border, and is right from then on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid {kind}: {rule}")]
pub struct InvalidName {
    pub kind: &'static str,
    pub text: String,
    pub rule: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $kind:literal, $check:path, $rule:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                if $check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidName { kind: $kind, text: text.chars().take(80).collect(), rule: $rule })
                }
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name of a configured tuning. Short and plain, because people type it in chat and Kubernetes takes it as a label.
    TuningName, "tuning name", is_label,
    "use 1 to 40 of a-z, 0-9 and -, beginning with a letter and not ending with -"
}
name! {
    /// The name of an engine of the configuration.
    EngineName, "engine name", is_label,
    "use 1 to 40 of a-z, 0-9 and -, beginning with a letter and not ending with -"
}
name! {
    /// The name of a trigger or a schedule.
    RuleName, "name", is_label,
    "use 1 to 40 of a-z, 0-9 and -, beginning with a letter and not ending with -"
}
name! {
    /// A sweep: `<tuning>-<six letters and digits>`.
    SweepId, "sweep id", is_sweep_id,
    "a sweep is named like resnet-k3f9q2"
}
name! {
    /// A parameter of a search space, also a placeholder in a trial's command.
    ParamName, "parameter name", is_identifier,
    "use 1 to 60 of letters, digits, _ . and -, beginning with a letter"
}
name! {
    /// A metric that trials report.
    MetricName, "metric name", is_identifier,
    "use 1 to 60 of letters, digits, _ . and -, beginning with a letter"
}
name! {
    /// `owner/name` on GitHub.
    Repository, "repository", is_repository,
    "a repository is written owner/name"
}
name! {
    /// A full commit hash: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
    CommitSha, "commit", is_sha,
    "a commit is 40 or 64 hexadecimal digits"
}

impl SweepId {
    /// The id of the sweep that `seed_text` (what uniquely asked for it) starts for `tuning`.
    ///
    /// The same arguments give the same id; `salt` makes another one when an id is taken.
    pub fn derive(tuning: &TuningName, seed_text: &str, salt: u32) -> Self {
        use sha2::{Digest, Sha256};
        const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
        let digest = Sha256::digest(format!("{tuning}\n{seed_text}\n{salt}").as_bytes());
        let suffix: String = digest.iter().take(6).map(|byte| LETTERS[usize::from(byte % 32)] as char).collect();
        Self(format!("{tuning}-{suffix}"))
    }
}

impl Repository {
    pub fn owner(&self) -> &str {
        self.0.split_once('/').map_or("", |(owner, _)| owner)
    }

    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, name)| name)
    }
}

impl CommitSha {
    /// The first seven digits, as people write it.
    pub fn short(&self) -> &str {
        &self.0[..7]
    }
}

/// One attempt to evaluate one trial. Its text form is the idempotency key of everything done for the attempt.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptId {
    pub sweep: SweepId,
    /// Trials are numbered from 0.
    pub trial: u32,
    /// Attempts are numbered from 1.
    pub attempt: u32,
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.sweep, self.trial, self.attempt)
    }
}

impl FromStr for AttemptId {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let invalid = || InvalidName {
            kind: "trial attempt",
            text: text.chars().take(80).collect(),
            rule: "an attempt is named like resnet-k3f9q2-17-1: sweep, trial, attempt",
        };
        let mut parts = text.rsplitn(3, '-');
        let attempt = parts.next().and_then(|part| part.parse().ok()).ok_or_else(invalid)?;
        let trial = parts.next().and_then(|part| part.parse().ok()).ok_or_else(invalid)?;
        let sweep = parts.next().ok_or_else(invalid)?.parse().map_err(|_| invalid())?;
        Ok(Self { sweep, trial, attempt })
    }
}

/// The row number of an event in the inbox; what `tunebot explain` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub i64);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

fn is_label(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_sweep_id(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(tuning, suffix)| {
        is_label(tuning) && suffix.len() == 6 && suffix.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

fn is_identifier(text: &str) -> bool {
    (1..=60).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

fn is_repository(text: &str) -> bool {
    let plain = |part: &str| {
        (1..=100).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
            && part != "."
            && part != ".."
    };
    text.split_once('/').is_some_and(|(owner, name)| plain(owner) && plain(name))
}

fn is_sha(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_survives_its_text_form() {
        let attempt: AttemptId = "big-net-k3f9q2-17-2".parse().unwrap();
        assert_eq!((attempt.sweep.as_str(), attempt.trial, attempt.attempt), ("big-net-k3f9q2", 17, 2));
        assert_eq!(attempt.to_string(), "big-net-k3f9q2-17-2");
    }

    #[test]
    fn a_derived_sweep_id_is_valid_and_repeatable() {
        let tuning: TuningName = "resnet".parse().unwrap();
        let id = SweepId::derive(&tuning, "github/72d3162e/0", 0);
        assert_eq!(id, SweepId::derive(&tuning, "github/72d3162e/0", 0));
        assert_ne!(id, SweepId::derive(&tuning, "github/72d3162e/0", 1));
        assert_eq!(id.as_str().parse::<SweepId>().unwrap(), id);
    }

    #[test]
    fn names_that_could_be_mistaken_for_paths_or_flags_are_refused() {
        for text in ["", "-x", "../etc", "a b", "A", "a--", "x-"] {
            assert!(text.parse::<TuningName>().is_err(), "{text:?}");
        }
        for text in ["a", "a/b/c", "../..", "./.", "a/"] {
            assert!(text.parse::<Repository>().is_err(), "{text:?}");
        }
    }
}
