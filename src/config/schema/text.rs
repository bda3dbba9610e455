//! Small values that are written as text: durations, sizes, percentages, references to secrets, overrides.

use std::fmt;
use std::path::PathBuf;

use jiff::{SignedDuration, Span, SpanRelativeTo};
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::config::decode::LITERAL_SECRET;
use crate::domain::params::Value;

/// A length of time, 0 or longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct Duration(pub SignedDuration);

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct ByteSize(pub u64);

/// `1%` as `1.0`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::config) struct Percent(pub f64);

/// A number, with or without a fraction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::config) enum Number {
    Int(i64),
    Float(f64),
}

/// One value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::config) struct Scalar(pub Value);

/// One value or several.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::config) struct Scalars(pub Vec<Value>);

/// Overrides in the form `key=value`, with the key or the number in the list that each stands at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) enum Words {
    Map(Vec<(String, String)>),
    List(Vec<String>),
}

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) enum SecretReference {
    Env(String),
    File(PathBuf),
}

impl Default for Words {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

/// Reads the text of a value, and only text: `trials: 10` is no duration.
struct Text<T> {
    expected: &'static str,
    parse: fn(&str) -> Option<T>,
}

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text.trim()).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        (self.parse)(&number.to_string()).ok_or_else(|| E::invalid_type(de::Unexpected::Signed(number), &self))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        (self.parse)(&number.to_string()).ok_or_else(|| E::invalid_type(de::Unexpected::Float(number), &self))
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a duration like 90s, 15m or 2h 30m";
        deserializer.deserialize_any(Text { expected, parse: parse_duration }).map(Self)
    }
}

fn parse_duration(text: &str) -> Option<SignedDuration> {
    let span: Span = text.parse().ok()?;
    // Months and years have no fixed length; 7 d are 604800 s here, whatever a time zone does.
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    (!duration.is_negative()).then_some(duration)
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a size like 65536, 500KB or 10MiB";
        deserializer.deserialize_any(Text { expected, parse: parse_size }).map(Self)
    }
}

fn parse_size(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit: u64 = match text[digits..].trim() {
        "" | "B" => 1,
        "KB" | "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a percentage like 1% or 0.5%";
        deserializer.deserialize_any(Text { expected, parse: parse_percent }).map(Self)
    }
}

fn parse_percent(text: &str) -> Option<f64> {
    if text == "0" {
        return Some(0.0);
    }
    let number: f64 = text.strip_suffix('%')?.trim_end().parse().ok()?;
    (0.0..=1000.0).contains(&number).then_some(number)
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
        Ok(Number::Int(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
        Ok(Number::Float(value))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

impl Number {
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// The value as a whole number: `1e3` is one, `0.5` is not.
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(value),
            // Beyond 2^53 a float does not name one whole number.
            Self::Float(value) if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 => Some(value as i64),
            Self::Float(_) => None,
        }
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value: text, a number, true, false or null")
    }

    fn visit_unit<E>(self) -> Result<Vec<Value>, E> {
        Ok(vec![Value::Null])
    }

    fn visit_bool<E>(self, value: bool) -> Result<Vec<Value>, E> {
        Ok(vec![Value::Bool(value)])
    }

    fn visit_i64<E>(self, value: i64) -> Result<Vec<Value>, E> {
        Ok(vec![Value::Int(value)])
    }

    fn visit_f64<E>(self, value: f64) -> Result<Vec<Value>, E> {
        Ok(vec![Value::Float(value)])
    }

    fn visit_str<E>(self, text: &str) -> Result<Vec<Value>, E> {
        Ok(vec![Value::Text(text.to_owned())])
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = deserializer.deserialize_any(ScalarVisitor)?;
        Ok(Self(values.into_iter().next().unwrap_or(Value::Null)))
    }
}

struct ScalarsVisitor;

impl<'de> Visitor<'de> for ScalarsVisitor {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or a list of values")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Vec<Value>, E> {
        Ok(vec![Value::Bool(value)])
    }

    fn visit_i64<E>(self, value: i64) -> Result<Vec<Value>, E> {
        Ok(vec![Value::Int(value)])
    }

    fn visit_f64<E>(self, value: f64) -> Result<Vec<Value>, E> {
        Ok(vec![Value::Float(value)])
    }

    fn visit_str<E>(self, text: &str) -> Result<Vec<Value>, E> {
        Ok(vec![Value::Text(text.to_owned())])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Vec<Value>, A::Error> {
        let mut values = Vec::new();
        while let Some(Scalar(value)) = access.next_element()? {
            values.push(value);
        }
        Ok(values)
    }
}

impl<'de> Deserialize<'de> for Scalars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarsVisitor).map(Self)
    }
}

struct WordsVisitor;

impl<'de> Visitor<'de> for WordsVisitor {
    type Value = Words;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("overrides like {trials: 20} or [trials=20]")
    }

    fn visit_unit<E>(self) -> Result<Words, E> {
        Ok(Words::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Words, A::Error> {
        let mut words = Vec::new();
        while let Some(word) = access.next_element()? {
            words.push(word);
        }
        Ok(Words::List(words))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Words, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = access.next_entry()? {
            pairs.push(pair);
        }
        Ok(Words::Map(pairs))
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordsVisitor)
    }
}

struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = SecretReference;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{env: NAME} or {file: PATH}")
    }

    fn visit_str<E: de::Error>(self, _text: &str) -> Result<SecretReference, E> {
        Err(E::custom(LITERAL_SECRET))
    }

    fn visit_i64<E: de::Error>(self, _number: i64) -> Result<SecretReference, E> {
        Err(E::custom(LITERAL_SECRET))
    }

    fn visit_u64<E: de::Error>(self, _number: u64) -> Result<SecretReference, E> {
        Err(E::custom(LITERAL_SECRET))
    }

    fn visit_f64<E: de::Error>(self, _number: f64) -> Result<SecretReference, E> {
        Err(E::custom(LITERAL_SECRET))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<SecretReference, A::Error> {
        let (mut env, mut file, mut other) = (None, None, false);
        while let Some(key) = access.next_key::<String>()? {
            match key.as_str() {
                "env" => env = Some(access.next_value()?),
                "file" => file = Some(access.next_value()?),
                // What stands there may be the secret itself.
                _ => {
                    access.next_value::<IgnoredAny>()?;
                    other = true;
                }
            }
        }
        match (env, file, other) {
            (Some(name), None, false) => Ok(SecretReference::Env(name)),
            (None, Some(path), false) => Ok(SecretReference::File(path)),
            _ => Err(de::Error::custom(LITERAL_SECRET)),
        }
    }
}

impl<'de> Deserialize<'de> for SecretReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}
