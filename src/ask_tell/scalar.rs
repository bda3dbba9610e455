//! One JSON value that is neither a list nor an object, without loss: integers of any length, and 1 told from 1.0.

use std::fmt;

use serde_json::value::RawValue;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer that an `i64` does not hold, as it is written.
    BigInt(String),
    /// Finite.
    Float(f64),
    Text(String),
}

impl Scalar {
    /// # Errors
    /// What is wrong with it, in words that follow its name.
    pub fn read(raw: &RawValue) -> Result<Self, String> {
        let text = raw.get();
        let wrong = |error: serde_json::Error| format!("cannot be read: {error}");
        match text.as_bytes().first() {
            Some(b'n') => Ok(Self::Null),
            Some(b't') => Ok(Self::Bool(true)),
            Some(b'f') => Ok(Self::Bool(false)),
            Some(b'"') => serde_json::from_str(text).map(Self::Text).map_err(wrong),
            Some(b'[' | b'{') => Err("must not be a list or an object".into()),
            _ if text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) || text == "-0" => {
                serde_json::from_str(text).map(Self::Float).map_err(wrong)
            }
            _ => Ok(text.parse().map_or_else(|_| Self::BigInt(text.to_owned()), Self::Int)),
        }
    }

    /// The whole number that it is: JSON has no difference between 3 and 3.0.
    pub fn integer(&self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(i128::from(*value)),
            Self::BigInt(digits) => digits.parse().ok(),
            Self::Float(value) if value.fract() == 0.0 && value.abs() < 1e18 => Some(*value as i128),
            _ => None,
        }
    }

    /// The number that it is, rounded to the nearest `f64`.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::BigInt(digits) => digits.parse().ok().filter(|value: &f64| value.is_finite()),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// Where `wanted` is among `offered`: the same value, or else the same number written in another way.
    pub fn find<'a>(wanted: &Self, offered: impl Iterator<Item = &'a Self> + Clone) -> Option<usize> {
        let same = offered.clone().position(|value| value == wanted);
        same.or_else(|| wanted.integer().and_then(|_| offered.clone().position(|v| v.integer() == wanted.integer())))
    }
}

/// As JSON writes it.
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::BigInt(digits) => f.write_str(digits),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
        }
    }
}
