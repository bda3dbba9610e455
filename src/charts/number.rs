//! Numbers as people read them: no more digits than mean something, powers of ten where zeros would have to be counted.

/// Four significant digits, the shortest text that says them: `0.9341`, `1.2e-5`; whole numbers keep all they have.
pub(super) fn rounded(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e6 {
        return short(value);
    }
    match format!("{value:.3e}").parse::<f64>() {
        Ok(near) if near.is_finite() => short(near),
        _ => short(value),
    }
}

/// The shortest text that reads back as the same number, with a power of ten where it is far from 1.
pub(super) fn short(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e6).contains(&magnitude) {
        format!("{value}")
    } else {
        format!("{value:e}")
    }
}

/// `count`·10^`exponent`, as one of several that are a multiple of 10^`exponent` apart: all have the same decimals.
pub(super) fn multiple(count: f64, exponent: i32) -> String {
    let value = scaled(count, exponent);
    if count == 0.0 {
        "0".to_owned()
    } else if exponent >= -6 && value.abs() < 1e6 {
        format!("{value:.*}", usize::try_from(-exponent).unwrap_or(0))
    } else {
        let digits = count.abs().log10().floor().clamp(0.0, 12.0) as usize;
        let text = format!("{value:.digits$e}");
        // Zeros at the end of the digits say nothing beside a power of ten.
        match text.split_once('e') {
            Some((digits, power)) if digits.contains('.') => {
                format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'))
            }
            _ => text,
        }
    }
}

/// `count`·10^`exponent`, the nearest number to it.
pub(super) fn scaled(count: f64, exponent: i32) -> f64 {
    format!("{count}e{exponent}").parse().unwrap_or(f64::NAN)
}

/// A share in percent: `61 %`, `0.4 %`.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.05 {
        "< 0.1 %".to_owned()
    } else if percent > 0.0 && percent < 0.95 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.0} %")
    }
}

/// `1 trial`, `40 trials`.
pub(super) fn count(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [0.1 + 0.2, 0.934_123, 12_345.678, 1.234_56e-7, -3e20, 0.0, 1e6, 999_999.0].map(rounded);
        assert_eq!(shown, ["0.3", "0.9341", "12350", "1.235e-7", "-3e20", "0", "1e6", "999999"]);
    }

    #[test]
    fn neighbours_have_the_same_decimals() {
        let row = |counts: [f64; 3], exponent| counts.map(|count| multiple(count, exponent));
        assert_eq!(row([1.0, 2.0, 10.0], -1), ["0.1", "0.2", "1.0"]);
        assert_eq!(row([0.0, 5.0, 15.0], -8), ["0", "5e-8", "1.5e-7"]);
        assert_eq!(row([-2.0, 0.0, 2.0], 6), ["-2e6", "0", "2e6"]);
        assert_eq!(row([3.0, 4.0, 5.0], 2), ["300", "400", "500"]);
    }

    #[test]
    fn small_shares_keep_a_digit() {
        assert_eq!([0.61, 0.004, 0.0001, 0.0, 1.0].map(percent), ["61 %", "0.4 %", "< 0.1 %", "0 %", "100 %"]);
    }
}
