//! GitHub: Markdown, the client that posts comments and check runs, and the look-ups that the rules need.

mod budget;
mod cache;
mod checks;
mod client;
mod comments;
mod contents;
mod delivered;
mod errors;
mod file_checks;
mod fork;
mod heads;
mod hooks;
mod inspect;
mod lookup;
pub mod markdown;
mod markup;
mod notifier;
mod proposals;
pub mod rights;
mod tokens;
mod transport;

pub use client::{Github, GithubAuth, GithubPace, GithubSettings, GithubSetupError};
pub use contents::{Content, File, FileEdit, commit_message};
pub use errors::GithubError;
#[cfg(test)]
pub(crate) use fork::comment as fork_comment;
pub use heads::Comparison;
pub use hooks::{Hook, HookDelivery};
pub use inspect::Wanted;
pub use lookup::PullRequestFacts;
pub use markup::marker;
pub use notifier::GithubNotifier;
pub use proposals::{Branches, Proposal};

#[cfg(test)]
mod tests;
