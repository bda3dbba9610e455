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

/// What a tuning optimises: at least one objective, the first of which decides what "best" means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Objective>", into = "Vec<Objective>")]
pub struct Objectives {
    primary: Objective,
    others: Vec<Objective>,
}

impl Objectives {
    pub fn new(primary: Objective, others: Vec<Objective>) -> Self {
        Self { primary, others }
    }

    pub fn primary(&self) -> &Objective {
        &self.primary
    }

    /// All of them, the primary one first.
    pub fn iter(&self) -> impl Iterator<Item = &Objective> {
        std::iter::once(&self.primary).chain(&self.others)
    }

    /// The primary objective, if there is no other.
    pub fn only(&self) -> Option<&Objective> {
        self.others.is_empty().then_some(&self.primary)
    }
}

impl TryFrom<Vec<Objective>> for Objectives {
    type Error = &'static str;
    fn try_from(objectives: Vec<Objective>) -> Result<Self, Self::Error> {
        let mut objectives = objectives.into_iter();
        let primary = objectives.next().ok_or("a tuning needs at least one objective")?;
        Ok(Self { primary, others: objectives.collect() })
    }
}

impl From<Objectives> for Vec<Objective> {
    fn from(objectives: Objectives) -> Self {
        std::iter::once(objectives.primary).chain(objectives.others).collect()
    }
}

/// Metrics by name, all finite or not: whether a value will do is for the transition rules to say.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metrics(#[serde(with = "nullable")] pub BTreeMap<MetricName, f64>);

impl Metrics {
    pub fn get(&self, name: &MetricName) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// The standard deviation of a metric, where a trial has measured it several times (seeds, folds) and reports it as
    /// `NAME_std`.
    pub fn spread(&self, name: &MetricName) -> Option<f64> {
        let spread = self.get(&format!("{name}_std").parse().ok()?)?;
        (spread.is_finite() && spread >= 0.0).then_some(spread)
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
