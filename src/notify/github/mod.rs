//! GitHub: Markdown, the client that posts comments and check runs, and the look-ups that the rules need.

mod budget;
mod cache;
mod checks;
mod client;
mod comments;
mod delivered;
mod errors;
mod fork;
mod heads;
mod hooks;
mod lookup;
pub mod markdown;
mod markup;
mod notifier;
mod tokens;
mod transport;

pub use client::{Github, GithubAuth, GithubPace, GithubSettings, GithubSetupError};
pub use errors::GithubError;
pub use heads::Comparison;
pub use hooks::{Hook, HookDelivery};
pub use lookup::PullRequestFacts;
pub use notifier::GithubNotifier;

#[cfg(test)]
mod tests;
