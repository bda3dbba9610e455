//! From the tree to the structs of the schema: a serde deserializer that goes on after a fault.
//!
//! serde stops at the first fault. Here the node with the fault is reported, taken out, and the rest is read again, until
//! nothing is left to report: one reading of a file shows all that is wrong with it.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, DeserializeOwned, DeserializeSeed, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::nearest;
use super::tree::{Entry, Kind, Node, Segment};

/// After so many faults in one file the rest is of no use to anybody.
const MAX_FAULTS: usize = 100;

/// What stands where a reference to a secret should; never shown.
pub(super) const LITERAL_SECRET: &str =
    "a secret is not written into a configuration file: name where it is kept, {env: NAME} or {file: PATH}";

/// A fault at `path`, which counts from the root of the file.
#[derive(Debug)]
pub(super) struct Fault {
    pub path: Vec<Segment>,
    /// The key is at fault, not its value.
    pub on_key: bool,
    pub message: String,
    pub hint: Option<String>,
    kind: FaultKind,
}

#[derive(Debug, PartialEq, Eq)]
enum FaultKind {
    Value,
    /// The node at `path` lacks this key.
    Missing(&'static str),
    /// Follows from a fault that was reported before.
    Silent,
}

impl Fault {
    fn new(message: String, hint: Option<String>, kind: FaultKind) -> Self {
        Self { path: Vec::new(), on_key: false, message, hint, kind }
    }

    /// The fault, one step further out.
    fn within(mut self, segment: Segment) -> Self {
        self.path.insert(0, segment);
        self
    }
}

/// Reads all of `root` that can be read. Nodes with faults are hidden in it.
pub(super) fn decode<T: DeserializeOwned + Default>(root: &mut Node) -> (T, Vec<Fault>) {
    let mut faults = Vec::new();
    for _ in 0..MAX_FAULTS {
        let mut fault = match T::deserialize(&*root) {
            Ok(value) => return (value, faults),
            Err(fault) => fault,
        };
        let at_root = fault.path.is_empty();
        root.hide(&fault.path);
        if let FaultKind::Missing(key) = fault.kind {
            let segment = Segment::Key(key.to_owned());
            if root.find(&fault.path).is_some_and(|node| node.child(&segment).is_some()) {
                fault.kind = FaultKind::Silent;
            }
        }
        if fault.kind != FaultKind::Silent {
            faults.push(fault);
        }
        if at_root {
            break;
        }
    }
    (T::default(), faults)
}

impl<'de> de::Deserializer<'de> for &'de Node {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.kind {
            Kind::Null => visitor.visit_unit(),
            Kind::Bool(value, _) => visitor.visit_bool(*value),
            Kind::Int(value, _) => visitor.visit_i64(*value),
            Kind::Unsigned(value, _) => visitor.visit_u64(*value),
            Kind::Float(value, _) => visitor.visit_f64(*value),
            Kind::Text(text) => visitor.visit_str(text),
            Kind::List(items) => visitor.visit_seq(Items { items, next: 0 }),
            Kind::Map(entries) => visitor.visit_map(Entries { entries, next: 0 }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if matches!(self.kind, Kind::Null) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.kind {
            Kind::Bool(_, text) | Kind::Int(_, text) | Kind::Unsigned(_, text) | Kind::Float(_, text) => {
                visitor.visit_str(text)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_string(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.kind {
            // `triggers:` with everything under it commented out.
            Kind::Null => visitor.visit_seq(Items { items: &[], next: 0 }),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.kind {
            Kind::Null => visitor.visit_map(Entries { entries: &[], next: 0 }),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.kind {
            Kind::Map(_) | Kind::Null => self.deserialize_map(visitor),
            // Derived code would also take a list as a struct, which no reader of a file could make sense of.
            Kind::List(_) => Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.kind {
            Kind::Text(text) => visitor.visit_enum(Variant { name: text, content: None }),
            Kind::Map(entries) => {
                let visible: Vec<&Entry> = entries.iter().filter(|entry| !entry.value.hidden).collect();
                match visible.as_slice() {
                    [entry] => visitor.visit_enum(Variant { name: &entry.key, content: Some(&entry.value) }),
                    [] if !entries.is_empty() => Err(Fault::new(String::new(), None, FaultKind::Silent)),
                    _ => Err(de::Error::custom(format!("expected exactly one key here, found {}", visible.len()))),
                }
            }
            _ => Err(de::Error::invalid_type(self.unexpected(), &visitor)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
        identifier ignored_any
    }
}

impl Node {
    fn unexpected(&self) -> Unexpected<'_> {
        match &self.kind {
            Kind::Null => Unexpected::Unit,
            Kind::Bool(value, _) => Unexpected::Bool(*value),
            Kind::Int(value, _) => Unexpected::Signed(*value),
            Kind::Unsigned(value, _) => Unexpected::Unsigned(*value),
            Kind::Float(value, _) => Unexpected::Float(*value),
            Kind::Text(text) => Unexpected::Str(text),
            Kind::List(_) => Unexpected::Seq,
            Kind::Map(_) => Unexpected::Map,
        }
    }
}

struct Items<'de> {
    items: &'de [Node],
    next: usize,
}

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        while let Some(item) = self.items.get(self.next) {
            let index = self.next;
            self.next += 1;
            if !item.hidden {
                return seed.deserialize(item).map(Some).map_err(|fault| fault.within(Segment::Index(index)));
            }
        }
        Ok(None)
    }
}

struct Entries<'de> {
    entries: &'de [Entry],
    /// The entry after the one whose key was read last.
    next: usize,
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        while let Some(entry) = self.entries.get(self.next) {
            self.next += 1;
            if !entry.value.hidden {
                let key: StrDeserializer<'_, Fault> = entry.key.as_str().into_deserializer();
                return seed.deserialize(key).map(Some).map_err(|mut fault| {
                    fault.on_key = true;
                    fault.within(Segment::Key(entry.key.clone()))
                });
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        match self.next.checked_sub(1).and_then(|last| self.entries.get(last)) {
            Some(entry) => {
                seed.deserialize(&entry.value).map_err(|fault| fault.within(Segment::Key(entry.key.clone())))
            }
            None => Err(de::Error::custom("a value was read before its key")),
        }
    }
}

/// One of several forms: its name alone, or its name as the only key of a mapping.
struct Variant<'de> {
    name: &'de str,
    content: Option<&'de Node>,
}

impl<'de> de::EnumAccess<'de> for Variant<'de> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        let name: StrDeserializer<'_, Fault> = self.name.into_deserializer();
        let value = seed.deserialize(name).map_err(|mut fault| match self.content {
            Some(_) => {
                fault.on_key = true;
                fault.within(Segment::Key(self.name.to_owned()))
            }
            None => fault,
        })?;
        Ok((value, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'de> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.content {
            None => Ok(()),
            Some(_) => Err(Fault::new(
                format!("`{}` takes nothing", self.name),
                Some(format!("write `{}`", self.name)),
                FaultKind::Value,
            )),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        match self.content {
            Some(node) => seed.deserialize(node).map_err(|fault| fault.within(Segment::Key(self.name.to_owned()))),
            // `on: push` is `on: {push: {}}`.
            None => seed.deserialize(MapAccessDeserializer::new(Entries { entries: &[], next: 0 })).map_err(|_| {
                let hint = format!("write it like {{{}: …}}", self.name);
                Fault::new(format!("`{}` needs more than its name", self.name), Some(hint), FaultKind::Value)
            }),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Fault> {
        Err(de::Error::invalid_type(Unexpected::TupleVariant, &visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, _fields: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        Err(de::Error::invalid_type(Unexpected::StructVariant, &visitor))
    }
}

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string(), None, FaultKind::Value)
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let message = format!("expected {}, found {}", in_words(&expected.to_string()), found_in_words(found));
        Self::new(message, None, FaultKind::Value)
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let message = format!("`{field}` is not a field here");
        Self::new(message, Some(nearest::hint(field, expected.iter().copied())), FaultKind::Value)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let message = format!("`{variant}` is not known here");
        Self::new(message, Some(nearest::hint(variant, expected.iter().copied())), FaultKind::Value)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("`{field}` is missing"), None, FaultKind::Missing(field))
    }
}

/// What serde calls a type, as people call it.
fn in_words(expected: &str) -> String {
    match expected {
        "u8" | "u16" | "u32" => "a whole number from 0 to 4294967295".to_owned(),
        "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i32" => "a whole number from -2147483648 to 2147483647".to_owned(),
        "i64" => "a whole number".to_owned(),
        "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "string" => "text".to_owned(),
        "path string" => "a path".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a mapping".to_owned(),
        other if other.starts_with("struct ") => "a mapping".to_owned(),
        other if other.starts_with("enum ") => "a name, or a mapping with one key".to_owned(),
        other => other.to_owned(),
    }
}

fn found_in_words(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Signed(value) => value.to_string(),
        Unexpected::Unsigned(value) => value.to_string(),
        Unexpected::Float(value) => value.to_string(),
        Unexpected::Str(text) => format!("`{text}`"),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        other => other.to_string(),
    }
}
