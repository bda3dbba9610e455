//! The normal distribution, fast: its distribution function by table and Taylor series, its quantiles, and the
//! exponential function in a form that compilers turn into vector instructions.

use std::f64::consts::LN_2;
use std::sync::LazyLock;

use super::math::{exp, ln};

/// ln √(2π)
pub(super) const LN_SQRT_TAU: f64 = 0.918_938_533_204_672_8;

/// Nodes of the table lie this close, up to ±`RANGE`.
const NODES_PER_UNIT: f64 = 64.0;
const RANGE: f64 = 9.0;

/// Φ and φ at the nodes.
static NODES: LazyLock<Vec<[f64; 2]>> = LazyLock::new(|| {
    let last = (2.0 * RANGE * NODES_PER_UNIT) as u32;
    (0..=last)
        .map(|k| {
            let z = f64::from(k) / NODES_PER_UNIT - RANGE;
            [if z > 0.0 { 1.0 - lower(z) } else { lower(-z) }, density(z)]
        })
        .collect()
});

/// The distribution function Φ of the standard normal distribution.
pub(super) struct Cdf(&'static [[f64; 2]]);

impl Cdf {
    pub fn table() -> Self {
        Self(&NODES)
    }

    /// Φ(z) for any z but NaN. Off by at most 1e-13 of the value for z > −12, and 1e-12 below: a Taylor series to the
    /// seventh order around the nearest node, at most 1/128 away, and a continued fraction where there are no nodes.
    #[inline]
    pub fn at(&self, z: f64) -> f64 {
        let place = (z + RANGE) * NODES_PER_UNIT + 0.5;
        if !(place >= 0.0 && place < self.0.len() as f64) {
            return if z > 0.0 { 1.0 } else { lower_tail(-z) };
        }
        let place = place as usize;
        let [value, density] = self.0[place];
        let node = place as f64 / NODES_PER_UNIT - RANGE;
        let (h, n2) = (z - node, node * node);
        // Derivatives of φ are Hermite polynomials times φ.
        let fifth = -node * (n2 * (n2 - 10.0) + 15.0) + h / 7.0 * (n2 * (n2 * (n2 - 15.0) + 45.0) - 15.0);
        let fourth = n2 * (n2 - 6.0) + 3.0 + h / 6.0 * fifth;
        let third = -node * (n2 - 3.0) + h / 5.0 * fourth;
        let second = n2 - 1.0 + h / 4.0 * third;
        let first = -node + h / 3.0 * second;
        value + density * h * (1.0 + h / 2.0 * first)
    }

    /// The mass that a normal distribution with its mean in 0..=1 and deviation `sigma` has in 0..=1.
    #[inline]
    pub fn inside(&self, mean: f64, inverse_sigma: f64) -> f64 {
        let near = mean.min(1.0 - mean);
        // Past the last node the tail is below 1e-18.
        let near_side = self.at((near * inverse_sigma).min(RANGE));
        if inverse_sigma > 2.0 * RANGE { near_side } else { near_side - self.at((near - 1.0) * inverse_sigma) }
    }

    /// Φ(`high`) − Φ(`low`) for `low` ≤ `high`, without loss in the upper tail.
    #[inline]
    pub fn between(&self, low: f64, high: f64) -> f64 {
        if low > 0.0 { self.at(-low) - self.at(-high) } else { self.at(high) - self.at(low) }
    }
}

fn density(z: f64) -> f64 {
    exp(-0.5 * z * z - LN_SQRT_TAU)
}

/// Φ(−z) for z ≥ 9.
fn lower_tail(z: f64) -> f64 {
    if z > 38.0 { 0.0 } else { density(z) / fraction(z, 10) }
}

/// Φ(−z) for z ≥ 0, slowly (Abramowitz and Stegun 26.2.11, 26.2.14).
fn lower(z: f64) -> f64 {
    if z > 2.0 {
        return density(z) / fraction(z, 120);
    }
    let (mut term, mut sum) = (z, z);
    for k in 1..40 {
        term *= z * z / f64::from(2 * k + 1);
        sum += term;
    }
    0.5 - density(z) * sum
}

/// Laplace's continued fraction z + 1/(z + 2/(z + …)), so deep.
fn fraction(z: f64, depth: u32) -> f64 {
    (1..=depth).rev().fold(z, |below, k| z + f64::from(k) / below)
}

/// Φ⁻¹(p) for p in 0..=1, 1e-15 of it off (Wichura, "Algorithm AS 241", Applied Statistics 37(3), 1988: PPND16).
pub(super) fn quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(&CENTRE, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    if tail <= 0.0 {
        return if q < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let r = (-ln(tail)).sqrt();
    let z = if r <= 5.0 { ratio(&MIDDLE, r - 1.6) } else { ratio(&FAR, r - 5.0) };
    if q < 0.0 { -z } else { z }
}

/// Coefficients of two polynomials, lowest first.
type Ratio = [[f64; 8]; 2];

const CENTRE: Ratio = [
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
];
const MIDDLE: Ratio = [
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
];
const FAR: Ratio = [
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
];

fn ratio([above, below]: &Ratio, r: f64) -> f64 {
    let polynomial = |coefficients: &[f64; 8]| coefficients.iter().rev().fold(0.0, |sum, c| sum * r + c);
    polynomial(above) / polynomial(below)
}

/// The value of a normal distribution with mean `mean` in 0..=1 and deviation `sigma`, cut off outside 0..=1, below
/// which the share `unit` of it lies.
pub(super) fn truncated_quantile(mean: f64, sigma: f64, unit: f64) -> f64 {
    let cdf = Cdf::table();
    let low = cdf.at(-mean / sigma);
    let high = cdf.at((1.0 - mean) / sigma);
    (mean + sigma * quantile(low + unit * (high - low))).clamp(0.0, 1.0)
}

/// Numbers that are worked on side by side.
pub(super) const LANES: usize = 8;

/// Σ exp(xᵢ − `shift`) for xᵢ ≤ `shift`, 1e-13 of it off; terms below 1e-300 count as 1e-304. The order of summation is fixed.
#[inline(always)]
pub(super) fn sum_exp(exponents: &[[f64; LANES]], shift: f64) -> f64 {
    let mut sums = [0.0; LANES];
    for chunk in exponents {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += exp_of_negative(x - shift);
        }
    }
    sums.iter().sum()
}

/// −∞ if there is nothing; NaN counts as that.
#[inline(always)]
pub(super) fn maximum(numbers: &[[f64; LANES]]) -> f64 {
    let mut lanes = [f64::NEG_INFINITY; LANES];
    for chunk in numbers {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = if x > *lane { x } else { *lane };
        }
    }
    lanes.iter().fold(f64::NEG_INFINITY, |top, &x| if x > top { x } else { top })
}

/// exp(x) for x ≤ 0: exp(k ln 2 + r) = 2^k exp(r) with |r| ≤ ln 2 / 2 and a series of degree 11. Branch-free.
#[inline(always)]
pub(super) fn exp_of_negative(x: f64) -> f64 {
    /// Adding it to a small number leaves the nearest integer in the lowest bits.
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    /// ln 2, split so that its product with an exponent is exact.
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = if x > -700.0 { x } else { -700.0 };
    let shifted = x * (1.0 / LN_2) + ROUNDER;
    let k = shifted - ROUNDER;
    let r = x - k * LN_2_HIGH - k * LN_2_LOW;
    // Even and odd powers apart: two short chains instead of a long one.
    let r2 = r * r;
    let even =
        ((((r2 * (1.0 / 3_628_800.0) + 1.0 / 40_320.0) * r2 + 1.0 / 720.0) * r2 + 1.0 / 24.0) * r2 + 0.5) * r2 + 1.0;
    let odd = ((((r2 * (1.0 / 39_916_800.0) + 1.0 / 362_880.0) * r2 + 1.0 / 5_040.0) * r2 + 1.0 / 120.0) * r2
        + 1.0 / 6.0)
        * r2
        + 1.0;
    let series = even + r * odd;
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    series * power
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{ContinuousCDF, Normal};

    use super::*;

    #[test]
    fn the_distribution_function_is_exact_to_what_it_says() {
        let cdf = Cdf::table();
        // From the erfc of the C library.
        let known = [
            (-35.5, 2.457691540662349e-276),
            (-20.2, 4.894863654765395e-91),
            (-12.3, 4.5287069561587755e-35),
            (-9.01, 1.030282460195601e-19),
            (-8.9969, 1.1609043640157176e-19),
            (-7.5, 3.19089167291092e-14),
            (-5.9969, 1.005599110091687e-09),
            (-4.2, 1.3345749015906346e-05),
            (-3.0001, 0.001349454913260717),
            (-2.5, 0.006209665325776139),
            (-1.9, 0.02871655981600182),
            (-1.2, 0.1150696702217083),
            (-0.33, 0.3706999810593465),
            (0.0, 0.5),
            (0.005, 0.5019947030907408),
            (0.77, 0.7793500536573503),
            (1.96, 0.9750021048517795),
            (3.3, 0.9995165758576162),
            (6.1, 0.9999999994696577),
        ];
        for (z, want) in known {
            let got = cdf.at(z);
            let allowed = if z > -12.0 { 1e-13 } else { 1e-12 };
            assert!((got - want).abs() <= allowed * want, "Φ({z}) = {got}, not {want}");
        }
        // Another implementation, which is itself 1e-10 off in the tails.
        let normal = Normal::standard();
        for k in -36_000..=12_000 {
            let z = f64::from(k) / 1000.0 + 1e-4;
            let (got, want) = (cdf.at(z), normal.cdf(z));
            assert!((got - want).abs() <= 3e-10 * want, "Φ({z}) = {got}, not {want}");
        }
        assert_eq!((cdf.at(f64::NEG_INFINITY), cdf.at(f64::INFINITY)), (0.0, 1.0));
    }

    #[test]
    fn the_mass_inside_the_range_is_exact() {
        let cdf = Cdf::table();
        for sigma in [0.01, 0.0554, 0.0557, 0.2, 1.0] {
            for mean in [0.0, 0.01, 0.3, 0.5, 0.77, 1.0] {
                let want = cdf.between(-mean / sigma, (1.0 - mean) / sigma);
                assert!((cdf.inside(mean, 1.0 / sigma) - want).abs() < 1e-14, "{mean} ± {sigma}");
            }
        }
    }

    #[test]
    fn the_upper_tail_is_as_exact_as_the_lower() {
        let cdf = Cdf::table();
        assert_eq!(cdf.between(5.0, 6.0), cdf.between(-6.0, -5.0));
    }

    #[test]
    fn sums_of_exponentials_are_exact() {
        let exponents: Vec<f64> = (0..1008).map(|k| -f64::from(k) * 0.317).collect();
        for shift in [0.0, 1.5, 80.0] {
            let want: f64 = exponents.iter().rev().map(|x| (x - shift).exp()).sum();
            assert!((sum_exp(exponents.as_chunks().0, shift) / want - 1.0).abs() < 1e-13);
        }
        for k in 0..7000 {
            let x = -f64::from(k) * 0.0997;
            assert!((exp_of_negative(x) / x.exp() - 1.0).abs() < 1e-13, "exp({x})");
        }
        assert!(exp_of_negative(f64::NEG_INFINITY) < 1e-300);
    }

    #[test]
    fn truncated_quantiles_invert_the_truncated_distribution() {
        let cdf = Cdf::table();
        for (mean, sigma) in [(0.0, 0.01), (0.3, 0.2), (1.0, 1.0), (0.5, 0.05)] {
            for unit in [0.0, 0.001, 0.25, 0.5, 0.9, 0.999] {
                let x = truncated_quantile(mean, sigma, unit);
                let below = cdf.between(-mean / sigma, (x - mean) / sigma);
                let all = cdf.between(-mean / sigma, (1.0 - mean) / sigma);
                assert!((0.0..=1.0).contains(&x) && (below / all - unit).abs() < 1e-9, "{mean} {sigma} {unit}: {x}");
            }
        }
    }
}
