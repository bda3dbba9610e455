//! The links below a message: to the dashboards of Grafana, and to Argo's page of the sweep's workflows. Pure: nothing is
//! fetched.

use std::collections::BTreeMap;

use url::Url;

use crate::domain::chart_key::ChartKeys;
use crate::domain::ids::EngineName;
use crate::domain::report::{Phase, Report};

use super::grafana::{self, Dashboards};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub title: String,
    pub url: String,
}

/// Where messages may lead to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Links {
    pub dashboards: Option<Dashboards>,
    /// Argo's pages, by the engine whose workflows they show.
    pub argo: BTreeMap<EngineName, ArgoPages>,
    /// Where pictures can be fetched by whoever has their address.
    pub charts: Option<ChartPages>,
}

/// tunebot's own pictures of sweeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartPages {
    /// The address under which tunebot is reached from outside.
    pub url: Url,
    pub keys: ChartKeys,
}

/// A picture of a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// What is seen, for whoever does not see it.
    pub title: String,
    pub url: String,
}

/// The web pages of Argo Workflows for one namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgoPages {
    pub url: Url,
    pub namespace: String,
}

impl Links {
    /// The links of a report, those to dashboards first. A sweep that waits has nothing to show and no links.
    pub fn of(&self, report: &Report) -> Vec<Link> {
        let mut links = self.dashboards.as_ref().map(|grafana| grafana::links(grafana, report)).unwrap_or_default();
        let pages = report.engine.as_ref().and_then(|engine| self.argo.get(engine));
        if !matches!(report.phase, Phase::Queued { .. }) {
            links.extend(pages.and_then(|pages| workflows(pages, report)));
        }
        links
    }
}

impl Links {
    /// The pictures of a sweep that has ended with a result.
    pub fn charts(&self, report: &Report) -> Vec<Chart> {
        let Some(pages) = self.charts.as_ref().filter(|_| report.is_final() && report.best().is_some()) else {
            return Vec::new();
        };
        let metric = &report.objective.metric;
        let history = chart(pages, report, "history.png", format!("{metric} by trial, with the best so far"));
        let importance = (!report.importances.is_empty()).then(|| {
            chart(pages, report, "importance.png", format!("How much each parameter had to do with {metric}"))
        });
        [history, importance.flatten()].into_iter().flatten().collect()
    }
}

fn chart(pages: &ChartPages, report: &Report, file: &str, title: String) -> Option<Chart> {
    let mut url = pages.url.clone();
    url.path_segments_mut().ok()?.pop_if_empty().extend(["charts", report.sweep.as_str(), file]);
    url.query_pairs_mut().append_pair("key", &pages.keys.key(&report.sweep, file));
    Some(Chart { title, url: url.into() })
}

/// None for an address that cannot have a path; the configuration lets no such address pass.
fn workflows(pages: &ArgoPages, report: &Report) -> Option<Link> {
    let mut url = pages.url.clone();
    url.path_segments_mut().ok()?.pop_if_empty().extend(["workflows", &pages.namespace]);
    url.query_pairs_mut().append_pair("label", &format!("tunebot/sweep={}", report.sweep));
    Some(Link { title: "Argo".to_owned(), url: url.into() })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    fn links() -> Links {
        let url = "https://argo.example.com/base".parse().unwrap();
        let pages = ArgoPages { url, namespace: "training".to_owned() };
        Links {
            dashboards: Some(fixtures::dashboards()),
            argo: BTreeMap::from([("cluster".parse().unwrap(), pages)]),
            charts: None,
        }
    }

    #[test]
    fn a_sweep_on_a_cluster_leads_to_its_workflows() {
        let mut report = fixtures::running();
        report.engine = Some("cluster".parse().unwrap());
        let told: Vec<String> =
            links().of(&report).into_iter().map(|link| format!("{}: {}", link.title, link.url)).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        Training curves: https://grafana.example.com/d/tune01?from=1772442060000&to=now&var-sweep=resnet-k3f9q2
        Argo: https://argo.example.com/base/workflows/training?label=tunebot%2Fsweep%3Dresnet-k3f9q2
        ");
    }

    #[test]
    fn a_sweep_on_another_engine_or_one_that_waits_has_no_page_of_argo() {
        let mut queued = fixtures::queued();
        queued.engine = Some("cluster".parse().unwrap());
        assert_eq!(links().of(&queued), []);
        let titles: Vec<String> = links().of(&fixtures::running()).into_iter().map(|link| link.title).collect();
        assert_eq!(titles, ["Training curves"]);
        assert_eq!(
            links().of(&Report { engine: None, ..fixtures::running() }).len(),
            1,
            "a report of an older version"
        );
    }

    #[test]
    fn only_a_sweep_that_ended_with_a_result_has_pictures() {
        let url = "https://tune.example.com/base/".parse().unwrap();
        let links = Links { charts: Some(ChartPages { url, keys: ChartKeys::new(&[7; 32]) }), ..Links::default() };
        let shown: Vec<String> = links
            .charts(&fixtures::finished())
            .into_iter()
            .map(|chart| format!("{}: {}", chart.title, chart.url.split("key=").next().unwrap()))
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @"
        val_acc by trial, with the best so far: https://tune.example.com/base/charts/resnet-k3f9q2/history.png?
        How much each parameter had to do with val_acc: https://tune.example.com/base/charts/resnet-k3f9q2/importance.png?
        ");
        assert_eq!(links.charts(&fixtures::running()), []);
        assert_eq!(Links::default().charts(&fixtures::finished()), []);
    }
}
