//! Keys to charts: with one, a chart is shown to whoever has its address, as GitHub's image proxy must have it. A key is
//! good for one picture of one sweep and for nothing else, and tells nothing of the others.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::hex;
use super::ids::SweepId;

/// Keeps these keys apart from whatever else is made with the same secret.
const PURPOSE: &[u8] = b"tunebot chart\n";

/// What keys to charts are made with.
#[derive(Clone, PartialEq, Eq)]
pub struct ChartKeys([u8; 32]);

impl ChartKeys {
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(*secret)
    }

    /// The key to a picture: `history.png` of a sweep.
    pub fn key(&self, sweep: &SweepId, file: &str) -> String {
        self.mac(sweep, file).map(|mac| hex::encode(&mac.finalize().into_bytes())).unwrap_or_default()
    }

    /// Is `key` the one to this picture? Takes as long whatever it is.
    pub fn opens(&self, sweep: &SweepId, file: &str, key: &str) -> bool {
        let Some(given) = hex::decode(key) else { return false };
        self.mac(sweep, file).is_some_and(|mac| mac.verify_slice(&given).is_ok())
    }

    fn mac(&self, sweep: &SweepId, file: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        for part in [PURPOSE, sweep.as_str().as_bytes(), b"\n", file.as_bytes()] {
            mac.update(part);
        }
        Some(mac)
    }
}

impl fmt::Debug for ChartKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChartKeys")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_one_picture_of_one_sweep() {
        let keys = ChartKeys::new(&[7; 32]);
        let (sweep, other): (SweepId, SweepId) = ("resnet-k3f9q2".parse().unwrap(), "resnet-aaaaaa".parse().unwrap());
        let key = keys.key(&sweep, "history.png");
        assert_eq!(key.len(), 64);
        assert!(keys.opens(&sweep, "history.png", &key));
        assert!(!keys.opens(&sweep, "importance.png", &key) && !keys.opens(&other, "history.png", &key));
        assert!(!ChartKeys::new(&[8; 32]).opens(&sweep, "history.png", &key));
        for wrong in ["", "00", &key[..62], "zz", &"é".repeat(32)] {
            assert!(!keys.opens(&sweep, "history.png", wrong), "{wrong:?}");
        }
    }
}
