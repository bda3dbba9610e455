//! Links to Grafana dashboards.
