//! Values as words of a file: read leniently, written so that every reader of the format takes them for the same.
//!
//! Readers of YAML disagree: `1e-5` is text to PyYAML, which follows YAML 1.1 and wants a dot and a sign; `yes`, `012`, `1:30`
//! and dates are text to some and something else to others. So floats are written as `1.0e-05`, and a text that any of them
//! might take for something else is put between quotes.

use crate::domain::params::Value;
use crate::domain::tuning::Format;

use super::EditError;
use super::tree::{Scalar, Style};

/// Words that some reader of YAML takes for something else than text.
const NOT_TEXT: [&str; 20] = [
    "y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf", "infinity", ".nan", ".inf", "~",
    "=", "<<", "-", "?",
];

/// What a word without quotes stands for, by the most generous reading.
pub(super) fn read_plain(word: &str) -> Value {
    match word {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        _ => {}
    }
    match word.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => return Value::Bool(true),
        "false" | "no" | "off" => return Value::Bool(false),
        _ => {}
    }
    read_number(word).unwrap_or_else(|| Value::Text(word.to_owned()))
}

pub(super) fn read_number(word: &str) -> Option<Value> {
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || !digits.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let plain = word.replace('_', "");
    if let Ok(value) = plain.parse::<i64>() {
        return Some(Value::Int(value));
    }
    plain.parse::<f64>().ok().filter(|value| value.is_finite()).map(Value::Float)
}

/// Is `old` the value `new` already?
pub(super) fn means(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => old.as_f64() == new.as_f64(),
        // A number between quotes.
        (Value::Text(text), Value::Int(_) | Value::Float(_)) => {
            read_number(text).and_then(|value| value.as_f64()).is_some_and(|value| Some(value) == new.as_f64())
        }
        (Value::Text(text), Value::Bool(_)) => read_plain(text) == *new,
        _ => old == new,
    }
}

/// `value` as a word in the place of `old`, and what will be read there.
///
/// # Errors
/// The format has no word for it.
pub(super) fn write(format: Format, value: &Value, old: Option<&Scalar>) -> Result<(String, Value), EditError> {
    let value = match (value, old.map(|old| &old.value)) {
        // What was a float stays one.
        (Value::Int(whole), Some(Value::Float(_))) if whole.unsigned_abs() < 1 << 53 => Value::Float(*whole as f64),
        _ => value.clone(),
    };
    if let Some(old) = old.filter(|old| stays_text(old, &value)) {
        let text = bare(&value, None)?;
        return Ok((quoted(format, &text, Some(old.style)), Value::Text(text)));
    }
    let word = match &value {
        Value::Text(text) => self::text(format, text, old),
        Value::Null if format == Format::Toml => {
            let advice = "Leave the value out of the search space, or keep the parameters in YAML or JSON.";
            return Err(EditError::new(None, "TOML has no null", advice));
        }
        Value::Bool(_) if format == Format::Yaml => bare(&value, old)?,
        _ => bare(&value, None)?,
    };
    Ok((word, value))
}

/// A number or a truth value that stood between quotes is text to whoever reads the file, and stays so.
fn stays_text(old: &Scalar, value: &Value) -> bool {
    let Value::Text(text) = &old.value else { return false };
    if !matches!(old.style, Style::Single | Style::Double) {
        return false;
    }
    match value {
        Value::Int(_) | Value::Float(_) => read_number(text).is_some(),
        Value::Bool(_) => matches!(read_plain(text), Value::Bool(_)),
        _ => false,
    }
}

fn bare(value: &Value, old: Option<&Scalar>) -> Result<String, EditError> {
    Ok(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => truth(*value, old.map_or("", |old| &old.word)),
        Value::Int(value) => value.to_string(),
        Value::Float(value) if value.is_finite() => float(*value),
        Value::Float(value) => {
            return Err(EditError::new(
                None,
                format!("{value} is no number that a file could keep"),
                "Choose another trial.",
            ));
        }
        Value::Text(text) => text.clone(),
    })
}

/// The truth value in the manner of the old one: `True` gives `False`, `yes` gives `no`.
fn truth(value: bool, old: &str) -> String {
    let word = match (old.to_ascii_lowercase().as_str(), value) {
        ("yes" | "no", true) => "yes",
        ("yes" | "no", false) => "no",
        ("on" | "off", true) => "on",
        ("on" | "off", false) => "off",
        (_, true) => "true",
        (_, false) => "false",
    };
    let mut letters = old.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_uppercase() => word.to_uppercase(),
        (Some(first), _) if first.is_uppercase() => word[..1].to_uppercase() + &word[1..],
        _ => word.to_owned(),
    }
}

/// The shortest text that reads back as the same number, always with a dot, and with a signed exponent of two digits.
fn float(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || (1e-4..1e16).contains(&magnitude) {
        return format!("{value:?}");
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    let dot = if digits.contains('.') { "" } else { ".0" };
    format!("{digits}{dot}e{sign}{exponent:0>2}")
}

fn text(format: Format, text: &str, old: Option<&Scalar>) -> String {
    let style = old.map_or(Style::Plain, |old| old.style);
    let needs_none = format == Format::Yaml && is_plain(text);
    match style {
        Style::Single | Style::Double => quoted(format, text, Some(style)),
        _ if needs_none => text.to_owned(),
        _ => quoted(format, text, None),
    }
}

/// May a text stand without quotes in YAML, whoever reads it and wherever it stands?
pub(super) fn is_plain(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '+' | '-' | '@' | ' ');
    text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '/'))
        && text.ends_with(|c: char| c != ' ')
        && text.chars().all(inner)
        && !NOT_TEXT.contains(&text.to_ascii_lowercase().as_str())
}

/// `text` between quotes, of the old kind where they can hold it.
pub(super) fn quoted(format: Format, text: &str, style: Option<Style>) -> String {
    let printable = |c: char| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    let simple = text.chars().all(printable);
    match (format, style) {
        (Format::Yaml, Some(Style::Single)) if simple => format!("'{}'", text.replace('\'', "''")),
        (Format::Toml, Some(Style::Single)) if simple && !text.contains('\'') => format!("'{text}'"),
        _ => double(text, printable),
    }
}

/// Between double quotes, with the escapes that YAML, JSON and TOML have in common.
fn double(text: &str, printable: impl Fn(char) -> bool) -> String {
    let mut word = String::from('"');
    for c in text.chars() {
        match c {
            '"' => word.push_str("\\\""),
            '\\' => word.push_str("\\\\"),
            '\n' => word.push_str("\\n"),
            '\r' => word.push_str("\\r"),
            '\t' => word.push_str("\\t"),
            c if printable(c) => word.push(c),
            c => word.push_str(&format!("\\u{:04X}", u32::from(c))),
        }
    }
    word.push('"');
    word
}
