//! Placeholders in a trial's command: parameters become arguments and values of variables, never shell text.
//!
//! - `{name}` stands for the value of the parameter, `{{` for `{` and `}}` for `}`.
//! - An argument that names an inactive parameter is left out as a whole, so `--momentum={momentum}` just goes. When the
//!   argument is nothing but the placeholder, a flag right before it (`-m` or `--momentum`, without `=`) goes as well.
//! - A variable whose value names an inactive parameter is not set.
//!
//! One value is one argument, whatever is in it. Pure; knows active parameters only: whether a name is a parameter of
//! the search space at all was checked with the configuration.

use std::collections::BTreeMap;

use crate::domain::params::Params;
use crate::domain::template::{self, Piece, TemplateError};

/// Why a text cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}`: {fault}; for braces themselves write {{{{ and }}}}")]
pub(super) struct PlaceholderError {
    text: String,
    fault: TemplateError,
}

/// The command line of one trial.
///
/// # Errors
/// [`PlaceholderError`] for the first argument that cannot be read.
pub(super) fn expand_arguments(argv: &[String], params: &Params) -> Result<Vec<String>, PlaceholderError> {
    let mut expanded: Vec<String> = Vec::with_capacity(argv.len());
    for (position, argument) in argv.iter().enumerate() {
        match expand(argument, params)? {
            Some(text) => expanded.push(text),
            None if is_single_placeholder(argument) && position >= 2 && is_bare_flag(&argv[position - 1]) => {
                expanded.pop();
            }
            None => {}
        }
    }
    Ok(expanded)
}

/// The variables of one trial.
///
/// # Errors
/// [`PlaceholderError`] for the first value that cannot be read.
pub(super) fn expand_variables(
    variables: &BTreeMap<String, String>,
    params: &Params,
) -> Result<BTreeMap<String, String>, PlaceholderError> {
    let mut expanded = BTreeMap::new();
    for (name, value) in variables {
        if let Some(text) = expand(value, params)? {
            expanded.insert(name.clone(), text);
        }
    }
    Ok(expanded)
}

/// `text` with its placeholders filled in; `None` when one of them is of an inactive parameter.
fn expand(text: &str, params: &Params) -> Result<Option<String>, PlaceholderError> {
    let refused = |fault| PlaceholderError { text: text.to_owned(), fault };
    let mut expanded = String::with_capacity(text.len());
    let mut inactive = false;
    for piece in template::pieces(text).map_err(refused)? {
        match piece {
            Piece::Text(text) => expanded.push_str(text),
            Piece::Placeholder(name) => {
                let parameter = name.parse().map_err(|_| refused(TemplateError::NotAName(name.to_owned())))?;
                match params.get(&parameter) {
                    Some(value) => expanded.push_str(&value.to_string()),
                    None => inactive = true,
                }
            }
        }
    }
    Ok((!inactive).then_some(expanded))
}

fn is_single_placeholder(argument: &str) -> bool {
    matches!(template::pieces(argument).as_deref(), Ok([Piece::Placeholder(_)]))
}

fn is_bare_flag(argument: &str) -> bool {
    argument.starts_with('-') && argument.len() > 1 && !argument.contains(['=', '{', '}'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::params::Value;

    fn params() -> Params {
        [
            ("lr".parse().unwrap(), Value::Float(1e-5)),
            ("layers".parse().unwrap(), Value::Int(3)),
            ("name".parse().unwrap(), Value::Text("a b; rm -rf $HOME".into())),
        ]
        .into_iter()
        .collect()
    }

    fn arguments(argv: &[&str]) -> Vec<String> {
        let argv: Vec<String> = argv.iter().map(|&argument| argument.to_owned()).collect();
        expand_arguments(&argv, &params()).unwrap()
    }

    #[test]
    fn a_value_is_one_argument_whatever_is_in_it() {
        assert_eq!(
            arguments(&["train", "--lr={lr}", "{layers}x{layers}", "{name}"]),
            ["train", "--lr=1e-5", "3x3", "a b; rm -rf $HOME"]
        );
    }

    #[test]
    fn doubled_braces_are_braces() {
        assert_eq!(arguments(&[r#"{{"lr": {lr}}}"#]), [r#"{"lr": 1e-5}"#]);
    }

    #[test]
    fn an_argument_of_an_inactive_parameter_goes_with_its_flag() {
        assert_eq!(arguments(&["train", "--momentum={momentum}", "--lr={lr}"]), ["train", "--lr=1e-5"]);
        assert_eq!(arguments(&["train", "--momentum", "{momentum}", "--lr", "{lr}"]), ["train", "--lr", "1e-5"]);
        assert_eq!(arguments(&["train", "data", "{momentum}"]), ["train", "data"]);
        assert_eq!(arguments(&["train", "--tag", "m-{momentum}"]), ["train", "--tag"]);
    }

    #[test]
    fn a_variable_of_an_inactive_parameter_is_not_set() {
        let variables = [("LR", "{lr}"), ("MOMENTUM", "{momentum}")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let expanded = expand_variables(&variables.into(), &params()).unwrap();
        assert_eq!(expanded, [("LR".to_owned(), "1e-5".to_owned())].into());
    }

    #[test]
    fn a_lone_brace_says_what_to_write() {
        let error = expand("{lr", &params()).unwrap_err();
        insta::assert_snapshot!(error, @"`{lr`: there is a { without its }; for braces themselves write {{ and }}");
        let error = expand("{a b}", &params()).unwrap_err();
        insta::assert_snapshot!(error, @"`{a b}`: {a b} is not a placeholder; for braces themselves write {{ and }}");
        let error = expand("{-1}", &params()).unwrap_err();
        insta::assert_snapshot!(error, @"`{-1}`: {-1} is not a placeholder; for braces themselves write {{ and }}");
    }
}
