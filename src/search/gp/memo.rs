//! Models that were computed before, by exactly what they were computed from.

use super::encoding::Encoding;
use super::fit::{Fit, bends, fit, milestone};
use super::observations::Observations;
use super::process::{Points, Process};
use super::warp::Warp;

/// One model for each objective and then for each constraint of the last ask.
#[derive(Debug, Default)]
pub(super) struct Memo {
    models: Vec<Model>,
}

#[derive(Debug)]
struct Model {
    /// What the kernel was fitted on.
    encoding: Encoding,
    features: Vec<f64>,
    losses: Vec<f64>,
    straight: bool,
    fit: Fit,
    points: Points,
}

/// A fitted model of observations.
pub(super) struct Modelled<'a> {
    points: &'a Points,
    pub warp: Warp,
    targets: Vec<f64>,
}

impl Memo {
    /// Models of `objectives` and then of `constraints`, each with the points of `pending` (`n_pending` × `n_features`)
    /// at the end. `straight`: losses keep their proportions.
    ///
    /// Cost: O(n²) if all but the last few trials are known from before; else that of a fit and O(n³).
    pub fn model(
        &mut self,
        encoding: &Encoding,
        objectives: &[Observations],
        constraints: &[Observations],
        pending: &[f64],
        straight: bool,
    ) -> Vec<Modelled<'_>> {
        let all = || objectives.iter().map(|seen| (seen, straight)).chain(constraints.iter().map(|seen| (seen, true)));
        self.models.truncate(all().count());
        for (index, (observations, straight)) in all().enumerate() {
            let known = self.models.get(index).is_some_and(|model| model.is_of(encoding, observations, straight));
            if !known {
                let model = Model::of(encoding, observations, straight);
                if index < self.models.len() {
                    self.models[index] = model;
                } else {
                    self.models.push(model);
                }
            }
            let mut features = observations.features.clone();
            features.extend_from_slice(pending);
            self.models[index].points.follow(&features);
        }
        self.models.iter().zip(all()).map(|(model, (observations, _))| model.observe(observations)).collect()
    }
}

impl Model {
    fn of(encoding: &Encoding, observations: &Observations, straight: bool) -> Self {
        let m = milestone(observations.len());
        let features = observations.features[..m * encoding.len()].to_vec();
        let losses = observations.losses[..m].to_vec();
        let fit = fit(encoding, &features, &losses, bends(straight));
        let points = Points::new(encoding.clone(), fit.kernel.clone());
        Self { encoding: encoding.clone(), features, losses, straight, fit, points }
    }

    fn is_of(&self, encoding: &Encoding, observations: &Observations, straight: bool) -> bool {
        let m = milestone(observations.len());
        let same = |old: &[f64], new: &[f64]| {
            old.len() == new.len() && old.iter().zip(new).all(|(a, b)| a.to_bits() == b.to_bits())
        };
        self.straight == straight
            && self.encoding == *encoding
            && same(&self.features, &observations.features[..m * encoding.len()])
            && same(&self.losses, &observations.losses[..m])
    }

    fn observe(&self, observations: &Observations) -> Modelled<'_> {
        let warp = Warp::of(&observations.losses, self.fit.bend);
        let targets = observations.losses.iter().map(|loss| warp.apply(*loss)).collect();
        Modelled { points: &self.points, warp, targets }
    }
}

impl<'a> Modelled<'a> {
    pub fn process(&self) -> Process<'a> {
        self.points.observe(&self.targets)
    }

    /// The warped losses that the model believes in at each of its points.
    ///
    /// Cost: O(n²)
    pub fn believed(&self) -> Vec<f64> {
        self.process().believed(&self.targets)
    }
}
