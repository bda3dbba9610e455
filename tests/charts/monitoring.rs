//! Rules, dashboards and the metrics that they are made of.
