//! Conditions that pushes and pull requests share.

use std::collections::BTreeSet;

use super::draft::Halt;
use super::expression;
use crate::domain::event::EventKind;
use crate::domain::rules::{Globs, Trigger};

/// # Errors
/// The author is not among those that the trigger wants.
pub(super) fn check_author(trigger: &Trigger, author: &str) -> Result<(), Halt> {
    if !trigger.authors.is_empty() && !trigger.authors.matches(author) {
        return Err(Halt::ignored(format!("author {author} is not {}", list(&trigger.authors))));
    }
    if trigger.ignore_authors.matches(author) {
        return Err(Halt::ignored(format!("author {author} is ignored")));
    }
    Ok(())
}

/// Does the trigger look at paths at all?
pub(super) fn filters_paths(trigger: &Trigger) -> bool {
    !trigger.paths.is_empty() || !trigger.ignore_paths.is_empty()
}

/// `what` is the event in words: "the push". A list that is not complete excludes nothing.
///
/// # Errors
/// No changed path is one that the trigger wants.
pub(super) fn check_paths(
    trigger: &Trigger,
    what: &str,
    paths: &BTreeSet<String>,
    truncated: bool,
) -> Result<(), Halt> {
    if truncated {
        return Ok(());
    }
    let ignored = |path: &&String| trigger.ignore_paths.matches(path);
    if !paths.is_empty() && paths.iter().all(|path| ignored(&path)) {
        return Err(Halt::ignored(format!("{what} only changes ignored paths ({})", list(&trigger.ignore_paths))));
    }
    let wanted = |path: &String| trigger.paths.is_empty() || trigger.paths.matches(path);
    if filters_paths(trigger) && !paths.iter().filter(|path| !ignored(path)).any(wanted) {
        return Err(Halt::ignored(match trigger.paths.is_empty() {
            true => format!("{what} changes no path"),
            false => format!("{what} changes no path that matches {}", list(&trigger.paths)),
        }));
    }
    Ok(())
}

/// # Errors
/// The expression does not hold, or cannot be evaluated.
pub(super) fn check_expression(trigger: &Trigger, event: &EventKind) -> Result<(), Halt> {
    let Some(source) = &trigger.expression else { return Ok(()) };
    match expression::holds(source, event) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Halt::ignored(format!("its expression does not hold: {source}"))),
        Err(problem) => Err(Halt::ignored(problem)),
    }
}

/// Patterns as a sentence shows them.
pub(super) fn list(globs: &Globs) -> String {
    globs.patterns().collect::<Vec<_>>().join(", ")
}
