//! Templates: every placeholder has to stand for something.

use super::Checker;
use crate::config::nearest;
use crate::config::source::Place;
use crate::domain::template::{self, Piece};

impl Checker<'_> {
    /// Every placeholder of `text` is one of `known`.
    pub(super) fn check_template(&mut self, place: &Place<'_>, text: &str, known: &[&str]) {
        let pieces = match template::pieces(text) {
            Ok(pieces) => pieces,
            Err(error) => {
                let problem = place.problem(error.to_string());
                return self.problems.push(problem.hint("for braces themselves write {{ and }}"));
            }
        };
        for piece in pieces {
            if let Piece::Placeholder(name) = piece
                && !known.contains(&name)
            {
                let problem = place.problem(format!("the placeholder {{{name}}} stands for nothing"));
                self.problems.push(problem.hint(nearest::hint(name, known.iter().copied())));
            }
        }
    }
}
