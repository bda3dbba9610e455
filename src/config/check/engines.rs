//! Where trials run: the engines, and the one that a tuning gets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Checker;
use super::kubernetes::Name;
use crate::config::schema::{ArgoEngineEntry, EngineEntry, LocalEngineEntry};
use crate::config::settings::{ArgoEngineSettings, Cluster, EngineSettings, LocalEngineSettings, StoreSettings};
use crate::config::source::{Place, Source};
use crate::domain::ids::EngineName;

const DEFAULT_LOG_LIMIT: u64 = 10 * 1024 * 1024;
const DEFAULT_WORKFLOWS: u32 = 20;
const DEFAULT_WRITES_PER_SECOND: u32 = 50;

/// What an engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EngineKind {
    Local,
    Argo,
}

impl EngineKind {
    /// What it runs, in words.
    fn runs(self) -> &'static str {
        match self {
            Self::Local => "commands",
            Self::Argo => "workflows",
        }
    }

    /// How to come by one.
    fn advice(self) -> &'static str {
        match self {
            Self::Local => "write `engine: local`",
            Self::Argo => "add `engines: {cluster: argo}` and write `engine: cluster`",
        }
    }
}

impl Checker<'_> {
    pub(super) fn engines(&mut self, store: &StoreSettings) -> BTreeMap<EngineName, EngineSettings> {
        let mut engines = BTreeMap::new();
        let mut lines = BTreeMap::new();
        for (source, file) in self.files {
            for (name, entry) in &file.engines {
                let place = source.place().key("engines").key(name.as_str());
                if !self.is_first(&mut lines, name.as_str(), &place) {
                    continue;
                }
                let settings = match entry {
                    EngineEntry::Local(entry) => {
                        EngineSettings::Local(self.local_engine(&place.key("local"), name, entry, store))
                    }
                    EngineEntry::Argo(entry) => EngineSettings::Argo(self.argo_engine(&place.key("argo"), entry)),
                };
                engines.insert(name.clone(), settings);
            }
        }
        if self.needs_default_engine()
            && let Ok(name) = "local".parse()
        {
            let settings = local_settings(&name, &LocalEngineEntry::default(), store);
            engines.insert(name, EngineSettings::Local(settings));
        }
        engines
    }

    /// Commands run on this machine without a word about it, unless there is an engine for them.
    fn needs_default_engine(&self) -> bool {
        let declared = self.declared("engines");
        let none_for_commands = declared.iter().all(|name| self.engine_kind(name) == Some(EngineKind::Argo));
        let wants = |source: &Source| {
            let tunings = source.place().key("tunings");
            tunings.keys().into_iter().any(|name| {
                let (engine, command) = (tunings.key(name).key("engine"), tunings.key(name).key("command"));
                if engine.is_there() { engine.text() == Some("local") } else { command.is_there() }
            })
        };
        declared.is_empty() || none_for_commands && self.files.iter().any(|(source, _)| wants(source))
    }

    fn local_engine(
        &mut self,
        place: &Place<'_>,
        name: &EngineName,
        entry: &LocalEngineEntry,
        store: &StoreSettings,
    ) -> LocalEngineSettings {
        if entry.parallel == Some(0) {
            self.problems.push(place.key("parallel").problem("an engine runs at least 1 trial at a time"));
        }
        let mut settings = local_settings(name, entry, store);
        if let Some(path) = &entry.work_dir {
            settings.work_dir = self.path(&place.key("work_dir"), path);
        }
        settings
    }

    fn argo_engine(&mut self, place: &Place<'_>, entry: &ArgoEngineEntry) -> ArgoEngineSettings {
        if entry.parallel == Some(0) {
            self.problems.push(place.key("parallel").problem("an engine runs at least 1 workflow at a time"));
        }
        if entry.writes_per_second == Some(0) {
            let place = place.key("writes_per_second");
            self.problems.push(place.problem("without a request nothing is ever started").hint("at least 1"));
        }
        let names = [
            ("namespace", &entry.namespace, Name::Label, "the name of a namespace"),
            ("service_account", &entry.service_account, Name::Subdomain, "the name of a service account"),
            ("controller_instance", &entry.controller_instance, Name::LabelValue, "the instance id of a controller"),
        ];
        for (field, text, name, what) in names {
            if let Some(text) = text {
                self.kubernetes_name(&place.key(field), name, what, text);
            }
        }
        for (field, text) in [("context", &entry.context), ("controller_instance", &entry.controller_instance)] {
            if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
                self.problems.push(place.key(field).problem(format!("`{field}` is empty")).hint("take it out"));
            }
        }
        let kubeconfig = entry.kubeconfig.as_ref().map(|path| self.path(&place.key("kubeconfig"), path));
        let cluster = match (kubeconfig, entry.context.clone()) {
            (None, None) => Cluster::Ambient,
            (path, context) => Cluster::Kubeconfig { path, context },
        };
        ArgoEngineSettings {
            capacity: entry.parallel.unwrap_or(DEFAULT_WORKFLOWS),
            cluster,
            namespace: entry.namespace.clone(),
            service_account: entry.service_account.clone(),
            controller_instance: entry.controller_instance.clone(),
            report_url: entry.report_url.as_ref().and_then(|text| self.url(&place.key("report_url"), text)),
            ui_url: entry.ui_url.as_ref().and_then(|text| self.url(&place.key("ui_url"), text)),
            writes_per_second: entry.writes_per_second.unwrap_or(DEFAULT_WRITES_PER_SECOND),
        }
    }

    /// The engine of a tuning that needs one of the kind `wanted`.
    pub(super) fn engine(
        &mut self,
        place: &Place<'_>,
        name: Option<&str>,
        wanted: Option<EngineKind>,
        engines: &BTreeMap<EngineName, EngineSettings>,
    ) -> Option<EngineName> {
        // An engine whose own entry has a fault is known all the same.
        let mut known: BTreeSet<&str> = self.declared("engines");
        known.extend(engines.keys().map(EngineName::as_str));
        let known: Vec<&str> = known.into_iter().collect();
        if let Some(name) = name {
            if !known.contains(&name) {
                self.unknown(place, "engine", name, &known);
                return None;
            }
            return self.parsed(place, name);
        }
        let fits = |name: &str| match (wanted, self.engine_kind(name)) {
            (Some(wanted), Some(kind)) => wanted == kind,
            _ => true,
        };
        let fitting: Vec<&str> = known.iter().copied().filter(|name| fits(name)).collect();
        match (known.as_slice(), fitting.as_slice()) {
            // If it is of the wrong kind, that is said of the trial.
            ([only], _) | (_, [only]) => only.parse().ok(),
            (_, fitting) if fitting.contains(&"local") => "local".parse().ok(),
            (known, fitting) => {
                if !place.is_there() {
                    let problem = place.problem("`engine` is missing: there are several");
                    let offered = if fitting.is_empty() { known } else { fitting };
                    self.problems.push(problem.hint(format!("one of {}", offered.join(", "))));
                }
                None
            }
        }
    }

    /// The trial of a tuning does not run on its engine.
    pub(super) fn wrong_engine(&mut self, place: &Place<'_>, engine: &EngineName, kind: EngineKind) {
        let wanted = if kind == EngineKind::Local { EngineKind::Argo } else { EngineKind::Local };
        let others = self.declared("engines").into_iter().filter(|name| self.engine_kind(name) == Some(wanted));
        let others: Vec<String> = others.map(|name| format!("`engine: {name}`")).collect();
        let hint = match others.as_slice() {
            [] => wanted.advice().to_owned(),
            others => format!("write {}", others.join(" or ")),
        };
        let message = format!("the engine `{engine}` runs {} only", kind.runs());
        self.problems.push(place.problem_on(true, message).hint(hint));
    }

    /// What the engine runs; `None` if its entry does not say.
    pub(super) fn engine_kind(&self, name: &str) -> Option<EngineKind> {
        if !self.declared("engines").contains(name) {
            return (name == "local").then_some(EngineKind::Local);
        }
        self.files.iter().find_map(|(source, file)| {
            let entry = file.engines.iter().find(|(known, _)| known.as_str() == name).map(|(_, entry)| entry);
            let keys = source.place().key("engines").key(name).keys();
            match entry {
                Some(EngineEntry::Local(_)) => Some(EngineKind::Local),
                Some(EngineEntry::Argo(_)) => Some(EngineKind::Argo),
                // Its entry has a fault.
                None if keys.contains(&"local") => Some(EngineKind::Local),
                None if keys.contains(&"argo") => Some(EngineKind::Argo),
                None => None,
            }
        })
    }
}

/// Settings of a local engine but for its `work_dir`, which is the default one.
fn local_settings(name: &EngineName, entry: &LocalEngineEntry, store: &StoreSettings) -> LocalEngineSettings {
    let processors = std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(1));
    let folder = store.path.parent().unwrap_or(Path::new(""));
    LocalEngineSettings {
        capacity: entry.parallel.unwrap_or(processors),
        work_dir: folder.join("work").join(name.as_str()),
        log_limit_bytes: entry.log_limit.map_or(DEFAULT_LOG_LIMIT, |limit| limit.0),
        keep_work: entry.keep_work,
    }
}
