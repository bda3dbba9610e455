//! Where the best parameters of a tuning are kept in its repository.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::ids::ParamName;
use crate::domain::key_path::KeyPath;

/// What `/tune apply` writes the best parameters into: a file of the repository, by a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplySettings {
    /// Within the repository, with `/` between folders.
    pub file: String,
    /// The mapping in it that holds the parameters by their names; empty is the document itself.
    pub key: KeyPath,
    /// Parameters that stand elsewhere, or under another name: their ways from the top of the document.
    pub keys: BTreeMap<ParamName, KeyPath>,
    /// The branch that the pull request is to change. `None`: that of the tuning, else the sweep's base branch.
    pub base: Option<String>,
    /// The branch that tunebot writes to; it belongs to tunebot alone.
    pub branch: String,
    pub labels: Vec<String>,
    /// Logins, and teams as `owner/team`.
    pub reviewers: Vec<String>,
}

impl ApplySettings {
    /// The way to the value of `parameter`. Dots in its name are levels, as in Hydra.
    pub fn path(&self, parameter: &ParamName) -> KeyPath {
        let own = || parameter.as_str().split('.').fold(self.key.clone(), |path, key| path.key(key));
        self.keys.get(parameter).cloned().unwrap_or_else(own)
    }

    /// The form of the file, by its name's ending.
    pub fn format(&self) -> Option<Format> {
        Format::of(&self.file)
    }
}

/// The forms of files that parameters can be written into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Yaml,
    Json,
    Toml,
}

impl Format {
    /// By the ending of the file's name.
    pub fn of(file: &str) -> Option<Self> {
        let (_, ending) = file.rsplit('/').next()?.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(Self::Yaml),
            "json" | "jsonc" => Some(Self::Json),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Yaml => "YAML",
            Self::Json => "JSON",
            Self::Toml => "TOML",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_stands_under_the_key_unless_it_has_a_way_of_its_own() {
        let settings = ApplySettings {
            file: "configs/resnet.yaml".to_owned(),
            key: "model.params".parse().unwrap(),
            keys: BTreeMap::from([("lr".parse().unwrap(), "optimizer.learning_rate".parse().unwrap())]),
            base: None,
            branch: "tunebot/resnet".to_owned(),
            labels: Vec::new(),
            reviewers: Vec::new(),
        };
        let path = |name: &str| settings.path(&name.parse().unwrap()).to_string();
        assert_eq!(path("depth"), "model.params.depth");
        assert_eq!(path("aug.mixup"), "model.params.aug.mixup");
        assert_eq!(path("lr"), "optimizer.learning_rate");
        assert_eq!(settings.format(), Some(Format::Yaml));
        assert_eq!(Format::of("folder.yaml/params"), None);
    }
}
