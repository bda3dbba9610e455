//! The server and its store.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use url::Url;

use super::Checker;
use crate::config::Purpose;
use crate::config::schema::{LogEntry, ServerSection, StoreSection};
use crate::config::settings::{ApiToken, Log, LogFormat, Server, StoreSettings};
use crate::config::source::Place;

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);
const DEFAULT_STORE: &str = ".tunebot/tunebot.db";
const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Checker<'_> {
    pub(super) fn server(&mut self) -> Option<Server> {
        let found = self.once("server", |file| file.server.as_ref());
        let absent = ServerSection::default();
        let (place, section) = match &found {
            Some((place, section)) => (Some(place), *section),
            None => (None, &absent),
        };
        let listen = match (place, &section.listen) {
            (Some(place), Some(text)) => self.listen(&place.key("listen"), text),
            _ => DEFAULT_LISTEN,
        };
        let public_url = match (place, &section.public_url) {
            (Some(place), Some(text)) => self.url(&place.key("public_url"), text),
            _ => address_of(listen),
        };
        // A link-local address with its interface does not fit into an address of the web.
        if let (Some(place), None, None) = (place, &section.public_url, &public_url) {
            let problem = place.key("public_url").problem(format!("`public_url` is needed with listen {listen}"));
            self.problems.push(problem.hint("add the address under which trials reach this server"));
        }
        let drain = section.drain.map_or(SignedDuration::from_secs(30), |drain| drain.0);
        let log = self.log(place, &section.log);
        let api_tokens = place.map_or_else(Vec::new, |place| self.api_tokens(place, section));
        Some(Server { listen, public_url: public_url?, drain, log, api_tokens })
    }

    fn listen(&mut self, place: &Place<'_>, text: &str) -> SocketAddr {
        text.parse().unwrap_or_else(|_| {
            let problem = place.problem(format!("`{text}` is not an IP address with a port"));
            self.problems
                .push(problem.hint("write 0.0.0.0:8080 for every interface, 127.0.0.1:8080 for this machine only"));
            DEFAULT_LISTEN
        })
    }

    fn log(&mut self, place: Option<&Place<'_>>, entry: &LogEntry) -> Log {
        let filter = entry.filter.clone().unwrap_or_else(|| "info".to_owned());
        if let (Some(place), Err(error)) = (place, tracing_subscriber::EnvFilter::try_new(&filter)) {
            let place = place.key("log").key("filter");
            let problem = place.problem(format!("`{filter}` is not a log filter: {error}"));
            self.problems.push(problem.hint("write it like info,tunebot=debug"));
        }
        Log { format: entry.format.unwrap_or(LogFormat::Text), filter }
    }

    fn api_tokens(&mut self, place: &Place<'_>, section: &ServerSection) -> Vec<ApiToken> {
        let mut names = BTreeMap::new();
        let mut tokens = Vec::new();
        for (index, entry) in section.api_tokens.iter().enumerate() {
            let place = place.key("api_tokens").item(index);
            self.is_first(&mut names, &entry.name, &place.key("name"));
            if entry.name.trim().is_empty() {
                self.problems.push(place.key("name").problem("a token needs a name: who has it?"));
            }
            if self.purpose != Purpose::Serve {
                continue;
            }
            if let Some(secret) = self.secret(&place.key("secret"), &entry.secret) {
                tokens.push(ApiToken { name: entry.name.clone(), secret });
            }
        }
        tokens
    }

    pub(super) fn store(&mut self) -> StoreSettings {
        let found = self.once("store", |file| file.store.as_ref());
        let absent = StoreSection::default();
        let section = found.as_ref().map_or(&absent, |(_, section)| *section);
        let path = match (&found, &section.path) {
            (Some((place, _)), Some(path)) => self.path(&place.key("path"), path),
            _ => absolute(Path::new(DEFAULT_STORE)),
        };
        StoreSettings {
            path,
            keep_events: section.keep_events.map_or(DAY * 30, |keep| keep.0),
            keep_trials: section.keep_trials.map_or(DAY * 180, |keep| keep.0),
        }
    }

    /// A path that starts, if it is relative, from the folder of the file that names it.
    pub(super) fn path(&mut self, place: &Place<'_>, path: &Path) -> PathBuf {
        if path.as_os_str().is_empty() {
            self.problems.push(place.problem("this path is empty"));
        }
        absolute(&place.source.folder().join(path))
    }
}

/// The address that reaches a server on this machine that listens at `listen`.
fn address_of(listen: SocketAddr) -> Option<Url> {
    let mut reached = listen;
    if listen.ip().is_unspecified() {
        reached.set_ip(match listen.ip() {
            IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    Url::parse(&format!("http://{reached}")).ok()
}

/// Without a current folder the path stays as it is, and opening it will say what is wrong.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
