//! What every trial finds in its environment, on every engine: the names of the variables and their values.
//!
//! The token is only named here. How it reaches the trial is the engine's to say: it must not lie about in the open.

use crate::domain::sweep::Code;
use crate::engine::Launch;

/// The variable with the trial's token.
pub(in crate::engine) const TOKEN: &str = "TUNEBOT_TOKEN";

/// The variable that says where the trial keeps what its next attempt goes on from. What the place is, a folder or a key,
/// is the engine's to say; it is the same for all attempts of a trial.
pub(in crate::engine) const CHECKPOINT: &str = "TUNEBOT_CHECKPOINT";

/// The variables that hold no secret, in the order of their names.
///
/// # Errors
/// The parameters cannot be written as JSON.
pub(in crate::engine) fn variables(launch: &Launch) -> Result<Vec<(&'static str, String)>, serde_json::Error> {
    let mut variables = vec![
        ("TUNEBOT_SWEEP", launch.attempt.sweep.to_string()),
        ("TUNEBOT_TRIAL", launch.attempt.trial.to_string()),
        ("TUNEBOT_ATTEMPT", launch.attempt.to_string()),
        ("TUNEBOT_PARAMS", serde_json::to_string(&launch.params)?),
        ("TUNEBOT_REPORT_URL", launch.report_url.clone()),
    ];
    if let Some(Code { repository, reference, sha, .. }) = &launch.code {
        variables.push(("TUNEBOT_REPOSITORY", repository.to_string()));
        variables.push(("TUNEBOT_REF", reference.clone()));
        variables.extend(sha.as_ref().map(|sha| ("TUNEBOT_COMMIT", sha.to_string())));
    }
    variables.extend(launch.resume_step.map(|step| ("TUNEBOT_RESUME_STEP", step.to_string())));
    variables.sort();
    Ok(variables)
}
