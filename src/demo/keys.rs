//! The secrets of one demonstration, made up at its start and kept in memory only.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::prelude::{BASE64_STANDARD, Engine};

use crate::domain::hex;

pub(super) struct Keys {
    pub webhook_secret: String,
    pub signing_secret: String,
    bot_token: String,
    private_key: String,
}

impl Keys {
    pub(super) fn generate() -> Result<Self> {
        Ok(Self {
            webhook_secret: random_text()?,
            signing_secret: random_text()?,
            bot_token: format!("xoxb-{}", random_text()?),
            private_key: private_key().context("no key can be made for the stand-in of GitHub")?,
        })
    }

    /// The variables that the demonstration's configuration refers to.
    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        [
            ("TUNEBOT_DEMO_WEBHOOK_SECRET", &self.webhook_secret),
            ("TUNEBOT_DEMO_SIGNING_SECRET", &self.signing_secret),
            ("TUNEBOT_DEMO_BOT_TOKEN", &self.bot_token),
            ("TUNEBOT_DEMO_PRIVATE_KEY", &self.private_key),
        ]
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .into()
    }
}

fn random_text() -> Result<String> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| anyhow::anyhow!("the system gives no random numbers"))?;
    Ok(hex::encode(&bytes))
}

/// An RSA key in PEM, as an App of GitHub has one.
fn private_key() -> Result<String> {
    let pair = KeyPair::generate(KeySize::Rsa2048)?;
    let der: Pkcs8V1Der<'_> = pair.as_der()?;
    let encoded = BASE64_STANDARD.encode(der.as_ref());
    let lines: Vec<&str> = (0..encoded.len()).step_by(64).map(|at| &encoded[at..encoded.len().min(at + 64)]).collect();
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")))
}
