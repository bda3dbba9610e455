//! What changes in a file, what stays, and what is refused.

use insta::assert_snapshot;

use super::*;

mod json;
mod properties;
mod toml;
mod yaml;

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn assignments(values: &[(&str, Value)]) -> Vec<Assignment> {
    let assignment = |(number, (path, value)): (usize, &(&str, Value))| Assignment {
        name: format!("p{number}").parse().unwrap(),
        path: path.parse().unwrap(),
        value: value.clone(),
    };
    values.iter().enumerate().map(assignment).collect()
}

/// The new text, or the refusal with its line.
fn edited(format: Format, text: &str, values: &[(&str, Value)]) -> String {
    match edit(format, text, &assignments(values)) {
        Ok(edited) => edited.text,
        Err(EditError { line, message, advice }) => {
            let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            format!("{line}{message}. {advice}")
        }
    }
}
