//! The normal distribution, whole and cut off, against SciPy's.

use serde::Deserialize;

use super::lines;
use crate::search::column::log_norm;
use crate::search::normal::{Cdf, quantile, truncated_quantile};

#[derive(Deserialize)]
#[serde(untagged)]
enum Case {
    Distribution { z: f64, cdf: f64 },
    Quantile { p: f64, z: f64 },
    Truncated { mean: f64, sigma: f64, unit: f64, x: f64, log_density: f64, below: f64 },
}

#[test]
fn the_normal_distribution_is_that_of_scipy() {
    let cdf = Cdf::table();
    let near = |what: &str, ours: f64, theirs: f64, allowed: f64| {
        assert!((ours - theirs).abs() <= allowed * theirs.abs().max(1e-300), "{what}: {ours}, not {theirs}");
    };
    for case in lines(include_str!("../../../tests/fixtures/normal.jsonl")) {
        match case {
            Case::Distribution { z, cdf: theirs } => near(&format!("Φ({z})"), cdf.at(z), theirs, 2e-12),
            Case::Quantile { p, z } => near(&format!("Φ⁻¹({p})"), quantile(p), z, 1e-13 + 1e-15 / z.abs().max(1e-3)),
            Case::Truncated { mean, sigma, unit, x, log_density, below } => {
                let what = format!("{mean} ± {sigma} at {x}");
                let ours = truncated_quantile(mean, sigma, unit);
                assert!((ours - x).abs() < 1e-12, "{what}: the quantile is {ours}");
                let ours = log_norm(&cdf, mean, sigma) - 0.5 * ((x - mean) / sigma).powi(2);
                assert!((ours - log_density).abs() < 1e-9, "{what}: the density is {ours}, not {log_density}");
                let inside = cdf.inside(mean, 1.0 / sigma);
                near(&what, cdf.between(-mean / sigma, (x - mean) / sigma) / inside, below, 1e-9);
            }
        }
    }
}
