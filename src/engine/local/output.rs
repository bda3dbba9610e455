//! What a trial says: the grammar of its standard output and of its result file.
//!
//! A line of standard output that is one JSON object of at most [`MAX_LINE`] bytes is a statement; everything else is
//! just log. In a statement
//! - `"step": 3` makes its metrics those of step 3, else they are final;
//! - `"metrics": {"loss": 0.1}` holds the metrics; without it every other key is one: `{"step": 3, "loss": 0.1}`;
//! - `"progress": [25, 40]` or `"progress": "25/40"` is work done and work in all.
//!
//! A metric is a number. `null`, `"NaN"`, `"Infinity"` and the bare `NaN`, `Infinity` and `-Infinity` that Python writes
//! are NaN. Keys that are no metric names and values of other types are passed over.
//!
//! The result file is one such object, of at most [`MAX_RESULT`] bytes, without `step`. Where several give the same
//! metric, the result file wins over final lines, later lines over earlier ones, and those over the last step.
//!
//! Pure: bytes in, values out, no panic on any bytes.

use serde_json::{Map, Value};

use crate::domain::ids::MetricName;
use crate::domain::metrics::Metrics;
use crate::engine::number;

/// Longer lines are log.
pub(super) const MAX_LINE: usize = 64 * 1024;
pub(super) const MAX_RESULT: u64 = 1024 * 1024;

/// One line of standard output that says something.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Statement {
    pub step: Option<u64>,
    pub metrics: Metrics,
    pub progress: Option<(u64, u64)>,
}

/// What `line` says, if it says anything.
pub(super) fn read_line(line: &[u8]) -> Option<Statement> {
    let line = line.trim_ascii();
    if line.len() > MAX_LINE || !line.starts_with(b"{") || !line.ends_with(b"}") {
        return None;
    }
    let object = parse_object(line).ok()?;
    let step = object.get("step").and_then(whole_number);
    if object.contains_key("step") && step.is_none() {
        return None;
    }
    let statement =
        Statement { step, metrics: metrics_of(&object), progress: object.get("progress").and_then(read_progress) };
    (!statement.metrics.0.is_empty() || statement.progress.is_some()).then_some(statement)
}

/// The metrics in the result file.
///
/// # Errors
/// What is wrong with it, in words that follow "the result file".
pub(super) fn read_result(text: &[u8]) -> Result<Metrics, String> {
    let object = parse_object(text)?;
    Ok(metrics_of(&object))
}

/// Splits a stream into lines; a line longer than [`MAX_LINE`] is dropped and costs no more memory than that.
#[derive(Debug, Default)]
pub(super) struct LineSplitter {
    partial: Vec<u8>,
    too_long: bool,
}

impl LineSplitter {
    /// Calls `on_line` for every line that `bytes` completes.
    pub fn push(&mut self, bytes: &[u8], mut on_line: impl FnMut(&[u8])) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.partial.len() + piece.len() > MAX_LINE + 1 {
                self.too_long = true;
                self.partial.clear();
            }
            if !self.too_long {
                self.partial.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                self.finish(&mut on_line);
            }
        }
    }

    /// Calls `on_line` for the last line if it has no line end.
    pub fn finish(&mut self, mut on_line: impl FnMut(&[u8])) {
        if !self.too_long && !self.partial.is_empty() {
            on_line(&self.partial);
        }
        self.partial.clear();
        self.too_long = false;
    }
}

fn parse_object(text: &[u8]) -> Result<Map<String, Value>, String> {
    match number::parse(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("is not a JSON object like {\"loss\": 0.1}".into()),
        Err(error) => Err(format!("is not JSON: {error}")),
    }
}

fn metrics_of(object: &Map<String, Value>) -> Metrics {
    let reserved = |key: &str| matches!(key, "step" | "progress" | "metrics");
    let (source, nested) = match object.get("metrics") {
        Some(Value::Object(metrics)) => (metrics, true),
        _ => (object, false),
    };
    source
        .iter()
        .filter(|(key, _)| nested || !reserved(key))
        .filter_map(|(key, value)| Some((key.parse::<MetricName>().ok()?, number::of_json(value)?)))
        .collect()
}

fn read_progress(value: &Value) -> Option<(u64, u64)> {
    let (done, total) = match value {
        Value::Array(pair) => match pair.as_slice() {
            [done, total] => (whole_number(done)?, whole_number(total)?),
            _ => return None,
        },
        Value::String(text) => {
            let (done, total) = text.split_once('/')?;
            (done.trim().parse().ok()?, total.trim().parse().ok()?)
        }
        _ => return None,
    };
    (done <= total && total > 0).then_some((done, total))
}

/// A whole number, also when it is written as `3.0`.
fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number)).then_some(number as u64)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(line: &str) -> String {
        match read_line(line.as_bytes()) {
            None => "log".into(),
            Some(Statement { step, metrics, progress }) => {
                let metrics: Vec<_> = metrics.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("step {step:?}, progress {progress:?}, {}", metrics.join(" "))
            }
        }
    }

    #[test]
    fn the_two_forms_of_a_step_say_the_same() {
        assert_eq!(shown(r#"{"step":3,"metrics":{"loss":0.1}}"#), "step Some(3), progress None, loss=0.1");
        assert_eq!(shown(r#" {"step":3.0,"loss":0.1}"#), "step Some(3), progress None, loss=0.1");
    }

    #[test]
    fn metrics_without_a_step_are_final() {
        assert_eq!(shown(r#"{"loss":0.2,"acc":1}"#), "step None, progress None, acc=1 loss=0.2");
    }

    #[test]
    fn progress_has_two_forms() {
        assert_eq!(shown(r#"{"progress":[25,40]}"#), "step None, progress Some((25, 40)), ");
        assert_eq!(shown(r#"{"progress":"25/40"}"#), "step None, progress Some((25, 40)), ");
        for line in [r#"{"progress":[41,40]}"#, r#"{"progress":"x/40"}"#, r#"{"progress":[0,0]}"#] {
            assert_eq!(shown(line), "log");
        }
    }

    #[test]
    fn every_spelling_of_nan_is_nan() {
        for value in ["null", "NaN", "Infinity", "-Infinity", r#""nan""#, r#""-inf""#] {
            assert_eq!(shown(&format!(r#"{{"loss":{value}}}"#)), "step None, progress None, loss=NaN", "{value}");
        }
    }

    #[test]
    fn everything_else_is_log() {
        for line in ["", "epoch 3", "[1,2]", "{}", r#"{"message":"hello"}"#, r#"{"step":-1,"loss":1}"#, "{loss: 1}"] {
            assert_eq!(shown(line), "log", "{line}");
        }
    }

    #[test]
    fn a_result_file_that_cannot_be_read_says_why() {
        insta::assert_snapshot!(read_result(b"0.2").unwrap_err(), @r#"is not a JSON object like {"loss": 0.1}"#);
        insta::assert_snapshot!(read_result(b"{\"loss\": 0.2").unwrap_err(), @"is not JSON: EOF while parsing an object at line 1 column 12");
    }

    #[test]
    fn a_line_without_end_is_bounded_and_the_next_one_is_read() {
        let mut lines = Vec::new();
        let mut splitter = LineSplitter::default();
        for _ in 0..10 {
            splitter.push(&[b'x'; MAX_LINE / 2], |line| lines.push(line.to_vec()));
            assert!(splitter.partial.len() <= MAX_LINE + 1);
        }
        splitter.push(b"\n{\"loss\":1}", |line| lines.push(line.to_vec()));
        splitter.finish(|line| lines.push(line.to_vec()));
        assert_eq!(lines, [b"{\"loss\":1}"]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_line(&bytes);
            let _ = read_result(&bytes);
        }

        #[test]
        fn nothing_like_a_statement_makes_it_panic(text in r#"\{("step"|"progress"|"metrics"|"loss"|:|,|\[|\]|\{|\}|NaN|"|\\|1e9{1,5}|-?[0-9.]{1,30}| ){0,20}\}"#) {
            let _ = read_line(text.as_bytes());
        }

        #[test]
        fn lines_do_not_depend_on_how_the_stream_is_cut(text in "[ab\n]{0,60}", cut in 0usize..60) {
            let split_at = |at: usize| {
                let mut lines = Vec::new();
                let mut splitter = LineSplitter::default();
                let at = at.min(text.len());
                splitter.push(&text.as_bytes()[..at], |line| lines.push(line.to_vec()));
                splitter.push(&text.as_bytes()[at..], |line| lines.push(line.to_vec()));
                splitter.finish(|line| lines.push(line.to_vec()));
                lines
            };
            prop_assert_eq!(split_at(0), split_at(cut));
        }
    }
}
