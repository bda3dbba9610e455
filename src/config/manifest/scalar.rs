//! What a word of a manifest means: exactly what `kubectl` takes it for.
//!
//! kubectl reads YAML by sigs.k8s.io/yaml, which is go-yaml v2 and then JSON: a mixture of YAML 1.1 and 1.2 that is
//! written down nowhere but in its code. The rules, and what they come to:
//!
//! - `y`, `yes`, `on`, `true` and their opposites, in lower case, Capitalised or UPPER CASE, are booleans;
//! - `~`, `null` and nothing at all are null;
//! - `_` in a number is dropped; `0x1f`, `0b11`, `0o17` and `017` are the whole numbers 31, 3, 15 and 15; `08`, no octal
//!   number, is a decimal one;
//! - a number without a fraction is a whole number, however it is written (`1.0`, `1e3`): JSON has one kind only;
//! - a whole number beyond 64 bits is a float, a float beyond its range is text;
//! - dates and times, base 60 (`1:30`) and everything else are text, and so is all that is quoted.

use crate::config::tree::Kind;

/// Written with more digits than this, Go's JSON has an exponent: the number is a float for every reader.
const PLAIN_DIGITS_BELOW: f64 = 1e21;

/// The meaning of a word without quotes or tag. `None`: infinity or not a number, for which JSON has no word.
pub(super) fn resolve(word: &str) -> Option<Kind> {
    match word {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Some(Kind::Bool(true, word.to_owned()));
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Some(Kind::Bool(false, word.to_owned()));
        }
        "" | "~" | "null" | "Null" | "NULL" => return Some(Kind::Null),
        _ => {}
    }
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    if matches!(word, ".nan" | ".NaN" | ".NAN") || matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return None;
    }
    let number = match word.as_bytes().first() {
        // Here go-yaml takes `_` between digits only.
        Some(b'.') if stands_between_digits(word, b'_') => float(&word.replace('_', ""), word),
        Some(b'0'..=b'9' | b'+' | b'-') => {
            let plain = word.replace('_', "");
            whole(&plain, word).or_else(|| float(&plain, word))
        }
        _ => None,
    };
    Some(number.unwrap_or_else(|| Kind::Text(word.to_owned())))
}

/// A whole number as Go's `strconv` reads it when the base is left to the prefix.
fn whole(plain: &str, word: &str) -> Option<Kind> {
    let (negative, digits) = match plain.as_bytes().first()? {
        b'-' => (true, &plain[1..]),
        b'+' => (false, &plain[1..]),
        _ => (false, plain),
    };
    let prefix = digits.get(..2).filter(|_| digits.len() > 2).unwrap_or_default();
    let (base, digits) = match prefix {
        "0x" | "0X" => (16, &digits[2..]),
        "0o" | "0O" => (8, &digits[2..]),
        "0b" | "0B" => (2, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    // Rust's own reader would take a second sign.
    if !digits.bytes().all(|digit| digit.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = i128::from(u64::from_str_radix(digits, base).ok()?);
    let value = if negative { -magnitude } else { magnitude };
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(value), _) => Some(Kind::Int(value, word.to_owned())),
        (_, Ok(value)) if !plain.starts_with('+') => Some(Kind::Unsigned(value, word.to_owned())),
        _ => None,
    }
}

fn float(plain: &str, word: &str) -> Option<Kind> {
    if !is_decimal(plain) {
        return None;
    }
    let value: f64 = plain.parse().ok().filter(|value: &f64| value.is_finite())?;
    let digits = value.to_string();
    let whole = digits.parse().ok().filter(|_| value.abs() < PLAIN_DIGITS_BELOW);
    Some(whole.map_or(Kind::Float(value, word.to_owned()), |whole| Kind::Int(whole, word.to_owned())))
}

fn stands_between_digits(word: &str, mark: u8) -> bool {
    let bytes = word.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    (0..bytes.len()).all(|at| bytes[at] != mark || digit(at.checked_sub(1)) && digit(Some(at + 1)))
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_decimal(word: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_dot = mantissa.contains('.');
    digits(before)
        && digits(after)
        && (!before.is_empty() || has_dot && !after.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}
