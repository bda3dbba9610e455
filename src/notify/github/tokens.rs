//! Who we are to GitHub: the App's own signature, the tokens of its installations, or a token from the configuration.
//!
//! An installation's token lasts an hour. It is renewed while there are still minutes left, by one call at a time, and
//! never used past its end.

use std::collections::HashMap;
use std::sync::Arc;

use http::Method;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::errors::{self, GithubError};
use super::transport::{Request, Transport, read};

/// A token is renewed when it lasts no longer than this.
const RENEW: SignedDuration = SignedDuration::from_mins(10);
/// If that does not succeed, it is used as long as it lasts this long: a call takes a while.
const LAST: SignedDuration = SignedDuration::from_mins(1);
/// GitHub's clock may be behind ours.
const BACKDATED: SignedDuration = SignedDuration::from_mins(1);
/// GitHub takes at most ten minutes.
const SIGNATURE_LASTS: SignedDuration = SignedDuration::from_mins(9);

/// The App: what it signs with, and the tokens that it has.
pub struct App {
    pub id: u64,
    key: EncodingKey,
    /// By installation; each behind a lock of its own, under which it is renewed.
    tokens: Mutex<HashMap<u64, Arc<Mutex<Option<Token>>>>>,
}

#[derive(Clone)]
struct Token {
    text: SecretString,
    expires_at: Timestamp,
}

#[derive(Serialize)]
struct Claims {
    iat: i64,
    exp: i64,
    iss: String,
}

#[derive(Deserialize)]
struct Created {
    token: String,
    expires_at: Timestamp,
}

impl App {
    /// # Errors
    /// It is no RSA key in PEM form.
    pub fn new(id: u64, private_key: &SecretString) -> Result<Self, jsonwebtoken::errors::Error> {
        let key = EncodingKey::from_rsa_pem(private_key.expose_secret().as_bytes())?;
        Ok(Self { id, key, tokens: Mutex::default() })
    }

    /// Speaks for the App itself.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn sign(&self, what: &str, now: Timestamp) -> Result<SecretString, GithubError> {
        let at = |offset: SignedDuration| now.checked_add(offset).unwrap_or(now).as_second();
        let claims = Claims { iat: at(-BACKDATED), exp: at(SIGNATURE_LASTS), iss: self.id.to_string() };
        let signed = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key);
        signed.map(SecretString::from).map_err(|_| errors::cannot_sign(what))
    }

    /// A token for the installation that lasts for a call at least.
    ///
    /// # Errors
    /// GitHub gives none.
    pub async fn token(&self, transport: &Transport, installation: u64) -> Result<SecretString, GithubError> {
        let place = Arc::clone(self.tokens.lock().await.entry(installation).or_default());
        let mut known = place.lock().await;
        let lasts = |token: &Token, longer: SignedDuration| Timestamp::now().duration_until(token.expires_at) > longer;
        if let Some(token) = known.as_ref().filter(|token| lasts(token, RENEW)) {
            return Ok(token.text.clone());
        }
        match self.create(transport, installation).await {
            Ok(token) => {
                let text = token.text.clone();
                *known = Some(token);
                Ok(text)
            }
            Err(error) => match known.as_ref().filter(|token| lasts(token, LAST)) {
                Some(token) => {
                    tracing::warn!(%error, "a token of GitHub is not renewed yet; the one there is lasts a while");
                    Ok(token.text.clone())
                }
                None => Err(error),
            },
        }
    }

    /// GitHub does not take the installation's token any longer: the next call gets another.
    pub async fn drop_token(&self, installation: u64) {
        self.tokens.lock().await.remove(&installation);
    }

    async fn create(&self, transport: &Transport, installation: u64) -> Result<Token, GithubError> {
        let what = "act as the App";
        let now = Timestamp::now();
        let route = format!("/app/installations/{installation}/access_tokens");
        let token = &self.sign(what, now)?;
        let request = Request { what, method: Method::POST, route: &route, token, body: None, etag: None };
        let answer = transport.send(&request).await?.accepted(what, now)?;
        let created: Created = read(what, &answer.body)?;
        Ok(Token { text: created.token.into(), expires_at: created.expires_at })
    }
}
