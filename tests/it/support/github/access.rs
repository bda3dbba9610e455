//! Who calls, and what they may do.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Outcome, Refusal};
use super::world::{InstallationToken, World};
use super::{APP_ID, APP_PUBLIC_KEY, APP_SLUG, INSTALLATION, shapes};

/// The account that the App is installed for.
const INSTALLED_FOR: &str = "acme";

pub enum Caller {
    Anonymous,
    /// The App itself, by a token that it has signed: good for the App's own pages only.
    App,
    /// The App in one installation.
    Installation {
        permissions: BTreeMap<String, String>,
        repositories: Option<BTreeSet<String>>,
    },
    /// A person by a personal token.
    Person(String),
}

impl Caller {
    /// # Errors
    /// The token is wrong, or no longer right.
    pub fn identify(world: &World, headers: &HeaderMap) -> Result<Self, Refusal> {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(Self::Anonymous) };
        let value = value.to_str().unwrap_or_default();
        let (scheme, token) = value.split_once(' ').unwrap_or_default();
        if !matches!(scheme.to_ascii_lowercase().as_str(), "bearer" | "token") {
            return Err(Refusal::Unauthorized("Bad credentials"));
        }
        if let Some(login) = world.plain_tokens.get(token) {
            return Ok(Self::Person(login.clone()));
        }
        if let Some(known) = world.installation_tokens.get(token).filter(|t| t.expires_at > Timestamp::now()) {
            let current = known.permissions.iter().filter(|(name, level)| world.permissions.get(*name) == Some(*level));
            let permissions = current.map(|(name, level)| (name.clone(), level.clone())).collect();
            return Ok(Self::Installation { permissions, repositories: known.repositories.clone() });
        }
        if token.matches('.').count() == 2 {
            return check_app_token(token, Timestamp::now()).map(|()| Self::App);
        }
        Err(Refusal::Unauthorized("Bad credentials"))
    }

    /// May the caller know of the repository, and has it the permission?
    ///
    /// # Errors
    /// 404 when it may not know of it, 403 when it may not do this.
    pub fn need(&self, world: &World, full_name: &str, permission: &str, level: &str) -> Result<(), Refusal> {
        let repository = world.repositories.get(full_name).ok_or(Refusal::NotFound)?;
        match self {
            Self::App => Err(Refusal::Unauthorized("A JSON web token could not be decoded")),
            Self::Anonymous if repository.is_private => Err(Refusal::NotFound),
            Self::Anonymous if level == "read" => Ok(()),
            Self::Anonymous => Err(Refusal::Unauthorized("Requires authentication")),
            Self::Installation { permissions, repositories } => {
                let is_installed = repository.owner() == INSTALLED_FOR
                    && repositories.as_ref().is_none_or(|names| names.contains(repository.name()));
                match permissions.get(permission).map(String::as_str) {
                    Some("write") if is_installed => Ok(()),
                    Some("read") if is_installed && level == "read" => Ok(()),
                    _ if !is_installed && repository.is_private => Err(Refusal::NotFound),
                    _ => Err(Refusal::Forbidden("Resource not accessible by integration")),
                }
            }
            Self::Person(login) => match repository.collaborators.get(login).map(String::as_str) {
                None if repository.is_private => Err(Refusal::NotFound),
                Some("admin" | "write") => Ok(()),
                _ if level == "read" || permission == "issues" => Ok(()),
                _ => Err(Refusal::Forbidden("Resource not accessible by personal access token")),
            },
        }
    }

    /// May the caller know of what belongs to the organisation?
    ///
    /// # Errors
    /// 404 when it may not know of it, 403 when it lacks the permission.
    pub fn need_organisation(&self, org: &str, permission: &str) -> Result<(), Refusal> {
        match self {
            Self::App => Err(Refusal::Unauthorized("A JSON web token could not be decoded")),
            Self::Anonymous => Err(Refusal::Unauthorized("Requires authentication")),
            Self::Installation { .. } if !org.eq_ignore_ascii_case(INSTALLED_FOR) => Err(Refusal::NotFound),
            Self::Installation { permissions, .. } if !permissions.contains_key(permission) => {
                Err(Refusal::Forbidden("Resource not accessible by integration"))
            }
            Self::Installation { .. } | Self::Person(_) => Ok(()),
        }
    }

    /// Check runs are for Apps.
    ///
    /// # Errors
    /// The caller is no App.
    pub fn need_app(&self) -> Result<(), Refusal> {
        match self {
            Self::Installation { .. } => Ok(()),
            _ => Err(Refusal::Forbidden("You must authenticate via a GitHub App.")),
        }
    }

    /// The login that appears beside what the caller writes.
    pub fn login(&self) -> String {
        match self {
            Self::Person(login) => login.clone(),
            Self::Anonymous => "ghost".to_owned(),
            Self::App | Self::Installation { .. } => format!("{APP_SLUG}[bot]"),
        }
    }
}

#[derive(Deserialize)]
struct Claims {
    /// The App's id, as a number or a text of one.
    iss: Value,
    iat: i64,
    exp: i64,
}

/// The rules for the token that an App signs to speak for itself.
fn check_app_token(token: &str, now: Timestamp) -> Result<(), Refusal> {
    let key = DecodingKey::from_rsa_pem(APP_PUBLIC_KEY.as_bytes()).expect("the test key is a key");
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    let decoded = jsonwebtoken::decode::<Claims>(token, &key, &validation);
    let claims = decoded.map_err(|_| Refusal::Unauthorized("A JSON web token could not be decoded"))?.claims;
    let issuer = claims.iss.as_u64().or_else(|| claims.iss.as_str()?.parse().ok());
    if issuer != Some(APP_ID) {
        return Err(Refusal::Unauthorized("'Issuer' claim ('iss') must be an Integer"));
    }
    if claims.iat > now.as_second() {
        let message =
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
        return Err(Refusal::Unauthorized(message));
    }
    if claims.exp <= now.as_second() {
        let message = "'Expiration time' claim ('exp') must be a numeric value representing the future time at which \
                       the assertion expires";
        return Err(Refusal::Unauthorized(message));
    }
    if claims.exp > now.as_second() + 600 {
        return Err(Refusal::Unauthorized("'Expiration time' claim ('exp') is too far in the future"));
    }
    Ok(())
}

impl Caller {
    /// # Errors
    /// The caller is not the App itself.
    pub fn need_app_itself(&self) -> Result<(), Refusal> {
        match self {
            Self::App => Ok(()),
            _ => Err(Refusal::Unauthorized("A JSON web token could not be decoded")),
        }
    }
}

/// The installation that has `full_name`, for the App itself.
pub fn installation_of(world: &World, caller: &Caller, full_name: &str) -> Result<Outcome, Refusal> {
    caller.need_app_itself()?;
    let repository = world.repositories.get(full_name).ok_or(Refusal::NotFound)?;
    if repository.owner() != INSTALLED_FOR {
        return Err(Refusal::NotFound);
    }
    Ok(Outcome::Ok(shapes::installation(world, INSTALLED_FOR)))
}

pub fn installations(world: &World, caller: &Caller) -> Result<Outcome, Refusal> {
    caller.need_app_itself()?;
    Ok(Outcome::List(vec![shapes::installation(world, INSTALLED_FOR)]))
}

/// Makes a token for an installation, good for an hour, for all that the installation may or the less that is asked for.
pub fn create_token(world: &mut World, caller: &Caller, id: u64, body: &Value) -> Result<Outcome, Refusal> {
    caller.need_app_itself()?;
    if id != INSTALLATION {
        return Err(Refusal::NotFound);
    }
    let mut permissions = world.permissions.clone();
    if let Some(asked) = body["permissions"].as_object() {
        if asked.keys().any(|name| !permissions.contains_key(name)) {
            let message = "The permissions requested are not granted to this installation.".to_owned();
            return Err(Refusal::Invalid(message));
        }
        permissions.retain(|name, _| asked.contains_key(name));
    }
    let named = body["repositories"].as_array();
    let repositories: Option<BTreeSet<String>> =
        named.map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    let is_known = |name: &String| world.repositories.contains_key(&format!("{INSTALLED_FOR}/{name}"));
    if repositories.as_ref().is_some_and(|names| !names.iter().all(is_known)) {
        let message = "There is at least one repository that does not exist or is not accessible to the parent \
                       installation.";
        return Err(Refusal::Invalid(message.to_owned()));
    }
    let token = format!("ghs_installationTokenForTests{:08}", world.next_id());
    let expires_at = Timestamp::now() + SignedDuration::from_hours(1);
    let selection = if repositories.is_some() { "selected" } else { "all" };
    let json = json!({
        "token": token, "expires_at": shapes::time(expires_at), "permissions": permissions,
        "repository_selection": selection,
    });
    world.installation_tokens.insert(token, InstallationToken { expires_at, permissions, repositories });
    Ok(Outcome::Created(json))
}
