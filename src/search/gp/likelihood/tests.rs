use super::*;
use crate::search::conformance::spaces::empty;
use crate::search::conformance::spaces::mixed;
use crate::search::layout::Layout;
use crate::search::random::draw;
use crate::search::stream::Stream;

/// Random points of the mixed space and a smooth target.
fn data(layout: &Layout, encoding: &Encoding, n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut stream = Stream::of_sweep(5);
    let features: Vec<f64> = (0..n).flat_map(|_| encoding.encode(layout, &draw(layout, &mut stream))).collect();
    let targets = features.chunks(encoding.len()).map(|x| (3.0 * x[0]).sin() + x[3] * x[1] - 0.5).collect();
    (features, targets)
}

#[test]
fn the_gradient_is_that_of_the_likelihood() {
    let layout = Layout::new(empty(&mixed(), 0).space());
    let encoding = Encoding::new(&layout);
    let (features, targets) = data(&layout, &encoding, 20);
    let likelihood = Likelihood::new(&encoding, &features, &targets);
    for variables in [start(&encoding, 1.0, 1e-2), start(&encoding, 0.4, 1e-4), start(&encoding, 3.0, 0.3)] {
        let (_, gradient) = likelihood.evaluate(&variables);
        for place in 0..variables.len() {
            let moved = |step: f64| {
                let mut moved = variables.clone();
                moved[place] += step;
                likelihood.evaluate(&moved).0
            };
            let want = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            let got = gradient[place];
            assert!((got - want).abs() < 1e-5 * want.abs().max(1.0), "variable {place}: {got}, not {want}");
        }
    }
}

#[test]
fn one_point_has_a_likelihood() {
    let layout = Layout::new(&mixed());
    let encoding = Encoding::new(&layout);
    let (features, _) = data(&layout, &encoding, 1);
    let (value, gradient) = Likelihood::new(&encoding, &features, &[0.0]).evaluate(&start(&encoding, 1.0, 1e-2));
    assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()));
}
