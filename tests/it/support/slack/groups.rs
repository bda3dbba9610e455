//! User groups.

use serde_json::{Value, json};

use super::api::Refusal;
use super::arguments::Arguments;
use super::workspace::Workspace;

pub fn list(workspace: &Workspace) -> Value {
    let groups: Vec<Value> = workspace
        .groups
        .iter()
        .map(|(id, group)| {
            let handle = &group.handle;
            json!({"id": id, "handle": handle, "name": handle, "is_usergroup": true, "date_delete": 0})
        })
        .collect();
    json!({"usergroups": groups})
}

/// User ids of who is in the group.
pub fn members(workspace: &Workspace, arguments: &Arguments) -> Result<Value, Refusal> {
    let group = arguments.text("usergroup").and_then(|id| workspace.groups.get(id)).ok_or("no_such_subteam")?;
    Ok(json!({"users": group.members}))
}
