//! Pull requests and checks as plain text for snapshots: Markdown as it was written, marks of HTML comments included.

use super::world::{CheckRun, PullRequest, Repository, World};

pub fn render_all(world: &World) -> String {
    let mut parts = Vec::new();
    for repository in world.repositories.values() {
        parts.extend(repository.pull_requests.values().map(|pull_request| render(repository, pull_request)));
        let runs = repository.check_runs.iter().map(|run| format!("{} {}", &run.head_sha[..7], show_check(run)));
        parts.extend(runs);
    }
    parts.join("\n")
}

pub fn render(repository: &Repository, pull_request: &PullRequest) -> String {
    let state = if pull_request.is_open { "open" } else { "closed" };
    let mut parts = vec![format!("{}#{} {} ({state})", repository.full_name, pull_request.number, pull_request.title)];
    for comment in repository.comments.iter().filter(|comment| comment.pull_request == pull_request.number) {
        let edited = if comment.bodies.len() > 1 { " (edited)" } else { "" };
        parts.push(format!("@{}{edited}\n{}", comment.author, bar(comment.body())));
        let reactions = comment.reactions.iter().map(|(_, login, content)| format!("  {content} by @{login}"));
        parts.extend(reactions);
    }
    let checks = render_checks(repository, &pull_request.head_sha);
    if !checks.is_empty() {
        parts.push(checks);
    }
    parts.join("\n")
}

/// A pull request with its text.
pub fn render_proposal(pull: &PullRequest) -> String {
    let state = if pull.is_open { "open" } else { "closed" };
    let names = |names: &std::collections::BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    format!(
        "#{} {} ({state}, {} into {})\nlabels: {} · reviewers: {}\n{}",
        pull.number,
        pull.title,
        pull.head_branch,
        pull.base_branch,
        names(&pull.labels),
        names(&pull.reviewers),
        bar(&pull.body)
    )
}

/// Check runs, then statuses, of a commit.
pub fn render_checks(repository: &Repository, sha: &str) -> String {
    let runs = repository.check_runs.iter().filter(|run| run.head_sha == sha).map(show_check);
    let statuses = repository.statuses.iter().filter(|status| status.sha == sha);
    let statuses =
        statuses.map(|s| format!("status {}: {} {}", s.context, s.state, s.description.as_deref().unwrap_or_default()));
    runs.chain(statuses).collect::<Vec<_>>().join("\n")
}

fn show_check(run: &CheckRun) -> String {
    let mut text = format!("check {}: {}", run.name, run.conclusion.as_deref().unwrap_or(&run.status));
    for field in ["title", "summary", "text"] {
        if let Some(part) = run.output[field].as_str() {
            text.push('\n');
            text.push_str(&bar(part));
        }
    }
    for annotation in run.output["annotations"].as_array().into_iter().flatten() {
        let field = |name: &str| annotation[name].as_str().unwrap_or_default();
        text.push_str(&format!("\n{}:{} {}", field("path"), annotation["start_line"], field("message")));
    }
    text
}

fn bar(text: &str) -> String {
    text.lines().map(|line| format!("| {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}
