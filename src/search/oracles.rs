//! Our numbers against those of SciPy and Optuna: `tests/oracles` has what makes them, `tests/fixtures` what it made.

mod fronts;
mod normal;
mod sobol;

use serde::de::DeserializeOwned;

/// The lines of a fixture.
fn lines<T: DeserializeOwned>(text: &str) -> Vec<T> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
