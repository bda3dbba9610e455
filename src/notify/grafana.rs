//! Links to Grafana dashboards, with the time window and the variables of a sweep. Pure: nothing is fetched.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use url::Url;

use crate::domain::report::{Phase, Report};
use crate::domain::template::{self, Piece};

use super::links::Link;
use super::prose;

/// Room before the first and after the last trial, so that their curves are not cut off.
const MARGIN: SignedDuration = SignedDuration::from_mins(1);
/// The longest title of a link, in characters.
const TITLE: usize = 60;

/// The dashboards of one Grafana.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dashboards {
    pub url: Url,
    pub dashboards: Vec<Dashboard>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dashboard {
    /// What tunings refer to.
    pub name: String,
    /// What the link says.
    pub title: String,
    pub uid: String,
    /// Dashboard variables; `{sweep}`, `{tuning}`, `{sha}` and `{branch}` in a value are filled in.
    pub variables: BTreeMap<String, String>,
}

/// The links of a report, in the configured order: to the dashboards that its tuning names, or to all when it names none.
///
/// A sweep that waits has nothing to show and no links. While it runs, the window is open to the right.
pub fn links(grafana: &Dashboards, report: &Report) -> Vec<Link> {
    if matches!(report.phase, Phase::Queued { .. }) {
        return Vec::new();
    }
    let wanted = |dashboard: &&Dashboard| report.dashboards.is_empty() || report.dashboards.contains(&dashboard.name);
    grafana.dashboards.iter().filter(wanted).filter_map(|dashboard| link(&grafana.url, dashboard, report)).collect()
}

/// None for an address that cannot have a path; the configuration lets no such address pass.
fn link(base: &Url, dashboard: &Dashboard, report: &Report) -> Option<Link> {
    let mut url = base.clone();
    url.path_segments_mut().ok()?.pop_if_empty().extend(["d", &dashboard.uid]);
    let from = report.started_at.unwrap_or(report.created_at).as_millisecond() - MARGIN.as_millis() as i64;
    let to = report
        .ended_at
        .map_or_else(|| "now".to_owned(), |end| (end.as_millisecond() + MARGIN.as_millis() as i64).to_string());
    url.query_pairs_mut().append_pair("from", &from.to_string()).append_pair("to", &to);
    for (name, template) in &dashboard.variables {
        if let Some(value) = filled(template, report) {
            url.query_pairs_mut().append_pair(&format!("var-{name}"), &value);
        }
    }
    Some(Link { title: prose::line(&dashboard.title, TITLE), url: url.into() })
}

/// The template with its placeholders filled in; none when a placeholder has no value for this sweep. A text that is no
/// template stays as it is.
fn filled(template: &str, report: &Report) -> Option<String> {
    let Ok(pieces) = template::pieces(template) else {
        return Some(template.to_owned());
    };
    let mut value = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => value.push_str(text),
            Piece::Placeholder(name) => match placeholder(name, report) {
                Some(text) => value.push_str(&text?),
                None => value.push_str(&format!("{{{name}}}")),
            },
        }
    }
    Some(value)
}

/// None for a name that is no placeholder; `Some(None)` for one without a value.
fn placeholder(name: &str, report: &Report) -> Option<Option<String>> {
    let code = report.code.as_ref();
    match name {
        "sweep" => Some(Some(report.sweep.to_string())),
        "tuning" => Some(Some(report.tuning.to_string())),
        "sha" => Some(code.and_then(|code| code.sha.as_ref()).map(ToString::to_string)),
        "branch" => Some(code.map(|code| code.reference.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    fn dashboards() -> Dashboards {
        let dashboard = |name: &str, variables: &[(&str, &str)]| Dashboard {
            name: name.to_owned(),
            title: format!("The {name}"),
            uid: format!("uid-{name}"),
            variables: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        };
        Dashboards {
            url: "https://grafana.example.com/base/".parse().unwrap(),
            dashboards: vec![
                dashboard("training", &[("sweep", "{sweep}"), ("code", "{branch}@{sha}"), ("q", "a b&c=d {other}")]),
                dashboard("machines", &[]),
            ],
        }
    }

    #[test]
    fn a_finished_sweep_has_a_closed_window_with_a_minute_of_margin() {
        let urls: Vec<String> = links(&dashboards(), &fixtures::finished()).into_iter().map(|link| link.url).collect();
        insta::assert_snapshot!(urls.join("\n"), @r"
        https://grafana.example.com/base/d/uid-training?from=1772442060000&to=1772448600000&var-code=main%403f2a91c0d5e6f708192a3b4c5d6e7f8091a2b3c4&var-q=a+b%26c%3Dd+%7Bother%7D&var-sweep=resnet-k3f9q2
        https://grafana.example.com/base/d/uid-machines?from=1772442060000&to=1772448600000
        ");
    }

    /// As the chart configures it when it is told where Grafana is.
    #[test]
    fn the_dashboard_of_the_chart_opens_on_the_sweep_and_its_time() {
        let variables = [("sweep", "{sweep}"), ("tuning", "{tuning}")];
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let sweep = Dashboard { name: "sweep".into(), title: "Sweep".into(), uid: "tunebot-sweep".into(), variables };
        let grafana = Dashboards { url: "https://grafana.example.com".parse().unwrap(), dashboards: vec![sweep] };
        let links = links(&grafana, &fixtures::finished());
        insta::assert_snapshot!(links[0].url, @"https://grafana.example.com/d/tunebot-sweep?from=1772442060000&to=1772448600000&var-sweep=resnet-k3f9q2&var-tuning=resnet");
    }

    #[test]
    fn a_running_sweep_has_an_open_window() {
        let links = links(&dashboards(), &fixtures::running());
        assert!(links[0].url.contains("&to=now&"), "{}", links[0].url);
    }

    #[test]
    fn a_sweep_that_waits_has_no_links() {
        assert_eq!(links(&dashboards(), &fixtures::queued()), []);
    }

    #[test]
    fn only_the_dashboards_that_the_tuning_names_are_linked() {
        let mut report = fixtures::finished();
        report.dashboards = vec!["machines".to_owned()];
        let titles: Vec<String> = links(&dashboards(), &report).into_iter().map(|link| link.title).collect();
        assert_eq!(titles, ["The machines"]);
    }

    #[test]
    fn a_variable_that_has_no_value_for_this_sweep_is_left_out() {
        let mut report = fixtures::finished();
        report.code = None;
        let url = &links(&dashboards(), &report)[0].url;
        assert!(!url.contains("var-code") && url.contains("var-sweep"), "{url}");
    }

    #[test]
    fn doubled_braces_are_braces() {
        let shown = |template: &str| filled(template, &fixtures::finished()).unwrap();
        assert_eq!(shown("{{{tuning}}} {{sweep}}"), "{resnet} {sweep}");
        assert_eq!(shown("{other} {tuning}"), "{other} resnet");
        assert_eq!(shown("{tuning"), "{tuning");
    }

    #[test]
    fn a_branch_name_with_a_placeholder_in_it_is_not_filled_again() {
        let mut report = fixtures::finished();
        report.code.as_mut().unwrap().reference = "{tuning}".to_owned();
        let url = &links(&dashboards(), &report)[0].url;
        assert!(url.contains("var-code=%7Btuning%7D"), "{url}");
    }
}
