//! Numbers as trials write them, in JSON and in plain text: what counts as a metric, and the NaN that JSON does not have.
//!
//! Pure: text in, values out, no panic on any text.

use serde_json::Value;

/// JSON in which the bare `NaN`, `Infinity` and `-Infinity` that Python writes are null.
pub(in crate::engine) fn parse(text: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(&with_null_for_nan(text))
}

/// A metric in JSON: a number, or a word or null for one that is none. Infinity is as little a metric as NaN is.
pub(in crate::engine) fn of_json(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::Null => Some(f64::NAN),
        Value::String(text) => {
            let word = text.trim_start_matches(['-', '+']);
            let not_a_number = ["nan", "inf", "infinity"].iter().any(|name| word.eq_ignore_ascii_case(name));
            not_a_number.then_some(f64::NAN)
        }
        _ => None,
    }
}

/// A metric in plain text, perhaps with a line end.
pub(in crate::engine) fn of_text(text: &str) -> Option<f64> {
    let number: f64 = text.trim().parse().ok()?;
    Some(if number.is_finite() { number } else { f64::NAN })
}

/// The bare words become null, those inside strings stay.
fn with_null_for_nan(text: &[u8]) -> Vec<u8> {
    const WORDS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];
    let mut out = Vec::with_capacity(text.len());
    let (mut position, mut in_string) = (0, false);
    while let Some(&byte) = text.get(position) {
        let word = WORDS.iter().find(|word| !in_string && text[position..].starts_with(word));
        if let Some(word) = word {
            out.extend_from_slice(b"null");
            position += word.len();
            continue;
        }
        if in_string && byte == b'\\' {
            out.extend(text[position..].iter().take(2));
            position += 2;
            continue;
        }
        in_string ^= byte == b'"';
        out.push(byte);
        position += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_nan_in_a_string_is_left_alone() {
        assert_eq!(with_null_for_nan(br#"{"a":"x\" NaN","b":NaN}"#), br#"{"a":"x\" NaN","b":null}"#);
    }

    #[test]
    fn a_text_is_a_metric_if_it_is_a_number_and_nothing_else() {
        for (text, number) in [("0.25\n", 0.25), (" -1e-3 ", -0.001), ("3", 3.0)] {
            assert_eq!(of_text(text), Some(number), "{text:?}");
        }
        for text in ["nan", "NaN", "-inf", "Infinity", "1e999"] {
            assert!(of_text(text).unwrap().is_nan(), "{text:?}");
        }
        for text in ["", "0.9 %", "0,9", "true", "0x10"] {
            assert_eq!(of_text(text), None, "{text:?}");
        }
    }
}
