//! The manifest's `metrics`: names of built-in metrics, and definitions of custom ones.
//!
//! A definition is checked while the manifest is parsed, because only then the line is known.

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use tg_stage::{CustomMetric, filter};

/// An entry of `metrics`: a name, or a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Named(String),
    Custom(CustomMetric),
}

impl Entry {
    pub fn name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::Custom(custom) => &custom.name,
        }
    }

    pub fn custom(&self) -> Option<&CustomMetric> {
        match self {
            Self::Named(_) => None,
            Self::Custom(custom) => Some(custom),
        }
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("the name of a metric, or {name, unit, better, jq}")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Entry, E> {
        Ok(Entry::Named(name.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
        let Written {
            name,
            unit,
            better,
            jq,
        } = Written::deserialize(MapAccessDeserializer::new(map))?;
        let custom = CustomMetric {
            name,
            unit,
            better,
            jq: jq.0,
        };
        custom
            .fault()
            .map_or(Ok(Entry::Custom(custom)), |fault| Err(Error::custom(fault)))
    }
}

/// A definition as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    unit: Option<String>,
    better: Option<String>,
    jq: Jq,
}

/// A filter that compiles.
struct Jq(String);

impl<'de> Deserialize<'de> for Jq {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Compiles)
    }
}

/// Compiles the filter while the parser is at its line.
struct Compiles;

impl Visitor<'_> for Compiles {
    type Value = Jq;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a jq filter")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Jq, E> {
        let checked = filter::check(text).map_err(E::custom);
        checked.map(|()| Jq(text.into()))
    }
}

#[cfg(test)]
mod tests;
