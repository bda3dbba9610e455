//! What a trial measures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::MetricName;

/// Which way an objective is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Minimize,
    Maximize,
}

impl Direction {
    /// Is `a` strictly better than `b`? NaN is better than nothing and nothing is better than NaN: both give `false`.
    pub fn better(self, a: f64, b: f64) -> bool {
        match self {
            Self::Minimize => a < b,
            Self::Maximize => a > b,
        }
    }

    /// `value` turned so that smaller is better.
    pub fn loss(self, value: f64) -> f64 {
        match self {
            Self::Minimize => value,
            Self::Maximize => -value,
        }
    }

    /// Has `value` reached `goal`?
    pub fn reached(self, value: f64, goal: f64) -> bool {
        value == goal || self.better(value, goal)
    }
}

/// One thing to optimise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    pub metric: MetricName,
    pub direction: Direction,
    /// The sweep stops early once a finished trial is this good.
    pub goal: Option<f64>,
}

/// Metrics by name, all finite or not: whether a value will do is for the transition rules to say.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metrics(#[serde(with = "nullable")] pub BTreeMap<MetricName, f64>);

impl Metrics {
    pub fn get(&self, name: &MetricName) -> Option<f64> {
        self.0.get(name).copied()
    }
}

impl FromIterator<(MetricName, f64)> for Metrics {
    fn from_iter<I: IntoIterator<Item = (MetricName, f64)>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

/// JSON has no NaN and no infinity: they are written as null, and null is read as NaN.
mod nullable {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::MetricName;

    pub fn serialize<S: Serializer>(map: &BTreeMap<MetricName, f64>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(map.iter().map(|(name, value)| (name, value.is_finite().then_some(*value))))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<MetricName, f64>, D::Error> {
        let map = BTreeMap::<MetricName, Option<f64>>::deserialize(deserializer)?;
        Ok(map.into_iter().map(|(name, value)| (name, value.unwrap_or(f64::NAN))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nan_survives_the_store() {
        let metrics: Metrics =
            [("loss".parse().unwrap(), f64::NAN), ("acc".parse().unwrap(), 0.5)].into_iter().collect();
        let text = serde_json::to_string(&metrics).unwrap();
        assert_eq!(text, r#"{"acc":0.5,"loss":null}"#);
        let back: Metrics = serde_json::from_str(&text).unwrap();
        assert!(back.get(&"loss".parse().unwrap()).unwrap().is_nan());
    }

    #[test]
    fn nan_is_never_better() {
        for direction in [Direction::Minimize, Direction::Maximize] {
            assert!(!direction.better(f64::NAN, 1.0) && !direction.better(1.0, f64::NAN));
        }
    }
}
