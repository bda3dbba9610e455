//! The grammar of `/tune`, the same in Slack, in comments on pull requests and over the API; and what it answers.
//!
//! Pure: text and rules in, commands, orders and texts out. Nothing here looks anything up or starts anything.
//!
//! # How texts are marked
//! Texts for people ([`UserError`](crate::domain::error::UserError) and everything of the replies) are plain but for
//! three marks that Slack and Markdown both understand: `` `what can be typed` ``, `*the name of a tuning*`, and tables
//! between lines of three backticks. Renderers leave these marks alone and escape the characters that are special to
//! their service (`&`, `<` and `>`). What a person typed is only ever quoted by [`code`], which takes the backticks out.

mod access;
mod comment;
mod grammar;
mod order;
mod overrides;
mod quota;
mod reply;
mod words;

pub use access::{Known, Question, Standing, permitted, standing, who_may};
pub use comment::commands_in_comment;
pub use grammar::{Command, parse};
pub use order::{Asker, Order, Subject, resolve, subject};
pub use overrides::describe;
pub use quota::{Claim, day_of, refusal};
pub use reply::{acknowledge, announce, best, compare, details, help, list, status};

/// `text` as a mark of code: on one line, without backticks, no longer than a message can bear.
pub fn code(text: &str) -> String {
    const LONGEST: usize = 80;
    let plain = |c: char| if c == '`' { '\'' } else { c };
    let mut inner: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().map(plain).collect();
    inner.retain(|c| !c.is_control());
    if inner.chars().count() > LONGEST {
        inner = inner.chars().take(LONGEST - 1).chain(['…']).collect();
    }
    if inner.is_empty() { "` `".to_owned() } else { format!("`{inner}`") }
}

#[cfg(test)]
mod tests;
