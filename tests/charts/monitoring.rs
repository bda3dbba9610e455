//! Rules, dashboards and the metrics that they are made of.
//!
//! promtool reads every rule and every expression of a dashboard; the names in them are compared with the metrics that the
//! sources really have (`metrics/*.txt`, and of tunebot itself what a live server tells) and with those that Prometheus is
//! told to keep; and every panel is evaluated over made-up series of a plausible platform (`series/*.yaml`), without those
//! that are dropped: a join that matches nothing shows there, not on somebody's screen. Grafana's
//! own types judge the dashboards.

mod alerts;
mod allowlist;
mod dashboards;
mod evaluation;
mod files;
mod judge;
mod known;
mod links;
mod promql;
mod promtool;
mod relabel;
mod rendered;
mod scrape;
mod series;
mod shape;
mod usage;
