//! Pruners and their options by the names of the protocol.
//!
//! Protocol version 1 names `median`, `asha`, `hyperband` and `wilcoxon`; the others are our own, by the names of their
//! settings.

use serde::Deserialize;

use crate::domain::tuning::{PrunerSettings, Rungs};

use super::fault::Fault;
use super::request::{Field, object};
use super::settings::unsupported;

const NAMES: [&str; 8] = ["none", "median", "percentile", "asha", "hyperband", "wilcoxon", "patience", "threshold"];

/// The fields of all pruners.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields<'a> {
    #[serde(borrow)]
    name: Field<'a>,
    n_startup: Field<'a>,
    warmup: Field<'a>,
    percentile: Field<'a>,
    min_resource: Field<'a>,
    max_resource: Field<'a>,
    eta: Field<'a>,
    p: Field<'a>,
    steps: Field<'a>,
    min_delta: Field<'a>,
    lower: Field<'a>,
    upper: Field<'a>,
}

/// # Errors
/// `unsupported`: a pruner that there is not; `bad_request`: a value that it cannot have.
pub(super) fn pruner(field: Field) -> Result<PrunerSettings, Fault> {
    let Some(raw) = field.given() else { return Ok(PrunerSettings::None) };
    let fields: Fields = object(raw.get()).map_err(|_| field.wrong("pruner", "an object or null"))?;
    let expected = "the name of a pruner";
    let name: Option<String> = fields.name.read("pruner.name", expected)?;
    match name.as_deref() {
        Some("none") => Ok(PrunerSettings::None),
        Some("median") => {
            Ok(PrunerSettings::Median { startup_trials: fields.startup(5)?, warmup_steps: fields.warmup_steps()? })
        }
        Some("percentile") => Ok(PrunerSettings::Percentile {
            keep_percent: number(fields.percentile, "percentile", "a number from 0 to 100", |p| {
                (0.0..=100.0).contains(&p)
            })?
            .unwrap_or(25.0),
            startup_trials: fields.startup(5)?,
            warmup_steps: fields.warmup_steps()?,
        }),
        Some("asha") => Ok(PrunerSettings::Asha(fields.rungs()?)),
        Some("hyperband") => fields.hyperband(),
        Some("wilcoxon") => Ok(PrunerSettings::Wilcoxon {
            p: number(fields.p, "p", "a number from 0 to 1", |p| (0.0..=1.0).contains(&p))?.unwrap_or(0.1),
            startup_steps: fields.startup(2)?,
        }),
        Some("patience") => Ok(PrunerSettings::Patience {
            steps: fields.steps.integer("pruner.steps", 1..=u64::MAX)?.unwrap_or(10),
            min_delta: number(fields.min_delta, "min_delta", "a number from 0 on", |delta| delta >= 0.0)?
                .unwrap_or(0.0),
        }),
        Some("threshold") => Ok(PrunerSettings::Threshold {
            lower: number(fields.lower, "lower", "a number", |_| true)?,
            upper: number(fields.upper, "upper", "a number", |_| true)?,
            warmup_steps: fields.warmup_steps()?,
        }),
        Some(other) => Err(unsupported("pruner", other, &NAMES)),
        None => Err(fields.name.wrong("pruner.name", expected)),
    }
}

impl Fields<'_> {
    fn startup(&self, default: u32) -> Result<u32, Fault> {
        Ok(self.n_startup.integer("pruner.n_startup", 0..=u32::MAX)?.unwrap_or(default))
    }

    fn warmup_steps(&self) -> Result<u64, Fault> {
        Ok(self.warmup.integer("pruner.warmup", 0..=u64::MAX)?.unwrap_or(0))
    }

    fn rungs(&self) -> Result<Rungs, Fault> {
        Ok(Rungs {
            min_steps: self.min_resource.integer("pruner.min_resource", 1..=u64::MAX)?.unwrap_or(1),
            max_steps: self.max_resource.integer("pruner.max_resource", 1..=u64::MAX)?,
            eta: self.eta.integer("pruner.eta", 2..=u32::MAX)?.unwrap_or(3),
        })
    }

    fn hyperband(&self) -> Result<PrunerSettings, Fault> {
        let Rungs { min_steps, max_steps, eta } = self.rungs()?;
        let expected = "the steps of a whole trial";
        let max_steps = max_steps.ok_or_else(|| self.max_resource.wrong("pruner.max_resource", expected))?;
        Ok(PrunerSettings::Hyperband { min_steps, max_steps, eta })
    }
}

fn number(field: Field, name: &str, expected: &str, fits: impl Fn(f64) -> bool) -> Result<Option<f64>, Fault> {
    let name = format!("pruner.{name}");
    match field.read::<f64>(&name, expected)? {
        Some(value) if !fits(value) => Err(field.wrong(&name, expected)),
        value => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PrunerSettings, String> {
        let field: Field = serde_json::from_str(text).unwrap();
        pruner(field).map_err(|fault| fault.to_string())
    }

    #[test]
    fn pruners_are_known_by_the_names_of_the_protocol() {
        let rungs = Rungs { min_steps: 1, max_steps: Some(81), eta: 3 };
        let asha = r#"{"name":"asha","min_resource":1,"max_resource":81,"eta":3}"#;
        assert_eq!(read(asha), Ok(PrunerSettings::Asha(rungs)));
        assert_eq!(read(r#"{"name":"asha"}"#), Ok(PrunerSettings::Asha(Rungs { max_steps: None, ..rungs })));
        let hyperband = PrunerSettings::Hyperband { min_steps: 1, max_steps: 81, eta: 3 };
        assert_eq!(read(&asha.replace("asha", "hyperband")), Ok(hyperband));
        let median = PrunerSettings::Median { startup_trials: 5, warmup_steps: 3 };
        assert_eq!(read(r#"{"name":"median","warmup":3}"#), Ok(median));
        let wilcoxon = PrunerSettings::Wilcoxon { p: 0.05, startup_steps: 2 };
        assert_eq!(read(r#"{"name":"wilcoxon","p":0.05}"#), Ok(wilcoxon));
        let percentile = PrunerSettings::Percentile { keep_percent: 10.0, startup_trials: 5, warmup_steps: 0 };
        assert_eq!(read(r#"{"name":"percentile","percentile":10}"#), Ok(percentile));
        let patience = PrunerSettings::Patience { steps: 4, min_delta: 0.5 };
        assert_eq!(read(r#"{"name":"patience","steps":4,"min_delta":0.5}"#), Ok(patience));
        let threshold = PrunerSettings::Threshold { lower: None, upper: Some(2.0), warmup_steps: 0 };
        assert_eq!(read(r#"{"name":"threshold","upper":2}"#), Ok(threshold));
        assert_eq!(read("null"), Ok(PrunerSettings::None));
    }

    #[test]
    fn values_that_a_pruner_cannot_have_are_refused() {
        let refusals = [
            r#"{"name":"asha","eta":1}"#,
            r#"{"name":"hyperband"}"#,
            r#"{"name":"wilcoxon","p":2}"#,
            r#"{"name":"percentile","percentile":-1}"#,
            r#"{"name":"bohb"}"#,
            r#"{"eta":3}"#,
        ]
        .map(|text| read(text).unwrap_err());
        insta::assert_snapshot!(refusals.join("\n"), @"
        `pruner.eta` must be a whole number from 2 to 4294967295, not 1
        `pruner.max_resource` is missing: it must be the steps of a whole trial
        `pruner.p` must be a number from 0 to 1, not 2
        `pruner.percentile` must be a number from 0 to 100, not -1
        there is no pruner `bohb`; there are none, median, percentile, asha, hyperband, wilcoxon, patience, threshold
        `pruner.name` is missing: it must be the name of a pruner
        ");
    }
}
