//! The dashboards of the charts: their panels, and the expressions in them as Prometheus will get them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::files::{self, list, text};

/// A dashboard's file.
#[derive(Debug, Clone)]
pub struct Dashboard {
    /// `charts/tuning-platform/dashboards/cluster.json`.
    pub file: String,
    pub json: Value,
}

/// A question that a dashboard asks.
#[derive(Debug, Clone)]
pub struct Question {
    /// Where it stands, for people: `cluster.json, panel 3 (Nodes), A`.
    pub place: String,
    /// With variables replaced by what people would choose.
    pub expression: String,
    /// The labels that name its series.
    pub named_by: Vec<String>,
}

/// What Grafana puts in for its own variables, on a screen of an hour.
const BUILT_IN: [(&str, &str); 9] = [
    ("__rate_interval", "5m"),
    ("__interval", "1m"),
    ("__interval_ms", "60000"),
    ("__range", "1h"),
    ("__range_s", "3600"),
    ("__range_ms", "3600000"),
    ("__from", "3600000"),
    ("__to", "7200000"),
    ("__auto", "1m"),
];

/// What people choose, where it is not everything: the names in `series/`.
const CHOSEN: [(&str, &str); 3] = [("tuning", "resnet"), ("sweep", "resnet-k3f9q2"), ("namespace", "ml")];

pub fn all() -> Vec<Dashboard> {
    let paths = files::CHARTS.iter().flat_map(|chart| files::in_folder(&format!("{chart}/dashboards"), "json"));
    let read = |path: PathBuf| {
        let json = std::fs::read_to_string(&path).expect("a dashboard");
        let json = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Dashboard { file: files::short(&path), json }
    };
    paths.map(read).collect()
}

impl Dashboard {
    pub fn uid(&self) -> &str {
        text(&self.json["uid"])
    }

    /// The file's own name.
    pub fn name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or_default()
    }

    /// All panels, those in folded rows too, and the rows themselves.
    pub fn panels(&self) -> Vec<&Value> {
        let mut found = Vec::new();
        for panel in list(&self.json["panels"]) {
            found.push(panel);
            found.extend(list(&panel["panels"]));
        }
        found
    }

    pub fn variables(&self) -> &[Value] {
        list(&self.json["templating"]["list"])
    }

    /// Everything that Prometheus is asked: by panels, variables and annotations.
    pub fn questions(&self) -> Vec<Question> {
        let mut found = Vec::new();
        for panel in self.panels() {
            let title = text(&panel["title"]);
            for target in list(&panel["targets"]) {
                let place = format!("{}, panel {} ({title}), {}", self.name(), panel["id"], text(&target["refId"]));
                let mut question = self.question(place, text(&target["expr"]));
                question.named_by = labels_of(text(&target["legendFormat"]));
                found.push(question);
            }
        }
        for annotation in list(&self.json["annotations"]["list"]) {
            if let Some(expression) = annotation["expr"].as_str() {
                let place = format!("{}, annotation {}", self.name(), text(&annotation["name"]));
                found.push(self.question(place, expression));
            }
        }
        for variable in self.variables().iter().filter(|variable| variable["type"] == "query") {
            let place = format!("{}, variable {}", self.name(), text(&variable["name"]));
            found.push(self.question(place, asked_for(variable)));
        }
        found
    }

    fn question(&self, place: String, raw: &str) -> Question {
        let expression = self.replaced(raw).unwrap_or_else(|name| panic!("{place}: there is no variable ${name}"));
        Question { place, expression, named_by: Vec::new() }
    }

    /// What each variable stands for.
    fn values(&self) -> BTreeMap<String, String> {
        let mut values: BTreeMap<String, String> =
            BUILT_IN.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        for variable in self.variables() {
            let name = text(&variable["name"]);
            let chosen = CHOSEN.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            let value = match text(&variable["type"]) {
                "textbox" | "constant" => text(&variable["query"]).to_owned(),
                "custom" | "interval" => text(&variable["query"]).split(',').next().unwrap_or_default().to_owned(),
                _ => chosen.unwrap_or_else(|| ".+".to_owned()),
            };
            values.insert(name.to_owned(), value);
        }
        values
    }

    /// A text without variables, or the name of one that is not defined.
    pub fn replaced(&self, raw: &str) -> Result<String, String> {
        let values = self.values();
        let mut pieces = raw.split('$');
        let mut whole = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = match piece.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                Some((inside, rest)) => (inside.split([':', '.']).next().unwrap_or_default(), rest),
                None => {
                    piece.split_at(piece.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(piece.len()))
                }
            };
            match values.get(name) {
                Some(value) => whole.push_str(value),
                // `$1` in label_replace, and the `$` at the end of a regular expression.
                None if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) => {
                    whole.push('$');
                    whole.push_str(name);
                }
                None => return Err(name.to_owned()),
            }
            whole.push_str(rest);
        }
        Ok(whole)
    }
}

/// The labels in `{{pool}}: {{resource_type}}`.
fn labels_of(legend: &str) -> Vec<String> {
    legend
        .split("{{")
        .skip(1)
        .filter_map(|rest| rest.split_once("}}"))
        .map(|(label, _)| label.trim().to_owned())
        .collect()
}

/// The expression in `label_values(…, label)` or `query_result(…)`.
fn asked_for(variable: &Value) -> &str {
    let query = variable["query"]["query"].as_str().unwrap_or_else(|| text(&variable["query"]));
    let inside = |name: &str| query.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(asked) = inside("label_values") {
        return asked.rsplit_once(',').map_or(asked, |(expression, _)| expression);
    }
    inside("query_result").unwrap_or_else(|| panic!("what does this variable ask for? {query}"))
}

#[test]
fn variables_are_replaced_and_an_unknown_one_is_named() {
    let json = serde_json::json!({"templating": {"list": [
        {"name": "sweep", "type": "query"}, {"name": "pool", "type": "query"}, {"name": "price", "type": "textbox", "query": "0.03"}
    ]}});
    let dashboard = Dashboard { file: String::new(), json };
    let replaced = |raw| dashboard.replaced(raw);
    assert_eq!(
        replaced(r#"a{s="$sweep",p=~"${pool:regex}$"} * $price"#).unwrap(),
        r#"a{s="resnet-k3f9q2",p=~".+$"} * 0.03"#
    );
    assert_eq!(replaced(r#"rate(a[$__rate_interval]) "$1""#).unwrap(), r#"rate(a[5m]) "$1""#);
    assert_eq!(replaced("a{b=\"$swep\"}").unwrap_err(), "swep");
}
