//! The GitHub client: who we are to GitHub, and one call at a time with a timeout and a sorted error.
//!
//! Nothing is sent twice here: octocrab's own retries, which would repeat a `POST`, are not built in (its feature `retry`
//! is off), and the relay knows which messages may be repeated.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use octocrab::Octocrab;
use octocrab::models::{AppId, InstallationId};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, OnceCell};
use url::Url;

use crate::domain::ids::Repository;

use super::errors::{self, GithubError};

/// How long GitHub may take for one call, a new token included.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The most that GitHub puts on a page.
pub const PAGE: usize = 100;

pub struct GithubSettings {
    /// Usually `https://api.github.com`.
    pub api_url: Url,
    pub auth: GithubAuth,
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

#[derive(Debug, thiserror::Error)]
pub enum GithubSetupError {
    #[error("the private key of the GitHub App is not an RSA key in PEM form: {0}")]
    PrivateKey(octocrab::Error),
    #[error("the GitHub client cannot be made: {0}")]
    Client(octocrab::Error),
}

/// GitHub's API, as far as tunebot uses it.
pub struct Github {
    /// Speaks as the App itself, or with the token.
    pub(super) root: Octocrab,
    app: Option<u64>,
    installations: Mutex<Installations>,
    /// The token's own account; none where the token may not ask.
    login: OnceCell<Option<String>>,
    call_timeout: Duration,
}

/// Where the App is installed, and the clients that speak as it there. Each client keeps its token and renews it.
#[derive(Default)]
struct Installations {
    ids: HashMap<Repository, u64>,
    clients: HashMap<u64, Arc<Octocrab>>,
}

impl Github {
    /// Must be called within a tokio runtime: the client has a task of its own.
    ///
    /// # Errors
    /// The private key cannot be read, or the system has no root certificates.
    pub fn new(settings: GithubSettings) -> Result<Self, GithubSetupError> {
        let builder = Octocrab::builder()
            .base_uri(settings.api_url.as_str().trim_end_matches('/'))
            .map_err(GithubSetupError::Client)?
            .set_connect_timeout(Some(CONNECT_TIMEOUT))
            .set_read_timeout(Some(CALL_TIMEOUT));
        let (builder, app) = match settings.auth {
            GithubAuth::App { id, private_key } => {
                let builder = builder.app_from_rsa_pem(AppId(id), private_key.expose_secret());
                (builder.map_err(GithubSetupError::PrivateKey)?, Some(id))
            }
            GithubAuth::Token(token) => (builder.personal_token(token), None),
        };
        Ok(Self {
            root: builder.build().map_err(GithubSetupError::Client)?,
            app,
            installations: Mutex::default(),
            login: OnceCell::new(),
            call_timeout: CALL_TIMEOUT,
        })
    }

    /// Does it speak as an App, and not with a token?
    pub fn is_app(&self) -> bool {
        self.app.is_some()
    }

    /// The App's id; none when a token is used.
    pub(super) fn app(&self) -> Option<u64> {
        self.app
    }

    /// The account behind the token, if it may be asked for.
    pub(super) async fn own_login(&self) -> Result<Option<&str>, GithubError> {
        let asked = self.login.get_or_try_init(|| async {
            let what = "ask whose token this is";
            match self.in_time(what, self.root.get::<User, _, _>("/user", None::<&()>)).await {
                Ok(user) => Ok(Some(user.login)),
                Err(error @ GithubError::Transient { .. }) => Err(error),
                Err(_) => Ok(None),
            }
        });
        Ok(asked.await?.as_deref())
    }

    pub(super) async fn get<A: DeserializeOwned>(&self, call: Call<'_>) -> Result<A, GithubError> {
        let client = self.client(call.repository).await?;
        let answer = self.in_time(call.what, client.get(call.route(), None::<&()>)).await;
        self.checked(&call, answer).await
    }

    pub(super) async fn post<B: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        call: Call<'_>,
        body: &B,
    ) -> Result<A, GithubError> {
        let client = self.client(call.repository).await?;
        let answer = self.in_time(call.what, client.post(call.route(), Some(body))).await;
        self.checked(&call, answer).await
    }

    pub(super) async fn patch<B: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        call: Call<'_>,
        body: &B,
    ) -> Result<A, GithubError> {
        let client = self.client(call.repository).await?;
        let answer = self.in_time(call.what, client.patch(call.route(), Some(body))).await;
        self.checked(&call, answer).await
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

    /// The client that may speak about `repository`.
    pub(super) async fn client(&self, repository: &Repository) -> Result<Arc<Octocrab>, GithubError> {
        if self.app.is_none() {
            return Ok(Arc::new(self.root.clone()));
        }
        let known = self.installations.lock().await.ids.get(repository).copied();
        let id = match known {
            Some(id) => id,
            None => self.installation(repository).await?,
        };
        self.installations.lock().await.ids.insert(repository.clone(), id);
        self.installed(id).await
    }

    /// The client that speaks as the App where it is installed under `id`.
    pub(super) async fn installed(&self, id: u64) -> Result<Arc<Octocrab>, GithubError> {
        let mut installations = self.installations.lock().await;
        if let Some(client) = installations.clients.get(&id) {
            return Ok(Arc::clone(client));
        }
        let client = self.root.installation(InstallationId(id));
        let client = Arc::new(client.map_err(|error| errors::classify("act as the App", error, Timestamp::now()))?);
        installations.clients.insert(id, Arc::clone(&client));
        Ok(client)
    }

    async fn installation(&self, repository: &Repository) -> Result<u64, GithubError> {
        let what = format!("find the App's installation on {repository}");
        let route = format!("/repos/{repository}/installation");
        let answer: Installation = self.in_time(&what, self.root.get(route, None::<&()>)).await?;
        Ok(answer.id)
    }

    /// An App that was installed anew has another id: what is refused is looked up again next time.
    async fn checked<A>(&self, call: &Call<'_>, answer: Result<A, GithubError>) -> Result<A, GithubError> {
        if self.app.is_some() && matches!(answer, Err(GithubError::NotFound { .. } | GithubError::Permanent { .. })) {
            self.installations.lock().await.ids.remove(call.repository);
        }
        answer
    }

    pub(super) async fn in_time<A>(
        &self,
        what: &str,
        call: impl Future<Output = octocrab::Result<A>>,
    ) -> Result<A, GithubError> {
        tracing::debug!(what, "calling GitHub");
        match tokio::time::timeout(self.call_timeout, call).await {
            Ok(answer) => answer.map_err(|error| errors::classify(what, error, Timestamp::now())),
            Err(_) => Err(errors::timed_out(what, self.call_timeout)),
        }
    }
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
