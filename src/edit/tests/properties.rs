//! Whatever the file and the values: after an edit it holds exactly the new values, and every byte beside them is the old.

use proptest::prelude::*;

use super::*;

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Int),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(Value::Float),
        any::<bool>().prop_map(Value::Bool),
        "[ -~äß→\n\t]{0,12}".prop_map(Value::Text),
        prop_oneof!["yes", "1e3", "~", "0x1F", "2024-01-01", "1:30", "a: b"].prop_map(Value::Text),
    ]
}

fn word(format: Format, value: &Value) -> String {
    scalar::write(format, value, None).unwrap().0
}

/// A file with `old` under `model.params` and something around it.
fn file(format: Format, old: &[Value], line_break: &str) -> String {
    let entries = old.iter().enumerate().map(|(number, value)| (number, word(format, value)));
    let text: String = match format {
        Format::Yaml => {
            let lines = entries.map(|(number, word)| format!("    p{number}:  {word}  # {number} ü\n"));
            format!("# head\nmodel:\n  params:\n{}  other: [1, {{a: b}}]\n", lines.collect::<String>())
        }
        Format::Json => {
            let lines = entries.map(|(number, word)| format!("  \"p{number}\" :{word},\n"));
            format!("{{\"model\": {{\"params\": {{\n{}\"z\": []}}}}}}\n", lines.collect::<String>())
        }
        Format::Toml => {
            let lines = entries.map(|(number, word)| format!("p{number}  = {word} # {number}\n"));
            format!("a = 1\n[model.params]\n{}[model.other]\n", lines.collect::<String>())
        }
    };
    text.replace('\n', line_break)
}

fn check(format: Format, old: &[Value], new: &[Option<Value>], line_break: &str) -> Result<(), TestCaseError> {
    let before = file(format, old, line_break);
    let wanted: Vec<(String, Value)> = new
        .iter()
        .enumerate()
        .filter_map(|(number, value)| Some((format!("model.params.p{number}"), value.clone()?)))
        .collect();
    let values: Vec<(&str, Value)> = wanted.iter().map(|(path, value)| (path.as_str(), value.clone())).collect();
    let edited =
        edit(format, &before, &assignments(&values)).map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
    let (was, is) = (read(format, &before).unwrap(), read(format, &edited.text).unwrap());
    // Values that are the same keep their bytes; with those of the others put back, the file is the old one.
    let mut expected = was.data();
    for change in &edited.changes {
        let old = locate::locate(format, &before, &was, &change.path);
        let new = locate::locate(format, &edited.text, &is, &change.path);
        if let (Ok(locate::Place::Value { .. }), Ok(locate::Place::Value { scalar, .. })) = (old, new) {
            prop_assert!(scalar::means(&scalar.value, &change.to), "{:?} is not {:?}", scalar.value, change.to);
            expected.set(change.path.steps(), scalar.value);
        }
    }
    prop_assert_eq!(is.data(), expected);
    let back: Vec<_> = edited
        .changes
        .iter()
        .rev()
        .map(|change| {
            let node = locate::locate(format, &edited.text, &is, &change.path);
            let was = locate::locate(format, &before, &was, &change.path);
            match (node, was) {
                (Ok(locate::Place::Value { span, .. }), Ok(locate::Place::Value { span: old, .. })) => {
                    (span, before[old].to_owned())
                }
                _ => (0..0, String::new()),
            }
        })
        .collect();
    let mut back = back;
    back.sort_by_key(|(span, _)| span.start);
    prop_assert_eq!(splice(&edited.text, &back), before);
    Ok(())
}

proptest! {
    #[test]
    fn an_edit_changes_the_values_and_nothing_else(
        pairs in prop::collection::vec((value(), prop::option::of(value())), 1..6),
        format in prop_oneof![Just(Format::Yaml), Just(Format::Json), Just(Format::Toml)],
        line_break in prop_oneof![Just("\n"), Just("\r\n")],
    ) {
        let (old, new): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        check(format, &old, &new, line_break)?;
    }

    #[test]
    fn no_text_makes_an_edit_panic(text in "[a-c{}\\[\\]:,#&*!|> \n\"'=.0-9-]{0,40}", value in value()) {
        for format in [Format::Yaml, Format::Json, Format::Toml] {
            for path in ["a", "a.b", "[0]", "b[1].c"] {
                let _ = edit(format, &text, &assignments(&[(path, value.clone())]));
            }
        }
    }
}
