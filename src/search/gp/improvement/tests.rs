use super::*;
use crate::search::normal::quantile;

/// z; the logarithm of the excess and its slope; the logarithm of Φ and its slope. Computed with 60 digits (mpmath).
const KNOWN: [(f64, f64, f64, f64, f64); 13] = [
    (-1e6, -500000000028.55, 1000000.000002, -500000000014.73444, 1000000.000001),
    (-300.0, -45012.32653681455, 300.00666644446176, -45006.62273211866, 300.00333325926334),
    (-40.0, -808.29856835662, 40.04990665764852, -804.6084420137538, 40.02496884720726),
    (-12.5, -84.11418284068544, 12.657057565828094, -81.57596787074388, 12.579007304406977),
    (-5.5, -19.543071452824105, 5.833954662723005, -17.77937635262526, 5.671410313897305),
    (-5.0, -16.74430116266099, 5.361816241288088, -15.064998393988725, 5.186503967125842),
    (-4.9, -16.212816407897733, 5.267910100563279, -14.551182689355311, 5.089828600129883),
    (-3.0, -7.869686059603029, 3.5323375176251606, -6.607726221510349, 3.2830986549304364),
    (-1.0, -2.4851210257126413, 1.9042712333296918, -1.8410216450092636, 1.525135276160981),
    (0.0, -0.9189385332046728, 1.2533141373155003, -std::f64::consts::LN_2, 0.7978845608028654),
    (0.7, -0.17093141922474067, 0.8993414344117392, -0.27702394227713123, 0.41192475041929066),
    (3.0, 1.0987396653277077, 0.3328409684517952, -0.0013508099647481938, 0.004437839042125664),
    (50.0, 3.912023005428146, 0.02, 0.0, 0.0),
];

#[test]
fn logarithms_of_tails_are_exact_on_both_sides() {
    for (z, excess, excess_slope, chance, chance_slope) in KNOWN {
        let close = |got: f64, want: f64| (got - want).abs() <= 1e-11 * want.abs().max(1.0);
        let ((a, b), (c, d)) = (log_excess(z), log_cdf(z));
        assert!(close(a, excess) && close(b, excess_slope), "excess at {z}: {a}, {b}");
        assert!(close(c, chance) && close(d, chance_slope), "Φ at {z}: {c}, {d}");
    }
}

#[test]
fn the_extremes_are_finite_or_say_which_way() {
    assert!(log_excess(-1e150).0.is_finite() && log_excess(1e150).0.is_finite());
    assert!(log_excess(f64::MIN).0 < -1e100 && !log_cdf(f64::MIN).0.is_nan());
}

/// Compares slopes with differences of values.
fn check_slopes(of: impl Fn(Moments) -> Sloped, mean: f64, variance: f64) {
    let got = of((mean, variance));
    let (h, k) = (1e-6, 1e-6 * variance);
    let by_mean = (of((mean + h, variance)).value - of((mean - h, variance)).value) / (2.0 * h);
    let by_variance = (of((mean, variance + k)).value - of((mean, variance - k)).value) / (2.0 * k);
    let close = |got: f64, want: f64| (got - want).abs() < 1e-4 * want.abs().max(1.0);
    assert!(close(got.by_mean, by_mean), "by mean at {mean}, {variance}: {} {by_mean}", got.by_mean);
    assert!(
        close(got.by_variance, by_variance),
        "by variance at {mean}, {variance}: {} {by_variance}",
        got.by_variance
    );
}

#[test]
fn slopes_are_those_of_the_values() {
    for (mean, variance) in [(0.3, 0.5), (-1.0, 0.01), (2.0, 0.1), (5.0, 0.3), (1.0, 4.0)] {
        check_slopes(|moments| log_improvement(moments, 0.4), mean, variance);
        check_slopes(|moments| log_chance(moments, 0.4), mean, variance);
        let strips = Strips::new(&[[0.0, 1.0], [0.4, 0.5], [1.0, 0.1]]);
        let other = (0.3, 0.2);
        let with = |value: f64, slope: Sloped| Sloped { value, ..slope };
        let first = |moments| {
            let (value, slopes) = log_volume(moments, other, &strips);
            with(value, slopes[0])
        };
        let second = |moments| {
            let (value, slopes) = log_volume(other, moments, &strips);
            with(value, slopes[1])
        };
        check_slopes(first, mean, variance);
        check_slopes(second, mean, variance);
    }
}

#[test]
fn the_expected_growth_of_the_volume_is_its_mean_over_the_distribution() {
    let strips = Strips::new(&[[0.0, 1.0], [0.4, 0.5], [1.0, 0.1], [0.5, 0.6]]);
    let (first, second) = ((0.3, 0.09), (0.4, 0.25));
    let growth = |x: f64, y: f64| {
        let parts =
            strips.strips.iter().map(|&(left, right, height)| (right - x.max(left)).max(0.0) * (height - y).max(0.0));
        parts.sum::<f64>()
    };
    let nodes = 1000;
    let node = |(mean, variance): Moments, k: usize| mean + variance.sqrt() * quantile((k as f64 + 0.5) / nodes as f64);
    let sum: f64 = (0..nodes).map(|j| (0..nodes).map(|k| growth(node(first, j), node(second, k))).sum::<f64>()).sum();
    let want = sum / (nodes * nodes) as f64;
    let got = log_volume(first, second, &strips).0.exp();
    assert!((got / want - 1.0).abs() < 1e-3, "{got}, not {want}");
}

#[test]
fn a_hopeless_point_still_has_a_slope_towards_the_front() {
    let strips = Strips::new(&[[0.0, 1.0], [1.0, 0.0]]);
    let (value, slopes) = log_volume((60.0, 1.0), (80.0, 1.0), &strips);
    assert!(value.is_finite() && slopes[0].by_mean < -1.0 && slopes[1].by_mean < -1.0, "{value} {slopes:?}");
}
