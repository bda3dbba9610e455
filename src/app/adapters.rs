//! From settings to engines and notifiers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};

use crate::config::{self, Config, EngineSettings, GithubAuth};
use crate::domain::sweep::Service;
use crate::engine::Engine;
use crate::engine::local::{LocalEngine, LocalSettings};
use crate::notify::Notifier;
use crate::notify::github::{Github, GithubNotifier};
use crate::notify::grafana;
use crate::notify::slack::{SlackNotifier, SlackSettings};
use crate::runtime::{Engines, Notifiers};

/// Every service that messages may go to, configured or not: effects for one that is gone must still be settled.
pub(super) fn services() -> impl Iterator<Item = Service> {
    [Service::Slack, Service::Github].into_iter()
}
