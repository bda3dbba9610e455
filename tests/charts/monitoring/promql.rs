//! Which metrics an expression reads, under which functions, and by which labels.
//!
//! Not a parser: promtool is. It only tells the names of metrics from those of functions, labels and keywords.

use std::collections::BTreeSet;

/// One mention of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    pub metric: String,
    /// The functions and aggregations around it, from the outermost.
    pub under: Vec<String>,
    /// The labels that select its series.
    pub labels: BTreeSet<String>,
}

/// Words that take a list of labels in parentheses.
const GROUPING: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

/// Words that are neither metrics nor functions.
const KEYWORDS: [&str; 8] = ["and", "or", "unless", "bool", "offset", "atan2", "inf", "nan"];

struct Reader<'a> {
    rest: &'a str,
    /// The function before each open parenthesis; empty for one that only groups.
    open: Vec<String>,
    found: Vec<Mention>,
}

/// Every mention of a metric in an expression that promtool takes.
pub fn mentions(expression: &str) -> Vec<Mention> {
    let mut reader = Reader { rest: expression, open: Vec::new(), found: Vec::new() };
    while let Some(first) = reader.rest.chars().next() {
        reader.step(first);
    }
    reader.found
}

impl<'a> Reader<'a> {
    fn step(&mut self, first: char) {
        match first {
            '"' | '\'' | '`' => self.skip_text(first),
            '#' => drop(self.take(|c| c != '\n')),
            '(' => self.open_parenthesis(String::new()),
            ')' => {
                self.open.pop();
                self.skip(1);
            }
            '[' => {
                self.take(|c| c != ']');
                self.skip(1);
            }
            '{' => drop(self.selector()),
            '0'..='9' | '.' => drop(self.take(|c| c.is_ascii_alphanumeric() || c == '.')),
            c if c.is_ascii_alphabetic() || c == '_' || c == ':' => self.word(),
            _ => self.skip(first.len_utf8()),
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn skip_text(&mut self, quote: char) {
        self.skip(1);
        let mut escaped = false;
        while let Some(c) = self.rest.chars().next() {
            self.skip(c.len_utf8());
            if c == quote && !escaped {
                return;
            }
            escaped = c == '\\' && !escaped;
        }
    }

    fn open_parenthesis(&mut self, function: String) {
        self.open.push(function);
        self.skip(1);
    }

    fn word(&mut self) {
        let word = self.take(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
        self.take(char::is_whitespace);
        let lower = word.to_ascii_lowercase();
        if GROUPING.contains(&lower.as_str()) {
            if self.rest.starts_with('(') {
                self.take(|c| c != ')');
                self.skip(1);
            }
        } else if KEYWORDS.contains(&lower.as_str()) {
        } else if self.rest.starts_with('(') {
            self.open_parenthesis(word.to_owned());
        } else if self.aggregates() {
            // `sum by (a) (b)`: the parenthesis of the aggregation comes after the labels.
            self.step('b');
            self.take(char::is_whitespace);
            self.open_parenthesis(word.to_owned());
        } else {
            let labels = if self.rest.starts_with('{') { self.selector() } else { BTreeSet::new() };
            let under = self.open.iter().filter(|function| !function.is_empty()).cloned().collect();
            self.found.push(Mention { metric: word.to_owned(), under, labels });
        }
    }

    /// Whether what follows is `by (…)` or `without (…)`.
    fn aggregates(&self) -> bool {
        let follows = |word: &str| self.rest.strip_prefix(word).is_some_and(|rest| rest.trim_start().starts_with('('));
        follows("by") || follows("without")
    }

    /// The labels of `{a="b", c=~"d"}`.
    fn selector(&mut self) -> BTreeSet<String> {
        let mut labels = BTreeSet::new();
        self.skip(1);
        while let Some(first) = self.rest.chars().next() {
            match first {
                '}' => {
                    self.skip(1);
                    break;
                }
                '"' | '\'' | '`' => self.skip_text(first),
                c if c.is_ascii_alphabetic() || c == '_' => {
                    labels.insert(self.take(|c| c.is_ascii_alphanumeric() || c == '_').to_owned());
                }
                c => self.skip(c.len_utf8()),
            }
        }
        labels
    }
}

#[test]
fn metrics_are_told_from_functions_labels_keywords_and_numbers() {
    let expression = r#"
        sum by (node) (rate(container_cpu_usage_seconds_total{container!="", pod=~"a{1}\"b"}[5m] offset 1d)) # a comment
          * on (node) group_left (pool) max(tuning:node:info{pool="up"}) without (x) > bool 1e3
        or absent(up == 1) unless histogram_quantile(0.9, sum(rate(a_bucket[1h:5m])) by (le)) and vector(Inf) @ 5"#;
    let mentions = mentions(expression);
    let names: Vec<&str> = mentions.iter().map(|mention| mention.metric.as_str()).collect();
    assert_eq!(names, ["container_cpu_usage_seconds_total", "tuning:node:info", "up", "a_bucket"]);
    assert_eq!(mentions[0].under, ["sum", "rate"]);
    assert_eq!(mentions[0].labels, BTreeSet::from(["container".to_owned(), "pod".to_owned()]));
    assert_eq!(mentions[3].under, ["histogram_quantile", "sum", "rate"]);
}
