//! The one place that wires: configuration to adapters, adapters to loops, and the joining of all tasks at the end.

mod adapters;
pub mod inspection;
pub mod logs;
#[cfg(test)]
mod messages;
mod part;
mod reload;
mod retention;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::chat::socket::SocketMode;
use crate::chat::{self, FrontDesk};
use crate::config::Config;
use crate::domain::chart_key::ChartKeys;
use crate::domain::effect::Lane;
use crate::domain::sweep::Service;
use crate::http;
use crate::ingress::TrialTokens;
use crate::notify::slack::{SlackGroups, SlackWeb};
use crate::runtime::apply::Applier;
use crate::runtime::availability::Availability;
use crate::runtime::catch_up::CatchUp;
use crate::runtime::dispatcher::Directories;
use crate::runtime::perform::Performer;
use crate::runtime::reconciler::Reconciler;
use crate::runtime::{Engines, Notifiers, dispatcher, observer, relay, scheduler};
use crate::store::Store;
use crate::telemetry::Metrics;

pub use reload::Reloader;

/// A running tunebot.
pub struct App {
    address: SocketAddr,
    store: Store,
    config: watch::Sender<Arc<Config>>,
    engines: Engines,
    metrics: Arc<Metrics>,
    desk: FrontDesk,
    readiness: http::Readiness,
    cancel: CancellationToken,
    failed: CancellationToken,
    tasks: TaskTracker,
}

impl App {
    /// Opens the store, takes the port and starts all loops. Nothing is served before everything is there.
    ///
    /// # Errors
    /// The port is in use, the store is locked, from a newer version or not writable, an adapter cannot be built.
    pub async fn start(mut config: Config) -> Result<Self> {
        // A second call in one process finds the provider installed: that is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let listener = listen(config.server.listen).await?;
        let address = listener.local_addr().context("the listening address cannot be read")?;
        name_the_bound_port(&mut config, address);
        let store = Store::open(&config.store.path).await.context("the store cannot be opened")?;
        let metrics = Arc::new(Metrics::new(Timestamp::now(), env!("CARGO_PKG_VERSION")));
        let engines = adapters::engines(&config, &adapters::owner_of(store.instance_key().expose_secret()))?;
        let github = adapters::github(&config)?;
        let keys = ChartKeys::new(store.instance_key().expose_secret());
        let links = adapters::links(&config, &engines.argo).await;
        let notifiers = adapters::notifiers(&config, github.as_ref(), &links, keys)?;
        let applier = github.clone().map(|github| Applier::new(github, links));
        let (desk_web, socket_web) = (adapters::slack_web(&config)?, adapters::slack_web(&config)?);
        let groups = adapters::slack_web(&config)?.map(|web| Arc::new(SlackGroups::new(web)));
        let (sender, receiver) = watch::channel(Arc::new(config));
        let desk = FrontDesk::new(store.clone(), receiver.clone(), Arc::clone(&metrics), desk_web, chat::PATIENCE);
        let app = Self {
            address,
            store,
            config: sender,
            engines: engines.all(),
            metrics,
            desk,
            readiness: http::Readiness::default(),
            cancel: CancellationToken::new(),
            failed: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        app.start_loops(&receiver, &notifiers, Directories { github, groups }, applier);
        app.spawn("retention", retention::run(app.store.clone(), receiver.clone(), engines.local, app.cancel.clone()));
        app.spawn("inspection", inspection::run(engines.argo, receiver.clone(), app.cancel.clone()));
        app.start_sockets(socket_web, &receiver);
        app.start_server(listener, receiver);
        app.readiness.set(http::Phase::Serving);
        info!(%address, "listening");
        Ok(app)
    }

    /// The address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    pub fn config(&self) -> &watch::Sender<Arc<Config>> {
        &self.config
    }

    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Returns when a part of the server has ended by a fault: it is of no use any longer, and should be stopped.
    pub fn failed(&self) -> impl Future<Output = ()> + Send + 'static {
        self.failed.clone().cancelled_owned()
    }

    /// Takes nothing new, finishes what is under way or hands it back to the store, and ends every trial that must not
    /// outlive this process. Returns within the configured time, whatever hangs.
    pub async fn stop(self) {
        let drain = Duration::try_from(self.config.borrow().server.drain).unwrap_or(Duration::from_secs(30));
        info!("stopping");
        self.readiness.set(http::Phase::Draining);
        self.cancel.cancel();
        self.tasks.close();
        let ending = async {
            for engine in self.engines.values() {
                engine.shutdown().await;
            }
            self.tasks.wait().await;
            self.desk.close().await;
        };
        if tokio::time::timeout(drain, ending).await.is_err() {
            warn!("not everything ended within {drain:?}; what is left is taken up at the next start");
        }
        self.store.close().await;
        info!("stopped");
    }

    fn spawn(&self, name: impl Into<String>, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(part::watched(name.into(), work, self.cancel.clone(), self.failed.clone()));
    }

    fn start_loops(
        &self,
        config: &watch::Receiver<Arc<Config>>,
        notifiers: &Notifiers,
        directories: Directories,
        applier: Option<Applier>,
    ) {
        let (store, cancel, metrics) = (&self.store, &self.cancel, &self.metrics);
        self.spawn(
            "dispatcher",
            dispatcher::run(store.clone(), config.clone(), directories.clone(), Arc::clone(metrics), cancel.clone()),
        );
        if let Some(github) = directories.github {
            adapters::tell_calls(&github, metrics);
            let catch_up = CatchUp::new(store.clone(), github, Arc::clone(metrics));
            self.spawn("catching up", catch_up.run(config.clone(), cancel.clone()));
        }
        self.spawn("scheduler", scheduler::run(store.clone(), config.clone(), Arc::clone(metrics), cancel.clone()));
        let engines = Arc::clone(&self.engines);
        let availability = Availability::new(Arc::clone(metrics));
        let reconciler =
            Reconciler::new(store.clone(), config.clone(), engines, Arc::clone(metrics), availability.clone());
        self.spawn("reconciler", reconciler.run(cancel.clone()));
        let performer = Performer::new(
            store.clone(),
            config.clone(),
            Arc::clone(&self.engines),
            Arc::clone(notifiers),
            Arc::clone(metrics),
        );
        let performer = Arc::new(performer.with_applier(applier));
        let engine_lanes = self.engines.keys().cloned().map(Lane::Engine);
        let service_lanes = adapters::SERVICES.into_iter().map(Lane::Service);
        for lane in engine_lanes.chain(service_lanes).chain([Lane::Pictures(Service::Slack)]) {
            self.spawn(
                format!("relay of {lane}"),
                relay::run(lane, store.clone(), Arc::clone(&performer), cancel.clone()),
            );
        }
        for (name, engine) in self.engines.iter() {
            self.spawn(
                format!("observer of {name}"),
                observer::run(name.clone(), Arc::clone(engine), store.clone(), availability.clone(), cancel.clone()),
            );
        }
    }

    /// Socket Mode, if Slack is to be reached by it.
    fn start_sockets(&self, web: Option<SlackWeb>, config: &watch::Receiver<Arc<Config>>) {
        let Some((web, slack)) = web.zip(config.borrow().slack.clone()) else { return };
        let Some(app_token) = slack.app_token else { return };
        self.metrics.slack_sockets_wanted(slack.sockets);
        let sockets = SocketMode { desk: self.desk.clone(), web, app_token, sockets: slack.sockets };
        self.spawn("sockets", sockets.run(self.cancel.clone()));
    }

    fn start_server(&self, listener: TcpListener, config: watch::Receiver<Arc<Config>>) {
        let state = http::State {
            config,
            store: self.store.clone(),
            tokens: TrialTokens::new(self.store.instance_key().expose_secret()),
            telemetry: Arc::clone(&self.metrics),
            desk: self.desk.clone(),
            readiness: self.readiness.clone(),
            patience: http::Patience::default(),
        };
        let cancel = self.cancel.clone();
        self.spawn("server", async move {
            if let Err(error) = http::serve(listener, http::router(state), cancel).await {
                tracing::error!(%error, "the server has ended");
            }
        });
    }
}

/// With port 0 the system chooses: trials must be told what it chose.
fn name_the_bound_port(config: &mut Config, address: SocketAddr) {
    config.server.listen = address;
    if config.server.public_url.port() == Some(0) {
        // Only addresses that cannot have a port refuse one, and such an address has no port 0 either.
        let _ = config.server.public_url.set_port(Some(address.port()));
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            anyhow::anyhow!("{address} is in use by another program: stop it, or set another server.listen")
        }
        _ => anyhow::Error::new(error).context(format!("cannot listen on {address} (server.listen)")),
    })
}
