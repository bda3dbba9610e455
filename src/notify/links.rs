//! The links below a message: to the dashboards of Grafana, and to Argo's page of the sweep's workflows. Pure: nothing is
//! fetched.

use std::collections::BTreeMap;

use url::Url;

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
        Links { dashboards: Some(fixtures::dashboards()), argo: BTreeMap::from([("cluster".parse().unwrap(), pages)]) }
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
}
