//! Calls of the Web API, each in time, and each counted: what Slack says of its limits is remembered for the calls to come.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use slack_morphism::errors::SlackClientError;
use slack_morphism::prelude::{ClientResult, SlackApiToken, SlackClient, SlackClientHyperConnector};
use url::Url;

use crate::notify::NotifyError;

use super::errors;
use super::pace::{Limit, Pace, PaceLimits};

/// How long Slack may take for one call; it usually needs less than a second.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);

pub struct SlackSettings {
    /// Usually `https://slack.com/api`.
    pub api_url: Url,
    pub bot_token: SecretString,
    pub pace: PaceLimits,
}

#[derive(Debug, thiserror::Error)]
pub enum SlackSetupError {
    #[error("no root certificates for HTTPS were found on this system (install ca-certificates): {0}")]
    RootCertificates(#[from] std::io::Error),
    #[error("the client for uploads cannot be made: {0}")]
    Uploads(#[from] reqwest::Error),
}

pub(super) struct Api {
    client: SlackClient<SlackClientHyperConnector<HttpsConnector<HttpConnector>>>,
    /// For the addresses that files are sent to: they get no token.
    uploads: reqwest::Client,
    token: SecretString,
    pace: Pace,
    pub(super) call_timeout: Duration,
}

impl Api {
    pub fn new(settings: SlackSettings) -> Result<Self, SlackSetupError> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(Arc::new(provider))?
            .https_or_http()
            .enable_http1()
            .build();
        let api_url = settings.api_url.as_str().trim_end_matches('/');
        let connector = SlackClientHyperConnector::with_connector(connector).with_slack_api_url(api_url);
        Ok(Self {
            client: SlackClient::new(connector),
            uploads: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?,
            token: settings.bot_token,
            pace: Pace::new(settings.pace),
            call_timeout: CALL_TIMEOUT,
        })
    }

    /// May `who` make these calls now?
    ///
    /// # Errors
    /// [`NotifyError::NotYet`]
    pub fn admit(&self, who: &str, calls: &[(Limit, u32)]) -> Result<(), NotifyError> {
        self.pace
            .admit(who, calls, Instant::now())
            .map_err(|after| NotifyError::NotYet { why: "Slack is not sent more than it takes".to_owned(), after })
    }

    /// A call beyond those that were admitted.
    pub fn count(&self, method: &'static str, channel: &str) {
        self.pace.count(&Limit::of(method, channel), Instant::now());
    }

    pub async fn post<Q: Serialize + Send + Sync, A: DeserializeOwned + Send>(
        &self,
        method: &'static str,
        channel: &str,
        request: &Q,
    ) -> Result<ClientResult<A>, NotifyError> {
        tracing::debug!(method, channel, "calling Slack");
        let token = self.session_token();
        let session = self.client.open_session(&token);
        let call = session.http_session_api.http_post(method, request, None);
        let answer = self.in_time(method, call).await?;
        self.heed(method, channel, answer)
    }

    pub async fn get<A: DeserializeOwned + Send>(
        &self,
        method: &'static str,
        channel: &str,
        parameters: &[(&'static str, String)],
    ) -> Result<ClientResult<A>, NotifyError> {
        let token = self.session_token();
        let session = self.client.open_session(&token);
        let parameters: Vec<(&str, Option<&str>)> =
            parameters.iter().map(|(name, value)| (*name, Some(value.as_str()))).collect();
        let call = session.http_session_api.http_get(method, &parameters, None);
        let answer = self.in_time(method, call).await?;
        self.heed(method, channel, answer)
    }

    /// Sends the content of a file to the address that Slack gave for it.
    pub async fn upload(&self, address: &Url, content: Vec<u8>) -> Result<(), NotifyError> {
        let transient = |message: String| NotifyError::Transient { message, after: None };
        let sent = self.uploads.post(address.clone()).body(content).timeout(self.call_timeout * 2).send().await;
        // The address is a secret of its own: whoever has it may upload.
        let answer = sent.map_err(|error| {
            transient(format!("a file could not be sent to Slack: {}", crate::notify::causes(&error.without_url())))
        })?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(transient(format!("Slack answered the upload of a file with HTTP {status}"))),
        }
    }

    /// "Too many" is nothing that went wrong with this message: it comes again when Slack said, and others of its kind too.
    fn heed<A>(
        &self,
        method: &'static str,
        channel: &str,
        answer: ClientResult<A>,
    ) -> Result<ClientResult<A>, NotifyError> {
        let Err(SlackClientError::RateLimitError(limit)) = &answer else {
            return Ok(answer);
        };
        let after = limit.retry_after.unwrap_or(Duration::from_secs(1));
        self.pace.close(&Limit::of(method, channel), after, Instant::now());
        tracing::warn!(method, channel, ?after, "Slack takes no more for the moment: is slack.pace set too high?");
        Err(NotifyError::NotYet { why: format!("Slack takes no more {method} for the moment"), after })
    }

    async fn in_time<A>(&self, method: &str, call: impl Future<Output = A>) -> Result<A, NotifyError> {
        tokio::time::timeout(self.call_timeout, call).await.map_err(|_| NotifyError::Transient {
            message: format!("Slack did not answer {method} within {} s", self.call_timeout.as_secs()),
            after: None,
        })
    }

    fn session_token(&self) -> SlackApiToken {
        SlackApiToken::new(self.token.expose_secret().to_owned().into())
    }
}

/// What a refusal of `method` about `channel` means.
pub(super) fn refused(method: &'static str, channel: &str) -> impl Fn(SlackClientError) -> NotifyError {
    move |error| errors::classify(method, channel, &error)
}
