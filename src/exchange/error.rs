//! What can go wrong with a file of trials.

use std::path::PathBuf;

/// Each text says what is wrong with what, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    #[error("{path} cannot be read: {reason}", path = path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error("{path} cannot be written: {reason}", path = path.display())]
    Unwritable { path: PathBuf, reason: String },
    #[error("{path} is there already: name another file with --out, or remove it", path = path.display())]
    Exists { path: PathBuf },
    #[error("{path} is not a storage of Optuna: {reason}", path = path.display())]
    NotOptuna { path: PathBuf, reason: String },
    #[error(
        "{path} has the schema {found} of an older Optuna: bring it up to date with \
         `optuna storage upgrade --storage sqlite:///{path}`, then try again",
        path = path.display()
    )]
    OldOptuna { path: PathBuf, found: String },
    #[error("there is no study `{wanted}` in it: it has {}", listed(known))]
    NoSuchStudy { wanted: String, known: Vec<String> },
    #[error("it has several studies, name one with --study: {}", listed(known))]
    WhichStudy { known: Vec<String> },
    #[error("line {line}: {problem}")]
    Line { line: usize, problem: String },
    /// The file as a whole does not go with the tuning.
    #[error("{0}")]
    Unfit(String),
}

/// The first names, and how many more there are.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match (names.len().saturating_sub(SHOWN), shown.is_empty()) {
        (_, true) => "none".to_owned(),
        (0, false) => shown.join(", "),
        (more, false) => format!("{} and {more} more", shown.join(", ")),
    }
}
