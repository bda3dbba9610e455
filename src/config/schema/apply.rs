//! Where the best parameters are kept in the repository.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::ids::ParamName;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ApplyEntry {
    /// The file in the repository: YAML, JSON (comments in it are kept) or TOML, by its ending. Only the values change.
    pub file: String,
    /// The mapping in the file that holds the parameters by their names: `model.params`, `layers[0]`. A key with a dot in it
    /// stands between double quotes. Default: the top of the file.
    #[serde(default)]
    pub key: String,
    /// Parameters that stand elsewhere or under another name, each with its way from the top of the file:
    /// `{lr: optimizer.learning_rate}`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub keys: BTreeMap<ParamName, String>,
    /// The branch that the pull request is to change. Default: the tuning's `branch`; of a sweep of another repository, the
    /// base branch that it was held against.
    pub base: Option<String>,
    /// The branch that tunebot writes to; nobody else should. Default: `tunebot/` and the tuning's name.
    pub branch: Option<String>,
    /// Labels of the pull request.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Who is asked for a review: logins, or teams as `owner/team`.
    #[serde(default)]
    pub reviewers: Vec<String>,
}
