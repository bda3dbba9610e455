//! Tokens with which trials report: each is good for one attempt of one trial, and for a limited time.

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};

use crate::domain::ids::AttemptId;

const ISSUER: &str = "tunebot";
const AUDIENCE: &str = "tunebot-trial-report";

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It was not made by this server, or not for this purpose, or it is damaged.
    #[error("The token is not one that this server has given to a trial. Send TUNEBOT_TOKEN unchanged.")]
    Invalid,
    #[error("The token has expired: the trial has run for longer than its time-out allows.")]
    Expired,
}

/// Makes and checks the tokens of trials. HS256 is the only algorithm, whatever a token's header says.
#[derive(Clone)]
pub struct TrialTokens {
    key: SecretSlice<u8>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// The attempt in its text form.
    sub: String,
    /// Seconds since 1970.
    iat: i64,
    exp: i64,
}

impl TrialTokens {
    /// `key`: at least 32 random bytes that are the same after a restart.
    pub fn new(key: &[u8]) -> Self {
        Self { key: key.to_vec().into() }
    }

    /// A token for `attempt`, good from `now` for `lifetime`.
    ///
    /// # Errors
    /// [`TokenError::Invalid`] when it cannot be signed, which is a fault of the key.
    pub fn issue(
        &self,
        attempt: &AttemptId,
        now: Timestamp,
        lifetime: SignedDuration,
    ) -> Result<SecretString, TokenError> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: attempt.to_string(),
            iat: now.as_second(),
            exp: now.as_second().saturating_add(lifetime.as_secs()),
        };
        let key = EncodingKey::from_secret(self.key.expose_secret());
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key);
        token.map(SecretString::from).map_err(|_| TokenError::Invalid)
    }

    /// The attempt that `token` is good for at `now`.
    ///
    /// # Errors
    /// [`TokenError`]
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<AttemptId, TokenError> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        // The library would read the system's clock; the expiry is held against `now` below.
        validation.validate_exp = false;
        let key = DecodingKey::from_secret(self.key.expose_secret());
        let token = jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(|_| TokenError::Invalid)?;
        if token.claims.exp <= now.as_second() {
            return Err(TokenError::Expired);
        }
        token.claims.sub.parse().map_err(|_| TokenError::Invalid)
    }
}

#[cfg(test)]
mod tests;
