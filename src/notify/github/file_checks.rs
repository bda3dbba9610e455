//! The check of a repository's own file of rules: what would be in force, or what is wrong and where.

use serde_json::{Value, json};

use crate::domain::repository_rules::{FILE, FileCheck, FileFault, Finding};

use super::client::{Call, Github};
use super::errors::GithubError;
use super::markup;

/// GitHub takes no more annotations at a time.
const ANNOTATIONS: usize = 50;

fn name() -> String {
    format!("tunebot / {FILE}")
}

/// What the check run is found again by.
fn slot(check: &FileCheck) -> String {
    format!("file/{}/{}", check.repository, check.sha)
}

impl Github {
    /// Writes the check, or edits the one that is there; without an App it is a commit status.
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn set_file_check(&self, check: &FileCheck) -> Result<(), GithubError> {
        let repository = &check.repository;
        let what = format!("check {FILE} of {repository}@{}", check.sha.short());
        if self.app().is_none() {
            let path = ["statuses", check.sha.as_str()];
            let state = if matches!(check.finding, Finding::Wrong { .. }) { "failure" } else { "success" };
            let body = json!({ "state": state, "context": name(), "description": title(&check.finding) });
            let _: Value = self.post(Call { what: &what, repository, path: &path, query: &[] }, &body).await?;
            return Ok(());
        }
        let query = [("check_name", name()), ("filter", "all".to_owned())];
        let path = ["commits", check.sha.as_str(), "check-runs"];
        let found: Value = self.get(Call { what: &what, repository, path: &path, query: &query }).await?;
        let runs = found["check_runs"].as_array().into_iter().flatten();
        let id = runs.into_iter().find(|run| run["external_id"] == slot(check)).and_then(|run| run["id"].as_u64());
        let mut body = body(check);
        match id {
            Some(id) => {
                let id = id.to_string();
                let call = Call { what: &what, repository, path: &["check-runs", &id], query: &[] };
                let _: Value = self.patch(call, &body).await?;
            }
            None => {
                // A run stays on its commit, so an update has no such field.
                body["head_sha"] = json!(check.sha);
                let call = Call { what: &what, repository, path: &["check-runs"], query: &[] };
                let _: Value = self.post(call, &body).await?;
            }
        }
        Ok(())
    }
}

fn title(finding: &Finding) -> String {
    match finding {
        Finding::Right { rules } if rules.is_empty() => "right, and says nothing".to_owned(),
        Finding::Right { .. } => "right: it counts once it is merged".to_owned(),
        Finding::Wrong { faults } if faults.len() == 1 => "1 error: it would not count".to_owned(),
        Finding::Wrong { faults } => format!("{} errors: it would not count", faults.len()),
        Finding::Gone => "taken away: only the server's rules would count".to_owned(),
    }
}

fn summary(finding: &Finding) -> String {
    match finding {
        Finding::Right { rules } if rules.is_empty() => "Only the server's rules count.".to_owned(),
        Finding::Right { rules } => {
            let lines: Vec<String> = rules.iter().map(|rule| format!("- {}", markup::words(rule))).collect();
            format!("Beside the server's rules:\n\n{}", lines.join("\n"))
        }
        Finding::Wrong { faults } => {
            let line = |fault: &FileFault| {
                let place = if fault.line == 0 { String::new() } else { format!("line {}: ", fault.line) };
                format!("- {}", markup::words(&format!("{place}{}", sentence(fault))))
            };
            let lines: Vec<String> = faults.iter().take(ANNOTATIONS).map(line).collect();
            format!("While it is like this, only the server's rules count.\n\n{}", lines.join("\n"))
        }
        Finding::Gone => "Sweeps that its triggers have started go on.".to_owned(),
    }
}

fn sentence(fault: &FileFault) -> String {
    if fault.hint.is_empty() { fault.message.clone() } else { format!("{} ({})", fault.message, fault.hint) }
}

fn body(check: &FileCheck) -> Value {
    let (conclusion, faults) = match &check.finding {
        Finding::Wrong { faults } => ("failure", faults.as_slice()),
        Finding::Right { .. } | Finding::Gone => ("success", [].as_slice()),
    };
    let annotation = |fault: &FileFault| {
        let line = fault.line.max(1);
        json!({
            "path": FILE, "start_line": line, "end_line": line, "annotation_level": "failure",
            "message": sentence(fault),
        })
    };
    let annotations: Vec<Value> = faults.iter().take(ANNOTATIONS).map(annotation).collect();
    json!({
        "name": name(),
        "external_id": slot(check),
        "status": "completed",
        "conclusion": conclusion,
        "output": { "title": title(&check.finding), "summary": summary(&check.finding), "annotations": annotations },
    })
}
