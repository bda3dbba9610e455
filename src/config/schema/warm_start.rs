//! How much of earlier sweeps a sweep starts from.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Does a sweep start from earlier ones?
#[derive(Debug)]
pub(in crate::config) enum WarmStartEntry {
    No,
    Yes(WarmStartLimitsEntry),
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct WarmStartLimitsEntry {
    /// The last so many finished sweeps. Default: 3.
    pub sweeps: Option<u32>,
    /// So many of their trials, all together: the best, and others spread over the rest. Default: 200.
    pub trials: Option<u32>,
}

struct WarmStartVisitor;

impl<'de> Visitor<'de> for WarmStartVisitor {
    type Value = WarmStartEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false or numbers of `sweeps` and `trials`")
    }

    fn visit_bool<E>(self, wanted: bool) -> Result<WarmStartEntry, E> {
        Ok(if wanted { WarmStartEntry::Yes(WarmStartLimitsEntry::default()) } else { WarmStartEntry::No })
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<WarmStartEntry, A::Error> {
        WarmStartLimitsEntry::deserialize(MapAccessDeserializer::new(access)).map(WarmStartEntry::Yes)
    }
}

impl<'de> Deserialize<'de> for WarmStartEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WarmStartVisitor)
    }
}

impl JsonSchema for WarmStartEntry {
    fn schema_name() -> Cow<'static, str> {
        "WarmStartEntry".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let limits = generator.subschema_for::<WarmStartLimitsEntry>();
        json_schema!({ "anyOf": [{ "type": "boolean" }, limits] })
    }
}
