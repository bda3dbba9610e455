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

use crate::domain::ids::ParamName;
use crate::domain::params::Params;

/// Why a text cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum PlaceholderError {
    #[error("`{0}` has a `{{` or `}}` that belongs to no placeholder: write `{{{{` or `}}}}` to mean the brace itself")]
    LoneBrace(String),
    #[error("`{text}` has the placeholder `{{{name}}}`, which is not a parameter name")]
    NotAName { text: String, name: String },
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
    let lone_brace = || PlaceholderError::LoneBrace(text.to_owned());
    let mut expanded = String::with_capacity(text.len());
    let mut inactive = false;
    let mut rest = text;
    while let Some(position) = rest.find(['{', '}']) {
        expanded.push_str(&rest[..position]);
        let brace = &rest[position..];
        if brace.starts_with("{{") || brace.starts_with("}}") {
            expanded.push_str(&brace[..1]);
            rest = &brace[2..];
            continue;
        }
        let inner = brace.strip_prefix('{').ok_or_else(lone_brace)?;
        let (name, after) = inner.split_once('}').ok_or_else(lone_brace)?;
        let parameter: ParamName =
            name.parse().map_err(|_| PlaceholderError::NotAName { text: text.to_owned(), name: name.to_owned() })?;
        match params.get(&parameter) {
            Some(value) => expanded.push_str(&value.to_string()),
            None => inactive = true,
        }
        rest = after;
    }
    expanded.push_str(rest);
    Ok((!inactive).then_some(expanded))
}

fn is_single_placeholder(argument: &str) -> bool {
    argument
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|name| name.parse::<ParamName>().is_ok())
}

fn is_bare_flag(argument: &str) -> bool {
    argument.starts_with('-') && argument.len() > 1 && !argument.contains(['=', '{', '}'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        insta::assert_snapshot!(error, @"`{lr` has a `{` or `}` that belongs to no placeholder: write `{{` or `}}` to mean the brace itself");
        let error = expand("{a b}", &params()).unwrap_err();
        insta::assert_snapshot!(error, @"`{a b}` has the placeholder `{a b}`, which is not a parameter name");
    }

    proptest! {
        #[test]
        fn any_text_with_doubled_braces_comes_back(text in ".*") {
            let escaped = text.replace('{', "{{").replace('}', "}}");
            prop_assert_eq!(expand(&escaped, &params()).unwrap(), Some(text));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[{}a-z\\-\u{e9}]*") {
            let _ = expand(&text, &params());
        }
    }
}
