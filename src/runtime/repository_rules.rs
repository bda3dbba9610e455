//! A repository's own rules, read and held against the server's.

use std::path::Path;

use crate::config::{self, Judge, Problem, Problems};
use crate::domain::ids::{Repository, TuningName};
use crate::domain::repository_rules::{FILE, FileFault, RepositoryPolicy, RepositoryRules};
use crate::domain::rules::Rules;
use crate::domain::tuning::Tuning;
use crate::notify::github::{Content, File};
use crate::plan::command;

/// # Errors
/// Everything that is wrong with the text.
pub fn read(
    rules: &Rules,
    policy: &RepositoryPolicy,
    repository: &Repository,
    (text, blob): (&str, &str),
) -> Result<RepositoryRules, Problems> {
    let resolve = |name: &TuningName, words: &[String]| -> Result<Tuning, String> {
        command::resolve(rules, name.as_str(), words).map(|order| order.tuning).map_err(|error| error.0)
    };
    config::read_repository(Path::new(FILE), text, blob, &Judge { rules, policy, repository, resolve: &resolve })
}

/// The rules in a file as GitHub gives it.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn of_file(rules: &Rules, repository: &Repository, file: &File) -> Result<RepositoryRules, Vec<FileFault>> {
    let fault = |problem: &Problem| FileFault {
        line: problem.line,
        message: if problem.path.is_empty() {
            problem.message.clone()
        } else {
            format!("{}: {}", problem.path, problem.message)
        },
        hint: problem.hint.clone().unwrap_or_default(),
    };
    let whole = |message: String| vec![FileFault { line: 0, message, hint: String::new() }];
    let policy = rules.repository_policy.clone().unwrap_or_default();
    match &file.content {
        Content::Other(what) => Err(whole(format!("it is {what}"))),
        Content::Text(text) => read(rules, &policy, repository, (text, &file.blob))
            .map_err(|problems| problems.iter().map(fault).collect()),
    }
}

/// The first of the faults, and how many there are, on one line.
pub(super) fn summary(faults: &[FileFault]) -> String {
    let first = faults.first().map(|fault| format!("line {}: {}", fault.line, fault.message));
    let more = if faults.len() > 1 { format!(", and {} more", faults.len() - 1) } else { String::new() };
    format!("{}{more}", first.unwrap_or_default())
}
