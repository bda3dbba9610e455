//! One line of the input as a request: its fields as they are written, each read when its operation asks for it.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::fault::Fault;
use super::scalar::Scalar;

/// A field of an object, as it is written; null is not the same as missing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Field<'a>(Option<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Self(Some(raw)))
    }
}

/// All fields of all operations. Others are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Request<'a> {
    #[serde(borrow)]
    pub op: Field<'a>,
    pub space: Field<'a>,
    pub sampler: Field<'a>,
    pub seed: Field<'a>,
    pub directions: Field<'a>,
    pub sampler_options: Field<'a>,
    pub pruner: Field<'a>,
    pub constraints: Field<'a>,
    pub storage: Field<'a>,
    pub n: Field<'a>,
    pub id: Field<'a>,
    pub values: Field<'a>,
    pub state: Field<'a>,
    pub step: Field<'a>,
    pub value: Field<'a>,
    pub trials: Field<'a>,
}

impl<'a> Request<'a> {
    pub fn read(line: &'a [u8]) -> Result<Self, Fault> {
        let text = std::str::from_utf8(line).map_err(|error| {
            Fault::bad_request(format!("the line is not UTF-8 from byte {} on", error.valid_up_to()))
        })?;
        object(text).map_err(|problem| Fault::bad_request(format!("the line is not a request: {problem}")))
    }
}

/// Reads a JSON object into a struct of fields. (By itself serde would also take a list.)
pub(super) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    if !text.trim_start().starts_with('{') {
        // What is not JSON at all is told apart from what is.
        serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| error.to_string())?;
        return Err("it must be a JSON object, in braces".into());
    }
    serde_json::from_str(text).map_err(|error| error.to_string())
}

impl<'a> Field<'a> {
    /// What is written, unless it is missing or null.
    pub fn given(self) -> Option<&'a RawValue> {
        self.0.filter(|raw| raw.get() != "null")
    }

    /// What is written, which may be null.
    pub fn written(self) -> Option<&'a RawValue> {
        self.0
    }

    /// What is written, or null.
    pub fn text(self) -> &'a str {
        self.0.map_or("null", RawValue::get)
    }

    /// What is written as a `T`; `None` if it is missing or null.
    ///
    /// # Errors
    /// `bad_request`: it is something else than `expected`.
    pub fn read<T: Deserialize<'a>>(self, name: &str, expected: &str) -> Result<Option<T>, Fault> {
        let read = |raw: &'a RawValue| serde_json::from_str(raw.get()).map_err(|_| self.wrong(name, expected));
        self.given().map(read).transpose()
    }

    /// A whole number of `range`; `None` if it is missing or null.
    ///
    /// # Errors
    /// `bad_request`: it is something else.
    pub fn integer<T>(self, name: &str, range: std::ops::RangeInclusive<T>) -> Result<Option<T>, Fault>
    where
        T: TryFrom<i128> + PartialOrd + std::fmt::Display,
    {
        let wrong = || self.wrong(name, &format!("a whole number from {} to {}", range.start(), range.end()));
        let Some(raw) = self.given() else { return Ok(None) };
        let integer = Scalar::read(raw).ok().and_then(|scalar| T::try_from(scalar.integer()?).ok());
        integer.filter(|value| range.contains(value)).map(Some).ok_or_else(wrong)
    }

    /// `bad_request`: the field `name` is missing, or is not `expected`.
    pub fn wrong(self, name: &str, expected: &str) -> Fault {
        Fault::bad_request(match self.0 {
            None => format!("`{name}` is missing: it must be {expected}"),
            Some(raw) => format!("`{name}` must be {expected}, not {}", excerpt(raw.get())),
        })
    }
}

/// The beginning of a text that may be long.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
