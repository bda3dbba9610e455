//! Figures as every benchmark prints them: Markdown tables, medians of repeated runs, a short form for a quick look.

use std::time::Duration;

/// Was the benchmark asked for its short form? `cargo bench --bench NAME -- --short`: less of everything, so that it
/// ends in seconds; its figures are good for a look and for nothing else.
pub fn short() -> bool {
    std::env::args().any(|argument| argument == "--short")
}

/// Prints one table; the first column says what, the others hold figures.
pub fn print(title: &str, columns: &[&str], rows: &[Vec<String>]) {
    println!("\n### {title}\n");
    println!("| {} |", columns.join(" | "));
    let rules: Vec<&str> = columns.iter().enumerate().map(|(at, _)| if at == 0 { "---" } else { "---:" }).collect();
    println!("|{}|", rules.join("|"));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
}

/// The value that `share` of the values do not exceed; 0.5 is the median.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let position = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(position.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
