//! Teams of an organisation.

use serde_json::json;

use super::access::Caller;
use super::answer::{Outcome, Refusal};
use super::api::Operation;
use super::world::World;

pub fn make(world: &mut World, name: &str, members: &[&str]) {
    assert_eq!(name.split('/').count(), 2, "{name} is not org/team");
    let state = |member: &&str| match member.strip_prefix("pending:") {
        Some(login) => (login.to_owned(), "pending".to_owned()),
        None => ((*member).to_owned(), "active".to_owned()),
    };
    world.teams.insert(name.to_owned(), members.iter().map(state).collect());
}

/// Whether somebody is in a team: 404 for whoever is not, and for a team that is not there.
pub fn membership(world: &World, caller: &Caller, operation: &Operation) -> Result<Outcome, Refusal> {
    let mut parts = operation.subject().split('/');
    let (org, slug, login) =
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    caller.need_organisation(org, "members")?;
    let is_it = |name: &str| name.eq_ignore_ascii_case(&format!("{org}/{slug}"));
    let (_, members) = world.teams.iter().find(|(name, _)| is_it(name)).ok_or(Refusal::NotFound)?;
    let (login, state) =
        members.iter().find(|(member, _)| member.eq_ignore_ascii_case(login)).ok_or(Refusal::NotFound)?;
    let url = format!("{}/orgs/{org}/teams/{slug}/memberships/{login}", world.api_url);
    Ok(Outcome::Ok(json!({"url": url, "role": "member", "state": state})))
}
