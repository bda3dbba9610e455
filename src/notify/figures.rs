//! Numbers, durations and counts as people read them: as many digits as mean something, always with a unit.
//!
//! Every renderer takes its figures from here, so that a value looks the same in chat, on a pull request and in a
//! terminal. Nothing here escapes anything: figures have no character that a medium would mind.

use jiff::SignedDuration;

use crate::domain::params::Value;

/// Digits of a number that stands alone.
const SIGNIFICANT_DIGITS: i32 = 5;
/// Decimals beyond which two values are not told apart.
const MOST_DECIMALS: i32 = 12;

/// `value` with up to five significant digits and no trailing zeros; very small and very large ones as `3.1e-4`.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return not_finite(value).to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    if is_plain(value) { fixed(value, decimals_for(value, SIGNIFICANT_DIGITS)) } else { exponential(value) }
}

/// A parameter's value: whole numbers in full, others as [`number`] shows them, text as it is.
pub fn value(value: &Value) -> String {
    match value {
        Value::Float(float) => number(*float),
        other => other.to_string(),
    }
}

/// How far something may be off, of which two digits say enough: "0.0011".
pub fn spread(value: f64) -> String {
    if !is_plain(value) {
        return number(value);
    }
    let decimals = decimals_for(value, 2).clamp(0, MOST_DECIMALS) as usize;
    format!("{value:.decimals$}")
}

/// Two values of one metric with the same number of decimals, and their difference `now - then` with its sign.
///
/// There are enough decimals to tell the two apart, even when they differ in the sixth digit.
pub fn comparison(now: f64, then: f64) -> (String, String, String) {
    let difference = now - then;
    if !difference.is_finite() || ![now, then].iter().all(|value| *value == 0.0 || is_plain(*value)) {
        return (number(now), number(then), signed(difference));
    }
    let largest = now.abs().max(then.abs());
    let decimals = decimals_for(largest, 4).max(decimals_for(difference, 2)).clamp(0, MOST_DECIMALS) as usize;
    let sign = if difference < 0.0 { "-" } else { "+" };
    let step = format!("{:.decimals$}", difference.abs());
    let step = if difference == 0.0 { "no change".to_owned() } else { format!("{sign}{step}") };
    (format!("{now:.decimals$}"), format!("{then:.decimals$}"), step)
}

/// The change from `then` to `now` in percent of `then`, without a sign; none when there is nothing to divide by.
pub fn percent_change(now: f64, then: f64) -> Option<String> {
    let change = ((now - then) / then).abs();
    (change.is_finite() && change > 0.0).then(|| percent(change))
}

/// A share from 0 to 1 in percent: `31 %`, `0.58 %`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if !percent.is_finite() {
        return not_finite(percent).to_owned();
    }
    let decimals = if percent == 0.0 { 0 } else { decimals_for(percent, 2).clamp(0, 6) };
    format!("{} %", fixed(percent, decimals))
}

/// A measured duration: `0.4 s`, `12 s`, `3 min 20 s`, `1 h 47 min`, `2 d 3 h`.
pub fn duration(duration: SignedDuration) -> String {
    let milliseconds = duration.as_millis().max(0);
    let seconds = milliseconds / 1000;
    match seconds {
        0 => format!("{} s", fixed(milliseconds as f64 / 1000.0, 1)),
        1..60 => format!("{seconds} s"),
        60..3600 => two_units(seconds, 60, "min", 1, "s"),
        3600..86_400 => two_units(seconds, 3600, "h", 60, "min"),
        _ => two_units(seconds, 86_400, "d", 3600, "h"),
    }
}

/// An estimated duration, rounded up to what an estimate is good for: `10 s`, `12 min`, `1 h 50 min`.
pub fn estimate(estimate: SignedDuration) -> String {
    let seconds = estimate.as_secs().max(1);
    let grain = match seconds {
        ..20 => 1,
        20..60 => 5,
        60..600 => 60,
        600..7200 => 300,
        7200..86_400 => 900,
        _ => 3600,
    };
    duration(SignedDuration::from_secs((seconds + grain - 1) / grain * grain))
}

/// `1 trial`, `40 trials`.
pub fn count(n: u32, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// How many of `width` cells are full when `done` of `total` is done; full only at the end.
pub fn filled_cells(done: u64, total: u64, width: usize) -> usize {
    if total == 0 {
        return 0;
    }
    let cells = (u128::from(done.min(total)) * width as u128 / u128::from(total)) as usize;
    cells.min(width)
}

fn signed(difference: f64) -> String {
    if difference > 0.0 { format!("+{}", number(difference)) } else { number(difference) }
}

fn not_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "not a number"
    } else if value > 0.0 {
        "infinity"
    } else {
        "-infinity"
    }
}

/// Is it in the range that people write without an exponent?
fn is_plain(value: f64) -> bool {
    (1e-3..1e7).contains(&value.abs())
}

/// Decimals that show `digits` significant digits of `value`.
fn decimals_for(value: f64, digits: i32) -> i32 {
    if value == 0.0 { 0 } else { digits - 1 - value.abs().log10().floor() as i32 }
}

fn fixed(value: f64, decimals: i32) -> String {
    let text = format!("{value:.*}", decimals.clamp(0, MOST_DECIMALS) as usize);
    without_trailing_zeros(&text)
}

fn exponential(value: f64) -> String {
    let text = format!("{value:.*e}", (SIGNIFICANT_DIGITS - 1) as usize);
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("{}e{exponent}", without_trailing_zeros(mantissa)),
        None => text,
    }
}

fn without_trailing_zeros(text: &str) -> String {
    let trimmed = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    if trimmed == "-0" { "0".to_owned() } else { trimmed.to_owned() }
}

fn two_units(seconds: i128, large: i128, large_name: &str, small: i128, small_name: &str) -> String {
    let (whole, rest) = (seconds / large, seconds % large / small);
    if rest == 0 { format!("{whole} {large_name}") } else { format!("{whole} {large_name} {rest} {small_name}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_have_the_digits_that_mean_something() {
        let cases = [
            (0.1 + 0.2, "0.3"),
            (0.931_217_654, "0.93122"),
            (3.1e-4, "3.1e-4"),
            (0.001, "0.001"),
            (-0.0, "0"),
            (512.0, "512"),
            (1234.56789, "1234.6"),
            (99_999.7, "100000"),
            (1.234_567_8e9, "1.2346e9"),
            (f64::NAN, "not a number"),
            (f64::NEG_INFINITY, "-infinity"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_comparison_has_the_decimals_that_tell_the_two_apart() {
        let texts = |now, then| {
            let (now, then, step) = comparison(now, then);
            format!("{now} {then} {step}")
        };
        assert_eq!(texts(0.934_1, 0.928_7), "0.9341 0.9287 +0.0054");
        assert_eq!(texts(0.999_931, 0.999_912), "0.999931 0.999912 +0.000019");
        assert_eq!(texts(0.612, 0.64), "0.6120 0.6400 -0.0280");
        assert_eq!(texts(120.0, 100.0), "120.0 100.0 +20.0");
        assert_eq!(texts(0.5, 0.5), "0.5000 0.5000 no change");
        assert_eq!(texts(1e-5, 2e-5), "1e-5 2e-5 -1e-5");
        assert_eq!(texts(f64::NAN, 1.0), "not a number 1 not a number");
    }

    #[test]
    fn durations_are_said_in_at_most_two_units() {
        let cases = [
            (0.4, "0.4 s"),
            (12.0, "12 s"),
            (200.0, "3 min 20 s"),
            (3600.0, "1 h"),
            (6420.0, "1 h 47 min"),
            (183_600.0, "2 d 3 h"),
        ];
        for (seconds, text) in cases {
            assert_eq!(duration(SignedDuration::from_secs_f64(seconds)), text);
        }
    }

    #[test]
    fn an_estimate_claims_no_more_than_it_knows() {
        let said: Vec<String> =
            [0, 12, 43, 61, 2345, 6421].map(|seconds| estimate(SignedDuration::from_secs(seconds))).into();
        assert_eq!(said, ["1 s", "12 s", "45 s", "2 min", "40 min", "1 h 50 min"]);
    }

    #[test]
    fn percentages_have_two_digits() {
        assert_eq!(percent(0.314), "31 %");
        assert_eq!(percent(0.005_8), "0.58 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent_change(1.0, 0.0), None);
    }

    proptest! {
        #[test]
        fn any_number_is_short_and_reads_back_as_nearly_itself(value in proptest::num::f64::ANY) {
            let text = number(value);
            prop_assert!(text.len() <= 13, "{text}");
            if value.is_finite() {
                let back: f64 = text.parse().unwrap();
                prop_assert!((back - value).abs() <= value.abs() * 1e-4, "{value} {text}");
            }
        }

        #[test]
        fn any_comparison_is_short(now in proptest::num::f64::ANY, then in proptest::num::f64::ANY) {
            let (now, then, step) = comparison(now, then);
            prop_assert!(now.len() + then.len() + step.len() <= 75, "{now} {then} {step}");
        }
    }
}
