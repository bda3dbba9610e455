//! The GitHub client: one call at a time, in the name of whoever may speak about the repository, within what GitHub
//! allows.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};
use url::Url;

use crate::domain::ids::Repository;
use crate::notify::pace::{Limit, Pace, Urgency};

use super::budget::Budget;
use super::cache::Cache;
use super::errors::{self, GithubError};
use super::tokens::App;
use super::transport::{Answer, Request, Transport, read};

/// The most that GitHub puts on a page.
pub const PAGE: usize = 100;
/// Edits that tell of progress take no more than this part of what may be written in an hour.
const PROGRESS_SHARE: u32 = 3;
const HOUR: Duration = Duration::from_secs(3600);

pub struct GithubSettings {
    /// Usually `https://api.github.com`.
    pub api_url: Url,
    pub auth: GithubAuth,
    pub pace: GithubPace,
}

pub enum GithubAuth {
    App {
        id: u64,
        /// PEM.
        private_key: SecretString,
    },
    /// A personal token: comments and commit statuses only, for GitHub lets nobody but an App write checks.
    Token(SecretString),
}

/// How much may be written to one installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GithubPace {
    pub writes_per_minute: u32,
    pub writes_per_hour: u32,
}

impl Default for GithubPace {
    /// GitHub's own figures for what creates content.
    fn default() -> Self {
        Self { writes_per_minute: 80, writes_per_hour: 500 }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum GithubSetupError {
    #[error("the private key of the GitHub App is not an RSA key in PEM form: {0}")]
    PrivateKey(jsonwebtoken::errors::Error),
    #[error("the GitHub client cannot be made: {0}")]
    Client(reqwest::Error),
}

/// GitHub's API, as far as tunebot uses it.
pub struct Github {
    transport: Transport,
    auth: Auth,
    /// Where the App is installed.
    installations: Mutex<HashMap<Repository, u64>>,
    /// The token's own account; none where the token may not ask.
    login: OnceCell<Option<String>>,
    budget: Budget,
    cache: Cache,
    pace: Pace,
}

enum Auth {
    App(Box<App>),
    Token(SecretString),
}

impl Github {
    /// # Errors
    /// The private key cannot be read, or the system has no root certificates.
    pub fn new(settings: GithubSettings) -> Result<Self, GithubSetupError> {
        let auth = match settings.auth {
            GithubAuth::App { id, private_key } => {
                Auth::App(Box::new(App::new(id, &private_key).map_err(GithubSetupError::PrivateKey)?))
            }
            GithubAuth::Token(token) => Auth::Token(token),
        };
        Ok(Self {
            transport: Transport::new(&settings.api_url).map_err(GithubSetupError::Client)?,
            auth,
            installations: Mutex::default(),
            login: OnceCell::new(),
            budget: Budget::default(),
            cache: Cache::default(),
            pace: pace(settings.pace),
        })
    }

    /// The calls that GitHub still allows in this hour, for each account: the limit, what is left of it, and when the hour is
    /// over in seconds since 1970.
    pub fn calls_left(&self) -> Vec<(String, [i64; 3])> {
        self.budget.left()
    }

    /// Does it speak as an App, and not with a token?
    pub fn is_app(&self) -> bool {
        self.app().is_some()
    }

    /// The App's id; none when a token is used.
    pub(super) fn app(&self) -> Option<u64> {
        match &self.auth {
            Auth::App(app) => Some(app.id),
            Auth::Token(_) => None,
        }
    }

    /// May the message of `slot` be written now?
    ///
    /// # Errors
    /// Not yet: come back after this long.
    pub(super) fn admit(&self, repository: &Repository, slot: &str, urgency: Urgency) -> Result<(), Duration> {
        let (scope, now) = (self.scope(repository), Timestamp::now());
        let scarce = || self.budget.scarce(&scope, now).filter(|_| urgency != Urgency::Answer);
        match self.budget.held(&scope, now).or_else(scarce) {
            Some(wait) => Err(wait),
            None => self.pace.admit(&scope, slot, urgency, Instant::now()),
        }
    }

    /// The account behind the token, if it may be asked for.
    pub(super) async fn own_login(&self) -> Result<Option<&str>, GithubError> {
        let asked = self.login.get_or_try_init(|| async {
            match self.get_as::<User>(Voice::Own, "ask whose token this is", "/user").await {
                Ok(user) => Ok(Some(user.login)),
                Err(error @ GithubError::Transient { .. }) => Err(error),
                Err(_) => Ok(None),
            }
        });
        Ok(asked.await?.as_deref())
    }

    pub(super) async fn get<A: DeserializeOwned>(&self, call: Call<'_>) -> Result<A, GithubError> {
        read(call.what, &self.call(Method::GET, &call, None).await?)
    }

    pub(super) async fn post<B: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        call: Call<'_>,
        body: &B,
    ) -> Result<A, GithubError> {
        self.write(Method::POST, call, body).await
    }

    pub(super) async fn patch<B: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        call: Call<'_>,
        body: &B,
    ) -> Result<A, GithubError> {
        self.write(Method::PATCH, call, body).await
    }

    pub(super) async fn write<B: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        method: Method,
        call: Call<'_>,
        body: &B,
    ) -> Result<A, GithubError> {
        let body = serde_json::to_value(body).map_err(|error| errors::unexpected(call.what, &error))?;
        read(call.what, &self.call(method, &call, Some(&body)).await?)
    }

    pub(super) async fn put<B: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        call: Call<'_>,
        body: &B,
    ) -> Result<A, GithubError> {
        self.write(Method::PUT, call, body).await
    }

    /// All pages of a list, up to `most_pages`, and whether more were left.
    pub(super) async fn pages<A: DeserializeOwned, P: DeserializeOwned + Into<Vec<A>>>(
        &self,
        call: Call<'_>,
        most_pages: usize,
        mut each: impl FnMut(Vec<A>) -> bool,
    ) -> Result<bool, GithubError> {
        for page in 1..=most_pages {
            let mut query = call.query.to_vec();
            query.extend([("per_page", PAGE.to_string()), ("page", page.to_string())]);
            let items: Vec<A> = self.get::<P>(Call { query: &query, ..call.clone() }).await?.into();
            let is_last = items.len() < PAGE;
            if each(items) || is_last {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Asks for something that belongs to no repository.
    pub(super) async fn get_as<A: DeserializeOwned>(
        &self,
        voice: Voice<'_>,
        what: &str,
        route: &str,
    ) -> Result<A, GithubError> {
        read(what, &self.ask(voice, what, Method::GET, route).await?.body)
    }

    /// The whole answer, with its headers.
    pub(super) async fn ask(
        &self,
        voice: Voice<'_>,
        what: &str,
        method: Method,
        route: &str,
    ) -> Result<Answer, GithubError> {
        let token = match (&self.auth, voice) {
            (Auth::Token(token), _) => token.clone(),
            (Auth::App(app), Voice::Own) => app.sign(what, Timestamp::now())?,
            (Auth::App(app), Voice::Installation(id)) => app.token(&self.transport, id).await?,
            (Auth::App(_), Voice::About(repository)) => self.token(repository).await?,
        };
        let request = Request { what, method, route, token: &token, body: None, etag: None };
        self.transport.send(&request).await?.accepted(what, Timestamp::now())
    }

    async fn call(&self, method: Method, call: &Call<'_>, body: Option<&Value>) -> Result<Vec<u8>, GithubError> {
        let answer = self.answer(&method, call, body).await;
        match &answer {
            // Nothing was done, and another token may do: this one was revoked, or the App was installed anew.
            Err(GithubError::Unauthorized { .. }) if self.renew(call.repository).await => {
                self.answer(&method, call, body).await
            }
            Err(GithubError::NotFound { .. } | GithubError::Permanent { .. }) => {
                self.installations.lock().await.remove(call.repository);
                answer
            }
            _ => answer,
        }
    }

    async fn answer(&self, method: &Method, call: &Call<'_>, body: Option<&Value>) -> Result<Vec<u8>, GithubError> {
        let scope = self.scope(call.repository);
        if let Some(wait) = self.budget.held(&scope, Timestamp::now()) {
            return Err(errors::held(call.what, wait));
        }
        let token = self.token(call.repository).await?;
        let route = call.route();
        let known = if *method == Method::GET { self.cache.get(&route) } else { None };
        let etag = known.as_ref().map(|known| known.etag.as_str());
        let request = Request { what: call.what, method: method.clone(), route: &route, token: &token, body, etag };
        let answer = self.transport.send(&request).await?;
        self.budget.note(&scope, &answer.headers);
        if let Some(known) = known.filter(|_| answer.is_unchanged()) {
            return Ok(known.body.clone());
        }
        let etag =
            answer.etag().filter(|_| *method == Method::GET && answer.status == StatusCode::OK).map(str::to_owned);
        let now = Timestamp::now();
        let accepted = answer.accepted(call.what, now).map(|answer| answer.body);
        match &accepted {
            Ok(body) => {
                if let Some(etag) = etag {
                    self.cache.put(&route, &etag, body);
                }
            }
            Err(GithubError::Transient { after: Some(wait), .. }) => self.budget.hold(&scope, *wait, now),
            Err(_) => {}
        }
        accepted
    }

    /// The token that may speak about `repository`.
    async fn token(&self, repository: &Repository) -> Result<SecretString, GithubError> {
        match &self.auth {
            Auth::App(app) => app.token(&self.transport, self.installation(app, repository).await?).await,
            Auth::Token(token) => Ok(token.clone()),
        }
    }

    /// Under its lock, so that a burst asks once.
    async fn installation(&self, app: &App, repository: &Repository) -> Result<u64, GithubError> {
        let mut installations = self.installations.lock().await;
        if let Some(known) = installations.get(repository) {
            return Ok(*known);
        }
        let what = format!("find the App's installation on {repository}");
        let route = &format!("/repos/{repository}/installation");
        let token = &app.sign(&what, Timestamp::now())?;
        let request = Request { what: &what, method: Method::GET, route, token, body: None, etag: None };
        let answer = self.transport.send(&request).await?.accepted(&what, Timestamp::now())?;
        let found: Installation = read(&what, &answer.body)?;
        installations.insert(repository.clone(), found.id);
        Ok(found.id)
    }

    /// Forgets the token for `repository`; `false`: there is no other to be had.
    async fn renew(&self, repository: &Repository) -> bool {
        let Auth::App(app) = &self.auth else { return false };
        if let Some(installation) = self.installations.lock().await.remove(repository) {
            app.drop_token(installation).await;
        }
        true
    }

    /// What GitHub counts for: an installation, which an owner has one of, or the token.
    fn scope(&self, repository: &Repository) -> String {
        match &self.auth {
            Auth::App(_) => repository.as_str().split('/').next().unwrap_or_default().to_ascii_lowercase(),
            Auth::Token(_) => String::new(),
        }
    }
}

fn pace(GithubPace { writes_per_minute, writes_per_hour }: GithubPace) -> Pace {
    let limits = [
        Limit { count: writes_per_minute, within: Duration::from_secs(60) },
        Limit { count: writes_per_hour, within: HOUR },
    ];
    Pace::new(limits, HOUR / (writes_per_hour / PROGRESS_SHARE).max(1))
}

/// In whose name something is asked; with a token from the configuration it is always that one's.
#[derive(Clone, Copy)]
pub enum Voice<'a> {
    /// The App's own.
    Own,
    /// The App's where it is installed under this number.
    Installation(u64),
    /// The App's where it is installed for this repository.
    About(&'a Repository),
}

/// One call about a repository.
#[derive(Clone)]
pub struct Call<'a> {
    /// In words, for an error: "comment on acme/vision#42".
    pub what: &'a str,
    pub repository: &'a Repository,
    /// Parts of the path after the repository, not yet encoded.
    pub path: &'a [&'a str],
    pub query: &'a [(&'static str, String)],
}

impl Call<'_> {
    /// Path and query, encoded. A `/` in a part stays one part of the path.
    fn route(&self) -> String {
        let encode = |part: &str| part.bytes().fold(String::new(), push_encoded);
        let mut route = format!("/repos/{}", self.repository);
        for part in self.path {
            route.push('/');
            route.push_str(&encode(part));
        }
        for (index, (name, value)) in self.query.iter().enumerate() {
            route.push(if index == 0 { '?' } else { '&' });
            route.push_str(&format!("{name}={}", encode(value)));
        }
        route
    }
}

fn push_encoded(mut text: String, byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
        text.push(char::from(byte));
    } else {
        text.push_str(&format!("%{byte:02X}"));
    }
    text
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
}

#[derive(Deserialize)]
struct User {
    login: String,
}
