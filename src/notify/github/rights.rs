//! What tunebot may do on GitHub and is told of, and what for. The App's manifest says the same; a test holds them together.

/// A permission on repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// As the API and the manifest name it.
    pub name: &'static str,
    /// As the settings page of the App names it.
    pub title: &'static str,
    pub write: bool,
    pub why: &'static str,
}

pub const RIGHTS: [Right; 5] = [
    Right { name: "metadata", title: "Metadata", write: false, why: "to know the repository" },
    Right { name: "contents", title: "Contents", write: false, why: "to find the commit at the head of a branch" },
    Right { name: "checks", title: "Checks", write: true, why: "to write check runs" },
    Right { name: "issues", title: "Issues", write: true, why: "to answer commands and to react to them" },
    Right { name: "pull_requests", title: "Pull requests", write: true, why: "to comment on pull requests" },
];

/// What `/tune apply` needs beyond that.
pub const RIGHT_TO_APPLY: Right =
    Right { name: "contents", title: "Contents", write: true, why: "to write the best parameters (`/tune apply`)" };

/// An event that GitHub sends, and what it is for.
pub const EVENTS: [(&str, &str); 5] = [
    ("push", "triggers on pushes"),
    ("pull_request", "triggers on pull requests, and their end"),
    ("issue_comment", "commands in comments"),
    ("check_run", "the buttons of check runs"),
    ("check_suite", "GitHub's own Re-run all checks"),
];

impl Right {
    pub fn level(&self) -> &'static str {
        if self.write { "write" } else { "read" }
    }

    /// Is what was granted enough?
    pub fn is_within(&self, granted: Option<&str>) -> bool {
        match granted {
            Some("write" | "admin") => true,
            Some("read") => !self.write,
            _ => false,
        }
    }
}
