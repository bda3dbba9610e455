//! Samplers and their options by the names of the protocol.

use crate::domain::tuning::{SamplerKind, Search};

use super::fault::{Code, Fault};
use super::pruner::pruner;
use super::request::{Field, object};
use super::space::Entries;

/// The sampler with its options and the pruner.
///
/// # Errors
/// `unsupported`: one that there is not; `bad_request`: a value that it cannot have.
pub(super) fn search(sampler: Field, options: Field, pruner_field: Field) -> Result<Search, Fault> {
    let mut search = Search::new(sampler_kind(sampler)?);
    set_options(&mut search, options)?;
    search.pruner = pruner(pruner_field)?;
    Ok(search)
}

/// What the protocol calls a sampler.
fn protocol_name(kind: SamplerKind) -> &'static str {
    match kind {
        SamplerKind::Sobol => "qmc",
        other => other.name(),
    }
}

fn sampler_kind(field: Field) -> Result<SamplerKind, Fault> {
    let Some(name) = field.read::<String>("sampler", "the name of a sampler")? else { return Ok(SamplerKind::Auto) };
    let known = SamplerKind::ALL.into_iter().find(|kind| protocol_name(*kind) == name || kind.name() == name);
    known.ok_or_else(|| unsupported("sampler", &name, &SamplerKind::ALL.map(protocol_name)))
}

fn set_options(search: &mut Search, field: Field) -> Result<(), Fault> {
    let Some(raw) = field.given() else { return Ok(()) };
    let Entries(options) = object(raw.get()).map_err(|_| field.wrong("sampler_options", "an object"))?;
    for (name, raw) in options {
        let value = serde_json::from_str::<Field>(raw.get()).unwrap_or_default();
        match name.as_str() {
            "n_startup" => {
                if let Some(trials) = value.integer("n_startup", 0..=u32::MAX)? {
                    search.startup_trials = trials;
                }
            }
            "constant_liar" => {
                if let Some(constant_liar) = value.read("constant_liar", "true or false")? {
                    search.constant_liar = constant_liar;
                }
            }
            "population" => search.population = value.integer("population", 2..=100_000)?,
            other => return Err(unsupported("option", other, &["n_startup", "constant_liar", "population"])),
        }
    }
    Ok(())
}

pub(super) fn unsupported(kind: &str, name: &str, known: &[&str]) -> Fault {
    let name = super::request::excerpt(name);
    Fault::new(Code::Unsupported, format!("there is no {kind} `{name}`; there are {}", known.join(", ")))
}
